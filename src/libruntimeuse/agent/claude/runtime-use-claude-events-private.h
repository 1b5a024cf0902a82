/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-outcome-private.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

/* What the lines mean that the program "claude" writes with --output-format stream-json. Does no
 * I/O. */
typedef struct _RuntimeUseClaudeEvents RuntimeUseClaudeEvents;

/* None of these may free the events. */
typedef struct
{
  /* The program is ready to work. Text that it did not tell is NULL. */
  void (* started) (const char             *version,
                    gpointer                user_data);

  /* A whole block of what the model says, and pieces of one that is yet to come. */
  void (* text)    (const char             *text,
                    gpointer                user_data);
  void (* delta)   (const char             *text,
                    gpointer                user_data);

  /* What a command that the model ran has printed. */
  void (* output)  (const char             *command,
                    RuntimeUseOutputStream  stream,
                    const char             *text,
                    gpointer                user_data);

  /* A command that the model ran is at work, or none is any more (NULL). */
  void (* running) (const char             *command,
                    gpointer                user_data);

  /* The program asks us for something, and waits for the answer. */
  void (* asked)   (const char             *request_id,
                    gpointer                user_data);

  void (* log)     (const char             *text,
                    gpointer                user_data);

  /* Called once at most, unless it goes on. The owner takes the outcome. */
  void (* ended)   (RuntimeUseOutcome      *outcome,
                    gpointer                user_data);
} RuntimeUseClaudeEventFuncs;

RuntimeUseClaudeEvents *
_runtime_use_claude_events_new  (const RuntimeUseClaudeEventFuncs  *funcs,
                                 gpointer                           user_data);
void
_runtime_use_claude_events_free (RuntimeUseClaudeEvents            *self);

/* A JSON object is asked for rather than text. */
void
_runtime_use_claude_events_want_object (RuntimeUseClaudeEvents     *self);

gboolean
_runtime_use_claude_events_take (RuntimeUseClaudeEvents            *self,
                                 const char                        *line,
                                 gsize                              length,
                                 GError                           **error);

/* What the program said about the last failure of the service, or NULL. */
const char *
_runtime_use_claude_events_get_problem (RuntimeUseClaudeEvents     *self);

/* Whether tools of the model are at work, which may be silent for as long as they like. */
gboolean
_runtime_use_claude_events_has_tools   (RuntimeUseClaudeEvents     *self);

/* Whether the result is sound but for the object that was asked for. */
gboolean
_runtime_use_claude_events_lacks_object (RuntimeUseClaudeEvents    *self);

/* The program was told more, and there is another result to come. */
void
_runtime_use_claude_events_go_on       (RuntimeUseClaudeEvents     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseClaudeEvents, _runtime_use_claude_events_free)

G_END_DECLS
