/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-artifact-sender-private.h"

#include <errno.h>
#include <unistd.h>

#include "runtime-use-folder-scan-private.h"
#include "runtime-use-transfer-file-private.h"
#include "runtime-use-upload-tracker-private.h"

/* So many files are open at once, waiting for their turn at the tracker. */
#define MAX_SUBMITTED 32

/* Where descriptors or memory are short, files are tried again after so many milliseconds, but not
 * when that has lasted for so long. */
#define WANT_PAUSE 500
#define MAX_WANT (60 * G_TIME_SPAN_SECOND)

struct _RuntimeUseArtifactSender
{
  GObject                              *owner;
  const RuntimeUseArtifactSenderEvents *events;
  RuntimeUseUploadTracker              *tracker;
  RuntimeUseLogger                     *logger;        /* (nullable) */
  GCancellable                         *cancellable;   /* of uploads */
  GMainContext                         *context;

  GQueue                                answered;      /* RuntimeUseOffer: to be submitted */
  guint                                 n_submitted;
  GSource                              *pause;         /* (nullable): nothing is submitted until */
  gint64                                want_since;    /* then, for want of something; 0 for none */
};

RuntimeUseArtifactSender *
_runtime_use_artifact_sender_new (RuntimeUseUploadTracker              *tracker,
                                  const RuntimeUseArtifactSenderEvents *events,
                                  GObject                              *owner)
{
  RuntimeUseArtifactSender *self = g_new0 (RuntimeUseArtifactSender, 1);

  self->owner = owner;
  self->events = events;
  g_set_object (&self->tracker, tracker);
  self->cancellable = g_cancellable_new ();
  self->context = g_main_context_ref_thread_default ();
  g_queue_init (&self->answered);

  return self;
}

void
_runtime_use_artifact_sender_free (RuntimeUseArtifactSender *self)
{
  _runtime_use_artifact_sender_end_pause (self);
  g_clear_object (&self->tracker);
  g_clear_object (&self->logger);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_queue_clear (&self->answered);
  g_free (self);
}

void
_runtime_use_artifact_sender_set_logger (RuntimeUseArtifactSender *self,
                                         RuntimeUseLogger         *logger)
{
  g_set_object (&self->logger, logger);
}

/* --- those that were answered --- */

static void
push_answered (RuntimeUseArtifactSender *self,
               RuntimeUseOffer          *offer)
{
  g_queue_push_tail (&self->answered, offer);
  offer->link = self->answered.tail;
}

static RuntimeUseOffer *
pop_answered (RuntimeUseArtifactSender *self)
{
  RuntimeUseOffer *offer = g_queue_pop_head (&self->answered);

  offer->link = NULL;

  return offer;
}

void
_runtime_use_artifact_sender_withdraw (RuntimeUseArtifactSender *self,
                                       RuntimeUseOffer          *offer)
{
  if (offer->link != NULL)
    g_queue_delete_link (&self->answered, offer->link);
  offer->link = NULL;
}

/* --- when something is short --- */

static void submit_answered (RuntimeUseArtifactSender *self);

static gboolean
pause_over_cb (gpointer user_data)
{
  RuntimeUseArtifactSender *self = user_data;
  G_GNUC_UNUSED g_autoptr(GObject) alive = g_object_ref (self->owner);

  g_clear_pointer (&self->pause, g_source_unref);
  submit_answered (self);

  return G_SOURCE_REMOVE;
}

void
_runtime_use_artifact_sender_end_pause (RuntimeUseArtifactSender *self)
{
  if (self->pause != NULL)
    g_source_destroy (self->pause);
  g_clear_pointer (&self->pause, g_source_unref);
}

/* What is short now may be there soon. Returns FALSE if it has been short for long enough. */
static gboolean
put_off (RuntimeUseArtifactSender *self,
         RuntimeUseOffer          *offer,
         const GError             *error)
{
  gint64 now = g_get_monotonic_time ();

  if (offer->watch == NULL || g_cancellable_is_cancelled (self->cancellable) ||
      (self->want_since != 0 && now - self->want_since > MAX_WANT))
    return FALSE;

  if (self->want_since == 0)
    {
      g_autofree char *text = g_strdup_printf ("%s. Files are sent when there is enough again",
                                               error->message);

      self->want_since = now;
      if (self->logger != NULL)
        runtime_use_logger_warning (self->logger, text);
    }

  offer->submitted = FALSE;
  offer->changed = FALSE;
  push_answered (self, offer);
  if (self->pause == NULL)
    {
      self->pause = g_timeout_source_new (WANT_PAUSE);
      g_source_set_static_name (self->pause, "RuntimeUseArtifactSender pause");
      g_source_set_callback (self->pause, pause_over_cb, self, NULL);
      g_source_attach (self->pause, self->context);
    }

  return TRUE;
}

/* --- sending --- */

static void
uploaded_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RuntimeUseOffer *offer = user_data;
  RuntimeUseArtifactSender *self = offer->sender;
  G_GNUC_UNUSED g_autoptr(GObject) alive = self->owner;
  RuntimeUseUploadResult upload_result = { 0 };
  g_autoptr(GError) error = NULL;

  _runtime_use_upload_tracker_finish (RUNTIME_USE_UPLOAD_TRACKER (object), result,
                                      &upload_result, &error);
  self->n_submitted--;
  if (error == NULL)
    self->want_since = 0;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
      !put_off (self, offer, error))
    self->events->over (offer, &upload_result, error, self->owner);
  submit_answered (self);
}

static gboolean
is_absence (int why)
{
  return why == ENOENT || why == ENOTDIR || why == ELOOP;
}

static int
open_offered (RuntimeUseOffer  *offer,
              GError          **error)
{
  int fd = _runtime_use_folder_watch_open (offer->watch, offer->path, error);
  int saved_errno = errno;
  g_autofree char *shown = _runtime_use_show_path (offer->shown);

  if (fd < 0)
    g_prefix_error (error, "Cannot open %s any more: ", shown);
  errno = saved_errno;

  return fd;
}

/* Programs delete files that they need no longer, and nothing is wrong with that. */
static void
end_unopened (RuntimeUseArtifactSender *self,
              RuntimeUseOffer          *offer,
              gboolean                  is_gone,
              const GError             *error)
{
  const RuntimeUseUploadResult nothing = { 0 };

  if (self->logger != NULL && is_gone)
    runtime_use_logger_info (self->logger, error->message);
  else if (self->logger != NULL)
    runtime_use_logger_warning (self->logger, error->message);

  if (is_gone)
    self->events->gone (offer, error, self->owner);
  else
    self->events->over (offer, &nothing, error, self->owner);
}

static void
submit (RuntimeUseArtifactSender *self,
        RuntimeUseOffer          *offer)
{
  g_autoptr(GError) error = NULL;
  int fd = open_offered (offer, &error);
  int why = errno;

  if (fd < 0)
    {
      if (!_runtime_use_is_want (why) || !put_off (self, offer, error))
        end_unopened (self, offer, is_absence (why), error);
      return;
    }

  offer->submitted = TRUE;
  offer->sender = self;
  self->n_submitted++;
  g_object_ref (self->owner);
  _runtime_use_upload_tracker_upload_fd_async (self->tracker, fd, &offer->status, offer->shown,
                                               offer->url, offer->content_type, self->logger,
                                               self->cancellable, uploaded_cb, offer);
  close (fd);
}

static void
submit_answered (RuntimeUseArtifactSender *self)
{
  while (self->pause == NULL && self->n_submitted < MAX_SUBMITTED &&
         !g_queue_is_empty (&self->answered))
    submit (self, pop_answered (self));
  if (self->pause == NULL && self->n_submitted == 0)
    self->want_since = 0;
  self->events->advanced (self->owner);
}

void
_runtime_use_artifact_sender_send (RuntimeUseArtifactSender *self,
                                   RuntimeUseOffer          *offer)
{
  push_answered (self, offer);
  submit_answered (self);
}

void
_runtime_use_artifact_sender_cancel (RuntimeUseArtifactSender *self)
{
  g_cancellable_cancel (self->cancellable);
  _runtime_use_artifact_sender_end_pause (self);
  submit_answered (self);
}
