/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-answer-private.h"

#include "runtime-use-command-execution-result-message.h"
#include "runtime-use-error-message.h"
#include "runtime-use-error.h"
#include "runtime-use-execution-result-private.h"
#include "runtime-use-query-result-private.h"
#include "runtime-use-result-message.h"

/*
 * How a client understands what a server answers: as a result, as an error of the request, or as
 * something that makes no sense, after which nothing else that the server says can be relied on.
 */

/* So much of an error that cannot be read is shown. */
#define MAX_SHOWN 1000

static gpointer
new_result (RuntimeUseMessage *message,
            gboolean           is_query)
{
  if (is_query && RUNTIME_USE_IS_RESULT_MESSAGE (message))
    return _runtime_use_query_result_new (RUNTIME_USE_RESULT_MESSAGE (message));

  if (!is_query && RUNTIME_USE_IS_COMMAND_EXECUTION_RESULT_MESSAGE (message))
    return _runtime_use_execution_result_new
             (RUNTIME_USE_COMMAND_EXECUTION_RESULT_MESSAGE (message));

  return NULL;
}

static void
read_result (RuntimeUseClientAnswer *self,
             RuntimeUseMessage      *message,
             gboolean                is_query)
{
  self->is_terminal = TRUE;
  self->result = new_result (message, is_query);
  if (self->result != NULL)
    return;

  self->breaks_protocol = TRUE;
  self->error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL,
                             "The server answered %s with a %s, which does not belong to it",
                             is_query ? "an invocation" : "a command execution",
                             runtime_use_message_get_message_type (message));
}

static void
read_error (RuntimeUseClientAnswer *self,
            RuntimeUseErrorMessage *message)
{
  self->is_terminal = TRUE;
  self->error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE,
                                     runtime_use_error_message_get_error (message));
  self->metadata_json = runtime_use_error_message_get_metadata_json (message);
}

/*
 * _runtime_use_client_answer_read:
 * @is_query: whether an agent was asked, and not for commands to be run
 */
gboolean
_runtime_use_client_answer_read (RuntimeUseClientAnswer *self,
                                 RuntimeUseMessage      *message,
                                 gboolean                is_query)
{
  if (RUNTIME_USE_IS_ERROR_MESSAGE (message))
    read_error (self, RUNTIME_USE_ERROR_MESSAGE (message));
  else if (RUNTIME_USE_IS_RESULT_MESSAGE (message) ||
           RUNTIME_USE_IS_COMMAND_EXECUTION_RESULT_MESSAGE (message))
    read_result (self, message, is_query);
  else
    return FALSE;

  return TRUE;
}

static gboolean
is_terminal (const char *message_type)
{
  return g_str_equal (message_type, "error_message") ||
         g_str_equal (message_type, "result_message") ||
         g_str_equal (message_type, "command_execution_result_message");
}

static gboolean
is_report (const char *message_type)
{
  return g_str_equal (message_type, "assistant_message") ||
         g_str_equal (message_type, "command_output_message") ||
         g_str_equal (message_type, "heartbeat_message");
}

/* It says that the request failed, though not well why. Some servers do that
 * when an agent throws something that is no error.
 */
static GError *
new_odd_error (GBytes       *bytes,
               const GError *why)
{
  gsize length = g_bytes_get_size (bytes);
  g_autofree char *text = g_utf8_make_valid (g_bytes_get_data (bytes, NULL),
                                             MIN (length, MAX_SHOWN));

  return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE,
                      "The server answered with an error that cannot be read (%s): %s%s",
                      why->message, text, length > MAX_SHOWN ? "…" : "");
}

/*
 * _runtime_use_client_answer_read_unusable:
 * @message_type: (nullable): what it says that it is
 * @why: why it is of no use
 */
gboolean
_runtime_use_client_answer_read_unusable (RuntimeUseClientAnswer *self,
                                          GBytes                 *bytes,
                                          const char             *message_type,
                                          const GError           *why)
{
  if (message_type == NULL || !(is_terminal (message_type) || is_report (message_type)))
    return FALSE;

  self->is_terminal = is_terminal (message_type);
  if (g_str_equal (message_type, "error_message"))
    {
      self->error = new_odd_error (bytes, why);
      return TRUE;
    }

  self->breaks_protocol = TRUE;
  self->error = g_error_new (why->domain, why->code, "The server sent a %s that cannot be used: %s",
                             message_type, why->message);

  return TRUE;
}

void
_runtime_use_client_answer_clear (RuntimeUseClientAnswer *self)
{
  g_clear_object (&self->result);
  g_clear_error (&self->error);
}
