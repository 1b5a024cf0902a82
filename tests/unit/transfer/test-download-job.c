/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "download-fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime-use-error.h"

/* How far a download is, what it may take, and how it ends before its time. */

static void
assert_limit (DownloadFixture *self,
              const char      *path,
              const char      *property,
              guint            value,
              int              code,
              const char      *text)
{
  g_autofree char *url = file_server_url (self->server, path);
  gint64 start_time = g_get_monotonic_time ();

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  if (g_strcmp0 (property, "max-size") == 0)
    g_object_set (self->handler, property, (guint64) value, NULL);
  else
    g_object_set (self->handler, property, value, NULL);
  assert_run_fails (self, code, text);
  g_assert_cmpint (g_get_monotonic_time () - start_time, <, 10 * G_TIME_SPAN_SECOND);
}

static void
test_download_handler_limits (DownloadFixture *self,
                              gconstpointer    test_data)
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
  file_server_set_location (self->server, g_strdup ("/hello/f"));
  assert_limit (self, "/redirect/f", "max-redirects", 0, RUNTIME_USE_ERROR_FAILED,
                "more than 0 redirects");
}

/* A server whose backlog is full: the kernel does not answer whoever wants to connect. */
static void
test_download_handler_connect_timeout (DownloadFixture *self,
                                       gconstpointer    test_data)
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
  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "connect-timeout", 1, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_TIMED_OUT, "there was no connection within 1 s");

  for (gsize i = 0; i < G_N_ELEMENTS (fillers); i++)
    close (fillers[i]);
  close (fd);
}

static gboolean
has_request (DownloadFixture *self)
{
  gboolean has;

  g_mutex_lock (&self->server->lock);
  has = self->server->n_requests > 0;
  self->server->n_requests = 0;
  g_mutex_unlock (&self->server->lock);

  return has;
}

static void
test_download_handler_cancel (DownloadFixture *self,
                              gconstpointer    test_data)
{
  static const char * const paths[] = { "/silent/f", "/stall/f", "/zeros/0" };

  g_test_summary ("A download can be cancelled before, at the start, and at any time after");

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *url = file_server_url (self->server, paths[i]);

      download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      g_cancellable_cancel (self->cancellable);
      download_start (self);
      assert_cancels (self);

      download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      download_start (self);
      assert_cancels (self);
      has_request (self);

      download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      download_start (self);
      while (!has_request (self))
        g_main_context_iteration (NULL, FALSE);
      assert_cancels (self);
    }
}

static void
test_download_handler_once (DownloadFixture *self,
                            gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A second run is refused");

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  download_start (self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_free (runtime_use_download_handler_run_finish (self->handler, self->result, NULL));
  g_clear_object (&self->result);
  download_start (self);
  path = download_finish (self, &error);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY);
}

static void
test_download_handler_progress (DownloadFixture *self,
                                gconstpointer    test_data)
{
  const guint64 length = 64 << 20;
  g_autofree char *url = file_server_url (self->server, "/zeros/67108864");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;
  guint64 before = 0;

  g_test_summary ("Progress rises, and ends with all of the file");

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  download_start (self);
  path = download_finish (self, &error);
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
test_download_handler_queue (DownloadFixture *self,
                             gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/silent/f");
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint n_finished = 0;

  g_test_summary ("Many at once have few threads, and those that wait can be cancelled");

  for (guint i = 0; i < 40; i++)
    {
      g_autoptr(RuntimeUseDownloadHandler) handler = NULL;

      download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
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

int
main (int    argc,
      char **argv)
{
  download_tests_init (&argc, &argv, NULL);

  download_tests_add ("limits", test_download_handler_limits);
  download_tests_add ("connect-timeout", test_download_handler_connect_timeout);
  download_tests_add ("cancel", test_download_handler_cancel);
  download_tests_add ("once", test_download_handler_once);
  download_tests_add ("progress", test_download_handler_progress);
  download_tests_add ("queue", test_download_handler_queue);

  return download_tests_run ();
}
