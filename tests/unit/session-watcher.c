/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-watcher.h"

static void
tell (SessionWatcher *watcher,
      const char     *what)
{
  if (watcher->told->len > 0)
    g_string_append_c (watcher->told, ' ');
  g_string_append (watcher->told, what);
}

static const char *
nick_of (GType type,
         int   value)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);

  return g_enum_get_value (klass, value)->value_nick;
}

static void
state_cb (RuntimeUseSession *session,
          GParamSpec        *pspec,
          SessionWatcher    *watcher)
{
  tell (watcher, nick_of (RUNTIME_USE_TYPE_SESSION_STATE,
                          runtime_use_session_get_state (session)));
}

static void
phase_cb (RuntimeUseSession *session,
          GParamSpec        *pspec,
          SessionWatcher    *watcher)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("@%s", nick_of (RUNTIME_USE_TYPE_REQUEST_PHASE,
                                          runtime_use_session_get_phase (session)));
  tell (watcher, text);
}

static void
command_cb (RuntimeUseSession *session,
            GParamSpec        *pspec,
            SessionWatcher    *watcher)
{
  const char *command = runtime_use_session_get_command (session);
  g_autofree char *text = g_strdup_printf ("$%s", command != NULL ? command : "");

  tell (watcher, text);
}

static void
started_cb (RuntimeUseSession *session,
            SessionWatcher    *watcher)
{
  g_assert_nonnull (runtime_use_session_get_request_kind (session));
  g_assert_cmpint (runtime_use_session_get_request_started_at (session), >, 0);
  tell (watcher, "started");
}

static void
finished_cb (RuntimeUseSession        *session,
             RuntimeUseRequestOutcome  outcome,
             SessionWatcher           *watcher)
{
  g_assert_nonnull (runtime_use_session_get_request_kind (session));
  g_assert_cmpint (runtime_use_session_get_request_started_at (session), >, 0);
  tell (watcher, nick_of (RUNTIME_USE_TYPE_REQUEST_OUTCOME, outcome));
}

static void
closed_cb (RuntimeUseSession *session,
           SessionWatcher    *watcher)
{
  tell (watcher, "::closed");
}

static void
received_cb (RuntimeUseChannel *channel,
             GBytes            *message,
             SessionWatcher    *watcher)
{
  tell (watcher, "message");
}

SessionWatcher *
session_watcher_new (SessionFixture *fixture)
{
  SessionWatcher *self = g_new0 (SessionWatcher, 1);

  self->fixture = fixture;
  self->told = g_string_new (NULL);
  g_signal_connect (fixture->session, "notify::state", G_CALLBACK (state_cb), self);
  g_signal_connect (fixture->session, "notify::phase", G_CALLBACK (phase_cb), self);
  g_signal_connect (fixture->session, "notify::command", G_CALLBACK (command_cb), self);
  g_signal_connect (fixture->session, "request-started", G_CALLBACK (started_cb), self);
  g_signal_connect (fixture->session, "request-finished", G_CALLBACK (finished_cb), self);
  g_signal_connect (fixture->session, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (fixture->client, "message", G_CALLBACK (received_cb), self);

  return self;
}

void
session_watcher_free (SessionWatcher *self)
{
  g_signal_handlers_disconnect_by_data (self->fixture->session, self);
  g_signal_handlers_disconnect_by_data (self->fixture->client, self);
  g_string_free (self->told, TRUE);
  g_free (self);
}

void
session_watcher_assert (SessionWatcher *watcher,
                        const char     *expected)
{
  g_assert_cmpstr (watcher->told->str, ==, expected);
  g_string_truncate (watcher->told, 0);
}
