/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-logger.h"

#include "runtime-use-limits-private.h"
#include "runtime-use-redactor-private.h"
#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

/**
 * RuntimeUseLogger:
 *
 * Writes log lines of one request or session.
 *
 * A line is prefixed with the source id in brackets, so that the lines of
 * requests that run at the same time can be told apart, and what
 * [property@RuntimeUse.Logger:redactor] hides does not appear in it.
 *
 * Lines go to the structured log of GLib, in the domain `RuntimeUse`. Where
 * they end up is up to the program: a logger never installs a writer.
 *
 * Since: 0.1
 */

struct _RuntimeUseLogger
{
  GObject             parent_instance;

  char               *source_id;   /* (nullable) */
  RuntimeUseRedactor *redactor;    /* (nullable) */
};

G_DEFINE_FINAL_TYPE (RuntimeUseLogger, runtime_use_logger, G_TYPE_OBJECT)

typedef enum
{
  PROP_SOURCE_ID = 1,
  PROP_REDACTOR,
} RuntimeUseLoggerProperty;

static GParamSpec *properties[PROP_REDACTOR + 1];

/* It comes from a client, so it may be of any length and may try to look like
 * the start of another line, or to turn the rest of this one round. */
static char *
clean_source_id (const char *source_id)
{
  gsize length;
  GString *clean;

  if (source_id == NULL)
    return NULL;

  length = strnlen (source_id, RUNTIME_USE_LIMIT_SOURCE_ID);
  length = _runtime_use_utf8_valid_length ((const guint8 *) source_id, length);
  clean = g_string_sized_new (length);
  for (const char *c = source_id; c < source_id + length; c = g_utf8_next_char (c))
    g_string_append_unichar (clean, g_unichar_isprint (g_utf8_get_char (c)) ? g_utf8_get_char (c)
                                                                            : '?');

  return g_string_free (clean, FALSE);
}

static void
runtime_use_logger_finalize (GObject *object)
{
  RuntimeUseLogger *self = RUNTIME_USE_LOGGER (object);

  g_clear_pointer (&self->source_id, g_free);
  g_clear_object (&self->redactor);

  G_OBJECT_CLASS (runtime_use_logger_parent_class)->finalize (object);
}

static void
runtime_use_logger_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  RuntimeUseLogger *self = RUNTIME_USE_LOGGER (object);

  switch ((RuntimeUseLoggerProperty) prop_id)
    {
    case PROP_SOURCE_ID:
      g_value_set_string (value, self->source_id);
      break;

    case PROP_REDACTOR:
      g_value_set_object (value, self->redactor);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_logger_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  RuntimeUseLogger *self = RUNTIME_USE_LOGGER (object);

  switch ((RuntimeUseLoggerProperty) prop_id)
    {
    case PROP_SOURCE_ID:
      self->source_id = clean_source_id (g_value_get_string (value));
      break;

    case PROP_REDACTOR:
      runtime_use_logger_set_redactor (self, g_value_get_object (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_logger_class_init (RuntimeUseLoggerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_logger_finalize;
  object_class->get_property = runtime_use_logger_get_property;
  object_class->set_property = runtime_use_logger_set_property;

  /**
   * RuntimeUseLogger:source-id:
   *
   * What the lines are prefixed with, or `NULL` for no prefix. Only the first
   * 256 bytes are kept, with a `?` for each character that is not printable.
   *
   * Since: 0.1
   */
  properties[PROP_SOURCE_ID] =
    g_param_spec_string ("source-id", NULL, NULL,
                         NULL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseLogger:redactor: (getter get_redactor) (setter set_redactor)
   *
   * What hides secrets in the lines, or `NULL` if there are none.
   *
   * Since: 0.1
   */
  properties[PROP_REDACTOR] =
    g_param_spec_object ("redactor", NULL, NULL,
                         RUNTIME_USE_TYPE_REDACTOR,
                         (G_PARAM_READWRITE |
                          G_PARAM_EXPLICIT_NOTIFY |
                          G_PARAM_STATIC_STRINGS));

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
runtime_use_logger_init (RuntimeUseLogger *self)
{
}

/**
 * runtime_use_logger_new:
 * @source_id: (nullable): what to prefix the lines with
 *
 * Makes a logger. Only the first 256 bytes of @source_id are kept, with a `?`
 * for each control character.
 *
 * Returns: (transfer full): a new logger
 *
 * Since: 0.1
 */
RuntimeUseLogger *
runtime_use_logger_new (const char *source_id)
{
  return g_object_new (RUNTIME_USE_TYPE_LOGGER,
                       "source-id", source_id,
                       NULL);
}

/**
 * runtime_use_logger_get_source_id:
 * @self: a logger
 *
 * Gets what the lines are prefixed with.
 *
 * Returns: (nullable): the source id, or `NULL` if there is none
 *
 * Since: 0.1
 */
const char *
runtime_use_logger_get_source_id (RuntimeUseLogger *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_LOGGER (self), NULL);

  return self->source_id;
}

/**
 * runtime_use_logger_get_redactor: (get-property redactor)
 * @self: a logger
 *
 * Gets what hides secrets in the lines.
 *
 * Returns: (nullable) (transfer none): the redactor, or `NULL` if there is none
 *
 * Since: 0.1
 */
RuntimeUseRedactor *
runtime_use_logger_get_redactor (RuntimeUseLogger *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_LOGGER (self), NULL);

  return self->redactor;
}

/**
 * runtime_use_logger_set_redactor: (set-property redactor)
 * @self: a logger
 * @redactor: (nullable): what to hide from now on
 *
 * Sets what hides secrets in the lines.
 *
 * Since: 0.1
 */
void
runtime_use_logger_set_redactor (RuntimeUseLogger   *self,
                                 RuntimeUseRedactor *redactor)
{
  g_return_if_fail (RUNTIME_USE_IS_LOGGER (self));
  g_return_if_fail (redactor == NULL || RUNTIME_USE_IS_REDACTOR (redactor));

  if (g_set_object (&self->redactor, redactor))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REDACTOR]);
}

/* @priority is that of syslog, which tells an error from a warning: GLib ends
 * the process at its own levels above a warning if it is asked to. */
static void
log_line (RuntimeUseLogger *self,
          GLogLevelFlags    level,
          const char       *priority,
          const char       *text)
{
  g_autoptr(GString) line = g_string_new (NULL);
  GLogField fields[] = {
    { "MESSAGE", NULL, -1 },
    { "PRIORITY", priority, -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
  };

  if (self->source_id != NULL)
    g_string_append_printf (line, "[%s] ", self->source_id);
  g_string_append (line, text);

  if (self->redactor != NULL)
    {
      GString *redacted = g_string_sized_new (line->len);

      _runtime_use_redactor_append (self->redactor, line->str, line->len, redacted);
      g_string_free (line, TRUE);
      line = redacted;
    }

  fields[0].value = line->str;
  g_log_structured_array (level, fields, G_N_ELEMENTS (fields));
}

/**
 * runtime_use_logger_debug:
 * @self: a logger
 * @text: what happened
 *
 * Logs the flow of things, for who looks for a fault.
 *
 * Since: 0.1
 */
void
runtime_use_logger_debug (RuntimeUseLogger *self,
                          const char       *text)
{
  g_return_if_fail (RUNTIME_USE_IS_LOGGER (self));
  g_return_if_fail (text != NULL);

  log_line (self, G_LOG_LEVEL_DEBUG, "7", text);
}

/**
 * runtime_use_logger_info:
 * @self: a logger
 * @text: what happened
 *
 * Logs the beginning or the end of something.
 *
 * Since: 0.1
 */
void
runtime_use_logger_info (RuntimeUseLogger *self,
                         const char       *text)
{
  g_return_if_fail (RUNTIME_USE_IS_LOGGER (self));
  g_return_if_fail (text != NULL);

  log_line (self, G_LOG_LEVEL_INFO, "6", text);
}

/**
 * runtime_use_logger_warning:
 * @self: a logger
 * @text: what happened
 *
 * Logs trouble that a person should look at.
 *
 * Since: 0.1
 */
void
runtime_use_logger_warning (RuntimeUseLogger *self,
                            const char       *text)
{
  g_return_if_fail (RUNTIME_USE_IS_LOGGER (self));
  g_return_if_fail (text != NULL);

  log_line (self, G_LOG_LEVEL_WARNING, "4", text);
}

/**
 * runtime_use_logger_error:
 * @self: a logger
 * @text: what happened
 *
 * Logs a failure.
 *
 * To GLib this is a warning as well, since its critical messages and errors
 * speak of faults in the program and may end it. The field `PRIORITY` of the
 * line says that it is an error.
 *
 * Since: 0.1
 */
void
runtime_use_logger_error (RuntimeUseLogger *self,
                          const char       *text)
{
  g_return_if_fail (RUNTIME_USE_IS_LOGGER (self));
  g_return_if_fail (text != NULL);

  log_line (self, G_LOG_LEVEL_WARNING, "3", text);
}
