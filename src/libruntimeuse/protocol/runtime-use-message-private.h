/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-codec-private.h"
#include "runtime-use-message.h"

G_BEGIN_DECLS

/* Subclasses set the codec of their class and have nothing else to do: it frees their members and
 * makes their properties. */
void               _runtime_use_message_class_set_codec (RuntimeUseMessageClass  *klass,
                                                         const RuntimeUseCodec   *codec);

/* @message_type is set whenever the input names one that we know, also when it is then refused.
 * Ask _runtime_use_message_type_is_request() to see whether a refusal needs an answer. */
RuntimeUseMessage *_runtime_use_message_parse           (GBytes                  *bytes,
                                                         char                   **message_type,
                                                         GError                 **error);
gboolean           _runtime_use_message_type_is_request (const char              *message_type);

/* A copy without secrets, or a new reference to @self when it holds none. */
RuntimeUseMessage *_runtime_use_message_redact          (RuntimeUseMessage       *self,
                                                         RuntimeUseRedactor      *redactor);

G_END_DECLS
