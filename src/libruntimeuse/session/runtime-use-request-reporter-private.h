/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"
#include "runtime-use-request-message.h"
#include "runtime-use-request-owner-private.h"

G_BEGIN_DECLS

/* What a request tells of itself while it runs: what its client is to hear, and what is shown to
 * whoever watches. All of it is without secrets. The parts of a request share its reporter. */
typedef struct _RuntimeUseRequestReporter RuntimeUseRequestReporter;

RuntimeUseRequestReporter *
_runtime_use_request_reporter_new (RuntimeUseRequestMessage     *message,
                                   const char                   *name,
                                   RuntimeUseRedactor           *redactor,
                                   const RuntimeUseRequestOwner *owner,
                                   gpointer                      owner_data);
RuntimeUseRequestReporter *
_runtime_use_request_reporter_ref (RuntimeUseRequestReporter *self);
void
_runtime_use_request_reporter_unref (RuntimeUseRequestReporter *self);
RuntimeUseRedactor *
_runtime_use_request_reporter_get_redactor (RuntimeUseRequestReporter *self);

/* The owner hears nothing more, and may go. */
void
_runtime_use_request_reporter_silence (RuntimeUseRequestReporter *self);

/* A message, and the text of a delta, come without secrets; the blocks of an assistant need not.
 * What commands print was redacted where its stream is known, since a secret may come in two
 * pieces; @command is what name_command() made. */
void
_runtime_use_request_reporter_say (RuntimeUseRequestReporter *self,
                                   RuntimeUseMessage         *message);
void
_runtime_use_request_reporter_say_assistant (RuntimeUseRequestReporter *self,
                                             const char * const        *text_blocks);
void
_runtime_use_request_reporter_say_delta (RuntimeUseRequestReporter *self,
                                         const char                *text);
void
_runtime_use_request_reporter_say_output (RuntimeUseRequestReporter *self,
                                          RuntimeUseOutputStream     stream,
                                          const char                *text,
                                          gsize                      length,
                                          const char                *command);

/* Whether the client has to catch up before more should be said. */
gboolean
_runtime_use_request_reporter_is_full (RuntimeUseRequestReporter *self);

/* What messages call a command, in at most @limit encoded bytes. */
char *
_runtime_use_request_reporter_name_command (RuntimeUseRequestReporter *self,
                                            const char                *command,
                                            gsize                      limit);

/* Hands what a command left running, if anything, to the owner. */
void
_runtime_use_request_reporter_adopt (RuntimeUseRequestReporter *self,
                                     RuntimeUseCommandHandler  *command);

/* Made when it is first asked for. */
RuntimeUseLogger *
_runtime_use_request_reporter_get_logger (RuntimeUseRequestReporter *self);

/* What is shown. A command is given as it is, or NULL if none runs any more. */
void
_runtime_use_request_reporter_set_phase (RuntimeUseRequestReporter *self,
                                         RuntimeUseRequestPhase     phase);
void
_runtime_use_request_reporter_show_command (RuntimeUseRequestReporter *self,
                                            const char                *command);

/* The texts are short and made when somebody asks. They are valid as long as the reporter, that of
 * the command until the next one. */
RuntimeUseRequestPhase
_runtime_use_request_reporter_get_phase (RuntimeUseRequestReporter *self);
const char *
_runtime_use_request_reporter_get_source_id (RuntimeUseRequestReporter *self);
const char *
_runtime_use_request_reporter_get_model (RuntimeUseRequestReporter *self);
const char *
_runtime_use_request_reporter_get_command (RuntimeUseRequestReporter *self);

/* Bytes of command output and of the agent's words that were sent. */
guint64
_runtime_use_request_reporter_get_output_bytes (RuntimeUseRequestReporter *self);

G_END_DECLS
