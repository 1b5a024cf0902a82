/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "http-sink.h"
#include "runtime-use-upload-private.h"
#include "runtime-use-upload-url-private.h"
#include "wait-for.h"

#define MIB ((guint64) 1024 * 1024)

#define OK         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BROKEN     "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n" \
                   "Connection: close\r\n\r\n"
#define FORBIDDEN  "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno!\n"
#define LATER      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
#define NEVER      "HTTP/1.1 503 Busy\r\nX-Should-Retry: false\r\nContent-Length: 0\r\n\r\n"
#define ALWAYS     "HTTP/1.1 404 Not Found\r\nX-Should-Retry: true\r\nContent-Length: 0\r\n\r\n"
#define MUCH_LATER "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"

static gboolean wants_large;

typedef struct
{
  char                    *path;
  int                      fd;
  RuntimeUseUploadOptions  options;
  GCancellable            *cancellable;
  RuntimeUseUploadResult   result;
  GError                  *error;
  gboolean                 is_done;
  gboolean                 is_ok;
} Fixture;

static guint
count_entries (const char *folder,
               const char *comm)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, "comm", NULL);
      g_autofree char *text = NULL;

      if (comm == NULL ||
          (g_file_get_contents (path, &text, NULL, NULL) && g_str_has_prefix (text, comm)))
        n++;
    }

  return n;
}

static guint
count_fds (void)
{
  return count_entries ("/proc/self/fd", NULL);
}

static void
fixture_init (Fixture *fixture,
              guint64  size)
{
  const RuntimeUseUploadOptions options = RUNTIME_USE_UPLOAD_OPTIONS_INIT;

  memset (fixture, 0, sizeof *fixture);
  fixture->options = options;
  fixture->options.retry_delay = 1;
  fixture->cancellable = g_cancellable_new ();
  fixture->fd = g_file_open_tmp ("upload-XXXXXX", &fixture->path, NULL);
  g_assert_cmpint (fixture->fd, >=, 0);
  g_assert_no_errno (ftruncate (fixture->fd, size));
  if (size > 0)
    g_assert_cmpint (pwrite (fixture->fd, "a\0z", MIN (size, 3), 0), >, 0);
  if (size > 10)
    g_assert_cmpint (pwrite (fixture->fd, "the end", 7, size - 7), ==, 7);
}

static void
fixture_clear (Fixture *fixture)
{
  g_clear_error (&fixture->error);
  g_assert_finalize_object (fixture->cancellable);
  close (fixture->fd);
  unlink (fixture->path);
  g_free (fixture->path);
  /* The worker is gone before the upload is reported as over. */
  wait_for (count_entries ("/proc/self/task", "upload\n") == 0);
}

static void
uploaded_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_null (fixture->error);
  fixture->is_ok = _runtime_use_upload_fd_finish (result, &fixture->result, &fixture->error);
  g_assert_true (fixture->is_ok == (fixture->error == NULL));
  fixture->is_done = TRUE;
}

static void
start (Fixture    *fixture,
       const char *url,
       const char *content_type)
{
  g_clear_error (&fixture->error);
  fixture->is_done = FALSE;
  _runtime_use_upload_fd_async (fixture->fd, url, content_type, &fixture->options,
                                fixture->cancellable, uploaded_cb, fixture);
}

static void
run (Fixture    *fixture,
     HttpSink   *sink,
     const char *rest)
{
  g_autofree char *url = http_sink_dup_url (sink, rest);

  start (fixture, url, "text/plain");
  wait_for (fixture->is_done);
}

#define assert_failed(fixture, domain_, code_, text)                       \
  G_STMT_START                                                             \
    {                                                                      \
      g_assert_error ((fixture)->error, domain_, code_);                   \
      g_assert_nonnull (strstr ((fixture)->error->message, (text)));       \
      g_assert_null (strstr ((fixture)->error->message, "secret"));        \
    }                                                                      \
  G_STMT_END

/* --- What is sent --- */

static int
compare_lines (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char **) a, *(const char **) b);
}

/* The order of headers means nothing. */
static void
assert_same_lines (const char *text,
                   const char *expected)
{
  g_auto(GStrv) lines = g_strsplit (text, "\r\n", -1);
  g_auto(GStrv) wanted = g_strsplit (expected, "\r\n", -1);

  qsort (lines, g_strv_length (lines), sizeof *lines, compare_lines);
  qsort (wanted, g_strv_length (wanted), sizeof *wanted, compare_lines);
  g_assert_cmpstrv (lines, wanted);
}

static void
assert_head (guint64     size,
             const char *content_type,
             const char *expected_type)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  /* Nothing of this may be decoded, encoded, reordered or put into another case. */
  const char *target = "/b%7Eu%2fcket//./x/../%e4?X=%7e%2B+%3d&b=;/?:@&&c=%zz&sig=a%2Fb";
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autofree char *expected = NULL;
  g_autofree char *url = NULL;
  Fixture fixture;

  fixture_init (&fixture, size);
  url = g_strdup_printf ("HTTP://127.0.0.1:%u%s#fragment", http_sink_get_port (sink), target);
  start (&fixture, url, content_type);
  wait_for (fixture.is_done);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.result.status, ==, 200);
  g_assert_cmpuint (fixture.result.n_attempts, ==, 1);
  g_assert_cmpuint (fixture.result.n_sent, ==, size);

  expected = g_strdup_printf ("PUT %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                              "Content-Length: %" G_GUINT64_FORMAT "\r\n%s"
                              "Connection: Keep-Alive\r\n\r\n",
                              target, http_sink_get_port (sink), size, expected_type);
  assert_same_lines (http_sink_get_request (sink, 0)->head, expected);
  g_assert_cmpuint (http_sink_get_request (sink, 0)->n_body, ==, size);
  fixture_clear (&fixture);
}

static void
test_upload_head (void)
{
  g_test_summary ("URL and content type are sent byte for byte, and no header is added");

  assert_head (100, "text/x-y; q=\"a b\"", "Content-Type: text/x-y; q=\"a b\"\r\n");
  assert_head (MIB, "image/png", "Content-Type: image/png\r\n");
  assert_head (0, "image/png", "Content-Type: image/png\r\n");
  assert_head (100, "nonsense", "Content-Type: nonsense\r\n");
  assert_head (100, "", "");
  assert_head (MIB, NULL, "");
}


static void
test_upload_urls (void)
{
  static const struct { const char *url, *result; } cases[] = {
    { "http://h", "http://h/" },
    { "https://h:444?q", "https://h:444/?q" },
    { "HtTp://[::1]:8/a b?c\r\nd=\xc3\xa4#f", "http://[::1]:8/a%20b?c%0D%0Ad=%C3%A4" },
    { "ftp://h/secret", NULL },
    { "file:///secret", NULL },
    { "secret", NULL },
    { "http:///secret", NULL },
    { "http://h:x/secret", NULL },
    { "http://u:secret@h/", NULL },
    { "http://h\r\nsecret/", NULL },
    { "", NULL },
  };

  g_test_summary ("Only http and https URLs are used, and errors do not repeat them");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GUri) url = _runtime_use_upload_url_parse (cases[i].url, &error);
      g_autofree char *text = url != NULL ? g_uri_to_string (url) : NULL;

      g_assert_cmpstr (text, ==, cases[i].result);
      if (cases[i].result == NULL)
        {
          g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
          g_assert_null (strstr (error->message, "secret"));
        }
    }
}

static void
test_upload_content (void)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  static const guint64 sizes[] = { 1, 8192, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 7, 512 * MIB };

  g_test_summary ("The content arrives as it is, whatever its size");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
      Fixture fixture;

      fixture_init (&fixture, sizes[i]);
      http_sink_compare (sink, fixture.fd);
      run (&fixture, sink, "/");
      g_assert_no_error (fixture.error);
      g_assert_true (http_sink_is_same (sink));
      g_assert_cmpuint (http_sink_get_request (sink, 0)->n_body, ==, sizes[i]);
      g_assert_cmpuint (fixture.result.n_sent, ==, sizes[i]);
      /* Nobody's position was moved. */
      g_assert_cmpint (lseek (fixture.fd, 0, SEEK_CUR), ==, 0);
      fixture_clear (&fixture);
    }
}

/* All of it takes seconds: only with --large. */
static void
test_upload_huge (void)
{
  static const HttpStep all[] = { { OK, -1, HTTP_THEN_NEXT } };
  static const HttpStep first[] = { { FORBIDDEN, 1024 * 1024, HTTP_THEN_CLOSE } };
  guint64 size = 2560 * MIB;
  g_autoptr(HttpSink) sink = http_sink_new (wants_large ? all : first, 1);
  g_autofree char *length = g_strdup_printf ("\r\nContent-Length: %" G_GUINT64_FORMAT "\r\n", size);
  Fixture fixture;

  g_test_summary ("A file may have more than 2 GiB");

  fixture_init (&fixture, size);
  http_sink_compare (sink, fixture.fd);
  run (&fixture, sink, "/");
  g_assert_true (http_sink_is_same (sink));
  g_assert_nonnull (strstr (http_sink_get_request (sink, 0)->head, length));
  if (wants_large)
    {
      g_assert_no_error (fixture.error);
      g_assert_cmpuint (http_sink_get_request (sink, 0)->n_body, ==, size);
      g_assert_cmpuint (fixture.result.n_sent, ==, size);
    }
  else
    {
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403");
    }
  fixture_clear (&fixture);
}

/* --- Answers --- */

static void
test_upload_retries (void)
{
  static const HttpStep steps[] = {
    { BROKEN, -1, HTTP_THEN_CLOSE }, { NULL, 100, HTTP_THEN_CLOSE },
    { NULL, -1, HTTP_THEN_CLOSE }, { OK, -1, HTTP_THEN_NEXT },
  };
  static const guint64 sizes[] = { 1000, MIB };

  g_test_summary ("Failures of server and connection are tried again, four times in all");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (steps, G_N_ELEMENTS (steps));
      Fixture fixture;

      fixture_init (&fixture, sizes[i]);
      run (&fixture, sink, "/?secret");
      g_assert_no_error (fixture.error);
      g_assert_cmpuint (fixture.result.n_attempts, ==, 4);
      g_assert_cmpuint (fixture.result.status, ==, 200);
      g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 4);
      g_assert_cmpuint (http_sink_get_request (sink, 3)->n_body, ==, sizes[i]);
      fixture_clear (&fixture);
    }
}

static void
test_upload_gives_up (void)
{
  static const HttpStep bad[] = { { BROKEN, -1, HTTP_THEN_NEXT } };
  static const HttpStep forbidden[] = { { FORBIDDEN, -1, HTTP_THEN_CLOSE } };
  static const HttpStep nothing[] = { { NULL, -1, HTTP_THEN_CLOSE } };
  g_autoptr(HttpSink) bad_sink = http_sink_new (bad, 1);
  g_autoptr(HttpSink) forbidden_sink = http_sink_new (forbidden, 1);
  g_autoptr(HttpSink) nothing_sink = http_sink_new (nothing, 1);
  Fixture fixture;

  g_test_summary ("After four tries the last failure is reported; a refusal is final at once");

  fixture_init (&fixture, 1000);
  run (&fixture, bad_sink, "/?secret");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                 "it answered 500 Internal Server Error");
  g_assert_cmpuint (http_sink_get_n_requests (bad_sink), ==, 4);

  run (&fixture, forbidden_sink, "/?secret");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403 Forbidden");
  g_assert_nonnull (strstr (fixture.error->message, "127.0.0.1:"));
  g_assert_cmpuint (fixture.result.status, ==, 403);
  g_assert_cmpuint (http_sink_get_n_requests (forbidden_sink), ==, 1);

  fixture.options.max_attempts = 2;
  run (&fixture, nothing_sink, "/?secret");
  g_assert_nonnull (fixture.error);
  g_assert_null (strstr (fixture.error->message, "secret"));
  g_assert_cmpuint (fixture.result.status, ==, 0);
  g_assert_cmpuint (fixture.result.n_attempts, ==, 2);
  fixture_clear (&fixture);
}

static void
test_upload_statuses (void)
{
  static const struct { guint status, n_requests; } cases[] = {
    { 408, 2 }, { 429, 2 }, { 500, 2 }, { 502, 2 }, { 503, 2 }, { 504, 2 }, { 599, 2 },
    { 300, 1 }, { 303, 1 }, { 304, 1 }, { 307, 1 }, { 400, 1 }, { 401, 1 }, { 403, 1 }, { 404, 1 },
    { 407, 1 }, { 409, 1 }, { 411, 1 }, { 412, 1 }, { 413, 1 }, { 418, 1 }, { 425, 1 },
  };

  g_test_summary ("Only 408, 429 and what is the server's fault is tried again");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *answer = g_strdup_printf ("HTTP/1.1 %u Status\r\nContent-Length: 0\r\n"
                                                 "WWW-Authenticate: Basic realm=\"x\"\r\n\r\n",
                                                 cases[i].status);
      g_autofree char *shown = g_strdup_printf ("it answered %u", cases[i].status);
      const HttpStep steps[] = { { answer, -1, HTTP_THEN_NEXT } };
      g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
      Fixture fixture;

      fixture_init (&fixture, 1000);
      fixture.options.max_attempts = 2;
      run (&fixture, sink, "/?secret");
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, shown);
      g_assert_cmpuint (fixture.result.status, ==, cases[i].status);
      g_assert_cmpuint (http_sink_get_n_requests (sink), ==, cases[i].n_requests);
      fixture_clear (&fixture);
    }
}

static void
test_upload_retry_after (void)
{
  static const HttpStep later[] = { { LATER, -1, HTTP_THEN_NEXT }, { OK, -1, HTTP_THEN_NEXT } };
  static const HttpStep much_later[] = { { MUCH_LATER, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (later, 2);
  g_autoptr(HttpSink) busy_sink = http_sink_new (much_later, 1);
  Fixture fixture;

  g_test_summary ("The pause that the server asks for is kept, unless there is no time for it");

  fixture_init (&fixture, 1000);
  run (&fixture, sink, "/");
  g_assert_no_error (fixture.error);
  g_assert_cmpint (http_sink_get_request (sink, 1)->time - http_sink_get_request (sink, 0)->time,
                   >=, 990000);

  run (&fixture, busy_sink, "/?secret");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "503");
  g_assert_cmpuint (http_sink_get_n_requests (busy_sink), ==, 1);
  fixture_clear (&fixture);
}

static void
test_upload_advice (void)
{
  static const HttpStep steps[] = { { NEVER, -1, HTTP_THEN_NEXT }, { ALWAYS, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, G_N_ELEMENTS (steps));
  Fixture fixture;

  g_test_summary ("Whether it is tried again depends on the status, not on what else a server "
                  "says");

  fixture_init (&fixture, 1000);
  run (&fixture, sink, "/?secret");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "404");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 2);
  fixture_clear (&fixture);
}

static void
test_upload_retry_after_date (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr(GDateTime) date = g_date_time_add_seconds (now, 3);
  g_autofree char *text = g_date_time_format (date, "%a, %d %b %Y %T GMT");
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 503 Busy\r\nRetry-After: %s\r\n"
                                             "Content-Length: 0\r\n\r\n", text);
  const HttpStep steps[] = { { answer, -1, HTTP_THEN_NEXT }, { OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 2);
  Fixture fixture;

  g_test_summary ("The server may also say at what time");

  fixture_init (&fixture, 1000);
  run (&fixture, sink, "/");
  g_assert_no_error (fixture.error);
  g_assert_cmpint (g_get_real_time () / G_USEC_PER_SEC, >=, g_date_time_to_unix (date) - 1);
  g_assert_cmpint (http_sink_get_request (sink, 1)->time - http_sink_get_request (sink, 0)->time,
                   >=, 500000);
  fixture_clear (&fixture);
}

static void
test_upload_redirects (void)
{
  static const HttpStep elsewhere[] = { { OK, -1, HTTP_THEN_NEXT } };
  static const HttpStep round[] = {
    { "HTTP/1.1 308 P\r\nLocation: /next?%7e\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT } };
  static const HttpStep found[] = {
    { "HTTP/1.1 302 F\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT } };
  static const HttpStep wrong[] = {
    { "HTTP/1.1 307 F\r\nLocation: ftp://secret/\r\nContent-Length: 0\r\n\r\n", -1,
      HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) target = http_sink_new (elsewhere, 1);
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 307 T\r\nLocation: http://127.0.0.1:%u"
                                             "/b?%%7eq\r\nContent-Length: 0\r\n\r\n",
                                             http_sink_get_port (target));
  const HttpStep steps[] = { { answer, 10, HTTP_THEN_CLOSE } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autoptr(HttpSink) round_sink = http_sink_new (round, 1);
  g_autoptr(HttpSink) found_sink = http_sink_new (found, 1);
  g_autoptr(HttpSink) wrong_sink = http_sink_new (wrong, 1);
  Fixture fixture;

  g_test_summary ("307 and 308 send the whole body elsewhere, within limits; others are refusals");

  fixture_init (&fixture, MIB);
  run (&fixture, sink, "/");
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.result.n_attempts, ==, 1);
  g_assert_true (g_str_has_prefix (http_sink_get_request (target, 0)->head, "PUT /b?%7eq HTTP"));
  g_assert_cmpuint (http_sink_get_request (target, 0)->n_body, ==, MIB);

  run (&fixture, round_sink, "/");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "More than 5 redirects");
  g_assert_cmpuint (http_sink_get_n_requests (round_sink), ==, 6);

  run (&fixture, found_sink, "/");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "302 Found");
  run (&fixture, wrong_sink, "/");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "http://");
  fixture_clear (&fixture);
}

static void
test_upload_early (void)
{
  static const HttpStep closes[] = { { FORBIDDEN, 0, HTTP_THEN_CLOSE } };
  static const HttpStep stalls[] = { { FORBIDDEN, 8192, HTTP_THEN_STALL } };
  static const guint64 sizes[] = { 200 * 1024, 64 * MIB };

  g_test_summary ("An answer that does not wait for the body is heard, and nothing is tried again");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) closing_sink = http_sink_new (closes, 1);
      g_autoptr(HttpSink) stalling_sink = http_sink_new (stalls, 1);
      Fixture fixture;

      fixture_init (&fixture, sizes[i]);
      run (&fixture, closing_sink, "/?secret");
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403 Forbidden");
      g_assert_cmpuint (http_sink_get_n_requests (closing_sink), ==, 1);
      run (&fixture, stalling_sink, "/?secret");
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403 Forbidden");
      g_assert_cmpuint (http_sink_get_n_requests (stalling_sink), ==, 1);
      fixture_clear (&fixture);
    }
}

static void
test_upload_long_answer (void)
{
  g_autofree char *words = g_strnfill (MIB, 'x');
  g_autofree char *answer = g_strconcat ("HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n",
                                         words, NULL);
  const HttpStep steps[] = { { answer, -1, HTTP_THEN_STALL } };
  static const guint64 sizes[] = { 10, MIB };

  g_test_summary ("The text of an answer is not waited for");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
      Fixture fixture;

      fixture_init (&fixture, sizes[i]);
      run (&fixture, sink, "/");
      g_assert_no_error (fixture.error);
      g_assert_cmpuint (fixture.result.n_attempts, ==, 1);
      fixture_clear (&fixture);
    }
}

static void
test_upload_kept_connection (void)
{
  static const HttpStep silent[] = {
    { OK, -1, HTTP_THEN_NEXT }, { NULL, -1, HTTP_THEN_CLOSE }, { OK, -1, HTTP_THEN_NEXT },
  };
  static const HttpStep closing[] = {
    { OK, -1, HTTP_THEN_NEXT }, { NULL, 0, HTTP_THEN_CLOSE }, { OK, -1, HTTP_THEN_NEXT },
  };
  const HttpStep *cases[] = { silent, closing };

  g_test_summary ("A connection that was kept and then fails harms the content in no way");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (cases[i], 3);
      Fixture fixture;

      fixture_init (&fixture, 1000);
      fixture.options.connections = _runtime_use_upload_connections_new ();
      http_sink_compare (sink, fixture.fd);
      run (&fixture, sink, "/first");
      run (&fixture, sink, "/second");
      g_assert_no_error (fixture.error);
      g_assert_cmpuint (fixture.result.n_sent, ==, 1000);
      g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 3);
      g_assert_cmpuint (http_sink_get_request (sink, 1)->connection, ==, 1);
      g_assert_cmpuint (http_sink_get_request (sink, 2)->n_body, ==, 1000);
      g_assert_true (http_sink_is_same (sink));
      assert_same_lines (http_sink_get_request (sink, 2)->head,
                         http_sink_get_request (sink, 1)->head);
      _runtime_use_upload_connections_free (fixture.options.connections);
      fixture_clear (&fixture);
    }
}

/* --- Time --- */

static int
bind_unused (struct sockaddr_in *address)
{
  socklen_t length = sizeof *address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  memset (address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_no_errno (bind (fd, (struct sockaddr *) address, length));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) address, &length));

  return fd;
}

static void
test_upload_refused (void)
{
  struct sockaddr_in address;
  int fd = bind_unused (&address);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/?secret", ntohs (address.sin_port));
  Fixture fixture;

  g_test_summary ("A refused connection is tried again until the time is over");

  fixture_init (&fixture, 10);
  start (&fixture, url, NULL);
  wait_for (fixture.is_done);
  assert_failed (&fixture, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "refused");
  g_assert_cmpuint (fixture.result.n_attempts, ==, 4);

  fixture.options.timeout = 4000;
  fixture.options.retry_delay = 2400;
  start (&fixture, url, NULL);
  wait_for (fixture.is_done);
  assert_failed (&fixture, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "refused");
  g_assert_cmpuint (fixture.result.n_attempts, ==, 2);
  fixture_clear (&fixture);
  close (fd);
}

/* A server that serves one request, on a socket that does not listen yet. */
typedef struct
{
  int      fd;
  GThread *thread;
  int      is_gone;   /* atomic */
} LateServer;

static gpointer
late_server_func (gpointer user_data)
{
  LateServer *self = user_data;
  char buffer[4096];
  int fd = accept (self->fd, NULL, NULL);

  g_assert_cmpint (recv (fd, buffer, sizeof buffer, 0), >, 0);
  g_assert_cmpint (send (fd, OK, strlen (OK), MSG_NOSIGNAL), ==, strlen (OK));
  while (recv (fd, buffer, sizeof buffer, 0) > 0)
    continue;
  close (fd);
  g_atomic_int_set (&self->is_gone, TRUE);

  return NULL;
}

static gboolean
come_up_cb (gpointer user_data)
{
  LateServer *self = user_data;

  g_assert_no_errno (listen (self->fd, 16));
  self->thread = g_thread_new ("server", late_server_func, self);

  return G_SOURCE_REMOVE;
}

static void
test_upload_refused_then_up (void)
{
  struct sockaddr_in address;
  LateServer server = { .fd = bind_unused (&address) };
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", ntohs (address.sin_port));
  Fixture fixture;

  g_test_summary ("A server that comes up meanwhile gets the file");

  fixture_init (&fixture, 10);
  fixture.options.retry_delay = 2000;
  start (&fixture, url, NULL);
  g_timeout_add (500, come_up_cb, &server);
  wait_for (fixture.is_done);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.result.n_attempts, ==, 2);
  /* No connection is kept for anybody else. */
  wait_for (g_atomic_int_get (&server.is_gone));
  g_thread_join (server.thread);
  fixture_clear (&fixture);
  close (server.fd);
}

static void
test_upload_silence (void)
{
  static const HttpStep mute[] = { { NULL, -1, HTTP_THEN_STALL } };
  static const HttpStep deaf[] = { { NULL, 0, HTTP_THEN_STALL } };
  static const guint64 sizes[] = { 1000, 64 * MIB };

  g_test_summary ("A server that does not answer, or does not read, is given up");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) mute_sink = http_sink_new (mute, 1);
      g_autoptr(HttpSink) deaf_sink = http_sink_new (deaf, 1);
      Fixture fixture;

      fixture_init (&fixture, sizes[i]);
      fixture.options.silence_timeout = 200;
      fixture.options.max_attempts = 2;
      run (&fixture, mute_sink, "/?secret");
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "did not answer");
      wait_for (http_sink_get_n_requests (mute_sink) == 2);

      fixture.options.silence_timeout = 30000;
      fixture.options.timeout = 2000;
      run (&fixture, deaf_sink, "/?secret");
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "did not answer");
      wait_for (http_sink_get_n_requests (deaf_sink) == 1);
      fixture_clear (&fixture);
    }
}

static void
test_upload_no_connection (void)
{
  struct sockaddr_in address;
  int fd = bind_unused (&address);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/?secret", ntohs (address.sin_port));
  static const guint64 sizes[] = { 1000, MIB };
  int fillers[8];

  g_test_summary ("A server that does not even accept is given up");

  /* The kernel drops what does not fit into the backlog. */
  g_assert_no_errno (listen (fd, 0));
  for (gsize i = 0; i < G_N_ELEMENTS (fillers); i++)
    {
      fillers[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      connect (fillers[i], (struct sockaddr *) &address, sizeof address);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Fixture fixture;

      fixture_init (&fixture, sizes[i]);
      fixture.options.connect_timeout = 50;
      fixture.options.max_attempts = 2;
      start (&fixture, url, NULL);
      wait_for (fixture.is_done);
      assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "not be reached");
      g_assert_cmpuint (fixture.result.n_attempts, ==, 2);
      fixture_clear (&fixture);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (fillers); i++)
    close (fillers[i]);
  close (fd);
}

static void
pause_a_little (gpointer user_data)
{
  HttpSink *sink = user_data;

  g_poll (NULL, 0, 450);
  http_sink_call_at (sink, http_sink_get_request (sink, 0)->n_body + 8 * MIB, pause_a_little, sink);
}

static void
test_upload_slow (void)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  gint64 started = g_get_monotonic_time ();
  Fixture fixture;

  g_test_summary ("As long as there is headway, no limit ends an upload");

  fixture_init (&fixture, 64 * MIB);
  fixture.options.timeout = fixture.options.silence_timeout = 3000;
  http_sink_call_at (sink, 1, pause_a_little, sink);
  run (&fixture, sink, "/");
  g_assert_no_error (fixture.error);
  g_assert_cmpint (g_get_monotonic_time () - started, >, 3000000);
  g_assert_cmpuint (fixture.result.n_attempts, ==, 1);
  fixture_clear (&fixture);
}

/* --- Cancel --- */

static void
cancel_and_check (Fixture *fixture)
{
  gint64 cancelled = g_get_monotonic_time ();

  g_cancellable_cancel (fixture->cancellable);
  wait_for (fixture->is_done);
  assert_failed (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_cmpint (g_get_monotonic_time () - cancelled, <, 10 * G_USEC_PER_SEC);
  g_cancellable_reset (fixture->cancellable);
}

static void
test_upload_cancel (void)
{
  static const HttpStep mute[] = { { NULL, -1, HTTP_THEN_STALL } };
  static const HttpStep deaf[] = { { NULL, 0, HTTP_THEN_STALL } };
  static const HttpStep bad[] = { { BROKEN, -1, HTTP_THEN_NEXT } };
  static const guint64 sizes[] = { 1000, 64 * MIB };
  guint n_fds = 0;

  g_test_summary ("An upload can be cancelled at any point, and leaves nothing behind");

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) mute_sink = http_sink_new (mute, 1);
      g_autoptr(HttpSink) deaf_sink = http_sink_new (deaf, 1);
      g_autoptr(HttpSink) bad_sink = http_sink_new (bad, 1);
      g_autofree char *mute_url = http_sink_dup_url (mute_sink, "/?secret");
      g_autofree char *deaf_url = http_sink_dup_url (deaf_sink, "/?secret");
      g_autofree char *bad_url = http_sink_dup_url (bad_sink, "/?secret");
      Fixture fixture;

      fixture_init (&fixture, sizes[i / 2]);

      /* Before anything, right after the start, in the body, in the wait for the answer, in a
       * pause. */
      g_cancellable_cancel (fixture.cancellable);
      start (&fixture, mute_url, NULL);
      cancel_and_check (&fixture);
      start (&fixture, mute_url, NULL);
      cancel_and_check (&fixture);
      start (&fixture, deaf_url, NULL);
      wait_for (http_sink_get_n_requests (deaf_sink) == 1);
      cancel_and_check (&fixture);
      start (&fixture, mute_url, NULL);
      wait_for (http_sink_get_n_requests (mute_sink) > 0 &&
                http_sink_get_request (mute_sink, http_sink_get_n_requests (mute_sink) - 1)->n_body
                == sizes[i / 2]);
      cancel_and_check (&fixture);
      fixture.options.retry_delay = 8000;
      start (&fixture, bad_url, NULL);
      wait_for (http_sink_get_n_requests (bad_sink) == 1);
      cancel_and_check (&fixture);

      fixture_clear (&fixture);
      g_clear_pointer (&mute_sink, http_sink_free);
      g_clear_pointer (&deaf_sink, http_sink_free);
      g_clear_pointer (&bad_sink, http_sink_free);
      /* After the first time everything is there that stays for good. */
      if (i == 0)
        n_fds = count_fds ();
      wait_for (count_fds () <= n_fds);
    }
}

/* --- Files --- */

static void
truncate_cb (gpointer user_data)
{
  g_assert_no_errno (ftruncate (GPOINTER_TO_INT (user_data), MIB));
}

static void
grow_cb (gpointer user_data)
{
  g_assert_no_errno (ftruncate (GPOINTER_TO_INT (user_data), 100 * MIB));
}

static void
test_upload_changed (void)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autoptr(HttpSink) other_sink = http_sink_new (steps, 1);
  Fixture fixture;

  g_test_summary ("A file that becomes shorter is an error of its own; of a longer one its former "
                  "length is sent");

  fixture_init (&fixture, 64 * MIB);
  http_sink_call_at (sink, 1, truncate_cb, GINT_TO_POINTER (fixture.fd));
  run (&fixture, sink, "/?secret");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED, "became shorter");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 1);
  g_assert_cmpuint (fixture.result.n_attempts, ==, 1);

  g_assert_no_errno (ftruncate (fixture.fd, 64 * MIB));
  http_sink_call_at (other_sink, 1, grow_cb, GINT_TO_POINTER (fixture.fd));
  run (&fixture, other_sink, "/?secret");
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (http_sink_get_request (other_sink, 0)->n_body, ==, 64 * MIB);
  fixture_clear (&fixture);
}

static void
assert_changed (Fixture *fixture)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);

  run (fixture, sink, "/?secret");
  assert_failed (fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED, "was changed");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 0);
}

static void
write_cb (gpointer user_data)
{
  g_assert_cmpint (pwrite (GPOINTER_TO_INT (user_data), "x", 1, 0), ==, 1);
}

static void
test_upload_expected (void)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  static const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  struct stat expected;
  Fixture fixture;

  g_test_summary ("With a content that is expected, no other one arrives whole");

  fixture_init (&fixture, 64 * MIB);
  g_assert_no_errno (futimens (fixture.fd, long_ago));
  g_assert_no_errno (fstat (fixture.fd, &expected));
  fixture.options.expected = &expected;
  run (&fixture, sink, "/");
  g_assert_no_error (fixture.error);

  http_sink_call_at (sink, 1, write_cb, GINT_TO_POINTER (fixture.fd));
  run (&fixture, sink, "/?secret");
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED, "was changed");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 2);
  g_assert_cmpuint (http_sink_get_request (sink, 1)->n_body, <, 64 * MIB);

  assert_changed (&fixture);
  g_assert_no_errno (futimens (fixture.fd, long_ago));
  g_assert_no_errno (ftruncate (fixture.fd, 64 * MIB + 1));
  g_assert_no_errno (futimens (fixture.fd, long_ago));
  assert_changed (&fixture);
  fixture_clear (&fixture);
}

static void
test_upload_bad_input (void)
{
  Fixture fixture;
  int fds[2];

  g_test_summary ("What cannot be sent is refused with a reason");

  fixture_init (&fixture, 10);
  start (&fixture, "ftp://host/secret", NULL);
  wait_for (fixture.is_done);
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "http://");
  start (&fixture, "http://host/secret", "text/plain\r\nX-Evil: 1");
  wait_for (fixture.is_done);
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "control");

  g_assert_no_errno (pipe (fds));
  close (fixture.fd);
  fixture.fd = fds[0];
  start (&fixture, "http://host/", NULL);
  wait_for (fixture.is_done);
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "regular file");
  close (fds[1]);
  fixture_clear (&fixture);

  fixture_init (&fixture, 10);
  close (fixture.fd);
  start (&fixture, "http://host/", NULL);
  fixture.fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  wait_for (fixture.is_done);
  assert_failed (&fixture, G_IO_ERROR, G_IO_ERROR_FAILED, "Bad file descriptor");
  fixture_clear (&fixture);
}

static void
public_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Fixture *fixture = user_data;

  fixture->is_ok = runtime_use_upload_file_finish (result, &fixture->error);
  fixture->is_done = TRUE;
}

static void
test_upload_public (void)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autofree char *url = http_sink_dup_url (sink, "/a");
  g_autofree char *folder = g_dir_make_tmp ("upload-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  Fixture fixture;

  g_test_summary ("A file is sent by its path; a path that is none, or no file, is an error");

  fixture_init (&fixture, 10);
  runtime_use_upload_file_async (fixture.path, url, "a/b", NULL, public_cb, &fixture);
  wait_for (fixture.is_done);
  g_assert_no_error (fixture.error);
  g_assert_true (fixture.is_ok);
  g_assert_cmpmem (http_sink_get_request (sink, 0)->body->data, 10, "a\0z\0\0\0\0\0\0\0", 10);

  fixture.is_done = FALSE;
  runtime_use_upload_file_async ("/nonexistent", url, NULL, NULL, public_cb, &fixture);
  wait_for (fixture.is_done);
  assert_failed (&fixture, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "/nonexistent");

  g_assert_no_errno (mkfifo (fifo, 0600));
  g_clear_error (&fixture.error);
  fixture.is_done = FALSE;
  runtime_use_upload_file_async (fifo, url, NULL, NULL, public_cb, &fixture);
  wait_for (fixture.is_done);
  assert_failed (&fixture, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "regular file");
  g_remove (fifo);
  g_rmdir (folder);
  fixture_clear (&fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  wants_large = argc > 1 && g_str_equal (argv[1], "--large");

  g_test_add_func ("/upload/head", test_upload_head);
  g_test_add_func ("/upload/urls", test_upload_urls);
  g_test_add_func ("/upload/content", test_upload_content);
  g_test_add_func ("/upload/huge", test_upload_huge);
  g_test_add_func ("/upload/retries", test_upload_retries);
  g_test_add_func ("/upload/gives-up", test_upload_gives_up);
  g_test_add_func ("/upload/statuses", test_upload_statuses);
  g_test_add_func ("/upload/retry-after", test_upload_retry_after);
  g_test_add_func ("/upload/advice", test_upload_advice);
  g_test_add_func ("/upload/retry-after-date", test_upload_retry_after_date);
  g_test_add_func ("/upload/redirects", test_upload_redirects);
  g_test_add_func ("/upload/early", test_upload_early);
  g_test_add_func ("/upload/long-answer", test_upload_long_answer);
  g_test_add_func ("/upload/kept-connection", test_upload_kept_connection);
  g_test_add_func ("/upload/refused", test_upload_refused);
  g_test_add_func ("/upload/refused-then-up", test_upload_refused_then_up);
  g_test_add_func ("/upload/silence", test_upload_silence);
  g_test_add_func ("/upload/no-connection", test_upload_no_connection);
  g_test_add_func ("/upload/slow", test_upload_slow);
  g_test_add_func ("/upload/cancel", test_upload_cancel);
  g_test_add_func ("/upload/changed", test_upload_changed);
  g_test_add_func ("/upload/expected", test_upload_expected);
  g_test_add_func ("/upload/bad-input", test_upload_bad_input);
  g_test_add_func ("/upload/public", test_upload_public);

  return g_test_run ();
}
