/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-notifications.h"

#include "rud-notice-text.h"

#include <string.h>

/* Tells the person at the desktop of requests that take long: while one runs, with a button to
 * cancel it, and when it is over. Requests that were cancelled are not told of, since somebody
 * knows.
 *
 * In the mode "unwatched" that is done while nobody watches. Somebody does when the client, which
 * is connected by a unix socket, is a program with a terminal: what it shows is seen there.
 */

/* So many of requests that run, at a time. */
#define MAX_RUNNING 8

/* So many ends at once, and then one in each interval. */
#define MAX_ENDS 5
#define END_INTERVAL (10 * G_TIME_SPAN_SECOND)

/* In ms: how often to look at least and at most, when there is a reason to look. */
#define FIRST_LOOK 250
#define LAST_LOOK 5000

struct _RudNotifications
{
  GObject        parent_instance;

  RudStatus     *status;
  RudNotifier   *notifier;
  GListModel    *sessions;
  RudNotifyMode  mode;
  gint64         after;        /* µs */

  GHashTable    *running;      /* session to the number of its notice */
  guint          look;
  guint          n_ends;       /* that may be told now */
  gint64         last_end;
};

G_DEFINE_FINAL_TYPE (RudNotifications, rud_notifications, G_TYPE_OBJECT)

/* Field 7 of the file, counted from the end of the name in parentheses, is the terminal. */
static gboolean
process_has_terminal (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  g_auto(GStrv) fields = NULL;
  const char *rest = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    rest = strrchr (text, ')');
  if (rest == NULL)
    return FALSE;

  fields = g_strsplit (rest, " ", 7);

  return g_strv_length (fields) == 7 && !g_str_equal (fields[5], "0");
}

static gboolean
session_has_terminal (RuntimeUseSession *session)
{
  g_autofree char *peer = NULL;
  const char *pid;

  g_object_get (session, "peer", &peer, NULL);
  pid = peer != NULL && g_str_has_prefix (peer, "unix:") ? strstr (peer, "pid=") : NULL;

  return pid != NULL &&
         process_has_terminal ((int) g_ascii_strtoll (pid + strlen ("pid="), NULL, 10));
}

static gboolean
is_watched (RudNotifications  *self,
            RuntimeUseSession *session)
{
  return self->mode == RUD_NOTIFY_UNWATCHED && session_has_terminal (session);
}

static guint
show (RudNotifications  *self,
      RuntimeUseSession *session,
      RudNoticeKind      kind)
{
  g_autofree char *title = rud_notice_text_make_title (kind, session);
  g_autofree char *body = rud_notice_text_make_body (kind, session);

  return rud_notifier_show (self->notifier, kind, title, body);
}

/* Requests that run */

static void
withdraw (RudNotifications  *self,
          RuntimeUseSession *session)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->running, session));

  if (number == 0)
    return;

  g_hash_table_remove (self->running, session);
  rud_notifier_withdraw (self->notifier, number);
}

static void
tell_running (RudNotifications  *self,
              RuntimeUseSession *session)
{
  guint number;

  if (g_hash_table_size (self->running) >= MAX_RUNNING || is_watched (self, session))
    return;

  number = show (self, session, RUD_NOTICE_RUNNING);
  if (number != 0)
    g_hash_table_insert (self->running, session, GUINT_TO_POINTER (number));
}

/* Returns when the request of this session is to be told of, or G_MAXINT64. */
static gint64
look_at (RudNotifications  *self,
         RuntimeUseSession *session,
         gint64             now)
{
  gint64 started_at = 0;

  if (g_hash_table_contains (self->running, session))
    return G_MAXINT64;

  g_object_get (session, "request-started-at", &started_at, NULL);
  if (started_at == 0)
    return G_MAXINT64;
  if (started_at + self->after > now)
    return started_at + self->after;

  tell_running (self, session);

  /* Whoever watches may go. */
  return now + LAST_LOOK * 1000;
}

static gboolean look_cb (gpointer user_data);

static void
look_later (RudNotifications *self,
            gint64            interval)
{
  guint ms = (guint) CLAMP (interval / 1000 + 1, FIRST_LOOK, LAST_LOOK);

  if (self->look == 0)
    self->look = g_timeout_add (ms, look_cb, self);
}

/* Costs something for each session, and therefore comes at most four times a second, whatever
 * requests do; a request that ends before is never looked at.
 */
static gboolean
look_cb (gpointer user_data)
{
  RudNotifications *self = user_data;
  const guint n_sessions = g_list_model_get_n_items (self->sessions);
  gint64 now = g_get_real_time ();
  gint64 next = now + self->after;

  self->look = 0;
  for (guint i = 0; i < n_sessions; i++)
    {
      g_autoptr(RuntimeUseSession) session = g_list_model_get_item (self->sessions, i);

      next = MIN (next, look_at (self, session, now));
    }

  if (rud_status_get_n_active_requests (self->status) > 0)
    look_later (self, next - now);

  return G_SOURCE_REMOVE;
}

static void
changed_cb (RudStatus        *status,
            RudNotifications *self)
{
  if (rud_status_get_n_active_requests (status) > 0)
    look_later (self, self->after);
}

static void
cancel_cb (RudNotifier      *notifier,
           guint             number,
           RudNotifications *self)
{
  GHashTableIter iter;
  gpointer session;
  gpointer value;

  g_hash_table_iter_init (&iter, self->running);
  while (g_hash_table_iter_next (&iter, &session, &value))
    if (GPOINTER_TO_UINT (value) == number)
      {
        g_info ("A request is cancelled from its notification");
        runtime_use_session_cancel (session);
        return;
      }
}

/* Requests that are over */

static gboolean
may_tell_end (RudNotifications *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 n_new = (now - self->last_end) / END_INTERVAL;

  if (n_new > 0)
    {
      self->n_ends = (guint) MIN (self->n_ends + n_new, MAX_ENDS);
      self->last_end = now;
    }
  if (self->n_ends == 0)
    return FALSE;

  self->n_ends--;

  return TRUE;
}

static void
finished_cb (RudStatus         *status,
             RuntimeUseSession *session,
             guint              outcome,
             RudNotifications  *self)
{
  /* Most are short, and cost no more than this. */
  if (g_hash_table_size (self->running) > 0)
    withdraw (self, session);

  if (runtime_use_session_get_last_duration (session) < self->after ||
      outcome == RUNTIME_USE_REQUEST_OUTCOME_CANCELLED || is_watched (self, session))
    return;

  if (may_tell_end (self))
    show (self, session, outcome == RUNTIME_USE_REQUEST_OUTCOME_FAILED ? RUD_NOTICE_FAILED
                                                                       : RUD_NOTICE_OVER);
  else
    g_info ("Too many requests end at once to notify of each");
}

static void
session_closed_cb (RuntimeUseServer  *server,
                   RuntimeUseSession *session,
                   RudNotifications  *self)
{
  withdraw (self, session);
}

/* GObject */

static void
rud_notifications_dispose (GObject *object)
{
  RudNotifications *self = RUD_NOTIFICATIONS (object);

  g_clear_handle_id (&self->look, g_source_remove);
  g_hash_table_remove_all (self->running);
  g_clear_object (&self->sessions);
  g_clear_object (&self->notifier);
  g_clear_object (&self->status);

  G_OBJECT_CLASS (rud_notifications_parent_class)->dispose (object);
}

static void
rud_notifications_finalize (GObject *object)
{
  RudNotifications *self = RUD_NOTIFICATIONS (object);

  g_hash_table_unref (self->running);

  G_OBJECT_CLASS (rud_notifications_parent_class)->finalize (object);
}

static void
rud_notifications_class_init (RudNotificationsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rud_notifications_dispose;
  object_class->finalize = rud_notifications_finalize;
}

static void
rud_notifications_init (RudNotifications *self)
{
  self->running = g_hash_table_new (NULL, NULL);
  self->n_ends = MAX_ENDS;
  self->last_end = g_get_monotonic_time ();
}

/* @name is a value of the key "notify". */
RudNotifyMode
rud_notify_mode_from_name (const char *name)
{
  if (g_strcmp0 (name, "always") == 0)
    return RUD_NOTIFY_ALWAYS;

  return g_strcmp0 (name, "never") == 0 ? RUD_NOTIFY_NEVER : RUD_NOTIFY_UNWATCHED;
}

/* Requests that take @after seconds or more are told of. */
RudNotifications *
rud_notifications_new (RudStatus     *status,
                       RudNotifier   *notifier,
                       RudNotifyMode  mode,
                       guint          after)
{
  RudNotifications *self = g_object_new (RUD_TYPE_NOTIFICATIONS, NULL);
  RuntimeUseServer *server = rud_status_get_server (status);

  self->status = g_object_ref (status);
  self->notifier = g_object_ref (notifier);
  self->sessions = runtime_use_server_list_sessions (server);
  self->mode = mode;
  self->after = after * G_TIME_SPAN_SECOND;
  if (mode == RUD_NOTIFY_NEVER)
    return self;

  g_signal_connect_object (status, "changed", G_CALLBACK (changed_cb), self, 0);
  g_signal_connect_object (status, "request-finished", G_CALLBACK (finished_cb), self, 0);
  g_signal_connect_object (server, "session-closed", G_CALLBACK (session_closed_cb), self, 0);
  g_signal_connect_object (notifier, "cancel", G_CALLBACK (cancel_cb), self, 0);

  return self;
}
