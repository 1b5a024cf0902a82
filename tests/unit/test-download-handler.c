/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-handler-private.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-public-address-private.h"

#include "file-server.h"
#include "tls-server.h"
#include "transfer-fixture.h"

#define DEADLINE 25

#define NOBODY 65534

/* In the name spaces of this test it is ours. */
#define PUBLIC_ADDRESS "93.184.216.34"

static char *archives;

typedef struct
{
  TransferFixture            files;
  FileServer                *server;
  RuntimeUseDownloadHandler *handler;
  GCancellable              *cancellable;
  GAsyncResult              *result;
  GArray                    *progress;    /* of guint64, received and total in turn */
  guint                      deadline_id;
} Fixture;

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("The test took longer than %d s", DEADLINE);
  return G_SOURCE_REMOVE;
}

static void
fixture_set_up (Fixture       *self,
                gconstpointer  test_data)
{
  g_main_context_iteration (NULL, FALSE);
  transfer_fixture_set_up (&self->files, test_data);
  self->server = file_server_new ("127.0.0.1");
  self->server->folder = g_strdup (archives);
  self->cancellable = g_cancellable_new ();
  self->progress = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->deadline_id = g_timeout_add_seconds (DEADLINE, deadline_cb, NULL);
}

static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  test_data)
{
  g_assert_finalize_object (self->cancellable);
  g_source_remove (self->deadline_id);
  g_array_unref (self->progress);
  g_clear_pointer (&self->server, file_server_free);
  transfer_fixture_tear_down (&self->files, test_data);
}

static void
progress_cb (RuntimeUseDownloadHandler *handler,
             guint64                    received,
             guint64                    total,
             gpointer                   user_data)
{
  Fixture *self = user_data;

  g_array_append_val (self->progress, received);
  g_array_append_val (self->progress, total);
}

/* With a folder of NULL to the target. */
static void
prepare (Fixture           *self,
         const char        *url,
         const char        *folder,
         RuntimeUseExtract  extract)
{
  g_autoptr(RuntimeUseDownloadable) downloadable =
    runtime_use_downloadable_new_full (url, folder != NULL ? folder : self->files.target, extract);

  g_assert_null (self->handler);
  self->handler = runtime_use_download_handler_new (downloadable);
  g_signal_connect (self->handler, "progress", G_CALLBACK (progress_cb), self);
}

static void
keep_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Fixture *self = user_data;

  self->result = g_object_ref (result);
}

static void
start (Fixture *self)
{
  runtime_use_download_handler_run_async (self->handler, self->cancellable, keep_result_cb, self);
}

/* Nothing of it is left but what it stored. */
static char *
finish (Fixture  *self,
        GError  **error)
{
  char *path;

  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  path = runtime_use_download_handler_run_finish (self->handler, self->result, error);
  g_clear_object (&self->result);
  g_assert_finalize_object (g_steal_pointer (&self->handler));
  transfer_fixture_assert_clean (&self->files);

  return path;
}

static void
assert_stores (Fixture    *self,
               const char *url,
               const char *name,
               const char *content)
{
  g_autofree char *expected = g_build_filename (self->files.target, name, NULL);
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  if (self->handler == NULL)
    prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  start (self);
  path = finish (self, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (path, ==, expected);
  transfer_assert_file (&self->files, name, content);
}

static void
assert_path_stores (Fixture    *self,
                    const char *url_path,
                    const char *name,
                    const char *content)
{
  g_autofree char *url = file_server_url (self->server, url_path);

  assert_stores (self, url, name, content);
}

static void
assert_run_fails (Fixture    *self,
                  int         code,
                  const char *text)
{
  g_autofree char *before = transfer_list (self->files.target);
  g_autofree char *after = NULL;
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  start (self);
  path = finish (self, &error);
  g_test_message ("%s", error != NULL ? error->message : "no error");
  g_assert_null (path);
  g_assert_error (error, RUNTIME_USE_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strstr (error->message, "secret"));
  if (strstr (error->message, text) == NULL)
    g_error ("“%s” is not in “%s”", text, error->message);
  after = transfer_list (self->files.target);
  g_assert_cmpstr (after, ==, before);
}

static void
assert_url_fails (Fixture    *self,
                  const char *url,
                  int         code,
                  const char *text)
{
  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, code, text);
}

static void
assert_path_fails (Fixture    *self,
                   const char *path,
                   const char *text)
{
  g_autofree char *url = file_server_url (self->server, path);

  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED, text);
}

static void
test_download_handler_stores (Fixture       *self,
                              gconstpointer  test_data)
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
test_download_handler_query (Fixture       *self,
                             gconstpointer  test_data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("The query is sent as it was given");

  assert_path_stores (self, "/hello/q?X-Sig=a%2Fb%2Bc%3D&t=20240229T12%3A00", "q", "hello");
  requests = file_server_dup_requests (self->server);
  g_assert_nonnull (strstr (requests, "/hello/q?X-Sig=a%2Fb%2Bc%3D&t=20240229T12%3A00 HTTP"));
}

static void
test_download_handler_names (Fixture       *self,
                             gconstpointer  test_data)
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
test_download_handler_urls (Fixture       *self,
                            gconstpointer  test_data)
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
test_download_handler_server_errors (Fixture       *self,
                                     gconstpointer  test_data)
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
test_download_handler_lengths (Fixture       *self,
                               gconstpointer  test_data)
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
set_location (Fixture *self,
              char    *location)
{
  g_mutex_lock (&self->server->lock);
  g_free (self->server->location);
  self->server->location = location;
  g_mutex_unlock (&self->server->lock);
}

static void
test_download_handler_redirects (Fixture       *self,
                                 gconstpointer  test_data)
{
  g_test_summary ("Redirects are followed, and the name is that of the first URL");

  set_location (self, file_server_url (self->server, "/hello/other?x=y"));
  assert_path_stores (self, "/redirect/a", "a", "hello");
  set_location (self, g_strdup ("../hello/other"));
  assert_path_stores (self, "/moved/b", "b", "hello");

  assert_path_fails (self, "/loop/f", "fetch failed: more than 20 redirects");
  set_location (self, g_strdup ("file:///etc/passwd"));
  assert_path_fails (self, "/redirect/f", "fetch failed: redirect to file:///etc/passwd, which");
  set_location (self, g_strdup ("http://me:secret@[/x?secret"));
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
test_download_handler_credentials (Fixture       *self,
                                   gconstpointer  test_data)
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
  set_location (self, g_strdup ("/hello/x"));
  assert_stores (self, url, "a", "hello");
  requests = file_server_dup_requests (self->server);
  g_assert_cmpuint (count_text (requests, header), ==, 2);

  /* Another port is another server. */
  set_location (self, g_strdup_printf ("http://you:secret@127.0.0.1:%u/hello/x", other->port));
  assert_stores (self, url, "a", "hello");
  other_requests = file_server_dup_requests (other);
  g_assert_cmpuint (count_text (other_requests, "GET /hello/x HTTP"), ==, 1);
  g_assert_null (strstr (other_requests, "Authorization"));
  g_assert_null (strstr (other_requests, "secret"));
}

static void
test_download_handler_folders (Fixture       *self,
                               gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *deep = g_build_filename (self->files.target, "a/b/c", NULL);
  g_autofree char *file = g_build_filename (self->files.target, "file", NULL);
  g_autofree char *below = g_build_filename (file, "x", NULL);
  g_autofree char *linked = g_build_filename (self->files.target, "f", NULL);
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Folders are made; one that cannot be is an error that names it");

  prepare (self, url, deep, RUNTIME_USE_EXTRACT_ZIP);
  start (self);
  path = finish (self, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (path, "/a/b/c/f"));
  transfer_assert_file (&self->files, "a/b/c/f", "hello");

  transfer_write (&self->files, "file", "mine");
  prepare (self, url, file, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/target/file: ");
  prepare (self, url, below, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/target/file/x: ENOTDIR");
  prepare (self, url, "/proc/none", RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/proc/none: ENOENT");
  prepare (self, url, "/proc", RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/proc: cannot make a file to download to: E");
  prepare (self, url, "", RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "must not be empty");

  /* What has the name is replaced, but not followed. */
  g_assert_no_errno (symlink ("../outside/victim", linked));
  assert_stores (self, url, "f", "hello");
  g_assert_false (g_file_test (linked, G_FILE_TEST_IS_SYMLINK));
  g_unlink (linked);
  g_assert_no_errno (g_mkdir (linked, 0755));
  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED, "Cannot store “f”: EISDIR");
}

static void
test_download_handler_relative (Fixture       *self,
                                gconstpointer  test_data)
{
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A relative folder is beneath the current one");

  g_assert_no_errno (g_chdir (self->files.target));
  prepare (self, url, "sub/dir", RUNTIME_USE_EXTRACT_ZIP);
  start (self);
  path = finish (self, &error);
  g_assert_no_errno (g_chdir (before));
  g_assert_no_error (error);
  g_assert_cmpstr (path, ==, "sub/dir/f");
  transfer_assert_file (&self->files, "sub/dir/f", "hello");
}

static void
test_download_handler_named_file (Fixture       *self,
                                  gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *cut = file_server_url (self->server, "/too-little/f");

  g_test_summary ("Where a file without a name cannot be, a temporary one is removed in the end");

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  _runtime_use_download_handler_set_named_file (self->handler);
  assert_stores (self, url, "f", "hello");

  prepare (self, cut, NULL, RUNTIME_USE_EXTRACT_ZIP);
  _runtime_use_download_handler_set_named_file (self->handler);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "fetch failed");
}

static void
assert_unpacks (Fixture           *self,
                const char        *path,
                RuntimeUseExtract  extract,
                gboolean           unpacked)
{
  g_autofree char *url = file_server_url (self->server, path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *stored = NULL;
  g_autoptr(GError) error = NULL;

  transfer_remove (self->files.target);
  prepare (self, url, NULL, extract);
  start (self);
  stored = finish (self, &error);
  g_assert_no_error (error);

  g_assert_cmpint (stored == NULL, ==, unpacked);
  g_assert_cmpint (transfer_exists (&self->files, name), ==, !unpacked);
  g_assert_cmpint (transfer_exists (&self->files, "dir/b.txt"), ==, unpacked);
}

static void
test_download_handler_extract (Fixture       *self,
                               gconstpointer  test_data)
{
  g_test_summary ("What is unpacked depends on the name, or is found out, or nothing is");

  assert_unpacks (self, "/files/good.zip", RUNTIME_USE_EXTRACT_ZIP, TRUE);
  assert_unpacks (self, "/files/good.tar.gz", RUNTIME_USE_EXTRACT_ZIP, FALSE);
  assert_unpacks (self, "/files/good.zip", RUNTIME_USE_EXTRACT_AUTO, TRUE);
  assert_unpacks (self, "/files/good.tar.gz", RUNTIME_USE_EXTRACT_AUTO, TRUE);
  assert_unpacks (self, "/files/good.tar", RUNTIME_USE_EXTRACT_AUTO, TRUE);
  assert_unpacks (self, "/files/text", RUNTIME_USE_EXTRACT_AUTO, FALSE);
  assert_unpacks (self, "/files/good.zip", RUNTIME_USE_EXTRACT_NEVER, FALSE);
}

static void
test_download_handler_bad_archive (Fixture       *self,
                                   gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/files/link-up.tar");
  g_autofree char *bomb = file_server_url (self->server, "/files/bomb.zip");

  g_test_summary ("A bad archive is an error with the text that clients know, and changes nothing");

  transfer_write (&self->files, "ok.txt", "mine");
  transfer_write (&self->files, "up.zip", "mine");
  assert_path_fails (self, "/files/up.zip",
                     "Command failed: unzip -o up.zip: member “../evil”: its name leads out");
  assert_path_fails (self, "/files/encrypted.zip",
                     "Command failed: unzip -o encrypted.zip: member");
  assert_path_fails (self, "/files/garbage.zip", "Command failed: unzip -o garbage.zip: it is");

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_AUTO);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "Cannot unpack link-up.tar: member “evil”: ");
  prepare (self, bomb, NULL, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_TOO_LARGE,
                    "Command failed: unzip -o bomb.zip: member “zeros”: what is unpacked has more "
                    "than 200 times");
  prepare (self, bomb, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "max-extracted-size", (guint64) 1000, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_TOO_LARGE, "(max-extracted-size)");
  prepare (self, bomb, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "max-entries", 0, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_TOO_LARGE, "(max-entries)");
}

static void
assert_limit (Fixture    *self,
              const char *path,
              const char *property,
              guint       value,
              int         code,
              const char *text)
{
  g_autofree char *url = file_server_url (self->server, path);
  gint64 start_time = g_get_monotonic_time ();

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  if (g_strcmp0 (property, "max-size") == 0)
    g_object_set (self->handler, property, (guint64) value, NULL);
  else
    g_object_set (self->handler, property, value, NULL);
  assert_run_fails (self, code, text);
  g_assert_cmpint (g_get_monotonic_time () - start_time, <, 10 * G_TIME_SPAN_SECOND);
}

static void
test_download_handler_limits (Fixture       *self,
                              gconstpointer  test_data)
{
  g_test_summary ("Time, size and redirects have limits, which the error names");

  assert_limit (self, "/stall/f", "idle-timeout", 1, RUNTIME_USE_ERROR_TIMED_OUT,
                "/stall/f: the server sent nothing more within 1 s");
  assert_limit (self, "/silent/f?secret", "idle-timeout", 1, RUNTIME_USE_ERROR_TIMED_OUT,
                "/silent/f: the server did not answer within 1 s");
  assert_limit (self, "/silent/f", "timeout", 1, RUNTIME_USE_ERROR_TIMED_OUT,
                "it was not complete within 1 s");
  assert_limit (self, "/hello/f", "max-size", 4, RUNTIME_USE_ERROR_TOO_LARGE,
                "Download failed: the file has more than 4 bytes (max-size)");
  assert_limit (self, "/chunked/f", "max-size", 4, RUNTIME_USE_ERROR_TOO_LARGE, "(max-size)");
  set_location (self, g_strdup ("/hello/f"));
  assert_limit (self, "/redirect/f", "max-redirects", 0, RUNTIME_USE_ERROR_FAILED,
                "more than 0 redirects");
}

/* A server whose backlog is full: the kernel does not answer whoever wants to connect. */
static void
test_download_handler_connect_timeout (Fixture       *self,
                                       gconstpointer  test_data)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *url = NULL;
  int fillers[4];

  g_test_summary ("A host that does not answer at all is given up");

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (fd, 0));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &size));
  for (gsize i = 0; i < G_N_ELEMENTS (fillers); i++)
    {
      fillers[i] = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (connect (fillers[i], (struct sockaddr *) &address, sizeof address) != 0)
        g_assert_cmpint (errno, ==, EINPROGRESS);
    }

  url = g_strdup_printf ("http://127.0.0.1:%u/f", ntohs (address.sin_port));
  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "connect-timeout", 1, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_TIMED_OUT, "there was no connection within 1 s");

  for (gsize i = 0; i < G_N_ELEMENTS (fillers); i++)
    close (fillers[i]);
  close (fd);
}

static void
assert_cancels (Fixture *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *left = NULL;
  gint64 cancelled_at = g_get_monotonic_time ();

  g_cancellable_cancel (self->cancellable);
  path = finish (self, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_test_message ("%d ms", (int) ((g_get_monotonic_time () - cancelled_at) / 1000));
  g_assert_cmpint (g_get_monotonic_time () - cancelled_at, <, 10 * G_TIME_SPAN_SECOND);
  left = transfer_list (self->files.target);
  g_assert_cmpstr (left, ==, "");
  g_assert_finalize_object (g_steal_pointer (&self->cancellable));
  self->cancellable = g_cancellable_new ();
}

static gboolean
has_request (Fixture *self)
{
  gboolean has;

  g_mutex_lock (&self->server->lock);
  has = self->server->n_requests > 0;
  self->server->n_requests = 0;
  g_mutex_unlock (&self->server->lock);

  return has;
}

static void
test_download_handler_cancel (Fixture       *self,
                              gconstpointer  test_data)
{
  static const char * const paths[] = { "/silent/f", "/stall/f", "/zeros/0" };

  g_test_summary ("A download can be cancelled before, at the start, and at any time after");

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *url = file_server_url (self->server, paths[i]);

      prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      g_cancellable_cancel (self->cancellable);
      start (self);
      assert_cancels (self);

      prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      start (self);
      assert_cancels (self);
      has_request (self);

      prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      start (self);
      while (!has_request (self))
        g_main_context_iteration (NULL, FALSE);
      assert_cancels (self);
    }
}

/* While it is unpacked. */
static void
test_download_handler_cancel_extraction (Fixture       *self,
                                         gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/files/many.zip");
  g_autofree char *listing = NULL;

  g_test_summary ("Unpacking can be cancelled too");

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  start (self);
  while (listing == NULL || listing[0] == '\0')
    {
      g_autoptr(GDir) dir = g_dir_open (self->files.target, 0, NULL);

      g_assert_null (self->result);
      g_main_context_iteration (NULL, FALSE);
      g_free (listing);
      listing = g_strdup (g_dir_read_name (dir));
    }
  assert_cancels (self);
}

static void
test_download_handler_once (Fixture       *self,
                            gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A second run is refused");

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  start (self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_free (runtime_use_download_handler_run_finish (self->handler, self->result, NULL));
  g_clear_object (&self->result);
  start (self);
  path = finish (self, &error);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY);
}

static void
test_download_handler_progress (Fixture       *self,
                                gconstpointer  test_data)
{
  const guint64 length = 64 << 20;
  g_autofree char *url = file_server_url (self->server, "/zeros/67108864");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;
  guint64 before = 0;

  g_test_summary ("Progress rises, and ends with all of the file");

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  start (self);
  path = finish (self, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (self->progress->len, >, 0);
  for (guint i = 0; i < self->progress->len; i += 2)
    {
      g_assert_cmpuint (g_array_index (self->progress, guint64, i), >, before);
      before = g_array_index (self->progress, guint64, i);
      g_assert_cmpuint (g_array_index (self->progress, guint64, i + 1), ==, length);
    }
  g_assert_cmpuint (before, ==, length);
}

static void
count_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = runtime_use_download_handler_run_finish (
    RUNTIME_USE_DOWNLOAD_HANDLER (object), result, &error);
  guint *n = user_data;

  g_assert_null (path);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  (*n)++;
}

static guint
count_threads (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *comm = NULL;

      n += g_file_get_contents (path, &comm, NULL, NULL) && strcmp (comm, "transfer\n") == 0;
    }

  return n;
}

static void
test_download_handler_queue (Fixture       *self,
                             gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/silent/f");
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint n_finished = 0;

  g_test_summary ("Many at once have few threads, and those that wait can be cancelled");

  for (guint i = 0; i < 40; i++)
    {
      g_autoptr(RuntimeUseDownloadHandler) handler = NULL;

      prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      handler = g_steal_pointer (&self->handler);
      runtime_use_download_handler_run_async (handler, self->cancellable, count_cb, &n_finished);
    }
  /* A thread takes its name when it first runs. */
  while (count_threads () == 0 && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count_threads (), <=, 16);
  g_assert_cmpuint (count_threads (), >, 0);

  g_cancellable_cancel (self->cancellable);
  while (n_finished < 40)
    g_main_context_iteration (NULL, TRUE);
  transfer_fixture_assert_clean (&self->files);
  while (count_threads () > 0 && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count_threads (), ==, 0);
}

static void
test_download_handler_disk_full (Fixture       *self,
                                 gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/files/bomb.zip");

  g_test_summary ("A full disk is an error with the bytes that are needed, and nothing is left");

  if (!transfer_fixture_mount (&self->files, "1m"))
    return;

  transfer_write (&self->files, "f", "mine");
  assert_path_fails (self, "/zeros/2000000", "Cannot store “2000000”: ENOSPC");
  assert_path_fails (self, "/zeros/2000000", "(2000000 bytes are needed, 1");
  assert_path_fails (self, "/zeros/0", "Cannot store “0”: ENOSPC");

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "max-ratio", 10000, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED,
                    "Command failed: unzip -o bomb.zip: member “zeros”: it cannot be written: "
                    "ENOSPC");
  transfer_assert_file (&self->files, "f", "mine");
  transfer_fixture_unmount (&self->files);
}

static void
test_download_handler_read_only (Fixture       *self,
                                 gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *zip = file_server_url (self->server, "/files/good.zip");
  g_autofree char *inner = g_build_filename (self->files.target, "inner", NULL);

  g_test_summary ("A folder that cannot be written to is an error that says so");

  if (!transfer_fixture_mount (&self->files, "1m"))
    return;

  transfer_write (&self->files, "f", "mine");
  transfer_fixture_lock (&self->files);
  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED,
                    "cannot make a file to download to: EROFS");
  assert_url_fails (self, zip, RUNTIME_USE_ERROR_FAILED, "EROFS");
  prepare (self, url, inner, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/inner: EROFS");
  transfer_fixture_unmount (&self->files);
}

/* Whoever may do anything becomes somebody else for that. */
static void
test_download_handler_forbidden (Fixture       *self,
                                 gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *inner = g_build_filename (self->files.target, "inner", NULL);
  uid_t uid = geteuid ();

  g_test_summary ("So is one that belongs to others");

  transfer_write (&self->files, "f", "mine");
  g_assert_no_errno (chmod (self->files.target, 0555));
  if (uid == 0 && seteuid (NOBODY) != 0)
    {
      /* There is nobody else in a name space of one user. */
      g_assert_cmpint (errno, ==, EINVAL);
      return;
    }

  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED,
                    "cannot make a file to download to: EACCES");
  prepare (self, url, inner, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/inner: EACCES");
  g_assert_true (uid != 0 || seteuid (0) == 0);
}

static void
test_download_handler_in_the_way (Fixture       *self,
                                  gconstpointer  test_data)
{
  g_autofree char *path = g_build_filename (self->files.target, "f", NULL);
  g_autofree char *victim = g_build_filename (self->files.outside, "victim", NULL);

  g_test_summary ("What has the name, be it a link, a pipe or a device, is replaced");

  g_assert_no_errno (link (victim, path));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (mkfifo (path, 0644));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (symlink ("f", path));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (symlink ("/proc/self/root/dev/null", path));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  /* That takes a right. */
  if (mknod (path, S_IFCHR | 0644, makedev (1, 3)) == 0)
    assert_path_stores (self, "/hello/f", "f", "hello");
  else
    g_assert_cmpint (errno, ==, EPERM);
}

typedef struct
{
  const char *path;
  const char *victim;
  int         stop;      /* atomic */
  int         n_swaps;   /* atomic */
} Swapper;

/* Whatever is there may be replaced at any moment, so each of this may fail. */
static gpointer
swap_func (gpointer user_data)
{
  Swapper *self = user_data;

  while (!g_atomic_int_get (&self->stop))
    {
      g_unlink (self->path);
      if (symlink (self->victim, self->path) == 0)
        g_atomic_int_inc (&self->n_swaps);
      g_unlink (self->path);
      if (link (self->victim, self->path) == 0)
        g_atomic_int_inc (&self->n_swaps);
    }

  return NULL;
}

static void
test_download_handler_race (Fixture       *self,
                            gconstpointer  test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *path = g_build_filename (self->files.target, "f", NULL);
  g_autofree char *victim = g_build_filename (self->files.outside, "victim", NULL);
  g_autofree char *content = NULL;
  Swapper swapper = { .path = path, .victim = victim };
  GThread *thread = g_thread_new ("swap", swap_func, &swapper);

  g_test_summary ("Links that somebody puts in the place of the file are never written through");

  for (guint i = 0; i < 100 || g_atomic_int_get (&swapper.n_swaps) < 1000; i++)
    {
      g_autoptr(RuntimeUseDownloadHandler) handler = NULL;
      g_autofree char *stored = NULL;
      g_autoptr(GError) error = NULL;

      prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      start (self);
      while (self->result == NULL)
        g_main_context_iteration (NULL, TRUE);
      handler = g_steal_pointer (&self->handler);
      stored = runtime_use_download_handler_run_finish (handler, self->result, &error);
      g_clear_object (&self->result);
      g_assert_no_error (error);
    }
  g_atomic_int_set (&swapper.stop, TRUE);
  g_thread_join (thread);
  g_test_message ("%d swaps", swapper.n_swaps);
  g_unlink (path);
  g_assert_true (g_file_get_contents (victim, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "untouched");
}

static void
run_without_libarchive (Fixture *self)
{
  g_autofree char *zip = file_server_url (self->server, "/files/good.zip");
  g_autofree char *tar = file_server_url (self->server, "/files/good.tar");

  assert_url_fails (self, zip, RUNTIME_USE_ERROR_UNSUPPORTED,
                    "Command failed: unzip -o good.zip: ");
  assert_url_fails (self, zip, RUNTIME_USE_ERROR_UNSUPPORTED, "archives need libarchive 3.6, on");
  prepare (self, tar, NULL, RUNTIME_USE_EXTRACT_AUTO);
  assert_run_fails (self, RUNTIME_USE_ERROR_UNSUPPORTED, "Cannot unpack good.tar: ");
  assert_path_stores (self, "/hello/f", "f", "hello");
}

/* Another process finds something else by that name. */
static void
test_download_handler_no_libarchive (Fixture       *self,
                                     gconstpointer  test_data)
{
  g_autofree char *folder = NULL;
  g_autofree char *library = NULL;
  Dl_info other;

  g_test_summary ("Without libarchive archives are an error that says what to install");

  if (g_test_subprocess ())
    {
      run_without_libarchive (self);
      return;
    }

  folder = g_dir_make_tmp ("libraries-XXXXXX", NULL);
  library = g_build_filename (folder, "libarchive.so.13", NULL);
  g_setenv ("LD_LIBRARY_PATH", folder, TRUE);
  g_assert_true (g_file_set_contents (library, "no library", -1, NULL));
  g_test_trap_subprocess (NULL, DEADLINE * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();

  /* One that has none of the functions. */
  g_unlink (library);
  g_assert_true (dladdr ((gpointer) g_object_new, &other) != 0);
  g_assert_no_errno (symlink (other.dli_fname, library));
  g_test_trap_subprocess (NULL, DEADLINE * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();

  g_unsetenv ("LD_LIBRARY_PATH");
  transfer_remove (folder);
}

/* --- addresses that are not public --- */

static const struct
{
  const char *address;
  gboolean    is_local;
} addresses[] = {
  { "0.0.0.0", TRUE }, { "0.1.2.3", TRUE }, { "10.0.0.1", TRUE }, { "100.64.0.1", TRUE },
  { "100.127.255.255", TRUE }, { "127.0.0.1", TRUE }, { "127.255.255.254", TRUE },
  { "169.254.169.254", TRUE }, { "172.16.0.1", TRUE }, { "172.31.255.255", TRUE },
  { "192.0.0.1", TRUE }, { "192.168.1.1", TRUE }, { "198.18.0.1", TRUE },
  { "198.19.255.255", TRUE }, { "224.0.0.1", TRUE }, { "239.255.255.250", TRUE },
  { "240.0.0.1", TRUE }, { "255.255.255.255", TRUE },
  { "::", TRUE }, { "::1", TRUE }, { "fe80::1", TRUE }, { "febf::1", TRUE }, { "fec0::1", TRUE },
  { "fc00::1", TRUE }, { "fdff::1", TRUE }, { "ff02::1", TRUE }, { "100::1", TRUE },
  { "::ffff:127.0.0.1", TRUE }, { "::ffff:10.0.0.1", TRUE }, { "::ffff:169.254.169.254", TRUE },
  { "::127.0.0.1", TRUE }, { "::ffff:0:127.0.0.1", TRUE }, { "64:ff9b::10.0.0.1", TRUE },
  { "64:ff9b:1::1", TRUE }, { "2002:7f00:1::", TRUE }, { "2002:a00:1::", TRUE },
  { "2001:0:1::80ff:fffe", TRUE },
  { "1.1.1.1", FALSE }, { "9.255.255.255", FALSE }, { "11.0.0.0", FALSE },
  { "100.63.255.255", FALSE }, { "100.128.0.0", FALSE }, { "172.15.255.255", FALSE },
  { "172.32.0.0", FALSE }, { "192.167.255.255", FALSE }, { "198.20.0.0", FALSE },
  { "223.255.255.255", FALSE }, { "::ffff:8.8.8.8", FALSE }, { "64:ff9b::8.8.8.8", FALSE },
  { "2606:4700::1111", FALSE }, { "2002:808:808::", FALSE }, { "2001:0:1::f7f7:f7f7", FALSE },
};

static void
test_download_handler_addresses (void)
{
  g_test_summary ("Addresses that are not public are known, whatever form they have");

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr(GInetAddress) address = g_inet_address_new_from_string (addresses[i].address);

      g_assert_nonnull (address);
      if (_runtime_use_is_local_address (address) != addresses[i].is_local)
        g_error ("%s", addresses[i].address);
    }
}

/* A resolver that knows what the test wants. */

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())

G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver           parent_instance;

  const char * const *answers;     /* for one look-up each, addresses joined by commas */
  guint               n_lookups;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static GList *
test_resolver_lookup_by_name (GResolver     *resolver,
                              const char    *hostname,
                              GCancellable  *cancellable,
                              GError       **error)
{
  TestResolver *self = TEST_RESOLVER (resolver);
  g_auto(GStrv) words = g_strsplit (self->answers[self->n_lookups], ",", -1);
  GList *list = NULL;

  self->n_lookups++;
  for (gsize i = 0; words[i] != NULL; i++)
    list = g_list_append (list, g_inet_address_new_from_string (words[i]));

  return list;
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  G_RESOLVER_CLASS (klass)->lookup_by_name = test_resolver_lookup_by_name;
}

static void
test_resolver_init (TestResolver *self)
{
}

static TestResolver *
resolve (const char * const *answers)
{
  g_autoptr(TestResolver) resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);

  resolver->answers = answers;
  g_resolver_set_default (G_RESOLVER (resolver));

  return resolver;
}

static void
assert_refused (Fixture    *self,
                const char *host,
                guint16     port,
                const char *path)
{
  g_autofree char *url = g_strdup_printf ("http://%s:%u%s", host, port, path);

  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "allow-local", FALSE, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "an address that is not public");
}

static void
test_download_handler_refuses_local (Fixture       *self,
                                     gconstpointer  test_data)
{
  static const char * const hosts[] = {
    "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0",
  };
  /* Which GLib does not look up. */
  static const char * const numbers[] = { "2130706433", "0x7f.1", "127.1", "0177.0.0.1" };
  static const char * const answers[] = { "127.0.0.1", "10.1.2.3", "::1,127.0.0.1",
                                          "169.254.169.254", "::ffff:127.0.0.1" };
  g_autoptr(GResolver) before = g_resolver_get_default ();

  g_test_summary ("Without allow-local no byte goes to an address that is not public");

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    assert_refused (self, hosts[i], self->server->port, "/hello/f");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *url = g_strdup_printf ("http://%s:%u/hello/f", numbers[i],
                                              self->server->port);

      assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED, "fetch failed: ");
    }

  resolve (answers);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    assert_refused (self, "evil.example", self->server->port, "/hello/f");
  g_resolver_set_default (before);

  g_assert_cmpuint (self->server->connections->len, ==, 0);
}

static void
test_download_handler_refuses_redirect (Fixture       *self,
                                        gconstpointer  test_data)
{
  static const char * const answers[] = { PUBLIC_ADDRESS, PUBLIC_ADDRESS, "127.0.0.1",
                                          PUBLIC_ADDRESS, "127.0.0.1" };
  g_autoptr(GResolver) before = g_resolver_get_default ();
  g_autoptr(FileServer) public = NULL;
  g_autofree char *url = NULL;
  TestResolver *resolver;

  g_test_summary ("Each redirect is checked again, and so is what a name means the second time");

  if (!transfer_is_isolated ())
    return;

  transfer_add_address (PUBLIC_ADDRESS);
  public = file_server_new (PUBLIC_ADDRESS);
  resolver = resolve (answers);

  /* What is public may be used, and is looked up once. */
  url = g_strdup_printf ("http://good.example:%u/hello/f", public->port);
  prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "allow-local", FALSE, NULL);
  assert_stores (self, url, "f", "hello");
  g_assert_cmpuint (resolver->n_lookups, ==, 1);

  public->location = g_strdup_printf ("http://other.example:%u/hello/f", self->server->port);
  assert_refused (self, "good.example", public->port, "/redirect/f");
  g_free (public->location);
  public->location = g_strdup_printf ("http://good.example:%u/hello/f", self->server->port);
  assert_refused (self, "good.example", public->port, "/redirect/f");
  g_assert_cmpuint (resolver->n_lookups, ==, 5);

  g_free (public->location);
  public->location = g_strdup_printf ("http://127.0.0.1:%u/hello/f", self->server->port);
  assert_refused (self, PUBLIC_ADDRESS, public->port, "/redirect/f");
  g_resolver_set_default (before);

  g_assert_cmpuint (self->server->connections->len, ==, 0);
}

static void
test_download_handler_public_https (Fixture       *self,
                                    gconstpointer  test_data)
{
  static const char * const answers[] = { PUBLIC_ADDRESS, PUBLIC_ADDRESS };
  g_autoptr(GResolver) before = g_resolver_get_default ();
  g_autoptr(TlsServer) public = NULL;
  g_autofree char *good = NULL;
  g_autofree char *wrong = NULL;

  g_test_summary ("A certificate has to be for the name, although the address was checked");

  if (!transfer_is_isolated ())
    return;

  transfer_add_address (PUBLIC_ADDRESS);
  public = tls_server_new (PUBLIC_ADDRESS, "server");
  resolve (answers);
  good = g_strdup_printf ("https://good.example:%u/f", public->port);
  prepare (self, good, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "allow-local", FALSE, NULL);
  assert_stores (self, good, "f", "hello");

  wrong = g_strdup_printf ("https://wrong.example:%u/f", public->port);
  prepare (self, wrong, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "allow-local", FALSE, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "it is for another host");
  g_resolver_set_default (before);
}

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
add (const char *name,
     void      (*test) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/download-handler/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const names[] = {
    "good.zip", "good.tar", "good.tar.gz", "text", "up.zip", "encrypted.zip", "garbage.zip",
    "link-up.tar", "bomb.zip", "many.zip", NULL,
  };
  g_autofree char *authority = tls_server_dup_certificate_path ("authority");
  int result;

  g_setenv ("SSL_CERT_FILE", authority, TRUE);
  transfer_isolate ();
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  archives = transfer_make_archives (names);

  g_test_add_func ("/download-handler/properties", test_download_handler_properties);
  g_test_add_func ("/download-handler/addresses", test_download_handler_addresses);
  add ("stores", test_download_handler_stores);
  add ("query", test_download_handler_query);
  add ("names", test_download_handler_names);
  add ("urls", test_download_handler_urls);
  add ("server-errors", test_download_handler_server_errors);
  add ("lengths", test_download_handler_lengths);
  add ("redirects", test_download_handler_redirects);
  add ("credentials", test_download_handler_credentials);
  add ("folders", test_download_handler_folders);
  add ("relative", test_download_handler_relative);
  add ("named-file", test_download_handler_named_file);
  add ("extract", test_download_handler_extract);
  add ("bad-archive", test_download_handler_bad_archive);
  add ("limits", test_download_handler_limits);
  add ("connect-timeout", test_download_handler_connect_timeout);
  add ("cancel", test_download_handler_cancel);
  add ("cancel-extraction", test_download_handler_cancel_extraction);
  add ("once", test_download_handler_once);
  add ("progress", test_download_handler_progress);
  add ("queue", test_download_handler_queue);
  add ("disk-full", test_download_handler_disk_full);
  add ("read-only", test_download_handler_read_only);
  add ("forbidden", test_download_handler_forbidden);
  add ("in-the-way", test_download_handler_in_the_way);
  add ("race", test_download_handler_race);
  add ("no-libarchive", test_download_handler_no_libarchive);
  add ("refuses-local", test_download_handler_refuses_local);
  add ("refuses-redirect", test_download_handler_refuses_redirect);
  add ("public-https", test_download_handler_public_https);

  result = g_test_run ();
  transfer_remove (archives);
  g_free (archives);

  return result;
}
