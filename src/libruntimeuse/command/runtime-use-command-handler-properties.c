/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-handler.h"

#include "runtime-use-command-settings-private.h"

/*
 * The properties of a command handler: what it runs and how, with the defaults and limits.
 */

#define DEFAULT_GRACE 2000
#define MAX_GRACE (3600 * 1000)
#define DEFAULT_TIMEOUT 86400

typedef enum
{
  PROP_COMMAND = 1,
  PROP_REDACTOR,
  PROP_ENVIRON,
  PROP_SHELL,
  PROP_GRACE,
  PROP_TIMEOUT,
  PROP_PAUSED,
} RuntimeUseCommandHandlerProperty;

static GParamSpec *props[PROP_PAUSED + 1];

void
_runtime_use_command_settings_init (RuntimeUseCommandSettings *self)
{
  self->grace = DEFAULT_GRACE;
  self->timeout = DEFAULT_TIMEOUT;
}

void
_runtime_use_command_settings_clear (RuntimeUseCommandSettings *self)
{
  g_clear_object (&self->command);
  g_clear_object (&self->redactor);
  g_clear_pointer (&self->environ, g_strfreev);
  g_clear_pointer (&self->shell, g_strfreev);
}

void
_runtime_use_command_handler_notify_paused (RuntimeUseCommandHandler *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PAUSED]);
}

static void
runtime_use_command_handler_get_property (GObject    *object,
                                          guint       prop_id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);
  const RuntimeUseCommandSettings *settings = _runtime_use_command_handler_get_settings (self);

  switch ((RuntimeUseCommandHandlerProperty) prop_id)
    {
    case PROP_COMMAND:
      g_value_set_object (value, settings->command);
      break;

    case PROP_REDACTOR:
      g_value_set_object (value, settings->redactor);
      break;

    case PROP_ENVIRON:
      g_value_set_boxed (value, settings->environ);
      break;

    case PROP_SHELL:
      g_value_set_boxed (value, settings->shell);
      break;

    case PROP_GRACE:
      g_value_set_uint (value, settings->grace);
      break;

    case PROP_TIMEOUT:
      g_value_set_uint (value, settings->timeout);
      break;

    case PROP_PAUSED:
      g_value_set_boolean (value, runtime_use_command_handler_get_paused (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_command_handler_set_property (GObject      *object,
                                          guint         prop_id,
                                          const GValue *value,
                                          GParamSpec   *pspec)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);

  switch ((RuntimeUseCommandHandlerProperty) prop_id)
    {
    case PROP_COMMAND:
      _runtime_use_command_handler_get_settings (self)->command = g_value_dup_object (value);
      break;

    case PROP_REDACTOR:
      runtime_use_command_handler_set_redactor (self, g_value_get_object (value));
      break;

    case PROP_ENVIRON:
      runtime_use_command_handler_set_environ (self, g_value_get_boxed (value));
      break;

    case PROP_SHELL:
      runtime_use_command_handler_set_shell (self, g_value_get_boxed (value));
      break;

    case PROP_GRACE:
      runtime_use_command_handler_set_grace (self, g_value_get_uint (value));
      break;

    case PROP_TIMEOUT:
      runtime_use_command_handler_set_timeout (self, g_value_get_uint (value));
      break;

    case PROP_PAUSED:
      runtime_use_command_handler_set_paused (self, g_value_get_boolean (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_command_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseCommandHandler:command:
   *
   * What is run.
   *
   * Since: 0.1
   */
  props[PROP_COMMAND] =
    g_param_spec_object ("command", NULL, NULL, RUNTIME_USE_TYPE_COMMAND,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseCommandHandler:environ:
   *
   * The variables, as `NAME=VALUE`, that those of the command are laid over.
   *
   * If `NULL`, the default, they are the environment of this process without what is meant for
   * this process alone: `CREDENTIALS_DIRECTORY`, `DBUS_STARTER_*`, `LISTEN_*`, `NOTIFY_SOCKET`,
   * `WATCHDOG_PID`, `WATCHDOG_USEC` and `RUNTIMEUSE_TOKEN*`. What is set after the start is of no
   * effect.
   *
   * Since: 0.1
   */
  props[PROP_ENVIRON] =
    g_param_spec_boxed ("environ", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * RuntimeUseCommandHandler:shell:
   *
   * The program that the command is given to, by its absolute path, and what that program gets
   * before `-c` and the command; `NULL`, the default, is `/bin/sh` alone. What is set after the
   * start is of no effect.
   *
   * Since: 0.1
   */
  props[PROP_SHELL] =
    g_param_spec_boxed ("shell", NULL, NULL, G_TYPE_STRV, flags);
}

static void
install_output_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseCommandHandler:redactor:
   *
   * Hides secrets in the output, also when they arrive in pieces. Without one the output passes
   * as it is. What is set after the start is of no effect.
   *
   * Since: 0.1
   */
  props[PROP_REDACTOR] =
    g_param_spec_object ("redactor", NULL, NULL, RUNTIME_USE_TYPE_REDACTOR, flags);

  /**
   * RuntimeUseCommandHandler:paused:
   *
   * Whether output is left in the pipes, so that the command waits when they are full. Cancelling
   * and deadlines work all the same; a command that ends while this is set is not finished until
   * its output can be read.
   *
   * Since: 0.1
   */
  props[PROP_PAUSED] =
    g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);
}

static void
install_time_limits (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseCommandHandler:grace:
   *
   * How long processes that are told to end by `SIGTERM` may take until they are killed, in
   * milliseconds; 0 kills at once. What is set after the start is of no effect.
   *
   * Since: 0.1
   */
  props[PROP_GRACE] =
    g_param_spec_uint ("grace", NULL, NULL, 0, MAX_GRACE, DEFAULT_GRACE, flags);

  /**
   * RuntimeUseCommandHandler:timeout:
   *
   * How long the command may take until it is ended, in seconds. What is set after the start is of
   * no effect.
   *
   * Since: 0.1
   */
  props[PROP_TIMEOUT] =
    g_param_spec_uint ("timeout", NULL, NULL, 1, G_MAXUINT, DEFAULT_TIMEOUT, flags);
}

void
_runtime_use_command_handler_install_properties (GObjectClass *object_class)
{
  object_class->get_property = runtime_use_command_handler_get_property;
  object_class->set_property = runtime_use_command_handler_set_property;

  install_command_properties ();
  install_output_properties ();
  install_time_limits ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

/**
 * runtime_use_command_handler_get_command:
 * @self: a handler
 *
 * Gets the command that @self runs.
 *
 * Returns: (transfer none): the command
 *
 * Since: 0.1
 */
RuntimeUseCommand *
runtime_use_command_handler_get_command (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return _runtime_use_command_handler_get_settings (self)->command;
}

/**
 * runtime_use_command_handler_get_redactor:
 * @self: a handler
 *
 * Gets what hides secrets in the output.
 *
 * Returns: (transfer none) (nullable): the redactor
 *
 * Since: 0.1
 */
RuntimeUseRedactor *
runtime_use_command_handler_get_redactor (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return _runtime_use_command_handler_get_settings (self)->redactor;
}

/**
 * runtime_use_command_handler_set_redactor:
 * @self: a handler
 * @redactor: (nullable): the redactor
 *
 * Sets [property@RuntimeUse.CommandHandler:redactor].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_redactor (RuntimeUseCommandHandler *self,
                                          RuntimeUseRedactor       *redactor)
{
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (redactor == NULL || RUNTIME_USE_IS_REDACTOR (redactor));

  if (g_set_object (&_runtime_use_command_handler_get_settings (self)->redactor, redactor))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REDACTOR]);
}

/**
 * runtime_use_command_handler_get_environ:
 * @self: a handler
 *
 * Gets the variables that those of the command are laid over.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the variables, as `NAME=VALUE`
 *
 * Since: 0.1
 */
const char * const *
runtime_use_command_handler_get_environ (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return (const char * const *) _runtime_use_command_handler_get_settings (self)->environ;
}

/**
 * runtime_use_command_handler_set_environ:
 * @self: a handler
 * @variables: (nullable) (array zero-terminated=1): the variables, as `NAME=VALUE`
 *
 * Sets [property@RuntimeUse.CommandHandler:environ].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_environ (RuntimeUseCommandHandler *self,
                                         const char * const       *variables)
{
  RuntimeUseCommandSettings *settings;
  char **copy;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));

  settings = _runtime_use_command_handler_get_settings (self);
  copy = g_strdupv ((char **) variables);
  g_strfreev (settings->environ);
  settings->environ = copy;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ENVIRON]);
}

/**
 * runtime_use_command_handler_get_shell:
 * @self: a handler
 *
 * Gets the program that the command is given to, and what that gets before `-c`.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the program and its arguments;
 *   `NULL` for `/bin/sh`
 *
 * Since: 0.1
 */
const char * const *
runtime_use_command_handler_get_shell (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return (const char * const *) _runtime_use_command_handler_get_settings (self)->shell;
}

/**
 * runtime_use_command_handler_set_shell:
 * @self: a handler
 * @shell: (nullable) (array zero-terminated=1): the absolute path of a program, and arguments
 *
 * Sets [property@RuntimeUse.CommandHandler:shell]. An empty array is the same as `NULL`.
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_shell (RuntimeUseCommandHandler *self,
                                       const char * const       *shell)
{
  RuntimeUseCommandSettings *settings;
  char **copy;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));

  settings = _runtime_use_command_handler_get_settings (self);
  if (settings->shell == NULL && shell == NULL)
    return;

  copy = shell != NULL && shell[0] != NULL ? g_strdupv ((char **) shell) : NULL;
  g_strfreev (settings->shell);
  settings->shell = copy;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SHELL]);
}

/**
 * runtime_use_command_handler_get_grace:
 * @self: a handler
 *
 * Gets the time between asking processes to end and killing them.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
runtime_use_command_handler_get_grace (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), 0);

  return _runtime_use_command_handler_get_settings (self)->grace;
}

/**
 * runtime_use_command_handler_set_grace:
 * @self: a handler
 * @grace: milliseconds, at most 3,600,000
 *
 * Sets [property@RuntimeUse.CommandHandler:grace].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_grace (RuntimeUseCommandHandler *self,
                                       guint                     grace)
{
  RuntimeUseCommandSettings *settings;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (grace <= MAX_GRACE);

  settings = _runtime_use_command_handler_get_settings (self);
  if (settings->grace == grace)
    return;

  settings->grace = grace;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_GRACE]);
}

/**
 * runtime_use_command_handler_get_timeout:
 * @self: a handler
 *
 * Gets how long the command may take.
 *
 * Returns: seconds
 *
 * Since: 0.1
 */
guint
runtime_use_command_handler_get_timeout (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), 0);

  return _runtime_use_command_handler_get_settings (self)->timeout;
}

/**
 * runtime_use_command_handler_set_timeout:
 * @self: a handler
 * @timeout: seconds, at least 1
 *
 * Sets [property@RuntimeUse.CommandHandler:timeout].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_timeout (RuntimeUseCommandHandler *self,
                                         guint                     timeout)
{
  RuntimeUseCommandSettings *settings;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (timeout > 0);

  settings = _runtime_use_command_handler_get_settings (self);
  if (settings->timeout == timeout)
    return;

  settings->timeout = timeout;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMEOUT]);
}
