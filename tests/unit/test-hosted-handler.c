/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-hosted-handler.h"
#include "session-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_SECONDS 20

/* A handler in a folder of its own, which is a link to the scripted host. */
typedef struct
{
  char                    *folder;
  char                    *path;
  RuntimeUseHostedHandler *handler;
  SessionFixture          *session;
  SessionFixture          *other;     /* (nullable): a second client */
} Fixture;

static void
assert_contains (const char *message,
                 const char *part)
{
  if (strstr (message, part) == NULL)
    g_error ("no “%s” in “%.600s”", part, message);
}

static Fixture *
fixture_new (const char *how)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr(GError) error = NULL;

  self->folder = g_dir_make_tmp ("runtimeuse-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, how, NULL);
  g_assert_cmpint (symlink (g_getenv ("RUNTIMEUSE_TEST_SCRIPTED_HOST"), self->path), ==, 0);
  self->handler = runtime_use_hosted_handler_new (self->path);
  self->session = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (self->handler));
  g_object_set (self->session->session, "kill-grace", 100, NULL);

  return self;
}

/* For where the answer to a cancel counts, however slow the machine is. */
static void
fixture_be_patient (Fixture *self)
{
  g_object_set (self->session->session, "kill-grace", 20000, NULL);
}

static void
fixture_add_other (Fixture *self)
{
  self->other = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (self->handler));
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("waited in vain");

  return G_SOURCE_REMOVE;
}

static void
result_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **slot)
{
  guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);

  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);

  return *slot;
}

static void
fixture_stop (Fixture *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  runtime_use_hosted_handler_stop_async (self->handler, NULL, result_cb, &result);
  runtime_use_hosted_handler_stop_finish (self->handler, wait_for_result (&result), &error);
  g_assert_no_error (error);
}

static void
fixture_free (Fixture *self)
{
  fixture_stop (self);
  session_fixture_free (self->session);
  g_clear_pointer (&self->other, session_fixture_free);
  g_assert_finalize_object (self->handler);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static const char *
ask (SessionFixture *session,
     const char     *prompt)
{
  session_fixture_send_prompt (session, prompt);

  return session_fixture_wait_terminal (session);
}

static void
cancel (SessionFixture *session)
{
  session_fixture_send (session, "{\"message_type\":\"cancel_message\"}");
}

static GError *
prepare (Fixture *f)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;

  runtime_use_hosted_handler_prepare_async (f->handler, NULL, result_cb, &result);
  runtime_use_hosted_handler_prepare_finish (f->handler, wait_for_result (&result), &error);

  return error;
}

static void
test_answers (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *pid = NULL;

  g_test_summary ("A host answers, streams and reports, and stays warm");

  pid = g_strdup (ask (f->session, "pid"));
  assert_contains (ask (f->session, "echo hello"),
                   "\"data\":{\"type\":\"text\",\"text\":\"hello\"}");
  session_fixture_send_prompt (f->session, "stream 3");
  assert_contains (session_fixture_wait (f->session), "[\"message 1 of 3\"]");
  assert_contains (session_fixture_wait (f->session), "[\"message 2 of 3\"]");
  assert_contains (session_fixture_wait (f->session), "[\"message 3 of 3\"]");
  assert_contains (session_fixture_wait (f->session), "streamed 3 messages");
  assert_contains (ask (f->session, "outcome {\\\"type\\\": \\\"structured_output\\\","
                                    "\\\"structured_output\\\": {\\\"a\\\": 1e400}, "
                                    "\\\"metadata\\\": {\\\"b\\\": 0.10}}"),
                   "\"metadata\":{\"b\":0.10},"
                   "\"data\":{\"type\":\"structured_output\",\"structured_output\":{\"a\":1e400}}");
  assert_contains (ask (f->session, "report bad"),
                   "\"error\":\"bad\",\"metadata\":{\"source\":\"scripted\"}");
  assert_contains (ask (f->session, "fail worse"),
                   "\"error\":\"worse\",\"metadata\":{\"error_name\":\"OddError\"}");
  g_assert_cmpstr (ask (f->session, "pid"), ==, pid);
  session_fixture_assert_quiet (f->session);
}

static void
test_invocation (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  const char *message;

  g_test_summary ("A host is given all that an invocation holds");

  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"be\\nkind\","
                        "\"user_prompt\":\"invocation\",\"model\":\"m\","
                        "\"agent_env\":{\"A\":\"b=c\"},\"secrets_to_redact\":[\"q7q7\"],"
                        "\"output_format_json_schema_str\":\"{\\\"type\\\" :\\n 1.0}\"}");
  message = session_fixture_wait_terminal (f->session);
  assert_contains (message, "\\\"system_prompt\\\": \\\"be\\\\nkind\\\"");
  assert_contains (message, "\\\"model\\\": \\\"m\\\"");
  assert_contains (message, "\\\"env\\\": {\\\"A\\\": \\\"b=c\\\"}");
  assert_contains (message, "\\\"secrets\\\": [\\\"[REDACTED]\\\"]");
  assert_contains (message, "\\\"output_format\\\": {\\\"type\\\": 1.0}");
}

static void
test_unfit_outcomes (void)
{
  static const struct { const char *outcome; const char *problem; } cases[] = {
    { "17", "it is no object" },
    { "{}", "its \\\"type\\\" must be" },
    { "{\\\"type\\\":\\\"poem\\\"}", "not \\\"poem\\\"" },
    { "{\\\"type\\\":\\\"text\\\"}", "its \\\"text\\\" must be a string" },
    { "{\\\"type\\\":\\\"text\\\",\\\"text\\\":7}", "its \\\"text\\\" must be a string" },
    { "{\\\"type\\\":\\\"structured_output\\\",\\\"structured_output\\\":[]}",
      "must be a JSON object" },
    { "{\\\"type\\\":\\\"text\\\",\\\"text\\\":\\\"\\\",\\\"metadata\\\":[]}",
      "the metadata must be a JSON object" },
  };
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("An outcome of no known kind is an error that says what is wrong with it");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *prompt = g_strdup_printf ("outcome %s", cases[i].outcome);
      const char *message = ask (f->session, prompt);

      assert_contains (message, "error_message");
      assert_contains (message, cases[i].problem);
    }
}

static void
test_odd_messages (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("Unknown ids and types, second results and late words are ignored");

  assert_contains (ask (f->session, "twice"), "\"text\":\"first\"");
  assert_contains (ask (f->session, "other-id"), "\"text\":\"right\"");
  assert_contains (ask (f->session, "echo on"), "\"text\":\"on\"");
  session_fixture_assert_quiet (f->session);
}

static void
test_death (void)
{
  static const struct { const char *prompt; const char *error; } cases[] = {
    { "die of it", "ended by signal 9 (Killed)\\nlast words: of it" },
    { "half", "its process ended with status 0" },
    { "garbage no JSON", "cannot be used" },
    { "garbage []", "it is not a JSON object" },
    { "long 9000000", "more than 8388608 bytes" },
    { "close-output", "closed its descriptor 4" },
  };
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("A host that dies or babbles costs its own requests, and the next one works");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *message = ask (f->session, cases[i].prompt);

      assert_contains (message, "error_message");
      assert_contains (message, cases[i].error);
      assert_contains (ask (f->session, "echo again"), "\"text\":\"again\"");
    }
  assert_contains (ask (f->session, "leave 0"), "\"text\":\"left\"");
  assert_contains (ask (f->session, "echo again"), "\"text\":\"again\"");
}

static void
test_closed_input (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("A host that is deaf is ended, and what it missed goes to the next");

  fixture_add_other (f);
  session_fixture_send_prompt (f->session, "close-input");
  assert_contains (session_fixture_wait (f->session), "closed");
  assert_contains (ask (f->other, "echo deaf"), "\"text\":\"deaf\"");
  assert_contains (session_fixture_wait_terminal (f->session), "closed its descriptor");
  assert_contains (ask (f->other, "echo again"), "\"text\":\"again\"");
}

static void
test_missed (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *file = g_build_filename (f->folder, "go", NULL);
  g_autofree char *deafen = g_strdup_printf ("deafen %s", file);
  g_autoptr(SessionFixture) third = NULL;

  g_test_summary ("What a host had not read when it became deaf goes to the next, all of it");

  fixture_add_other (f);
  third = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (f->handler));
  session_fixture_send_prompt (f->session, deafen);
  assert_contains (session_fixture_wait (f->session), "busy");
  session_fixture_send_prompt (f->other, "echo in the pipe");
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  assert_contains (session_fixture_wait (f->session), "closed");
  session_fixture_send_prompt (third, "echo behind it");

  assert_contains (session_fixture_wait_terminal (f->session), "closed its descriptor 3");
  assert_contains (session_fixture_wait_terminal (f->other), "\"text\":\"in the pipe\"");
  assert_contains (session_fixture_wait_terminal (third), "\"text\":\"behind it\"");
  g_unlink (file);
}

static void
test_bad_starts (void)
{
  static const struct { const char *how; const char *error; } cases[] = {
    { "dies", "dies: its process ended with status 3 before it was ready\nno luck today" },
    { "refuses", "module at nowhere must export something" },
    { "silent", "silent: it was not ready within 1 s" },
  };

  g_test_summary ("A host that cannot start says why, to who prepares it and to who asks");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Fixture) f = fixture_new (cases[i].how);
      g_autoptr(GError) error = NULL;

      /* The others are given the time that a busy machine takes to start them. */
      if (g_str_equal (cases[i].how, "silent"))
        g_object_set (f->handler, "start-timeout", 1, NULL);
      error = prepare (f);
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, cases[i].error);
      assert_contains (ask (f->session, "echo x"), "error_message");
    }
}

static void
test_bad_files (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *plain = g_build_filename (f->folder, "plain.txt", NULL);
  const char *paths[] = { "/nowhere/handler.js", f->folder, plain };
  const char *errors[] = { "does not exist", "is not a file", "is not executable" };

  g_test_summary ("A file that is missing or cannot be run is named");

  g_assert_true (g_file_set_contents (plain, "", 0, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr(RuntimeUseHostedHandler) handler = runtime_use_hosted_handler_new (paths[i]);
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      runtime_use_hosted_handler_prepare_async (handler, NULL, result_cb, &result);
      g_assert_false (runtime_use_hosted_handler_prepare_finish (handler,
                                                                 wait_for_result (&result),
                                                                 &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      assert_contains (error->message, paths[i]);
      assert_contains (error->message, errors[i]);
    }
  g_unlink (plain);
}

static void
test_missing_programs (void)
{
  static const struct { const char *name; const char *program; } cases[] = {
    { "handler.js", "needs bun or node, which is not in PATH" },
    { "handler.py", "needs python3, which is not in PATH" },
  };
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  g_test_summary ("A missing interpreter is named, with what to do");

  g_setenv ("PATH", "/nowhere", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Fixture) f = fixture_new (cases[i].name);
      g_autoptr(GError) error = prepare (f);

      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
      assert_contains (error->message, cases[i].program);
      assert_contains (error->message, "apt-get install");
    }
  g_setenv ("PATH", path, TRUE);
}

static void
test_prepare_cancelled (void)
{
  g_autoptr(Fixture) f = fixture_new ("silent");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Who gives up waiting for a host that does not start hears so at once");

  runtime_use_hosted_handler_prepare_async (f->handler, cancellable, result_cb, &result);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  g_assert_false (runtime_use_hosted_handler_prepare_finish (f->handler,
                                                             wait_for_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_honoured (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *pid = NULL;

  g_test_summary ("A cancel reaches the handler, and its host lives on");

  fixture_be_patient (f);
  pid = g_strdup (ask (f->session, "pid"));
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  g_assert_cmpstr (ask (f->session, "pid"), ==, pid);
}

static void
test_cancel_ignored (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("A handler that ignores a cancel is killed, and others in its host are told so");

  fixture_add_other (f);
  session_fixture_send_prompt (f->other, "wait");
  assert_contains (session_fixture_wait (f->other), "waiting");
  session_fixture_send_prompt (f->session, "hang");
  assert_contains (session_fixture_wait (f->session), "hanging");
  cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  assert_contains (session_fixture_wait_terminal (f->other), "went on after it was cancelled");
  assert_contains (ask (f->other, "echo again"), "\"text\":\"again\"");
}

static void
test_cancel_waiting (void)
{
  g_autoptr(Fixture) f = fixture_new ("single");

  g_test_summary ("What waits for a host can be cancelled there");

  g_object_set (f->handler, "max-hosts", 1, NULL);
  fixture_add_other (f);
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  session_fixture_send_prompt (f->other, "echo x");
  cancel (f->other);
  assert_contains (session_fixture_wait (f->other), "Request cancelled");
  cancel (f->session);
  assert_contains (session_fixture_wait (f->session), "Request cancelled");
}

static void
test_cancel_starting (void)
{
  g_autoptr(Fixture) f = fixture_new ("silent");

  g_test_summary ("Who waits for a host that does not start need not wait for its deadline");

  session_fixture_send_prompt (f->session, "echo x");
  cancel (f->session);
  assert_contains (session_fixture_wait (f->session), "Request cancelled");
}

static pid_t
read_pid (const char *text)
{
  guint64 pid = g_ascii_strtoull (text, NULL, 10);

  g_assert_cmpuint (pid, >, 1);

  return (pid_t) pid;
}

static gboolean
is_gone (pid_t pid)
{
  return kill (pid, 0) != 0 && errno == ESRCH;
}

static void
wait_until_gone (pid_t pid)
{
  g_autoptr(GTimer) timer = g_timer_new ();

  while (!is_gone (pid))
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, DEADLINE_SECONDS);
    }
}

static void
test_escapes (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *file = g_build_filename (f->folder, "pid", NULL);
  g_autofree char *prompt = g_strdup_printf ("escape %s", file);
  g_autofree char *text = NULL;

  g_test_summary ("An ignored cancel ends the whole tree, which is gone before the answer");

  session_fixture_send_prompt (f->session, prompt);
  assert_contains (session_fixture_wait (f->session), "escaped");
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_false (is_gone (read_pid (text)));
  cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  g_assert_true (is_gone (read_pid (text)));
  g_unlink (file);
}

static void
test_deserts (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *file = g_build_filename (f->folder, "pid", NULL);
  g_autofree char *prompt = g_strdup_printf ("desert %s", file);
  g_autofree char *text = NULL;

  g_test_summary ("The death of a host is that of its process, whoever holds its pipes open");

  session_fixture_send_prompt (f->session, prompt);
  assert_contains (session_fixture_wait_terminal (f->session), "its process ended with status 5");
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_true (is_gone (read_pid (text)));
  g_unlink (file);
}

static void
test_one_at_a_time (void)
{
  g_autoptr(Fixture) f = fixture_new ("single");
  g_autofree char *pid = NULL;

  g_test_summary ("A host that takes one at a time gets company, as much as is allowed");

  fixture_be_patient (f);
  g_object_set (f->handler, "max-hosts", 2, NULL);
  fixture_add_other (f);
  pid = g_strdup (ask (f->session, "pid"));
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  g_assert_cmpstr (ask (f->other, "pid"), !=, pid);
  session_fixture_send_prompt (f->other, "wait");
  assert_contains (session_fixture_wait (f->other), "waiting");

  /* Both are busy. The third waits until one is not. */
  {
    g_autoptr(SessionFixture) third = NULL;

    third = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (f->handler));
    session_fixture_send_prompt (third, "pid");
    session_fixture_assert_quiet (third);
    cancel (f->session);
    g_assert_cmpstr (session_fixture_wait_terminal (third), ==, pid);
  }
  cancel (f->other);
  assert_contains (session_fixture_wait_terminal (f->other), "Request cancelled");
}

static void
kill_unnoticed (pid_t pid)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_SECONDS * G_TIME_SPAN_SECOND;

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  while (!is_gone (pid))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }
}

static pid_t
ask_pid (SessionFixture *session)
{
  const char *before = "\"text\":\"";
  const char *text = strstr (ask (session, "pid"), before);

  g_assert_nonnull (text);

  return read_pid (text + strlen (before));
}

static void
test_all_killed (void)
{
  g_autoptr(Fixture) f = fixture_new ("single");
  pid_t first;
  pid_t second;
  pid_t third;

  g_test_summary ("When several idle hosts were killed, the next request is answered all the same");

  fixture_be_patient (f);
  fixture_add_other (f);
  first = ask_pid (f->session);
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  second = ask_pid (f->other);
  g_assert_cmpint (second, !=, first);
  cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");

  kill_unnoticed (first);
  kill_unnoticed (second);
  third = ask_pid (f->session);
  g_assert_cmpint (third, !=, first);
  g_assert_cmpint (third, !=, second);
}

static void
test_no_room_for_more (void)
{
  g_autoptr(Fixture) f = fixture_new ("alone");
  g_autofree char *starts = g_strconcat (f->path, ".starts", NULL);
  g_autofree char *place = g_strconcat (f->path, ".place", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GTimer) timer = g_timer_new ();
  gsize n_starts;

  g_test_summary ("Where no second host can live, the first serves all, and no more are tried");

  fixture_be_patient (f);
  fixture_add_other (f);
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  session_fixture_send_prompt (f->other, "echo at last");
  do
    {
      g_main_context_iteration (NULL, FALSE);
      g_clear_pointer (&text, g_free);
      g_assert_true (g_file_get_contents (starts, &text, &n_starts, NULL));
      g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, DEADLINE_SECONDS);
    }
  while (n_starts < 2);

  /* The time that it took to start the first two is enough for many. */
  for (double until = 2 * g_timer_elapsed (timer, NULL); g_timer_elapsed (timer, NULL) < until; )
    g_main_context_iteration (NULL, FALSE);
  cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->other), "\"text\":\"at last\"");
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (starts, &text, &n_starts, NULL));
  g_assert_cmpuint (n_starts, ==, 2);
  g_unlink (starts);
  g_rmdir (place);
}

static void
test_unread_prompts (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  g_autofree char *word = g_strnfill (32 * 1024, 'x');
  g_autofree char *prompt = g_strdup_printf ("echo %s", word);
  g_autofree char *file = g_build_filename (f->folder, "go", NULL);
  g_autofree char *deafen = g_strdup_printf ("deafen %s", file);
  g_autoptr(GPtrArray) clients = NULL;

  g_test_summary ("Prompts that a host does not read wait, and can be cancelled");

  clients = g_ptr_array_new_with_free_func ((GDestroyNotify) session_fixture_free);
  session_fixture_send_prompt (f->session, deafen);
  assert_contains (session_fixture_wait (f->session), "busy");
  for (guint i = 0; i < 4; i++)
    {
      SessionFixture *client = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (f->handler));

      g_object_set (client->session, "kill-grace", 100, NULL);
      g_ptr_array_add (clients, client);
      session_fixture_send_prompt (client, prompt);
    }

  cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  for (guint i = 0; i < clients->len; i++)
    assert_contains (session_fixture_wait_terminal (g_ptr_array_index (clients, i)), "xxxx");
}

static void
test_backpressure (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  const guint n = 40000;

  g_test_summary ("A host whose client does not read is not read, and nothing is lost");

  g_assert_no_error (prepare (f));
  _runtime_use_memory_channel_set_high_water (f->session->client, 5000);
  _runtime_use_memory_channel_set_held (f->session->client, TRUE);
  session_fixture_send_prompt (f->session, "stream 40000");
  while (_runtime_use_memory_channel_get_pending (f->session->client) < 5000)
    g_main_context_iteration (NULL, TRUE);
  session_fixture_settle (f->session);
  g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->session->client), <, 6000);
  _runtime_use_memory_channel_set_held (f->session->client, FALSE);

  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *part = g_strdup_printf ("\"message %u of 40000\"", i);

      assert_contains (session_fixture_wait (f->session), part);
    }
  assert_contains (session_fixture_wait (f->session), "streamed 40000 messages");
  assert_contains (ask (f->session, "flow"), "[\\\"pause\\\"");
}

static void
test_cancel_blocked (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("A host that waits for room to write is cancelled all the same");

  g_assert_no_error (prepare (f));
  _runtime_use_memory_channel_set_high_water (f->session->client, 100);
  _runtime_use_memory_channel_set_held (f->session->client, TRUE);
  session_fixture_send_prompt (f->session, "stream 10000000");
  session_fixture_settle (f->session);
  cancel (f->session);
  _runtime_use_memory_channel_set_held (f->session->client, FALSE);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  _runtime_use_memory_channel_set_high_water (f->session->client, 1024 * 1024);
  assert_contains (ask (f->session, "echo again"), "\"text\":\"again\"");
}

static void
test_stop (void)
{
  static const char * const hows[] = { "concurrent", "stays" };

  g_test_summary ("A stop ends hosts, also one that ignores the end of its input");

  for (guint i = 0; i < G_N_ELEMENTS (hows); i++)
    {
      g_autoptr(Fixture) f = fixture_new (hows[i]);
      g_autofree char *message = g_strdup (ask (f->session, "pid"));
      pid_t pid = read_pid (strstr (message, "\"text\":\"") + strlen ("\"text\":\""));

      session_fixture_send_prompt (f->session, "wait");
      fixture_stop (f);
      g_assert_true (is_gone (pid));
      assert_contains (session_fixture_wait_terminal (f->session), "was stopped");
      assert_contains (ask (f->session, "echo again"), "\"text\":\"again\"");
    }
}

static void
test_stop_while_starting (void)
{
  g_autoptr(Fixture) f = fixture_new ("late");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop ends a host that becomes ready only then, and ignores that");

  runtime_use_hosted_handler_prepare_async (f->handler, NULL, result_cb, &result);
  fixture_stop (f);
  g_assert_false (runtime_use_hosted_handler_prepare_finish (f->handler,
                                                             wait_for_result (&result), &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED);
}

static void
test_dropped (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  RuntimeUseHostedHandler *handler = runtime_use_hosted_handler_new (f->path);
  g_autoptr(SessionFixture) session = NULL;
  g_autofree char *message = NULL;
  pid_t pid;

  g_test_summary ("A handler lives as long as an invocation needs it, and its host no longer");

  session = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (handler));
  message = g_strdup (ask (session, "pid"));
  pid = read_pid (strstr (message, "\"text\":\"") + strlen ("\"text\":\""));
  session_fixture_send_prompt (session, "wait");
  assert_contains (session_fixture_wait (session), "waiting");
  g_object_unref (handler);
  cancel (session);
  assert_contains (session_fixture_wait_terminal (session), "Request cancelled");
  g_clear_pointer (&session, session_fixture_free);
  wait_until_gone (pid);
}

static void
test_line_limit (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("The limit of a line is exact, also when the end of the line came with it");

  g_object_set (f->handler, "max-line-size", (guint64) 2000, NULL);
  assert_contains (ask (f->session, "echo fits"), "\"text\":\"fits\"");
  {
    g_autofree char *word = g_strnfill (2000, 'x');
    g_autofree char *prompt = g_strdup_printf ("echo %s", word);

    assert_contains (ask (f->session, prompt), "more than 2000 bytes");
  }
}

static GLogWriterOutput
keep_log (GLogLevelFlags   level,
          const GLogField *fields,
          gsize            n_fields,
          gpointer         user_data)
{
  GString *log = user_data;

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (log, "%s\n", (const char *) fields[i].value);

  return G_LOG_WRITER_HANDLED;
}

static void
test_secrets_of_others (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");
  GString *log = g_string_new (NULL);

  g_test_summary ("What a host says late, or in an error of another client, has no secrets in it");

  g_log_set_writer_func (keep_log, log, NULL);
  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"model\":\"\",\"secrets_to_redact\":[\"q7q7\"],"
                        "\"user_prompt\":\"say-late q7q7\"}");
  assert_contains (session_fixture_wait_terminal (f->session), "said");
  assert_contains (ask (f->session, "garbage a q7q7 b"), "a [REDACTED] b");
  assert_contains (log->str, "late: [REDACTED]");
  assert_contains (log->str, "of nobody: [REDACTED]");
  g_assert_null (strstr (log->str, "q7q7"));
}

static void
test_secrets (void)
{
  g_autoptr(Fixture) f = fixture_new ("concurrent");

  g_test_summary ("What a host prints is logged without the secrets of those it serves");

  g_assert_no_error (prepare (f));
  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"model\":\"\",\"secrets_to_redact\":[\"first\\nsecond\"],"
                        "\"user_prompt\":\"die a first\\nsecond b\"}");
  assert_contains (session_fixture_wait_terminal (f->session),
                   "last words: a [REDACTED] b");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hosted-handler/answers", test_answers);
  g_test_add_func ("/hosted-handler/invocation", test_invocation);
  g_test_add_func ("/hosted-handler/unfit-outcomes", test_unfit_outcomes);
  g_test_add_func ("/hosted-handler/odd-messages", test_odd_messages);
  g_test_add_func ("/hosted-handler/death", test_death);
  g_test_add_func ("/hosted-handler/closed-input", test_closed_input);
  g_test_add_func ("/hosted-handler/missed", test_missed);
  g_test_add_func ("/hosted-handler/line-limit", test_line_limit);
  g_test_add_func ("/hosted-handler/bad-starts", test_bad_starts);
  g_test_add_func ("/hosted-handler/bad-files", test_bad_files);
  g_test_add_func ("/hosted-handler/missing-programs", test_missing_programs);
  g_test_add_func ("/hosted-handler/prepare-cancelled", test_prepare_cancelled);
  g_test_add_func ("/hosted-handler/cancel-honoured", test_cancel_honoured);
  g_test_add_func ("/hosted-handler/cancel-ignored", test_cancel_ignored);
  g_test_add_func ("/hosted-handler/cancel-waiting", test_cancel_waiting);
  g_test_add_func ("/hosted-handler/cancel-starting", test_cancel_starting);
  g_test_add_func ("/hosted-handler/escapes", test_escapes);
  g_test_add_func ("/hosted-handler/deserts", test_deserts);
  g_test_add_func ("/hosted-handler/one-at-a-time", test_one_at_a_time);
  g_test_add_func ("/hosted-handler/all-killed", test_all_killed);
  g_test_add_func ("/hosted-handler/no-room-for-more", test_no_room_for_more);
  g_test_add_func ("/hosted-handler/unread-prompts", test_unread_prompts);
  g_test_add_func ("/hosted-handler/backpressure", test_backpressure);
  g_test_add_func ("/hosted-handler/cancel-blocked", test_cancel_blocked);
  g_test_add_func ("/hosted-handler/stop", test_stop);
  g_test_add_func ("/hosted-handler/stop-while-starting", test_stop_while_starting);
  g_test_add_func ("/hosted-handler/dropped", test_dropped);
  g_test_add_func ("/hosted-handler/secrets", test_secrets);
  /* The last one: the log cannot be given back. */
  g_test_add_func ("/hosted-handler/secrets-of-others", test_secrets_of_others);

  return g_test_run ();
}
