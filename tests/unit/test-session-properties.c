/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <string.h>

/* What a watcher was told, one word each, in order. */
typedef struct
{
  SessionFixture *fixture;
  GString        *told;
} Watcher;

static void
tell (Watcher    *watcher,
      const char *what)
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
          Watcher           *watcher)
{
  tell (watcher, nick_of (RUNTIME_USE_TYPE_SESSION_STATE,
                          runtime_use_session_get_state (session)));
}

static void
phase_cb (RuntimeUseSession *session,
          GParamSpec        *pspec,
          Watcher           *watcher)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("@%s", nick_of (RUNTIME_USE_TYPE_REQUEST_PHASE,
                                          runtime_use_session_get_phase (session)));
  tell (watcher, text);
}

static void
command_cb (RuntimeUseSession *session,
            GParamSpec        *pspec,
            Watcher           *watcher)
{
  const char *command = runtime_use_session_get_command (session);
  g_autofree char *text = g_strdup_printf ("$%s", command != NULL ? command : "");

  tell (watcher, text);
}

static void
started_cb (RuntimeUseSession *session,
            Watcher           *watcher)
{
  g_assert_nonnull (runtime_use_session_get_request_kind (session));
  g_assert_cmpint (runtime_use_session_get_request_started_at (session), >, 0);
  tell (watcher, "started");
}

static void
finished_cb (RuntimeUseSession        *session,
             RuntimeUseRequestOutcome  outcome,
             Watcher                  *watcher)
{
  g_assert_nonnull (runtime_use_session_get_request_kind (session));
  g_assert_cmpint (runtime_use_session_get_request_started_at (session), >, 0);
  tell (watcher, nick_of (RUNTIME_USE_TYPE_REQUEST_OUTCOME, outcome));
}

static void
closed_cb (RuntimeUseSession *session,
           Watcher           *watcher)
{
  tell (watcher, "::closed");
}

static void
received_cb (RuntimeUseChannel *channel,
             GBytes            *message,
             Watcher           *watcher)
{
  tell (watcher, "message");
}

static Watcher *
watcher_new (SessionFixture *fixture)
{
  Watcher *self = g_new0 (Watcher, 1);

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

static void
watcher_free (Watcher *self)
{
  g_signal_handlers_disconnect_by_data (self->fixture->session, self);
  g_signal_handlers_disconnect_by_data (self->fixture->client, self);
  g_string_free (self->told, TRUE);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Watcher, watcher_free)

static void
assert_told (Watcher    *watcher,
             const char *expected)
{
  g_assert_cmpstr (watcher->told->str, ==, expected);
  g_string_truncate (watcher->told, 0);
}

static void
answer (SessionFixture *f,
        const char     *text)
{
  g_autoptr(RuntimeUseInvocation) invocation = fake_agent_take (f->agent);

  runtime_use_invocation_return_text (invocation, text, NULL);
  session_fixture_settle (f);
}

static void
assert_counts (SessionFixture *f,
               guint64         done,
               guint64         failed,
               guint64         cancelled)
{
  g_assert_cmpuint (runtime_use_session_get_requests_done (f->session), ==, done);
  g_assert_cmpuint (runtime_use_session_get_requests_failed (f->session), ==, failed);
  g_assert_cmpuint (runtime_use_session_get_requests_cancelled (f->session), ==, cancelled);
}

static void
assert_nothing_runs (SessionFixture *f)
{
  g_assert_null (runtime_use_session_get_request_kind (f->session));
  g_assert_null (runtime_use_session_get_source_id (f->session));
  g_assert_null (runtime_use_session_get_model (f->session));
  g_assert_null (runtime_use_session_get_command (f->session));
  g_assert_cmpint (runtime_use_session_get_phase (f->session), ==,
                   RUNTIME_USE_REQUEST_PHASE_NONE);
  g_assert_cmpint (runtime_use_session_get_request_started_at (f->session), ==, 0);
}

static void
test_fresh (void)
{
  gint64 before = g_get_real_time ();
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("A session that has done nothing says when it began, and nothing else");

  g_assert_null (runtime_use_session_get_peer (f->session));
  g_assert_cmpint (runtime_use_session_get_connected_at (f->session), >=, before);
  g_assert_cmpint (runtime_use_session_get_connected_at (f->session), <=, g_get_real_time ());
  assert_nothing_runs (f);
  assert_counts (f, 0, 0, 0);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 0);
  g_assert_null (runtime_use_session_get_last_error (f->session));
  g_assert_null (runtime_use_session_get_last_error_name (f->session));
  g_assert_cmpint (runtime_use_session_get_last_duration (f->session), ==, 0);
}

static void
test_invocation (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(Watcher) watcher = watcher_new (f);
  const char *blocks[] = { "one", "two", NULL };

  g_test_summary ("An invocation is told of from its acceptance to its terminal, in order");

  session_fixture_send (f, "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                           "\"user_prompt\":\"x\",\"model\":\"m1\",\"source_id\":\"job 7\","
                           "\"secrets_to_redact\":[]}");
  assert_told (watcher, "busy started @agent");
  g_assert_cmpstr (runtime_use_session_get_request_kind (f->session), ==, "invocation");
  g_assert_cmpstr (runtime_use_session_get_source_id (f->session), ==, "job 7");
  g_assert_cmpstr (runtime_use_session_get_model (f->session), ==, "m1");

  runtime_use_invocation_send_assistant_message (fake_agent_peek (f->agent), blocks);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 6);
  session_fixture_settle (f);
  assert_told (watcher, "message");

  fake_clock_advance (f->clock, 1500);
  answer (f, "done");
  assert_told (watcher, "idle succeeded @none message");
  assert_nothing_runs (f);
  assert_counts (f, 1, 0, 0);
  g_assert_cmpint (runtime_use_session_get_last_duration (f->session), ==, 1500000);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 6);
}

static void
test_commands (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(Watcher) watcher = watcher_new (f);

  g_test_summary ("Of a list of commands the one that runs is shown");

  session_fixture_send (f, "{\"message_type\":\"command_execution_message\","
                           "\"commands\":["
                           "{\"command\":\"printf 12345\"},{\"command\":\"exit 3\"}]}");
  session_fixture_wait_terminal (f);
  session_fixture_settle (f);
  assert_told (watcher, "busy started @agent $printf 12345 message $exit 3 $ idle succeeded @none "
                        "message");
  assert_counts (f, 1, 0, 0);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 5);
}

static void
test_failed (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(Watcher) watcher = watcher_new (f);

  g_test_summary ("A failure is counted and its text kept until the next one");

  session_fixture_send (f, "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                           "\"user_prompt\":\"x\",\"model\":\"m1\",\"secrets_to_redact\":[],"
                           "\"pre_agent_invocation_commands\":[{\"command\":\"exit 4\"}]}");
  session_fixture_wait_terminal (f);
  assert_told (watcher, "busy started @before $exit 4 $ idle failed @none message");
  assert_counts (f, 1, 1, 0);
  g_assert_cmpstr (runtime_use_session_get_last_error (f->session), ==,
                   "pre-agent command failed with exit code: 4");
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "command-failed");

  session_fixture_send_prompt (f, "one");
  answer (f, "fine");
  assert_counts (f, 2, 1, 0);
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "command-failed");
}

static void
test_cancelled (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(Watcher) watcher = watcher_new (f);

  g_test_summary ("A cancelled request is none that failed");

  session_fixture_send_prompt (f, "one");
  g_assert_true (runtime_use_session_cancel (f->session));
  answer (f, "in spite of all");
  assert_told (watcher, "busy started @agent cancelling idle cancelled @none message");
  assert_counts (f, 1, 0, 1);
  g_assert_null (runtime_use_session_get_last_error (f->session));
}

static void
test_drain_idle (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(Watcher) watcher = watcher_new (f);

  g_test_summary ("An idle session that is drained closes its channel with 1001");

  runtime_use_session_drain (f->session);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_ENDING);
  session_fixture_wait_closed (f);
  assert_told (watcher, "ending closed ::closed");
  g_assert_cmpuint (runtime_use_channel_get_close_code (RUNTIME_USE_CHANNEL (f->client), NULL), ==,
                    1001);
}

static void
test_drain_busy (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(Watcher) watcher = watcher_new (f);

  g_test_summary ("A request that runs when its session is drained goes on; others are refused");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_drain (f->session);
  runtime_use_session_drain (f->session);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_BUSY);
  session_fixture_send_prompt (f, "two");
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"error_message\",\"error\":\"The server is going away\","
                   "\"metadata\":{\"error_name\":\"busy\"}}");
  answer (f, "first");
  g_assert_nonnull (strstr (session_fixture_take (f), "first"));
  session_fixture_wait_closed (f);
  assert_told (watcher, "busy started @agent message ending succeeded @none closed ::closed "
                        "message");
  g_assert_cmpuint (runtime_use_channel_get_close_code (RUNTIME_USE_CHANNEL (f->client), NULL), ==,
                    1001);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/session-properties/fresh", test_fresh);
  g_test_add_func ("/session-properties/invocation", test_invocation);
  g_test_add_func ("/session-properties/commands", test_commands);
  g_test_add_func ("/session-properties/failed", test_failed);
  g_test_add_func ("/session-properties/cancelled", test_cancelled);
  g_test_add_func ("/session-properties/drain-idle", test_drain_idle);
  g_test_add_func ("/session-properties/drain-busy", test_drain_busy);

  return g_test_run ();
}
