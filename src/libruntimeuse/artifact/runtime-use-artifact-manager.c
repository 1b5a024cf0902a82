/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-artifact-manager.h"

#include "runtime-use-artifact-folders-private.h"
#include "runtime-use-artifact-manager-private.h"
#include "runtime-use-artifact-sender-private.h"
#include "runtime-use-folder-watch-private.h"
#include "runtime-use-offer-book-private.h"
#include "runtime-use-settle-waits-private.h"

/**
 * RuntimeUseArtifactManager:
 *
 * Finds the files that appear in the artifact folders of one conversation, and
 * has them sent to where its client wants them.
 *
 * Each file is offered once its content is complete, with
 * [signal@RuntimeUse.ArtifactManager::upload-request]; the client answers with
 * an address, which [method@RuntimeUse.ArtifactManager.answer] is given; then
 * the file is sent, and
 * [signal@RuntimeUse.ArtifactManager::upload-result] tells what became of it.
 * Several offers may be open, and answers come in any order. They are matched
 * by the path that was shown, which has no secrets in it; the file that is sent
 * is the right one all the same.
 *
 * A file that changes after it was offered is sent as it is when its turn
 * comes, and offered again if it changes after that. One that is being written
 * to at that moment is not sent: no part of it arrives, the result says so, and
 * it is offered again when it is complete.
 *
 * Of each folder 50,000 directories and 500,000 files are watched that are not
 * ignored, down to 64 levels below it, and 1,000 symbolic links are followed.
 * What is beyond is left out, and a warning in the log says which limit it was;
 * what lies within is watched all the same. Names that are not UTF-8 are left
 * out too, and so are those that begin with `.runtimeuse-`, which files have
 * until their download is complete.
 *
 * Since: 0.1
 */

struct _RuntimeUseArtifactManager
{
  GObject                   parent_instance;

  RuntimeUseUploadTracker   *tracker;
  RuntimeUseRedactor        *redactor;     /* (nullable) */
  RuntimeUseLogger          *logger;       /* (nullable) */
  guint                      quiet;        /* ms */

  RuntimeUseArtifactFolders *folders;
  RuntimeUseOfferBook       *offers;
  RuntimeUseArtifactSender  *sender;
  RuntimeUseSettleWaits     *waits;
  guint64                    n_uploaded;
  guint64                    n_failed;
  gboolean                   stopped;
};

G_DEFINE_FINAL_TYPE (RuntimeUseArtifactManager, runtime_use_artifact_manager, G_TYPE_OBJECT)

typedef enum
{
  PROP_TRACKER = 1,
  PROP_QUIET,
  PROP_N_PENDING,
  PROP_N_UPLOADED,
  PROP_N_FAILED,
} RuntimeUseArtifactManagerProperty;

typedef enum
{
  SIGNAL_UPLOAD_REQUEST,
  SIGNAL_UPLOAD_RESULT,
} RuntimeUseArtifactManagerSignal;

static GParamSpec *properties[PROP_N_FAILED + 1];
static guint signals[SIGNAL_UPLOAD_RESULT + 1];

static void
notify (RuntimeUseArtifactManager         *self,
        RuntimeUseArtifactManagerProperty  property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Offers */

static void
drop_offer (RuntimeUseArtifactManager *self,
            RuntimeUseOffer           *offer)
{
  _runtime_use_artifact_sender_withdraw (self->sender, offer);
  _runtime_use_offer_book_remove (self->offers, offer);
  notify (self, PROP_N_PENDING);
}

static void
request_upload (RuntimeUseArtifactManager *self,
                RuntimeUseOffer           *offer)
{
  g_autofree char *name = g_path_get_basename (offer->shown);
  g_autoptr(RuntimeUseMessage) message = NULL;

  offer->aside = FALSE;
  message = runtime_use_artifact_upload_request_message_new (name, offer->shown);
  g_signal_emit (self, signals[SIGNAL_UPLOAD_REQUEST], 0, message);
}

static char *
redact (RuntimeUseArtifactManager *self,
        const char                *text)
{
  return self->redactor != NULL ? runtime_use_redactor_redact (self->redactor, text)
                                : g_strdup (text);
}

static void
make_offer (RuntimeUseArtifactManager *self,
            RuntimeUseFolderWatch     *watch,
            const char                *path,
            const struct stat         *status)
{
  g_autofree char *plain = redact (self, path);
  RuntimeUseOffer *offer = _runtime_use_offer_book_add (self->offers, watch, path, plain, status);

  notify (self, PROP_N_PENDING);
  request_upload (self, offer);
}

static void
settled_cb (RuntimeUseFolderWatch *watch,
            const char            *path,
            const struct stat     *status,
            gpointer               user_data)
{
  g_autoptr(RuntimeUseArtifactManager) self = g_object_ref (user_data);
  RuntimeUseOffer *offer;

  if (self->stopped)
    return;

  offer = _runtime_use_offer_book_find_path (self->offers, path);
  if (offer == NULL)
    {
      make_offer (self, watch, path, status);
      return;
    }

  offer->status = *status;
  offer->changed = offer->submitted;
}

/* Uploads */

static void
report (RuntimeUseArtifactManager    *self,
        RuntimeUseOffer              *offer,
        const RuntimeUseUploadResult *result,
        const GError                 *error)
{
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autofree char *text = NULL;

  if (error != NULL)
    {
      self->n_failed++;
      text = redact (self, error->message);
    }
  else
    self->n_uploaded++;
  notify (self, error != NULL ? PROP_N_FAILED : PROP_N_UPLOADED);

  message = runtime_use_artifact_upload_result_message_new (offer->shown, error == NULL,
                                                            result->status, result->n_sent, text);
  g_signal_emit (self, signals[SIGNAL_UPLOAD_RESULT], 0, message);
}

/* Whoever waits for what was not sent because it had changed waits for what it has become. */
static void
expect_again (RuntimeUseArtifactManager *self,
              RuntimeUseFolderWatch     *watch,
              const char                *path)
{
  _runtime_use_folder_watch_tell_again (watch, path);
  _runtime_use_settle_waits_expect_all (self->waits, watch);
}

/* What has changed while it was sent is another content now. It may not have been told of yet. */
static void
over_cb (RuntimeUseOffer              *offer,
         const RuntimeUseUploadResult *result,
         const GError                 *error,
         gpointer                      user_data)
{
  RuntimeUseArtifactManager *self = user_data;
  gboolean again = offer->changed && offer->watch != NULL && !self->stopped;
  gboolean missed = g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED);
  g_autofree char *path = g_strdup (offer->path);
  RuntimeUseFolderWatch *watch = offer->watch;
  struct stat status = offer->status;

  report (self, offer, result, error);
  drop_offer (self, offer);
  if (again)
    make_offer (self, watch, path, &status);
  else if (missed && watch != NULL && !self->stopped)
    expect_again (self, watch, path);
}

/* One that is there again without having been seen to go was not sent. */
static void
gone_cb (RuntimeUseOffer *offer,
         const GError    *error,
         gpointer         user_data)
{
  RuntimeUseArtifactManager *self = user_data;
  g_autofree char *text = redact (self, error->message);
  g_autofree char *path = g_strdup (offer->path);
  g_autoptr(RuntimeUseMessage) message = NULL;
  RuntimeUseFolderWatch *watch = offer->watch;

  message = runtime_use_artifact_upload_result_message_new_gone (offer->shown, text);
  g_signal_emit (self, signals[SIGNAL_UPLOAD_RESULT], 0, message);
  drop_offer (self, offer);
  if (watch != NULL && !self->stopped)
    expect_again (self, watch, path);
}

static void
advanced_cb (gpointer user_data)
{
  RuntimeUseArtifactManager *self = user_data;

  _runtime_use_settle_waits_check (self->waits);
}

static const RuntimeUseArtifactSenderEvents sender_events = {
  .over = over_cb,
  .gone = gone_cb,
  .advanced = advanced_cb,
};

/* GObject */

static gboolean
has_open_offers (gpointer user_data)
{
  RuntimeUseArtifactManager *self = user_data;

  return _runtime_use_offer_book_has_open (self->offers);
}

static void
runtime_use_artifact_manager_constructed (GObject *object)
{
  RuntimeUseArtifactManager *self = RUNTIME_USE_ARTIFACT_MANAGER (object);

  G_OBJECT_CLASS (runtime_use_artifact_manager_parent_class)->constructed (object);

  self->sender = _runtime_use_artifact_sender_new (self->tracker, &sender_events, object);
}

static void
runtime_use_artifact_manager_dispose (GObject *object)
{
  RuntimeUseArtifactManager *self = RUNTIME_USE_ARTIFACT_MANAGER (object);

  self->stopped = TRUE;
  _runtime_use_artifact_sender_end_pause (self->sender);
  _runtime_use_artifact_folders_clear (self->folders);

  G_OBJECT_CLASS (runtime_use_artifact_manager_parent_class)->dispose (object);
}

static void
runtime_use_artifact_manager_finalize (GObject *object)
{
  RuntimeUseArtifactManager *self = RUNTIME_USE_ARTIFACT_MANAGER (object);

  g_clear_object (&self->tracker);
  g_clear_object (&self->redactor);
  g_clear_object (&self->logger);
  g_clear_pointer (&self->sender, _runtime_use_artifact_sender_free);
  g_clear_pointer (&self->offers, _runtime_use_offer_book_free);
  g_clear_pointer (&self->folders, _runtime_use_artifact_folders_free);
  g_clear_pointer (&self->waits, _runtime_use_settle_waits_free);

  G_OBJECT_CLASS (runtime_use_artifact_manager_parent_class)->finalize (object);
}

static void
runtime_use_artifact_manager_get_property (GObject    *object,
                                           guint       prop_id,
                                           GValue     *value,
                                           GParamSpec *pspec)
{
  RuntimeUseArtifactManager *self = RUNTIME_USE_ARTIFACT_MANAGER (object);

  switch ((RuntimeUseArtifactManagerProperty) prop_id)
    {
    case PROP_TRACKER:
      g_value_set_object (value, self->tracker);
      break;

    case PROP_QUIET:
      g_value_set_uint (value, self->quiet);
      break;

    case PROP_N_PENDING:
      g_value_set_uint (value, runtime_use_artifact_manager_get_n_pending (self));
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
runtime_use_artifact_manager_set_property (GObject      *object,
                                           guint         prop_id,
                                           const GValue *value,
                                           GParamSpec   *pspec)
{
  RuntimeUseArtifactManager *self = RUNTIME_USE_ARTIFACT_MANAGER (object);

  switch ((RuntimeUseArtifactManagerProperty) prop_id)
    {
    case PROP_TRACKER:
      self->tracker = g_value_dup_object (value);
      break;

    case PROP_QUIET:
      self->quiet = g_value_get_uint (value);
      break;

    case PROP_N_PENDING:
    case PROP_N_UPLOADED:
    case PROP_N_FAILED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_options (void)
{
  /**
   * RuntimeUseArtifactManager:tracker:
   *
   * What sends the files. Several managers may share one.
   *
   * Since: 0.1
   */
  properties[PROP_TRACKER] =
    g_param_spec_object ("tracker", NULL, NULL,
                         RUNTIME_USE_TYPE_UPLOAD_TRACKER,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseArtifactManager:quiet:
   *
   * How long nothing must have happened to a file that its last writer has
   * closed before it is offered, in milliseconds.
   *
   * The default is 40. Folders that are watched already keep theirs.
   *
   * Since: 0.1
   */
  properties[PROP_QUIET] =
    g_param_spec_uint ("quiet", NULL, NULL,
                       1, 60000, RUNTIME_USE_FOLDER_WATCH_QUIET,
                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

static void
install_counts (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseArtifactManager:n-pending:
   *
   * How many files were offered and are not sent yet.
   *
   * Since: 0.1
   */
  properties[PROP_N_PENDING] =
    g_param_spec_uint ("n-pending", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * RuntimeUseArtifactManager:n-uploaded:
   *
   * How many files were sent.
   *
   * Since: 0.1
   */
  properties[PROP_N_UPLOADED] =
    g_param_spec_uint64 ("n-uploaded", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * RuntimeUseArtifactManager:n-failed:
   *
   * How many files could not be sent although the client had answered.
   *
   * Files that were deleted meanwhile do not count.
   *
   * Since: 0.1
   */
  properties[PROP_N_FAILED] =
    g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, flags);
}

static void
runtime_use_artifact_manager_class_init (RuntimeUseArtifactManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = runtime_use_artifact_manager_constructed;
  object_class->dispose = runtime_use_artifact_manager_dispose;
  object_class->finalize = runtime_use_artifact_manager_finalize;
  object_class->get_property = runtime_use_artifact_manager_get_property;
  object_class->set_property = runtime_use_artifact_manager_set_property;
  install_options ();
  install_counts ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * RuntimeUseArtifactManager::upload-request:
   * @self: the manager
   * @message: what to ask the client, without secrets
   *
   * A file is complete, and the client is to say where to send it.
   *
   * Since: 0.1
   */
  signals[SIGNAL_UPLOAD_REQUEST] =
    g_signal_new ("upload-request", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_REQUEST_MESSAGE);

  /**
   * RuntimeUseArtifactManager::upload-result:
   * @self: the manager
   * @message: what to tell the client, without secrets
   *
   * A file was sent, or could not be, or was no longer there.
   *
   * Since: 0.1
   */
  signals[SIGNAL_UPLOAD_RESULT] =
    g_signal_new ("upload-result", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_RESULT_MESSAGE);
}

static void
runtime_use_artifact_manager_init (RuntimeUseArtifactManager *self)
{
  self->quiet = RUNTIME_USE_FOLDER_WATCH_QUIET;
  self->folders = _runtime_use_artifact_folders_new (settled_cb, self);
  self->offers = _runtime_use_offer_book_new ();
  self->waits = _runtime_use_settle_waits_new (has_open_offers, G_OBJECT (self));
}

/**
 * runtime_use_artifact_manager_new:
 * @tracker: what sends the files
 *
 * Makes a manager that watches nothing yet.
 *
 * It works in the thread-default main context of its maker.
 *
 * Returns: (transfer full): a new manager
 *
 * Since: 0.1
 */
RuntimeUseArtifactManager *
runtime_use_artifact_manager_new (RuntimeUseUploadTracker *tracker)
{
  g_return_val_if_fail (RUNTIME_USE_IS_UPLOAD_TRACKER (tracker), NULL);

  return g_object_new (RUNTIME_USE_TYPE_ARTIFACT_MANAGER, "tracker", tracker, NULL);
}

/**
 * runtime_use_artifact_manager_set_redactor:
 * @self: a manager
 * @redactor: (nullable): what hides secrets in the paths that are shown
 *
 * Sets what hides secrets. Offers that are open keep what was shown.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_set_redactor (RuntimeUseArtifactManager *self,
                                           RuntimeUseRedactor        *redactor)
{
  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));
  g_return_if_fail (redactor == NULL || RUNTIME_USE_IS_REDACTOR (redactor));

  g_set_object (&self->redactor, redactor);
}

void
_runtime_use_artifact_manager_set_logger (RuntimeUseArtifactManager *self,
                                          RuntimeUseLogger          *logger)
{
  g_set_object (&self->logger, logger);
  _runtime_use_artifact_sender_set_logger (self->sender, logger);
}

/**
 * runtime_use_artifact_manager_get_n_pending:
 * @self: a manager
 *
 * Gets how many files were offered and are not sent yet.
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint
runtime_use_artifact_manager_get_n_pending (RuntimeUseArtifactManager *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), 0);

  return _runtime_use_offer_book_get_length (self->offers);
}

/**
 * runtime_use_artifact_manager_get_n_uploaded:
 * @self: a manager
 *
 * Gets how many files were sent.
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_artifact_manager_get_n_uploaded (RuntimeUseArtifactManager *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), 0);

  return self->n_uploaded;
}

/**
 * runtime_use_artifact_manager_get_n_failed:
 * @self: a manager
 *
 * Gets how many files could not be sent although the client had answered.
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_artifact_manager_get_n_failed (RuntimeUseArtifactManager *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), 0);

  return self->n_failed;
}

/* Watching */

static RuntimeUseFolderWatch *
add_folder (RuntimeUseArtifactManager *self,
            const char                *name,
            const char                *ignore_content)
{
  const RuntimeUseFolderWatchOptions options = { .quiet = self->quiet, .logger = self->logger };

  return _runtime_use_artifact_folders_add (self->folders, name, ignore_content, &options);
}

/* It may be tried again. What is being sent from it is finished. */
static void
remove_folder (RuntimeUseArtifactManager *self,
               RuntimeUseFolderWatch     *watch)
{
  g_autoptr(GList) offers = _runtime_use_offer_book_list (self->offers);

  for (GList *link = offers; link != NULL; link = link->next)
    {
      RuntimeUseOffer *offer = link->data;

      if (offer->watch != watch)
        continue;
      if (offer->submitted)
        offer->watch = NULL;
      else
        drop_offer (self, offer);
    }

  _runtime_use_artifact_folders_remove (self->folders, watch);
}

static void
watched_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RuntimeUseArtifactManager *self = g_task_get_source_object (task);
  RuntimeUseFolderWatch *watch = RUNTIME_USE_FOLDER_WATCH (object);
  GError *error = NULL;

  if (_runtime_use_folder_watch_start_finish (watch, result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  remove_folder (self, watch);
  g_task_return_error (task, error);
}

/**
 * runtime_use_artifact_manager_watch_async:
 * @self: a manager
 * @folder: (type filename): a folder, which is made if there is none; a relative path starts from
 *   the current directory, and makes the paths that are shown relative too
 * @ignore_content: (nullable): the rules of what is not offered, as in a `.gitignore`, or `NULL`
 *   for those in `.artifactignore` files or the default ones
 * @cancellable: (nullable): gives up
 * @callback: (scope async): called when the folder is watched
 * @user_data: (closure callback): passed to @callback
 *
 * Watches one more folder with all that is below it.
 *
 * What is there already is offered too. A folder that is watched already, by the same name, keeps
 * the rules that it has.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_watch_async (RuntimeUseArtifactManager *self,
                                          const char                *folder,
                                          const char                *ignore_content,
                                          GCancellable              *cancellable,
                                          GAsyncReadyCallback        callback,
                                          gpointer                   user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));
  g_return_if_fail (folder != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_artifact_manager_watch_async);

  if (self->stopped)
    g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                             "No more folders are watched");
  else if (_runtime_use_artifact_folders_has (self->folders, folder))
    g_task_return_boolean (task, TRUE);
  else
    _runtime_use_folder_watch_start_async (add_folder (self, folder, ignore_content), cancellable,
                                           watched_cb, g_steal_pointer (&task));
}

/**
 * runtime_use_artifact_manager_watch_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.ArtifactManager.watch_async].
 *
 * The text of an error begins with the name of what the system said, such as
 * `EEXIST` for a path that is no folder.
 *
 * Returns: `TRUE` if the folder is watched, `FALSE` with @error set otherwise
 *
 * Since: 0.1
 */
gboolean
runtime_use_artifact_manager_watch_finish (RuntimeUseArtifactManager  *self,
                                           GAsyncResult               *result,
                                           GError                    **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_artifact_manager_answer:
 * @self: a manager
 * @response: what the client answered
 *
 * Has a file sent that was offered.
 *
 * Returns: `FALSE` if no such file was offered, or it was answered already: then nothing is done
 *
 * Since: 0.1
 */
gboolean
runtime_use_artifact_manager_answer (RuntimeUseArtifactManager               *self,
                                     RuntimeUseArtifactUploadResponseMessage *response)
{
  const char *shown;
  RuntimeUseOffer *offer;

  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), FALSE);
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (response), FALSE);

  shown = runtime_use_artifact_upload_response_message_get_filepath (response);
  offer = _runtime_use_offer_book_find_shown (self->offers, shown);
  if (offer == NULL || offer->url != NULL)
    return FALSE;

  offer->aside = FALSE;
  offer->url =
    g_strdup (runtime_use_artifact_upload_response_message_get_presigned_url (response));
  offer->content_type =
    g_strdup (runtime_use_artifact_upload_response_message_get_content_type (response));
  _runtime_use_artifact_sender_send (self->sender, offer);

  return TRUE;
}

/**
 * runtime_use_artifact_manager_lay_aside:
 * @self: a manager
 *
 * Waits no longer for answers to the offers that are open.
 *
 * They may be answered all the same, and
 * [method@RuntimeUse.ArtifactManager.offer_again] repeats them.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_lay_aside (RuntimeUseArtifactManager *self)
{
  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));

  _runtime_use_offer_book_lay_aside (self->offers);
  _runtime_use_settle_waits_check (self->waits);
}

/**
 * runtime_use_artifact_manager_offer_again:
 * @self: a manager
 *
 * Repeats the offers that were laid aside.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_offer_again (RuntimeUseArtifactManager *self)
{
  g_autoptr(GList) offers = NULL;

  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));

  offers = _runtime_use_offer_book_list (self->offers);
  for (GList *link = offers; link != NULL; link = link->next)
    if (((RuntimeUseOffer *) link->data)->aside)
      request_upload (self, link->data);
}

/**
 * runtime_use_artifact_manager_is_settled:
 * @self: a manager
 *
 * Gets whether there is nothing to wait for: no file has changed that was not offered, and no offer
 * is open but those that were laid aside.
 *
 * Returns: `TRUE` if [method@RuntimeUse.ArtifactManager.settle_async] would complete at once
 *
 * Since: 0.1
 */
gboolean
runtime_use_artifact_manager_is_settled (RuntimeUseArtifactManager *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), TRUE);

  return _runtime_use_artifact_folders_are_settled (self->folders) &&
         !_runtime_use_offer_book_has_open (self->offers);
}

/**
 * runtime_use_artifact_manager_settle_async:
 * @self: a manager
 * @cancellable: (nullable): gives up waiting; there is no deadline otherwise
 * @callback: (scope async): called when there is nothing more to wait for
 * @user_data: (closure callback): passed to @callback
 *
 * Waits until all that was written before was offered, and every offer was
 * answered and done with, but for those that were laid aside.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_settle_async (RuntimeUseArtifactManager *self,
                                           GCancellable              *cancellable,
                                           GAsyncReadyCallback        callback,
                                           gpointer                   user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_artifact_manager_settle_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  _runtime_use_settle_waits_add (self->waits, task);
  for (guint i = 0; i < _runtime_use_artifact_folders_get_length (self->folders); i++)
    _runtime_use_settle_waits_expect (self->waits, task,
                                      _runtime_use_artifact_folders_get (self->folders, i));
  _runtime_use_settle_waits_check (self->waits);
}

/**
 * runtime_use_artifact_manager_settle_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.ArtifactManager.settle_async].
 *
 * Returns: `TRUE`, or `FALSE` with @error set if the waiting was cancelled
 *
 * Since: 0.1
 */
gboolean
runtime_use_artifact_manager_settle_finish (RuntimeUseArtifactManager  *self,
                                            GAsyncResult               *result,
                                            GError                    **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_artifact_manager_stop:
 * @self: a manager
 *
 * Watches no longer, and forgets the offers that were not answered. What is
 * being sent goes on.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_stop (RuntimeUseArtifactManager *self)
{
  g_autoptr(GList) offers = NULL;

  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));

  self->stopped = TRUE;
  _runtime_use_artifact_folders_stop (self->folders);

  offers = _runtime_use_offer_book_list (self->offers);
  for (GList *link = offers; link != NULL; link = link->next)
    if (((RuntimeUseOffer *) link->data)->url == NULL)
      drop_offer (self, link->data);
  _runtime_use_settle_waits_check (self->waits);
}

/**
 * runtime_use_artifact_manager_cancel:
 * @self: a manager
 *
 * Stops, and gives up what is being sent as well.
 *
 * Since: 0.1
 */
void
runtime_use_artifact_manager_cancel (RuntimeUseArtifactManager *self)
{
  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_MANAGER (self));

  runtime_use_artifact_manager_stop (self);
  _runtime_use_artifact_sender_cancel (self->sender);
}
