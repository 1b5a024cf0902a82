/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-hosted-handler.h"

#include "runtime-use-host-pool-private.h"
#include "runtime-use-host-program-private.h"
#include "runtime-use-hosted-invocation-private.h"
#include "runtime-use-setting-private.h"
#include "runtime-use-task-queue-private.h"

/**
 * RuntimeUseHostedHandler:
 *
 * An agent in a file of its own, in any language.
 *
 * The file is a module in JavaScript or TypeScript (`.js`, `.mjs`, `.cjs`,
 * `.ts`), which `bun` or else `node` runs, one in Python (`.py`), or an
 * executable program. It is loaded by a child process, its host, which stays
 * warm between invocations and speaks JSON lines over its descriptors 3 and 4.
 *
 * A host that takes any number of invocations at once serves all of them; of
 * one that takes few, further ones are started, up to
 * [property@RuntimeUse.HostedHandler:max-hosts]. When a host dies, the
 * invocations that it served fail with its last words, and the next one starts
 * it again. A host whose handler does not heed a cancel within the session's
 * `kill-grace` is killed, with all that it has started.
 *
 * Hosts are started when they are first needed, or by
 * [method@RuntimeUse.HostedHandler.prepare_async], which also tells whether
 * the file can be loaded. They end with
 * [method@RuntimeUse.HostedHandler.stop_async], or when the handler is
 * disposed, which kills them.
 *
 * Since: 0.1
 */

struct _RuntimeUseHostedHandler
{
  GObject             parent_instance;

  char               *path;
  guint               max_hosts;
  guint               start_timeout;
  guint64             max_line_size;

  RuntimeUseHostPool *hosts;
  GHashTable         *invocations;   /* RuntimeUseHostedInvocation by its id, all there are */
  GQueue              waiting;       /* of these, those that have no host yet */
  guint               concurrent;    /* what the last host said that it can do at once */
  gboolean            is_crowded;    /* no further host could start beside those there are */
  guint64             n_invocations;

  RuntimeUseTaskQueue preparing;
  RuntimeUseTaskQueue stopping;
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseHostedHandler, runtime_use_hosted_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

typedef enum
{
  PROP_PATH = 1,
  PROP_FIRST_SETTING,
} RuntimeUseHostedHandlerProperty;

static const RuntimeUseSetting settings[] = {
  /**
   * RuntimeUseHostedHandler:max-hosts:
   *
   * How many processes there may be at once for a handler that takes only so
   * many invocations at a time. Who finds all of them busy waits.
   *
   * The hosts of JavaScript and Python take any number, so there is one of
   * them. The default is 8.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-hosts", RuntimeUseHostedHandler, max_hosts, 1, 1024, 8),

  /**
   * RuntimeUseHostedHandler:start-timeout:
   *
   * How long a host may take until it is ready, in seconds.
   *
   * The default is 30.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("start-timeout", RuntimeUseHostedHandler, start_timeout,
                              1, G_MAXUINT / 1000, 30),

  /**
   * RuntimeUseHostedHandler:max-line-size:
   *
   * How long one line of a host may be, in bytes. A host that writes a longer
   * one is ended.
   *
   * The default is 8 MiB.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SIZE_SETTING ("max-line-size", RuntimeUseHostedHandler, max_line_size,
                            1024, 1024 * 1024 * 1024, 8 * 1024 * 1024),
};

static void dispatch (RuntimeUseHostedHandler *self);

/* Nobody can be served, so all who wait hear why. */
static void
fail_waiting (RuntimeUseHostedHandler *self,
              const GError            *error)
{
  g_autoptr(GPtrArray) waiting = g_ptr_array_new ();
  gpointer invocation;

  while ((invocation = g_queue_pop_head (&self->waiting)) != NULL)
    g_ptr_array_add (waiting, invocation);
  for (guint i = 0; i < waiting->len; i++)
    _runtime_use_hosted_invocation_lose (g_ptr_array_index (waiting, i), error);

  _runtime_use_task_queue_return_all (&self->preparing, error);
}

/* What hosts report */

static void
host_ready_cb (RuntimeUseHost *host,
               gpointer        user_data)
{
  g_autoptr(RuntimeUseHostedHandler) self = g_object_ref (user_data);

  self->concurrent = _runtime_use_host_get_abilities (host)->concurrent;
  _runtime_use_task_queue_return_all (&self->preparing, NULL);
  dispatch (self);
}

static void
host_message_cb (RuntimeUseHost              *host,
                 const RuntimeUseHostMessage *message,
                 const char                  *line,
                 gsize                        length,
                 gpointer                     user_data)
{
  g_autoptr(RuntimeUseHostedHandler) self = g_object_ref (user_data);
  g_autofree char *id = NULL;
  RuntimeUseHostedInvocation *invocation = NULL;

  id = _runtime_use_host_message_dup_member (message, RUNTIME_USE_HOST_MEMBER_ID);
  if (id != NULL)
    invocation = g_hash_table_lookup (self->invocations, id);

  /* One host cannot answer for another. */
  if (invocation != NULL && _runtime_use_hosted_invocation_get_host (invocation) == host)
    _runtime_use_hosted_invocation_take (invocation, message, line, length);
  else if (message->kind == RUNTIME_USE_HOST_MESSAGE_LOG)
    _runtime_use_host_message_log (message, _runtime_use_host_get_logger (host));
  else if (message->kind != RUNTIME_USE_HOST_MESSAGE_ASSISTANT)
    runtime_use_logger_info (_runtime_use_host_get_logger (host),
                             "ignored a message that belongs to no invocation, or no longer");
}

/* Any invocation that @host serves, or any that is stuck. */
static RuntimeUseHostedInvocation *
find_served (RuntimeUseHostedHandler *self,
             RuntimeUseHost          *host,
             gboolean                 stuck)
{
  GHashTableIter iter;
  gpointer invocation;

  g_hash_table_iter_init (&iter, self->invocations);
  while (g_hash_table_iter_next (&iter, NULL, &invocation))
    if (_runtime_use_hosted_invocation_get_host (invocation) == host &&
        (!stuck || _runtime_use_hosted_invocation_is_stuck (invocation)))
      return invocation;

  return NULL;
}

static void
host_gone_cb (RuntimeUseHost *host,
              const GError   *error,
              gpointer        user_data)
{
  g_autoptr(RuntimeUseHostedHandler) self = g_object_ref (user_data);
  gboolean was_ready = _runtime_use_host_is_ready (host);
  RuntimeUseHostedInvocation *served;

  _runtime_use_host_pool_remove (self->hosts, host);
  self->is_crowded = !was_ready && _runtime_use_host_pool_has_live (self->hosts);
  if ((was_ready || self->is_crowded) && find_served (self, host, FALSE) == NULL &&
      _runtime_use_task_queue_is_empty (&self->stopping))
    runtime_use_logger_info (_runtime_use_host_get_logger (host), error->message);
  /* All hosts that were there may have died at once. */
  while ((served = find_served (self, host, FALSE)) != NULL)
    if (_runtime_use_task_queue_is_empty (&self->stopping) &&
        _runtime_use_hosted_invocation_retreat (served, self->max_hosts))
      g_queue_push_head (&self->waiting, served);
    else
      _runtime_use_hosted_invocation_lose (served, error);

  if (!was_ready && !self->is_crowded)
    fail_waiting (self, error);
  if (_runtime_use_host_pool_get_size (self->hosts) == 0)
    _runtime_use_task_queue_return_all (&self->stopping, NULL);
  dispatch (self);
}

static const RuntimeUseHostEvents host_events = {
  .ready = host_ready_cb,
  .message = host_message_cb,
  .gone = host_gone_cb,
};

/* Starting hosts, and giving them work */

static gboolean
start_host (RuntimeUseHostedHandler  *self,
            GError                  **error)
{
  const RuntimeUseHostLimits limits = { self->start_timeout, self->max_line_size };
  g_autofree char *name = g_path_get_basename (self->path);
  g_autoptr(RuntimeUseCommand) command = NULL;
  g_autoptr(RuntimeUseHost) host = NULL;

  command = _runtime_use_host_program_find (self->path, error);
  if (command == NULL)
    return FALSE;

  host = _runtime_use_host_new (name, &limits, &host_events, self);
  if (!_runtime_use_host_start (host, command, error))
    return FALSE;

  _runtime_use_host_pool_add (self->hosts, g_steal_pointer (&host));

  return TRUE;
}

/* How many more hosts those who wait could use. */
static guint
count_wanted (RuntimeUseHostedHandler *self)
{
  guint n_needed = self->waiting.length / self->concurrent +
                   (self->waiting.length % self->concurrent > 0);
  guint n_starting;

  /* It would be started and end again and again, while those who wait are served in turn. */
  if (self->is_crowded)
    return 0;

  if (!_runtime_use_task_queue_is_empty (&self->preparing))
    n_needed = MAX (n_needed, 1);

  n_starting = _runtime_use_host_pool_count_starting (self->hosts);

  return n_needed > n_starting ? n_needed - n_starting : 0;
}

static void
dispatch (RuntimeUseHostedHandler *self)
{
  g_autoptr(GError) error = NULL;
  RuntimeUseHost *host;
  guint n_wanted;

  while (self->waiting.length > 0 &&
         (host = _runtime_use_host_pool_occupy (self->hosts)) != NULL)
    _runtime_use_hosted_invocation_assign (g_queue_pop_head (&self->waiting), host);

  for (n_wanted = count_wanted (self);
       n_wanted > 0 && _runtime_use_host_pool_get_size (self->hosts) < self->max_hosts &&
       error == NULL;
       n_wanted--)
    if (!start_host (self, &error) && !_runtime_use_host_pool_has_live (self->hosts))
      fail_waiting (self, error);
}

/* What invocations report */

static void
invocation_ended_cb (RuntimeUseHostedInvocation *invocation,
                     gpointer                    user_data)
{
  g_autoptr(RuntimeUseHostedHandler) self = user_data;
  RuntimeUseHost *host = _runtime_use_hosted_invocation_get_host (invocation);
  gboolean is_host_there = _runtime_use_host_pool_vacate (self->hosts, host);

  self->is_crowded = FALSE;
  g_queue_remove (&self->waiting, invocation);
  g_hash_table_remove (self->invocations, _runtime_use_hosted_invocation_get_id (invocation));
  if (is_host_there)
    _runtime_use_host_set_paused (host, find_served (self, host, TRUE) != NULL);
  dispatch (self);
}

static void
invocation_stuck_cb (RuntimeUseHostedInvocation *invocation,
                     gpointer                    user_data)
{
  RuntimeUseHostedHandler *self = user_data;
  RuntimeUseHost *host = _runtime_use_hosted_invocation_get_host (invocation);

  if (_runtime_use_host_pool_contains (self->hosts, host))
    _runtime_use_host_set_paused (host, find_served (self, host, TRUE) != NULL);
}

static void
invocation_overstayed_cb (RuntimeUseHostedInvocation *invocation,
                          gpointer                    user_data)
{
  RuntimeUseHostedHandler *self = user_data;
  g_autofree char *name = g_path_get_basename (self->path);

  _runtime_use_host_kill (_runtime_use_hosted_invocation_get_host (invocation),
                          g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                                       "%s: its process was killed, since an invocation that it "
                                       "served went on after it was cancelled", name));
}

static const RuntimeUseHostedInvocationEvents invocation_events = {
  .ended = invocation_ended_cb,
  .stuck = invocation_stuck_cb,
  .overstayed = invocation_overstayed_cb,
};

static gboolean
runtime_use_hosted_handler_run (RuntimeUseAgentHandler  *handler,
                                RuntimeUseInvocation    *invocation,
                                GError                 **error)
{
  RuntimeUseHostedHandler *self = RUNTIME_USE_HOSTED_HANDLER (handler);
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, ++self->n_invocations);
  RuntimeUseHostedInvocation *hosted;

  if (!_runtime_use_task_queue_is_empty (&self->stopping))
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                           "The handler is being stopped");
      return FALSE;
    }

  /* Each invocation keeps the handler. */
  hosted = _runtime_use_hosted_invocation_new (invocation, id, &invocation_events,
                                               g_object_ref (self));
  g_hash_table_insert (self->invocations,
                       (gpointer) _runtime_use_hosted_invocation_get_id (hosted), hosted);
  g_queue_push_tail (&self->waiting, hosted);
  dispatch (self);

  return TRUE;
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = runtime_use_hosted_handler_run;
}

/* GObject */

static void
runtime_use_hosted_handler_dispose (GObject *object)
{
  RuntimeUseHostedHandler *self = RUNTIME_USE_HOSTED_HANDLER (object);

  _runtime_use_host_pool_kill (self->hosts);

  G_OBJECT_CLASS (runtime_use_hosted_handler_parent_class)->dispose (object);
}

static void
runtime_use_hosted_handler_finalize (GObject *object)
{
  RuntimeUseHostedHandler *self = RUNTIME_USE_HOSTED_HANDLER (object);

  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->hosts, _runtime_use_host_pool_free);
  g_clear_pointer (&self->invocations, g_hash_table_unref);
  g_queue_clear (&self->waiting);

  G_OBJECT_CLASS (runtime_use_hosted_handler_parent_class)->finalize (object);
}

static void
runtime_use_hosted_handler_get_property (GObject    *object,
                                         guint       prop_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  RuntimeUseHostedHandler *self = RUNTIME_USE_HOSTED_HANDLER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    _runtime_use_setting_get (&settings[prop_id - PROP_FIRST_SETTING], self, value);
  else
    g_value_set_string (value, self->path);
}

static void
runtime_use_hosted_handler_set_property (GObject      *object,
                                         guint         prop_id,
                                         const GValue *value,
                                         GParamSpec   *pspec)
{
  RuntimeUseHostedHandler *self = RUNTIME_USE_HOSTED_HANDLER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    _runtime_use_setting_set (&settings[prop_id - PROP_FIRST_SETTING], self, value);
  else /* The directory of the process may change. */
    self->path = g_canonicalize_filename (g_value_get_string (value), NULL);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * RuntimeUseHostedHandler:path:
   *
   * The file that holds the handler, as an absolute path.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_PATH,
                                   g_param_spec_string ("path", NULL, NULL, NULL,
                                                        (G_PARAM_READWRITE |
                                                         G_PARAM_CONSTRUCT_ONLY |
                                                         G_PARAM_STATIC_STRINGS)));

  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class,
                                 PROP_FIRST_SETTING, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

static void
runtime_use_hosted_handler_class_init (RuntimeUseHostedHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_hosted_handler_dispose;
  object_class->finalize = runtime_use_hosted_handler_finalize;
  object_class->get_property = runtime_use_hosted_handler_get_property;
  object_class->set_property = runtime_use_hosted_handler_set_property;
  install_properties (object_class);
}

static void
runtime_use_hosted_handler_init (RuntimeUseHostedHandler *self)
{
  _runtime_use_settings_init (settings, G_N_ELEMENTS (settings), self);
  self->concurrent = 1;
  g_queue_init (&self->waiting);
  self->hosts = _runtime_use_host_pool_new ();
  self->invocations =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                           (GDestroyNotify) _runtime_use_hosted_invocation_free);
  _runtime_use_task_queue_init (&self->preparing);
  _runtime_use_task_queue_init (&self->stopping);
}

/**
 * runtime_use_hosted_handler_new:
 * @path: (type filename): the file that holds the handler; a relative path starts from the current
 *   directory
 *
 * Makes an agent of the handler in @path.
 *
 * The file is looked at when the handler is prepared or first used.
 *
 * Returns: (transfer full): a new handler
 *
 * Since: 0.1
 */
RuntimeUseHostedHandler *
runtime_use_hosted_handler_new (const char *path)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (RUNTIME_USE_TYPE_HOSTED_HANDLER, "path", path, NULL);
}

/**
 * runtime_use_hosted_handler_get_path:
 * @self: a handler
 *
 * Gets the file that holds the handler.
 *
 * Returns: (type filename): an absolute path
 *
 * Since: 0.1
 */
const char *
runtime_use_hosted_handler_get_path (RuntimeUseHostedHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_HOSTED_HANDLER (self), NULL);

  return self->path;
}

/**
 * runtime_use_hosted_handler_prepare_async:
 * @self: a handler
 * @cancellable: (nullable): gives up waiting; the host goes on starting
 * @callback: (scope async): called when the handler is loaded, or cannot be
 * @user_data: (closure callback): passed to @callback
 *
 * Starts a host and has it load the handler, unless that is done already.
 *
 * Since: 0.1
 */
void
runtime_use_hosted_handler_prepare_async (RuntimeUseHostedHandler *self,
                                          GCancellable            *cancellable,
                                          GAsyncReadyCallback      callback,
                                          gpointer                 user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_HOSTED_HANDLER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_hosted_handler_prepare_async);

  if (!_runtime_use_task_queue_is_empty (&self->stopping))
    {
      g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                               "The handler is being stopped");
      return;
    }
  if (_runtime_use_host_pool_has_ready (self->hosts))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  /* Who gives up waiting is not kept until the host is ready or not. */
  _runtime_use_task_queue_push_cancellable (&self->preparing, g_steal_pointer (&task));
  dispatch (self);
}

/**
 * runtime_use_hosted_handler_prepare_finish:
 * @self: a handler
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Gets whether the handler is loaded.
 *
 * Fails with `RUNTIME_USE_ERROR_INVALID_ARGUMENT` if the file is missing or
 * cannot be run, with `RUNTIME_USE_ERROR_SPAWN_FAILED` if a program that it
 * needs is missing, with `RUNTIME_USE_ERROR_AGENT_FAILED` if it cannot be
 * loaded, and with `RUNTIME_USE_ERROR_TIMED_OUT` if that takes too long. The
 * text says what a person has to know.
 *
 * Returns: `TRUE` if it is, `FALSE` with @error set otherwise
 *
 * Since: 0.1
 */
gboolean
runtime_use_hosted_handler_prepare_finish (RuntimeUseHostedHandler  *self,
                                           GAsyncResult             *result,
                                           GError                  **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_HOSTED_HANDLER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_hosted_handler_stop_async:
 * @self: a handler
 * @cancellable: (nullable): if triggered, the result is `G_IO_ERROR_CANCELLED`, though no sooner
 * @callback: (scope async): called when no process of the handler is left
 * @user_data: (closure callback): passed to @callback
 *
 * Ends all hosts: they are asked to, and killed after two seconds.
 *
 * What they still serve fails with `RUNTIME_USE_ERROR_CLOSED`. Afterwards the
 * handler can be used again, with new hosts.
 *
 * Since: 0.1
 */
void
runtime_use_hosted_handler_stop_async (RuntimeUseHostedHandler *self,
                                       GCancellable            *cancellable,
                                       GAsyncReadyCallback      callback,
                                       gpointer                 user_data)
{
  g_autoptr(RuntimeUseHostedHandler) alive = NULL;
  g_autoptr(GError) error = NULL;
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_HOSTED_HANDLER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  alive = g_object_ref (self);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_hosted_handler_stop_async);
  _runtime_use_task_queue_push (&self->stopping, task);

  error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                               "The handler was stopped");
  fail_waiting (self, error);
  _runtime_use_host_pool_hang_up (self->hosts);
  if (_runtime_use_host_pool_get_size (self->hosts) == 0)
    _runtime_use_task_queue_return_all (&self->stopping, NULL);
}

/**
 * runtime_use_hosted_handler_stop_finish:
 * @self: a handler
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.HostedHandler.stop_async].
 *
 * Returns: `TRUE`, or `FALSE` with @error set if the waiting was cancelled
 *
 * Since: 0.1
 */
gboolean
runtime_use_hosted_handler_stop_finish (RuntimeUseHostedHandler  *self,
                                        GAsyncResult             *result,
                                        GError                  **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_HOSTED_HANDLER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
