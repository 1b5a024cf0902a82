/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-output-private.h"
#include "runtime-use-command.h"

G_BEGIN_DECLS

/* One run of a command, from the order to start it until nothing of it is left: a source that
 * watches its pipes and the program that owns its tree. */
typedef struct _RuntimeUseCommandRun RuntimeUseCommandRun;

typedef struct
{
  RuntimeUseCommandOutputFunc output;

  /* The command is over, for the better (then with its status) or the worse. Called once. */
  void (* finished) (RuntimeUseCommandRun *self,
                     int                   status,
                     GError               *error,
                     gpointer              user_data);

  /* What was left behind after that is gone, or, with an error, cannot be ended. Called once at
   * most, and not when nothing was left. */
  void (* gone)     (RuntimeUseCommandRun *self,
                     GError               *error,
                     gpointer              user_data);
} RuntimeUseCommandRunFuncs;

RuntimeUseCommandRun *_runtime_use_command_run_new (const RuntimeUseCommandRunFuncs *funcs,
                                                    gpointer                         user_data);
gboolean _runtime_use_command_run_start (RuntimeUseCommandRun  *self,
                                         RuntimeUseCommand     *command,
                                         const char * const    *shell,
                                         const char * const    *base_environ,
                                         RuntimeUseRedactor    *redactor,
                                         GError               **error);
void _runtime_use_command_run_set_limits (RuntimeUseCommandRun *self,
                                          guint                 grace,
                                          guint                 timeout);
void _runtime_use_command_run_set_host_pipes (RuntimeUseCommandRun *self,
                                              int                   input,
                                              int                   output);
void _runtime_use_command_run_set_keeps_leftovers (RuntimeUseCommandRun *self,
                                                   gboolean              keeps_leftovers);
void _runtime_use_command_run_set_paused (RuntimeUseCommandRun *self,
                                          gboolean              paused);
int _runtime_use_command_run_get_term_signal (RuntimeUseCommandRun *self);
gboolean _runtime_use_command_run_is_gone (RuntimeUseCommandRun *self);
guint _runtime_use_command_run_count (void);

void _runtime_use_command_run_cancel (RuntimeUseCommandRun *self);
void _runtime_use_command_run_end (RuntimeUseCommandRun *self);
void _runtime_use_command_run_abandon (RuntimeUseCommandRun *self);

G_END_DECLS
