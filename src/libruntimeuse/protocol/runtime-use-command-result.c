/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-result-private.h"

#include <string.h>

#include "runtime-use-codecs-private.h"

/**
 * RuntimeUseCommandResult:
 *
 * How one command of a request ended.
 *
 * Since: 0.1
 */

struct _RuntimeUseCommandResult
{
  GObject parent_instance;

  char     *command;
  gint64    exit_code;
  GBytes   *stdout_text;       /* (nullable): printed nothing */
  gboolean  stdout_truncated;
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommandResult, runtime_use_command_result, G_TYPE_OBJECT)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("command"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandResult, command),
  },
  {
    RUNTIME_USE_FIELD_NAME ("exit_code"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandResult, exit_code),
    .min_integer = G_MININT,
    .max_integer = G_MAXINT,
  },
  {
    RUNTIME_USE_FIELD_NAME ("stdout"),
    .kind = RUNTIME_USE_FIELD_TEXT,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandResult, stdout_text),
  },
  {
    RUNTIME_USE_FIELD_NAME ("stdout_truncated"),
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandResult, stdout_truncated),
  },
};

const RuntimeUseCodec _runtime_use_command_result_codec = {
  .get_type = runtime_use_command_result_get_type,
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_command_result_finalize (GObject *object)
{
  _runtime_use_codec_clear (&_runtime_use_command_result_codec, object);

  G_OBJECT_CLASS (runtime_use_command_result_parent_class)->finalize (object);
}

static void
runtime_use_command_result_class_init (RuntimeUseCommandResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_command_result_finalize;
}

static void
runtime_use_command_result_init (RuntimeUseCommandResult *self)
{
}

/**
 * runtime_use_command_result_new:
 * @command: the command, as it is to be shown
 * @exit_code: its exit status, or -1 when a signal ended it
 * @stdout_text: (nullable): what it printed to its standard output
 * @stdout_truncated: whether a part of @stdout_text is missing
 *
 * Describes how a command ended. Nothing printed is the same as `NULL`.
 *
 * Returns: (transfer full): a new result
 *
 * Since: 0.1
 */
RuntimeUseCommandResult *
runtime_use_command_result_new (const char *command,
                                int         exit_code,
                                const char *stdout_text,
                                gboolean    stdout_truncated)
{
  gsize length = stdout_text != NULL ? strlen (stdout_text) : 0;

  g_return_val_if_fail (command != NULL, NULL);

  return _runtime_use_command_result_new_counted (command,
                                                  exit_code,
                                                  stdout_text,
                                                  length,
                                                  stdout_truncated);
}

/* The same for text that may hold NUL. */
RuntimeUseCommandResult *
_runtime_use_command_result_new_counted (const char *command,
                                         int         exit_code,
                                         const char *stdout_text,
                                         gsize       length,
                                         gboolean    stdout_truncated)
{
  RuntimeUseCommandResult *self = g_object_new (RUNTIME_USE_TYPE_COMMAND_RESULT, NULL);

  self->command = _runtime_use_dup_utf8 (command);
  self->exit_code = exit_code;
  self->stdout_text = length > 0 ? _runtime_use_dup_text (stdout_text, length) : NULL;
  self->stdout_truncated = stdout_truncated;

  return self;
}

/**
 * runtime_use_command_result_get_command:
 * @self: a result
 *
 * Gets the command, as it is shown to the client.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_command_result_get_command (RuntimeUseCommandResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_RESULT (self), NULL);

  return self->command;
}

/**
 * runtime_use_command_result_get_exit_code:
 * @self: a result
 *
 * Gets the exit status of a command.
 *
 * Returns: 0 to 255, or -1 when a signal ended it
 *
 * Since: 0.1
 */
int
runtime_use_command_result_get_exit_code (RuntimeUseCommandResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_RESULT (self), -1);

  return (int) self->exit_code;
}

/**
 * runtime_use_command_result_get_stdout_text:
 * @self: a result
 *
 * Gets what the command printed to its standard output up to its first `NUL`.
 *
 * Printed text may hold such characters: `get_stdout_bytes` has all of it.
 *
 * Returns: (transfer none) (nullable): a string, or `NULL` when
 *   there is none
 *
 * Since: 0.1
 */
const char *
runtime_use_command_result_get_stdout_text (RuntimeUseCommandResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_RESULT (self), NULL);

  return self->stdout_text != NULL ? g_bytes_get_data (self->stdout_text, NULL) : NULL;
}

/**
 * runtime_use_command_result_get_stdout_bytes:
 * @self: a result
 *
 * Gets what the command printed to its standard output.
 *
 * Returns: (transfer none) (nullable): valid UTF-8 that may hold `NUL`, or `NULL` when
 *   there is none
 *
 * Since: 0.1
 */
GBytes *
runtime_use_command_result_get_stdout_bytes (RuntimeUseCommandResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_RESULT (self), NULL);

  return self->stdout_text;
}

/**
 * runtime_use_command_result_get_stdout_truncated:
 * @self: a result
 *
 * Gets whether a part of the standard output is missing in the middle.
 *
 * Returns: `TRUE` when it had to be shortened
 *
 * Since: 0.1
 */
gboolean
runtime_use_command_result_get_stdout_truncated (RuntimeUseCommandResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_RESULT (self), FALSE);

  return self->stdout_truncated;
}
