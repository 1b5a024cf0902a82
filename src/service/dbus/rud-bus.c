/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-bus.h"

#include "rud-bus-connection.h"
#include "rud-bus-error.h"
#include "rud-bus-name.h"
#include "rud-exports.h"
#include "rud-session-bus.h"

#include <glib/gi18n.h>

/* Our place on the bus: connects, shows everything, takes the name, and does so
 * again when the bus was away. Serving never waits for any of it.
 */

/* What one attempt to get there may take. */
#define ATTEMPT_MS 3000

/* What leaving may take. */
#define LEAVE_MS 1000

#define FIRST_DELAY_S 1
#define MAX_DELAY_S 60

#define BUS "org.freedesktop.DBus"

struct _RudBus
{
  GObject          parent_instance;

  RudStatus       *status;
  RudBusMode       mode;
  char            *address;        /* (nullable): there is no bus */

  GDBusConnection *connection;     /* (nullable) */
  GDBusConnection *leaving;        /* (nullable): it is being closed */
  RudExports      *exports;        /* (nullable) */
  guint            name_signals;   /* subscription */

  GCancellable    *attempt;        /* (nullable): none is going on */
  GSource         *deadline;       /* (nullable): of the attempt, or of leaving */
  GSource         *retry;          /* (nullable) */
  guint            delay;          /* s, before the next attempt */

  GTask           *start;          /* (nullable) */
  GTask           *stop;           /* (nullable) */
  gboolean         stopped;
  gboolean         has_name;
  gboolean         complained;     /* since the bus was there last */
};

G_DEFINE_FINAL_TYPE (RudBus, rud_bus, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_FORSAKEN,
} RudBusSignal;

static guint signals[SIGNAL_FORSAKEN + 1];

static void bus_connect (RudBus *self);

/* Timers */

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
add_timer (RudBus      *self,
           guint        milliseconds,
           GSourceFunc  callback)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

/* Without the bus */

/* Takes down what is on the connection, and leaves that to the caller. */
static GDBusConnection *
bus_leave (RudBus *self)
{
  if (self->connection == NULL)
    return NULL;

  g_signal_handlers_disconnect_by_data (self->connection, self);
  if (self->name_signals != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->name_signals);
  self->name_signals = 0;
  self->has_name = FALSE;
  g_clear_pointer (&self->exports, rud_exports_free);

  return g_steal_pointer (&self->connection);
}

static void
bus_drop (RudBus *self)
{
  g_autoptr(GDBusConnection) connection = bus_leave (self);

  if (connection != NULL && !g_dbus_connection_is_closed (connection))
    rud_bus_connection_cut (connection);
}

static gboolean
retry_cb (gpointer user_data)
{
  RudBus *self = user_data;

  clear_source (&self->retry);
  bus_connect (self);

  return G_SOURCE_REMOVE;
}

static void
bus_try_later (RudBus       *self,
               const GError *error)
{
  /* A bus that stays away is one line in the log, not one a minute. */
  if (self->complained)
    g_debug ("%s; next attempt in %u s", error->message, self->delay);
  else
    g_message ("%s; serving without the bus, and trying again", error->message);
  self->complained = TRUE;

  self->retry = add_timer (self, self->delay * 1000, retry_cb);
  self->delay = MIN (self->delay * 2, MAX_DELAY_S);
}

static void
closed_cb (GDBusConnection *connection,
           gboolean         remote_peer_vanished,
           GError          *error,
           RudBus          *self)
{
  g_autoptr(GError) gone = NULL;

  /* The attempt fails by itself. */
  if (self->attempt != NULL || self->stopped)
    return;

  gone = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "The bus is gone%s%s",
                      error != NULL ? ": " : "", error != NULL ? error->message : "");
  bus_drop (self);
  if (g_getenv ("DBUS_STARTER_ADDRESS") != NULL)
    g_signal_emit (self, signals[SIGNAL_FORSAKEN], 0);
  else
    bus_try_later (self, gone);
}

/* The name */

static void
bus_set_name (RudBus   *self,
              gboolean  has_name)
{
  if (self->has_name == has_name || self->stopped)
    return;

  self->has_name = has_name;
  if (has_name)
    g_info ("The name %s on the bus is ours", BUS_NAME);
  else
    g_message ("The name %s on the bus was lost; serving goes on without it", BUS_NAME);
}

static void
name_signal_cb (GDBusConnection *connection,
                const char      *sender,
                const char      *object_path,
                const char      *interface_name,
                const char      *signal_name,
                GVariant        *parameters,
                gpointer         user_data)
{
  if (g_str_equal (signal_name, "NameAcquired"))
    bus_set_name (user_data, TRUE);
  else if (g_str_equal (signal_name, "NameLost"))
    bus_set_name (user_data, FALSE);
}

/* Attempts */

static void
end_attempt (RudBus *self)
{
  clear_source (&self->deadline);
  g_clear_object (&self->attempt);
}

static void
attempt_failed (RudBus *self,
                GError *error)
{
  g_autoptr(GError) cause = error;
  g_autoptr(GTask) start = g_steal_pointer (&self->start);

  /* Nobody but the deadline cancels an attempt that is not stopped. */
  if (g_cancellable_is_cancelled (self->attempt))
    {
      g_clear_error (&cause);
      cause = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                           _("The bus at %s did not answer in %d s"), self->address,
                           ATTEMPT_MS / 1000);
    }

  end_attempt (self);
  bus_drop (self);
  if (start != NULL && self->mode == RUD_BUS_REQUIRED)
    {
      g_task_return_error (start, g_steal_pointer (&cause));
      return;
    }

  bus_try_later (self, cause);
  if (start != NULL)
    g_task_return_boolean (start, TRUE);
}

static void
attempt_succeeded (RudBus *self)
{
  g_autoptr(GTask) start = g_steal_pointer (&self->start);

  end_attempt (self);
  if (self->complained)
    g_message ("The bus is there again");
  self->complained = FALSE;
  self->delay = FIRST_DELAY_S;
  if (start != NULL)
    g_task_return_boolean (start, TRUE);
}

static void
requested_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RudBus) self = user_data;
  g_autofree char *holder = NULL;
  GError *error = NULL;

  if (!rud_bus_name_request_finish (G_DBUS_CONNECTION (object), result, &holder, &error))
    {
      if (!self->stopped)
        attempt_failed (self, error);
      else
        g_error_free (error);
      return;
    }

  if (self->stopped)
    return;

  if (holder != NULL && self->start != NULL && self->mode == RUD_BUS_REQUIRED)
    {
      attempt_failed (self, g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                                         _("The name %s on the bus is held by %s: end that one, or "
                                           "do without the name"), BUS_NAME, holder));
      return;
    }

  /* It may have become ours while we asked who has it. */
  if (holder == NULL)
    bus_set_name (self, TRUE);
  else if (!self->has_name)
    g_message ("The name %s on the bus is held by %s; serving without it until it is free",
               BUS_NAME, holder);
  attempt_succeeded (self);
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RudBus) self = user_data;
  g_autoptr(GDBusConnection) connection = NULL;
  GError *error = NULL;

  connection = rud_session_bus_open_finish (result, &error);
  if (self->stopped)
    {
      g_clear_error (&error);
      return;
    }

  if (connection == NULL)
    {
      g_prefix_error (&error, _("Could not connect to the bus at %s: "), self->address);
      attempt_failed (self, error);
      return;
    }

  self->connection = g_object_ref (connection);
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), self);
  self->exports = rud_exports_new (self->status, connection, &error);
  if (self->exports == NULL)
    {
      attempt_failed (self, error);
      return;
    }

  self->name_signals =
    g_dbus_connection_signal_subscribe (connection, BUS, BUS, NULL, "/org/freedesktop/DBus",
                                        BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, name_signal_cb, self,
                                        NULL);
  rud_bus_name_request_async (connection, self->attempt, requested_cb, g_object_ref (self));
}

static gboolean
attempt_deadline_cb (gpointer user_data)
{
  RudBus *self = user_data;

  clear_source (&self->deadline);
  g_cancellable_cancel (self->attempt);

  return G_SOURCE_REMOVE;
}

static void
bus_connect (RudBus *self)
{
  self->attempt = g_cancellable_new ();
  /* Comes before that of opening, which is only a part of it. */
  self->deadline = add_timer (self, ATTEMPT_MS, attempt_deadline_cb);
  rud_session_bus_open_async (self->address, ATTEMPT_MS, self->attempt, connected_cb,
                              g_object_ref (self));
}

/* The end */

static void
left_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RudBus) self = user_data;
  g_autoptr(GTask) stop = g_steal_pointer (&self->stop);

  g_dbus_connection_close_finish (G_DBUS_CONNECTION (object), result, NULL);
  g_clear_object (&self->leaving);
  end_attempt (self);
  g_task_return_boolean (stop, TRUE);
}

static void
flushed_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  RudBus *self = user_data;
  GDBusConnection *connection = G_DBUS_CONNECTION (object);

  g_dbus_connection_flush_finish (connection, result, NULL);
  if (self->deadline == NULL)
    rud_bus_connection_cut (connection);
  g_dbus_connection_close (connection, NULL, left_cb, self);
}

/* Answers may still be on their way, above all to whoever has sent us away. */
static void
released_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RudBus *self = user_data;
  GDBusConnection *connection = G_DBUS_CONNECTION (object);

  rud_bus_name_release_finish (connection, result);
  self->leaving = bus_leave (self);
  if (self->deadline == NULL)
    rud_bus_connection_cut (connection);
  g_dbus_connection_flush (connection, NULL, flushed_cb, self);
}

static gboolean
leave_deadline_cb (gpointer user_data)
{
  RudBus *self = user_data;

  clear_source (&self->deadline);
  g_cancellable_cancel (self->attempt);
  if (self->leaving != NULL)
    rud_bus_connection_cut (self->leaving);

  return G_SOURCE_REMOVE;
}

/* GObject */

static void
rud_bus_dispose (GObject *object)
{
  RudBus *self = RUD_BUS (object);

  self->stopped = TRUE;
  g_cancellable_cancel (self->attempt);
  end_attempt (self);
  clear_source (&self->retry);
  bus_drop (self);
  g_clear_object (&self->status);

  G_OBJECT_CLASS (rud_bus_parent_class)->dispose (object);
}

static void
rud_bus_finalize (GObject *object)
{
  RudBus *self = RUD_BUS (object);

  g_free (self->address);

  G_OBJECT_CLASS (rud_bus_parent_class)->finalize (object);
}

static void
rud_bus_class_init (RudBusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rud_bus_dispose;
  object_class->finalize = rud_bus_finalize;

  /* The bus that has started us is gone. It ends with the user's session, and nobody else knows
   * that we are here.
   */
  signals[SIGNAL_FORSAKEN] =
    g_signal_new ("forsaken",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);
}

static void
rud_bus_init (RudBus *self)
{
  self->delay = FIRST_DELAY_S;
}

RudBus *
rud_bus_new (RudStatus  *status,
             RudBusMode  mode)
{
  RudBus *self = g_object_new (RUD_TYPE_BUS, NULL);

  rud_bus_error_register_names ();
  self->status = g_object_ref (status);
  self->mode = mode;

  return self;
}

/* Shows what there is to the bus, once clients are accepted. The callback is
 * called after 3 seconds at the latest. With RUD_BUS_AUTO there is no need to
 * wait for it, and this cannot fail.
 */
void
rud_bus_start_async (RudBus              *self,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_return_if_fail (self->address == NULL);

  g_task_set_source_tag (task, rud_bus_start_async);
  if (self->mode != RUD_BUS_OFF)
    self->address = rud_bus_connection_find_address ();

  if (self->address != NULL)
    {
      self->start = g_steal_pointer (&task);
      bus_connect (self);
    }
  else if (self->mode == RUD_BUS_REQUIRED)
    {
      g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
                               _("There is no bus: neither does DBUS_SESSION_BUS_ADDRESS name one, "
                                 "nor is there a socket \"bus\" in XDG_RUNTIME_DIR"));
    }
  else
    {
      g_debug ("There is no bus");
      g_task_return_boolean (task, TRUE);
    }
}

gboolean
rud_bus_start_finish (RudBus        *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Gives the name back and leaves the bus. The callback is called after a second
 * at the latest. Must be called once.
 */
void
rud_bus_stop_async (RudBus              *self,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_return_if_fail (!self->stopped);

  g_task_set_source_tag (task, rud_bus_stop_async);
  self->stopped = TRUE;
  clear_source (&self->retry);
  if (self->attempt != NULL && self->exports == NULL)
    g_cancellable_cancel (self->attempt);
  end_attempt (self);
  if (self->start != NULL)
    {
      g_autoptr(GTask) start = g_steal_pointer (&self->start);

      if (self->mode == RUD_BUS_REQUIRED)
        g_task_return_new_error (start, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                 _("The server was stopped"));
      else
        g_task_return_boolean (start, TRUE);
    }

  if (self->connection == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  self->stop = g_steal_pointer (&task);
  self->attempt = g_cancellable_new ();
  self->deadline = add_timer (self, LEAVE_MS, leave_deadline_cb);
  rud_bus_name_release_async (self->connection, self->attempt, released_cb, g_object_ref (self));
}

void
rud_bus_stop_finish (RudBus       *self,
                     GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
