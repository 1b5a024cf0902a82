/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include "descriptors.h"
#include "raw-client.h"

#define TOKEN  "s3cret"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"
#define HOST   "Host: localhost\r\n"
#define END    "\r\n"

#define GET(path) "GET " path " HTTP/1.1\r\n"

/* The most that a page may have, and more than the sockets of both ends hold. */
#define MUCH (1024 * 1024)

typedef struct
{
  RuntimeUseServer *server;
  const char       *text;      /* (nullable): much, if there is none */
  gsize             length;
  const char       *type;      /* (nullable) */
  guint             status;
  guint             n_asked;
  guint             n_destroyed;
  gboolean          is_stopped;
} Fixture;

static guint
page_cb (RuntimeUseServer  *server,
         char             **content_type,
         GBytes           **content,
         gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (server == fixture->server);
  fixture->n_asked++;
  *content_type = g_strdup (fixture->type);
  if (fixture->text != NULL)
    *content = g_bytes_new (fixture->text, strlen (fixture->text));
  else if (fixture->length > 0)
    *content = g_bytes_new_take (g_strnfill (fixture->length, 'y'), fixture->length);

  return fixture->status;
}

static guint
other_page_cb (RuntimeUseServer  *server,
               char             **content_type,
               GBytes           **content,
               gpointer           user_data)
{
  return 204;
}

static void
destroy_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_destroyed++;
}

static void
start (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;

  runtime_use_server_start (fixture->server, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->server = runtime_use_server_new ();
  fixture->status = 200;
  fixture->text = "well\n";
  g_object_set (fixture->server, "port", 0, "host", "127.0.0.1", NULL);
  runtime_use_server_add_page (fixture->server, "/open", RUNTIME_USE_PAGE_FLAGS_OPEN, page_cb,
                               fixture, destroy_cb);
  runtime_use_server_add_page (fixture->server, "/closed", RUNTIME_USE_PAGE_FLAGS_NONE, page_cb,
                               fixture, NULL);
}

static void
stopped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (runtime_use_server_stop_finish (RUNTIME_USE_SERVER (object), result, NULL));
  fixture->is_stopped = TRUE;
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->server != NULL)
    {
      fixture->is_stopped = FALSE;
      runtime_use_server_stop_async (fixture->server, NULL, stopped_cb, fixture);
      raw_wait_for (fixture->is_stopped);
    }
  g_clear_object (&fixture->server);
  g_assert_cmpuint (fixture->n_destroyed, ==, 1);
}

static RawClient *
connect_client (Fixture *fixture)
{
  return raw_client_new (runtime_use_server_get_port (fixture->server));
}

/* All that a request is answered with, up to the end of the connection. */
static char *
ask (Fixture    *fixture,
     const char *request)
{
  g_autoptr(RawClient) client = connect_client (fixture);

  g_assert_true (raw_client_send_text (client, request));
  raw_client_wait_for_end (client);
  g_assert_false (client->is_reset);

  return g_strndup ((char *) client->input->data, client->input->len);
}

static guint
ask_status (Fixture    *fixture,
            const char *request)
{
  g_autofree char *answer = ask (fixture, request);

  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 "));

  return g_ascii_strtoull (answer + strlen ("HTTP/1.1 "), NULL, 10);
}

static void
test_page_content (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *get = NULL;
  g_autofree char *head = NULL;
  g_autofree char *empty = NULL;

  g_test_summary ("A page is answered with its content, and HEAD without");

  start (fixture);
  get = ask (fixture, GET ("/open") HOST END);
  g_assert_cmpstr (get, ==,
                   "HTTP/1.1 200 OK\r\n"
                   "Connection: close\r\n"
                   "Cache-Control: no-store\r\n"
                   "X-Content-Type-Options: nosniff\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: 5\r\n"
                   "\r\n"
                   "well\n");

  fixture->type = "text/html";
  head = ask (fixture, "HEAD /open?x=y HTTP/1.0\r\n\r\n");
  g_assert_nonnull (strstr (head, "\r\nContent-Type: text/html\r\n"));
  g_assert_true (g_str_has_suffix (head, "\r\nContent-Length: 5\r\n\r\n"));

  fixture->status = 503;
  fixture->text = NULL;
  empty = ask (fixture, GET ("/open") HOST END);
  g_assert_true (g_str_has_prefix (empty, "HTTP/1.1 503 Service Unavailable\r\n"));
  g_assert_true (g_str_has_suffix (empty, "\r\nContent-Length: 0\r\n\r\n"));
  g_assert_cmpuint (fixture->n_asked, ==, 3);
  g_assert_cmpuint (runtime_use_server_get_refused_connections (fixture->server), ==, 0);
}

typedef struct
{
  const char *request;
  guint       status;
} Case;

static const Case without_token[] = {
  { GET ("/open") HOST END, 200 },
  { GET ("/open") "Host: evil.example\r\n" END, 200 },
  { "GET /open HTTP/1.0\r\n\r\n", 200 },
  { GET ("/open") HOST "Origin: null\r\n" END, 403 },
  { GET ("/closed") HOST END, 200 },
  { GET ("/closed") "Host: evil.example\r\n" END, 403 },
  { GET ("/closed") HOST "Origin: https://evil.example\r\n" END, 403 },
  { GET ("/open/") HOST END, 426 },
  { GET ("/opena") HOST END, 426 },
  { GET ("/ope") HOST END, 426 },
  { GET ("/OPEN") HOST END, 426 },
  { GET ("/%6fpen") HOST END, 426 },
  { GET ("//open") HOST END, 426 },
  { GET ("/./open") HOST END, 426 },
  { GET ("http://localhost/open") HOST END, 200 },
  { GET ("http://evil.example/open") HOST END, 400 },
  { "POST /open HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, 405 },
  { "get /open HTTP/1.1\r\n" HOST END, 405 },
  { "OPTIONS /open HTTP/1.1\r\n" HOST END, 405 },
  { GET ("/open") HOST "Content-Length: 1\r\n" END "x", 400 },
  { GET ("/open") HOST "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n", 400 },
  { GET ("/open") HOST HOST END, 400 },
};

static const Case with_token[] = {
  { GET ("/open") HOST END, 200 },
  { GET ("/open") "Host: evil.example\r\n" END, 200 },
  { GET ("/closed") HOST END, 401 },
  { GET ("/closed") HOST "Authorization: Bearer x\r\n" END, 401 },
  { GET ("/closed") HOST BEARER END, 200 },
  { GET ("/closed?token=" TOKEN) HOST END, 200 },
  { GET ("/closed?token=x") HOST END, 401 },
  { GET ("/closed") HOST BEARER "Origin: null\r\n" END, 403 },
};

static void
test_page_admission (Fixture       *fixture,
                     gconstpointer  data)
{
  guint64 n_refused = 0;
  guint64 counted;

  g_test_summary ("An open page is for everybody, others are for those who may open a WebSocket");

  start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (without_token); i++)
    {
      g_test_message ("%s", without_token[i].request);
      g_assert_cmpuint (ask_status (fixture, without_token[i].request), ==,
                        without_token[i].status);
      n_refused += without_token[i].status != 200;
    }

  g_object_get (fixture->server, "refused-connections", &counted, NULL);
  g_assert_cmpuint (counted, ==, n_refused);
}

static void
test_page_token (Fixture       *fixture,
                 gconstpointer  data)
{
  guint64 n_refused = 0;
  guint64 counted;

  g_test_summary ("Where there is a token it has to be shown, except for an open page");

  g_object_set (fixture->server, "token", TOKEN, NULL);
  start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (with_token); i++)
    {
      g_test_message ("%s", with_token[i].request);
      g_assert_cmpuint (ask_status (fixture, with_token[i].request), ==, with_token[i].status);
      n_refused += with_token[i].status != 200;
    }

  g_object_get (fixture->server, "refused-connections", &counted, NULL);
  g_assert_cmpuint (counted, ==, n_refused);
}

static void
test_page_websocket (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *answer = NULL;

  g_test_summary ("A WebSocket is opened at every path, also at that of a page");

  start (fixture);
  client = connect_client (fixture);
  g_assert_cmpuint (raw_client_request (client, GET ("/open") HOST RAW_UPGRADE RAW_KEY RAW_VERSION
                                        END), ==, 101);
  raw_client_send_message (client, "null");
  answer = raw_client_take_message (client);
  g_assert_nonnull (strstr (answer, "error_message"));
  g_assert_cmpuint (fixture->n_asked, ==, 0);
}

static void
test_page_replaced (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A page can be replaced and added while the server runs");

  start (fixture);
  g_assert_cmpuint (ask_status (fixture, GET ("/open") HOST END), ==, 200);
  runtime_use_server_add_page (fixture->server, "/open", RUNTIME_USE_PAGE_FLAGS_NONE,
                               other_page_cb, NULL, NULL);
  g_assert_cmpuint (fixture->n_destroyed, ==, 1);
  runtime_use_server_add_page (fixture->server, "/more", RUNTIME_USE_PAGE_FLAGS_NONE,
                               other_page_cb, NULL, NULL);
  g_assert_cmpuint (ask_status (fixture, GET ("/open") HOST END), ==, 204);
  g_assert_cmpuint (ask_status (fixture, GET ("/more") HOST END), ==, 204);
  g_assert_cmpuint (ask_status (fixture, GET ("/open") "Host: evil.example\r\n" END), ==, 403);
}

static void
test_page_long (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(RawClient) slow = NULL;
  g_autoptr(RawClient) other = NULL;
  g_autofree char *header = NULL;

  g_test_summary ("A long page is sent as fast as the client takes it, and others are served");

  fixture->text = NULL;
  fixture->length = MUCH;
  start (fixture);
  slow = connect_client (fixture);
  raw_client_send_text (slow, GET ("/open") HOST END);
  raw_wait_for (fixture->n_asked == 1);

  fixture->length = 1;
  g_assert_cmpuint (ask_status (fixture, GET ("/open") HOST END), ==, 200);
  other = raw_client_new_open (runtime_use_server_get_port (fixture->server));

  header = raw_client_take_answer (slow);
  g_assert_nonnull (strstr (header, "\r\nContent-Length: 1048576\r\n"));
  raw_client_wait_for_end (slow);
  g_assert_false (slow->is_reset);
  g_assert_cmpuint (slow->input->len, ==, MUCH);
}

static void
leave_pages (Fixture *fixture)
{
  RawClient *clients[16] = { NULL };

  fixture->text = NULL;
  fixture->length = MUCH;
  g_object_set (fixture->server, "handshake-timeout", 3, NULL);
  start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = connect_client (fixture);
      raw_client_send_text (clients[i], GET ("/open") HOST END);
    }
  raw_wait_for (fixture->n_asked == G_N_ELEMENTS (clients));

  g_assert_cmpuint (ask_status (fixture, GET ("/open") HOST END), ==, 503);
  g_assert_cmpuint (fixture->n_asked, ==, G_N_ELEMENTS (clients));

  /* They are cut off although they have taken nothing. */
  raw_wait_for (ask_status (fixture, GET ("/closed") HOST END) == 200);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      raw_client_wait_for_end (clients[i]);
      g_assert_cmpuint (clients[i]->input->len, <, MUCH);
      raw_client_free (clients[i]);
    }
}

/* A warning is fatal in tests, and a log writer can be set once only. */
static void
test_page_untaken (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Pages that nobody takes are bounded in number and in time");

  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      leave_pages (fixture);
      return;
    }

  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*with 503: Too many pages are being sent*");
}

static void
test_page_no_room (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(RawClient) client = NULL;

  g_test_summary ("A server that is full is still well");

  g_object_set (fixture->server, "max-connections", 1, NULL);
  start (fixture);
  client = raw_client_new_open (runtime_use_server_get_port (fixture->server));
  g_assert_cmpuint (ask_status (fixture, GET ("/open") HOST END), ==, 200);
  g_assert_cmpuint (ask_status (fixture, GET ("/other") HOST END), ==, 426);
}

static guint
stop_cb (RuntimeUseServer  *server,
         char             **content_type,
         GBytes           **content,
         gpointer           user_data)
{
  runtime_use_server_stop_async (server, NULL, stopped_cb, user_data);

  return 200;
}

static guint
drop_cb (RuntimeUseServer  *server,
         char             **content_type,
         GBytes           **content,
         gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_clear_object (&fixture->server);

  return 200;
}

static void
test_page_ends_server (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(RawClient) client = NULL;

  g_test_summary ("Whoever makes a page may stop the server, or let go of it");

  runtime_use_server_add_page (fixture->server, "/stop", RUNTIME_USE_PAGE_FLAGS_NONE, stop_cb,
                               fixture, NULL);
  runtime_use_server_add_page (fixture->server, "/drop", RUNTIME_USE_PAGE_FLAGS_NONE, drop_cb,
                               fixture, NULL);
  start (fixture);
  client = connect_client (fixture);
  raw_client_send_text (client, GET ("/stop") HOST END);
  raw_client_wait_for_end (client);
  raw_wait_for (fixture->is_stopped);
  g_clear_pointer (&client, raw_client_free);

  start (fixture);
  client = connect_client (fixture);
  raw_client_send_text (client, GET ("/drop") HOST END);
  raw_client_wait_for_end (client);
  g_assert_null (fixture->server);
}

static void
serve_wrong_pages (void)
{
  Fixture fixture = { 0 };

  set_up (&fixture, NULL);
  start (&fixture);
  fixture.status = 0;
  g_assert_cmpuint (ask_status (&fixture, GET ("/open") HOST END), ==, 500);
  fixture.status = 101;
  g_assert_cmpuint (ask_status (&fixture, GET ("/open") HOST END), ==, 500);
  fixture.status = 200;
  fixture.type = "text/html\r\nSet-Cookie: a=b";
  g_assert_cmpuint (ask_status (&fixture, GET ("/open") HOST END), ==, 500);
  fixture.type = NULL;
  fixture.text = NULL;
  fixture.length = MUCH + 1;
  g_assert_cmpuint (ask_status (&fixture, GET ("/open") HOST END), ==, 500);
  tear_down (&fixture, NULL);
}

/* A warning is fatal in tests, and a log writer can be set once only. */
static void
test_page_wrong (void)
{
  g_test_summary ("A page that gives what cannot be sent is answered 500, and that is logged");

  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      serve_wrong_pages ();
      return;
    }

  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*The page /open gave no HTTP status*");
  g_test_trap_assert_stderr ("*The page /open gave a content type that cannot be sent*");
  g_test_trap_assert_stderr ("*The page /open gave more than 1 MiB*");
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("/page/content", test_page_content);
  add ("/page/admission", test_page_admission);
  add ("/page/token", test_page_token);
  add ("/page/websocket", test_page_websocket);
  add ("/page/replaced", test_page_replaced);
  add ("/page/long", test_page_long);
  add ("/page/untaken", test_page_untaken);
  add ("/page/no-room", test_page_no_room);
  add ("/page/ends-server", test_page_ends_server);
  g_test_add_func ("/page/wrong", test_page_wrong);

  return descriptors_run_tests ();
}
