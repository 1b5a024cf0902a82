/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-exports.h"

#include "rud-bus-connection.h"
#include "rud-call-limit.h"
#include "rud-manager.h"
#include "rud-session-object.h"

/* What we have on one connection to a bus: the manager, and an object for each
 * session. The clock of all that is told ticks here, while there is anything to
 * tell.
 */

#define SESSION_PATH BUS_PATH "/session/"

#define TICK_MS 250

/* What all sessions together may tell between ticks: so much at once, and so much
 * more for each tick. Each thing that is told costs as much as some requests.
 */
#define MAX_URGENT 60
#define URGENT_PER_TICK 15

/* So many sessions have their turn in each tick. Where there are more they take turns, so that
 * each has one a second.
 */
#define TURNS_PER_TICK 16
#define TICKS_PER_SECOND (1000 / TICK_MS)

/* After so many ticks in which the bus took nothing it is not worth waiting for. */
#define MAX_SILENT_TICKS 120

struct _RudExports
{
  RudStatus                *status;
  GDBusConnection          *connection;
  RudManager               *manager;
  GDBusObjectManagerServer *objects;
  RudCallLimit             *limit;

  GHashTable               *sessions;       /* RuntimeUseSession → RudSessionObject */
  GQueue                    awake;          /* RudSessionObject whose turn comes, owned */
  GSource                  *tick;           /* (nullable): nothing is awake */
  GSource                  *soon;           /* (nullable) */

  GCancellable             *cancellable;
  gboolean                  flushing;       /* the bus has not taken all yet */
  guint                     n_urgent;       /* what may be told before the next tick */
  guint                     n_silent;       /* ticks since the bus took something */
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* The bus */

static void
set_silent (RudExports *self,
            gboolean    silent)
{
  GHashTableIter iter;
  gpointer object;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    rud_session_object_set_silent (object, silent);
}

static void
flushed_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  RudExports *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!g_dbus_connection_flush_finish (G_DBUS_CONNECTION (object), result, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  self->flushing = FALSE;
  if (self->n_silent > 0)
    set_silent (self, FALSE);
  self->n_silent = 0;
}

/* GDBus would keep any number of messages for a bus that reads none. */
static void
flush (RudExports *self)
{
  if (self->flushing)
    return;

  self->flushing = TRUE;
  g_dbus_connection_flush (self->connection, self->cancellable, flushed_cb, self);
}

static void
bear_silence (RudExports *self)
{
  if (self->n_silent++ == 0)
    set_silent (self, TRUE);

  if (self->n_silent != MAX_SILENT_TICKS)
    return;

  g_message ("The bus has read nothing for %d seconds", MAX_SILENT_TICKS * TICK_MS / 1000);
  rud_bus_connection_cut (self->connection);
}

/* Telling */

static void
give_turns (RudExports *self)
{
  guint n_turns = MAX (TURNS_PER_TICK,
                       (self->awake.length + TICKS_PER_SECOND - 1) / TICKS_PER_SECOND);

  for (n_turns = MIN (n_turns, self->awake.length); n_turns > 0; n_turns--)
    {
      g_autoptr(RudSessionObject) object = g_queue_pop_head (&self->awake);

      if (rud_session_object_tick (object))
        g_queue_push_tail (&self->awake, g_steal_pointer (&object));
    }
}

static gboolean
tick_cb (gpointer user_data)
{
  RudExports *self = user_data;

  self->n_urgent = MIN (self->n_urgent + URGENT_PER_TICK, MAX_URGENT);
  if (self->flushing)
    bear_silence (self);

  give_turns (self);
  if (self->n_silent == 0)
    {
      rud_manager_tell (self->manager);
      flush (self);
    }

  if (self->awake.length > 0 || self->n_silent > 0 || self->n_urgent < MAX_URGENT)
    return G_SOURCE_CONTINUE;

  clear_source (&self->tick);

  return G_SOURCE_REMOVE;
}

static void
start_ticking (RudExports *self)
{
  if (self->tick != NULL)
    return;

  self->tick = g_timeout_source_new (TICK_MS);
  g_source_set_callback (self->tick, tick_cb, self, NULL);
  g_source_attach (self->tick, g_main_context_get_thread_default ());
}

static gboolean
soon_cb (gpointer user_data)
{
  RudExports *self = user_data;

  clear_source (&self->soon);
  for (GList *link = self->awake.head; link != NULL; link = link->next)
    rud_session_object_tell (link->data);
  if (self->n_silent == 0 && !rud_manager_told_recently (self->manager))
    rud_manager_tell (self->manager);

  return G_SOURCE_REMOVE;
}

/* After all that is happening in this turn of the main loop. */
static void
tell_soon (RudExports *self)
{
  start_ticking (self);
  if (self->soon != NULL)
    return;

  self->soon = g_idle_source_new ();
  g_source_set_priority (self->soon, G_PRIORITY_HIGH_IDLE);
  g_source_set_callback (self->soon, soon_cb, self, NULL);
  g_source_attach (self->soon, g_main_context_get_thread_default ());
}

static void
session_wake (gpointer          owner,
              RudSessionObject *object)
{
  RudExports *self = owner;

  g_queue_push_tail (&self->awake, g_object_ref (object));
  start_ticking (self);
}

static void
session_hurry (gpointer owner)
{
  tell_soon (owner);
}

static gboolean
session_spend (gpointer owner)
{
  RudExports *self = owner;

  if (self->n_urgent == 0)
    return FALSE;

  self->n_urgent--;

  return TRUE;
}

static const RudSessionObjectOwner session_owner = {
  .wake = session_wake,
  .hurry = session_hurry,
  .spend = session_spend,
};

/* Sessions */

static char *
make_path (RuntimeUseSession *session)
{
  return g_strconcat (SESSION_PATH, runtime_use_session_get_id (session), NULL);
}

static void
add_session (RudExports        *self,
             RuntimeUseSession *session)
{
  g_autoptr(RudSessionObject) object = NULL;
  g_autoptr(GDBusObjectSkeleton) skeleton = NULL;
  g_autofree char *path = make_path (session);

  object = rud_session_object_new (session, rud_status_get_agent (self->status), &session_owner,
                                   self);
  skeleton = g_dbus_object_skeleton_new (path);
  g_dbus_object_skeleton_add_interface (skeleton, G_DBUS_INTERFACE_SKELETON (object));
  g_dbus_object_manager_server_export (self->objects, skeleton);
  rud_session_object_exported (object);
  if (self->n_silent > 0)
    rud_session_object_set_silent (object, TRUE);

  g_hash_table_insert (self->sessions, session, g_steal_pointer (&object));
  rud_call_limit_set_n_objects (self->limit, g_hash_table_size (self->sessions));
}

static void
session_opened_cb (RuntimeUseServer  *server,
                   RuntimeUseSession *session,
                   RudExports        *self)
{
  add_session (self, session);
  tell_soon (self);
}

static void
session_closed_cb (RuntimeUseServer  *server,
                   RuntimeUseSession *session,
                   RudExports        *self)
{
  RudSessionObject *object = g_hash_table_lookup (self->sessions, session);
  g_autofree char *path = make_path (session);

  if (object == NULL)
    return;

  rud_session_object_tell_last (object);
  rud_session_object_leave (object);
  if (g_queue_remove (&self->awake, object))
    g_object_unref (object);
  g_dbus_object_manager_server_unexport (self->objects, path);
  g_hash_table_remove (self->sessions, session);
  rud_call_limit_set_n_objects (self->limit, g_hash_table_size (self->sessions));
  tell_soon (self);
}

static void
add_all_sessions (RudExports *self)
{
  RuntimeUseServer *server = rud_status_get_server (self->status);
  g_autoptr(GListModel) list = runtime_use_server_list_sessions (server);
  const guint n_sessions = g_list_model_get_n_items (list);

  for (guint i = 0; i < n_sessions; i++)
    {
      g_autoptr(RuntimeUseSession) session = g_list_model_get_item (list, i);

      add_session (self, session);
    }

  g_signal_connect (server, "session-opened", G_CALLBACK (session_opened_cb), self);
  g_signal_connect (server, "session-closed", G_CALLBACK (session_closed_cb), self);
}

/* Puts everything on @connection, before anybody can find it by our name. */
RudExports *
rud_exports_new (RudStatus        *status,
                 GDBusConnection  *connection,
                 GError          **error)
{
  g_autoptr(RudExports) self = g_new0 (RudExports, 1);

  self->status = g_object_ref (status);
  self->connection = g_object_ref (connection);
  self->n_urgent = MAX_URGENT;
  self->cancellable = g_cancellable_new ();
  self->sessions = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->limit = rud_call_limit_new ();
  rud_call_limit_watch (self->limit, connection);

  self->manager = rud_manager_new (status);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->manager), connection,
                                         BUS_PATH, error))
    return NULL;

  rud_manager_exported (self->manager);
  self->objects = g_dbus_object_manager_server_new (BUS_PATH);
  add_all_sessions (self);
  g_dbus_object_manager_server_set_connection (self->objects, connection);

  return g_steal_pointer (&self);
}

static void
disconnect_sessions (RudExports *self)
{
  GHashTableIter iter;
  gpointer object;

  g_signal_handlers_disconnect_by_data (rud_status_get_server (self->status), self);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    rud_session_object_leave (object);
}

void
rud_exports_free (RudExports *self)
{
  GDBusInterfaceSkeleton *manager = G_DBUS_INTERFACE_SKELETON (self->manager);

  g_cancellable_cancel (self->cancellable);
  disconnect_sessions (self);
  clear_source (&self->tick);
  clear_source (&self->soon);
  if (self->objects != NULL)
    g_dbus_object_manager_server_set_connection (self->objects, NULL);
  if (g_dbus_interface_skeleton_get_connection (manager) != NULL)
    g_dbus_interface_skeleton_unexport (manager);

  g_clear_object (&self->objects);
  g_clear_object (&self->manager);
  g_queue_clear_full (&self->awake, g_object_unref);
  g_clear_pointer (&self->sessions, g_hash_table_unref);
  g_clear_pointer (&self->limit, rud_call_limit_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection);
  g_clear_object (&self->status);
  g_free (self);
}
