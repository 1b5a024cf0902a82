/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-absent-handler-private.h"

#include "runtime-use-built-in-agents-private.h"

/* Stands for an agent that is not there. A server without one still runs
 * commands, and whoever asks for more is told what to do.
 */

struct _RuntimeUseAbsentHandler
{
  GObject parent_instance;
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseAbsentHandler, _runtime_use_absent_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

static gboolean
runtime_use_absent_handler_run (RuntimeUseAgentHandler  *handler,
                                RuntimeUseInvocation    *invocation,
                                GError                 **error)
{
  g_autofree char *names = _runtime_use_built_in_agents_dup_names ();

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
               "No agent was chosen for this server. The built-in ones are: %s", names);

  return FALSE;
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = runtime_use_absent_handler_run;
}

static void
_runtime_use_absent_handler_class_init (RuntimeUseAbsentHandlerClass *klass)
{
}

static void
_runtime_use_absent_handler_init (RuntimeUseAbsentHandler *self)
{
}

RuntimeUseAgentHandler *
_runtime_use_absent_handler_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_ABSENT_HANDLER, NULL);
}
