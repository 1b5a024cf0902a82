/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-message-fit-private.h"

#include "runtime-use-assistant-message.h"
#include "runtime-use-command-output-message-private.h"
#include "runtime-use-error-message.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-result-message.h"

#include <string.h>

/* What a message needs besides its texts. */
#define ENVELOPE 256

/* No byte becomes longer than this when it is encoded. */
#define WORST_GROWTH 6

#define ROOM (RUNTIME_USE_LIMIT_OUTGOING_MESSAGE - ENVELOPE)

/* Room for an error's details; the rest is for its text. */
#define METADATA_ROOM (ROOM / 4)

static gboolean
surely_fits (gsize length)
{
  return length < ROOM / WORST_GROWTH;
}

static gsize
encoded_length (const char *text)
{
  return _runtime_use_json_string_length (text, strlen (text));
}

/* One message that is being filled with blocks. */
typedef struct
{
  GPtrArray             *blocks;
  gsize                  length;
  RuntimeUseMessageFunc  func;
  gpointer               user_data;
} AssistantFill;

static void
assistant_fill_flush (AssistantFill *fill)
{
  g_autoptr(RuntimeUseMessage) message = NULL;

  if (fill->blocks->len == 0)
    return;

  g_ptr_array_add (fill->blocks, NULL);
  message = runtime_use_assistant_message_new ((const char * const *) fill->blocks->pdata);
  fill->func (message, fill->user_data);
  g_ptr_array_set_size (fill->blocks, 0);
  fill->length = 0;
}

static void
assistant_fill_add (AssistantFill *fill,
                    const char    *block)
{
  gsize length = strlen (block);

  do
    {
      gsize taken = _runtime_use_json_fit_prefix (block, length, ROOM);
      gsize encoded = _runtime_use_json_string_length (block, taken) + 3;

      if (fill->length + encoded > ROOM)
        assistant_fill_flush (fill);
      g_ptr_array_add (fill->blocks, g_strndup (block, taken));
      fill->length += encoded;
      block += taken;
      length -= taken;
    }
  while (length > 0);
}

void
_runtime_use_fit_assistant_message (const char * const    *text_blocks,
                                    RuntimeUseMessageFunc  func,
                                    gpointer               user_data)
{
  g_autoptr(GPtrArray) blocks = NULL;
  AssistantFill fill = { 0, };
  gsize length = 0;

  for (size_t i = 0; text_blocks[i] != NULL; i++)
    length += strlen (text_blocks[i]) + 1;

  if (surely_fits (length))
    {
      g_autoptr(RuntimeUseMessage) message = runtime_use_assistant_message_new (text_blocks);

      func (message, user_data);
      return;
    }

  blocks = g_ptr_array_new_with_free_func (g_free);
  fill.blocks = blocks;
  fill.func = func;
  fill.user_data = user_data;
  for (size_t i = 0; text_blocks[i] != NULL; i++)
    assistant_fill_add (&fill, text_blocks[i]);
  assistant_fill_flush (&fill);
}

void
_runtime_use_fit_command_output (RuntimeUseOutputStream  stream,
                                 const char             *text,
                                 gsize                   length,
                                 const char             *command,
                                 RuntimeUseEncodedFunc   func,
                                 gpointer                user_data)
{
  gsize room = ROOM - encoded_length (command);

  while (length > 0)
    {
      g_autoptr(GBytes) message = NULL;
      gsize taken = length;

      if (length > room / WORST_GROWTH)
        taken = _runtime_use_json_fit_prefix (text, length, room);

      message = _runtime_use_command_output_message_encode (stream, text, taken, command);
      func (message, user_data);
      text += taken;
      length -= taken;
    }
}

/* Takes message and returns what to send instead of it, mostly itself. */
RuntimeUseMessage *
_runtime_use_fit_result (RuntimeUseMessage *message)
{
  RuntimeUseResultMessage *result = RUNTIME_USE_RESULT_MESSAGE (message);
  const char *text = runtime_use_result_message_get_text (result);
  const char *metadata = runtime_use_result_message_get_metadata_json (result);
  g_autofree char *error = NULL;
  gsize length;

  if (text == NULL)
    length = strlen (runtime_use_result_message_get_structured_output_json (result));
  else if (surely_fits (strlen (text) + strlen (metadata)))
    return message;
  else
    length = encoded_length (text);
  length += strlen (metadata);

  if (length <= ROOM)
    return message;

  g_object_unref (message);
  error = g_strdup_printf ("The result is too large: it takes %" G_GSIZE_FORMAT " bytes, "
                           "and a message holds no more than %" G_GSIZE_FORMAT,
                           length, RUNTIME_USE_LIMIT_OUTGOING_MESSAGE);

  return runtime_use_error_message_new (error, "{\"error_name\":\"too-large\"}");
}

/* Takes message and returns what to send instead of it, mostly itself. */
RuntimeUseMessage *
_runtime_use_fit_error (RuntimeUseMessage *message)
{
  RuntimeUseErrorMessage *error = RUNTIME_USE_ERROR_MESSAGE (message);
  const char *text = runtime_use_error_message_get_error (error);
  const char *metadata = runtime_use_error_message_get_metadata_json (error);
  g_autofree char *shortened = NULL;
  g_autofree char *omitted = NULL;
  RuntimeUseMessage *fitting;

  if (surely_fits (strlen (text) + strlen (metadata)))
    return message;

  if (strlen (metadata) > METADATA_ROOM)
    metadata = omitted = g_strdup_printf ("{\"metadata_omitted\":%" G_GSIZE_FORMAT "}",
                                          strlen (metadata));
  shortened = _runtime_use_fit_text (text, ROOM - METADATA_ROOM);
  fitting = runtime_use_error_message_new (shortened, metadata);
  g_object_unref (message);

  return fitting;
}

/* A copy of text, shortened with a note if it needs more than max_encoded. */
char *
_runtime_use_fit_text (const char *text,
                       gsize       max_encoded)
{
  gsize length = strlen (text);
  gsize kept;

  if (length < max_encoded / WORST_GROWTH)
    return g_strdup (text);

  if (_runtime_use_json_string_length (text, length) <= max_encoded)
    return g_strdup (text);

  kept = _runtime_use_json_fit_prefix (text, length, max_encoded - MIN (max_encoded, 48));

  return g_strdup_printf ("%.*s… [%" G_GSIZE_FORMAT " bytes omitted]",
                          (int) kept, text, length - kept);
}
