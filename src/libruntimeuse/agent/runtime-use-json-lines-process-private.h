/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-handler.h"
#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_JSON_LINES_PROCESS (_runtime_use_json_lines_process_get_type ())

/* A child process that is spoken to in lines, and answers in lines. It is gone when its process
 * is, with all that it has started. */
G_DECLARE_FINAL_TYPE (RuntimeUseJsonLinesProcess, _runtime_use_json_lines_process,
                      RUNTIME_USE, JSON_LINES_PROCESS, GObject)

/* What the owner of a process is told. Either may end the process, or the owner. */
typedef struct
{
  /* A line that is not empty, without its end. */
  void (* line) (RuntimeUseJsonLinesProcess *process,
                 const char                 *line,
                 gsize                       length,
                 gpointer                    user_data);

  /* Called once, as the last thing: nothing of the process is left, unless it was to keep
   * leftovers. @error says how it ended, for the better or the worse. */
  void (* gone) (RuntimeUseJsonLinesProcess *process,
                 const GError               *error,
                 gpointer                    user_data);
} RuntimeUseJsonLinesEvents;

typedef struct
{
  const char *input;            /* what it is spoken to by, for errors; static */
  const char *output;           /* what it is heard by; static */
  gsize       max_line_size;    /* bytes */
  gsize       max_unsent;       /* bytes that may wait until it reads them */
  guint       grace;            /* ms between SIGTERM and SIGKILL; 0 kills at once */
  gboolean    keeps_leftovers;  /* what it leaves behind when it ends with status 0 */
} RuntimeUseJsonLinesTraits;

RuntimeUseJsonLinesProcess *
_runtime_use_json_lines_process_new         (const char                      *name,
                                             const char                      *source_id,
                                             const RuntimeUseJsonLinesTraits *traits,
                                             const RuntimeUseJsonLinesEvents *events,
                                             gpointer                         user_data);
gboolean
_runtime_use_json_lines_process_start       (RuntimeUseJsonLinesProcess      *self,
                                             RuntimeUseCommand               *command,
                                             const char * const              *shell,
                                             GError                         **error);

/* The owner goes away and wants to hear nothing more. */
void
_runtime_use_json_lines_process_disown      (RuntimeUseJsonLinesProcess      *self);

/* What is added when it is told that the process ended, such as " before it was ready"; static. */
void
_runtime_use_json_lines_process_set_stage   (RuntimeUseJsonLinesProcess      *self,
                                             const char                      *stage);

guint64
_runtime_use_json_lines_process_send        (RuntimeUseJsonLinesProcess      *self,
                                             const GString                   *lines);
guint64
_runtime_use_json_lines_process_get_taken   (RuntimeUseJsonLinesProcess      *self);
void
_runtime_use_json_lines_process_set_paused  (RuntimeUseJsonLinesProcess      *self,
                                             gboolean                         paused);

/* Ends it because of a line that makes no sense. */
void
_runtime_use_json_lines_process_refuse_line (RuntimeUseJsonLinesProcess      *self,
                                             const char                      *line,
                                             gsize                            length,
                                             const GError                    *problem);

void
_runtime_use_json_lines_process_hang_up     (RuntimeUseJsonLinesProcess      *self,
                                             GError                          *why,
                                             guint                            patience);
void
_runtime_use_json_lines_process_kill        (RuntimeUseJsonLinesProcess      *self,
                                             GError                          *why);
void
_runtime_use_json_lines_process_kill_plain  (RuntimeUseJsonLinesProcess      *self,
                                             GError                          *why);
void
_runtime_use_json_lines_process_fail        (RuntimeUseJsonLinesProcess      *self,
                                             RuntimeUseError                  code,
                                             const char                      *format,
                                             ...) G_GNUC_PRINTF (3, 4);
gboolean
_runtime_use_json_lines_process_is_ending   (RuntimeUseJsonLinesProcess      *self);

void
_runtime_use_json_lines_process_hide        (RuntimeUseJsonLinesProcess      *self,
                                             RuntimeUseRedactor              *redactor);
void
_runtime_use_json_lines_process_say         (RuntimeUseJsonLinesProcess      *self,
                                             const char                      *text);
RuntimeUseLogger *
_runtime_use_json_lines_process_get_logger  (RuntimeUseJsonLinesProcess      *self);
RuntimeUseCommandHandler *
_runtime_use_json_lines_process_get_command (RuntimeUseJsonLinesProcess      *self);

G_END_DECLS
