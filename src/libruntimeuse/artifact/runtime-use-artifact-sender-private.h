/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-offer-book-private.h"
#include "runtime-use-upload-private.h"
#include "runtime-use-upload-tracker.h"

G_BEGIN_DECLS

/* Hands files whose offers were answered to the tracker, in the order of the answers and so few at
 * a time that their descriptors do not run out. What is short all the same is waited for. */
typedef struct _RuntimeUseArtifactSender RuntimeUseArtifactSender;

/* Each offer ends with one of the first two, which may free it. */
typedef struct
{
  /* It was sent, or could not be if there is an @error. */
  void (* over)     (RuntimeUseOffer              *offer,
                     const RuntimeUseUploadResult *result,
                     const GError                 *error,
                     gpointer                      owner);

  /* Nothing lies there any more. */
  void (* gone)     (RuntimeUseOffer              *offer,
                     const GError                 *error,
                     gpointer                      owner);

  /* Offers may have ended, and for the moment no more of them do. */
  void (* advanced) (gpointer                      owner);
} RuntimeUseArtifactSenderEvents;

/* @owner is kept alive while the tracker has something of it. */
RuntimeUseArtifactSender *
_runtime_use_artifact_sender_new        (RuntimeUseUploadTracker              *tracker,
                                         const RuntimeUseArtifactSenderEvents *events,
                                         GObject                              *owner);
void _runtime_use_artifact_sender_free  (RuntimeUseArtifactSender             *self);

void
_runtime_use_artifact_sender_set_logger (RuntimeUseArtifactSender             *self,
                                         RuntimeUseLogger                     *logger);

/* From here to its end the offer must remain, or be withdrawn. */
void
_runtime_use_artifact_sender_send       (RuntimeUseArtifactSender             *self,
                                         RuntimeUseOffer                      *offer);

/* Of no effect on what the tracker has, and on what was not to be sent. */
void
_runtime_use_artifact_sender_withdraw   (RuntimeUseArtifactSender             *self,
                                         RuntimeUseOffer                      *offer);

/* Nothing is tried again by itself any more. */
void
_runtime_use_artifact_sender_end_pause  (RuntimeUseArtifactSender             *self);

/* Ends what is being sent, and what waits for that, with an error. */
void
_runtime_use_artifact_sender_cancel     (RuntimeUseArtifactSender             *self);

G_END_DECLS
