/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtimeuse.h"

G_BEGIN_DECLS

/* What the command line says about the agent. */
typedef struct
{
  char     *name;
  char     *handler;
  char     *openai_api;
  gboolean  keys_for_tools;
  char    **limits;           /* NAME=VALUE of its properties */
} RucAgentOptions;

void                    ruc_agent_options_clear  (RucAgentOptions         *self);
char                   *ruc_agent_dup_limits     (void);

RuntimeUseAgentHandler *ruc_agent_new            (const RucAgentOptions   *options,
                                                  GError                 **error);
void                    ruc_agent_prepare_async  (RuntimeUseAgentHandler  *self,
                                                  GCancellable            *cancellable,
                                                  GAsyncReadyCallback      callback,
                                                  gpointer                 user_data);
gboolean                ruc_agent_prepare_finish (RuntimeUseAgentHandler  *self,
                                                  GAsyncResult            *result,
                                                  GError                 **error);
void                    ruc_agent_stop_async     (RuntimeUseAgentHandler  *self,
                                                  GAsyncReadyCallback      callback,
                                                  gpointer                 user_data);

G_END_DECLS
