/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-tracker.h"

#include <errno.h>
#include <fcntl.h>

#include "runtime-use-transfer-file-private.h"
#include "runtime-use-upload-scheduler-private.h"
#include "runtime-use-upload-tracker-private.h"

#define DEFAULT_CONCURRENT 6
#define MAX_CONCURRENT 256
#define DEFAULT_QUEUED 100000

/**
 * RuntimeUseUploadTracker:
 *
 * Sends files, a few at a time, and keeps account of them.
 *
 * A tracker can be shared between sessions. Uploads that are given the same logger start in the
 * order in which they were asked for; different loggers take turns, so that a session with many
 * files does not hold up the others.
 *
 * An upload that fails is told to whoever asked for it and in the log, and has no other effect.
 * How uploads are carried out is said at [func@RuntimeUse.upload_file_async].
 *
 * A tracker is used in one thread, the one whose thread-default main context it was made in; only
 * the cancellables may be used from others.
 *
 * Since: 0.1
 */
struct _RuntimeUseUploadTracker
{
  GObject                    parent_instance;

  RuntimeUseUploadLimits     limits;
  RuntimeUseUploadScheduler *scheduler;
  guint64                    n_uploaded;
  guint64                    n_failed;
  GPtrArray                 *waits;         /* of GTask */
};

G_DEFINE_FINAL_TYPE (RuntimeUseUploadTracker, runtime_use_upload_tracker, G_TYPE_OBJECT)

typedef enum
{
  PROP_MAX_CONCURRENT = 1,
  PROP_MAX_QUEUED,
  PROP_UPLOAD_TIMEOUT,
  PROP_N_PENDING,
  PROP_N_RUNNING,
  PROP_N_UPLOADED,
  PROP_N_FAILED,
} RuntimeUseUploadTrackerProperty;

enum
{
  SIGNAL_UPLOADED,
  N_SIGNALS,
};

static GParamSpec *props[PROP_N_FAILED + 1];
static guint signals[N_SIGNALS];

static void
notify (RuntimeUseUploadTracker         *self,
        RuntimeUseUploadTrackerProperty  property)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
}

/* --- How an upload ends --- */

static void
log_failure (RuntimeUseUploadItem *item,
             const GError         *error)
{
  g_autofree char *name = _runtime_use_show_path (item->path);
  g_autofree char *text = NULL;

  if (item->logger == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  text = g_strdup_printf ("Cannot upload %s: %s", name, error->message);
  if (g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED) && item->is_expected)
    runtime_use_logger_info (item->logger, text);
  else
    runtime_use_logger_warning (item->logger, text);
}

/* Takes @task, and @error, which is NULL after a success. */
static void
over_cb (GTask    *task,
         GError   *error,
         gpointer  user_data)
{
  RuntimeUseUploadTracker *self = user_data;
  RuntimeUseUploadItem *item = g_task_get_task_data (task);
  gboolean is_ok = error == NULL;

  if (is_ok)
    self->n_uploaded++;
  else
    self->n_failed++;
  if (!is_ok)
    log_failure (item, error);

  notify (self, is_ok ? PROP_N_UPLOADED : PROP_N_FAILED);
  g_signal_emit (self, signals[SIGNAL_UPLOADED], 0,
                 item->path, is_ok, item->result.status, item->result.n_sent);

  if (is_ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

/* --- Waiting for all of them --- */

static void
end_wait (RuntimeUseUploadTracker *self,
          GTask                   *task)
{
  GSource *source = g_task_get_task_data (task);

  g_source_destroy (source);
  if (!g_task_return_error_if_cancelled (task))
    g_task_return_int (task, MIN (runtime_use_upload_tracker_get_n_pending (self), G_MAXINT));
  g_ptr_array_remove (self->waits, task);
}

static gboolean
wait_over_cb (gpointer user_data)
{
  g_autoptr(GTask) task = g_object_ref (user_data);

  end_wait (g_task_get_source_object (task), task);

  return G_SOURCE_REMOVE;
}

static void
end_waits (RuntimeUseUploadTracker *self)
{
  while (self->waits->len > 0 && runtime_use_upload_tracker_get_n_pending (self) == 0)
    end_wait (self, g_ptr_array_index (self->waits, 0));
}

/* --- What the scheduler tells --- */

static void
n_running_changed_cb (gpointer user_data)
{
  notify (user_data, PROP_N_RUNNING);
}

static void
n_pending_changed_cb (gpointer user_data)
{
  notify (user_data, PROP_N_PENDING);
}

static void
advanced_cb (gpointer user_data)
{
  end_waits (user_data);
}

static const RuntimeUseUploadSchedulerEvents scheduler_events = {
  .n_running_changed = n_running_changed_cb,
  .n_pending_changed = n_pending_changed_cb,
  .over = over_cb,
  .advanced = advanced_cb,
};

static void
runtime_use_upload_tracker_finalize (GObject *object)
{
  RuntimeUseUploadTracker *self = RUNTIME_USE_UPLOAD_TRACKER (object);

  /* Each upload and each wait holds a reference. */
  _runtime_use_upload_scheduler_free (self->scheduler);
  g_ptr_array_unref (self->waits);

  G_OBJECT_CLASS (runtime_use_upload_tracker_parent_class)->finalize (object);
}

static void
runtime_use_upload_tracker_get_property (GObject    *object,
                                         guint       prop_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  RuntimeUseUploadTracker *self = RUNTIME_USE_UPLOAD_TRACKER (object);

  switch ((RuntimeUseUploadTrackerProperty) prop_id)
    {
    case PROP_MAX_CONCURRENT:
      g_value_set_uint (value, self->limits.max_concurrent);
      break;

    case PROP_MAX_QUEUED:
      g_value_set_uint (value, self->limits.max_queued);
      break;

    case PROP_UPLOAD_TIMEOUT:
      g_value_set_uint (value, self->limits.timeout);
      break;

    case PROP_N_PENDING:
      g_value_set_uint (value, runtime_use_upload_tracker_get_n_pending (self));
      break;

    case PROP_N_RUNNING:
      g_value_set_uint (value, runtime_use_upload_tracker_get_n_running (self));
      break;

    case PROP_N_UPLOADED:
      g_value_set_uint64 (value, self->n_uploaded);
      break;

    case PROP_N_FAILED:
      g_value_set_uint64 (value, self->n_failed);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_upload_tracker_set_property (GObject      *object,
                                         guint         prop_id,
                                         const GValue *value,
                                         GParamSpec   *pspec)
{
  RuntimeUseUploadTracker *self = RUNTIME_USE_UPLOAD_TRACKER (object);

  switch ((RuntimeUseUploadTrackerProperty) prop_id)
    {
    case PROP_MAX_CONCURRENT:
      runtime_use_upload_tracker_set_max_concurrent (self, g_value_get_uint (value));
      break;

    case PROP_MAX_QUEUED:
      runtime_use_upload_tracker_set_max_queued (self, g_value_get_uint (value));
      break;

    case PROP_UPLOAD_TIMEOUT:
      runtime_use_upload_tracker_set_upload_timeout (self, g_value_get_uint (value));
      break;

    case PROP_N_PENDING:
    case PROP_N_RUNNING:
    case PROP_N_UPLOADED:
    case PROP_N_FAILED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_limits (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseUploadTracker:max-concurrent:
   *
   * How many files are sent at the same time, at most 256. With a lower value those that are on
   * their way go on.
   *
   * Since: 0.1
   */
  props[PROP_MAX_CONCURRENT] =
    g_param_spec_uint ("max-concurrent", NULL, NULL, 1, MAX_CONCURRENT, DEFAULT_CONCURRENT, flags);

  /**
   * RuntimeUseUploadTracker:max-queued:
   *
   * How many files wait for their turn at most. More of them fail at once.
   *
   * Since: 0.1
   */
  props[PROP_MAX_QUEUED] =
    g_param_spec_uint ("max-queued", NULL, NULL, 0, G_MAXUINT, DEFAULT_QUEUED, flags);

  /**
   * RuntimeUseUploadTracker:upload-timeout:
   *
   * How long an upload may go without headway until it has failed, in milliseconds.
   *
   * This is no limit for the whole, so that large files arrive over slow links: it begins anew
   * with every 64 KiB of the file that are on their way, and with the last of it. Everything else
   * counts: connecting, the pauses before it is tried again, and the wait for the answer. The time
   * in the queue does not. It holds for the uploads that begin after it was set.
   *
   * Since: 0.1
   */
  props[PROP_UPLOAD_TIMEOUT] =
    g_param_spec_uint ("upload-timeout", NULL, NULL, 1, G_MAXINT, RUNTIME_USE_UPLOAD_TIMEOUT,
                       flags);
}

static void
install_counts (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseUploadTracker:n-pending:
   *
   * How many uploads are not over, whether they wait or run.
   *
   * Since: 0.1
   */
  props[PROP_N_PENDING] =
    g_param_spec_uint ("n-pending", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RuntimeUseUploadTracker:n-running:
   *
   * How many of the pending uploads have begun.
   *
   * Since: 0.1
   */
  props[PROP_N_RUNNING] =
    g_param_spec_uint ("n-running", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RuntimeUseUploadTracker:n-uploaded:
   *
   * How many files have arrived.
   *
   * Since: 0.1
   */
  props[PROP_N_UPLOADED] =
    g_param_spec_uint64 ("n-uploaded", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * RuntimeUseUploadTracker:n-failed:
   *
   * How many uploads have failed, been cancelled, or not been accepted because too many waited.
   *
   * Since: 0.1
   */
  props[PROP_N_FAILED] =
    g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, flags);
}

static void
runtime_use_upload_tracker_class_init (RuntimeUseUploadTrackerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_upload_tracker_finalize;
  object_class->get_property = runtime_use_upload_tracker_get_property;
  object_class->set_property = runtime_use_upload_tracker_set_property;
  install_limits (object_class);
  install_counts (object_class);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * RuntimeUseUploadTracker::uploaded:
   * @self: the tracker
   * @path: (type filename): the path that was given
   * @ok: whether the file has arrived
   * @status: the status of the last HTTP answer, or 0 if there was none
   * @n_bytes: how many bytes of the file were sent the last time it was tried
   *
   * Emitted when an upload is over, before whoever asked for it is told.
   *
   * Since: 0.1
   */
  signals[SIGNAL_UPLOADED] =
    g_signal_new ("uploaded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 4, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_BOOLEAN,
                  G_TYPE_UINT, G_TYPE_UINT64);
}

static void
runtime_use_upload_tracker_init (RuntimeUseUploadTracker *self)
{
  self->limits.max_concurrent = DEFAULT_CONCURRENT;
  self->limits.max_queued = DEFAULT_QUEUED;
  self->limits.timeout = RUNTIME_USE_UPLOAD_TIMEOUT;
  self->scheduler = _runtime_use_upload_scheduler_new (&self->limits, &scheduler_events,
                                                       G_OBJECT (self));
  self->waits = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * runtime_use_upload_tracker_new:
 *
 * Makes a tracker without uploads.
 *
 * Returns: (transfer full): a new tracker
 *
 * Since: 0.1
 */
RuntimeUseUploadTracker *
runtime_use_upload_tracker_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_UPLOAD_TRACKER, NULL);
}

/**
 * runtime_use_upload_tracker_get_max_concurrent:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:max-concurrent].
 *
 * Returns: a number of uploads
 *
 * Since: 0.1
 */
guint
runtime_use_upload_tracker_get_max_concurrent (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return self->limits.max_concurrent;
}

/**
 * runtime_use_upload_tracker_set_max_concurrent:
 * @self: a tracker
 * @max_concurrent: from 1 to 256
 *
 * Sets [property@RuntimeUse.UploadTracker:max-concurrent].
 *
 * Since: 0.1
 */
void
runtime_use_upload_tracker_set_max_concurrent (RuntimeUseUploadTracker *self,
                                               guint                    max_concurrent)
{
  g_return_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self));
  g_return_if_fail (max_concurrent >= 1 && max_concurrent <= MAX_CONCURRENT);

  if (self->limits.max_concurrent == max_concurrent)
    return;

  self->limits.max_concurrent = max_concurrent;
  notify (self, PROP_MAX_CONCURRENT);
  _runtime_use_upload_scheduler_start_next (self->scheduler);
}

/**
 * runtime_use_upload_tracker_get_max_queued:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:max-queued].
 *
 * Returns: a number of uploads
 *
 * Since: 0.1
 */
guint
runtime_use_upload_tracker_get_max_queued (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return self->limits.max_queued;
}

/**
 * runtime_use_upload_tracker_set_max_queued:
 * @self: a tracker
 * @max_queued: a number of uploads
 *
 * Sets [property@RuntimeUse.UploadTracker:max-queued].
 *
 * Since: 0.1
 */
void
runtime_use_upload_tracker_set_max_queued (RuntimeUseUploadTracker *self,
                                           guint                    max_queued)
{
  g_return_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self));

  if (self->limits.max_queued == max_queued)
    return;

  self->limits.max_queued = max_queued;
  notify (self, PROP_MAX_QUEUED);
}

/**
 * runtime_use_upload_tracker_get_upload_timeout:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:upload-timeout].
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
runtime_use_upload_tracker_get_upload_timeout (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return self->limits.timeout;
}

/**
 * runtime_use_upload_tracker_set_upload_timeout:
 * @self: a tracker
 * @upload_timeout: milliseconds, from 1 to `G_MAXINT`
 *
 * Sets [property@RuntimeUse.UploadTracker:upload-timeout].
 *
 * Since: 0.1
 */
void
runtime_use_upload_tracker_set_upload_timeout (RuntimeUseUploadTracker *self,
                                               guint                    upload_timeout)
{
  g_return_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self));
  g_return_if_fail (upload_timeout >= 1 && upload_timeout <= G_MAXINT);

  if (self->limits.timeout == upload_timeout)
    return;

  self->limits.timeout = upload_timeout;
  notify (self, PROP_UPLOAD_TIMEOUT);
}

/**
 * runtime_use_upload_tracker_get_n_pending:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:n-pending].
 *
 * Returns: a number of uploads
 *
 * Since: 0.1
 */
guint
runtime_use_upload_tracker_get_n_pending (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return _runtime_use_upload_scheduler_get_n_pending (self->scheduler);
}

/**
 * runtime_use_upload_tracker_get_n_running:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:n-running].
 *
 * Returns: a number of uploads
 *
 * Since: 0.1
 */
guint
runtime_use_upload_tracker_get_n_running (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return _runtime_use_upload_scheduler_get_n_running (self->scheduler);
}

/**
 * runtime_use_upload_tracker_get_n_uploaded:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:n-uploaded].
 *
 * Returns: a number of files
 *
 * Since: 0.1
 */
guint64
runtime_use_upload_tracker_get_n_uploaded (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return self->n_uploaded;
}

/**
 * runtime_use_upload_tracker_get_n_failed:
 * @self: a tracker
 *
 * Gets [property@RuntimeUse.UploadTracker:n-failed].
 *
 * Returns: a number of uploads
 *
 * Since: 0.1
 */
guint64
runtime_use_upload_tracker_get_n_failed (RuntimeUseUploadTracker *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self), 0);

  return self->n_failed;
}

static GTask *
new_upload_task (RuntimeUseUploadTracker *self,
                 const char              *path,
                 const char              *url,
                 const char              *content_type,
                 RuntimeUseLogger        *logger,
                 GCancellable            *cancellable,
                 GAsyncReadyCallback      callback,
                 gpointer                 user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_task_data (task, _runtime_use_upload_item_new (path, url, content_type, logger),
                        (GDestroyNotify) _runtime_use_upload_item_free);
  g_task_set_source_tag (task, runtime_use_upload_tracker_upload_async);
  /* A cancel is reported only when nothing of the upload is left. */
  g_task_set_check_cancellable (task, FALSE);

  return task;
}

/**
 * runtime_use_upload_tracker_upload_async:
 * @self: a tracker
 * @path: (type filename): the path of a regular file, which is opened when its turn comes
 * @url: where it is sent, as for [func@RuntimeUse.upload_file_async]
 * @content_type: (nullable): the media type to send it as, or `NULL` or empty for none
 * @logger: (nullable): who is told of a failure, and by whom turns are taken
 * @cancellable: (nullable): ends the upload when it is cancelled, also while it waits
 * @callback: (scope async): called when the upload is over
 * @user_data: data for @callback
 *
 * Sends a file as soon as fewer than [property@RuntimeUse.UploadTracker:max-concurrent] are on
 * their way.
 *
 * Since: 0.1
 */
void
runtime_use_upload_tracker_upload_async (RuntimeUseUploadTracker *self,
                                         const char              *path,
                                         const char              *url,
                                         const char              *content_type,
                                         RuntimeUseLogger        *logger,
                                         GCancellable            *cancellable,
                                         GAsyncReadyCallback      callback,
                                         gpointer                 user_data)
{
  g_return_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (url != NULL);
  g_return_if_fail (logger == NULL || RUNTIME_USE_IS_LOGGER (logger));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  _runtime_use_upload_scheduler_add (self->scheduler,
                                     new_upload_task (self, path, url, content_type, logger,
                                                      cancellable, callback, user_data));
}

/* The descriptor is duplicated; the caller may close it at once. */
void
_runtime_use_upload_tracker_upload_fd_async (RuntimeUseUploadTracker *self,
                                             int                      fd,
                                             const struct stat       *expected,
                                             const char              *path,
                                             const char              *url,
                                             const char              *content_type,
                                             RuntimeUseLogger        *logger,
                                             GCancellable            *cancellable,
                                             GAsyncReadyCallback      callback,
                                             gpointer                 user_data)
{
  GTask *task = new_upload_task (self, path, url, content_type, logger, cancellable, callback,
                                 user_data);
  RuntimeUseUploadItem *item = g_task_get_task_data (task);

  item->is_expected = expected != NULL;
  if (item->is_expected)
    item->expected = *expected;
  item->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (item->fd >= 0)
    _runtime_use_upload_scheduler_add (self->scheduler, task);
  else
    over_cb (task, g_error_new (G_IO_ERROR, g_io_error_from_errno (errno),
                                "Cannot keep the file open: %s", g_strerror (errno)), self);
}

gboolean
_runtime_use_upload_tracker_finish (RuntimeUseUploadTracker  *self,
                                    GAsyncResult             *result,
                                    RuntimeUseUploadResult   *upload_result,
                                    GError                  **error)
{
  RuntimeUseUploadItem *item = g_task_get_task_data (G_TASK (result));

  if (upload_result != NULL)
    *upload_result = item->result;

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_upload_tracker_upload_finish:
 * @self: a tracker
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets whether a file has arrived.
 *
 * Fails as [func@RuntimeUse.upload_file_finish] does, and with
 * [error@RuntimeUse.Error.TOO_LARGE] if [property@RuntimeUse.UploadTracker:max-queued] files wait
 * already.
 *
 * Returns: `TRUE` if the answer was a success
 *
 * Since: 0.1
 */
gboolean
runtime_use_upload_tracker_upload_finish (RuntimeUseUploadTracker  *self,
                                          GAsyncResult             *result,
                                          GError                  **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, runtime_use_upload_tracker_upload_async),
                        FALSE);

  return _runtime_use_upload_tracker_finish (self, result, NULL, error);
}

/**
 * runtime_use_upload_tracker_wait_async:
 * @self: a tracker
 * @timeout: how long to wait at most, in milliseconds
 * @cancellable: (nullable): ends the wait when it is cancelled, but no upload
 * @callback: (scope async): called when the wait is over
 * @user_data: data for @callback
 *
 * Waits until no upload is pending, also of those that come meanwhile, or until the time is over.
 *
 * Since: 0.1
 */
void
runtime_use_upload_tracker_wait_async (RuntimeUseUploadTracker *self,
                                       guint                    timeout,
                                       GCancellable            *cancellable,
                                       GAsyncReadyCallback      callback,
                                       gpointer                 user_data)
{
  GSource *source;
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_upload_tracker_wait_async);

  source = g_timeout_source_new (timeout);
  g_source_set_callback (source, wait_over_cb, task, NULL);
  if (cancellable != NULL)
    {
      g_autoptr(GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }
  g_task_set_task_data (task, source, (GDestroyNotify) g_source_unref);
  g_source_attach (source, g_task_get_context (task));

  g_ptr_array_add (self->waits, task);
  end_waits (self);
}

/**
 * runtime_use_upload_tracker_wait_finish:
 * @self: a tracker
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets how many uploads are left after a wait.
 *
 * Fails with `G_IO_ERROR_CANCELLED` if the wait was cancelled.
 *
 * Returns: the number of uploads that were pending when the time was over, 0 if there were none,
 *   or -1 with @error set
 *
 * Since: 0.1
 */
int
runtime_use_upload_tracker_wait_finish (RuntimeUseUploadTracker  *self,
                                        GAsyncResult             *result,
                                        GError                  **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, runtime_use_upload_tracker_wait_async),
                        -1);

  return (int) g_task_propagate_int (G_TASK (result), error);
}
