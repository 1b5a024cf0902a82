/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-folder-watch-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-folder-look-private.h"
#include "runtime-use-folder-scan-private.h"
#include "runtime-use-source-private.h"
#include "runtime-use-transfer-file-private.h"
#include "runtime-use-watch-top-private.h"

/* How long scanning, and then looking at files, may take before others get their turn. */
#define SLICE (2 * G_TIME_SPAN_MILLISECOND)

struct _RuntimeUseFolderWatch
{
  GObject                            parent_instance;

  RuntimeUseWatchTop                 top;
  RuntimeUseFolderWatchOptions       options;
  RuntimeUseFolderLimits             limits;
  const RuntimeUseFolderWatchEvents *events;
  gpointer                           user_data;

  RuntimeUseWatchTree               *tree;          /* NULL once stopped */
  RuntimeUseFolderScan              *scan;
  RuntimeUseFolderLook              *look;
  RuntimeUseWatchLog                 log;
  GMainContext                      *context;
  GSource                           *source;        /* only while there is something to do */
  gint64                             retry_time;    /* of what was not to be had; 0 for never */
  gint64                             ready_time;    /* of the source */
  gboolean                           is_hurried;    /* something is to be done at once */
  gboolean                           is_working;
  gboolean                           has_started;
  GTask                             *start;
  GQueue                             settles;       /* of GTask with SettleData */
};

/* First all up to a position of the backend has to be heard of and scanned. What is pending by then
 * is to be told of. */
typedef struct
{
  guint64  position;
  guint64  serial;   /* of the tree, 0 before that */
  GSource *cancelled;
} SettleData;

G_DEFINE_FINAL_TYPE (RuntimeUseFolderWatch, _runtime_use_folder_watch, G_TYPE_OBJECT)

static gint64
get_quiet_time (RuntimeUseFolderWatch *self)
{
  return self->options.quiet * G_TIME_SPAN_MILLISECOND;
}

/* --- when to work --- */

static gboolean work_cb (gpointer user_data);

/* -1 when there is nothing to do. */
static gint64
get_next_time (RuntimeUseFolderWatch *self)
{
  RuntimeUseWatchFile *file;

  if (self->tree == NULL)
    return -1;
  if (self->is_hurried)
    return 0;
  if (self->retry_time != 0)
    return self->retry_time;
  if (!_runtime_use_folder_scan_is_done (self->scan))
    return 0;

  file = _runtime_use_watch_tree_peek_pending (self->tree);

  return file != NULL ? file->due : -1;
}

/* A watch that has nothing to do has no source: there may be many of them. */
static void
schedule (RuntimeUseFolderWatch *self)
{
  gint64 time = get_next_time (self);

  if (self->is_working || time == self->ready_time)
    return;

  self->ready_time = time;
  if (time < 0)
    {
      g_source_destroy (self->source);
      g_clear_pointer (&self->source, g_source_unref);
      return;
    }

  if (self->source == NULL)
    {
      self->source = _runtime_use_ready_source_new ("RuntimeUseFolderWatch", work_cb, self, NULL);
      g_source_attach (self->source, self->context);
    }
  g_source_set_ready_time (self->source, time);
}

static void
hurry (RuntimeUseFolderWatch *self)
{
  self->is_hurried = TRUE;
  schedule (self);
}

/* --- what the backend tells --- */

static void
note_directory (RuntimeUseFolderWatch    *self,
                RuntimeUseWatchDirectory *parent,
                const char               *name,
                RuntimeUseWatchChange     change)
{
  RuntimeUseWatchDirectory *child;

  if (change != RUNTIME_USE_WATCH_CHANGE_REMOVED)
    {
      _runtime_use_folder_scan_enter_directory (self->scan, parent, name, TRUE);
      return;
    }

  child = _runtime_use_watch_tree_find_directory (parent, name);
  if (child != NULL)
    _runtime_use_watch_tree_remove_directory (self->tree, child);
}

static void
note_file (RuntimeUseFolderWatch    *self,
           RuntimeUseWatchDirectory *directory,
           const char               *name,
           RuntimeUseWatchChange     change)
{
  RuntimeUseWatchFile *file;

  file = _runtime_use_watch_tree_find_file (directory, name);
  if (change == RUNTIME_USE_WATCH_CHANGE_REMOVED)
    {
      if (file != NULL)
        _runtime_use_watch_tree_remove_file (self->tree, file);
      return;
    }

  if (file == NULL && _runtime_use_watch_tree_is_ignored (self->tree, directory, name, FALSE))
    return;
  file = _runtime_use_folder_scan_ensure_file (self->scan, directory, name);
  if (file == NULL)
    return;

  /* Its writer is still at it, and is going to close it. */
  if (file->is_held && change == RUNTIME_USE_WATCH_CHANGE_TOUCHED)
    return;

  if (file->is_held)
    _runtime_use_watch_tree_clear_pending (file);
  file->is_held = FALSE;
  file->backoff = 0;
  file->met_at = 0;
  _runtime_use_watch_tree_set_pending (self->tree, file,
                                       g_get_monotonic_time () + get_quiet_time (self));
}

static void
changed_cb (gpointer               directory,
            RuntimeUseWatchChange  change,
            const char            *name,
            gboolean               is_directory,
            gpointer               user_data)
{
  RuntimeUseFolderWatch *self = ((RuntimeUseWatchTree *) user_data)->watcher;
  gboolean is_rules = name != NULL && strcmp (name, RUNTIME_USE_IGNORE_FILE) == 0;

  if (self == NULL)
    return;
  if (is_rules && (change == RUNTIME_USE_WATCH_CHANGE_TOUCHED || self->tree->pinned != NULL))
    return;

  if (change == RUNTIME_USE_WATCH_CHANGE_GONE || is_rules)
    _runtime_use_watch_tree_queue_scan (self->tree, directory, TRUE);
  else if (is_directory)
    note_directory (self, directory, name, change);
  else
    note_file (self, directory, name, change);

  /* Of a folder that is being deleted this may be all that is heard. */
  if (change == RUNTIME_USE_WATCH_CHANGE_REMOVED && directory == self->tree->top)
    hurry (self);
  else
    schedule (self);
}

static void
lost_cb (const char *why,
         gpointer    user_data)
{
  RuntimeUseFolderWatch *self = ((RuntimeUseWatchTree *) user_data)->watcher;

  if (self == NULL)
    return;

  if (why != NULL)
    _runtime_use_watch_log_warn (&self->log, RUNTIME_USE_WATCH_TROUBLE_LOST, NULL, "%s", why);
  _runtime_use_watch_tree_queue_scan (self->tree, self->tree->top, TRUE);
  schedule (self);
}

static void
advanced_cb (gpointer user_data)
{
  RuntimeUseFolderWatch *self = ((RuntimeUseWatchTree *) user_data)->watcher;

  if (self != NULL && self->settles.length > 0)
    hurry (self);
}

static const RuntimeUseWatchBackendEvents backend_events = {
  changed_cb,
  lost_cb,
  advanced_cb,
};

static void
scan_regularly (RuntimeUseFolderWatch *self)
{
  guint interval = self->options.scan_interval;

  _runtime_use_watch_tree_take_backend (self->tree,
                                        _runtime_use_scan_backend_new (interval, &backend_events,
                                                                       self->tree));
  _runtime_use_watch_tree_queue_scan (self->tree, self->tree->top, TRUE);
}

/* The kernel is not going to tell all that changes. */
static void
become_blind (RuntimeUseFolderWatch *self,
              const char            *why)
{
  _runtime_use_watch_log_warn (&self->log, RUNTIME_USE_WATCH_TROUBLE_BLIND, NULL,
                               "%s. All is scanned each %u ms instead", why,
                               self->options.scan_interval);
  scan_regularly (self);
}

/* --- the folder itself --- */

static void
retry_later (RuntimeUseFolderWatch *self)
{
  self->retry_time = g_get_monotonic_time () +
                     self->options.scan_interval * G_TIME_SPAN_MILLISECOND;
}

static void
lose_top (RuntimeUseFolderWatch *self)
{
  _runtime_use_watch_tree_clear (self->tree);
  if (self->top.inode != 0)
    _runtime_use_watch_log_info (&self->log, "the folder is gone");
  self->top.inode = 0;
}

/* Opens the folder. What is there may have taken the place of what was: then all is new. */
static int
open_top (RuntimeUseFolderWatch *self)
{
  int fd = _runtime_use_watch_top_open (&self->top);

  if (_runtime_use_watch_top_is_known (&self->top, fd))
    return fd;

  if (fd < 0)
    {
      if (_runtime_use_is_want (errno))
        _runtime_use_watch_log_warn (&self->log, RUNTIME_USE_WATCH_TROUBLE_RESOURCES, NULL, "%s",
                                     g_strerror (errno));
      else
        lose_top (self);
      retry_later (self);
      return -1;
    }

  lose_top (self);
  _runtime_use_watch_top_take (&self->top, fd);
  _runtime_use_watch_tree_queue_scan (self->tree, self->tree->top, TRUE);
  _runtime_use_watch_log_info (&self->log, "the folder is there");

  return fd;
}

static void
complete_cb (const char        *path,
             int                fd,
             const struct stat *status,
             gpointer           user_data)
{
  RuntimeUseFolderWatch *self = user_data;
  g_autofree char *whole = _runtime_use_watch_top_dup_path (&self->top, path);

  self->events->settled (self, whole, fd, status, self->user_data);
}

/* --- work --- */

static void
scan (RuntimeUseFolderWatch *self,
      int                    top)
{
  g_autoptr(GError) error = NULL;

  if (_runtime_use_folder_scan_step (self->scan, top, g_get_monotonic_time () + SLICE, &error))
    return;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    retry_later (self);
  else
    become_blind (self, error->message);
}

static gboolean
has_scanned (RuntimeUseFolderWatch *self)
{
  return _runtime_use_folder_scan_is_done (self->scan) &&
         (self->retry_time == 0 || self->top.inode == 0);
}

static void
settle_data_free (SettleData *data)
{
  if (data->cancelled != NULL)
    {
      g_source_destroy (data->cancelled);
      g_source_unref (data->cancelled);
    }
  g_free (data);
}

/* Lets go of the cancellable before the task is returned. */
static GTask *
take_settle (RuntimeUseFolderWatch *self,
             GList                 *link)
{
  GTask *task = link->data;
  SettleData *data = g_task_get_task_data (task);

  g_queue_delete_link (&self->settles, link);
  if (data->cancelled != NULL)
    g_source_destroy (data->cancelled);

  return task;
}

static gboolean
is_settled_for (RuntimeUseFolderWatch *self,
                SettleData            *data)
{
  if (data->serial == 0)
    {
      if (!_runtime_use_watch_backend_has_reached (self->tree->backend, data->position) ||
          !has_scanned (self))
        return FALSE;
      data->serial = self->tree->serial++;
    }

  return !_runtime_use_watch_tree_has_unsettled (self->tree, data->serial);
}

static void
complete_settles (RuntimeUseFolderWatch *self)
{
  GList *link = self->settles.head;

  while (link != NULL && self->tree != NULL)
    {
      GList *next = link->next;

      if (is_settled_for (self, g_task_get_task_data (link->data)))
        {
          g_autoptr(GTask) task = take_settle (self, link);

          g_task_return_boolean (task, TRUE);
          /* The list may be another one now. */
          next = self->settles.head;
        }
      link = next;
    }
}

static void
complete_start (RuntimeUseFolderWatch *self)
{
  g_autoptr(GTask) task = NULL;

  if (self->start == NULL || !has_scanned (self))
    return;

  task = g_steal_pointer (&self->start);
  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    _runtime_use_folder_watch_stop (self);
  else
    self->has_started = TRUE;
  g_task_return_boolean (task, TRUE);
}

static gboolean
work_cb (gpointer user_data)
{
  RuntimeUseFolderWatch *self = user_data;
  G_GNUC_UNUSED g_autoptr(RuntimeUseFolderWatch) alive = g_object_ref (self);
  int top;

  self->is_working = TRUE;
  self->is_hurried = FALSE;
  if (self->retry_time != 0)
    {
      self->retry_time = 0;
      if (self->top.inode != 0)
        _runtime_use_watch_tree_queue_scan (self->tree, self->tree->top, TRUE);
    }

  top = open_top (self);
  if (top >= 0)
    {
      scan (self, top);
      if (self->start == NULL)
        _runtime_use_folder_look_step (self->look, top, g_get_monotonic_time () + SLICE);
      close (top);
    }
  if (self->tree != NULL)
    complete_start (self);
  if (self->tree != NULL)
    complete_settles (self);

  self->is_working = FALSE;
  /* What was set is over. */
  self->ready_time = 0;
  schedule (self);

  return G_SOURCE_CONTINUE;
}

/* --- the object --- */

static void
_runtime_use_folder_watch_dispose (GObject *object)
{
  _runtime_use_folder_watch_stop (RUNTIME_USE_FOLDER_WATCH (object));

  G_OBJECT_CLASS (_runtime_use_folder_watch_parent_class)->dispose (object);
}

static void
_runtime_use_folder_watch_finalize (GObject *object)
{
  RuntimeUseFolderWatch *self = RUNTIME_USE_FOLDER_WATCH (object);

  g_clear_pointer (&self->look, _runtime_use_folder_look_free);
  _runtime_use_watch_log_clear (&self->log);
  g_clear_object (&self->options.logger);
  g_clear_pointer (&self->context, g_main_context_unref);
  _runtime_use_watch_top_clear (&self->top);

  G_OBJECT_CLASS (_runtime_use_folder_watch_parent_class)->finalize (object);
}

static void
_runtime_use_folder_watch_class_init (RuntimeUseFolderWatchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = _runtime_use_folder_watch_dispose;
  object_class->finalize = _runtime_use_folder_watch_finalize;
}

static void
_runtime_use_folder_watch_init (RuntimeUseFolderWatch *self)
{
  self->ready_time = -1;
  g_queue_init (&self->settles);
}

static guint
or_default (guint value,
            guint default_value)
{
  return value != 0 ? value : default_value;
}

static void
set_options (RuntimeUseFolderWatch              *self,
             const RuntimeUseFolderWatchOptions *options)
{
  if (options != NULL)
    self->options = *options;
  if (self->options.logger != NULL)
    g_object_ref (self->options.logger);

  self->options.quiet = or_default (self->options.quiet, RUNTIME_USE_FOLDER_WATCH_QUIET);
  self->options.scan_interval = or_default (self->options.scan_interval,
                                            RUNTIME_USE_FOLDER_WATCH_SCAN_INTERVAL);
  self->limits.quiet = self->options.quiet;
  self->limits.max_directories = or_default (self->options.max_directories,
                                             RUNTIME_USE_FOLDER_WATCH_MAX_DIRECTORIES);
  self->limits.max_files = or_default (self->options.max_files,
                                       RUNTIME_USE_FOLDER_WATCH_MAX_FILES);
  self->limits.max_depth = or_default (self->options.max_depth,
                                       RUNTIME_USE_FOLDER_WATCH_MAX_DEPTH);
  self->limits.max_links = or_default (self->options.max_links,
                                       RUNTIME_USE_FOLDER_WATCH_MAX_LINKS);
}

/* @folder is used as it is given; relative ones are relative to the working directory of the moment
 * of the start. @ignore_content may be NULL, and @options too. */
RuntimeUseFolderWatch *
_runtime_use_folder_watch_new (const char                         *folder,
                               const char                         *ignore_content,
                               const RuntimeUseFolderWatchOptions *options,
                               const RuntimeUseFolderWatchEvents  *events,
                               gpointer                            user_data)
{
  RuntimeUseFolderWatch *self = g_object_new (RUNTIME_USE_TYPE_FOLDER_WATCH, NULL);
  g_autoptr(RuntimeUseIgnoreRules) pinned = NULL;

  if (ignore_content != NULL)
    pinned = _runtime_use_ignore_rules_new (ignore_content, strlen (ignore_content));

  set_options (self, options);
  self->top.folder = g_strdup (folder);
  self->events = events;
  self->user_data = user_data;
  self->log.logger = self->options.logger;
  self->log.folder = self->top.folder;
  self->tree = _runtime_use_watch_tree_new (pinned);
  self->tree->watcher = self;
  self->tree->serial = 1;
  self->scan = _runtime_use_folder_scan_new (self->tree, &self->limits, &self->log);
  self->look = _runtime_use_folder_look_new (self->tree, &self->top, &self->limits, &self->log,
                                             complete_cb, self);

  return self;
}

/* --- operations --- */

static void
start_watching (RuntimeUseFolderWatch *self)
{
  RuntimeUseWatchBackend *backend;
  g_autoptr(GError) error = NULL;

  self->context = g_main_context_ref_thread_default ();
  if (self->options.without_inotify)
    {
      scan_regularly (self);
      return;
    }

  backend = _runtime_use_inotify_backend_new (&backend_events, self->tree, &error);
  if (backend == NULL)
    {
      become_blind (self, error->message);
      return;
    }

  _runtime_use_watch_tree_take_backend (self->tree, backend);
  _runtime_use_watch_tree_queue_scan (self->tree, self->tree->top, TRUE);
}

void
_runtime_use_folder_watch_start_async (RuntimeUseFolderWatch *self,
                                       GCancellable          *cancellable,
                                       GAsyncReadyCallback    callback,
                                       gpointer               user_data)
{
  g_autoptr(GTask) task = NULL;
  int why;

  g_return_if_fail (self->tree != NULL && self->top.real_path == NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, _runtime_use_folder_watch_start_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  why = _runtime_use_watch_top_make (&self->top);
  if (why != 0)
    {
      g_autofree char *shown = _runtime_use_show_path (self->top.folder);

      g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                               "%s: cannot make the artifact folder %s: %s",
                               strerrorname_np (why), shown, g_strerror (why));
      _runtime_use_folder_watch_stop (self);
      return;
    }

  self->start = g_steal_pointer (&task);
  start_watching (self);
  schedule (self);
}

gboolean
_runtime_use_folder_watch_start_finish (RuntimeUseFolderWatch  *self,
                                        GAsyncResult           *result,
                                        GError                **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
_runtime_use_folder_watch_is_settled (RuntimeUseFolderWatch *self)
{
  guint64 end;
  int top;
  gboolean is_there;

  if (self->tree == NULL)
    return TRUE;
  if (!self->has_started)
    return FALSE;

  end = _runtime_use_watch_backend_get_end (self->tree->backend);
  if (!_runtime_use_watch_backend_has_reached (self->tree->backend, end) || !has_scanned (self) ||
      _runtime_use_watch_tree_has_unsettled (self->tree, G_MAXUINT64))
    return FALSE;

  /* Of a folder above that was renamed nothing is heard. */
  top = _runtime_use_watch_top_open (&self->top);
  is_there = _runtime_use_watch_top_is_known (&self->top, top);
  if (top < 0)
    return self->top.inode == 0;
  close (top);

  return is_there;
}

static gboolean
settle_cancelled_cb (GCancellable *cancellable,
                     gpointer      user_data)
{
  GTask *task = user_data;
  RuntimeUseFolderWatch *self = g_task_get_source_object (task);
  GList *link = g_queue_find (&self->settles, task);
  g_autoptr(GTask) taken = link != NULL ? take_settle (self, link) : NULL;

  if (taken != NULL)
    g_task_return_error_if_cancelled (taken);

  return G_SOURCE_REMOVE;
}

void
_runtime_use_folder_watch_settle_async (RuntimeUseFolderWatch *self,
                                        GCancellable          *cancellable,
                                        GAsyncReadyCallback    callback,
                                        gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  SettleData *data;

  g_task_set_source_tag (task, _runtime_use_folder_watch_settle_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (self->tree == NULL || self->tree->backend == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  data = g_new0 (SettleData, 1);
  g_task_set_task_data (task, data, (GDestroyNotify) settle_data_free);
  if (cancellable != NULL)
    {
      data->cancelled = g_cancellable_source_new (cancellable);
      g_task_attach_source (task, data->cancelled, G_SOURCE_FUNC (settle_cancelled_cb));
    }
  data->position = _runtime_use_watch_backend_get_end (self->tree->backend);
  g_queue_push_tail (&self->settles, g_steal_pointer (&task));
  hurry (self);
}

gboolean
_runtime_use_folder_watch_settle_finish (RuntimeUseFolderWatch  *self,
                                         GAsyncResult           *result,
                                         GError                **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
return_stopped (GTask *task)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           "The folder is not watched any more");
  g_object_unref (task);
}

static gboolean
take_apart_cb (gpointer user_data)
{
  return _runtime_use_watch_tree_take_apart (user_data, g_get_monotonic_time () + SLICE);
}

/* Takes @tree. Others get their turn meanwhile, for it may be large. */
static void
take_apart (RuntimeUseWatchTree *tree,
            GMainContext        *context)
{
  g_autoptr(GSource) source = NULL;

  tree->watcher = NULL;
  if (!take_apart_cb (tree))
    {
      _runtime_use_watch_tree_free (tree);
      return;
    }

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "RuntimeUseFolderWatch end");
  g_source_set_callback (source, take_apart_cb, tree,
                         (GDestroyNotify) _runtime_use_watch_tree_free);
  g_source_attach (source, context);
}

void
_runtime_use_folder_watch_stop (RuntimeUseFolderWatch *self)
{
  GTask *start = g_steal_pointer (&self->start);
  GList *link;

  if (self->tree == NULL)
    return;

  g_clear_pointer (&self->scan, _runtime_use_folder_scan_free);
  _runtime_use_folder_look_end (self->look);
  take_apart (g_steal_pointer (&self->tree), self->context);
  schedule (self);

  if (start != NULL)
    return_stopped (start);
  while ((link = self->settles.head) != NULL)
    return_stopped (take_settle (self, link));
}

guint64
_runtime_use_folder_watch_get_work (RuntimeUseFolderWatch *self)
{
  return _runtime_use_folder_scan_get_n_read (self->scan) +
         _runtime_use_folder_look_get_n_looks (self->look);
}

char *
_runtime_use_folder_watch_dup_real_path (RuntimeUseFolderWatch *self,
                                         const char            *path)
{
  const char *relative = _runtime_use_watch_top_get_relative (&self->top, path);

  return _runtime_use_watch_top_dup_real_path (&self->top, relative);
}

gboolean
_runtime_use_folder_watch_holds (RuntimeUseFolderWatch *self,
                                 const char            *real_path)
{
  return _runtime_use_watch_top_holds (&self->top, real_path);
}

void
_runtime_use_folder_watch_tell_again (RuntimeUseFolderWatch *self,
                                      const char            *path)
{
  RuntimeUseWatchFile *file;

  if (self->tree == NULL)
    return;

  file = _runtime_use_watch_tree_find_path (self->tree,
                                            _runtime_use_watch_top_get_relative (&self->top, path));
  if (file == NULL)
    return;

  file->is_told = FALSE;
  if (file->pending == NULL)
    _runtime_use_watch_tree_set_pending (self->tree, file,
                                         g_get_monotonic_time () + get_quiet_time (self));
  schedule (self);
}

int
_runtime_use_folder_watch_open (RuntimeUseFolderWatch  *self,
                                const char             *path,
                                GError                **error)
{
  const char *relative = _runtime_use_watch_top_get_relative (&self->top, path);
  int fd = _runtime_use_watch_top_open_file (&self->top, relative);
  int saved_errno = errno;

  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s",
                 strerrorname_np (saved_errno), g_strerror (saved_errno));
  errno = saved_errno;

  return fd;
}
