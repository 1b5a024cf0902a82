/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-background.h"

#include "rud-flatpak.h"
#include "rud-session-bus.h"

#include <glib/gi18n.h>

/* Desktops end a Flatpak that has no window after a while, unless the user lets it run in the
 * background. So that is asked for by the portal, which asks the user if need be. Nothing waits for
 * the answer; it is told in the log when it is no.
 */

#define OPEN_DEADLINE_MS 3000
#define CALL_DEADLINE_MS 10000

/* Seconds that a person may take to answer. */
#define ANSWER_DEADLINE 300

#define PORTAL_NAME "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_INTERFACE "org.freedesktop.portal.Background"
#define REQUEST_INTERFACE "org.freedesktop.portal.Request"

#define TOKEN "runtimeuse"

struct _RudBackground
{
  GObject          parent_instance;

  GCancellable    *cancellable;
  GDBusConnection *connection;   /* (nullable) */
  char            *application;
  char            *request;      /* (nullable): path of the object that answers */
  guint            response_id;
  guint            deadline;
};

G_DEFINE_FINAL_TYPE (RudBackground, rud_background, G_TYPE_OBJECT)

static void
background_rest (RudBackground *self)
{
  g_autoptr(GDBusConnection) connection = g_steal_pointer (&self->connection);

  g_clear_handle_id (&self->deadline, g_source_remove);
  if (connection == NULL)
    return;

  g_signal_handlers_disconnect_by_data (connection, self);
  if (self->response_id != 0)
    g_dbus_connection_signal_unsubscribe (connection, self->response_id);
  self->response_id = 0;
  g_dbus_connection_close (connection, NULL, NULL, NULL);
}

static void
background_fail (RudBackground *self,
                 const GError  *error)
{
  g_autoptr(GError) shown = g_error_copy (error);

  g_dbus_error_strip_remote_error (shown);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_info ("Cannot ask to run in the background: %s", shown->message);
  background_rest (self);
}

static void
response_cb (GDBusConnection *connection,
             const char      *sender,
             const char      *path,
             const char      *interface,
             const char      *signal,
             GVariant        *parameters,
             gpointer         user_data)
{
  RudBackground *self = user_data;
  g_autoptr(GVariant) results = NULL;
  gboolean allowed = FALSE;
  guint32 response;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ua{sv})")))
    return;

  g_variant_get (parameters, "(u@a{sv})", &response, &results);
  g_variant_lookup (results, "background", "b", &allowed);
  if (response == 0 && allowed)
    g_debug ("This program may run in the background");
  else
    g_message ("This program may not run in the background, and the desktop may end it. To let it: "
               "flatpak permission-set background background %s yes", self->application);
  background_rest (self);
}

static void
background_subscribe (RudBackground *self,
                      const char    *request)
{
  if (self->response_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->response_id);
  g_free (self->request);
  self->request = g_strdup (request);
  self->response_id =
    g_dbus_connection_signal_subscribe (self->connection, PORTAL_NAME, REQUEST_INTERFACE,
                                        "Response", request, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                        response_cb, self, NULL);
}

static gboolean
deadline_cb (gpointer user_data)
{
  RudBackground *self = user_data;

  self->deadline = 0;
  g_dbus_connection_call (self->connection, PORTAL_NAME, self->request, REQUEST_INTERFACE, "Close",
                          NULL, NULL, G_DBUS_CALL_FLAGS_NONE, CALL_DEADLINE_MS, NULL, NULL, NULL);
  background_rest (self);

  return G_SOURCE_REMOVE;
}

static void
requested_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RudBackground) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = NULL;
  const char *request;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  if (self->connection == NULL)
    return;
  if (reply == NULL)
    {
      background_fail (self, error);
      return;
    }

  /* Old portals choose another one. */
  g_variant_get (reply, "(&o)", &request);
  if (!g_str_equal (request, self->request))
    background_subscribe (self, request);
  self->deadline = g_timeout_add_seconds (ANSWER_DEADLINE, deadline_cb, self);
}

static GVariant *
make_request (void)
{
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "handle_token", g_variant_new_string (TOKEN));
  g_variant_builder_add (&options, "{sv}", "autostart", g_variant_new_boolean (FALSE));
  g_variant_builder_add (&options, "{sv}", "reason",
                         g_variant_new_string (_("Runs agents and commands for programs on this "
                                                 "computer")));

  return g_variant_new ("(s@a{sv})", "", g_variant_builder_end (&options));
}

/* Where the portal answers, as it is agreed: the answer may come before the path of it does. */
static char *
make_request_path (GDBusConnection *connection)
{
  g_autofree char *sender = g_strdup (g_dbus_connection_get_unique_name (connection) + 1);

  return g_strdup_printf ("%s/request/%s/%s", PORTAL_PATH, g_strdelimit (sender, ".", '_'), TOKEN);
}

static void
closed_cb (GDBusConnection *connection,
           gboolean         remote_peer_vanished,
           GError          *error,
           RudBackground   *self)
{
  background_rest (self);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RudBackground) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *request = NULL;

  self->connection = rud_session_bus_open_finish (result, &error);
  if (self->connection == NULL)
    {
      background_fail (self, error);
      return;
    }

  g_signal_connect (self->connection, "closed", G_CALLBACK (closed_cb), self);
  request = make_request_path (self->connection);
  background_subscribe (self, request);
  g_dbus_connection_call (self->connection, PORTAL_NAME, PORTAL_PATH, PORTAL_INTERFACE,
                          "RequestBackground", make_request (), G_VARIANT_TYPE ("(o)"),
                          G_DBUS_CALL_FLAGS_NONE, CALL_DEADLINE_MS, self->cancellable,
                          requested_cb, g_object_ref (self));
}

static void
rud_background_dispose (GObject *object)
{
  rud_background_stop (RUD_BACKGROUND (object));

  G_OBJECT_CLASS (rud_background_parent_class)->dispose (object);
}

static void
rud_background_finalize (GObject *object)
{
  RudBackground *self = RUD_BACKGROUND (object);

  g_object_unref (self->cancellable);
  g_free (self->application);
  g_free (self->request);

  G_OBJECT_CLASS (rud_background_parent_class)->finalize (object);
}

static void
rud_background_class_init (RudBackgroundClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rud_background_dispose;
  object_class->finalize = rud_background_finalize;
}

static void
rud_background_init (RudBackground *self)
{
  self->cancellable = g_cancellable_new ();
}

RudBackground *
rud_background_new (void)
{
  return g_object_new (RUD_TYPE_BACKGROUND, NULL);
}

/* Asks once; does nothing outside of a Flatpak, and where there is no desktop. */
void
rud_background_request (RudBackground *self,
                        const char    *flatpak_info)
{
  g_autofree char *address = NULL;

  if (self->application != NULL || !rud_flatpak_is_inside (flatpak_info))
    return;

  address = rud_session_bus_find_address ();
  if (address == NULL)
    return;

  self->application = rud_flatpak_dup_application (flatpak_info);
  rud_session_bus_open_async (address, OPEN_DEADLINE_MS, self->cancellable, opened_cb,
                              g_object_ref (self));
}

/* Whatever the answer would be. */
void
rud_background_stop (RudBackground *self)
{
  g_cancellable_cancel (self->cancellable);
  background_rest (self);
}
