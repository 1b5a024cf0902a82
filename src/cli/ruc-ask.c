/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-ask.h"

#include "ruc-options.h"
#include "ruc-text.h"

#include <glib/gi18n.h>

/* Seconds. */
#define DEFAULT_TIMEOUT 5
#define MAX_TIMEOUT 3600

/* So many ids are named in an error; "runtimeuse sessions" names all. */
#define MAX_NAMED 10

typedef struct
{
  GMainLoop  *loop;
  GVariant   *reply;
  GError     *error;
} Wait;

gboolean
ruc_ask_read_timeout (const char *command,
                      const char *text,
                      guint      *seconds)
{
  guint64 number = DEFAULT_TIMEOUT;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 1, MAX_TIMEOUT, &number, NULL))
    {
      ruc_options_fail (command,
                        _("--timeout must be a number of seconds from 1 to %d, not \"%s\""),
                        MAX_TIMEOUT, text);
      return FALSE;
    }

  *seconds = (guint) number;

  return TRUE;
}

static void
say_absent (void)
{
  g_printerr (_("Error: no runtimeuse service is on the session bus. Start one with "
                "\"runtimeuse serve\", or with \"systemctl --user start runtimeuse\" where its "
                "units are installed\n"));
}

int
ruc_ask_say_failed (RucService *service)
{
  const GError *error = ruc_service_get_error (service);

  g_printerr (_("Error: %s\n"), error->message);

  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? RUC_EXIT_TIMED_OUT
                                                                   : RUC_EXIT_CONNECTION;
}

static void
service_cb (RucService      *service,
            RucServiceEvent  event,
            RucSession      *session,
            guint            changed,
            gpointer         user_data)
{
  g_main_loop_quit (user_data);
}

RucService *
ruc_ask_service (guint  seconds,
                 int   *exit_status)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(RucService) service = ruc_service_new (seconds, service_cb, loop);

  if (ruc_service_start (service))
    g_main_loop_run (loop);
  ruc_service_set_func (service, NULL, NULL);

  if (ruc_service_get_error (service) != NULL)
    *exit_status = ruc_ask_say_failed (service);
  else if (!ruc_service_is_present (service))
    {
      say_absent ();
      *exit_status = RUC_EXIT_CONNECTION;
    }
  else
    return g_steal_pointer (&service);

  return NULL;
}

static char *
list_ids (GPtrArray *sessions)
{
  g_autoptr(GString) list = g_string_new (NULL);

  for (guint i = 0; i < MIN (sessions->len, MAX_NAMED); i++)
    {
      g_autofree char *id = ruc_session_show_id (g_ptr_array_index (sessions, i));

      g_string_append_printf (list, "\n  %s", id);
    }

  if (sessions->len > MAX_NAMED)
    {
      g_string_append (list, "\n  ");
      g_string_append_printf (list, _("and %u more"), sessions->len - MAX_NAMED);
    }

  return g_string_free (g_steal_pointer (&list), FALSE);
}

static RucSession *
fail_to_find (const char *word,
              GPtrArray  *sessions,
              GPtrArray  *found)
{
  g_autofree char *shown = ruc_text_show_name (word);
  g_autofree char *ids = list_ids (found->len > 0 ? found : sessions);

  if (found->len > 0)
    g_printerr (_("Error: \"%s\" is the beginning of several ids:%s\n"), shown, ids);
  else if (sessions->len > 0)
    g_printerr (_("Error: there is no session \"%s\"; there are:%s\n"), shown, ids);
  else
    g_printerr (_("Error: there is no session \"%s\", nor any other\n"), shown);

  return NULL;
}

RucSession *
ruc_ask_session (RucService *service,
                 const char *word,
                 int        *exit_status)
{
  GPtrArray *sessions = ruc_service_get_sessions (service);
  g_autoptr(GPtrArray) found = g_ptr_array_new ();

  for (guint i = 0; i < sessions->len; i++)
    {
      RucSession *session = g_ptr_array_index (sessions, i);
      const char *id = ruc_session_get_id (session);

      if (g_str_equal (id, word))
        return session;
      if (word[0] != '\0' && g_str_has_prefix (id, word))
        g_ptr_array_add (found, session);
    }

  if (found->len == 1)
    return g_ptr_array_index (found, 0);

  *exit_status = RUC_EXIT_FAILED;

  return fail_to_find (word, sessions, found);
}

static void
called_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Wait *wait = user_data;

  wait->reply = ruc_service_call_finish (RUC_SERVICE (object), result, &wait->error);
  g_main_loop_quit (wait->loop);
}

/* Between its being listed and its being asked a session may end, and so may a service. */
static int
say_call_failed (RucSession *session,
                 GError     *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autofree char *text = NULL;

  if (session != NULL && (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
                          g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD)))
    {
      g_autofree char *id = ruc_session_show_id (session);

      g_printerr (_("Error: session %s has just ended\n"), id);
      return RUC_EXIT_FAILED;
    }

  g_dbus_error_strip_remote_error (error);
  text = ruc_text_show (error->message);
  g_printerr (_("Error: the service did not do it: %s\n"), text);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return RUC_EXIT_TIMED_OUT;
  if (name == NULL || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    return RUC_EXIT_CONNECTION;

  return RUC_EXIT_FAILED;
}

GVariant *
ruc_ask_call (RucService *service,
              RucSession *session,
              const char *method,
              const char *type,
              int        *exit_status)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GError) error = NULL;
  Wait wait = { loop, NULL, NULL };

  ruc_service_call_async (service, session != NULL ? session->path : BUS_PATH,
                          session != NULL ? RUC_SERVICE_SESSION : RUC_SERVICE_MANAGER,
                          method, G_VARIANT_TYPE (type), called_cb, &wait);
  g_main_loop_run (loop);

  error = wait.error;
  if (wait.reply == NULL)
    *exit_status = say_call_failed (session, error);

  return wait.reply;
}
