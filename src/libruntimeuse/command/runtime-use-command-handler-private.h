/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-handler.h"

G_BEGIN_DECLS

/* Gets each piece of output, at most 128 KiB of what the command wrote (decoding may lengthen it,
 * and so may redacting, since a marker may be longer than the secret it stands for).
 * @text is counted and may hold NUL; it is valid UTF-8, redacted, and gone after the call. */
typedef void (* RuntimeUseCommandSink) (RuntimeUseCommandHandler *self,
                                        RuntimeUseOutputStream    stream,
                                        const char               *text,
                                        gsize                     length,
                                        gpointer                  user_data);

/* Replaces the signal "output", without its copies. */
void _runtime_use_command_handler_set_sink (RuntimeUseCommandHandler *self,
                                            RuntimeUseCommandSink     sink,
                                            gpointer                  user_data);

/* Makes the command a host, which speaks with us by descriptors of its own: @input and @output
 * become its descriptors 3 and 4. It is over as soon as its shell has ended, whatever holds its
 * standard output open, and all that it has started is ended with it. Called before the start; the
 * descriptors belong to the caller, who may close them after it. */
void _runtime_use_command_handler_set_host_pipes (RuntimeUseCommandHandler *self,
                                                  int                       input,
                                                  int                       output);

/* Whether what a host that ended with status 0 leaves behind lives on, as with other commands,
 * rather than being ended with it. Called before the start. */
void _runtime_use_command_handler_set_keeps_leftovers (RuntimeUseCommandHandler *self,
                                                       gboolean                  keeps_leftovers);

/* The signal that ended a command which is finished, or 0. */
int _runtime_use_command_handler_get_term_signal (RuntimeUseCommandHandler *self);

G_END_DECLS
