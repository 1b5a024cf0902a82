/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-artifacts-private.h"

#include "runtime-use-artifact-manager-private.h"

/* Clients wait for the confirmation of the end for a minute. */
#define DRAIN_LIMIT (50 * 1000)

/* How far the end has come. */
typedef enum
{
  STAGE_OPEN,        /* files are offered as they appear */
  STAGE_DRAINING,    /* the client may still answer */
  STAGE_FINISHING,   /* only what is being sent is finished */
  STAGE_DONE,
} Stage;

struct _RuntimeUseSessionArtifacts
{
  RuntimeUseArtifactManager             *manager;
  RuntimeUseClock                       *clock;
  const RuntimeUseSessionSettings       *settings;
  const RuntimeUseSessionArtifactsOwner *owner;
  gpointer                               owner_data;

  Stage                                  stage;
  GCancellable                          *settling;    /* (nullable) */
  RuntimeUseAlarm                       *patience;    /* (nullable): with the client */
  RuntimeUseAlarm                       *limit;       /* (nullable): of the end as a whole */
};

static void
upload_request_cb (RuntimeUseArtifactManager  *manager,
                   RuntimeUseMessage          *message,
                   RuntimeUseSessionArtifacts *self)
{
  self->owner->say (self->owner_data, message);
}

static void
upload_result_cb (RuntimeUseArtifactManager  *manager,
                  RuntimeUseMessage          *message,
                  RuntimeUseSessionArtifacts *self)
{
  self->owner->say (self->owner_data, message);
}

static void
clear_alarms (RuntimeUseSessionArtifacts *self)
{
  _runtime_use_clock_clear_alarm (self->clock, &self->patience);
  _runtime_use_clock_clear_alarm (self->clock, &self->limit);
}

static void
set_done (RuntimeUseSessionArtifacts *self)
{
  self->stage = STAGE_DONE;
  clear_alarms (self);
  runtime_use_artifact_manager_cancel (self->manager);
  self->owner->done (self->owner_data);
}

static void settle (RuntimeUseSessionArtifacts *self);

/* The cancellable tells whether anybody still waits, and whether there is still a self. */
static void
settled_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  RuntimeUseSessionArtifacts *self = user_data;

  if (!runtime_use_artifact_manager_settle_finish (RUNTIME_USE_ARTIFACT_MANAGER (object), result,
                                                   NULL))
    return;

  g_clear_object (&self->settling);
  set_done (self);
}

static void
settle (RuntimeUseSessionArtifacts *self)
{
  if (self->settling != NULL)
    return;

  self->settling = g_cancellable_new ();
  runtime_use_artifact_manager_settle_async (self->manager, self->settling, settled_cb, self);
}

static void
limit_over (gpointer user_data)
{
  RuntimeUseSessionArtifacts *self = user_data;

  self->limit = NULL;
  _runtime_use_session_artifacts_cancel (self);
}

/* Without answers there is nothing more to wait for but what is being sent. */
static void
finish (RuntimeUseSessionArtifacts *self)
{
  self->stage = STAGE_FINISHING;
  runtime_use_artifact_manager_stop (self->manager);
  if (self->limit == NULL)
    self->limit = _runtime_use_clock_set_alarm (self->clock, DRAIN_LIMIT, limit_over, self);
  settle (self);
}

static void
patience_over (gpointer user_data)
{
  RuntimeUseSessionArtifacts *self = user_data;

  self->patience = NULL;
  finish (self);
}

RuntimeUseSessionArtifacts *
_runtime_use_session_artifacts_new (RuntimeUseUploadTracker               *tracker,
                                    RuntimeUseLogger                      *logger,
                                    RuntimeUseClock                       *clock,
                                    const RuntimeUseSessionSettings       *settings,
                                    const RuntimeUseSessionArtifactsOwner *owner,
                                    gpointer                               owner_data)
{
  RuntimeUseSessionArtifacts *self = g_new0 (RuntimeUseSessionArtifacts, 1);

  self->manager = runtime_use_artifact_manager_new (tracker);
  _runtime_use_artifact_manager_set_logger (self->manager, logger);
  g_object_set (self->manager, "quiet", MAX (settings->artifact_quiet, 1), NULL);
  self->clock = g_object_ref (clock);
  self->settings = settings;
  self->owner = owner;
  self->owner_data = owner_data;
  g_signal_connect (self->manager, "upload-request", G_CALLBACK (upload_request_cb), self);
  g_signal_connect (self->manager, "upload-result", G_CALLBACK (upload_result_cb), self);

  return self;
}

void
_runtime_use_session_artifacts_free (RuntimeUseSessionArtifacts *self)
{
  clear_alarms (self);
  if (self->settling != NULL)
    g_cancellable_cancel (self->settling);
  g_clear_object (&self->settling);
  g_signal_handlers_disconnect_by_data (self->manager, self);
  runtime_use_artifact_manager_cancel (self->manager);
  g_clear_object (&self->manager);
  g_clear_object (&self->clock);
  g_free (self);
}

RuntimeUseArtifactManager *
_runtime_use_session_artifacts_get_manager (RuntimeUseSessionArtifacts *self)
{
  return self->manager;
}

gboolean
_runtime_use_session_artifacts_is_done (RuntimeUseSessionArtifacts *self)
{
  return self->stage == STAGE_DONE;
}

/* The client has no more to ask, but may still want its files. */
void
_runtime_use_session_artifacts_drain (RuntimeUseSessionArtifacts *self)
{
  if (self->stage != STAGE_OPEN)
    return;

  self->stage = STAGE_DRAINING;
  runtime_use_artifact_manager_offer_again (self->manager);
  if (runtime_use_artifact_manager_is_settled (self->manager))
    {
      set_done (self);
      return;
    }

  self->limit = _runtime_use_clock_set_alarm (self->clock, DRAIN_LIMIT, limit_over, self);
  self->patience = _runtime_use_clock_set_alarm (self->clock,
                                                 self->settings->artifact_wait * 1000,
                                                 patience_over, self);
  settle (self);
}

/* The client is gone. What it has answered is sent all the same. */
void
_runtime_use_session_artifacts_leave (RuntimeUseSessionArtifacts *self)
{
  if (self->stage >= STAGE_FINISHING)
    return;

  _runtime_use_clock_clear_alarm (self->clock, &self->patience);
  if (runtime_use_artifact_manager_get_n_pending (self->manager) == 0)
    set_done (self);
  else
    finish (self);
}

/* There is no time for anything. */
void
_runtime_use_session_artifacts_cancel (RuntimeUseSessionArtifacts *self)
{
  if (self->stage == STAGE_DONE)
    return;

  self->stage = STAGE_FINISHING;
  clear_alarms (self);
  runtime_use_artifact_manager_cancel (self->manager);
  settle (self);
}
