/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-private.h"

#include <errno.h>
#include <fcntl.h>
#include <libsoup/soup.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-file-body-private.h"
#include "runtime-use-transfer-file-private.h"
#include "runtime-use-trust-private.h"
#include "runtime-use-upload-attempt-private.h"
#include "runtime-use-upload-url-private.h"

#define MAX_REDIRECTS 5

typedef struct
{
  struct stat                  expected;          /* for .plan */
  RuntimeUseUploadPlan         plan;
  RuntimeUseRetryPolicy        policy;
  RuntimeUseUploadResult       result;
  RuntimeUseUploadConnections *own_connections;   /* (nullable) */
  char                        *content_type;      /* (nullable) */
  guint                        n_redirects;
  GError                      *failure;           /* (nullable): of the last try */
} Upload;

static void
upload_free (Upload *self)
{
  if (self->plan.fd >= 0)
    close (self->plan.fd);
  g_clear_pointer (&self->plan.url, g_uri_unref);
  g_clear_pointer (&self->own_connections, _runtime_use_upload_connections_free);
  g_clear_error (&self->failure);
  g_free (self->content_type);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Upload, upload_free)

static gboolean
fail (GError     **error,
      const char  *text)
{
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, text);

  return FALSE;
}

static gboolean
set_content_type (Upload      *self,
                  const char  *content_type,
                  GError     **error)
{
  for (const char *c = content_type; c != NULL && *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c))
        return fail (error, "The content type of an upload must not have control characters");
    }

  if (content_type != NULL && *content_type != '\0')
    self->plan.content_type = self->content_type = g_strdup (content_type);

  return TRUE;
}

static gboolean
set_file (Upload  *self,
          int      fd,
          GError **error)
{
  struct stat status;

  self->plan.fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (self->plan.fd < 0 || fstat (self->plan.fd, &status) < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                   "Cannot read a file that is to be uploaded: %s", g_strerror (code));
      return FALSE;
    }
  if (!S_ISREG (status.st_mode))
    return fail (error, "What is to be uploaded is not a regular file");
  if (!_runtime_use_file_body_check (self->plan.fd, self->plan.expected, error))
    return FALSE;

  self->plan.size = (guint64) status.st_size;

  return TRUE;
}

/* A conflict does not go away. A pause may be as long as there is time. */
static void
set_policy (Upload                        *self,
            const RuntimeUseUploadOptions *options)
{
  const RuntimeUseRetryPolicy policy = RUNTIME_USE_RETRY_POLICY_INIT;

  self->policy = policy;
  self->policy.max_retries = MAX (options->max_attempts, 1) - 1;
  self->policy.first_delay = options->retry_delay;
  self->policy.max_told_delay = G_MAXINT64;
  self->policy.retries_conflict = FALSE;
}

static Upload *
upload_new (int                             fd,
            const char                     *url,
            const char                     *content_type,
            const RuntimeUseUploadOptions  *options,
            GError                        **error)
{
  g_autoptr(Upload) self = g_new0 (Upload, 1);

  self->plan.fd = -1;
  set_policy (self, options);
  if (options->expected != NULL)
    {
      self->expected = *options->expected;
      self->plan.expected = &self->expected;
    }
  self->plan.url = _runtime_use_upload_url_parse (url, error);
  if (self->plan.url == NULL || !set_content_type (self, content_type, error) ||
      !set_file (self, fd, error))
    return NULL;

  self->plan.connections = options->connections;
  if (self->plan.connections == NULL)
    self->plan.connections = self->own_connections = _runtime_use_upload_connections_new ();
  self->plan.connect_timeout = (gint64) options->connect_timeout * 1000;
  self->plan.silence_timeout = (gint64) options->silence_timeout * 1000;
  self->plan.timeout = (gint64) options->timeout * 1000;
  self->plan.headway = g_get_monotonic_time ();

  return g_steal_pointer (&self);
}

/* --- What comes after a try --- */

static void start_attempt (GTask *task);

static gboolean
is_worth_another_try (const GError *error)
{
  if (error->domain == RUNTIME_USE_ERROR)
    return error->code == RUNTIME_USE_ERROR_TIMED_OUT;

  return (error->domain != G_TLS_ERROR &&
          !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

static GError *
new_refusal (Upload *self,
             guint   status)
{
  g_autofree char *host = _runtime_use_upload_url_dup_host (self->plan.url);

  return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                      "Cannot send to %s: it answered %u %s",
                      host, status, soup_status_get_phrase (status));
}

static void
prefix_failure (Upload *self)
{
  g_autofree char *host = _runtime_use_upload_url_dup_host (self->plan.url);

  g_prefix_error (&self->failure, "Cannot send to %s: ", host);
}

static void
give_up (GTask *task)
{
  Upload *self = g_task_get_task_data (task);

  g_task_return_error (task, g_steal_pointer (&self->failure));
}

static gboolean
pause_over_cb (gpointer user_data)
{
  GTask *task = user_data;

  if (!g_task_return_error_if_cancelled (task))
    start_attempt (g_object_ref (task));

  return G_SOURCE_REMOVE;
}

/* Takes @task. A pause beyond the time there is would only put off the failure. */
static void
try_again (GTask                     *task,
           const RuntimeUseRetryHint *hint)
{
  Upload *self = g_task_get_task_data (task);
  gint64 left = self->plan.headway + self->plan.timeout - g_get_monotonic_time ();
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr(GSource) source = NULL;
  gint64 pause;

  if (!_runtime_use_retry_policy_decide (&self->policy, self->result.n_attempts - 1,
                                         self->result.status, hint, g_random_double (), &pause) ||
      pause >= left / 1000)
    {
      give_up (task);
      g_object_unref (task);
      return;
    }

  source = g_timeout_source_new ((guint) pause);
  g_source_set_callback (source, pause_over_cb, task, g_object_unref);
  if (cancellable != NULL)
    {
      g_autoptr(GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }
  g_source_attach (source, g_task_get_context (task));
}

/* Whether the same request is to be made elsewhere, where .plan says then. */
static gboolean
follow (Upload                       *self,
        const RuntimeUseUploadAnswer *answer)
{
  GUri *url;

  if ((answer->status != 307 && answer->status != 308) || answer->location == NULL)
    return FALSE;
  if (self->n_redirects == MAX_REDIRECTS)
    {
      g_set_error (&self->failure, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                   "More than %u redirects", MAX_REDIRECTS);
      prefix_failure (self);
      return FALSE;
    }

  url = _runtime_use_upload_url_follow (self->plan.url, answer->location, &self->failure);
  if (url == NULL)
    {
      prefix_failure (self);
      return FALSE;
    }

  g_uri_unref (self->plan.url);
  self->plan.url = url;
  self->n_redirects++;

  return TRUE;
}

/* Takes @task. */
static void
take_answer (GTask                        *task,
             const RuntimeUseUploadAnswer *answer)
{
  Upload *self = g_task_get_task_data (task);

  self->result.status = answer->status;
  if (answer->status >= 200 && answer->status < 300)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  else if (follow (self, answer))
    {
      self->result.n_attempts--;
      start_attempt (task);
    }
  else if (self->failure == NULL)
    {
      self->failure = new_refusal (self, answer->status);
      try_again (task, &answer->hint);
    }
  else
    {
      give_up (task);
      g_object_unref (task);
    }
}

static void
attempt_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  Upload *self = g_task_get_task_data (task);
  g_auto(RuntimeUseUploadAnswer) answer = { 0 };
  gboolean again;

  if (_runtime_use_upload_attempt_finish (result, &answer, &self->failure))
    {
      self->plan.headway = answer.headway;
      self->result.n_sent = answer.n_sent;
      take_answer (task, &answer);
      return;
    }

  self->plan.headway = answer.headway;
  self->result.status = 0;
  self->result.n_sent = answer.n_sent;
  again = is_worth_another_try (self->failure);
  if (again || self->failure->domain != RUNTIME_USE_ERROR)
    prefix_failure (self);
  if (again)
    {
      try_again (task, &answer.hint);
      return;
    }

  give_up (task);
  g_object_unref (task);
}

/* Takes @task. */
static void
send_attempt (GTask *task)
{
  Upload *self = g_task_get_task_data (task);

  self->result.n_attempts++;
  _runtime_use_upload_attempt_async (&self->plan, g_task_get_cancellable (task), attempt_cb, task);
}

static void
trust_checked_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GTask *task = user_data;
  Upload *self = g_task_get_task_data (task);

  if (_runtime_use_trust_check_finish (result, &self->failure))
    {
      send_attempt (task);
      return;
    }

  prefix_failure (self);
  give_up (task);
  g_object_unref (task);
}

/* Takes @task. */
static void
start_attempt (GTask *task)
{
  Upload *self = g_task_get_task_data (task);

  g_clear_error (&self->failure);
  if (g_str_equal (g_uri_get_scheme (self->plan.url), "https") && !_runtime_use_trust_is_ready ())
    _runtime_use_trust_check_async (trust_checked_cb, task);
  else
    send_attempt (task);
}

/* --- Operations --- */

/* Takes @task. */
static void
upload (GTask                         *task,
        int                            fd,
        const char                    *url,
        const char                    *content_type,
        const RuntimeUseUploadOptions *options)
{
  GError *error = NULL;
  Upload *self = upload_new (fd, url, content_type, options, &error);

  if (self == NULL)
    g_task_return_error (task, error);
  else if (!g_task_return_error_if_cancelled (task))
    {
      g_task_set_task_data (task, self, (GDestroyNotify) upload_free);
      start_attempt (task);
      return;
    }

  g_clear_pointer (&self, upload_free);
  g_object_unref (task);
}

/* Opens a file that is to be uploaded, without waiting for whatever it may be instead. */
int
_runtime_use_upload_open (const char  *path,
                          GError     **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    {
      int code = errno;
      g_autofree char *name = _runtime_use_show_path (path);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                   "Cannot open %s: %s", name, g_strerror (code));
    }

  return fd;
}

/* Uploads what @fd is open for, as long as it is now; the caller may close it at once. */
void
_runtime_use_upload_fd_async (int                             fd,
                              const char                     *url,
                              const char                     *content_type,
                              const RuntimeUseUploadOptions  *options,
                              GCancellable                   *cancellable,
                              GAsyncReadyCallback             callback,
                              gpointer                        user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, _runtime_use_upload_fd_async);
  /* A cancel is reported only when nothing of the upload is left. */
  g_task_set_check_cancellable (task, FALSE);
  upload (task, fd, url, content_type, options);
}

/* @upload_result is filled in also when there is an error. */
gboolean
_runtime_use_upload_fd_finish (GAsyncResult            *result,
                               RuntimeUseUploadResult  *upload_result,
                               GError                 **error)
{
  static const RuntimeUseUploadResult nothing = { 0 };
  Upload *self = g_task_get_task_data (G_TASK (result));

  g_assert (g_async_result_is_tagged (result, _runtime_use_upload_fd_async));
  *upload_result = self != NULL ? self->result : nothing;

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_upload_file_async:
 * @path: (type filename): the path of a regular file
 * @url: where it is sent, `http` or `https`; used byte for byte, except that what no URL may
 *   hold, such as a blank, is escaped
 * @content_type: (nullable): the media type to send it as, or `NULL` or empty for none
 * @cancellable: (nullable): ends the upload when it is cancelled
 * @callback: (scope async): called when the upload is over
 * @user_data: data for @callback
 *
 * Sends a file to a URL by an HTTP `PUT`, as storage services with presigned URLs expect it:
 * with `Content-Length`, never chunked, and with no header of its own but `Content-Type`. Whose
 * certificates are believed is said at [class@RuntimeUse.DownloadHandler].
 *
 * The file is sent as long as it is when the upload begins, and never read into memory as a
 * whole if it is larger than 256 KiB.
 *
 * The upload is tried again after failures of the connection and after the answers 408, 429 and
 * 5xx: four times in all, with pauses of half a second that double, or those that the other end
 * asks for. Redirects 307 and 308 are followed,
 * at most five and never from `https` to `http`.
 *
 * There is no limit for the whole, so that large files arrive over slow links. The upload ends
 * when for 30 seconds there was no headway, which is another 64 KiB of the file, or the last of
 * it, on their way: time for connecting, pauses, and the wait for the answer count as well. A try
 * ends after 10 seconds without a connection.
 *
 * Since: 0.1
 */
void
runtime_use_upload_file_async (const char          *path,
                               const char          *url,
                               const char          *content_type,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  const RuntimeUseUploadOptions options = RUNTIME_USE_UPLOAD_OPTIONS_INIT;
  GError *error = NULL;
  GTask *task;
  int fd;

  g_return_if_fail (path != NULL);
  g_return_if_fail (url != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_upload_file_async);
  g_task_set_check_cancellable (task, FALSE);

  fd = _runtime_use_upload_open (path, &error);
  if (fd < 0)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  upload (task, fd, url, content_type, &options);
  close (fd);
}

/**
 * runtime_use_upload_file_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets whether a file has arrived.
 *
 * Fails with [error@RuntimeUse.Error.INVALID_ARGUMENT] if the URL, the content type or the file
 * is not usable, [error@RuntimeUse.Error.CHANGED] if the file became shorter meanwhile,
 * [error@RuntimeUse.Error.TIMED_OUT] if there was no headway for too long,
 * [error@RuntimeUse.Error.FAILED] if the answer was no success, `G_IO_ERROR_CANCELLED` if the
 * upload was cancelled, and with what the system says if the file cannot be opened or the other
 * end not be reached. Errors name the host and the status, but never the rest of the URL. With
 * each of them nothing of the upload is left in this process.
 *
 * Returns: `TRUE` if the answer was a success
 *
 * Since: 0.1
 */
gboolean
runtime_use_upload_file_finish (GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, runtime_use_upload_file_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
