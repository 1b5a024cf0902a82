/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-call.h"

G_BEGIN_DECLS

/* Shows what an agent does to whoever watches, on standard error, and in the end the result, on
 * standard output.
 */
typedef struct
{
  RucCall  *call;
  gboolean  styled;
  GString  *said;          /* (nullable): by the agent, if the result goes where this went */
  char     *command;       /* (nullable): the one whose output came last */
  gboolean  line_open;     /* what was shown does not end a line */
  gboolean  note_shown;    /* the last line is one that is to vanish */
} RucShow;

void ruc_show_init           (RucShow                        *self,
                              RucCall                        *call);
void ruc_show_clear          (RucShow                        *self);
void ruc_show_assistant      (RucShow                        *self,
                              const char * const             *blocks);
void ruc_show_command_output (RucShow                        *self,
                              RuntimeUseCommandOutputMessage *message);
void ruc_show_heartbeat      (RucShow                        *self,
                              gint64                          elapsed_ms);
void ruc_show_progress       (RucShow                        *self,
                              const char                     *label,
                              guint64                         done,
                              guint64                         total);
void ruc_show_event          (RucShow                        *self,
                              const char                     *line);
void ruc_show_result         (RucShow                        *self,
                              const char                     *text);
void ruc_show_end            (RucShow                        *self);

G_END_DECLS
