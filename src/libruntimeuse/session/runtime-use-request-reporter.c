/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-request-reporter-private.h"

#include "runtime-use-assistant-delta-message.h"
#include "runtime-use-assistant-message.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-message-fit-private.h"
#include "runtime-use-message-private.h"
#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

/* The exit of a request. Nobody behind it, neither the channel nor the bus nor a log, ever sees a
 * secret.
 */
struct _RuntimeUseRequestReporter
{
  RuntimeUseRequestMessage     *message;
  char                         *name;            /* for the log */
  RuntimeUseRedactor           *redactor;
  RuntimeUseLogger             *logger;          /* (nullable): nothing was logged yet */
  const RuntimeUseRequestOwner *owner;
  gpointer                      owner_data;
  gboolean                      silent;

  guint64                       output_bytes;
  RuntimeUseRequestPhase        phase;
  char                         *command;         /* (nullable): as it was given */

  /* What was asked for. */
  char                         *shown_command;   /* (nullable) */
  char                         *shown_source;    /* (nullable) */
  char                         *shown_model;     /* (nullable) */
};

RuntimeUseRequestReporter *
_runtime_use_request_reporter_new (RuntimeUseRequestMessage     *message,
                                   const char                   *name,
                                   RuntimeUseRedactor           *redactor,
                                   const RuntimeUseRequestOwner *owner,
                                   gpointer                      owner_data)
{
  RuntimeUseRequestReporter *self = g_atomic_rc_box_new0 (RuntimeUseRequestReporter);

  self->message = g_object_ref (message);
  self->name = g_strdup (name);
  self->redactor = g_object_ref (redactor);
  self->owner = owner;
  self->owner_data = owner_data;

  return self;
}

RuntimeUseRequestReporter *
_runtime_use_request_reporter_ref (RuntimeUseRequestReporter *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
reporter_clear (gpointer data)
{
  RuntimeUseRequestReporter *self = data;

  g_clear_object (&self->message);
  g_clear_pointer (&self->name, g_free);
  g_clear_object (&self->redactor);
  g_clear_object (&self->logger);
  g_clear_pointer (&self->command, g_free);
  g_clear_pointer (&self->shown_command, g_free);
  g_clear_pointer (&self->shown_source, g_free);
  g_clear_pointer (&self->shown_model, g_free);
}

/* Garbage collectors let go of agents, and so of this, in any thread. */
void
_runtime_use_request_reporter_unref (RuntimeUseRequestReporter *self)
{
  g_atomic_rc_box_release_full (self, reporter_clear);
}

RuntimeUseRedactor *
_runtime_use_request_reporter_get_redactor (RuntimeUseRequestReporter *self)
{
  return self->redactor;
}

void
_runtime_use_request_reporter_silence (RuntimeUseRequestReporter *self)
{
  self->silent = TRUE;
}

/* What is said */

void
_runtime_use_request_reporter_say (RuntimeUseRequestReporter *self,
                                   RuntimeUseMessage         *message)
{
  if (!self->silent)
    self->owner->event (self->owner_data, message);
}

static void
say_fitting (RuntimeUseMessage *message,
             gpointer           user_data)
{
  _runtime_use_request_reporter_say (user_data, message);
}

static void
say_encoded (GBytes   *message,
             gpointer  user_data)
{
  RuntimeUseRequestReporter *self = user_data;

  if (!self->silent)
    self->owner->output (self->owner_data, message);
}

void
_runtime_use_request_reporter_say_assistant (RuntimeUseRequestReporter *self,
                                             const char * const        *text_blocks)
{
  g_autoptr(RuntimeUseMessage) message = runtime_use_assistant_message_new (text_blocks);
  g_autoptr(RuntimeUseMessage) redacted = _runtime_use_message_redact (message, self->redactor);
  RuntimeUseAssistantMessage *assistant = RUNTIME_USE_ASSISTANT_MESSAGE (redacted);
  const char * const *blocks = runtime_use_assistant_message_get_text_blocks (assistant);

  for (gsize i = 0; blocks[i] != NULL; i++)
    self->output_bytes += strlen (blocks[i]);
  _runtime_use_fit_assistant_message (blocks, say_fitting, self);
}

/* Its text is far from being too long. */
void
_runtime_use_request_reporter_say_delta (RuntimeUseRequestReporter *self,
                                         const char                *text)
{
  g_autoptr(RuntimeUseMessage) message = runtime_use_assistant_delta_message_new (text);

  self->output_bytes += strlen (text);
  _runtime_use_request_reporter_say (self, message);
}

void
_runtime_use_request_reporter_say_output (RuntimeUseRequestReporter *self,
                                          RuntimeUseOutputStream     stream,
                                          const char                *text,
                                          gsize                      length,
                                          const char                *command)
{
  if (!self->silent)
    self->output_bytes += length;
  _runtime_use_fit_command_output (stream, text, length, command, say_encoded, self);
}

gboolean
_runtime_use_request_reporter_is_full (RuntimeUseRequestReporter *self)
{
  return !self->silent && self->owner->is_full (self->owner_data);
}

char *
_runtime_use_request_reporter_name_command (RuntimeUseRequestReporter *self,
                                            const char                *command,
                                            gsize                      limit)
{
  g_autofree char *redacted = runtime_use_redactor_redact (self->redactor, command);

  return _runtime_use_fit_text (redacted, limit);
}

void
_runtime_use_request_reporter_adopt (RuntimeUseRequestReporter *self,
                                     RuntimeUseCommandHandler  *command)
{
  if (!self->silent && runtime_use_command_handler_has_leftovers (command))
    self->owner->adopt (self->owner_data, command);
}

/* Most requests log nothing. The client's own name for one may hold a secret,
 * and only the whole of it tells.
 */
RuntimeUseLogger *
_runtime_use_request_reporter_get_logger (RuntimeUseRequestReporter *self)
{
  const char *source_id = runtime_use_request_message_get_source_id (self->message);
  g_autofree char *redacted = NULL;

  if (self->logger != NULL)
    return self->logger;

  if (source_id != NULL)
    redacted = runtime_use_redactor_redact (self->redactor, source_id);
  self->logger = runtime_use_logger_new (redacted != NULL ? redacted : self->name);
  runtime_use_logger_set_redactor (self->logger, self->redactor);

  return self->logger;
}

/* What is shown */

void
_runtime_use_request_reporter_set_phase (RuntimeUseRequestReporter *self,
                                         RuntimeUseRequestPhase     phase)
{
  if (self->phase == phase)
    return;

  self->phase = phase;
  if (!self->silent)
    self->owner->phase_changed (self->owner_data);
}

void
_runtime_use_request_reporter_show_command (RuntimeUseRequestReporter *self,
                                            const char                *command)
{
  if (command == NULL && self->command == NULL)
    return;

  g_clear_pointer (&self->shown_command, g_free);
  g_free (self->command);
  self->command = g_strdup (command);
  if (!self->silent)
    self->owner->command_changed (self->owner_data);
}

/* Only the whole text tells whether it holds a secret. */
static const char *
reporter_show (RuntimeUseRequestReporter  *self,
               char                      **shown,
               const char                 *text,
               gsize                       limit)
{
  g_autofree char *redacted = NULL;

  if (*shown != NULL || text == NULL)
    return *shown;

  redacted = runtime_use_redactor_redact (self->redactor, text);
  *shown = _runtime_use_utf8_cut (redacted, limit);

  return *shown;
}

RuntimeUseRequestPhase
_runtime_use_request_reporter_get_phase (RuntimeUseRequestReporter *self)
{
  return self->phase;
}

const char *
_runtime_use_request_reporter_get_source_id (RuntimeUseRequestReporter *self)
{
  return reporter_show (self, &self->shown_source,
                        runtime_use_request_message_get_source_id (self->message),
                        RUNTIME_USE_LIMIT_SOURCE_ID);
}

const char *
_runtime_use_request_reporter_get_model (RuntimeUseRequestReporter *self)
{
  if (!RUNTIME_USE_IS_INVOCATION_MESSAGE (self->message))
    return NULL;

  return reporter_show (self, &self->shown_model,
                        runtime_use_invocation_message_get_model (
                          RUNTIME_USE_INVOCATION_MESSAGE (self->message)),
                        RUNTIME_USE_LIMIT_SHOWN_MODEL);
}

const char *
_runtime_use_request_reporter_get_command (RuntimeUseRequestReporter *self)
{
  return reporter_show (self, &self->shown_command, self->command,
                        RUNTIME_USE_LIMIT_SHOWN_COMMAND);
}

guint64
_runtime_use_request_reporter_get_output_bytes (RuntimeUseRequestReporter *self)
{
  return self->output_bytes;
}
