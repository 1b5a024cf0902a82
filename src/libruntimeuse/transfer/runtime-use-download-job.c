/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-job-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-download-file-private.h"
#include "runtime-use-error.h"

RuntimeUseDownloadJob *
_runtime_use_download_job_new (RuntimeUseDownloadUrl *url,
                               const char            *working_dir,
                               RuntimeUseExtract      extract)
{
  RuntimeUseDownloadJob *self = g_new0 (RuntimeUseDownloadJob, 1);

  self->url = url;
  self->working_dir = g_strdup (working_dir);
  self->extract = extract;
  self->cancellable = g_cancellable_new ();
  self->unnamed_file = TRUE;
  _runtime_use_download_watch_init (&self->watch);

  return self;
}

void
_runtime_use_download_job_free (RuntimeUseDownloadJob *self)
{
  _runtime_use_download_url_free (self->url);
  _runtime_use_download_watch_clear (&self->watch);
  g_object_unref (self->cancellable);
  g_free (self->working_dir);
  g_free (self);
}

/* --- the folder --- */

static int
open_folder (RuntimeUseDownloadJob  *self,
             GError                **error)
{
  g_autofree char *shown = _runtime_use_show_name (self->working_dir);
  int folder;

  if (self->working_dir[0] == '\0')
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           "The folder to download to must not be empty");
      return -1;
    }

  if (g_mkdir_with_parents (self->working_dir, 0777) != 0)
    {
      _runtime_use_set_system_error (error, errno, AT_FDCWD, 0, "Cannot make the folder %s", shown);
      return -1;
    }

  folder = open (self->working_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    _runtime_use_set_system_error (error, errno, AT_FDCWD, 0, "Cannot use the folder %s", shown);

  return folder;
}

/* Better before all of it was fetched. */
static gboolean
check_place (RuntimeUseDownloadJob  *self,
             int                     folder,
             GError                **error)
{
  struct stat status;
  g_autofree char *shown = NULL;

  if (fstatat (folder, self->url->name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISDIR (status.st_mode))
    return TRUE;

  shown = _runtime_use_show_name (self->url->name);
  _runtime_use_set_system_error (error, EISDIR, folder, 0, "Cannot store “%s”", shown);

  return FALSE;
}

/* --- what becomes of the file --- */

static RuntimeUseExtracted
extract (RuntimeUseDownloadJob  *self,
         int                     fd,
         int                     folder,
         gboolean                is_zip,
         GError                **error)
{
  RuntimeUseExtracted extracted;
  g_autofree char *shown = NULL;

  extracted = _runtime_use_archive_extract (fd, folder,
                                            is_zip ? RUNTIME_USE_ARCHIVE_ZIP
                                                   : RUNTIME_USE_ARCHIVE_ANY,
                                            &self->settings.extract, self->cancellable, error);
  if (extracted == RUNTIME_USE_EXTRACTED_FAILED &&
      !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      shown = _runtime_use_show_name (self->url->name);
      /* For zip archives as clients know it, although that program is not needed. */
      g_prefix_error (error, is_zip ? "Command failed: unzip -o %s: " : "Cannot unpack %s: ",
                      shown);
    }

  return extracted;
}

static gboolean
keep (RuntimeUseDownloadJob   *self,
      RuntimeUseDownloadFile  *file,
      char                   **path,
      GError                 **error)
{
  gboolean is_zip = g_str_has_suffix (self->url->name, ".zip");
  RuntimeUseExtracted extracted = RUNTIME_USE_EXTRACTED_NOTHING;

  if (self->extract == RUNTIME_USE_EXTRACT_AUTO ||
      (self->extract == RUNTIME_USE_EXTRACT_ZIP && is_zip))
    extracted = extract (self, file->fd, file->folder, is_zip, error);

  if (extracted == RUNTIME_USE_EXTRACTED_FAILED)
    return FALSE;
  if (extracted == RUNTIME_USE_EXTRACTED_ALL)
    return TRUE;

  if (!check_place (self, file->folder, error) ||
      g_cancellable_set_error_if_cancelled (self->cancellable, error) ||
      !_runtime_use_download_file_place (file, self->url->name, error))
    return FALSE;

  *path = g_build_filename (self->working_dir, self->url->name, NULL);

  return TRUE;
}

static gboolean
is_stored_as_it_is (RuntimeUseDownloadJob *self)
{
  return self->extract == RUNTIME_USE_EXTRACT_NEVER ||
         (self->extract == RUNTIME_USE_EXTRACT_ZIP && !g_str_has_suffix (self->url->name, ".zip"));
}

static gboolean
run_in_folder (RuntimeUseDownloadJob  *self,
               int                     folder,
               char                  **path,
               GError                **error)
{
  g_autoptr(RuntimeUseDownloadFile) file = NULL;

  if (is_stored_as_it_is (self) && !check_place (self, folder, error))
    return FALSE;

  file = _runtime_use_download_file_new (folder, self->unnamed_file, error);
  if (file == NULL)
    {
      g_autofree char *shown = _runtime_use_show_name (self->working_dir);

      g_prefix_error (error, "%s: ", shown);
      return FALSE;
    }

  return _runtime_use_download_fetch (self->url, &self->settings, &self->watch, file->fd, folder,
                                      self->cancellable, error) &&
         keep (self, file, path, error);
}

gboolean
_runtime_use_download_job_run (RuntimeUseDownloadJob  *self,
                               char                  **path,
                               GError                **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  gboolean done;
  int folder;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  folder = open_folder (self, error);
  if (folder < 0)
    return FALSE;

  /* libsoup puts timers into it that nobody waits for. */
  g_main_context_push_thread_default (context);
  done = run_in_folder (self, folder, path, error);
  g_main_context_pop_thread_default (context);
  close (folder);

  return done;
}
