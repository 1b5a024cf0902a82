/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-request-reporter-private.h"
#include "runtime-use-session-settings-private.h"

G_BEGIN_DECLS

/* Commands of a request that run one after the other, up to the first that fails. */
typedef struct _RuntimeUseCommandSequence RuntimeUseCommandSequence;

/* Called once, as the last thing: the sequence may be freed in it. Either there is an @error, which
 * is given away, or @exit_code is that of the last command that ran, and 0 if there was none. */
typedef void (* RuntimeUseCommandSequenceDone) (GObject *owner,
                                                int      exit_code,
                                                GError  *error);

/* @commands are RuntimeUseCommand, and @name is what the request calls them, for errors. */
RuntimeUseCommandSequence *
_runtime_use_command_sequence_new (GPtrArray                       *commands,
                                   const char                      *name,
                                   const RuntimeUseSessionSettings *settings,
                                   GCancellable                    *cancellable,
                                   RuntimeUseRequestReporter       *reporter);
void
_runtime_use_command_sequence_free (RuntimeUseCommandSequence *self);

/* Keeps as much of what the commands print as fits into one message. Called before the start. */
void
_runtime_use_command_sequence_keep_results (RuntimeUseCommandSequence *self);

/* Keeps @owner alive until all is done. */
void
_runtime_use_command_sequence_run (RuntimeUseCommandSequence     *self,
                                   RuntimeUseCommandSequenceDone  done,
                                   GObject                       *owner);

/* There is room for output again. */
void
_runtime_use_command_sequence_notify_drained (RuntimeUseCommandSequence *self);

/* RuntimeUseCommandResult of the commands that have ended; redacted and cut to size. */
GPtrArray *
_runtime_use_command_sequence_make_results (RuntimeUseCommandSequence *self);

G_END_DECLS
