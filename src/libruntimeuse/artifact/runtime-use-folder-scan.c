/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-folder-scan-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"
#include "runtime-use-file-rest-private.h"

/* Entries between two looks at the time. */
#define ENTRIES_PER_LOOK 32

struct _RuntimeUseFolderScan
{
  RuntimeUseWatchTree          *tree;
  const RuntimeUseFolderLimits *limits;
  RuntimeUseWatchLog           *log;
  DIR                          *stream; /* of the directory that the tree says is scanned */
  guint64                       n_read;
};

RuntimeUseFolderScan *
_runtime_use_folder_scan_new (RuntimeUseWatchTree          *tree,
                              const RuntimeUseFolderLimits *limits,
                              RuntimeUseWatchLog           *log)
{
  RuntimeUseFolderScan *self = g_new0 (RuntimeUseFolderScan, 1);

  self->tree = tree;
  self->limits = limits;
  self->log = log;

  return self;
}

static void
close_stream (RuntimeUseFolderScan *self)
{
  if (self->stream != NULL)
    closedir (g_steal_pointer (&self->stream));
}

void
_runtime_use_folder_scan_free (RuntimeUseFolderScan *self)
{
  close_stream (self);
  g_free (self);
}

static void
warn (RuntimeUseFolderScan     *self,
      RuntimeUseWatchTrouble    trouble,
      RuntimeUseWatchDirectory *directory,
      const char               *name,
      const char               *what)
{
  g_autofree char *path = _runtime_use_watch_tree_dup_path (directory, name);

  _runtime_use_watch_log_warn (self->log, trouble, path, "%s", what);
}

/* A message to a client cannot name it otherwise. */
static gboolean
check_name (RuntimeUseFolderScan     *self,
            RuntimeUseWatchDirectory *directory,
            const char               *name)
{
  if (g_utf8_validate (name, -1, NULL))
    return TRUE;

  warn (self, RUNTIME_USE_WATCH_TROUBLE_NAME, directory, name,
        "the name is not UTF-8, so this is left out");

  return FALSE;
}

/* Finds or adds a file. Returns NULL if there may not be one. */
RuntimeUseWatchFile *
_runtime_use_folder_scan_ensure_file (RuntimeUseFolderScan     *self,
                                      RuntimeUseWatchDirectory *directory,
                                      const char               *name)
{
  RuntimeUseWatchFile *file = _runtime_use_watch_tree_find_file (directory, name);

  if (file != NULL)
    {
      file->seen = directory->n_scans;
      return file;
    }

  if (!check_name (self, directory, name))
    return NULL;
  if (self->tree->n_files >= self->limits->max_files)
    {
      warn (self, RUNTIME_USE_WATCH_TROUBLE_FILES, directory, name,
            "there are too many files; this one is left out");
      return NULL;
    }

  return _runtime_use_watch_tree_add_file (self->tree, directory, name);
}

static RuntimeUseWatchDirectory *
add_directory (RuntimeUseFolderScan     *self,
               RuntimeUseWatchDirectory *parent,
               const char               *name)
{
  if (!check_name (self, parent, name))
    return NULL;
  if (parent->depth >= self->limits->max_depth)
    {
      warn (self, RUNTIME_USE_WATCH_TROUBLE_DEPTH, parent, name,
            "the directory lies too deep; it is left out");
      return NULL;
    }
  if (self->tree->n_directories >= self->limits->max_directories)
    {
      warn (self, RUNTIME_USE_WATCH_TROUBLE_DIRECTORIES, parent, name,
            "there are too many directories; this one is left out");
      return NULL;
    }

  return _runtime_use_watch_tree_add_directory (self->tree, parent, name);
}

/* A directory that is new, or may be another one than before if @is_deep. */
void
_runtime_use_folder_scan_enter_directory (RuntimeUseFolderScan     *self,
                                          RuntimeUseWatchDirectory *parent,
                                          const char               *name,
                                          gboolean                  is_deep)
{
  RuntimeUseWatchDirectory *child = _runtime_use_watch_tree_find_directory (parent, name);
  gboolean is_new = child == NULL;

  if (child != NULL)
    child->seen = parent->n_scans;

  if (_runtime_use_watch_tree_is_ignored (self->tree, parent, name, TRUE))
    {
      if (child != NULL && !child->is_left)
        _runtime_use_watch_tree_leave_directory (self->tree, child);
      return;
    }

  if (is_new)
    child = add_directory (self, parent, name);
  if (child != NULL && (is_new || is_deep || child->is_left))
    _runtime_use_watch_tree_queue_scan (self->tree, child, TRUE);
}

/* Whether a file that was told of is still the same. */
static gboolean
is_unchanged (RuntimeUseFolderScan *self,
              RuntimeUseWatchFile  *file)
{
  RuntimeUseWatchStamp stamp;
  struct stat status;

  if (!file->is_told || file->target != NULL)
    return FALSE;
  if (fstatat (dirfd (self->stream), file->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return FALSE;

  _runtime_use_watch_stamp_init (&stamp, &status);

  return S_ISREG (status.st_mode) && _runtime_use_watch_stamp_equal (&stamp, &file->told);
}

static void
meet_file (RuntimeUseFolderScan *self,
           const char           *name)
{
  RuntimeUseWatchDirectory *directory = self->tree->scanned;
  RuntimeUseWatchFile *file = _runtime_use_watch_tree_find_file (directory, name);

  if (file != NULL)
    file->seen = directory->n_scans;
  if (_runtime_use_watch_tree_is_ignored (self->tree, directory, name, FALSE))
    return;

  if (file == NULL)
    file = _runtime_use_folder_scan_ensure_file (self, directory, name);
  if (file != NULL && file->is_held)
    {
      /* It may have been closed without a word. */
      file->is_held = FALSE;
      _runtime_use_watch_tree_clear_pending (file);
    }
  if (file != NULL && file->pending == NULL && !is_unchanged (self, file))
    _runtime_use_watch_tree_set_pending (self->tree, file, g_get_monotonic_time () +
                                         self->limits->quiet * G_TIME_SPAN_MILLISECOND);
}

static void
meet (RuntimeUseFolderScan *self,
      const struct dirent  *entry)
{
  const char *name = entry->d_name;
  unsigned char type = entry->d_type;
  struct stat status;

  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return;

  if (type == DT_UNKNOWN &&
      fstatat (dirfd (self->stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    type = (unsigned char) IFTODT (status.st_mode);

  if (type == DT_DIR)
    _runtime_use_folder_scan_enter_directory (self, self->tree->scanned, name,
                                              self->tree->scanned->is_deep);
  else if (type == DT_REG || type == DT_LNK)
    meet_file (self, name);
}

/* Reads from the descriptor, which it closes. */
static void
read_rules (RuntimeUseFolderScan     *self,
            RuntimeUseWatchDirectory *directory,
            int                       fd)
{
  g_autofree char *text = g_malloc (RUNTIME_USE_LIMIT_IGNORE_TEXT + 1);
  gsize length = 0;
  ssize_t n;

  do
    {
      n = TEMP_FAILURE_RETRY (read (fd, text + length, RUNTIME_USE_LIMIT_IGNORE_TEXT + 1 - length));
      length += (gsize) MAX (n, 0);
    }
  while (n > 0);
  close (fd);

  g_clear_pointer (&directory->rules, _runtime_use_ignore_rules_unref);
  directory->rules = _runtime_use_ignore_rules_new (text, length);
  if (!_runtime_use_ignore_rules_is_complete (directory->rules))
    warn (self, RUNTIME_USE_WATCH_TROUBLE_RULES, directory, RUNTIME_USE_IGNORE_FILE,
          "there are too many rules; the last ones do not count");
}

/* A file of rules that is being written counts when it is closed. As with git it may not be a
 * symbolic link. */
static void
load_rules (RuntimeUseFolderScan     *self,
            RuntimeUseWatchDirectory *directory,
            int                       directory_fd)
{
  struct stat status = { 0 };
  int fd;

  if (self->tree->pinned != NULL)
    return;

  fd = openat (directory_fd, RUNTIME_USE_IGNORE_FILE,
               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    {
      if (errno != ENOENT)
        warn (self, RUNTIME_USE_WATCH_TROUBLE_RULES, directory, RUNTIME_USE_IGNORE_FILE,
              g_strerror (errno));
      g_clear_pointer (&directory->rules, _runtime_use_ignore_rules_unref);
    }
  else if (_runtime_use_file_rest_ask (fd, &status) == RUNTIME_USE_FILE_REST_NO)
    {
      close (fd);
    }
  else if (S_ISREG (status.st_mode))
    {
      read_rules (self, directory, fd);
    }
  else
    {
      g_clear_pointer (&directory->rules, _runtime_use_ignore_rules_unref);
      close (fd);
    }
}

gboolean
_runtime_use_is_want (int why)
{
  return why == EMFILE || why == ENFILE || why == ENOMEM;
}

/* The directory cannot be read. Returns FALSE if that is for a want that may pass. */
static gboolean
give_up (RuntimeUseFolderScan     *self,
         RuntimeUseWatchDirectory *directory,
         int                       why)
{
  if (_runtime_use_is_want (why))
    {
      warn (self, RUNTIME_USE_WATCH_TROUBLE_RESOURCES, directory, NULL, g_strerror (why));
      return FALSE;
    }

  if (why != ENOENT && why != ENOTDIR && why != ELOOP)
    warn (self, RUNTIME_USE_WATCH_TROUBLE_UNREADABLE, directory, NULL, g_strerror (why));
  else if (directory->parent != NULL)
    _runtime_use_watch_tree_remove_directory (self->tree, directory);

  return TRUE;
}

/* First the watch, then the look: what comes in between is seen twice rather than not at all. */
static gboolean
begin (RuntimeUseFolderScan      *self,
       RuntimeUseWatchDirectory  *directory,
       int                        top,
       GError                   **error)
{
  g_autofree char *path = _runtime_use_watch_tree_dup_path (directory, NULL);
  int fd = _runtime_use_beneath_open (top, path, O_RDONLY | O_DIRECTORY, 0);
  gpointer mark = NULL;

  if (fd < 0)
    {
      int saved_errno = errno;

      self->tree->scanned = NULL;
      if (!give_up (self, directory, saved_errno))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "%s",
                       g_strerror (saved_errno));
          return FALSE;
        }
      return TRUE;
    }

  if (!_runtime_use_watch_backend_add_mark (self->tree->backend, fd, directory, &mark, error))
    {
      self->tree->scanned = NULL;
      close (fd);
      return FALSE;
    }

  _runtime_use_watch_tree_take_mark (self->tree, directory, mark);
  load_rules (self, directory, fd);
  self->stream = fdopendir (fd);
  if (self->stream == NULL)
    {
      self->tree->scanned = NULL;
      close (fd);
    }

  return TRUE;
}

static void
finish (RuntimeUseFolderScan *self)
{
  RuntimeUseWatchDirectory *directory = self->tree->scanned;

  close_stream (self);
  _runtime_use_watch_tree_remove_unseen (self->tree, directory);
  directory->is_deep = FALSE;
  self->tree->scanned = NULL;
}

guint64
_runtime_use_folder_scan_get_n_read (RuntimeUseFolderScan *self)
{
  return self->n_read;
}

gboolean
_runtime_use_folder_scan_is_done (RuntimeUseFolderScan *self)
{
  return self->tree->scanned == NULL && self->tree->to_scan.length == 0;
}

/* Scans until there is nothing left to scan or the time has come. Fails if a directory cannot be
 * watched, or not be opened for want of resources; it has to be queued again then. */
gboolean
_runtime_use_folder_scan_step (RuntimeUseFolderScan  *self,
                               int                    top,
                               gint64                 deadline,
                               GError               **error)
{
  RuntimeUseWatchDirectory *directory;
  struct dirent *entry;
  guint n = 0;

  do
    {
      if (self->tree->scanned == NULL)
        {
          close_stream (self);
          directory = _runtime_use_watch_tree_next_scan (self->tree);
          if (directory == NULL)
            return TRUE;
          if (!begin (self, directory, top, error))
            return FALSE;
          continue;
        }

      entry = readdir (self->stream);
      if (entry == NULL)
        {
          finish (self);
          continue;
        }
      self->n_read++;
      meet (self, entry);
    }
  while (++n % ENTRIES_PER_LOOK != 0 || g_get_monotonic_time () < deadline);

  return TRUE;
}
