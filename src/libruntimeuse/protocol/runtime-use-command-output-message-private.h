/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-output-message.h"

G_BEGIN_DECLS

/* @text is checked once more. */
RuntimeUseMessage *
_runtime_use_command_output_message_new_counted (RuntimeUseOutputStream  stream,
                                                 const char             *text,
                                                 gsize                   length,
                                                 const char             *command);

/* The bytes of such a message at once, for the path that all output takes: @text and @command must
 * be valid UTF-8. */
GBytes *
_runtime_use_command_output_message_encode      (RuntimeUseOutputStream  stream,
                                                 const char             *text,
                                                 gsize                   length,
                                                 const char             *command);

G_END_DECLS
