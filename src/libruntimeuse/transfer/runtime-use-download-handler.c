/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-handler.h"

#include "runtime-use-download-handler-private.h"
#include "runtime-use-download-job-private.h"
#include "runtime-use-error.h"
#include "runtime-use-setting-private.h"
#include "runtime-use-source-private.h"
#include "runtime-use-transfer-pool-private.h"

/* Milliseconds between two looks at what the thread does. */
#define TICK 100

#define MAX_SECONDS (7 * 24 * 60 * 60)

/**
 * RuntimeUseDownloadHandler:
 *
 * Fetches a file, and unpacks it if it is an archive.
 *
 * What is described by a [class@RuntimeUse.Downloadable] is fetched by HTTP or HTTPS and stored in
 * its folder, which is made with all that is missing above it, under the last part of the path of
 * the URL, percent-decoded. The name cannot lead out of the folder. The file appears there only
 * when all of it was received, and then takes the place of a file or link that had the name.
 *
 * A file whose name ends in `.zip` is unpacked into the folder, and is not kept; so is with
 * [enum@RuntimeUse.Extract] `AUTO` whatever turns out to be a zip, 7-Zip or tar archive, the latter
 * also when it is compressed with gzip, bzip2, compress, lz4, lzip, lzma, xz or zstd. All of an
 * archive is unpacked or nothing: members are written to a folder of their own, whose name begins
 * with `.runtimeuse-`, and moved into place at the end. Then
 *
 * - files and links replace what has their name, except that a folder in their place is an error;
 *   a folder replaces files and links, and is merged into a folder;
 * - names are bytes and are not converted. A name that is absolute, contains `..`, also behind a
 *   backslash, or leads through a link is an error. Of members with one name the last one counts;
 * - a symbolic link has to stay in the folder, and may contain `..` only at its beginning; what is
 *   a hard link in the archive becomes a copy; anything else but files and folders is an error;
 * - set-id bits, owners and extended attributes are dropped, and the umask applies;
 * - the number of members, of bytes, and how many times more than the archive these are, have
 *   limits.
 *
 * Redirects are followed, but user and password of the URL are sent to their own server only. With
 * HTTPS certificates have to come from an issuer that the system trusts or, if the environment
 * variable `SSL_CERT_FILE` names a file, from one in that. No proxy is used. The file is stored as
 * it is sent, also with a `Content-Encoding`.
 *
 * All of this happens in a thread, of which there are at most 16 at a time; further downloads wait.
 * A handler is used in one thread, the one whose thread-default main context it was started in.
 *
 * Since: 0.1
 */
struct _RuntimeUseDownloadHandler
{
  GObject                     parent_instance;

  RuntimeUseDownloadable     *downloadable;
  RuntimeUseDownloadSettings  settings;
  gboolean                    named_file;
  gboolean                    has_run;
};

G_DEFINE_FINAL_TYPE (RuntimeUseDownloadHandler, runtime_use_download_handler, G_TYPE_OBJECT)

typedef enum
{
  PROP_DOWNLOADABLE = 1,
  PROP_FIRST_SETTING,
} RuntimeUseDownloadHandlerProperty;

enum
{
  SIGNAL_PROGRESS,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static const RuntimeUseSetting settings[] = {
  /**
   * RuntimeUseDownloadHandler:connect-timeout:
   *
   * How long it may take to look up the host and to connect to it, in seconds. Like with all limits
   * here, what is set after the start is of no effect.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("connect-timeout", RuntimeUseDownloadSettings, connect_timeout,
                              1, MAX_SECONDS, 30),

  /**
   * RuntimeUseDownloadHandler:idle-timeout:
   *
   * How long the server may take until it answers, and between two bytes of the file, in seconds.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("idle-timeout", RuntimeUseDownloadSettings, idle_timeout,
                              1, MAX_SECONDS, 60),

  /**
   * RuntimeUseDownloadHandler:timeout:
   *
   * How long all of it may take, in seconds.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("timeout", RuntimeUseDownloadSettings, timeout,
                              1, MAX_SECONDS, 24 * 60 * 60),

  /**
   * RuntimeUseDownloadHandler:max-size:
   *
   * How large the file may be, in bytes; 64 GiB unless it is set.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SIZE_SETTING ("max-size", RuntimeUseDownloadSettings, max_size,
                            0, G_MAXINT64, G_GUINT64_CONSTANT (64) << 30),

  /**
   * RuntimeUseDownloadHandler:max-redirects:
   *
   * How often the server may say that the file is somewhere else.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-redirects", RuntimeUseDownloadSettings, max_redirects,
                              0, 100, 20),

  /**
   * RuntimeUseDownloadHandler:allow-local:
   *
   * Whether the file may come from this machine or a network that is not public.
   *
   * If not, nothing is sent to an address that is a loopback, private, link-local, unique local,
   * multicast or reserved one, in whatever form. This is checked after the host was looked up, also
   * for each redirect, and the connection goes to the address that was checked.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SWITCH_SETTING ("allow-local", RuntimeUseDownloadSettings, allow_local, TRUE),

  /**
   * RuntimeUseDownloadHandler:max-extracted-size:
   *
   * How many bytes the members of an archive may have in all, holes included; 64 GiB unless it is
   * set.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SIZE_SETTING ("max-extracted-size", RuntimeUseDownloadSettings, extract.max_size,
                            0, G_MAXINT64, G_GUINT64_CONSTANT (64) << 30),

  /**
   * RuntimeUseDownloadHandler:max-entries:
   *
   * How many members an archive may have.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-entries", RuntimeUseDownloadSettings, extract.max_entries,
                              0, G_MAXINT, 500000),

  /**
   * RuntimeUseDownloadHandler:max-ratio:
   *
   * How many times more bytes than an archive its members may have in all. This counts only once
   * they have more than 16 MiB.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-ratio", RuntimeUseDownloadSettings, extract.max_ratio,
                              1, G_MAXINT, 200),
};

static void
runtime_use_download_handler_finalize (GObject *object)
{
  RuntimeUseDownloadHandler *self = RUNTIME_USE_DOWNLOAD_HANDLER (object);

  g_clear_object (&self->downloadable);

  G_OBJECT_CLASS (runtime_use_download_handler_parent_class)->finalize (object);
}

static void
runtime_use_download_handler_get_property (GObject    *object,
                                           guint       prop_id,
                                           GValue     *value,
                                           GParamSpec *pspec)
{
  RuntimeUseDownloadHandler *self = RUNTIME_USE_DOWNLOAD_HANDLER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    _runtime_use_setting_get (&settings[prop_id - PROP_FIRST_SETTING], &self->settings, value);
  else
    g_value_set_object (value, self->downloadable);
}

static void
runtime_use_download_handler_set_property (GObject      *object,
                                           guint         prop_id,
                                           const GValue *value,
                                           GParamSpec   *pspec)
{
  RuntimeUseDownloadHandler *self = RUNTIME_USE_DOWNLOAD_HANDLER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    _runtime_use_setting_set (&settings[prop_id - PROP_FIRST_SETTING], &self->settings, value);
  else
    self->downloadable = g_value_dup_object (value);
}

static void
runtime_use_download_handler_class_init (RuntimeUseDownloadHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_download_handler_finalize;
  object_class->get_property = runtime_use_download_handler_get_property;
  object_class->set_property = runtime_use_download_handler_set_property;

  /**
   * RuntimeUseDownloadHandler:downloadable:
   *
   * What is fetched.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_DOWNLOADABLE,
                                   g_param_spec_object ("downloadable", NULL, NULL,
                                                        RUNTIME_USE_TYPE_DOWNLOADABLE,
                                                        (G_PARAM_READWRITE |
                                                         G_PARAM_CONSTRUCT_ONLY |
                                                         G_PARAM_STATIC_STRINGS)));
  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class,
                                 PROP_FIRST_SETTING,
                                 G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseDownloadHandler::progress:
   * @self: the handler
   * @received: the bytes of the file that are there
   * @total: how many there will be, or 0 if that is not known
   *
   * Emitted while the file is fetched, at most ten times a second, and once more at the end if that
   * changed anything.
   *
   * Since: 0.1
   */
  signals[SIGNAL_PROGRESS] =
    g_signal_new ("progress", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_UINT64);
}

static void
runtime_use_download_handler_init (RuntimeUseDownloadHandler *self)
{
}

/**
 * runtime_use_download_handler_new:
 * @downloadable: what to fetch
 *
 * Creates a handler for one download.
 *
 * Returns: (transfer full): a new handler
 *
 * Since: 0.1
 */
RuntimeUseDownloadHandler *
runtime_use_download_handler_new (RuntimeUseDownloadable *downloadable)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOADABLE (downloadable), NULL);

  return g_object_new (RUNTIME_USE_TYPE_DOWNLOAD_HANDLER, "downloadable", downloadable, NULL);
}

/**
 * runtime_use_download_handler_get_downloadable:
 * @self: a handler
 *
 * Gets what @self fetches.
 *
 * Returns: (transfer none): a downloadable
 *
 * Since: 0.1
 */
RuntimeUseDownloadable *
runtime_use_download_handler_get_downloadable (RuntimeUseDownloadHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOAD_HANDLER (self), NULL);

  return self->downloadable;
}

void
_runtime_use_download_handler_set_named_file (RuntimeUseDownloadHandler *self)
{
  self->named_file = TRUE;
}

/* --- one run --- */

/* Of the main context, but for the job while the thread is at it, and what the thread leaves. */
typedef struct
{
  RuntimeUseDownloadJob *job;
  GSource               *tick;
  GSource               *cancelled;
  gulong                 cancelled_id;   /* of the cancellable of the task */
  gint64                 started;
  guint64                shown;          /* bytes that were told */
  char                  *late;           /* what came too late; not NULL: that ended it */

  char                  *path;
  GError                *error;
} Run;

static void
run_free (gpointer data)
{
  Run *self = data;

  _runtime_use_clear_source (&self->tick);
  _runtime_use_clear_source (&self->cancelled);
  _runtime_use_download_job_free (self->job);
  g_clear_error (&self->error);
  g_free (self->late);
  g_free (self->path);
  g_free (self);
}

static void
show_progress (GTask *task)
{
  Run *run = g_task_get_task_data (task);
  guint64 received;
  guint64 total;

  _runtime_use_download_watch_get (&run->job->watch, &received, &total);
  if (received == run->shown)
    return;

  run->shown = received;
  g_signal_emit (g_task_get_source_object (task), signals[SIGNAL_PROGRESS], 0, received, total);
}

/* Takes @task. */
static void
finish (GTask *task)
{
  Run *run = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  _runtime_use_clear_source (&run->tick);
  _runtime_use_clear_source (&run->cancelled);
  if (run->cancelled_id != 0)
    g_cancellable_disconnect (cancellable, run->cancelled_id);
  show_progress (task);

  if (run->error == NULL)
    g_task_return_pointer (task, g_steal_pointer (&run->path), g_free);
  else if (!g_error_matches (run->error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || run->late == NULL)
    g_task_return_error (task, g_steal_pointer (&run->error));
  else
    g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                             "fetch failed: %s: %s", run->job->url->shown, run->late);
  g_object_unref (task);
}

static gboolean
finished_cb (gpointer user_data)
{
  finish (user_data);

  return G_SOURCE_REMOVE;
}

/* Always from the main context of @task, also when nobody runs that at the moment. */
static void
finish_in_context (GTask *task)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, finished_cb, task, NULL);
  g_source_set_static_name (source, "runtime_use_download_handler_run");
  g_source_attach (source, g_task_get_context (task));
}

static void
work (gpointer data)
{
  Run *run = g_task_get_task_data (data);

  _runtime_use_download_job_run (run->job, &run->path, &run->error);
  finish_in_context (data);
}

static void
check_time (Run *run)
{
  if (run->late != NULL)
    return;

  if (g_get_monotonic_time () - run->started > run->job->settings.timeout * G_TIME_SPAN_SECOND)
    run->late = g_strdup_printf ("it was not complete within %u s", run->job->settings.timeout);
  else
    run->late = _runtime_use_download_watch_dup_late (&run->job->watch);

  if (run->late != NULL)
    g_cancellable_cancel (run->job->cancellable);
}

static gboolean
tick_cb (gpointer user_data)
{
  g_autoptr(GTask) task = g_object_ref (user_data);

  check_time (g_task_get_task_data (task));
  show_progress (task);

  return G_SOURCE_CONTINUE;
}

/* What waits for a thread need not wait to be cancelled. */
static gboolean
job_cancelled_cb (GCancellable *cancellable,
                  gpointer      user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);

  if (_runtime_use_transfer_pool_withdraw (task))
    {
      g_cancellable_set_error_if_cancelled (cancellable, &run->error);
      finish (task);
    }

  return G_SOURCE_REMOVE;
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  g_cancellable_cancel (user_data);
}

static void
watch (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  run->started = g_get_monotonic_time ();
  run->tick = g_timeout_source_new (TICK);
  g_source_set_callback (run->tick, tick_cb, task, NULL);
  g_source_set_static_name (run->tick, "runtime_use_download_handler_tick");
  g_source_attach (run->tick, g_task_get_context (task));

  run->cancelled = g_cancellable_source_new (run->job->cancellable);
  g_source_set_callback (run->cancelled, G_SOURCE_FUNC (job_cancelled_cb), task, NULL);
  g_source_attach (run->cancelled, g_task_get_context (task));

  if (g_task_get_cancellable (task) != NULL)
    run->cancelled_id = g_cancellable_connect (g_task_get_cancellable (task),
                                               G_CALLBACK (cancelled_cb),
                                               g_object_ref (run->job->cancellable),
                                               g_object_unref);
}

static Run *
run_new (RuntimeUseDownloadHandler  *self,
         GError                    **error)
{
  RuntimeUseDownloadUrl *url;
  Run *run;

  url = _runtime_use_download_url_parse (
    runtime_use_downloadable_get_download_url (self->downloadable), error);
  if (url == NULL)
    return NULL;

  run = g_new0 (Run, 1);
  run->job = _runtime_use_download_job_new (
    url, runtime_use_downloadable_get_working_dir (self->downloadable),
    runtime_use_downloadable_get_extract (self->downloadable));
  run->job->settings = self->settings;
  run->job->unnamed_file = !self->named_file;

  return run;
}

/**
 * runtime_use_download_handler_run_async:
 * @self: a handler
 * @cancellable: (nullable): ends the download when it is cancelled
 * @callback: (scope async): called when the file is there, or was unpacked
 * @user_data: data for @callback
 *
 * Fetches the file. After a failure, and after a cancel, nothing of it is left, and what was there
 * before is as it was; only folders that were missing have been made. This is reported when the
 * thread that did the work has let go of everything.
 *
 * A handler fetches its file once; a second call fails with [error@RuntimeUse.Error.BUSY].
 *
 * Since: 0.1
 */
void
runtime_use_download_handler_run_async (RuntimeUseDownloadHandler *self,
                                        GCancellable              *cancellable,
                                        GAsyncReadyCallback        callback,
                                        gpointer                   user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  Run *run;

  g_return_if_fail (RUNTIME_USE_IS_DOWNLOAD_HANDLER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_download_handler_run_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  /* From here on a cancel is reported only when nothing is left. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->has_run)
    {
      g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                               "A handler downloads only once");
      return;
    }
  self->has_run = TRUE;

  run = run_new (self, &error);
  if (run == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, run, run_free);
  watch (task);
  if (!_runtime_use_transfer_pool_push (work, task, &run->error))
    finish_in_context (task);
  g_steal_pointer (&task);
}

/**
 * runtime_use_download_handler_run_finish:
 * @self: a handler
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets where the file is.
 *
 * Fails with [error@RuntimeUse.Error.INVALID_ARGUMENT] if the URL cannot be used or the host is
 * refused, [error@RuntimeUse.Error.TOO_LARGE] if the file or what is in it exceeds a limit,
 * [error@RuntimeUse.Error.TIMED_OUT] if something took too long, `G_IO_ERROR_CANCELLED` if it was
 * cancelled, [error@RuntimeUse.Error.BUSY] if too many downloads are waiting, and
 * [error@RuntimeUse.Error.FAILED] with a text that says more if the server, the disk or the archive
 * is to blame. No text holds the query or password of a URL.
 *
 * Returns: (transfer full) (nullable) (type filename): the path of the file, or `NULL` if it was
 *   unpacked and is not kept, or @error is set
 *
 * Since: 0.1
 */
char *
runtime_use_download_handler_run_finish (RuntimeUseDownloadHandler  *self,
                                         GAsyncResult               *result,
                                         GError                    **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, runtime_use_download_handler_run_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
