/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "upload-fixture.h"

#include <unistd.h>

#include <glib/gstdio.h>

guint
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

void
upload_fixture_init (UploadFixture *self,
                     guint64        size)
{
  const RuntimeUseUploadOptions options = RUNTIME_USE_UPLOAD_OPTIONS_INIT;

  memset (self, 0, sizeof *self);
  self->options = options;
  self->options.retry_delay = 1;
  self->cancellable = g_cancellable_new ();
  self->fd = g_file_open_tmp ("upload-XXXXXX", &self->path, NULL);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_no_errno (ftruncate (self->fd, size));
  if (size > 0)
    g_assert_cmpint (pwrite (self->fd, "a\0z", MIN (size, 3), 0), >, 0);
  if (size > 10)
    g_assert_cmpint (pwrite (self->fd, "the end", 7, size - 7), ==, 7);
}

void
upload_fixture_clear (UploadFixture *self)
{
  g_clear_error (&self->error);
  g_assert_finalize_object (self->cancellable);
  close (self->fd);
  unlink (self->path);
  g_free (self->path);
  /* The worker is gone before the upload is reported as over. */
  wait_for (count_entries ("/proc/self/task", "upload\n") == 0);
}

static void
uploaded_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  UploadFixture *self = user_data;

  g_assert_null (self->error);
  self->is_ok = _runtime_use_upload_fd_finish (result, &self->result, &self->error);
  g_assert_true (self->is_ok == (self->error == NULL));
  self->is_done = TRUE;
}

void
upload_fixture_start (UploadFixture *self,
                      const char    *url,
                      const char    *content_type)
{
  g_clear_error (&self->error);
  self->is_done = FALSE;
  _runtime_use_upload_fd_async (self->fd, url, content_type, &self->options,
                                self->cancellable, uploaded_cb, self);
}

void
upload_fixture_send (UploadFixture *self,
                     const char    *url,
                     const char    *content_type)
{
  upload_fixture_start (self, url, content_type);
  wait_for (self->is_done);
}

void
upload_fixture_run (UploadFixture *self,
                    HttpSink      *sink,
                    const char    *rest)
{
  g_autofree char *url = http_sink_dup_url (sink, rest);

  upload_fixture_send (self, url, "text/plain");
}

static int
compare_lines (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char **) a, *(const char **) b);
}

void
assert_same_lines (const char *text,
                   const char *expected)
{
  g_auto(GStrv) lines = g_strsplit (text, "\r\n", -1);
  g_auto(GStrv) wanted = g_strsplit (expected, "\r\n", -1);

  qsort (lines, g_strv_length (lines), sizeof *lines, compare_lines);
  qsort (wanted, g_strv_length (wanted), sizeof *wanted, compare_lines);
  g_assert_cmpstrv (lines, wanted);
}
