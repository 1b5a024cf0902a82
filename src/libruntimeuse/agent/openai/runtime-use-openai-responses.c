/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-openai-turn-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-writer-private.h"

/* The Responses API. Of its many events few are needed; the others tell the same in smaller
 * pieces. */

static void
begin (const RuntimeUseOpenaiPrompt *prompt,
       GString                      *head,
       GString                      *items,
       GString                      *tail)
{
  g_string_append_c (head, '{');
  _runtime_use_openai_append (head, "model", prompt->model);
  if (*prompt->system_prompt != '\0')
    {
      g_string_append_c (head, ',');
      _runtime_use_openai_append (head, "instructions", prompt->system_prompt);
    }
  g_string_append (head, ",\"input\":[");

  g_string_append (items, "{\"role\":\"user\",");
  _runtime_use_openai_append (items, "content", prompt->user_prompt);
  g_string_append_c (items, '}');

  g_string_append (tail,
                   "],\"include\":[],\"tools\":["
                   "{\"type\":\"web_search\",\"search_context_size\":\"medium\"},"
                   "{\"type\":\"shell\",\"environment\":{\"type\":\"local\"}}],\"stream\":true");
  if (prompt->schema != NULL)
    g_string_append_printf (tail,
                            ",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"output\","
                            "\"strict\":%s,\"schema\":%s}}",
                            prompt->is_strict ? "true" : "false", prompt->schema);
  g_string_append_c (tail, '}');
}

static gboolean
is_word (const RuntimeUseJsonValue *value,
         const char                *word)
{
  return value->token == RUNTIME_USE_JSON_STRING &&
         _runtime_use_json_value_equals (value, word, strlen (word));
}

/* --- items --- */

static void
take_message (RuntimeUseOpenaiTurn      *turn,
              const RuntimeUseJsonValue *content)
{
  static const char * const names[] = { "type", "text", "refusal" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  g_autoptr(GString) text = g_string_new (NULL);
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue part;

  if (content->token != RUNTIME_USE_JSON_ARRAY)
    return;

  _runtime_use_json_value_open (content, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &part))
    {
      _runtime_use_json_pick_from (&part, names, values, G_N_ELEMENTS (names));
      if (is_word (&values[0], "output_text") && values[1].token == RUNTIME_USE_JSON_STRING)
        _runtime_use_json_value_decode (&values[1], text);
      else if (is_word (&values[0], "refusal") && turn->refusal == NULL)
        turn->refusal = _runtime_use_json_pick_string (&values[2]);
    }

  if (text->len > 0 || turn->refusal == NULL)
    _runtime_use_openai_turn_say (turn, g_string_free (g_steal_pointer (&text), FALSE));
}

static gboolean
take_shell_call (RuntimeUseOpenaiTurn       *turn,
                 const RuntimeUseJsonValue  *id,
                 const RuntimeUseJsonValue  *action,
                 GError                    **error)
{
  RuntimeUseShellCall *call = _runtime_use_shell_call_new ();

  g_ptr_array_add (turn->calls, call);
  call->id = _runtime_use_json_pick_string (id);
  if (call->id != NULL)
    return _runtime_use_shell_call_read (call, action, error);

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                       "The model called the shell without a call_id");

  return FALSE;
}

static gboolean
fail_unknown_call (const RuntimeUseJsonValue  *type,
                   const RuntimeUseJsonValue  *name,
                   GError                    **error)
{
  g_autofree char *shown = _runtime_use_json_value_show (name->token == RUNTIME_USE_JSON_STRING
                                                         ? name : type);

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
               "The model called the tool \"%s\", which it was not given", shown);

  return FALSE;
}

/* Calls of what the service itself carries out need no answer. */
static gboolean
needs_answer (const RuntimeUseJsonValue *type)
{
  return is_word (type, "function_call") || is_word (type, "custom_tool_call") ||
         is_word (type, "local_shell_call") || is_word (type, "computer_call") ||
         is_word (type, "apply_patch_call") || is_word (type, "mcp_approval_request");
}

static gboolean
take_item (RuntimeUseOpenaiTurn       *turn,
           const RuntimeUseJsonValue  *item,
           GError                    **error)
{
  static const char * const names[] = { "type", "content", "call_id", "action", "name" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];

  _runtime_use_json_pick_from (item, names, values, G_N_ELEMENTS (names));
  if (values[0].token != RUNTIME_USE_JSON_STRING)
    return TRUE;

  _runtime_use_openai_turn_repeat (turn, item->text, item->length);
  if (is_word (&values[0], "message"))
    take_message (turn, &values[1]);
  else if (is_word (&values[0], "shell_call"))
    return take_shell_call (turn, &values[2], &values[3], error);
  else if (needs_answer (&values[0]))
    return fail_unknown_call (&values[0], &values[4], error);

  return TRUE;
}

/* --- the end of a response --- */

/* Some servers send no more than this. */
static gboolean
take_items (RuntimeUseOpenaiTurn       *turn,
            const RuntimeUseJsonValue  *list,
            GError                    **error)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue item;

  if (list->token != RUNTIME_USE_JSON_ARRAY)
    return TRUE;

  _runtime_use_json_value_open (list, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &item))
    if (!take_item (turn, &item, error))
      return FALSE;

  return TRUE;
}

static gboolean
take_completed (RuntimeUseOpenaiTurn       *turn,
                const RuntimeUseJsonValue  *response,
                GError                    **error)
{
  static const char * const names[] = { "id", "model", "usage", "output" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];

  _runtime_use_json_pick_from (response, names, values, G_N_ELEMENTS (names));
  turn->is_complete = TRUE;
  turn->id = _runtime_use_json_pick_string (&values[0]);
  turn->model = _runtime_use_json_pick_string (&values[1]);
  _runtime_use_openai_turn_take_usage (turn, &values[2]);

  return turn->items->len > 0 || take_items (turn, &values[3], error);
}

static gboolean
fail (const char                 *what,
      const RuntimeUseJsonValue  *message,
      const RuntimeUseJsonValue  *code,
      GError                    **error)
{
  g_autofree char *text = _runtime_use_json_pick_string (message);
  g_autofree char *name = _runtime_use_json_pick_string (code);

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, "%s%s%s%s%s%s", what,
               text != NULL ? ": " : "", text != NULL ? text : "",
               name != NULL ? " (" : "", name != NULL ? name : "", name != NULL ? ")" : "");

  return FALSE;
}

/* {"error":{"message":…,"code":…},"incomplete_details":{"reason":…},"usage":{…}} */
static gboolean
fail_response (RuntimeUseOpenaiTurn       *turn,
               const char                 *what,
               const RuntimeUseJsonValue  *response,
               const char                 *message_path,
               GError                    **error)
{
  static const char * const names[] = { "error", "usage" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  RuntimeUseJsonValue message;
  RuntimeUseJsonValue code;

  _runtime_use_json_pick_from (response, names, values, G_N_ELEMENTS (names));
  _runtime_use_json_pick_path (response, message_path, &message);
  _runtime_use_json_pick_path (response, "error.code", &code);
  _runtime_use_openai_turn_take_failure (turn, &values[0]);
  _runtime_use_openai_turn_take_usage (turn, &values[1]);

  return fail (what, &message, &code, error);
}

/* {"type":"error","message":…,"code":…} or {"type":"error","error":{"message":…,"code":…}} */
static gboolean
fail_event (RuntimeUseOpenaiTurn  *turn,
            const char            *data,
            gsize                  length,
            GError               **error)
{
  static const char what[] = "The service reported an error in the middle of its answer";
  static const char * const names[] = { "message", "code", "param", "error" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  RuntimeUseJsonValue message;
  RuntimeUseJsonValue code;

  if (!_runtime_use_json_pick (data, length, names, values, G_N_ELEMENTS (names), error))
    return FALSE;

  if (values[3].token != RUNTIME_USE_JSON_OBJECT)
    {
      turn->error_code = _runtime_use_json_pick_string (&values[1]);
      turn->error_param = _runtime_use_json_pick_string (&values[2]);
      return fail (what, &values[0], &values[1], error);
    }

  _runtime_use_openai_turn_take_failure (turn, &values[3]);
  _runtime_use_json_pick_path (&values[3], "message", &message);
  _runtime_use_json_pick_path (&values[3], "code", &code);

  return fail (what, &message, &code, error);
}

static void
take_delta (RuntimeUseOpenaiTurn      *turn,
            const RuntimeUseJsonValue *delta)
{
  g_autofree char *text = _runtime_use_json_pick_string (delta);

  if (text != NULL)
    turn->say (text, FALSE, turn->user_data);
}

static gboolean
take (RuntimeUseOpenaiTurn  *turn,
      const char            *data,
      gsize                  length,
      GError               **error)
{
  static const char * const names[] = { "type", "delta", "item", "response" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  const RuntimeUseJsonValue *type = &values[0];
  const RuntimeUseJsonValue *response = &values[3];

  /* What came together with the end is of no interest any more. */
  if (turn->is_complete)
    return TRUE;

  if (length == strlen ("[DONE]") && memcmp (data, "[DONE]", length) == 0)
    return TRUE;

  if (!_runtime_use_json_pick (data, length, names, values, G_N_ELEMENTS (names), error))
    {
      g_prefix_error (error, "The service sent an event that cannot be read: ");
      return FALSE;
    }

  if (is_word (type, "response.output_text.delta"))
    take_delta (turn, &values[1]);
  else if (is_word (type, "response.output_item.done"))
    return take_item (turn, &values[2], error);
  else if (is_word (type, "response.completed"))
    return take_completed (turn, response, error);
  else if (is_word (type, "response.incomplete"))
    return fail_response (turn, "The answer of the model is incomplete", response,
                          "incomplete_details.reason", error);
  else if (is_word (type, "response.failed"))
    return fail_response (turn, "The model failed", response, "error.message", error);
  else if (is_word (type, "error"))
    return fail_event (turn, data, length, error);

  return TRUE;
}

static gboolean
end (RuntimeUseOpenaiTurn  *turn,
     GError               **error)
{
  if (turn->is_complete)
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                       "The answer of the model did not produce a final response: "
                       "its stream ended before that");

  return FALSE;
}

static void
append_outputs (GString                   *items,
                const RuntimeUseShellCall *call,
                GPtrArray                 *outputs)
{
  g_string_append (items, ",{\"type\":\"shell_call_output\",");
  _runtime_use_openai_append (items, "call_id", call->id);
  g_string_append (items, ",\"output\":[");
  for (guint i = 0; i < outputs->len; i++)
    {
      if (i > 0)
        g_string_append_c (items, ',');
      _runtime_use_shell_output_append (items, g_ptr_array_index (outputs, i));
    }
  g_string_append_c (items, ']');
  if (call->max_output_length >= 0)
    g_string_append_printf (items, ",\"max_output_length\":%" G_GINT64_FORMAT,
                            call->max_output_length);
  g_string_append_c (items, '}');
}

const RuntimeUseOpenaiDialect _runtime_use_openai_responses = {
  .name = "responses",
  .path = "/responses",
  .begin = begin,
  .take = take,
  .end = end,
  .append_outputs = append_outputs,
};
