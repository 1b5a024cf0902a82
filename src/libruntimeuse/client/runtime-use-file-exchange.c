/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-exchange-private.h"

#include "runtime-use-downloadable.h"
#include "runtime-use-error.h"
#include "runtime-use-file-arrivals-private.h"
#include "runtime-use-file-inlets-private.h"
#include "runtime-use-file-mailbox-private.h"
#include "runtime-use-folder-packing-private.h"
#include "runtime-use-request-message-private.h"
#include "runtime-use-request-secrets-private.h"
#include "runtime-use-transfer-file-private.h"

#define DEFAULT_MAX_SIZE ((guint64) 64 << 30)

/**
 * RuntimeUseFileExchange:
 *
 * Folders of this machine that a request works with.
 *
 * Some are sent to the runtime before it begins its work, others take up the
 * files that it makes. For that an exchange serves them for as long as it is
 * started, by HTTP on the loopback interface, at addresses that nobody can
 * guess; so the runtime has to be on the same machine.
 *
 * [property@RuntimeUse.Client:file-exchange] and
 * [property@RuntimeUse.ClientSession:file-exchange] do all that a request
 * needs. Other clients add [method@RuntimeUse.FileExchange.get_downloadables]
 * and [method@RuntimeUse.FileExchange.get_artifacts_dirs] to their message, and
 * answer offers with what [method@RuntimeUse.FileExchange.answer] returns.
 *
 * A folder is sent whole, with names, modes, times and links. Sockets, FIFOs,
 * devices and links that lead out of it are left out. A file that is received
 * appears in its folder when it is complete, and replaces the one that had its
 * name; it is never stored anywhere else, whatever its name and whatever links
 * there are in the folder. A file that is there already with the same content
 * is left alone, and one that is replaced hands on its mode.
 *
 * An exchange is used in one thread, the one whose thread-default main context
 * it was made in.
 *
 * Since: 0.1
 */

/* A folder that is sent. */
typedef struct
{
  char *local_dir;
  char *remote_dir;
} Upload;

struct _RuntimeUseFileExchange
{
  GObject                 parent_instance;

  guint64                 max_size;
  GPtrArray              *uploads;         /* Upload */
  RuntimeUseFileInlets   *inlets;
  char                  **left_out;
  GPtrArray              *downloadables;   /* RuntimeUseDownloadable */
  RuntimeUseFileArrivals *arrivals;
  GMainContext           *context;
  RuntimeUseFileServer   *server;          /* (nullable): not started, or stopped */
  gboolean                has_started;
  gboolean                is_gone;         /* nothing is left of the server */
  GPtrArray              *stopping;        /* GTask: who waits for that */
};

G_DEFINE_FINAL_TYPE (RuntimeUseFileExchange, runtime_use_file_exchange, G_TYPE_OBJECT)

typedef enum
{
  PROP_MAX_SIZE = 1,
} RuntimeUseFileExchangeProperty;

typedef enum
{
  SIGNAL_PROGRESS,
  SIGNAL_RECEIVED,
  SIGNAL_FAILED,
} RuntimeUseFileExchangeSignal;

static GParamSpec *properties[PROP_MAX_SIZE + 1];
static guint signals[SIGNAL_FAILED + 1];

static void
upload_free (Upload *upload)
{
  g_free (upload->local_dir);
  g_free (upload->remote_dir);
  g_free (upload);
}

/* --- what the server tells --- */

static void
settle (RuntimeUseFileExchange *self,
        RuntimeUseFileArrival  *arrival,
        const char             *error)
{
  if (arrival->is_settled)
    return;

  arrival->is_settled = TRUE;
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, arrival->filepath, error);
}

static void
server_file (gpointer             owner,
             guint                index,
             RuntimeUseFileEvent  event,
             guint64              received,
             guint64              total,
             const char          *error)
{
  RuntimeUseFileExchange *self = owner;
  RuntimeUseFileArrival *arrival = _runtime_use_file_arrivals_get (self->arrivals, index);

  if (arrival == NULL)
    return;

  if (event == RUNTIME_USE_FILE_FAILED)
    settle (self, arrival, error);
  else if (event == RUNTIME_USE_FILE_RECEIVED)
    {
      arrival->is_settled = TRUE;
      g_signal_emit (self, signals[SIGNAL_RECEIVED], 0, arrival->filepath, arrival->local_path,
                     received);
    }
  else if (!arrival->is_settled)
    g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, arrival->filepath, received, total);
}

static void
return_stopping (RuntimeUseFileExchange *self)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&self->stopping);

  self->stopping = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static void
server_gone (gpointer owner)
{
  RuntimeUseFileExchange *self = owner;
  RuntimeUseFileArrival *arrival;

  self->is_gone = TRUE;
  for (guint i = 0; (arrival = _runtime_use_file_arrivals_get (self->arrivals, i)) != NULL; i++)
    settle (self, arrival, "it was not sent");
  return_stopping (self);
}

static const RuntimeUseFileMailboxOwner mailbox_owner = {
  .file = server_file,
  .gone = server_gone,
};

/* --- GObject --- */

static void
runtime_use_file_exchange_dispose (GObject *object)
{
  RuntimeUseFileExchange *self = RUNTIME_USE_FILE_EXCHANGE (object);

  g_clear_pointer (&self->server, _runtime_use_file_server_free);

  G_OBJECT_CLASS (runtime_use_file_exchange_parent_class)->dispose (object);
}

static void
runtime_use_file_exchange_finalize (GObject *object)
{
  RuntimeUseFileExchange *self = RUNTIME_USE_FILE_EXCHANGE (object);

  g_ptr_array_unref (self->uploads);
  _runtime_use_file_inlets_free (self->inlets);
  g_strfreev (self->left_out);
  g_ptr_array_unref (self->downloadables);
  _runtime_use_file_arrivals_free (self->arrivals);
  g_ptr_array_unref (self->stopping);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (runtime_use_file_exchange_parent_class)->finalize (object);
}

static void
runtime_use_file_exchange_get_property (GObject    *object,
                                        guint       prop_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  RuntimeUseFileExchange *self = RUNTIME_USE_FILE_EXCHANGE (object);

  switch ((RuntimeUseFileExchangeProperty) prop_id)
    {
    case PROP_MAX_SIZE:
      g_value_set_uint64 (value, self->max_size);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_file_exchange_set_property (GObject      *object,
                                        guint         prop_id,
                                        const GValue *value,
                                        GParamSpec   *pspec)
{
  RuntimeUseFileExchange *self = RUNTIME_USE_FILE_EXCHANGE (object);

  switch ((RuntimeUseFileExchangeProperty) prop_id)
    {
    case PROP_MAX_SIZE:
      self->max_size = g_value_get_uint64 (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_signals (GType type)
{
  /**
   * RuntimeUseFileExchange::progress:
   * @self: the exchange
   * @filepath: the file, as the runtime calls it
   * @received: how many bytes of it have come
   * @total: how many there will be, or 0 if that is not known
   *
   * A file is being received. Emitted at most ten times a second for each.
   *
   * Since: 0.1
   */
  signals[SIGNAL_PROGRESS] =
    g_signal_new ("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_UINT64, G_TYPE_UINT64);

  /**
   * RuntimeUseFileExchange::received:
   * @self: the exchange
   * @filepath: the file, as the runtime calls it
   * @local_path: (type filename): where it is now
   * @n_bytes: its size
   *
   * A file is complete.
   *
   * Since: 0.1
   */
  signals[SIGNAL_RECEIVED] =
    g_signal_new ("received", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT64);

  /**
   * RuntimeUseFileExchange::failed:
   * @self: the exchange
   * @filepath: the file, as the runtime calls it
   * @error: what went wrong
   *
   * A file could not be received. The runtime may offer it again later.
   *
   * Since: 0.1
   */
  signals[SIGNAL_FAILED] =
    g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
runtime_use_file_exchange_class_init (RuntimeUseFileExchangeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_file_exchange_dispose;
  object_class->finalize = runtime_use_file_exchange_finalize;
  object_class->get_property = runtime_use_file_exchange_get_property;
  object_class->set_property = runtime_use_file_exchange_set_property;

  /**
   * RuntimeUseFileExchange:max-size:
   *
   * How large a file that is received may be, in bytes.
   *
   * The default is 64 GiB. A change counts from the next start.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_SIZE] =
    g_param_spec_uint64 ("max-size", NULL, NULL, 0, G_MAXINT64, DEFAULT_MAX_SIZE,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
runtime_use_file_exchange_init (RuntimeUseFileExchange *self)
{
  self->max_size = DEFAULT_MAX_SIZE;
  self->uploads = g_ptr_array_new_with_free_func ((GDestroyNotify) upload_free);
  self->inlets = _runtime_use_file_inlets_new ();
  self->left_out = g_new0 (char *, 1);
  self->downloadables = g_ptr_array_new_with_free_func (g_object_unref);
  self->arrivals = _runtime_use_file_arrivals_new ();
  self->stopping = g_ptr_array_new_with_free_func (g_object_unref);
  self->context = g_main_context_ref_thread_default ();
}

/**
 * runtime_use_file_exchange_new:
 *
 * Makes an exchange without any folders.
 *
 * Returns: (transfer full): a new exchange
 *
 * Since: 0.1
 */
RuntimeUseFileExchange *
runtime_use_file_exchange_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_FILE_EXCHANGE, NULL);
}

/**
 * runtime_use_file_exchange_add_upload:
 * @self: an exchange that was not started
 * @local_dir: (type filename): a folder of this machine
 * @remote_dir: the folder of the runtime where all that is in it is to go
 *
 * Sends a folder to the runtime before each request.
 *
 * What has the same name there is replaced. A relative path is one from the
 * working directory of the runtime.
 *
 * Since: 0.1
 */
void
runtime_use_file_exchange_add_upload (RuntimeUseFileExchange *self,
                                      const char             *local_dir,
                                      const char             *remote_dir)
{
  Upload *upload;

  g_return_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self));
  g_return_if_fail (local_dir != NULL && remote_dir != NULL && !self->has_started);

  upload = g_new0 (Upload, 1);
  upload->local_dir = g_strdup (local_dir);
  upload->remote_dir = g_strdup (remote_dir);
  g_ptr_array_add (self->uploads, upload);
}

/**
 * runtime_use_file_exchange_add_artifacts:
 * @self: an exchange that was not started
 * @remote_dir: a folder of the runtime, which is made if it is missing
 * @local_dir: (type filename): the folder of this machine where its files are to go, which is
 *   made as well
 *
 * Receives the files that lie in a folder of the runtime or come to lie there.
 *
 * Since: 0.1
 */
void
runtime_use_file_exchange_add_artifacts (RuntimeUseFileExchange *self,
                                         const char             *remote_dir,
                                         const char             *local_dir)
{
  g_return_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self));
  g_return_if_fail (local_dir != NULL && remote_dir != NULL && !self->has_started);

  _runtime_use_file_inlets_add (self->inlets, remote_dir, local_dir);
}

/* --- starting --- */

static gboolean
start_server (RuntimeUseFileExchange  *self,
              GError                 **error)
{
  self->server = _runtime_use_file_mailbox_new_server (self->max_size, self->context,
                                                       &mailbox_owner, self, error);

  return self->server != NULL;
}

static void
offer_contents (RuntimeUseFileExchange *self,
                GPtrArray              *contents)
{
  for (guint i = 0; i < self->uploads->len; i++)
    {
      Upload *upload = g_ptr_array_index (self->uploads, i);
      /* Every runtime unpacks what is called so. */
      g_autofree char *url = _runtime_use_file_server_offer (self->server,
                                                             g_ptr_array_index (contents, i),
                                                             "folder.zip");

      g_ptr_array_add (self->downloadables, runtime_use_downloadable_new (url, upload->remote_dir));
    }
}

static void
packed_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RuntimeUseFileExchange *self = g_task_get_source_object (task);
  g_autoptr(GPtrArray) contents = NULL;
  g_auto(GStrv) left_out = NULL;
  GError *error = NULL;

  if (self->stopping->len > 0)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The exchange was stopped");
  else if (!_runtime_use_pack_folders_finish (result, &contents, &left_out, &error) ||
           !_runtime_use_file_inlets_open (self->inlets, &error) ||
           !start_server (self, &error))
    g_task_return_error (task, error);

  if (self->server == NULL)
    {
      self->is_gone = TRUE;
      return_stopping (self);
      return;
    }

  offer_contents (self, contents);
  g_strfreev (self->left_out);
  self->left_out = g_steal_pointer (&left_out);
  g_task_return_boolean (task, TRUE);
}

/**
 * runtime_use_file_exchange_start_async:
 * @self: an exchange that was not started
 * @cancellable: (nullable): gives it up
 * @callback: (scope async): called when requests can be made
 * @user_data: (closure callback): passed to @callback
 *
 * Packs the folders that are to be sent, and begins to serve.
 *
 * Packed folders take up space in `TMPDIR`, or else in `/var/tmp` or `/tmp`,
 * until the exchange is no longer used. An exchange can be started once.
 *
 * Since: 0.1
 */
void
runtime_use_file_exchange_start_async (RuntimeUseFileExchange *self,
                                       GCancellable           *cancellable,
                                       GAsyncReadyCallback     callback,
                                       gpointer                user_data)
{
  g_autoptr(GStrvBuilder) local_dirs = NULL;
  g_auto(GStrv) paths = NULL;
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_file_exchange_start_async);
  if (self->has_started)
    {
      g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                               "The exchange was started already");
      g_object_unref (task);
      return;
    }

  self->has_started = TRUE;
  local_dirs = g_strv_builder_new ();
  for (guint i = 0; i < self->uploads->len; i++)
    {
      Upload *upload = g_ptr_array_index (self->uploads, i);

      g_strv_builder_add (local_dirs, upload->local_dir);
    }

  paths = g_strv_builder_end (local_dirs);
  _runtime_use_pack_folders_async ((const char * const *) paths, cancellable, packed_cb, task);
}

/**
 * runtime_use_file_exchange_start_finish:
 * @self: an exchange
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.FileExchange.start_async].
 *
 * Fails with `RUNTIME_USE_ERROR_FAILED` when a folder cannot be read or made, with
 * `RUNTIME_USE_ERROR_INVALID_ARGUMENT` when files of one folder are to go to two, or to one that
 * lies in it, with
 * `RUNTIME_USE_ERROR_TOO_LARGE` when one has more than 500,000 files or 200 levels, and with
 * `RUNTIME_USE_ERROR_UNSUPPORTED` when libarchive is missing.
 *
 * Returns: `TRUE`, or `FALSE` with @error set
 *
 * Since: 0.1
 */
gboolean
runtime_use_file_exchange_start_finish (RuntimeUseFileExchange  *self,
                                        GAsyncResult            *result,
                                        GError                 **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_file_exchange_get_downloadables:
 * @self: an exchange
 *
 * Gets what the runtime has to fetch to have the folders that are sent.
 *
 * Returns: (transfer none) (element-type RuntimeUseDownloadable): downloads; none before the start
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_file_exchange_get_downloadables (RuntimeUseFileExchange *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self), NULL);

  return self->downloadables;
}

/**
 * runtime_use_file_exchange_get_artifacts_dirs:
 * @self: an exchange
 *
 * Gets the folders of the runtime whose files are received.
 *
 * Returns: (transfer none) (array zero-terminated=1): paths, maybe none
 *
 * Since: 0.1
 */
const char * const *
runtime_use_file_exchange_get_artifacts_dirs (RuntimeUseFileExchange *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self), NULL);

  return _runtime_use_file_inlets_get_remote_dirs (self->inlets);
}

/**
 * runtime_use_file_exchange_get_left_out:
 * @self: an exchange that has started
 *
 * Gets what the folders hold that cannot be sent.
 *
 * Returns: (transfer none) (array zero-terminated=1): lines with name and reason for the first
 *   20, and one that says how many there are besides
 *
 * Since: 0.1
 */
const char * const *
runtime_use_file_exchange_get_left_out (RuntimeUseFileExchange *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self), NULL);

  return (const char * const *) self->left_out;
}

/* --- files come --- */

/**
 * runtime_use_file_exchange_answer:
 * @self: an exchange that has started
 * @request: an offer of the runtime
 * @error: return location for an error, or `NULL`
 *
 * Says where a file is to go that the runtime offers.
 *
 * Fails with `RUNTIME_USE_ERROR_INVALID_ARGUMENT` when the file lies in none of the folders
 * whose files are received, or would leave the one that it is for.
 *
 * Returns: (transfer full): the answer for the runtime, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseArtifactUploadResponseMessage *
runtime_use_file_exchange_answer (RuntimeUseFileExchange                  *self,
                                  RuntimeUseArtifactUploadRequestMessage  *request,
                                  GError                                 **error)
{
  const char *filepath;
  const char *name = NULL;
  RuntimeUseFileInlet *inlet;
  gboolean is_full;
  guint index;
  g_autofree char *url = NULL;

  g_return_val_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self), NULL);
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_REQUEST_MESSAGE (request), NULL);
  g_return_val_if_fail (self->server != NULL, NULL);

  filepath = runtime_use_artifact_upload_request_message_get_filepath (request);
  inlet = _runtime_use_file_inlets_find (self->inlets, filepath, &name);
  is_full = _runtime_use_file_arrivals_is_full (self->arrivals);
  if (inlet == NULL || name == NULL || is_full)
    {
      g_autofree char *shown = _runtime_use_show_name (filepath);

      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   inlet == NULL ? "“%s” is in none of the folders whose files are wanted"
                   : is_full ? "“%s” is one file too many"
                   : "“%s” would leave the folder that it is for", shown);
      return NULL;
    }

  index = _runtime_use_file_arrivals_add (self->arrivals, filepath,
                                          g_build_filename (inlet->local_dir, name, NULL));
  url = _runtime_use_file_server_expect (self->server, inlet->folder, name, index);

  return RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE
    (runtime_use_artifact_upload_response_message_new
       (runtime_use_artifact_upload_request_message_get_filename (request), filepath, url,
        "application/octet-stream"));
}

/* Tells that a file will not come, and returns an answer by which the runtime learns it soon. */
RuntimeUseArtifactUploadResponseMessage *
_runtime_use_file_exchange_refuse (RuntimeUseFileExchange                 *self,
                                   RuntimeUseArtifactUploadRequestMessage *request,
                                   const GError                           *error)
{
  g_autofree char *url = _runtime_use_file_server_refuse (self->server);
  const char *filepath = runtime_use_artifact_upload_request_message_get_filepath (request);

  g_signal_emit (self, signals[SIGNAL_FAILED], 0, filepath, error->message);

  return RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE
    (runtime_use_artifact_upload_response_message_new
       (runtime_use_artifact_upload_request_message_get_filename (request), filepath, url,
        "application/octet-stream"));
}

void
_runtime_use_file_exchange_take_result (RuntimeUseFileExchange                *self,
                                        RuntimeUseArtifactUploadResultMessage *result)
{
  const char *filepath = runtime_use_artifact_upload_result_message_get_filepath (result);
  const char *text = runtime_use_artifact_upload_result_message_get_error_text (result);
  RuntimeUseFileArrival *arrival = _runtime_use_file_arrivals_find (self->arrivals, filepath);

  if (arrival == NULL || runtime_use_artifact_upload_result_message_get_ok (result))
    return;

  if (runtime_use_artifact_upload_result_message_get_gone (result))
    arrival->is_settled = TRUE;
  else
    settle (self, arrival, text != NULL ? text : "the runtime could not send it");
}

/* The runtime shows no secret of a request in paths either. */
static void
hide_secrets (RuntimeUseFileExchange   *self,
              RuntimeUseRequestMessage *message)
{
  g_autoptr(RuntimeUseRedactor) redactor =
    _runtime_use_request_secrets_redactor (message, NULL, RUNTIME_USE_REDACT_ENV_SECRETS);

  _runtime_use_file_inlets_hide_secrets (self->inlets, redactor);
}

RuntimeUseRequestMessage *
_runtime_use_file_exchange_add_to (RuntimeUseFileExchange    *self,
                                   RuntimeUseRequestMessage  *message,
                                   GError                   **error)
{
  if (self->server == NULL)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           "The file exchange of the session was not started, or is stopped");
      return NULL;
    }

  hide_secrets (self, message);

  return _runtime_use_request_message_add_files
           (message, self->downloadables,
            _runtime_use_file_inlets_get_remote_dirs (self->inlets));
}

gboolean
_runtime_use_file_exchange_is_started (RuntimeUseFileExchange *self)
{
  return self->server != NULL;
}

/* --- stopping --- */

/**
 * runtime_use_file_exchange_stop_async:
 * @self: an exchange
 * @callback: (scope async): called when nothing is served any more
 * @user_data: (closure callback): passed to @callback
 *
 * Ends the exchange.
 *
 * Of each file that was accepted and has not come,
 * [signal@RuntimeUse.FileExchange::failed] tells. What came in part is gone.
 *
 * Since: 0.1
 */
void
runtime_use_file_exchange_stop_async (RuntimeUseFileExchange *self,
                                      GAsyncReadyCallback     callback,
                                      gpointer                user_data)
{
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, runtime_use_file_exchange_stop_async);
  g_ptr_array_add (self->stopping, task);
  g_clear_pointer (&self->server, _runtime_use_file_server_free);
  self->is_gone |= !self->has_started;
  if (self->is_gone)
    return_stopping (self);
}

/**
 * runtime_use_file_exchange_stop_finish:
 * @self: an exchange
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.FileExchange.stop_async]. It does not fail.
 *
 * Returns: `TRUE`
 *
 * Since: 0.1
 */
gboolean
runtime_use_file_exchange_stop_finish (RuntimeUseFileExchange  *self,
                                       GAsyncResult            *result,
                                       GError                 **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_FILE_EXCHANGE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
