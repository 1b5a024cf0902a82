/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-protocol-limits-private.h"

/**
 * RuntimeUseCommand:
 *
 * A command as a value: what `/bin/sh` is to run, where, and with which variables.
 *
 * It is only a description, and immutable.
 *
 * Since: 0.1
 */

struct _RuntimeUseCommand
{
  GObject parent_instance;

  char  *cwd;      /* (nullable): where the runtime works */
  char  *command;
  char **env;      /* (nullable): nothing besides our own */
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommand, runtime_use_command, G_TYPE_OBJECT)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("cwd"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommand, cwd),
  },
  {
    RUNTIME_USE_FIELD_NAME ("command"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_NOT_EMPTY),
    .offset = G_STRUCT_OFFSET (RuntimeUseCommand, command),
  },
  {
    RUNTIME_USE_FIELD_NAME ("env"),
    .kind = RUNTIME_USE_FIELD_ENV,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommand, env),
    .max_items = RUNTIME_USE_LIMIT_ENV_ITEMS,
  },
};

const RuntimeUseCodec _runtime_use_command_codec = {
  .get_type = runtime_use_command_get_type,
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_command_finalize (GObject *object)
{
  _runtime_use_codec_clear (&_runtime_use_command_codec, object);

  G_OBJECT_CLASS (runtime_use_command_parent_class)->finalize (object);
}

static void
runtime_use_command_class_init (RuntimeUseCommandClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_command_finalize;
}

static void
runtime_use_command_init (RuntimeUseCommand *self)
{
}

/**
 * runtime_use_command_new:
 * @command: what the shell is to run, not empty
 * @cwd: (nullable): the folder it works in, or `NULL` for where the runtime works
 * @env: (nullable) (array zero-terminated=1): variables as `NAME=VALUE`, or `NULL`
 *
 * Describes a command; nothing runs yet.
 *
 * What is not valid UTF-8 becomes U+FFFD.
 *
 * Returns: (transfer full): a new command
 *
 * Since: 0.1
 */
RuntimeUseCommand *
runtime_use_command_new (const char         *command,
                         const char         *cwd,
                         const char * const *env)
{
  RuntimeUseCommand *self;

  g_return_val_if_fail (command != NULL && command[0] != '\0', NULL);
  g_return_val_if_fail (_runtime_use_is_environ (env), NULL);

  self = g_object_new (RUNTIME_USE_TYPE_COMMAND, NULL);
  self->command = _runtime_use_dup_utf8 (command);
  self->cwd = _runtime_use_dup_utf8 (cwd);
  self->env = _runtime_use_dup_utf8_strv (env);

  return self;
}

/**
 * runtime_use_command_get_cwd:
 * @self: a command
 *
 * Gets the folder that a command works in.
 *
 * It is created when it is missing.
 *
 * Returns: (transfer none) (nullable): a path, or `NULL` for where the runtime works
 *
 * Since: 0.1
 */
const char *
runtime_use_command_get_cwd (RuntimeUseCommand *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND (self), NULL);

  return self->cwd;
}

/**
 * runtime_use_command_get_command:
 * @self: a command
 *
 * Gets what the shell is to run.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_command_get_command (RuntimeUseCommand *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND (self), NULL);

  return self->command;
}

/**
 * runtime_use_command_get_env:
 * @self: a command
 *
 * Gets the variables that are set for a command in addition to those of the runtime.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): items of the form
 *   `NAME=VALUE`, or `NULL`
 *
 * Since: 0.1
 */
const char * const *
runtime_use_command_get_env (RuntimeUseCommand *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND (self), NULL);

  return (const char * const *) self->env;
}
