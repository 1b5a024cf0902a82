/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "download-fixture.h"

#include <string.h>

#include "runtime-use-error.h"

/* What is asked of servers, and what they answer. */

static void
test_download_handler_properties (void)
{
  g_autoptr(RuntimeUseDownloadable) downloadable = runtime_use_downloadable_new ("u", "w");
  g_autoptr(RuntimeUseDownloadHandler) handler = runtime_use_download_handler_new (downloadable);
  g_autoptr(RuntimeUseDownloadable) kept = NULL;
  guint connect_timeout, idle_timeout, timeout, redirects, entries, ratio;
  guint64 size, extracted;
  gboolean allow_local;

  g_test_summary ("Limits have the defaults that are documented");

  g_object_get (handler,
                "downloadable", &kept,
                "connect-timeout", &connect_timeout,
                "idle-timeout", &idle_timeout,
                "timeout", &timeout,
                "max-size", &size,
                "max-redirects", &redirects,
                "allow-local", &allow_local,
                "max-extracted-size", &extracted,
                "max-entries", &entries,
                "max-ratio", &ratio,
                NULL);
  g_assert_true (kept == downloadable);
  g_assert_true (runtime_use_download_handler_get_downloadable (handler) == downloadable);
  g_assert_cmpuint (connect_timeout, ==, 30);
  g_assert_cmpuint (idle_timeout, ==, 60);
  g_assert_cmpuint (timeout, ==, 24 * 60 * 60);
  g_assert_cmpuint (size, ==, (guint64) 64 << 30);
  g_assert_cmpuint (redirects, ==, 20);
  g_assert_true (allow_local);
  g_assert_cmpuint (extracted, ==, (guint64) 64 << 30);
  g_assert_cmpuint (entries, ==, 500000);
  g_assert_cmpuint (ratio, ==, 200);
}

static void
test_download_handler_stores (DownloadFixture *self,
                              gconstpointer    test_data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("A file is stored under the last part of the path, as it was sent");

  assert_path_stores (self, "/hello/a.txt", "a.txt", "hello");
  requests = file_server_dup_requests (self->server);
  g_assert_true (g_str_has_prefix (requests, "GET /hello/a.txt HTTP/1.1\r\n"));
  g_assert_null (strstr (requests, "Accept-Encoding"));
  g_assert_null (strstr (requests, "Authorization"));

  assert_path_stores (self, "/hello/a%20b.txt?name=c.txt#d", "a b.txt", "hello");
  assert_path_stores (self, "/hello/%67r%C3%B6%C3%9Fe", "größe", "hello");
  assert_path_stores (self, "/hello/größe", "größe", "hello");
  assert_path_stores (self, "/hello/%ff%0a", "\xff\n", "hello");
  assert_path_stores (self, "/hello/a%5c..%5cb", "a\\..\\b", "hello");
  assert_path_stores (self, "/hello/x.ZIP", "x.ZIP", "hello");
  assert_path_stores (self, "/hello/.zip.txt", ".zip.txt", "hello");
  assert_path_stores (self, "/empty/nothing", "nothing", "");
  assert_path_stores (self, "/chunked/c", "c", "hello");
  assert_path_stores (self, "/trailers/t", "t", "hello");
  assert_path_stores (self, "/until-close/u", "u", "hello");
  assert_path_stores (self, "/too-much/m", "m", "hello");
  assert_path_stores (self, "/gzip/z.gz", "z.gz", "\x1f\x8bzip");
}

static void
test_download_handler_query (DownloadFixture *self,
                             gconstpointer    test_data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("The query is sent as it was given");

  assert_path_stores (self, "/hello/q?X-Sig=a%2Fb%2Bc%3D&t=20240229T12%3A00", "q", "hello");
  requests = file_server_dup_requests (self->server);
  g_assert_nonnull (strstr (requests, "/hello/q?X-Sig=a%2Fb%2Bc%3D&t=20240229T12%3A00 HTTP"));
}

static void
test_download_handler_names (DownloadFixture *self,
                             gconstpointer    test_data)
{
  g_autofree char *long_name = g_strnfill (256, 'n');
  g_autofree char *long_url = g_strconcat ("http://127.0.0.1:1/", long_name, NULL);
  static const char * const urls[] = {
    "http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/a/?secret",
    "http://127.0.0.1:1/%2e%2e%2fevil", "http://127.0.0.1:1/a/..", "http://127.0.0.1:1/%2e",
    "http://127.0.0.1:1/a%2fb", "http://127.0.0.1:1/a%00b", "http://me:secret@127.0.0.1:1/..",
  };

  g_test_summary ("A name that cannot be one is an error that shows the URL, but no secret of it");

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    assert_url_fails (self, urls[i], RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                      "gives no name to store the file under");
  assert_url_fails (self, long_url, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "longer than 255 bytes");
}

static void
test_download_handler_urls (DownloadFixture *self,
                            gconstpointer    test_data)
{
  static const char * const invalid[] = {
    "", "not a url", "/path", "//host/path", "http:", "http:///x", "http://h:99999/x",
    "http://h/%zz", "http://me:sec?ret@h/x", "http://[::1/x?secret", "http://me:secret@/x",
  };

  g_test_summary ("What is no URL, or has another scheme, is refused with the texts clients know");

  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    assert_url_fails (self, invalid[i], RUNTIME_USE_ERROR_INVALID_ARGUMENT, "Invalid URL");
  assert_url_fails (self, "file:///etc/passwd", RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                    "fetch failed: file:///etc/passwd is neither http nor https");
  assert_url_fails (self, "ftp://me:secret@h/x", RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                    "fetch failed: ftp://h/x is neither");
  assert_url_fails (self, "data:text/plain,x", RUNTIME_USE_ERROR_INVALID_ARGUMENT, "fetch failed");
}

static void
test_download_handler_server_errors (DownloadFixture *self,
                                     gconstpointer    test_data)
{
  g_test_summary ("What servers do wrong is said, and what was there before is intact");

  transfer_write (&self->files, "f", "mine");
  assert_path_fails (self, "/missing/f?secret", "Download failed: 404 Not Found");
  assert_path_fails (self, "/broken/f", "Download failed: 503 Out");
  assert_path_fails (self, "/nowhere/f", "Download failed: 302 Found");
  assert_path_fails (self, "/no-content/f", "Download failed: no response body");
  assert_path_fails (self, "/too-little/f",
                     "fetch failed: the connection was lost after 5 of 100 bytes");
  assert_path_fails (self, "/chunk-cut/f", "fetch failed: the connection was lost after");
  assert_path_fails (self, "/chunk-end/f", "fetch failed: the connection was lost after");
  assert_path_fails (self, "/chunk-none/f", "it ended before the last chunk");
  assert_path_fails (self, "/chunk-size/f", "the size of a chunk is none");
  assert_path_fails (self, "/chunk-long/f", "a chunk is longer than it should be");
  assert_path_fails (self, "/half-header/f", "fetch failed: ");
  assert_path_fails (self, "/garbage/f", "fetch failed: ");
  assert_path_fails (self, "/nothing/f", "fetch failed: ");
  assert_url_fails (self, "http://127.0.0.1:1/f", RUNTIME_USE_ERROR_FAILED, "fetch failed: ");
}

static void
test_download_handler_lengths (DownloadFixture *self,
                               gconstpointer    test_data)
{
  static const char * const wrong[] = {
    "/length-words/f", "/length-rest/f", "/length-empty/f", "/length-two/f", "/length-long/f",
  };

  g_test_summary ("A length that is none, or two of them, is an error; what has none ends with the "
                  "connection");

  transfer_write (&self->files, "f", "mine");
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_path_fails (self, wrong[i], "the length of the file is no number");
  assert_path_fails (self, "/encoded/f", "fetch failed: ");
  assert_path_stores (self, "/length-again/a", "a", "hello");
  assert_path_stores (self, "/length-chunks/c", "c", "hello");
}

static void
test_download_handler_redirects (DownloadFixture *self,
                                 gconstpointer    test_data)
{
  g_test_summary ("Redirects are followed, and the name is that of the first URL");

  file_server_set_location (self->server, file_server_url (self->server, "/hello/other?x=y"));
  assert_path_stores (self, "/redirect/a", "a", "hello");
  file_server_set_location (self->server, g_strdup ("../hello/other"));
  assert_path_stores (self, "/moved/b", "b", "hello");

  assert_path_fails (self, "/loop/f", "fetch failed: more than 20 redirects");
  file_server_set_location (self->server, g_strdup ("file:///etc/passwd"));
  assert_path_fails (self, "/redirect/f", "fetch failed: redirect to file:///etc/passwd, which");
  file_server_set_location (self->server, g_strdup ("http://me:secret@[/x?secret"));
  assert_path_fails (self, "/redirect/f", "fetch failed: redirect to ");
}

static guint
count_text (const char *text,
            const char *part)
{
  guint n = 0;

  for (; (text = strstr (text, part)) != NULL; text += strlen (part))
    n++;

  return n;
}

static void
test_download_handler_credentials (DownloadFixture *self,
                                   gconstpointer    test_data)
{
  g_autoptr(FileServer) other = file_server_new ("127.0.0.1");
  g_autofree char *url = g_strdup_printf ("http://m%%65:p%%40ss@127.0.0.1:%u/redirect/a",
                                          self->server->port);
  g_autofree char *requests = NULL;
  g_autofree char *other_requests = NULL;
  g_autofree char *header = NULL;
  g_autofree char *encoded = g_base64_encode ((const guchar *) "me:p@ss", 7);

  g_test_summary ("User and password are sent to their server only");

  header = g_strdup_printf ("Authorization: Basic %s\r\n", encoded);
  file_server_set_location (self->server, g_strdup ("/hello/x"));
  assert_stores (self, url, "a", "hello");
  requests = file_server_dup_requests (self->server);
  g_assert_cmpuint (count_text (requests, header), ==, 2);

  /* Another port is another server. */
  file_server_set_location (self->server,
                            g_strdup_printf ("http://you:secret@127.0.0.1:%u/hello/x",
                                             other->port));
  assert_stores (self, url, "a", "hello");
  other_requests = file_server_dup_requests (other);
  g_assert_cmpuint (count_text (other_requests, "GET /hello/x HTTP"), ==, 1);
  g_assert_null (strstr (other_requests, "Authorization"));
  g_assert_null (strstr (other_requests, "secret"));
}

int
main (int    argc,
      char **argv)
{
  download_tests_init (&argc, &argv, NULL);

  g_test_add_func ("/download-handler/properties", test_download_handler_properties);
  download_tests_add ("stores", test_download_handler_stores);
  download_tests_add ("query", test_download_handler_query);
  download_tests_add ("names", test_download_handler_names);
  download_tests_add ("urls", test_download_handler_urls);
  download_tests_add ("server-errors", test_download_handler_server_errors);
  download_tests_add ("lengths", test_download_handler_lengths);
  download_tests_add ("redirects", test_download_handler_redirects);
  download_tests_add ("credentials", test_download_handler_credentials);

  return download_tests_run ();
}
