/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-file-exchange-private.h"
#include "transfer-fixture.h"

/* An exchange between the folders "here" and "there" of a test, and a runtime in this process. */
typedef struct
{
  TransferFixture         folders;
  char                   *here;
  char                   *there;
  RuntimeUseFileExchange *exchange;
  RuntimeUseClient       *client;
  GAsyncResult           *result;
  GString                *told;      /* by the exchange */
} Fixture;

static void
received_cb (RuntimeUseFileExchange *exchange,
             const char             *filepath,
             const char             *local_path,
             guint64                 n_bytes,
             Fixture                *f)
{
  g_assert_true (g_file_test (local_path, G_FILE_TEST_IS_REGULAR));
  g_string_append_printf (f->told, "received %s %" G_GUINT64_FORMAT "\n",
                          filepath + strlen (f->there), n_bytes);
}

static void
failed_cb (RuntimeUseFileExchange *exchange,
           const char             *filepath,
           const char             *error,
           Fixture                *f)
{
  g_assert_nonnull (error);
  g_string_append_printf (f->told, "failed %s\n", filepath + strlen (f->there));
}

static void
set_up (Fixture       *f,
        gconstpointer  test_data)
{
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;

  transfer_fixture_set_up (&f->folders, NULL);
  f->here = g_build_filename (f->folders.target, "here", NULL);
  f->there = g_build_filename (f->folders.target, "there", NULL);
  f->told = g_string_new (NULL);
  f->exchange = runtime_use_file_exchange_new ();
  g_signal_connect (f->exchange, "received", G_CALLBACK (received_cb), f);
  g_signal_connect (f->exchange, "failed", G_CALLBACK (failed_cb), f);

  handler = RUNTIME_USE_AGENT_HANDLER (runtime_use_echo_handler_new ());
  f->client = runtime_use_client_new_for_handler (handler);
  g_object_set (f->client, "file-exchange", f->exchange, NULL);
}

static void
result_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Fixture *f = user_data;

  f->result = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (Fixture *f)
{
  while (f->result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return g_steal_pointer (&f->result);
}

static void
stop (Fixture *f)
{
  g_autoptr(GAsyncResult) result = NULL;

  runtime_use_file_exchange_stop_async (f->exchange, result_cb, f);
  result = wait_for_result (f);
  g_assert_true (runtime_use_file_exchange_stop_finish (f->exchange, result, NULL));
}

static void
tear_down (Fixture       *f,
           gconstpointer  test_data)
{
  stop (f);
  g_object_unref (f->client);
  g_object_unref (f->exchange);
  g_string_free (f->told, TRUE);
  g_free (f->here);
  g_free (f->there);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  transfer_fixture_tear_down (&f->folders, NULL);
}

static gboolean
start (Fixture  *f,
       GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  runtime_use_file_exchange_start_async (f->exchange, NULL, result_cb, f);
  result = wait_for_result (f);

  return runtime_use_file_exchange_start_finish (f->exchange, result, error);
}

static void
write_here (Fixture    *f,
            const char *name,
            const char *content)
{
  g_autofree char *path = g_build_filename (f->here, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

static void
assert_here (Fixture    *f,
             const char *name,
             const char *content)
{
  g_autofree char *path = g_build_filename (f->here, name, NULL);
  g_autofree char *found = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &found, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, content);
}

/* Runs @script where the folders of the runtime are; returns what it printed. */
static char *
run (Fixture    *f,
     const char *script)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_autoptr(RuntimeUseExecutionResult) answer = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  RuntimeUseCommandResult *command;

  g_ptr_array_add (commands, runtime_use_command_new (script, f->there, NULL));
  message = g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE, "commands", commands, NULL);
  runtime_use_client_execute_commands_async (f->client, message, NULL, result_cb, f);
  result = wait_for_result (f);
  answer = runtime_use_client_execute_commands_finish (f->client, result, &error);
  g_assert_no_error (error);
  command = g_ptr_array_index (runtime_use_execution_result_get_results (answer), 0);
  g_assert_cmpint (runtime_use_command_result_get_exit_code (command), ==, 0);

  return g_strdup (runtime_use_command_result_get_stdout_text (command));
}

static void
test_there_and_back (Fixture       *f,
                     gconstpointer  test_data)
{
  g_autofree char *out = g_build_filename (f->there, "out", NULL);
  g_autofree char *back = g_build_filename (f->here, "back", NULL);
  g_autofree char *code = g_build_filename (f->here, "code", NULL);
  g_autofree char *printed = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A folder goes to the runtime, and what it makes comes back");

  write_here (f, "code/a", "one");
  write_here (f, "code/b/c", "two");
  runtime_use_file_exchange_add_upload (f->exchange, code, f->there);
  runtime_use_file_exchange_add_artifacts (f->exchange, out, back);
  start (f, &error);
  g_assert_no_error (error);

  printed = run (f, "cat a b/c; mkdir out/d; printf new >out/d/e;"
                    "head -c 3000000 /dev/zero >out/f");
  g_assert_cmpstr (printed, ==, "onetwo");
  assert_here (f, "back/d/e", "new");
  stop (f);
  g_assert_nonnull (strstr (f->told->str, "received /out/d/e 3\n"));
  g_assert_nonnull (strstr (f->told->str, "received /out/f 3000000\n"));
  g_assert_null (strstr (f->told->str, "failed"));
}

static void
test_innermost_folder (Fixture       *f,
                       gconstpointer  test_data)
{
  g_autofree char *inner = g_build_filename (f->there, "in/ner/", NULL);
  g_autofree char *one = g_build_filename (f->here, "one", NULL);
  g_autofree char *two = g_build_filename (f->here, "two", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *printed = NULL;

  g_test_summary ("A file goes where the innermost of the folders around it goes");

  runtime_use_file_exchange_add_artifacts (f->exchange, f->there, one);
  runtime_use_file_exchange_add_artifacts (f->exchange, inner, two);
  start (f, &error);
  g_assert_no_error (error);
  printed = run (f, "mkdir -p in/ner; printf 1 >in/x; printf 2 >in/ner/x");
  assert_here (f, "one/in/x", "1");
  assert_here (f, "two/x", "2");
}

static RuntimeUseArtifactUploadResponseMessage *
answer (Fixture     *f,
        const char  *name,
        GError     **error)
{
  g_autofree char *path = g_strconcat (f->there, "/", name, NULL);
  g_autoptr(RuntimeUseMessage) request =
    runtime_use_artifact_upload_request_message_new ("x", path);

  return runtime_use_file_exchange_answer (f->exchange,
                                           RUNTIME_USE_ARTIFACT_UPLOAD_REQUEST_MESSAGE (request),
                                           error);
}

static guint
put (const char *url,
     const char *content)
{
  g_autoptr(SoupSession) session = soup_session_new ();
  g_autoptr(SoupMessage) message = soup_message_new ("PUT", url);
  g_autoptr(GBytes) bytes = g_bytes_new (content, strlen (content));
  g_autoptr(GBytes) body = NULL;

  soup_message_set_request_body_from_bytes (message, "text/plain", bytes);
  body = soup_session_send_and_read (session, message, NULL, NULL);
  g_assert_nonnull (body);
  soup_session_abort (session);

  return soup_message_get_status (message);
}

static void
start_receiving (Fixture *f)
{
  g_autoptr(GError) error = NULL;

  runtime_use_file_exchange_add_artifacts (f->exchange, f->there, f->here);
  start (f, &error);
  g_assert_no_error (error);
}

static void
test_refused (Fixture       *f,
              gconstpointer  test_data)
{
  static const char * const names[] = { "../x", "a/../../x", "a//x", "./x", "", "a/." };
  g_autoptr(RuntimeUseMessage) foreign =
    runtime_use_artifact_upload_request_message_new ("passwd", "/etc/passwd");
  g_autoptr(GError) foreign_error = NULL;

  g_test_summary ("No path leads out of the folder");

  start_receiving (f);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (answer (f, names[i], &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
    }

  g_assert_null (runtime_use_file_exchange_answer
                   (f->exchange, RUNTIME_USE_ARTIFACT_UPLOAD_REQUEST_MESSAGE (foreign),
                    &foreign_error));
  g_assert_error (foreign_error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
}

static void
test_link_is_not_followed (Fixture       *f,
                           gconstpointer  test_data)
{
  g_autofree char *link = g_build_filename (f->here, "link", NULL);
  g_autofree char *victim = g_build_filename (f->here, "victim", NULL);
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) through = NULL;
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) onto = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A link in the folder leads nowhere, and a file takes the place of one");

  write_here (f, "kept", "kept");
  g_assert_cmpint (symlink (f->folders.outside, link), ==, 0);
  g_assert_cmpint (symlink ("kept", victim), ==, 0);
  start_receiving (f);

  through = answer (f, "link/victim", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (put (runtime_use_artifact_upload_response_message_get_presigned_url (through),
                         "changed"), ==, 403);
  onto = answer (f, "victim", &error);
  g_assert_cmpuint (put (runtime_use_artifact_upload_response_message_get_presigned_url (onto),
                         "changed"), ==, 200);
  assert_here (f, "kept", "kept");
  assert_here (f, "victim", "changed");
  stop (f);
  g_assert_cmpstr (f->told->str, ==, "failed /link/victim\nreceived /victim 7\n");
}

static void
test_addresses (Fixture       *f,
                gconstpointer  test_data)
{
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) message = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *changed = NULL;
  const char *url;

  g_test_summary ("An address takes one file, and others take none");

  start_receiving (f);
  message = answer (f, "a", &error);
  g_assert_no_error (error);
  url = runtime_use_artifact_upload_response_message_get_presigned_url (message);
  g_assert_true (g_str_has_prefix (url, "http://127.0.0.1:"));

  changed = g_strdup (url);
  changed[strlen (changed) - strlen ("/0/file") - 1] ^= 1;
  g_assert_cmpuint (put (changed, "x"), ==, 404);
  g_assert_cmpuint (put (url, "one"), ==, 200);
  g_assert_cmpuint (put (url, "two"), ==, 404);
  assert_here (f, "a", "one");
}

static void
test_limit (Fixture       *f,
            gconstpointer  test_data)
{
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) message = NULL;
  g_autofree char *path = g_build_filename (f->here, "a", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A file that is too large is refused, and nothing of it stays");

  g_object_set (f->exchange, "max-size", (guint64) 3, NULL);
  start_receiving (f);
  message = answer (f, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (put (runtime_use_artifact_upload_response_message_get_presigned_url (message),
                         "four"), ==, 403);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  stop (f);
  g_assert_cmpstr (f->told->str, ==, "failed /a\n");
}

static void
test_cut_off (Fixture       *f,
              gconstpointer  test_data)
{
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) message = NULL;
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = NULL;
  g_autofree char *request = NULL;
  g_autoptr(GUri) uri = NULL;
  g_autoptr(GError) error = NULL;
  GOutputStream *output;

  g_test_summary ("Half a file does not appear, and is told about at the end");

  start_receiving (f);
  message = answer (f, "a", &error);
  uri = g_uri_parse (runtime_use_artifact_upload_response_message_get_presigned_url (message),
                     G_URI_FLAGS_NONE, &error);
  g_assert_no_error (error);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", g_uri_get_port (uri), NULL,
                                                &error);
  g_assert_no_error (error);
  output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  request = g_strdup_printf ("PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
                             g_uri_get_path (uri));
  g_output_stream_write_all (output, request, strlen (request), NULL, NULL, &error);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);

  stop (f);
  g_assert_cmpstr (f->told->str, ==, "failed /a\n");
}

static void
test_gone (Fixture       *f,
           gconstpointer  test_data)
{
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) kept = NULL;
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) deleted = NULL;
  g_autoptr(RuntimeUseMessage) result = NULL;
  g_autofree char *path = g_strconcat (f->there, "/deleted", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A file that is gone before it could be sent is not missed");

  start_receiving (f);
  kept = answer (f, "kept", &error);
  deleted = answer (f, "deleted", &error);
  g_assert_no_error (error);
  result = runtime_use_artifact_upload_result_message_new_gone (path, "ENOENT");
  _runtime_use_file_exchange_take_result (f->exchange,
                                          RUNTIME_USE_ARTIFACT_UPLOAD_RESULT_MESSAGE (result));

  stop (f);
  g_assert_cmpstr (f->told->str, ==, "failed /kept\n");
}

static void
test_no_folder (Fixture       *f,
                gconstpointer  test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A folder that is not there is named");

  runtime_use_file_exchange_add_upload (f->exchange, f->here, f->there);
  g_assert_false (start (f, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "here"));
  g_clear_error (&error);
  g_assert_false (start (f, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY);
}

static void
test_not_started (Fixture       *f,
                  gconstpointer  test_data)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new ();
  g_autoptr(RuntimeUseCommandExecutionMessage) message =
    g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE, "commands", commands, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A request needs an exchange that has started");

  runtime_use_client_execute_commands_async (f->client, message, NULL, result_cb, f);
  result = wait_for_result (f);
  g_assert_null (runtime_use_client_execute_commands_finish (f->client, result, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
}

static void
test_stopped_while_starting (Fixture       *f,
                             gconstpointer  test_data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An exchange that is stopped does not start any more");

  write_here (f, "code/a", "one");
  runtime_use_file_exchange_add_upload (f->exchange, f->here, f->there);
  runtime_use_file_exchange_start_async (f->exchange, NULL, result_cb, f);
  runtime_use_file_exchange_stop_async (f->exchange, NULL, NULL);
  result = wait_for_result (f);
  g_assert_false (runtime_use_file_exchange_start_finish (f->exchange, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/file-exchange/there-and-back", test_there_and_back);
  ADD ("/file-exchange/innermost-folder", test_innermost_folder);
  ADD ("/file-exchange/refused", test_refused);
  ADD ("/file-exchange/link-is-not-followed", test_link_is_not_followed);
  ADD ("/file-exchange/addresses", test_addresses);
  ADD ("/file-exchange/limit", test_limit);
  ADD ("/file-exchange/cut-off", test_cut_off);
  ADD ("/file-exchange/gone", test_gone);
  ADD ("/file-exchange/no-folder", test_no_folder);
  ADD ("/file-exchange/not-started", test_not_started);
  ADD ("/file-exchange/stopped-while-starting", test_stopped_while_starting);

  return g_test_run ();
}
