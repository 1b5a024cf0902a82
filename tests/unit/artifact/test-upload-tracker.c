/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "http-sink.h"
#include "runtime-use-upload-tracker-private.h"
#include "wait-for.h"

#define OK        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define FORBIDDEN "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

static const HttpStep always_ok[] = { { OK, -1, HTTP_THEN_NEXT } };

typedef struct
{
  RuntimeUseUploadTracker *tracker;
  HttpSink                *sink;
  GCancellable            *cancellable;
  char                    *path;
  int                      fd;
  guint                    n_ok;
  guint                    n_failed;
  GError                  *error;      /* of the last one that failed */
  GString                 *signals;
  int                      n_left;     /* -2: the wait is not over */
  GError                  *wait_error;
} Fixture;

static void
signal_cb (RuntimeUseUploadTracker *tracker,
           const char              *path,
           gboolean                 ok,
           guint                    status,
           guint64                  n_bytes,
           gpointer                 user_data)
{
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->signals, "%s %d %u %" G_GUINT64_FORMAT "\n",
                          g_str_equal (path, fixture->path) ? "PATH" : path, ok, status, n_bytes);
}

static void
fixture_init (Fixture        *fixture,
              const HttpStep *steps,
              gsize           n_steps)
{
  memset (fixture, 0, sizeof *fixture);
  fixture->tracker = runtime_use_upload_tracker_new ();
  fixture->sink = http_sink_new (steps, n_steps);
  fixture->cancellable = g_cancellable_new ();
  fixture->signals = g_string_new (NULL);
  fixture->n_left = -2;
  fixture->fd = g_file_open_tmp ("tracker-XXXXXX", &fixture->path, NULL);
  g_assert_cmpint (write (fixture->fd, "content", 7), ==, 7);
  g_signal_connect (fixture->tracker, "uploaded", G_CALLBACK (signal_cb), fixture);
}

static void
fixture_clear (Fixture *fixture)
{
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_pending (fixture->tracker), ==, 0);
  /* Nothing that is over holds one. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (fixture->tracker);
  g_assert_finalize_object (fixture->cancellable);
  http_sink_free (fixture->sink);
  g_string_free (fixture->signals, TRUE);
  g_clear_error (&fixture->error);
  g_clear_error (&fixture->wait_error);
  close (fixture->fd);
  g_unlink (fixture->path);
  g_free (fixture->path);
}

static void
uploaded_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Fixture *fixture = user_data;
  g_autoptr(GError) error = NULL;

  if (runtime_use_upload_tracker_upload_finish (RUNTIME_USE_UPLOAD_TRACKER (object), result,
                                                &error))
    {
      fixture->n_ok++;
      return;
    }

  g_assert_nonnull (error);
  fixture->n_failed++;
  g_clear_error (&fixture->error);
  fixture->error = g_steal_pointer (&error);
}

static void
upload (Fixture          *fixture,
        const char       *rest,
        RuntimeUseLogger *logger)
{
  g_autofree char *url = http_sink_dup_url (fixture->sink, rest);

  runtime_use_upload_tracker_upload_async (fixture->tracker, fixture->path, url, "a/b", logger,
                                           fixture->cancellable, uploaded_cb, fixture);
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Fixture *fixture = user_data;

  fixture->n_left = runtime_use_upload_tracker_wait_finish (RUNTIME_USE_UPLOAD_TRACKER (object),
                                                            result, &fixture->wait_error);
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           gpointer    user_data)
{
  GString *names = user_data;

  g_string_append_printf (names, "%s ", pspec->name);
}

static void
test_upload_tracker_counts (void)
{
  static const HttpStep steps[] = { { OK, -1, HTTP_THEN_NEXT }, { FORBIDDEN, -1, HTTP_THEN_NEXT } };
  g_autoptr(GString) names = g_string_new (NULL);
  guint n_pending, n_running;
  guint64 n_uploaded, n_failed;
  Fixture fixture;

  g_test_summary ("What was sent is counted, and told by a signal");

  fixture_init (&fixture, steps, 2);
  g_signal_connect (fixture.tracker, "notify", G_CALLBACK (notify_cb), names);
  upload (&fixture, "/", NULL);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_pending (fixture.tracker), ==, 1);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_running (fixture.tracker), ==, 1);
  wait_for (fixture.n_ok == 1);
  g_assert_cmpstr (names->str, ==, "n-pending n-running n-running n-pending n-uploaded ");

  upload (&fixture, "/?secret", NULL);
  wait_for (fixture.n_failed == 1);
  g_assert_error (fixture.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED);
  runtime_use_upload_tracker_upload_async (fixture.tracker, "/nonexistent", "http://h/", NULL, NULL,
                                           NULL, uploaded_cb, &fixture);
  wait_for (fixture.n_failed == 2);
  g_assert_error (fixture.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_object_get (fixture.tracker, "n-pending", &n_pending, "n-running", &n_running,
                "n-uploaded", &n_uploaded, "n-failed", &n_failed, NULL);
  g_assert_cmpuint (n_pending + n_running, ==, 0);
  g_assert_cmpuint (n_uploaded, ==, 1);
  g_assert_cmpuint (n_failed, ==, 2);
  g_assert_cmpstr (fixture.signals->str, ==,
                   "PATH 1 200 7\nPATH 0 403 7\n/nonexistent 0 0 0\n");
  fixture_clear (&fixture);
}

static void
test_upload_tracker_at_once (void)
{
  Fixture fixture;

  g_test_summary ("Six of a hundred are on their way at the same time");

  fixture_init (&fixture, always_ok, 1);
  http_sink_hold (fixture.sink, TRUE);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *rest = g_strdup_printf ("/%02u", i);

      upload (&fixture, rest, NULL);
    }
  wait_for (http_sink_get_n_held (fixture.sink) == 6);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_running (fixture.tracker), ==, 6);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_pending (fixture.tracker), ==, 100);
  http_sink_hold (fixture.sink, FALSE);
  wait_for (fixture.n_ok == 100);
  g_assert_cmpuint (http_sink_get_max_at_once (fixture.sink), ==, 6);
  g_assert_cmpuint (http_sink_get_n_requests (fixture.sink), ==, 100);
  for (guint i = 0; i < 100; i++)
    {
      const HttpRequest *request = http_sink_get_request (fixture.sink, i);

      g_assert_cmpuint (request->connection, <=, 6);
      g_assert_cmpmem (request->body->data, request->body->len, "content", 7);
    }
  fixture_clear (&fixture);
}

static void
test_upload_tracker_order (void)
{
  static const char * const expected[] = { "/a0", "/a1", "/b0", "/a2", "/b1", "/a3" };
  g_autoptr(RuntimeUseLogger) one = runtime_use_logger_new ("one");
  g_autoptr(RuntimeUseLogger) other = runtime_use_logger_new ("other");
  Fixture fixture;

  g_test_summary ("Uploads keep their order; those of several sessions take turns");

  fixture_init (&fixture, always_ok, 1);
  runtime_use_upload_tracker_set_max_concurrent (fixture.tracker, 1);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *rest = g_strdup_printf ("/a%u", i);

      upload (&fixture, rest, one);
    }
  upload (&fixture, "/b0", other);
  upload (&fixture, "/b1", other);
  wait_for (fixture.n_ok == 6);
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *line = g_strdup_printf ("PUT %s HTTP/1.1\r\n", expected[i]);

      g_assert_true (g_str_has_prefix (http_sink_get_request (fixture.sink, i)->head, line));
    }
  fixture_clear (&fixture);
}

static void
test_upload_tracker_bound (void)
{
  Fixture fixture;

  g_test_summary ("Beyond the length of the queue an upload fails at once");

  fixture_init (&fixture, always_ok, 1);
  http_sink_hold (fixture.sink, TRUE);
  runtime_use_upload_tracker_set_max_concurrent (fixture.tracker, 1);
  runtime_use_upload_tracker_set_max_queued (fixture.tracker, 2);
  for (guint i = 0; i < 4; i++)
    upload (&fixture, "/", NULL);
  wait_for (fixture.n_failed == 1);
  g_assert_error (fixture.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_pending (fixture.tracker), ==, 3);

  /* More at once are started at once. */
  runtime_use_upload_tracker_set_max_concurrent (fixture.tracker, 3);
  wait_for (http_sink_get_n_held (fixture.sink) == 3);
  http_sink_hold (fixture.sink, FALSE);
  wait_for (fixture.n_ok == 3);
  fixture_clear (&fixture);
}

static void
test_upload_tracker_wait (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Fixture fixture;

  g_test_summary ("A wait ends when nothing is pending, when its time is over, or when cancelled");

  fixture_init (&fixture, always_ok, 1);
  runtime_use_upload_tracker_wait_async (fixture.tracker, 10000, NULL, waited_cb, &fixture);
  wait_for (fixture.n_left == 0);

  http_sink_hold (fixture.sink, TRUE);
  upload (&fixture, "/", NULL);
  upload (&fixture, "/", NULL);
  runtime_use_upload_tracker_wait_async (fixture.tracker, 20, NULL, waited_cb, &fixture);
  wait_for (fixture.n_left == 2);
  runtime_use_upload_tracker_wait_async (fixture.tracker, 0, NULL, waited_cb, &fixture);
  fixture.n_left = -2;
  wait_for (fixture.n_left == 2);

  runtime_use_upload_tracker_wait_async (fixture.tracker, 10000, cancellable, waited_cb, &fixture);
  g_cancellable_cancel (cancellable);
  wait_for (fixture.n_left == -1);
  g_assert_error (fixture.wait_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&fixture.wait_error);

  runtime_use_upload_tracker_wait_async (fixture.tracker, 20000, NULL, waited_cb, &fixture);
  fixture.n_left = -2;
  http_sink_hold (fixture.sink, FALSE);
  wait_for (fixture.n_left == 0);
  g_assert_cmpuint (fixture.n_ok, ==, 2);
  fixture_clear (&fixture);
}

static void
pending_cb (RuntimeUseUploadTracker *tracker,
            GParamSpec              *pspec,
            gpointer                 user_data)
{
  g_signal_handlers_disconnect_by_func (tracker, pending_cb, user_data);
  runtime_use_upload_tracker_wait_async (tracker, 60000, NULL, waited_cb, user_data);
}

static void
test_upload_tracker_wait_missing (void)
{
  Fixture fixture;

  g_test_summary ("Who begins to wait for a file before it turns out to be missing waits no more");

  fixture_init (&fixture, always_ok, G_N_ELEMENTS (always_ok));
  g_signal_connect (fixture.tracker, "notify::n-pending", G_CALLBACK (pending_cb), &fixture);
  runtime_use_upload_tracker_upload_async (fixture.tracker, "/nowhere/at/all", "http://127.0.0.1/",
                                           NULL, NULL, NULL, uploaded_cb, &fixture);
  wait_for (fixture.n_left == 0 && fixture.n_failed == 1);
  g_assert_error (fixture.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  fixture_clear (&fixture);
}

static gpointer
cancel_func (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return NULL;
}

static void
test_upload_tracker_cancel (void)
{
  g_autoptr(RuntimeUseLogger) logger = runtime_use_logger_new (NULL);
  Fixture fixture;

  g_test_summary ("A cancel from another thread ends what runs and what waits, without a warning");

  fixture_init (&fixture, always_ok, 1);
  http_sink_hold (fixture.sink, TRUE);
  runtime_use_upload_tracker_set_max_concurrent (fixture.tracker, 2);
  for (guint i = 0; i < 1000; i++)
    upload (&fixture, "/", i % 3 == 0 ? logger : NULL);
  wait_for (http_sink_get_n_held (fixture.sink) == 2);
  g_thread_join (g_thread_new ("cancel", cancel_func, fixture.cancellable));
  wait_for (fixture.n_failed == 1000);
  g_assert_error (fixture.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (http_sink_get_n_requests (fixture.sink), ==, 2);

  /* Also one that is cancelled before. */
  upload (&fixture, "/", NULL);
  wait_for (fixture.n_failed == 1001);
  g_assert_cmpuint (http_sink_get_n_requests (fixture.sink), ==, 2);
  fixture_clear (&fixture);
}

static GLogWriterOutput
writer_cb (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  GString *lines = user_data;

  for (gsize i = 0; i < n_fields && level == G_LOG_LEVEL_WARNING; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        g_string_append_printf (lines, "%s\n", (const char *) fields[i].value);
    }

  return G_LOG_WRITER_HANDLED;
}

static void
test_upload_tracker_log (void)
{
  static const HttpStep steps[] = { { FORBIDDEN, -1, HTTP_THEN_NEXT } };
  const char * const secrets[] = { "tracker", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(RuntimeUseLogger) logger = runtime_use_logger_new ("source");
  g_autoptr(GString) lines = g_string_new (NULL);
  Fixture fixture;

  if (!g_test_subprocess ())
    {
      g_test_summary ("A failure is one warning with path, host and status, but without secrets");
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      return;
    }

  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (writer_cb, lines, NULL);
  fixture_init (&fixture, steps, 1);
  runtime_use_logger_set_redactor (logger, redactor);
  upload (&fixture, "/?signature", logger);
  wait_for (fixture.n_failed == 1);
  g_assert_true (g_str_has_prefix (lines->str, "[source] Cannot upload "));
  g_assert_nonnull (strstr (lines->str, "/[REDACTED]-"));
  g_assert_nonnull (strstr (lines->str, ": Cannot send to 127.0.0.1:"));
  g_assert_true (g_str_has_suffix (lines->str, ": it answered 403 Forbidden\n"));
  g_assert_null (strstr (lines->str, "signature"));
  g_assert_null (strchr (strchr (lines->str, '\n') + 1, '\n'));

  /* A name cannot begin a line, nor tell a terminal anything. */
  g_string_truncate (lines, 0);
  g_unlink (fixture.path);
  g_free (fixture.path);
  fixture.path = g_strdup ("/nowhere/a\n[source] b\x1b[2J\xc2\x9b" "2J");
  upload (&fixture, "/", logger);
  wait_for (fixture.n_failed == 2);
  g_assert_nonnull (strstr (lines->str, "/nowhere/a?[source] b?[2J??2J: "));
  g_assert_null (strpbrk (lines->str, "\x1b\xc2"));
  g_assert_true (strchr (lines->str, '\n') == lines->str + lines->len - 1);
  fixture_clear (&fixture);
}

static void
fd_uploaded_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Fixture *fixture = user_data;
  RuntimeUseUploadResult upload_result;

  fixture->n_ok += _runtime_use_upload_tracker_finish (RUNTIME_USE_UPLOAD_TRACKER (object), result,
                                                       &upload_result, &fixture->error);
  if (fixture->error != NULL)
    fixture->n_failed++;
  else
    g_assert_cmpuint (upload_result.status, ==, 200);
}

static void
test_upload_tracker_fd (void)
{
  Fixture fixture;
  g_autofree char *url = NULL;
  int fd;

  g_test_summary ("An open file is sent, whatever becomes of its name and of the descriptor");

  fixture_init (&fixture, always_ok, 1);
  url = http_sink_dup_url (fixture.sink, "/");
  fd = open (fixture.path, O_RDONLY | O_CLOEXEC);
  g_unlink (fixture.path);
  _runtime_use_upload_tracker_upload_fd_async (fixture.tracker, fd, NULL, "name", url, NULL, NULL,
                                               NULL, fd_uploaded_cb, &fixture);
  close (fd);
  wait_for (fixture.n_ok == 1);
  g_assert_cmpstr (fixture.signals->str, ==, "name 1 200 7\n");

  _runtime_use_upload_tracker_upload_fd_async (fixture.tracker, fd, NULL, "name", url, NULL, NULL,
                                               NULL, fd_uploaded_cb, &fixture);
  wait_for (fixture.n_failed == 1);
  fixture_clear (&fixture);
}

static void
test_upload_tracker_timeout (void)
{
  static const HttpStep steps[] = { { NULL, -1, HTTP_THEN_STALL } };
  Fixture fixture;

  g_test_summary ("A server that says nothing is given up after the time that was set");

  fixture_init (&fixture, steps, 1);
  runtime_use_upload_tracker_set_upload_timeout (fixture.tracker, 50);
  g_assert_cmpuint (runtime_use_upload_tracker_get_upload_timeout (fixture.tracker), ==, 50);
  upload (&fixture, "/", NULL);
  wait_for (fixture.n_failed == 1);
  g_assert_error (fixture.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT);
  fixture_clear (&fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/upload-tracker/counts", test_upload_tracker_counts);
  g_test_add_func ("/upload-tracker/at-once", test_upload_tracker_at_once);
  g_test_add_func ("/upload-tracker/order", test_upload_tracker_order);
  g_test_add_func ("/upload-tracker/bound", test_upload_tracker_bound);
  g_test_add_func ("/upload-tracker/wait", test_upload_tracker_wait);
  g_test_add_func ("/upload-tracker/wait-missing", test_upload_tracker_wait_missing);
  g_test_add_func ("/upload-tracker/cancel", test_upload_tracker_cancel);
  g_test_add_func ("/upload-tracker/log", test_upload_tracker_log);
  g_test_add_func ("/upload-tracker/fd", test_upload_tracker_fd);
  g_test_add_func ("/upload-tracker/timeout", test_upload_tracker_timeout);

  return g_test_run ();
}
