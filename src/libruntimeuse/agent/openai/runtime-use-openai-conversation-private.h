/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "runtime-use-invocation.h"
#include "runtime-use-openai-turn-private.h"
#include "runtime-use-output-format-private.h"

G_BEGIN_DECLS

/* What the handler says about its conversations. */
typedef struct
{
  guint    max_turns;
  guint    max_retries;
  guint    connect_timeout;   /* seconds */
  guint    idle_timeout;      /* seconds */
  guint    tool_timeout;      /* milliseconds */
  guint64  max_tool_output;   /* bytes */
  guint64  max_size;          /* bytes */
  gboolean keys_for_tools;
} RuntimeUseOpenaiSettings;

/* Where the model is. */
typedef struct
{
  char     *base_url;
  char     *key;            /* (nullable) */
  char     *organization;   /* (nullable) */
  char     *project;        /* (nullable) */
  gboolean  may_be_chat;    /* whether the API is found out */
} RuntimeUseOpenaiService;

/* Told once the service has shown which API it has. */
typedef void (* RuntimeUseOpenaiFoundFunc) (const char                    *base_url,
                                            const RuntimeUseOpenaiDialect *dialect,
                                            gpointer                       user_data);

void     _runtime_use_openai_service_clear (RuntimeUseOpenaiService         *self);

/* Answers @invocation, now or later. */
void     _runtime_use_openai_converse      (RuntimeUseInvocation            *invocation,
                                            SoupSession                     *session,
                                            RuntimeUseOpenaiService         *service,
                                            const RuntimeUseOpenaiSettings  *settings,
                                            const RuntimeUseOpenaiDialect   *dialect,
                                            RuntimeUseOutputFormat          *format,
                                            RuntimeUseOpenaiFoundFunc        found,
                                            gpointer                         user_data,
                                            GDestroyNotify                   destroy);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RuntimeUseOpenaiService, _runtime_use_openai_service_clear)

G_END_DECLS
