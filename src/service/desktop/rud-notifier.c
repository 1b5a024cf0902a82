/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-notifier.h"

#include "rud-session-bus.h"

#include <glib/gi18n.h>

/* Shows notices to the person at the desktop: by the notification service of the
 * desktop or, inside a Flatpak, by the portal.
 *
 * It is not GNotification, which needs a GApplication: that one waits for the bus
 * while the program stands still, takes the connection that the whole program
 * shares, and lets the end of the bus be the end of the program.
 *
 * There is a connection while there are notices, and none otherwise. Whatever
 * goes wrong costs a line in the log, and the notices that it was about.
 */

#define MAX_NOTICES 16
#define OPEN_DEADLINE_MS 3000
#define CALL_DEADLINE_MS 5000
#define STOP_DEADLINE_MS 1000

#define NOTIFICATIONS_NAME "org.freedesktop.Notifications"
#define NOTIFICATIONS_PATH "/org/freedesktop/Notifications"
#define PORTAL_NAME "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_INTERFACE "org.freedesktop.portal.Notification"

#define CANCEL_ACTION "cancel"

/* For the service to decide how long. */
#define EXPIRE_DEFAULT (-1)

typedef struct
{
  guint          number;
  RudNoticeKind  kind;
  char          *title;
  char          *body;
  guint32        server_id;   /* what the service calls it */
  gboolean       sent;
  gboolean       shown;
  gboolean       unwanted;
} Notice;

typedef struct
{
  RudNotifier *notifier;
  guint        number;
} Call;

struct _RudNotifier
{
  GObject          parent_instance;

  gboolean         in_flatpak;
  GHashTable      *notices;      /* by their numbers */
  guint            last_number;

  GDBusConnection *connection;   /* (nullable) */
  GCancellable    *opening;      /* (nullable) */
  guint            action_id;
  guint            closed_id;
  gboolean         ready;        /* it is known what the service can do */
  gboolean         has_actions;
  gboolean         has_markup;
  gboolean         complained;

  GTask           *stop;         /* (nullable) */
  guint            stop_deadline;
  gboolean         stopped;
};

G_DEFINE_FINAL_TYPE (RudNotifier, rud_notifier, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_CANCEL,
} RudNotifierSignal;

static guint signals[SIGNAL_CANCEL + 1];

static void connection_closed_cb (GDBusConnection *connection,
                                  gboolean         remote_peer_vanished,
                                  GError          *error,
                                  RudNotifier     *self);

static void
notice_free (Notice *notice)
{
  g_free (notice->title);
  g_free (notice->body);
  g_free (notice);
}

static Call *
call_new (RudNotifier *notifier,
          guint        number)
{
  Call *call = g_new (Call, 1);

  call->notifier = g_object_ref (notifier);
  call->number = number;

  return call;
}

static void
call_free (Call *call)
{
  g_object_unref (call->notifier);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* The connection */

static void
notifier_drop_connection (RudNotifier *self)
{
  g_autoptr(GDBusConnection) connection = g_steal_pointer (&self->connection);

  self->ready = FALSE;
  if (connection == NULL)
    return;

  g_signal_handlers_disconnect_by_data (connection, self);
  g_dbus_connection_signal_unsubscribe (connection, self->action_id);
  if (self->closed_id != 0)
    g_dbus_connection_signal_unsubscribe (connection, self->closed_id);
  self->action_id = 0;
  self->closed_id = 0;
  g_dbus_connection_close (connection, NULL, NULL, NULL);
}

static void
notifier_finish_stop (RudNotifier *self)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->stop);

  g_clear_handle_id (&self->stop_deadline, g_source_remove);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

/* Nothing is left to say or to hear. */
static void
notifier_rest (RudNotifier *self)
{
  g_hash_table_remove_all (self->notices);
  notifier_drop_connection (self);
  notifier_finish_stop (self);
}

static void
notifier_forget (RudNotifier *self,
                 guint        number)
{
  g_hash_table_remove (self->notices, GUINT_TO_POINTER (number));
  if (g_hash_table_size (self->notices) == 0)
    notifier_rest (self);
}

/* Once, until it works again: a desktop without notifications is nothing to be told of
 * with each request.
 */
static void
notifier_complain (RudNotifier  *self,
                   const GError *error)
{
  g_autoptr(GError) shown = NULL;

  if (self->complained || self->stopped)
    return;

  shown = g_error_copy (error);
  g_dbus_error_strip_remote_error (shown);
  g_info ("No notifications on this desktop: %s", shown->message);
  self->complained = TRUE;
}

static void
notifier_fail (RudNotifier  *self,
               const GError *error)
{
  notifier_complain (self, error);
  notifier_rest (self);
}

/* What is said to the services */

static GVariant *
make_hints (const Notice *notice)
{
  GVariantBuilder hints;

  g_variant_builder_init (&hints, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&hints, "{sv}", "urgency",
                         g_variant_new_byte (notice->kind == RUD_NOTICE_RUNNING ? 0 : 1));

  /* GNOME takes away what belongs to an application when that leaves the bus. That is right for a
   * button that nobody would answer; the others are to outlive a service that leaves when idle.
   */
  if (notice->kind == RUD_NOTICE_RUNNING)
    g_variant_builder_add (&hints, "{sv}", "desktop-entry", g_variant_new_string (APPLICATION_ID));

  return g_variant_builder_end (&hints);
}

static GVariant *
make_notify (RudNotifier  *self,
             const Notice *notice)
{
  g_autofree char *escaped = g_markup_escape_text (notice->body, -1);
  GVariantBuilder actions;

  g_variant_builder_init (&actions, G_VARIANT_TYPE_STRING_ARRAY);
  if (notice->kind == RUD_NOTICE_RUNNING && self->has_actions)
    {
      g_variant_builder_add (&actions, "s", CANCEL_ACTION);
      g_variant_builder_add (&actions, "s", _("Cancel"));
    }

  return g_variant_new ("(susss@as@a{sv}i)",
                        "RuntimeUse", 0, APPLICATION_ID, notice->title,
                        self->has_markup ? escaped : notice->body,
                        g_variant_builder_end (&actions), make_hints (notice), EXPIRE_DEFAULT);
}

/* What the portal calls it. It keeps notices of a program that has left, so that numbers alone
 * would be used again.
 */
static char *
make_portal_id (const Notice *notice)
{
  return g_strdup_printf ("request-%d-%u", (int) getpid (), notice->number);
}

static GVariant *
make_buttons (void)
{
  GVariantBuilder button;
  GVariantBuilder buttons;

  g_variant_builder_init (&button, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&button, "{sv}", "label", g_variant_new_string (_("Cancel")));
  g_variant_builder_add (&button, "{sv}", "action", g_variant_new_string (CANCEL_ACTION));
  g_variant_builder_init (&buttons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&buttons, g_variant_builder_end (&button));

  return g_variant_builder_end (&buttons);
}

static GVariant *
make_add_notification (const Notice *notice)
{
  static const char * const priorities[] = { "low", "normal", "normal" };
  g_autofree char *id = make_portal_id (notice);
  GVariantBuilder members;

  g_variant_builder_init (&members, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&members, "{sv}", "title", g_variant_new_string (notice->title));
  g_variant_builder_add (&members, "{sv}", "body", g_variant_new_string (notice->body));
  g_variant_builder_add (&members, "{sv}", "priority",
                         g_variant_new_string (priorities[notice->kind]));
  if (notice->kind == RUD_NOTICE_RUNNING)
    g_variant_builder_add (&members, "{sv}", "buttons", make_buttons ());

  return g_variant_new ("(s@a{sv})", id, g_variant_builder_end (&members));
}

/* @method takes @arguments, both as the service of this desktop has them. */
static void
notifier_call (RudNotifier         *self,
               const char          *method,
               GVariant            *arguments,
               const char          *reply_type,
               guint                number,
               GAsyncReadyCallback  callback)
{
  g_dbus_connection_call (self->connection,
                          self->in_flatpak ? PORTAL_NAME : NOTIFICATIONS_NAME,
                          self->in_flatpak ? PORTAL_PATH : NOTIFICATIONS_PATH,
                          self->in_flatpak ? PORTAL_INTERFACE : NOTIFICATIONS_NAME,
                          method, arguments, G_VARIANT_TYPE (reply_type),
                          G_DBUS_CALL_FLAGS_NONE, CALL_DEADLINE_MS, NULL,
                          callback, call_new (self, number));
}

static void
withdrawn_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  if (reply == NULL)
    g_debug ("Cannot withdraw a notification: %s", error->message);
  notifier_forget (call->notifier, call->number);
}

static void
notifier_take_away (RudNotifier  *self,
                    const Notice *notice)
{
  g_autofree char *id = make_portal_id (notice);

  if (self->in_flatpak)
    notifier_call (self, "RemoveNotification", g_variant_new ("(s)", id), "()",
                   notice->number, withdrawn_cb);
  else
    notifier_call (self, "CloseNotification", g_variant_new ("(u)", notice->server_id), "()",
                   notice->number, withdrawn_cb);
}

static void
shown_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;
  RudNotifier *self = call->notifier;
  Notice *notice = g_hash_table_lookup (self->notices, GUINT_TO_POINTER (call->number));

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  if (notice == NULL)
    return;

  if (reply == NULL)
    notifier_complain (self, error);
  else
    self->complained = FALSE;

  if (reply == NULL || notice->kind != RUD_NOTICE_RUNNING)
    {
      notifier_forget (self, call->number);
      return;
    }

  notice->shown = TRUE;
  if (!self->in_flatpak)
    g_variant_get (reply, "(u)", &notice->server_id);
  if (notice->unwanted)
    notifier_take_away (self, notice);
}

static void
notifier_send (RudNotifier *self,
               Notice      *notice)
{
  notice->sent = TRUE;
  if (self->in_flatpak)
    notifier_call (self, "AddNotification", make_add_notification (notice), "()",
                   notice->number, shown_cb);
  else
    notifier_call (self, "Notify", make_notify (self, notice), "(u)",
                   notice->number, shown_cb);
}

static void
notifier_send_all (RudNotifier *self)
{
  GHashTableIter iter;
  gpointer notice;

  self->ready = TRUE;
  g_hash_table_iter_init (&iter, self->notices);
  while (g_hash_table_iter_next (&iter, NULL, &notice))
    notifier_send (self, notice);
}

/* What the services say */

static Notice *
notifier_find (RudNotifier *self,
               GVariant    *parameters)
{
  GHashTableIter iter;
  gpointer value;
  g_autoptr(GVariant) wanted = g_variant_get_child_value (parameters, 0);

  g_hash_table_iter_init (&iter, self->notices);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Notice *notice = value;
      g_autofree char *id = make_portal_id (notice);

      if (!notice->shown || notice->unwanted)
        continue;
      if (self->in_flatpak ? g_str_equal (g_variant_get_string (wanted, NULL), id)
                           : g_variant_get_uint32 (wanted) == notice->server_id)
        return notice;
    }

  return NULL;
}

static void
action_cb (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *signal,
           GVariant        *parameters,
           gpointer         user_data)
{
  RudNotifier *self = user_data;
  Notice *notice;
  const char *action = NULL;

  if (!g_variant_is_of_type (parameters,
                             G_VARIANT_TYPE (self->in_flatpak ? "(ssav)" : "(us)")))
    return;

  g_variant_get_child (parameters, 1, "&s", &action);
  notice = notifier_find (self, parameters);
  if (notice != NULL && g_str_equal (action, CANCEL_ACTION))
    g_signal_emit (self, signals[SIGNAL_CANCEL], 0, notice->number);
}

/* By the person, or because the service has no room. */
static void
closed_cb (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *signal,
           GVariant        *parameters,
           gpointer         user_data)
{
  RudNotifier *self = user_data;
  Notice *notice;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uu)")))
    return;

  notice = notifier_find (self, parameters);
  if (notice != NULL)
    notifier_forget (self, notice->number);
}

static void
capabilities_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree const char **capabilities = NULL;
  RudNotifier *self = call->notifier;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  if (self->connection != G_DBUS_CONNECTION (object))
    return;
  if (reply == NULL)
    {
      notifier_fail (self, error);
      return;
    }

  g_variant_get (reply, "(^a&s)", &capabilities);
  self->has_actions = g_strv_contains (capabilities, "actions");
  self->has_markup = g_strv_contains (capabilities, "body-markup");
  notifier_send_all (self);
}

static void
notifier_subscribe (RudNotifier *self)
{
  const char *name = self->in_flatpak ? PORTAL_NAME : NOTIFICATIONS_NAME;
  const char *interface = self->in_flatpak ? PORTAL_INTERFACE : NOTIFICATIONS_NAME;
  const char *path = self->in_flatpak ? PORTAL_PATH : NOTIFICATIONS_PATH;

  g_signal_connect (self->connection, "closed", G_CALLBACK (connection_closed_cb), self);
  self->action_id =
    g_dbus_connection_signal_subscribe (self->connection, name, interface, "ActionInvoked", path,
                                        NULL, G_DBUS_SIGNAL_FLAGS_NONE, action_cb, self, NULL);
  if (!self->in_flatpak)
    self->closed_id =
      g_dbus_connection_signal_subscribe (self->connection, name, interface, "NotificationClosed",
                                          path, NULL, G_DBUS_SIGNAL_FLAGS_NONE, closed_cb, self,
                                          NULL);
}

static void
connection_closed_cb (GDBusConnection *connection,
                      gboolean         remote_peer_vanished,
                      GError          *error,
                      RudNotifier     *self)
{
  g_info ("The message bus is gone, and the notifications with it");
  notifier_rest (self);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RudNotifier) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) connection = rud_session_bus_open_finish (result, &error);

  g_clear_object (&self->opening);
  if (connection == NULL)
    {
      notifier_fail (self, error);
      return;
    }

  self->connection = g_steal_pointer (&connection);
  notifier_subscribe (self);
  if (g_hash_table_size (self->notices) == 0)
    notifier_rest (self);
  else if (self->in_flatpak)
    notifier_send_all (self);
  else
    notifier_call (self, "GetCapabilities", NULL, "(as)", 0, capabilities_cb);
}

/* GObject */

static void
rud_notifier_dispose (GObject *object)
{
  RudNotifier *self = RUD_NOTIFIER (object);

  self->stopped = TRUE;
  notifier_rest (self);

  G_OBJECT_CLASS (rud_notifier_parent_class)->dispose (object);
}

static void
rud_notifier_finalize (GObject *object)
{
  RudNotifier *self = RUD_NOTIFIER (object);

  g_hash_table_unref (self->notices);

  G_OBJECT_CLASS (rud_notifier_parent_class)->finalize (object);
}

static void
rud_notifier_class_init (RudNotifierClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rud_notifier_dispose;
  object_class->finalize = rud_notifier_finalize;

  /* What the notice with this number is about is to be cancelled. */
  signals[SIGNAL_CANCEL] =
    g_signal_new ("cancel",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, G_TYPE_UINT);
}

static void
rud_notifier_init (RudNotifier *self)
{
  self->notices = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) notice_free);
}

RudNotifier *
rud_notifier_new (gboolean in_flatpak)
{
  RudNotifier *self = g_object_new (RUD_TYPE_NOTIFIER, NULL);

  self->in_flatpak = in_flatpak;

  return self;
}

/* Returns the number of the notice, by which it can be withdrawn when it is one of something that
 * runs. It is 0 where there is no desktop, and when there are too many already.
 */
guint
rud_notifier_show (RudNotifier   *self,
                   RudNoticeKind  kind,
                   const char    *title,
                   const char    *body)
{
  g_autofree char *address = NULL;
  Notice *notice;

  if (self->stopped || g_hash_table_size (self->notices) >= MAX_NOTICES)
    return 0;

  address = rud_session_bus_find_address ();
  if (address == NULL)
    return 0;

  notice = g_new0 (Notice, 1);
  notice->number = ++self->last_number;
  notice->kind = kind;
  notice->title = g_strdup (title);
  notice->body = g_strdup (body);
  g_hash_table_insert (self->notices, GUINT_TO_POINTER (notice->number), notice);

  if (self->ready)
    {
      notifier_send (self, notice);
    }
  else if (self->connection == NULL && self->opening == NULL)
    {
      self->opening = g_cancellable_new ();
      rud_session_bus_open_async (address, OPEN_DEADLINE_MS, self->opening, opened_cb,
                                  g_object_ref (self));
    }

  return notice->number;
}

/* Does nothing for one that is gone. */
void
rud_notifier_withdraw (RudNotifier *self,
                       guint        number)
{
  Notice *notice = g_hash_table_lookup (self->notices, GUINT_TO_POINTER (number));

  if (notice == NULL || notice->unwanted || notice->kind != RUD_NOTICE_RUNNING)
    return;

  notice->unwanted = TRUE;
  if (!notice->sent)
    notifier_forget (self, number);
  else if (notice->shown)
    notifier_take_away (self, notice);
}

static gboolean
stop_deadline_cb (gpointer user_data)
{
  RudNotifier *self = user_data;

  self->stop_deadline = 0;
  g_cancellable_cancel (self->opening);
  notifier_rest (self);

  return G_SOURCE_REMOVE;
}

/* Withdraws the notices of what runs, and waits for the service to hear all, for a second. Nothing
 * is shown from then on.
 */
void
rud_notifier_stop_async (RudNotifier         *self,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr(GList) numbers = g_hash_table_get_keys (self->notices);

  g_task_set_source_tag (task, rud_notifier_stop_async);
  if (self->stopped)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  self->stopped = TRUE;
  self->stop = g_steal_pointer (&task);
  self->stop_deadline = g_timeout_add (STOP_DEADLINE_MS, stop_deadline_cb, self);
  for (GList *item = numbers; item != NULL; item = item->next)
    rud_notifier_withdraw (self, GPOINTER_TO_UINT (item->data));
  if (g_hash_table_size (self->notices) > 0)
    return;

  g_cancellable_cancel (self->opening);
  notifier_rest (self);
}

gboolean
rud_notifier_stop_finish (RudNotifier   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
