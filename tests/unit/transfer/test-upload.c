/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "upload-fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

static gboolean wants_large;

static void
assert_head (guint64     size,
             const char *content_type,
             const char *expected_type)
{
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  /* Nothing of this may be decoded, encoded, reordered or put into another case. */
  const char *target = "/b%7Eu%2fcket//./x/../%e4?X=%7e%2B+%3d&b=;/?:@&&c=%zz&sig=a%2Fb";
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autofree char *expected = NULL;
  g_autofree char *url = NULL;
  UploadFixture f;

  upload_fixture_init (&f, size);
  url = g_strdup_printf ("HTTP://127.0.0.1:%u%s#fragment", http_sink_get_port (sink), target);
  upload_fixture_send (&f, url, content_type);
  g_assert_no_error (f.error);
  g_assert_cmpuint (f.result.status, ==, 200);
  g_assert_cmpuint (f.result.n_attempts, ==, 1);
  g_assert_cmpuint (f.result.n_sent, ==, size);

  expected = g_strdup_printf ("PUT %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                              "Content-Length: %" G_GUINT64_FORMAT "\r\n%s"
                              "Connection: Keep-Alive\r\n\r\n",
                              target, http_sink_get_port (sink), size, expected_type);
  assert_same_lines (http_sink_get_request (sink, 0)->head, expected);
  g_assert_cmpuint (http_sink_get_request (sink, 0)->n_body, ==, size);
  upload_fixture_clear (&f);
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
test_upload_content (void)
{
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  static const guint64 sizes[] = { 1, 8192, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 7, 512 * MIB };

  g_test_summary ("The content arrives as it is, whatever its size");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
      UploadFixture f;

      upload_fixture_init (&f, sizes[i]);
      http_sink_compare (sink, f.fd);
      upload_fixture_run (&f, sink, "/");
      g_assert_no_error (f.error);
      g_assert_true (http_sink_is_same (sink));
      g_assert_cmpuint (http_sink_get_request (sink, 0)->n_body, ==, sizes[i]);
      g_assert_cmpuint (f.result.n_sent, ==, sizes[i]);
      /* Nobody's position was moved. */
      g_assert_cmpint (lseek (f.fd, 0, SEEK_CUR), ==, 0);
      upload_fixture_clear (&f);
    }
}

/* All of it takes seconds: only with --large. */
static void
test_upload_huge (void)
{
  static const HttpStep all[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  static const HttpStep first[] = { { ANSWER_FORBIDDEN, 1024 * 1024, HTTP_THEN_CLOSE } };
  guint64 size = 2560 * MIB;
  g_autoptr(HttpSink) sink = http_sink_new (wants_large ? all : first, 1);
  g_autofree char *length = g_strdup_printf ("\r\nContent-Length: %" G_GUINT64_FORMAT "\r\n", size);
  UploadFixture f;

  g_test_summary ("A file may have more than 2 GiB");

  upload_fixture_init (&f, size);
  http_sink_compare (sink, f.fd);
  upload_fixture_run (&f, sink, "/");
  g_assert_true (http_sink_is_same (sink));
  g_assert_nonnull (strstr (http_sink_get_request (sink, 0)->head, length));
  if (wants_large)
    {
      g_assert_no_error (f.error);
      g_assert_cmpuint (http_sink_get_request (sink, 0)->n_body, ==, size);
      g_assert_cmpuint (f.result.n_sent, ==, size);
    }
  else
    {
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "403");
    }
  upload_fixture_clear (&f);
}

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
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autoptr(HttpSink) other_sink = http_sink_new (steps, 1);
  UploadFixture f;

  g_test_summary ("A file that becomes shorter is an error of its own; of a longer one its former "
                  "length is sent");

  upload_fixture_init (&f, 64 * MIB);
  http_sink_call_at (sink, 1, truncate_cb, GINT_TO_POINTER (f.fd));
  upload_fixture_run (&f, sink, "/?secret");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED, "became shorter");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 1);
  g_assert_cmpuint (f.result.n_attempts, ==, 1);

  g_assert_no_errno (ftruncate (f.fd, 64 * MIB));
  http_sink_call_at (other_sink, 1, grow_cb, GINT_TO_POINTER (f.fd));
  upload_fixture_run (&f, other_sink, "/?secret");
  g_assert_no_error (f.error);
  g_assert_cmpuint (http_sink_get_request (other_sink, 0)->n_body, ==, 64 * MIB);
  upload_fixture_clear (&f);
}

static void
assert_changed (UploadFixture *f)
{
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);

  upload_fixture_run (f, sink, "/?secret");
  assert_upload_failed (f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED, "was changed");
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
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  static const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  struct stat expected;
  UploadFixture f;

  g_test_summary ("With a content that is expected, no other one arrives whole");

  upload_fixture_init (&f, 64 * MIB);
  g_assert_no_errno (futimens (f.fd, long_ago));
  g_assert_no_errno (fstat (f.fd, &expected));
  f.options.expected = &expected;
  upload_fixture_run (&f, sink, "/");
  g_assert_no_error (f.error);

  http_sink_call_at (sink, 1, write_cb, GINT_TO_POINTER (f.fd));
  upload_fixture_run (&f, sink, "/?secret");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED, "was changed");
  g_assert_cmpuint (http_sink_get_n_requests (sink), ==, 2);
  g_assert_cmpuint (http_sink_get_request (sink, 1)->n_body, <, 64 * MIB);

  assert_changed (&f);
  g_assert_no_errno (futimens (f.fd, long_ago));
  g_assert_no_errno (ftruncate (f.fd, 64 * MIB + 1));
  g_assert_no_errno (futimens (f.fd, long_ago));
  assert_changed (&f);
  upload_fixture_clear (&f);
}

static void
test_upload_bad_input (void)
{
  UploadFixture f;
  int fds[2];

  g_test_summary ("What cannot be sent is refused with a reason");

  upload_fixture_init (&f, 10);
  upload_fixture_send (&f, "ftp://host/secret", NULL);
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "http://");
  upload_fixture_send (&f, "http://host/secret", "text/plain\r\nX-Evil: 1");
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "control");

  g_assert_no_errno (pipe (fds));
  close (f.fd);
  f.fd = fds[0];
  upload_fixture_send (&f, "http://host/", NULL);
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "regular file");
  close (fds[1]);
  upload_fixture_clear (&f);

  upload_fixture_init (&f, 10);
  close (f.fd);
  upload_fixture_start (&f, "http://host/", NULL);
  f.fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  wait_for (f.is_done);
  assert_upload_failed (&f, G_IO_ERROR, G_IO_ERROR_FAILED, "Bad file descriptor");
  upload_fixture_clear (&f);
}

static void
public_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  UploadFixture *f = user_data;

  f->is_ok = runtime_use_upload_file_finish (result, &f->error);
  f->is_done = TRUE;
}

static void
test_upload_public (void)
{
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  g_autofree char *url = http_sink_dup_url (sink, "/a");
  g_autofree char *folder = g_dir_make_tmp ("upload-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  UploadFixture f;

  g_test_summary ("A file is sent by its path; a path that is none, or no file, is an error");

  upload_fixture_init (&f, 10);
  runtime_use_upload_file_async (f.path, url, "a/b", NULL, public_cb, &f);
  wait_for (f.is_done);
  g_assert_no_error (f.error);
  g_assert_true (f.is_ok);
  g_assert_cmpmem (http_sink_get_request (sink, 0)->body->data, 10, "a\0z\0\0\0\0\0\0\0", 10);

  f.is_done = FALSE;
  runtime_use_upload_file_async ("/nonexistent", url, NULL, NULL, public_cb, &f);
  wait_for (f.is_done);
  assert_upload_failed (&f, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "/nonexistent");

  g_assert_no_errno (mkfifo (fifo, 0600));
  g_clear_error (&f.error);
  f.is_done = FALSE;
  runtime_use_upload_file_async (fifo, url, NULL, NULL, public_cb, &f);
  wait_for (f.is_done);
  assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "regular file");
  g_remove (fifo);
  g_rmdir (folder);
  upload_fixture_clear (&f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  wants_large = argc > 1 && g_str_equal (argv[1], "--large");

  g_test_add_func ("/upload/head", test_upload_head);
  g_test_add_func ("/upload/content", test_upload_content);
  g_test_add_func ("/upload/huge", test_upload_huge);
  g_test_add_func ("/upload/changed", test_upload_changed);
  g_test_add_func ("/upload/expected", test_upload_expected);
  g_test_add_func ("/upload/bad-input", test_upload_bad_input);
  g_test_add_func ("/upload/public", test_upload_public);

  return g_test_run ();
}
