/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-handler.h"

G_BEGIN_DECLS

/* What a command handler runs, and how: the values of its properties, which its other half acts
 * on. Whether it is paused is no such value, for that may change at any time. */
typedef struct
{
  RuntimeUseCommand   *command;
  RuntimeUseRedactor  *redactor;   /* (nullable): nothing is hidden */
  char               **environ;    /* (nullable): the default */
  char               **shell;      /* (nullable): the default */
  guint                grace;      /* ms */
  guint                timeout;    /* s */
} RuntimeUseCommandSettings;

void _runtime_use_command_settings_init  (RuntimeUseCommandSettings *self);
void _runtime_use_command_settings_clear (RuntimeUseCommandSettings *self);

/* From the handler to its properties, and the other way round. */
void
_runtime_use_command_handler_install_properties (GObjectClass             *object_class);
void
_runtime_use_command_handler_notify_paused      (RuntimeUseCommandHandler *self);
RuntimeUseCommandSettings *
_runtime_use_command_handler_get_settings       (RuntimeUseCommandHandler *self);

G_END_DECLS
