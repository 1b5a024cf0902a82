/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-codecs-private.h"
#include "runtime-use-protocol-limits-private.h"
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

/* What tables say of each. The classes choose the places, and the name of the downloads, for the
 * wire. */
#define RUNTIME_USE_REQUEST_SOURCE_ID \
  RUNTIME_USE_FIELD_NAME ("source_id"), \
  .kind = RUNTIME_USE_FIELD_STRING, \
  .flags = RUNTIME_USE_FIELD_SHARED, \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, source_id)

#define RUNTIME_USE_REQUEST_SECRETS_TO_REDACT \
  RUNTIME_USE_FIELD_NAME ("secrets_to_redact"), \
  .kind = RUNTIME_USE_FIELD_STRV, \
  .flags = (RUNTIME_USE_FIELD_SHARED | \
            RUNTIME_USE_FIELD_ALWAYS), \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, secrets_to_redact), \
  .max_items = RUNTIME_USE_LIMIT_SECRETS, \
  .max_bytes = RUNTIME_USE_LIMIT_SECRET_BYTES

#define RUNTIME_USE_REQUEST_ARTIFACTS_DIR \
  RUNTIME_USE_FIELD_NAME ("artifacts_dir"), \
  .kind = RUNTIME_USE_FIELD_STRING, \
  .flags = (RUNTIME_USE_FIELD_SHARED | \
            RUNTIME_USE_FIELD_EMPTY_IS_NULL), \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, artifacts_dir)

#define RUNTIME_USE_REQUEST_ARTIFACTS_DIRS \
  RUNTIME_USE_FIELD_NAME ("artifacts_dirs"), \
  .kind = RUNTIME_USE_FIELD_STRV, \
  .flags = RUNTIME_USE_FIELD_SHARED, \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, artifacts_dirs), \
  .max_items = RUNTIME_USE_LIMIT_ARTIFACTS_DIRS

#define RUNTIME_USE_REQUEST_ARTIFACTS_IGNORE_CONTENT \
  RUNTIME_USE_FIELD_NAME ("artifacts_ignore_content"), \
  .kind = RUNTIME_USE_FIELD_STRING, \
  .flags = RUNTIME_USE_FIELD_SHARED, \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, artifacts_ignore_content)

#define RUNTIME_USE_REQUEST_DOWNLOADABLES \
  .kind = RUNTIME_USE_FIELD_LIST, \
  .flags = RUNTIME_USE_FIELD_SHARED, \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, downloadables), \
  .max_items = RUNTIME_USE_LIMIT_DOWNLOADABLES, \
  .codec = &_runtime_use_downloadable_codec

#define RUNTIME_USE_REQUEST_REPORT_PROGRESS \
  RUNTIME_USE_FIELD_NAME ("report_progress"), \
  .kind = RUNTIME_USE_FIELD_BOOLEAN, \
  .flags = RUNTIME_USE_FIELD_SHARED, \
  .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, report_progress)

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
