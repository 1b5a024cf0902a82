/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

/* What a message of the server comes to for the request that waits for its answer. */
typedef struct
{
  gboolean    is_terminal;       /* the server is done with the request */
  gboolean    breaks_protocol;   /* the server cannot be talked to any longer */
  GObject    *result;            /* (nullable): what was asked for */
  GError     *error;             /* (nullable): why there is none */
  const char *metadata_json;     /* (nullable): about the error; lives as long as the message */
} RuntimeUseClientAnswer;

/* These fill in @self, which is empty; or they return FALSE, and the request goes on. */
gboolean _runtime_use_client_answer_read          (RuntimeUseClientAnswer *self,
                                                   RuntimeUseMessage      *message,
                                                   gboolean                is_query);

/* The same for what could not be parsed; see _runtime_use_message_parse (). */
gboolean _runtime_use_client_answer_read_unusable (RuntimeUseClientAnswer *self,
                                                   GBytes                 *bytes,
                                                   const char             *message_type,
                                                   const GError           *why);
void     _runtime_use_client_answer_clear         (RuntimeUseClientAnswer *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RuntimeUseClientAnswer, _runtime_use_client_answer_clear)

G_END_DECLS
