/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-codec-private.h"
#include "runtime-use-request-message.h"

G_BEGIN_DECLS

/* What all requests have. Fields in it carry the flag RUNTIME_USE_FIELD_SHARED. */
typedef struct
{
  char       *source_id;                 /* (nullable) */
  char      **secrets_to_redact;         /* (nullable): none */
  char       *artifacts_dir;             /* only while a message is read */
  char      **artifacts_dirs;            /* (nullable): none */
  char       *artifacts_ignore_content;  /* (nullable) */
  GPtrArray  *downloadables;             /* (nullable): none */
  gboolean    report_progress;
} RuntimeUseRequestMessagePrivate;

RuntimeUseRequestMessagePrivate *
           _runtime_use_request_message_get_members (gpointer    self);
gboolean   _runtime_use_request_message_check       (gpointer    self,
                                                     GError    **error);
/* A copy of @self with more downloads, before those it has, and more artifact folders. */
RuntimeUseRequestMessage *
           _runtime_use_request_message_add_files   (RuntimeUseRequestMessage *self,
                                                     GPtrArray                *downloadables,
                                                     const char * const       *artifacts_dirs);
GPtrArray *_runtime_use_list_or_empty               (GPtrArray  *list);

G_END_DECLS
