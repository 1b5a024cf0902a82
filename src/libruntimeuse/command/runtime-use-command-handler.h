/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command.h"
#include "runtime-use-redactor.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_COMMAND_HANDLER (runtime_use_command_handler_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCommandHandler, runtime_use_command_handler,
                      RUNTIME_USE, COMMAND_HANDLER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseCommandHandler *runtime_use_command_handler_new (RuntimeUseCommand *command);

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseCommand *runtime_use_command_handler_get_command (RuntimeUseCommandHandler *self);

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseRedactor *runtime_use_command_handler_get_redactor (RuntimeUseCommandHandler *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_set_redactor (RuntimeUseCommandHandler *self,
                                               RuntimeUseRedactor       *redactor);

RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *runtime_use_command_handler_get_environ (RuntimeUseCommandHandler *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_set_environ (RuntimeUseCommandHandler *self,
                                              const char * const       *variables);

RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *runtime_use_command_handler_get_shell (RuntimeUseCommandHandler *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_set_shell (RuntimeUseCommandHandler *self,
                                            const char * const       *shell);

RUNTIME_USE_AVAILABLE_IN_0_1
guint runtime_use_command_handler_get_grace (RuntimeUseCommandHandler *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_set_grace (RuntimeUseCommandHandler *self,
                                            guint                     grace);

RUNTIME_USE_AVAILABLE_IN_0_1
guint runtime_use_command_handler_get_timeout (RuntimeUseCommandHandler *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_set_timeout (RuntimeUseCommandHandler *self,
                                              guint                     timeout);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_command_handler_get_paused (RuntimeUseCommandHandler *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_set_paused (RuntimeUseCommandHandler *self,
                                             gboolean                  paused);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_command_handler_has_leftovers (RuntimeUseCommandHandler *self);

RUNTIME_USE_AVAILABLE_IN_0_1
guint runtime_use_command_handler_count_running (void);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_run_async (RuntimeUseCommandHandler *self,
                                            GCancellable             *cancellable,
                                            GAsyncReadyCallback       callback,
                                            gpointer                  user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
int runtime_use_command_handler_run_finish (RuntimeUseCommandHandler  *self,
                                            GAsyncResult              *result,
                                            GError                   **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_command_handler_end_async (RuntimeUseCommandHandler *self,
                                            GCancellable             *cancellable,
                                            GAsyncReadyCallback       callback,
                                            gpointer                  user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_command_handler_end_finish (RuntimeUseCommandHandler  *self,
                                                 GAsyncResult              *result,
                                                 GError                   **error);

G_END_DECLS
