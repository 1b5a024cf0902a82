/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-manager.h"
#include "runtime-use-clock-private.h"
#include "runtime-use-message.h"
#include "runtime-use-session-settings-private.h"

G_BEGIN_DECLS

/* The artifacts of one session, from the first folder that is watched to the end of the last
 * upload. */
typedef struct _RuntimeUseSessionArtifacts RuntimeUseSessionArtifacts;

typedef struct
{
  /* Something for the client, without secrets. */
  void (* say)  (gpointer           owner,
                 RuntimeUseMessage *message);

  /* What drain(), leave() or cancel() was to bring about has come. */
  void (* done) (gpointer           owner);
} RuntimeUseSessionArtifactsOwner;

RuntimeUseSessionArtifacts *
     _runtime_use_session_artifacts_new         (RuntimeUseUploadTracker               *tracker,
                                                 RuntimeUseLogger                      *logger,
                                                 RuntimeUseClock                       *clock,
                                                 const RuntimeUseSessionSettings       *settings,
                                                 const RuntimeUseSessionArtifactsOwner *owner,
                                                 gpointer                               owner_data);
void _runtime_use_session_artifacts_free        (RuntimeUseSessionArtifacts            *self);

RuntimeUseArtifactManager *
     _runtime_use_session_artifacts_get_manager (RuntimeUseSessionArtifacts            *self);

/* Whether something of them is still going on that the session has to wait for. */
gboolean
     _runtime_use_session_artifacts_is_done     (RuntimeUseSessionArtifacts            *self);

/* Each of these is the end, the second and third also of the one before. */
void _runtime_use_session_artifacts_drain       (RuntimeUseSessionArtifacts            *self);
void _runtime_use_session_artifacts_leave       (RuntimeUseSessionArtifacts            *self);
void _runtime_use_session_artifacts_cancel      (RuntimeUseSessionArtifacts            *self);

G_END_DECLS
