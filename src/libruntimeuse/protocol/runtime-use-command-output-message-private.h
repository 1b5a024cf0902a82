/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-output-message.h"

G_BEGIN_DECLS

RuntimeUseMessage *
_runtime_use_command_output_message_new_counted (RuntimeUseOutputStream  stream,
                                                 const char             *text,
                                                 gsize                   length,
                                                 const char             *command);

G_END_DECLS
