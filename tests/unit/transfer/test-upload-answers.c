/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "upload-fixture.h"

#define LATER      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
#define NEVER      "HTTP/1.1 503 Busy\r\nX-Should-Retry: false\r\nContent-Length: 0\r\n\r\n"
#define ALWAYS     "HTTP/1.1 404 Not Found\r\nX-Should-Retry: true\r\nContent-Length: 0\r\n\r\n"
#define MUCH_LATER "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"

static void
test_upload_retries (void)
{
  static const HttpStep steps[] = {
    { ANSWER_BROKEN, -1, HTTP_THEN_CLOSE }, { NULL, 100, HTTP_THEN_CLOSE },
    { NULL, -1, HTTP_THEN_CLOSE }, { ANSWER_OK, -1, HTTP_THEN_NEXT },
  };
  static const guint64 sizes[] = { 1000, MIB };

  g_test_summary ("Failures of server and connection are tried again, four times in all");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (steps, G_N_ELEMENTS (steps));
      UploadFixture f;

      upload_fixture_init (&f, sizes[i]);
      upload_fixture_run (&f, sink, "/?secret");
      g_assert_no_error (f.error);
      g_assert_cmpuint (f.result.n_attempts, ==, 4);
      g_assert_cmpuint (f.result.status, ==, 200);
      g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 4);
      g_assert_cmpuint (http_sink_get_request (sink, 3)->n_body, ==, sizes[i]);
      upload_fixture_clear (&f);
    }
}

static void
test_upload_gives_up (void)
{
  static const HttpStep bad[] = { { ANSWER_BROKEN, -1, HTTP_THEN_NEXT } };
  static const HttpStep forbidden[] = { { ANSWER_FORBIDDEN, -1, HTTP_THEN_CLOSE } };
  static const HttpStep nothing[] = { { NULL, -1, HTTP_THEN_CLOSE } };
  g_autoptr(HttpSink) bad_sink = http_sink_new (bad, 1);
  g_autoptr(HttpSink) forbidden_sink = http_sink_new (forbidden, 1);
  g_autoptr(HttpSink) nothing_sink = http_sink_new (nothing, 1);
  UploadFixture f;

  g_test_summary ("After four tries the last failure is reported; a refusal is final at once");

  upload_fixture_init (&f, 1000);
  upload_fixture_run (&f, bad_sink, "/?secret");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                        "it answered 500 Internal Server Error");
  g_assert_cmpuint (http_sink_get_n_requests (bad_sink), ==, 4);

  upload_fixture_run (&f, forbidden_sink, "/?secret");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403 Forbidden");
  g_assert_nonnull (strstr (f.error->message, "127.0.0.1:"));
  g_assert_cmpuint (f.result.status, ==, 403);
  g_assert_cmpuint (http_sink_get_n_requests (forbidden_sink), ==, 1);

  f.options.max_attempts = 2;
  upload_fixture_run (&f, nothing_sink, "/?secret");
  g_assert_nonnull (f.error);
  g_assert_null (strstr (f.error->message, "secret"));
  g_assert_cmpuint (f.result.status, ==, 0);
  g_assert_cmpuint (f.result.n_attempts, ==, 2);
  upload_fixture_clear (&f);
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
      UploadFixture f;

      upload_fixture_init (&f, 1000);
      f.options.max_attempts = 2;
      upload_fixture_run (&f, sink, "/?secret");
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, shown);
      g_assert_cmpuint (f.result.status, ==, cases[i].status);
      g_assert_cmpuint (http_sink_get_n_requests (sink), ==, cases[i].n_requests);
      upload_fixture_clear (&f);
    }
}

static void
test_upload_retry_after (void)
{
  static const HttpStep later[] = {
    { LATER, -1, HTTP_THEN_NEXT }, { ANSWER_OK, -1, HTTP_THEN_NEXT },
  };
  static const HttpStep much_later[] = { { MUCH_LATER, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (later, 2);
  g_autoptr(HttpSink) busy_sink = http_sink_new (much_later, 1);
  UploadFixture f;

  g_test_summary ("The pause that the server asks for is kept, unless there is no time for it");

  upload_fixture_init (&f, 1000);
  upload_fixture_run (&f, sink, "/");
  g_assert_no_error (f.error);
  g_assert_cmpint (http_sink_get_request (sink, 1)->time - http_sink_get_request (sink, 0)->time,
                   >=, 990000);

  upload_fixture_run (&f, busy_sink, "/?secret");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "503");
  g_assert_cmpuint (http_sink_get_n_requests (busy_sink), ==, 1);
  upload_fixture_clear (&f);
}

static void
test_upload_advice (void)
{
  static const HttpStep steps[] = { { NEVER, -1, HTTP_THEN_NEXT }, { ALWAYS, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, G_N_ELEMENTS (steps));
  UploadFixture f;

  g_test_summary ("Whether it is tried again depends on the status, not on what else a server "
                  "says");

  upload_fixture_init (&f, 1000);
  upload_fixture_run (&f, sink, "/?secret");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "404");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 2);
  upload_fixture_clear (&f);
}

static void
test_upload_retry_after_date (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr(GDateTime) date = g_date_time_add_seconds (now, 3);
  g_autofree char *text = g_date_time_format (date, "%a, %d %b %Y %T GMT");
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 503 Busy\r\nRetry-After: %s\r\n"
                                             "Content-Length: 0\r\n\r\n", text);
  const HttpStep steps[] = { { answer, -1, HTTP_THEN_NEXT }, { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 2);
  UploadFixture f;

  g_test_summary ("The server may also say at what time");

  upload_fixture_init (&f, 1000);
  upload_fixture_run (&f, sink, "/");
  g_assert_no_error (f.error);
  g_assert_cmpint (g_get_real_time () / G_USEC_PER_SEC, >=, g_date_time_to_unix (date) - 1);
  g_assert_cmpint (http_sink_get_request (sink, 1)->time - http_sink_get_request (sink, 0)->time,
                   >=, 500000);
  upload_fixture_clear (&f);
}

static void
test_upload_redirects (void)
{
  static const HttpStep elsewhere[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
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
  UploadFixture f;

  g_test_summary ("307 and 308 send the whole body elsewhere, within limits; others are refusals");

  upload_fixture_init (&f, MIB);
  upload_fixture_run (&f, sink, "/");
  g_assert_no_error (f.error);
  g_assert_cmpuint (f.result.n_attempts, ==, 1);
  g_assert_true (g_str_has_prefix (http_sink_get_request (target, 0)->head, "PUT /b?%7eq HTTP"));
  g_assert_cmpuint (http_sink_get_request (target, 0)->n_body, ==, MIB);

  upload_fixture_run (&f, round_sink, "/");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "More than 5 redirects");
  g_assert_cmpuint (http_sink_get_n_requests (round_sink), ==, 6);

  upload_fixture_run (&f, found_sink, "/");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "302 Found");
  upload_fixture_run (&f, wrong_sink, "/");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "http://");
  upload_fixture_clear (&f);
}

static void
test_upload_early (void)
{
  static const HttpStep closes[] = { { ANSWER_FORBIDDEN, 0, HTTP_THEN_CLOSE } };
  static const HttpStep stalls[] = { { ANSWER_FORBIDDEN, 8192, HTTP_THEN_STALL } };
  static const guint64 sizes[] = { 200 * 1024, 64 * MIB };

  g_test_summary ("An answer that does not wait for the body is heard, and nothing is tried again");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) closing_sink = http_sink_new (closes, 1);
      g_autoptr(HttpSink) stalling_sink = http_sink_new (stalls, 1);
      UploadFixture f;

      upload_fixture_init (&f, sizes[i]);
      upload_fixture_run (&f, closing_sink, "/?secret");
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403 Forbidden");
      g_assert_cmpuint (http_sink_get_n_requests (closing_sink), ==, 1);
      upload_fixture_run (&f, stalling_sink, "/?secret");
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403 Forbidden");
      g_assert_cmpuint (http_sink_get_n_requests (stalling_sink), ==, 1);
      upload_fixture_clear (&f);
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
      UploadFixture f;

      upload_fixture_init (&f, sizes[i]);
      upload_fixture_run (&f, sink, "/");
      g_assert_no_error (f.error);
      g_assert_cmpuint (f.result.n_attempts, ==, 1);
      upload_fixture_clear (&f);
    }
}

static void
test_upload_kept_connection (void)
{
  static const HttpStep silent[] = {
    { ANSWER_OK, -1, HTTP_THEN_NEXT }, { NULL, -1, HTTP_THEN_CLOSE },
    { ANSWER_OK, -1, HTTP_THEN_NEXT },
  };
  static const HttpStep closing[] = {
    { ANSWER_OK, -1, HTTP_THEN_NEXT }, { NULL, 0, HTTP_THEN_CLOSE },
    { ANSWER_OK, -1, HTTP_THEN_NEXT },
  };
  const HttpStep *cases[] = { silent, closing };

  g_test_summary ("A connection that was kept and then fails harms the content in no way");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (cases[i], 3);
      UploadFixture f;

      upload_fixture_init (&f, 1000);
      f.options.connections = _runtime_use_upload_connections_new ();
      http_sink_compare (sink, f.fd);
      upload_fixture_run (&f, sink, "/first");
      upload_fixture_run (&f, sink, "/second");
      g_assert_no_error (f.error);
      g_assert_cmpuint (f.result.n_sent, ==, 1000);
      g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 3);
      g_assert_cmpuint (http_sink_get_request (sink, 1)->connection, ==, 1);
      g_assert_cmpuint (http_sink_get_request (sink, 2)->n_body, ==, 1000);
      g_assert_true (http_sink_is_same (sink));
      assert_same_lines (http_sink_get_request (sink, 2)->head,
                         http_sink_get_request (sink, 1)->head);
      _runtime_use_upload_connections_free (f.options.connections);
      upload_fixture_clear (&f);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/upload-answers/retries", test_upload_retries);
  g_test_add_func ("/upload-answers/gives-up", test_upload_gives_up);
  g_test_add_func ("/upload-answers/statuses", test_upload_statuses);
  g_test_add_func ("/upload-answers/retry-after", test_upload_retry_after);
  g_test_add_func ("/upload-answers/advice", test_upload_advice);
  g_test_add_func ("/upload-answers/retry-after-date", test_upload_retry_after_date);
  g_test_add_func ("/upload-answers/redirects", test_upload_redirects);
  g_test_add_func ("/upload-answers/early", test_upload_early);
  g_test_add_func ("/upload-answers/long-answer", test_upload_long_answer);
  g_test_add_func ("/upload-answers/kept-connection", test_upload_kept_connection);

  return g_test_run ();
}
