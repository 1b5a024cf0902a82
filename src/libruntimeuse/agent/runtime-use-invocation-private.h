/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-handler.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-invocation.h"
#include "runtime-use-outcome-private.h"
#include "runtime-use-redactor.h"

G_BEGIN_DECLS

/* Where an invocation reports to: whoever asked for it. */
typedef struct
{
  void     (* assistant) (GObject                  *owner,
                          const char * const       *text_blocks);
  void     (* delta)     (GObject                  *owner,
                          const char               *text);
  gboolean (* is_full)   (GObject                  *owner);

  /* What a command of the agent's printed, with the name that the client is told for it. Both are
   * redacted already. */
  char *   (* name_command) (GObject               *owner,
                          const char               *command);
  void     (* output)    (GObject                  *owner,
                          const char               *name,
                          RuntimeUseOutputStream    stream,
                          const char               *text,
                          gsize                     length);

  /* A command of the agent's runs, as it was given, or none any more. */
  void     (* show_command) (GObject               *owner,
                          const char               *command);

  /* What a script left running lives until the owner's session ends. */
  void     (* adopt)     (GObject                  *owner,
                          RuntimeUseCommandHandler *command);

  /* Made when it is first asked for. */
  RuntimeUseLogger * (* get_logger) (GObject *owner);

  /* Called once. The owner takes the outcome. */
  void     (* completed) (GObject                  *owner,
                          RuntimeUseOutcome        *outcome);
} RuntimeUseInvocationSink;

RuntimeUseInvocation *
_runtime_use_invocation_new (RuntimeUseInvocationMessage    *message,
                             JsonNode                       *output_format,
                             RuntimeUseRedactor             *redactor,
                             GCancellable                   *cancellable,
                             const RuntimeUseInvocationSink *sink,
                             GObject                        *owner);
void
_runtime_use_invocation_install_properties (GObjectClass *object_class);
RuntimeUseInvocationMessage *
_runtime_use_invocation_get_message (RuntimeUseInvocation *self);
const char * const *
_runtime_use_invocation_get_env_strv (RuntimeUseInvocation *self);
void
_runtime_use_invocation_limit_command (RuntimeUseInvocation     *self,
                                       RuntimeUseCommandHandler *command);
void
_runtime_use_invocation_adopt (RuntimeUseInvocation     *self,
                               RuntimeUseCommandHandler *command);

/* What a command of the agent's is called to the client, and what it printed. */
char *
_runtime_use_invocation_name_command (RuntimeUseInvocation   *self,
                                      const char             *command);
void
_runtime_use_invocation_send_output (RuntimeUseInvocation   *self,
                                     const char             *name,
                                     RuntimeUseOutputStream  stream,
                                     const char             *text,
                                     gsize                   length);
void
_runtime_use_invocation_show_command (RuntimeUseInvocation   *self,
                                      const char             *command);
void
_runtime_use_invocation_return_json (RuntimeUseInvocation *self,
                                     const char           *json);

/* These take the outcome; a report is what send_error_message() makes. */
void
_runtime_use_invocation_return_outcome (RuntimeUseInvocation *self,
                                        RuntimeUseOutcome    *outcome);
void
_runtime_use_invocation_report (RuntimeUseInvocation *self,
                                RuntimeUseOutcome    *outcome);

/* The schema as the client wrote it, or NULL. */
const char *
_runtime_use_invocation_get_output_format_json (RuntimeUseInvocation *self);
RuntimeUseRedactor *
_runtime_use_invocation_get_redactor (RuntimeUseInvocation *self);
guint
_runtime_use_invocation_get_kill_grace (RuntimeUseInvocation *self);

/* (nullable): what commands are given to, as of a command handler. */
const char * const *
_runtime_use_invocation_get_shell (RuntimeUseInvocation *self);

/* For the owner: there is room again; nothing more is wanted. */
void
_runtime_use_invocation_notify_drained (RuntimeUseInvocation *self);
void
_runtime_use_invocation_notify_cancelled (RuntimeUseInvocation *self);
void
_runtime_use_invocation_set_command_limits (RuntimeUseInvocation *self,
                                            guint                 grace,
                                            guint                 timeout);
void
_runtime_use_invocation_set_shell (RuntimeUseInvocation *self,
                                   const char * const   *shell);
void
_runtime_use_invocation_abandon (RuntimeUseInvocation *self);

G_END_DECLS
