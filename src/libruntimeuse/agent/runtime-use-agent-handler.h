/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-invocation.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_AGENT_HANDLER (runtime_use_agent_handler_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_INTERFACE (RuntimeUseAgentHandler, runtime_use_agent_handler,
                     RUNTIME_USE, AGENT_HANDLER, GObject)

/**
 * RuntimeUseAgentHandlerInterface:
 * @parent_iface: the parent interface
 * @run: takes on an invocation and returns at once
 *
 * What an agent has to offer.
 *
 * Since: 0.1
 */
struct _RuntimeUseAgentHandlerInterface
{
  GTypeInterface parent_iface;

  /**
   * RuntimeUseAgentHandlerInterface::run:
   * @self: the handler
   * @invocation: what is asked for
   * @error: return location for an error, or `NULL`
   *
   * Takes on @invocation and returns at once.
   *
   * Returns: `TRUE` if @invocation was taken on, `FALSE` with @error set otherwise
   *
   * Since: 0.1
   */
  gboolean (* run) (RuntimeUseAgentHandler  *self,
                    RuntimeUseInvocation    *invocation,
                    GError                 **error);

  /**
   * RuntimeUseAgentHandlerInterface::dup_secrets:
   * @self: the handler
   * @env: (nullable) (array zero-terminated=1): variables of the request, as `NAME=VALUE`
   *
   * Tells what must not appear in anything that is said about a request, such as keys that the
   * agent uses. A handler that has no secrets need not have this.
   *
   * Returns: (transfer full) (nullable) (array zero-terminated=1): secrets
   *
   * Since: 0.1
   */
  char ** (* dup_secrets) (RuntimeUseAgentHandler *self,
                           const char * const     *env);
};

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean   runtime_use_agent_handler_run         (RuntimeUseAgentHandler  *self,
                                                  RuntimeUseInvocation    *invocation,
                                                  GError                 **error);
RUNTIME_USE_AVAILABLE_IN_0_1
char     **runtime_use_agent_handler_dup_secrets (RuntimeUseAgentHandler  *self,
                                                  const char * const      *env);

G_END_DECLS
