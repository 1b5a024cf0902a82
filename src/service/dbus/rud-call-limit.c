/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-call-limit.h"

#include <string.h>

/* GDBus reads calls as fast as they come, and keeps those that the main context
 * has no time for. So that nobody can fill our memory, or keep us from our
 * work, each caller may only make so many. The others are answered in the
 * thread that reads.
 */

#define CALLS_AT_ONCE 10000
#define CALLS_PER_SECOND 5000

/* So many callers are told apart; a caller that was forgotten begins anew. */
#define MAX_CALLERS 256

#define TOO_MANY_CALLS "Too many calls: at most 10,000 at once and 5,000 a second are answered"

typedef struct
{
  double tokens;
  gint64 filled;   /* monotonic, µs */
} Caller;

struct _RudCallLimit
{
  gatomicrefcount  ref_count;
  GMutex           mutex;
  GHashTable      *callers;     /* unique name → Caller; with the mutex */
  gint             n_objects;   /* atomic */
};

RudCallLimit *
rud_call_limit_new (void)
{
  RudCallLimit *self = g_new0 (RudCallLimit, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->callers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return self;
}

void
rud_call_limit_unref (RudCallLimit *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_hash_table_unref (self->callers);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static Caller *
find_caller (RudCallLimit *self,
             const char   *sender,
             gint64        now)
{
  Caller *caller = g_hash_table_lookup (self->callers, sender);

  if (caller != NULL)
    return caller;

  if (g_hash_table_size (self->callers) >= MAX_CALLERS)
    g_hash_table_remove_all (self->callers);

  caller = g_new (Caller, 1);
  *caller = (Caller) { CALLS_AT_ONCE, now };
  g_hash_table_insert (self->callers, g_strdup (sender), caller);

  return caller;
}

/* Whether a call that is as much work as @cost calls may be made; @now is the
 * monotonic time in µs.
 */
gboolean
rud_call_limit_take (RudCallLimit *self,
                     const char   *sender,
                     guint         cost,
                     gint64        now)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Caller *caller = find_caller (self, sender, now);
  double earned = (double) (now - caller->filled) * CALLS_PER_SECOND / G_TIME_SPAN_SECOND;
  double needed = MIN (cost, CALLS_AT_ONCE);

  caller->tokens = MIN (caller->tokens + earned, CALLS_AT_ONCE);
  caller->filled = now;
  if (caller->tokens < needed)
    return FALSE;

  caller->tokens -= needed;

  return TRUE;
}

/* Reading everything is as much work as there are objects. */
static guint
get_cost (RudCallLimit *self,
          GDBusMessage *message)
{
  const char *member = g_dbus_message_get_member (message);

  if (g_strcmp0 (member, "GetManagedObjects") != 0 && g_strcmp0 (member, "Introspect") != 0)
    return 1;

  return 1 + g_atomic_int_get (&self->n_objects);
}

static void
refuse (GDBusConnection *connection,
        GDBusMessage    *message)
{
  g_autoptr(GDBusMessage) reply = NULL;

  if ((g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) != 0)
    return;

  reply = g_dbus_message_new_method_error_literal (message,
                                                   "org.freedesktop.DBus.Error.LimitsExceeded",
                                                   TOO_MANY_CALLS);
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* In the thread of GDBus. */
static GDBusMessage *
filter_cb (GDBusConnection *connection,
           GDBusMessage    *message,
           gboolean         incoming,
           gpointer         user_data)
{
  RudCallLimit *self = user_data;
  const char *sender = g_dbus_message_get_sender (message);

  if (!incoming || sender == NULL ||
      g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL ||
      rud_call_limit_take (self, sender, get_cost (self, message), g_get_monotonic_time ()))
    return message;

  refuse (connection, message);
  g_object_unref (message);

  return NULL;
}

/* From now on until @connection is gone. */
void
rud_call_limit_watch (RudCallLimit    *self,
                      GDBusConnection *connection)
{
  g_atomic_ref_count_inc (&self->ref_count);
  g_dbus_connection_add_filter (connection, filter_cb, self,
                                (GDestroyNotify) rud_call_limit_unref);
}

void
rud_call_limit_set_n_objects (RudCallLimit *self,
                              guint         n_objects)
{
  g_atomic_int_set (&self->n_objects, n_objects);
}
