/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "upload-fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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
  UploadFixture f;

  g_test_summary ("A refused connection is tried again until the time is over");

  upload_fixture_init (&f, 10);
  upload_fixture_send (&f, url, NULL);
  assert_upload_failed (&f, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "refused");
  g_assert_cmpuint (f.result.n_attempts, ==, 4);

  f.options.timeout = 4000;
  f.options.retry_delay = 2400;
  upload_fixture_send (&f, url, NULL);
  assert_upload_failed (&f, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "refused");
  g_assert_cmpuint (f.result.n_attempts, ==, 2);
  upload_fixture_clear (&f);
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
  g_assert_cmpint (send (fd, ANSWER_OK, strlen (ANSWER_OK), MSG_NOSIGNAL), ==, strlen (ANSWER_OK));
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
  UploadFixture f;

  g_test_summary ("A server that comes up meanwhile gets the file");

  upload_fixture_init (&f, 10);
  f.options.retry_delay = 2000;
  upload_fixture_start (&f, url, NULL);
  g_timeout_add (500, come_up_cb, &server);
  wait_for (f.is_done);
  g_assert_no_error (f.error);
  g_assert_cmpuint (f.result.n_attempts, ==, 2);
  /* No connection is kept for anybody else. */
  wait_for (g_atomic_int_get (&server.is_gone));
  g_thread_join (server.thread);
  upload_fixture_clear (&f);
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
      UploadFixture f;

      upload_fixture_init (&f, sizes[i]);
      f.options.silence_timeout = 200;
      f.options.max_attempts = 2;
      upload_fixture_run (&f, mute_sink, "/?secret");
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "did not answer");
      wait_for (http_sink_get_n_requests (mute_sink) == 2);

      f.options.silence_timeout = 30000;
      f.options.timeout = 2000;
      upload_fixture_run (&f, deaf_sink, "/?secret");
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "did not answer");
      wait_for (http_sink_get_n_requests (deaf_sink) == 1);
      upload_fixture_clear (&f);
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
      UploadFixture f;

      upload_fixture_init (&f, sizes[i]);
      f.options.connect_timeout = 50;
      f.options.max_attempts = 2;
      upload_fixture_send (&f, url, NULL);
      assert_upload_failed (&f, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "not be reached");
      g_assert_cmpuint (f.result.n_attempts, ==, 2);
      upload_fixture_clear (&f);
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
  static const HttpStep steps[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };
  g_autoptr(HttpSink) sink = http_sink_new (steps, 1);
  gint64 started = g_get_monotonic_time ();
  UploadFixture f;

  g_test_summary ("As long as there is headway, no limit ends an upload");

  upload_fixture_init (&f, 64 * MIB);
  f.options.timeout = f.options.silence_timeout = 3000;
  http_sink_call_at (sink, 1, pause_a_little, sink);
  upload_fixture_run (&f, sink, "/");
  g_assert_no_error (f.error);
  g_assert_cmpint (g_get_monotonic_time () - started, >, 3000000);
  g_assert_cmpuint (f.result.n_attempts, ==, 1);
  upload_fixture_clear (&f);
}

static void
cancel_and_check (UploadFixture *f)
{
  gint64 cancelled = g_get_monotonic_time ();

  g_cancellable_cancel (f->cancellable);
  wait_for (f->is_done);
  assert_upload_failed (f, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_cmpint (g_get_monotonic_time () - cancelled, <, 10 * G_USEC_PER_SEC);
  g_cancellable_reset (f->cancellable);
}

static void
test_upload_cancel (void)
{
  static const HttpStep mute[] = { { NULL, -1, HTTP_THEN_STALL } };
  static const HttpStep deaf[] = { { NULL, 0, HTTP_THEN_STALL } };
  static const HttpStep bad[] = { { ANSWER_BROKEN, -1, HTTP_THEN_NEXT } };
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
      UploadFixture f;

      upload_fixture_init (&f, sizes[i / 2]);

      /* Before anything, right after the start, in the body, in the wait for the answer, in a
       * pause. */
      g_cancellable_cancel (f.cancellable);
      upload_fixture_start (&f, mute_url, NULL);
      cancel_and_check (&f);
      upload_fixture_start (&f, mute_url, NULL);
      cancel_and_check (&f);
      upload_fixture_start (&f, deaf_url, NULL);
      wait_for (http_sink_get_n_requests (deaf_sink) == 1);
      cancel_and_check (&f);
      upload_fixture_start (&f, mute_url, NULL);
      wait_for (http_sink_get_n_requests (mute_sink) > 0 &&
                http_sink_get_request (mute_sink, http_sink_get_n_requests (mute_sink) - 1)->n_body
                == sizes[i / 2]);
      cancel_and_check (&f);
      f.options.retry_delay = 8000;
      upload_fixture_start (&f, bad_url, NULL);
      wait_for (http_sink_get_n_requests (bad_sink) == 1);
      cancel_and_check (&f);

      upload_fixture_clear (&f);
      g_clear_pointer (&mute_sink, http_sink_free);
      g_clear_pointer (&deaf_sink, http_sink_free);
      g_clear_pointer (&bad_sink, http_sink_free);
      /* After the first time everything is there that stays for good. */
      if (i == 0)
        n_fds = count_entries ("/proc/self/fd", NULL);
      wait_for (count_entries ("/proc/self/fd", NULL) <= n_fds);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/upload-time/refused", test_upload_refused);
  g_test_add_func ("/upload-time/refused-then-up", test_upload_refused_then_up);
  g_test_add_func ("/upload-time/silence", test_upload_silence);
  g_test_add_func ("/upload-time/no-connection", test_upload_no_connection);
  g_test_add_func ("/upload-time/slow", test_upload_slow);
  g_test_add_func ("/upload-time/cancel", test_upload_cancel);

  return g_test_run ();
}
