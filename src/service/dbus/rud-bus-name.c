/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-bus-name.h"

#include <glib/gi18n.h>

/* The name that others find us by.
 *
 * We stay in the queue when somebody else has it, so that it is ours once they
 * are gone.
 */

#define BUS "org.freedesktop.DBus"
#define BUS_OBJECT "/org/freedesktop/DBus"

/* Replies of RequestName. */
#define REPLY_PRIMARY_OWNER 1
#define REPLY_ALREADY_OWNER 4

#define TIMEOUT_MS 3000

typedef struct
{
  char *owner;    /* unique name */
  char *holder;   /* (nullable): who has the name, for people; the name is ours */
} Request;

static void
request_free (Request *request)
{
  g_free (request->owner);
  g_free (request->holder);
  g_free (request);
}

static void
call_bus (GDBusConnection     *connection,
          const char          *method,
          GVariant            *parameters,
          const char          *reply_type,
          int                  timeout,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  g_dbus_connection_call (connection, BUS, BUS_OBJECT, BUS, method, parameters,
                          G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE, timeout,
                          cancellable, callback, user_data);
}

static char *
describe_holder (const char *owner,
                 guint       pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/comm", pid);
  g_autofree char *program = NULL;

  /* The process may be in another PID namespace, or of another user. */
  if (!g_file_get_contents (path, &program, NULL, NULL))
    return g_strdup_printf (_("%s (process %u)"), owner, pid);

  g_strchomp (program);

  return g_strdup_printf (_("%s (process %u, %s)"), owner, pid, program);
}

static void
pid_cb (GObject      *object,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Request *request = g_task_get_task_data (task);
  g_autoptr(GVariant) reply = NULL;
  guint32 pid;

  /* That somebody has it is known, and who it is may not be told. */
  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, NULL);
  if (reply == NULL)
    {
      request->holder = g_strdup (request->owner);
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_variant_get (reply, "(u)", &pid);
  request->holder = describe_holder (request->owner, pid);
  g_task_return_boolean (task, TRUE);
}

static void
owner_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  GDBusConnection *connection = G_DBUS_CONNECTION (object);
  g_autoptr(GTask) task = user_data;
  Request *request = g_task_get_task_data (task);
  g_autoptr(GVariant) reply = NULL;

  reply = g_dbus_connection_call_finish (connection, result, NULL);
  if (reply == NULL)
    {
      /* It was ours by then, or nobody's. */
      request->holder = g_strdup (_("somebody who is gone"));
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_variant_get (reply, "(s)", &request->owner);
  call_bus (connection, "GetConnectionUnixProcessID", g_variant_new ("(s)", request->owner), "(u)",
            TIMEOUT_MS, g_task_get_cancellable (task), pid_cb, g_object_ref (task));
}

static void
requested_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  GDBusConnection *connection = G_DBUS_CONNECTION (object);
  g_autoptr(GTask) task = user_data;
  g_autoptr(GVariant) reply = NULL;
  GError *error = NULL;
  guint32 code;

  reply = g_dbus_connection_call_finish (connection, result, &error);
  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_variant_get (reply, "(u)", &code);
  if (code == REPLY_PRIMARY_OWNER || code == REPLY_ALREADY_OWNER)
    g_task_return_boolean (task, TRUE);
  else
    call_bus (connection, "GetNameOwner", g_variant_new ("(s)", BUS_NAME), "(s)", TIMEOUT_MS,
              g_task_get_cancellable (task), owner_cb, g_object_ref (task));
}

void
rud_bus_name_request_async (GDBusConnection     *connection,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (connection, cancellable, callback, user_data);

  g_task_set_source_tag (task, rud_bus_name_request_async);
  g_task_set_task_data (task, g_new0 (Request, 1), (GDestroyNotify) request_free);
  call_bus (connection, "RequestName", g_variant_new ("(su)", BUS_NAME, 0), "(u)", TIMEOUT_MS,
            cancellable, requested_cb, g_steal_pointer (&task));
}

/* @holder is set to NULL if the name is ours, otherwise to who has it, in words
 * for people; then we are told when it becomes ours.
 */
gboolean
rud_bus_name_request_finish (GDBusConnection  *connection,
                             GAsyncResult     *result,
                             char            **holder,
                             GError          **error)
{
  Request *request = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  *holder = g_steal_pointer (&request->holder);

  return TRUE;
}

static void
released_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GVariant) reply = NULL;

  /* A bus that is gone has taken the name with it. */
  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, NULL);
  g_task_return_boolean (task, TRUE);
}

/* Gives the name back, or leaves the queue. */
void
rud_bus_name_release_async (GDBusConnection     *connection,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (connection, NULL, callback, user_data);

  g_task_set_source_tag (task, rud_bus_name_release_async);
  call_bus (connection, "ReleaseName", g_variant_new ("(s)", BUS_NAME), "(u)", TIMEOUT_MS,
            cancellable, released_cb, g_steal_pointer (&task));
}

void
rud_bus_name_release_finish (GDBusConnection *connection,
                             GAsyncResult    *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
