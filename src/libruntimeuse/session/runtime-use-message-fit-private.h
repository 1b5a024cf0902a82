/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

typedef void (* RuntimeUseMessageFunc) (RuntimeUseMessage *message,
                                        gpointer           user_data);
typedef void (* RuntimeUseEncodedFunc) (GBytes            *message,
                                        gpointer           user_data);

/* Clients take messages up to a size. Text that is too long for one is sent in
 * several, or shortened with a note of how much is missing. Output of commands,
 * of which there is most, is encoded at once; it and the command have to be valid
 * UTF-8.
 */
void               _runtime_use_fit_assistant_message (const char * const     *text_blocks,
                                                       RuntimeUseMessageFunc   func,
                                                       gpointer                user_data);
void               _runtime_use_fit_command_output    (RuntimeUseOutputStream  stream,
                                                       const char             *text,
                                                       gsize                   length,
                                                       const char             *command,
                                                       RuntimeUseEncodedFunc   func,
                                                       gpointer                user_data);
RuntimeUseMessage *_runtime_use_fit_result            (RuntimeUseMessage      *message);
RuntimeUseMessage *_runtime_use_fit_error             (RuntimeUseMessage      *message);
char              *_runtime_use_fit_text              (const char             *text,
                                                       gsize                   max_encoded);

G_END_DECLS
