/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-service.h"

#include "ruc-text.h"
#include "rud-session-bus.h"

#include <glib/gi18n.h>
#include <string.h>

/* GDBusObjectManagerClient would do the same, but waits for the sessions on the main context, for
 * as long as a service likes.
 */
struct _RucService
{
  GObject          parent_instance;

  guint            seconds;
  RucServiceFunc   func;
  gpointer         user_data;

  GDBusConnection *connection;        /* (nullable): not connected yet */
  GCancellable    *cancellable;       /* of what is waited for */
  guint            deadline_id;
  gulong           closed_id;
  guint            watch_id;
  guint            subscriptions[2];
  char            *owner;             /* (nullable): of the name */
  gboolean         present;           /* the sessions of the owner are known */
  GPtrArray       *sessions;          /* in the order in which they began */
  GHashTable      *by_path;           /* the same */
  GError          *error;             /* (nullable): nothing is followed any more */
};

G_DEFINE_FINAL_TYPE (RucService, ruc_service, G_TYPE_OBJECT)

static void
tell (RucService      *self,
      RucServiceEvent  event,
      RucSession      *session,
      guint            changed)
{
  if (self->func != NULL)
    self->func (self, event, session, changed, self->user_data);
}

/* Texts of errors come from the other side as well. */
static void
fail (RucService   *self,
      const GError *error,
      const char   *what)
{
  g_autoptr(GError) copy = g_error_copy (error);
  g_autofree char *text = NULL;

  if (self->error != NULL)
    return;

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_dbus_error_strip_remote_error (copy);
  text = ruc_text_show (copy->message);
  self->error = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "%s: %s", what, text);
  tell (self, RUC_SERVICE_FAILED, NULL, 0);
}

static gboolean
deadline_cb (gpointer user_data)
{
  RucService *self = user_data;

  self->deadline_id = 0;
  if (self->error != NULL)
    return G_SOURCE_REMOVE;

  g_cancellable_cancel (self->cancellable);
  if (self->owner == NULL)
    self->error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               _("the session bus did not answer in time (%u s)"),
                               self->seconds);
  else
    self->error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               _("the service (%s on the session bus) did not answer in time "
                                 "(%u s)"), self->owner, self->seconds);
  tell (self, RUC_SERVICE_FAILED, NULL, 0);

  return G_SOURCE_REMOVE;
}

static void
begin_wait (RucService *self)
{
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  self->deadline_id = g_timeout_add_seconds (self->seconds, deadline_cb, self);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
}

static int
compare_ages (gconstpointer a,
              gconstpointer b)
{
  const RucSession *one = *(RucSession * const *) a;
  const RucSession *other = *(RucSession * const *) b;
  guint64 one_at = ruc_session_get_number (one, RUC_SESSION_CONNECTED_AT);
  guint64 other_at = ruc_session_get_number (other, RUC_SESSION_CONNECTED_AT);

  if (one_at != other_at)
    return one_at < other_at ? -1 : 1;

  return strcmp (one->path, other->path);
}

/* @interfaces is of type a{sa{sv}}; other objects than sessions are not ours to show. */
static RucSession *
make_session (RucService *self,
              const char *path,
              GVariant   *interfaces)
{
  g_autoptr(GVariant) properties =
    g_variant_lookup_value (interfaces, RUC_SERVICE_SESSION, G_VARIANT_TYPE_VARDICT);
  RucSession *session;

  if (properties == NULL || g_hash_table_contains (self->by_path, path))
    return NULL;

  session = ruc_session_new (path);
  ruc_session_update (session, properties);
  g_ptr_array_add (self->sessions, session);
  g_hash_table_insert (self->by_path, session->path, session);

  return session;
}

static void
add_session (RucService *self,
             GVariant   *parameters)
{
  g_autoptr(GVariant) interfaces = NULL;
  RucSession *session;
  const char *path;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    return;

  g_variant_get (parameters, "(&o@a{sa{sv}})", &path, &interfaces);
  session = make_session (self, path, interfaces);
  if (session != NULL)
    tell (self, RUC_SERVICE_ADDED, session, 0);
}

static void
take_out (RucService *self,
          guint       index)
{
  g_autoptr(RucSession) session = g_ptr_array_steal_index (self->sessions, index);

  g_hash_table_remove (self->by_path, session->path);
  session->gone = TRUE;
  tell (self, RUC_SERVICE_REMOVED, session, 0);
}

static void
remove_session (RucService *self,
                GVariant   *parameters)
{
  g_autofree const char **interfaces = NULL;
  const char *path;
  RucSession *session;
  guint index;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    return;

  g_variant_get (parameters, "(&o^a&s)", &path, &interfaces);
  session = g_hash_table_lookup (self->by_path, path);
  if (session == NULL || !g_strv_contains (interfaces, RUC_SERVICE_SESSION))
    return;

  g_ptr_array_find (self->sessions, session, &index);
  take_out (self, index);
}

static void
objects_changed_cb (GDBusConnection *connection,
                    const char      *sender,
                    const char      *path,
                    const char      *interface,
                    const char      *signal,
                    GVariant        *parameters,
                    gpointer         user_data)
{
  RucService *self = user_data;

  if (!self->present || self->error != NULL)
    return;

  if (g_str_equal (signal, "InterfacesAdded"))
    add_session (self, parameters);
  else if (g_str_equal (signal, "InterfacesRemoved"))
    remove_session (self, parameters);
}

static void
properties_changed_cb (GDBusConnection *connection,
                       const char      *sender,
                       const char      *path,
                       const char      *interface,
                       const char      *signal,
                       GVariant        *parameters,
                       gpointer         user_data)
{
  RucService *self = user_data;
  g_autoptr(GVariant) properties = NULL;
  RucSession *session = g_hash_table_lookup (self->by_path, path);
  guint changed;

  if (!self->present || self->error != NULL || session == NULL ||
      !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;

  g_variant_get (parameters, "(&s@a{sv}as)", NULL, &properties, NULL);
  changed = ruc_session_update (session, properties);
  if (changed != 0)
    tell (self, RUC_SERVICE_CHANGED, session, changed);
}

static void
load_sessions (RucService *self,
               GVariant   *reply)
{
  g_autoptr(GVariantIter) objects = NULL;
  GVariant *interfaces;
  const char *path;

  g_variant_get (reply, "(a{oa{sa{sv}}})", &objects);
  while (g_variant_iter_next (objects, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      make_session (self, path, interfaces);
      g_variant_unref (interfaces);
    }

  g_ptr_array_sort (self->sessions, compare_ages);
}

static void
loaded_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RucService) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  /* Another one has the name by now, or nobody; that is told as well. */
  if (self->error != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    return;

  if (reply == NULL)
    {
      fail (self, error, _("the service does not tell its sessions"));
      return;
    }

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  load_sessions (self, reply);
  self->present = TRUE;
  tell (self, RUC_SERVICE_PRESENT, NULL, 0);
}

static void
unsubscribe (RucService *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
    {
      if (self->subscriptions[i] != 0)
        g_dbus_connection_signal_unsubscribe (self->connection, self->subscriptions[i]);
      self->subscriptions[i] = 0;
    }
}

/* Signals of the owner only, whoever else sends some. */
static void
subscribe (RucService *self)
{
  self->subscriptions[0] =
    g_dbus_connection_signal_subscribe (self->connection, self->owner,
                                        "org.freedesktop.DBus.ObjectManager", NULL, BUS_PATH, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, objects_changed_cb, self, NULL);
  self->subscriptions[1] =
    g_dbus_connection_signal_subscribe (self->connection, self->owner,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        NULL, RUC_SERVICE_SESSION, G_DBUS_SIGNAL_FLAGS_NONE,
                                        properties_changed_cb, self, NULL);
}

static void
forget (RucService *self)
{
  unsubscribe (self);
  g_clear_pointer (&self->owner, g_free);
  self->present = FALSE;
  while (self->sessions->len > 0)
    take_out (self, self->sessions->len - 1);
}

static void
name_appeared_cb (GDBusConnection *connection,
                  const char      *name,
                  const char      *owner,
                  gpointer         user_data)
{
  RucService *self = user_data;

  if (self->error != NULL)
    return;

  forget (self);
  self->owner = g_strdup (owner);
  begin_wait (self);
  subscribe (self);
  g_dbus_connection_call (connection, owner, BUS_PATH, "org.freedesktop.DBus.ObjectManager",
                          "GetManagedObjects", NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, self->cancellable, loaded_cb,
                          g_object_ref (self));
}

static void
name_vanished_cb (GDBusConnection *connection,
                  const char      *name,
                  gpointer         user_data)
{
  RucService *self = user_data;

  /* Without a connection that is said elsewhere. */
  if (self->error != NULL || connection == NULL || g_dbus_connection_is_closed (connection))
    return;

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  forget (self);
  tell (self, RUC_SERVICE_ABSENT, NULL, 0);
}

static void
closed_cb (GDBusConnection *connection,
           gboolean         remote_peer_vanished,
           GError          *error,
           RucService      *self)
{
  g_autoptr(GError) reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                                  _("it was closed by the bus"));

  fail (self, reason, _("the connection to the session bus is lost"));
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RucService) self = user_data;
  g_autoptr(GError) error = NULL;

  self->connection = rud_session_bus_open_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      self->error = g_steal_pointer (&error);
      tell (self, RUC_SERVICE_FAILED, NULL, 0);
      return;
    }

  if (self->connection == NULL)
    {
      fail (self, error, _("cannot connect to the session bus"));
      return;
    }

  self->closed_id = g_signal_connect (self->connection, "closed", G_CALLBACK (closed_cb), self);
  begin_wait (self);
  /* The name is not asked for in a way that starts who could have it. */
  self->watch_id = g_bus_watch_name_on_connection (self->connection, BUS_NAME,
                                                   G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                   name_appeared_cb, name_vanished_cb, self, NULL);
}

/* Returns whether there is a bus to wait for. */
gboolean
ruc_service_start (RucService *self)
{
  g_autofree char *address = rud_session_bus_find_address ();

  if (address == NULL)
    {
      g_set_error_literal (&self->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                           _("there is no session bus: neither DBUS_SESSION_BUS_ADDRESS nor "
                             "XDG_RUNTIME_DIR leads to one. Where there is no desktop, "
                             "dbus-run-session starts one"));
      return FALSE;
    }

  rud_session_bus_open_async (address, self->seconds * 1000, NULL, connected_cb,
                              g_object_ref (self));

  return TRUE;
}

void
ruc_service_set_func (RucService     *self,
                      RucServiceFunc  func,
                      gpointer        user_data)
{
  self->func = func;
  self->user_data = user_data;
}

const GError *
ruc_service_get_error (RucService *self)
{
  return self->error;
}

gboolean
ruc_service_is_present (RucService *self)
{
  return self->present;
}

GPtrArray *
ruc_service_get_sessions (RucService *self)
{
  return self->sessions;
}

static void
called_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);

  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* Only of a service that is present. */
void
ruc_service_call_async (RucService          *self,
                        const char          *path,
                        const char          *interface,
                        const char          *method,
                        const GVariantType  *reply_type,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, ruc_service_call_async);
  g_dbus_connection_call (self->connection, self->owner, path, interface, method, NULL,
                          reply_type, G_DBUS_CALL_FLAGS_NO_AUTO_START, (int) self->seconds * 1000,
                          NULL, called_cb, task);
}

GVariant *
ruc_service_call_finish (RucService    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
ruc_service_dispose (GObject *object)
{
  RucService *self = RUC_SERVICE (object);

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  if (self->connection != NULL)
    unsubscribe (self);
  /* Not left to GObject: the last one to let go of a connection may be its thread, at any time. */
  g_clear_signal_handler (&self->closed_id, self->connection);
  g_clear_object (&self->connection);
  g_clear_object (&self->cancellable);

  G_OBJECT_CLASS (ruc_service_parent_class)->dispose (object);
}

static void
ruc_service_finalize (GObject *object)
{
  RucService *self = RUC_SERVICE (object);

  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->sessions);
  g_free (self->owner);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (ruc_service_parent_class)->finalize (object);
}

static void
ruc_service_class_init (RucServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ruc_service_dispose;
  object_class->finalize = ruc_service_finalize;
}

static void
ruc_service_init (RucService *self)
{
  self->sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) ruc_session_unref);
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
}

RucService *
ruc_service_new (guint          seconds,
                 RucServiceFunc func,
                 gpointer       user_data)
{
  RucService *self = g_object_new (RUC_TYPE_SERVICE, NULL);

  self->seconds = seconds;
  ruc_service_set_func (self, func, user_data);

  return self;
}
