/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-calls.h"

#include <errno.h>
#include <signal.h>

#include "raw-client.h"

/* A client whose runtime is in its process. */

#define SLEEPER "echo $$; exec sleep 1000"

static void
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  if (RUNTIME_USE_IS_CLIENT (object))
    answer->result = (GObject *)
      runtime_use_client_execute_commands_finish (RUNTIME_USE_CLIENT (object), result,
                                                  &answer->error);
  else
    answer->result = (GObject *)
      runtime_use_client_session_execute_commands_finish (RUNTIME_USE_CLIENT_SESSION (object),
                                                          result, &answer->error);
  g_assert_true ((answer->result == NULL) == (answer->error != NULL));
}

static RuntimeUseCommandExecutionMessage *
execution_new (const char *command)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (commands, runtime_use_command_new (command, NULL, NULL));

  return g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE, "commands", commands, NULL);
}

static RuntimeUseClient *
client_new_inside (const char *agent)
{
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;

  handler = runtime_use_agent_handler_new_for_name (agent, NULL);

  return runtime_use_client_new_for_handler (handler);
}

static void
test_inside (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("echo");
  g_auto(Answer) one = { 0 };
  g_auto(Answer) other = { 0 };

  g_test_summary ("An agent in this process answers without a socket");

  client_query (client, "ECHO:one", &one);
  client_query (client, "ERROR:other", &other);
  raw_wait_for (one.is_done && other.is_done);
  assert_text (&one, "one");
  g_assert_error (other.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE);
}

static void
take_pid_cb (GObject                        *object,
             RuntimeUseCommandOutputMessage *message,
             int                            *pid)
{
  *pid = (int) g_ascii_strtoll (runtime_use_command_output_message_get_text (message), NULL, 10);
}

static void
assert_gone (int pid)
{
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
}

static void
test_inside_close (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = execution_new (SLEEPER);
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("A session in this process is closed when its processes are gone");

  runtime_use_client_connect_async (client, NULL, client_connected_cb, &connected);
  raw_wait_for (connected.is_done);
  g_signal_connect (connected.session, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_session_execute_commands_async (connected.session, message, NULL, executed_cb,
                                                     &answer);
  raw_wait_for (pid != 0);
  g_assert_no_errno (kill (pid, 0));
  assert_closes (connected.session);
  assert_gone (pid);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED);
}

static void
test_inside_cancel (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = execution_new (SLEEPER);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("A cancelled request in this process ends when its processes are gone");

  g_signal_connect (client, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_execute_commands_async (client, message, cancellable, executed_cb, &answer);
  raw_wait_for (pid != 0);
  g_cancellable_cancel (cancellable);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (pid);
}

static void
test_inside_leftovers (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("What a command left behind in this process ends with the request");

  message = execution_new ("sleep 1000 >/dev/null 2>&1 & echo $!");
  g_signal_connect (client, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_execute_commands_async (client, message, NULL, executed_cb, &answer);
  raw_wait_for (answer.is_done);
  g_assert_no_error (answer.error);
  assert_gone (pid);
}

static void
test_inside_dropped (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("What a command left behind in this process ends when all is dropped");

  message = execution_new ("sleep 1000 >/dev/null 2>&1 & echo $!");
  runtime_use_client_connect_async (client, NULL, client_connected_cb, &connected);
  raw_wait_for (connected.is_done);
  g_signal_connect (connected.session, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_session_execute_commands_async (connected.session, message, NULL, executed_cb,
                                                     &answer);
  raw_wait_for (answer.is_done);
  g_assert_no_errno (kill (pid, 0));
  g_clear_object (&connected.session);
  raw_wait_for (kill (pid, 0) == -1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/client/inside", test_inside);
  g_test_add_func ("/client/inside/close", test_inside_close);
  g_test_add_func ("/client/inside/cancel", test_inside_cancel);
  g_test_add_func ("/client/inside/leftovers", test_inside_leftovers);
  g_test_add_func ("/client/inside/dropped", test_inside_dropped);

  return g_test_run ();
}
