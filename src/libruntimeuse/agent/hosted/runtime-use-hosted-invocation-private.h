/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-host-private.h"
#include "runtime-use-invocation.h"

G_BEGIN_DECLS

/* One invocation on its way through a host. */
typedef struct _RuntimeUseHostedInvocation RuntimeUseHostedInvocation;

typedef struct
{
  /* It is about to be answered; the owner frees it. */
  void (* ended)       (RuntimeUseHostedInvocation *self,
                        gpointer                    user_data);

  /* So much waits for its client that its host must not be read, or no longer. */
  void (* stuck)       (RuntimeUseHostedInvocation *self,
                        gpointer                    user_data);

  /* It did not end in time after a cancel. */
  void (* overstayed)  (RuntimeUseHostedInvocation *self,
                        gpointer                    user_data);
} RuntimeUseHostedInvocationEvents;

RuntimeUseHostedInvocation *
_runtime_use_hosted_invocation_new      (RuntimeUseInvocation                   *invocation,
                                         const char                             *id,
                                         const RuntimeUseHostedInvocationEvents *events,
                                         gpointer                                user_data);
void
_runtime_use_hosted_invocation_free     (RuntimeUseHostedInvocation             *self);

const char *
_runtime_use_hosted_invocation_get_id   (RuntimeUseHostedInvocation             *self);
RuntimeUseHost *
_runtime_use_hosted_invocation_get_host (RuntimeUseHostedInvocation             *self);
gboolean
_runtime_use_hosted_invocation_is_stuck (RuntimeUseHostedInvocation             *self);

void
_runtime_use_hosted_invocation_assign   (RuntimeUseHostedInvocation             *self,
                                         RuntimeUseHost                         *host);
gboolean
_runtime_use_hosted_invocation_retreat  (RuntimeUseHostedInvocation             *self,
                                         guint                                   max);
void
_runtime_use_hosted_invocation_take     (RuntimeUseHostedInvocation             *self,
                                         const RuntimeUseHostMessage            *message,
                                         const char                             *line,
                                         gsize                                   length);
void
_runtime_use_hosted_invocation_lose     (RuntimeUseHostedInvocation             *self,
                                         const GError                           *error);

G_END_DECLS
