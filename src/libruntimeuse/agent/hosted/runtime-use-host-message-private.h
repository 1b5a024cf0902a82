/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-invocation.h"
#include "runtime-use-json-reader-private.h"
#include "runtime-use-logger.h"
#include "runtime-use-outcome-private.h"

G_BEGIN_DECLS

typedef enum
{
  RUNTIME_USE_HOST_MESSAGE_UNKNOWN,   /* of a type that we do not know, and may ignore */
  RUNTIME_USE_HOST_MESSAGE_READY,
  RUNTIME_USE_HOST_MESSAGE_FATAL,
  RUNTIME_USE_HOST_MESSAGE_ASSISTANT,
  RUNTIME_USE_HOST_MESSAGE_ERROR,
  RUNTIME_USE_HOST_MESSAGE_LOG,
  RUNTIME_USE_HOST_MESSAGE_RESULT,
  RUNTIME_USE_HOST_MESSAGE_FAILED,
  RUNTIME_USE_HOST_MESSAGE_CANCELLED,
} RuntimeUseHostMessageKind;

typedef enum
{
  RUNTIME_USE_HOST_MEMBER_TYPE,
  RUNTIME_USE_HOST_MEMBER_ID,
  RUNTIME_USE_HOST_MEMBER_TEXT_BLOCKS,
  RUNTIME_USE_HOST_MEMBER_ERROR,
  RUNTIME_USE_HOST_MEMBER_METADATA,
  RUNTIME_USE_HOST_MEMBER_LEVEL,
  RUNTIME_USE_HOST_MEMBER_MESSAGE,
  RUNTIME_USE_HOST_MEMBER_RESULT,
  RUNTIME_USE_HOST_MEMBER_CAPABILITIES,
  RUNTIME_USE_HOST_N_MEMBERS,
} RuntimeUseHostMember;

/* A line that a host wrote. Its members are places in that line; those that are not there, or
 * null, have the token RUNTIME_USE_JSON_END. */
typedef struct
{
  RuntimeUseHostMessageKind kind;
  RuntimeUseJsonValue       members[RUNTIME_USE_HOST_N_MEMBERS];
} RuntimeUseHostMessage;

/* What a host says that it can do. */
typedef struct
{
  guint    concurrent;   /* invocations at once, at least 1 */
  gboolean flow;         /* it heeds "pause" */
} RuntimeUseHostAbilities;

gboolean
_runtime_use_host_message_read          (RuntimeUseHostMessage        *self,
                                         const char                   *line,
                                         gsize                         length,
                                         GError                      **error);
char *
_runtime_use_host_message_dup_member    (const RuntimeUseHostMessage  *self,
                                         RuntimeUseHostMember          member);
void
_runtime_use_host_message_get_abilities (const RuntimeUseHostMessage  *self,
                                         RuntimeUseHostAbilities      *abilities);
char **
_runtime_use_host_message_dup_blocks    (const RuntimeUseHostMessage  *self,
                                         GError                      **error);
RuntimeUseOutcome *
_runtime_use_host_message_to_outcome    (const RuntimeUseHostMessage  *self);

void
_runtime_use_host_message_log           (const RuntimeUseHostMessage  *self,
                                         RuntimeUseLogger             *logger);

/* What is written to a host, each with the end of its line. */
void
_runtime_use_host_message_append_invoke (GString                      *out,
                                         const char                   *id,
                                         RuntimeUseInvocation         *invocation);
void
_runtime_use_host_message_append_order  (GString                      *out,
                                         const char                   *type,
                                         const char                   *id);

G_END_DECLS
