/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-server-handler-private.h"

#include "runtime-use-absent-handler-private.h"

/*
 * The handler that all sessions of a server have: asks the server's signal
 * first, and its handler then, whichever it is at that time. Sessions keep
 * their handler alive; the server, which keeps them, must not be part of that.
 */

struct _RuntimeUseServerHandler
{
  GObject           parent_instance;

  RuntimeUseServer *server;   /* (nullable): weak */
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseServerHandler, _runtime_use_server_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

static gboolean
run_invocation (RuntimeUseAgentHandler  *handler,
                RuntimeUseInvocation    *invocation,
                GError                 **error)
{
  RuntimeUseServerHandler *self = RUNTIME_USE_SERVER_HANDLER (handler);
  g_autoptr(RuntimeUseServer) server = NULL;
  g_autoptr(RuntimeUseAgentHandler) chosen = NULL;
  gboolean is_taken = FALSE;

  if (self->server == NULL)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                           "The server is gone");
      return FALSE;
    }

  server = g_object_ref (self->server);
  g_signal_emit_by_name (server, "invocation", invocation, &is_taken);
  if (is_taken)
    return TRUE;

  g_object_get (server, "handler", &chosen, NULL);
  if (chosen == NULL)
    chosen = _runtime_use_absent_handler_new ();

  return runtime_use_agent_handler_run (chosen, invocation, error);
}

static char **
dup_secrets (RuntimeUseAgentHandler *handler,
             const char * const     *env)
{
  RuntimeUseServerHandler *self = RUNTIME_USE_SERVER_HANDLER (handler);
  g_autoptr(RuntimeUseAgentHandler) chosen = NULL;

  if (self->server != NULL)
    g_object_get (self->server, "handler", &chosen, NULL);

  return chosen != NULL ? runtime_use_agent_handler_dup_secrets (chosen, env) : NULL;
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = run_invocation;
  iface->dup_secrets = dup_secrets;
}

static void
_runtime_use_server_handler_finalize (GObject *object)
{
  RuntimeUseServerHandler *self = RUNTIME_USE_SERVER_HANDLER (object);

  g_clear_weak_pointer (&self->server);

  G_OBJECT_CLASS (_runtime_use_server_handler_parent_class)->finalize (object);
}

static void
_runtime_use_server_handler_class_init (RuntimeUseServerHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _runtime_use_server_handler_finalize;
}

static void
_runtime_use_server_handler_init (RuntimeUseServerHandler *self)
{
}

RuntimeUseAgentHandler *
_runtime_use_server_handler_new (RuntimeUseServer *server)
{
  RuntimeUseServerHandler *self = g_object_new (RUNTIME_USE_TYPE_SERVER_HANDLER, NULL);

  g_set_weak_pointer (&self->server, server);

  return RUNTIME_USE_AGENT_HANDLER (self);
}
