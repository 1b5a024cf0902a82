/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include "raw-client.h"
#include "stop-server.h"

#include <glib/gstdio.h>

typedef struct
{
  char             *folder;
  char             *path;
  RuntimeUseServer *server;
  char             *peer;       /* as the session of the client has it */
  gboolean          is_done;
  char             *text;       /* (nullable) */
  GError           *error;      /* (nullable) */
} Fixture;

static void
opened_cb (RuntimeUseServer  *server,
           RuntimeUseSession *session,
           gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_free (fixture->peer);
  fixture->peer = runtime_use_channel_dup_peer (runtime_use_session_get_channel (session));
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("runtimeuse-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "a b%?#", NULL);
  address = g_unix_socket_address_new (fixture->path);
  handler = runtime_use_agent_handler_new_for_name ("echo", &error);
  g_assert_no_error (error);

  fixture->server = runtime_use_server_new ();
  g_object_set (fixture->server, "listen-default", FALSE, "handler", handler, "token", "s3cr3t",
                NULL);
  runtime_use_server_add_address (fixture->server, address);
  g_signal_connect (fixture->server, "session-opened", G_CALLBACK (opened_cb), fixture);
  runtime_use_server_start (fixture->server, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  stop_server (fixture->server);
  g_clear_object (&fixture->server);
  g_unlink (fixture->path);
  g_assert_no_errno (g_rmdir (fixture->folder));
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->peer);
  g_free (fixture->text);
  g_clear_error (&fixture->error);
}

static void
queried_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Fixture *fixture = user_data;
  g_autoptr(RuntimeUseQueryResult) answer = NULL;

  fixture->is_done = TRUE;
  answer = runtime_use_client_query_finish (RUNTIME_USE_CLIENT (object), result, &fixture->error);
  if (answer != NULL)
    fixture->text = g_strdup (runtime_use_query_result_get_text (answer));
}

static void
query (Fixture    *fixture,
       const char *url)
{
  g_autoptr(RuntimeUseClient) client = runtime_use_client_new (url);
  g_autoptr(RuntimeUseInvocationMessage) message = NULL;

  message = g_object_new (RUNTIME_USE_TYPE_INVOCATION_MESSAGE, "system-prompt", "",
                          "user-prompt", "ECHO:hello", "model", "m", NULL);
  fixture->is_done = FALSE;
  g_clear_pointer (&fixture->text, g_free);
  g_clear_error (&fixture->error);
  runtime_use_client_query_async (client, message, NULL, queried_cb, fixture);
  raw_wait_for (fixture->is_done);
}

static void
test_client_unix (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *plain = g_strconcat ("unix:", fixture->path, NULL);
  g_autofree char *with_token = NULL;
  g_autofree char *with_host = NULL;
  g_auto(GStrv) addresses = runtime_use_server_dup_addresses (fixture->server);

  g_test_summary ("A server can be reached by the path of its socket, without a token");

  with_token = g_strconcat (addresses[0], "?token=s3cr3t", NULL);
  with_host = g_strconcat ("ws+unix://", addresses[0] + strlen ("ws+unix:"), NULL);
  for (guint i = 0; i < 4; i++)
    {
      const char *urls[] = { plain, addresses[0], with_token, with_host };

      query (fixture, urls[i]);
      g_assert_no_error (fixture->error);
      g_assert_cmpstr (fixture->text, ==, "hello");
      g_assert_true (g_str_has_prefix (fixture->peer, "unix:pid="));
    }
}

static void
test_client_unix_nobody (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autofree char *plain = g_strconcat ("unix:", fixture->path, NULL);
  g_autofree char *expected = g_strconcat ("Nothing listens at ", plain, ":", NULL);
  g_auto(GStrv) addresses = runtime_use_server_dup_addresses (fixture->server);
  g_autofree char *with_token = g_strconcat (addresses[0], "?token=s3cr3t", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (fixture->path);
  g_autoptr(GSocket) left = NULL;

  g_test_summary ("Where nobody listens, or nothing is, the error says so");

  stop_server (fixture->server);
  query (fixture, with_token);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_true (g_str_has_prefix (fixture->error->message, expected));
  g_assert_null (strstr (fixture->error->message, "s3cr3t"));

  left = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_assert_true (g_socket_bind (left, address, FALSE, NULL));
  query (fixture, plain);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_true (g_str_has_prefix (fixture->error->message, expected));

  g_assert_no_errno (g_unlink (fixture->path));
  g_assert_true (g_file_set_contents (fixture->path, "x", -1, NULL));
  query (fixture, plain);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static void
test_client_unix_url (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *path = g_strnfill (107, 'x');
  g_autofree char *too_long = g_strconcat ("unix:", path, NULL);
  g_autofree char *too_long_uri = g_strconcat ("ws+unix:", path, NULL);
  const struct
  {
    const char *url;
    const char *part;
  } cases[] = {
    { "unix:", "path of a socket" },
    { "ws+unix:", "path of a socket" },
    { "ws+unix:/a%00b", "path of a socket" },
    { "ws+unix:/a b", "white space" },
    { "ws+unix://host/a", "names no host" },
    { "ws+unix://s3cr3t@/a", "names no host" },
    { too_long, "up to 106 bytes" },
    { too_long_uri, "up to 106 bytes" },
  };

  g_test_summary ("A URL without a path that can be used is an error");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      query (fixture, cases[i].url);
      g_assert_error (fixture->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (fixture->error->message, cases[i].part));
      g_assert_null (strstr (fixture->error->message, "s3cr3t"));
    }
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("/client-unix/served", test_client_unix);
  add ("/client-unix/nobody", test_client_unix_nobody);
  add ("/client-unix/url", test_client_unix_url);

  return g_test_run ();
}
