/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-openai-turn-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-writer-private.h"

/* The Chat Completions API, which servers of local models have. Its answers come in pieces only, so
 * what is to be repeated is put together here. */

/* Calls in one answer; an index beyond is a mistake. */
#define MAX_CALLS 128

static const char tools[] =
  "[{\"type\":\"function\",\"function\":{\"name\":\"shell\","
  "\"description\":\"Runs commands on the machine, one after the other, each with /bin/sh, "
  "and returns what they printed and how they ended.\","
  "\"parameters\":{\"type\":\"object\",\"properties\":{"
  "\"commands\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
  "\"description\":\"Command lines\"},"
  "\"timeout_ms\":{\"type\":\"integer\",\"description\":\"How long each may take\"},"
  "\"max_output_length\":{\"type\":\"integer\","
  "\"description\":\"How many bytes of each output are wanted\"}},"
  "\"required\":[\"commands\"]}}}]";

static void
begin (const RuntimeUseOpenaiPrompt *prompt,
       GString                      *head,
       GString                      *items,
       GString                      *tail)
{
  g_string_append_c (head, '{');
  _runtime_use_openai_append (head, "model", prompt->model);
  g_string_append (head, ",\"messages\":[");

  if (*prompt->system_prompt != '\0')
    {
      g_string_append (items, "{\"role\":\"system\",");
      _runtime_use_openai_append (items, "content", prompt->system_prompt);
      g_string_append (items, "},");
    }
  g_string_append (items, "{\"role\":\"user\",");
  _runtime_use_openai_append (items, "content", prompt->user_prompt);
  g_string_append_c (items, '}');

  g_string_append_printf (tail, "],\"tools\":%s,\"stream\":true,"
                          "\"stream_options\":{\"include_usage\":true}", tools);
  if (prompt->schema != NULL)
    g_string_append_printf (tail,
                            ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                            "{\"name\":\"output\",\"strict\":%s,\"schema\":%s}}",
                            prompt->is_strict ? "true" : "false", prompt->schema);
  g_string_append_c (tail, '}');
}

/* --- pieces --- */

/* The newest one of this index, or of all. */
static RuntimeUseCallPart *
find_part (RuntimeUseOpenaiTurn *turn,
           gint64                index)
{
  for (guint i = turn->parts->len; i > 0; i--)
    {
      RuntimeUseCallPart *part = g_ptr_array_index (turn->parts, i - 1);

      if (index < 0 || part->index == index)
        return part;
    }

  return NULL;
}

static RuntimeUseCallPart *
find_part_of_id (RuntimeUseOpenaiTurn *turn,
                 gint64                index,
                 const char           *id)
{
  for (guint i = 0; i < turn->parts->len; i++)
    {
      RuntimeUseCallPart *part = g_ptr_array_index (turn->parts, i);

      if ((index < 0 || part->index == index) && g_strcmp0 (part->id, id) == 0)
        return part;
    }

  return NULL;
}

/* Not every server tells an index, some tell the same one for all calls, and some tell the id with
 * each piece. NULL: this begins a call. */
static RuntimeUseCallPart *
choose_part (RuntimeUseOpenaiTurn *turn,
             gint64                index,
             const char           *id,
             const char           *name)
{
  RuntimeUseCallPart *part = id != NULL ? find_part_of_id (turn, index, id) : NULL;

  if (part != NULL)
    return part;

  part = find_part (turn, index);
  if (part == NULL || (id != NULL && part->id != NULL))
    return NULL;

  /* Where nothing tells them apart, a name begins a call. */
  return id == NULL && index < 0 && name != NULL && part->name != NULL ? NULL : part;
}

static char *
pick_word (const RuntimeUseJsonValue *value)
{
  g_autofree char *text = _runtime_use_json_pick_string (value);

  return text != NULL && *text != '\0' ? g_steal_pointer (&text) : NULL;
}

static void
take_call (RuntimeUseOpenaiTurn      *turn,
           const RuntimeUseJsonValue *call)
{
  static const char * const names[] = { "index", "id", "function" };
  static const char * const members[] = { "name", "arguments" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  RuntimeUseJsonValue function[G_N_ELEMENTS (members)];
  g_autofree char *id = NULL;
  g_autofree char *name = NULL;
  gint64 index = -1;
  RuntimeUseCallPart *part;

  _runtime_use_json_pick_from (call, names, values, G_N_ELEMENTS (names));
  _runtime_use_json_pick_from (&values[2], members, function, G_N_ELEMENTS (members));
  if (_runtime_use_json_pick_integer (&values[0], &index) && (index < 0 || index >= MAX_CALLS))
    return;

  id = pick_word (&values[1]);
  name = pick_word (&function[0]);
  part = choose_part (turn, index, id, name);
  if (part == NULL && turn->parts->len == MAX_CALLS)
    return;

  if (part == NULL)
    part = _runtime_use_openai_turn_add_part (turn, index);
  if (part->id == NULL)
    part->id = g_steal_pointer (&id);
  if (part->name == NULL)
    part->name = g_steal_pointer (&name);
  if (function[1].token == RUNTIME_USE_JSON_STRING)
    _runtime_use_json_value_decode (&function[1], part->arguments);
}

static void
take_calls (RuntimeUseOpenaiTurn      *turn,
            const RuntimeUseJsonValue *list)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue call;

  if (list->token != RUNTIME_USE_JSON_ARRAY)
    return;

  _runtime_use_json_value_open (list, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &call))
    take_call (turn, &call);
}

static void
take_text (RuntimeUseOpenaiTurn      *turn,
           const RuntimeUseJsonValue *content)
{
  g_autofree char *text = _runtime_use_json_pick_string (content);

  if (text == NULL || *text == '\0')
    return;

  g_string_append (turn->content, text);
  turn->say (text, FALSE, turn->user_data);
}

static void
take_refusal (RuntimeUseOpenaiTurn      *turn,
              const RuntimeUseJsonValue *refusal)
{
  g_autofree char *piece = _runtime_use_json_pick_string (refusal);
  g_autofree char *before = turn->refusal;

  turn->refusal = piece == NULL ? g_steal_pointer (&before)
                                : g_strconcat (before != NULL ? before : "", piece, NULL);
}

/* What it took may still be told. */
static void
take_reason (RuntimeUseOpenaiTurn      *turn,
             const RuntimeUseJsonValue *value)
{
  g_autofree char *reason = _runtime_use_json_pick_string (value);

  if (reason == NULL || *reason == '\0')
    return;

  turn->has_finished = TRUE;
  if (turn->cut == NULL &&
      (g_str_equal (reason, "length") || g_str_equal (reason, "content_filter")))
    turn->cut = g_steal_pointer (&reason);
}

static void
take_choice (RuntimeUseOpenaiTurn      *turn,
             const RuntimeUseJsonValue *choices)
{
  static const char * const names[] = { "delta", "finish_reason" };
  static const char * const members[] = { "content", "tool_calls", "refusal" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  RuntimeUseJsonValue delta[G_N_ELEMENTS (members)];
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue choice;

  if (choices->token != RUNTIME_USE_JSON_ARRAY)
    return;

  _runtime_use_json_value_open (choices, &reader);
  if (!_runtime_use_json_reader_read_value (&reader, &choice))
    return;

  _runtime_use_json_pick_from (&choice, names, values, G_N_ELEMENTS (names));
  _runtime_use_json_pick_from (&values[0], members, delta, G_N_ELEMENTS (members));
  take_text (turn, &delta[0]);
  take_calls (turn, &delta[1]);
  take_refusal (turn, &delta[2]);
  take_reason (turn, &values[1]);
}

static gboolean
fail_event (RuntimeUseOpenaiTurn       *turn,
            const RuntimeUseJsonValue  *details,
            GError                    **error)
{
  RuntimeUseJsonValue message;
  g_autofree char *text = NULL;

  _runtime_use_openai_turn_take_failure (turn, details);
  _runtime_use_json_pick_from (details, (const char * const[]) { "message" }, &message, 1);
  text = _runtime_use_json_pick_string (details->token == RUNTIME_USE_JSON_STRING ? details
                                                                                  : &message);
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
               "The service reported an error in the middle of its answer%s%s",
               text != NULL ? ": " : "", text != NULL ? text : "");

  return FALSE;
}

static gboolean complete (RuntimeUseOpenaiTurn *turn, GError **error);

static gboolean
take (RuntimeUseOpenaiTurn  *turn,
      const char            *data,
      gsize                  length,
      GError               **error)
{
  static const char * const names[] = { "choices", "usage", "id", "model", "error" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];

  /* What came together with the end is of no interest any more. */
  if (turn->is_complete)
    return TRUE;

  if (length == strlen ("[DONE]") && memcmp (data, "[DONE]", length) == 0)
    return !turn->has_finished || complete (turn, error);

  if (!_runtime_use_json_pick (data, length, names, values, G_N_ELEMENTS (names), error))
    {
      g_prefix_error (error, "The service sent an event that cannot be read: ");
      return FALSE;
    }

  _runtime_use_openai_turn_take_usage (turn, &values[1]);
  if (values[4].token != RUNTIME_USE_JSON_END)
    return fail_event (turn, &values[4], error);

  if (turn->id == NULL)
    turn->id = _runtime_use_json_pick_string (&values[2]);
  if (turn->model == NULL)
    turn->model = _runtime_use_json_pick_string (&values[3]);
  take_choice (turn, &values[0]);

  return TRUE;
}

/* --- the whole --- */

static gboolean
read_call (RuntimeUseOpenaiTurn      *turn,
           const RuntimeUseCallPart  *part,
           guint                      position,
           GError                   **error)
{
  RuntimeUseShellCall *call;
  RuntimeUseJsonValue arguments = { .token = RUNTIME_USE_JSON_OBJECT };

  if (g_strcmp0 (part->name, "shell") != 0)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                   "The model called the tool \"%s\", which it was not given",
                   part->name != NULL ? part->name : "");
      return FALSE;
    }

  if (!_runtime_use_json_validate (part->arguments->str, part->arguments->len, error))
    {
      g_prefix_error (error, "The model called the shell with something that is no JSON: ");
      return FALSE;
    }

  call = _runtime_use_shell_call_new ();
  g_ptr_array_add (turn->calls, call);
  call->id = part->id != NULL ? g_strdup (part->id) : g_strdup_printf ("call_%u", position);
  if (part->arguments->str[strspn (part->arguments->str, " \t\r\n")] != '{')
    arguments.token = RUNTIME_USE_JSON_END;
  arguments.text = part->arguments->str;
  arguments.length = part->arguments->len;

  return _runtime_use_shell_call_read (call, &arguments, error);
}

static void
append_call (GString                  *item,
             const char               *id,
             const RuntimeUseCallPart *part)
{
  g_string_append (item, "{\"type\":\"function\",");
  _runtime_use_openai_append (item, "id", id);
  g_string_append (item, ",\"function\":{\"name\":\"shell\",");
  _runtime_use_openai_append (item, "arguments", part->arguments->str);
  g_string_append (item, "}}");
}

static void
repeat (RuntimeUseOpenaiTurn *turn)
{
  g_autoptr(GString) item = g_string_new ("{\"role\":\"assistant\",");

  if (turn->content->len > 0)
    _runtime_use_openai_append (item, "content", turn->content->str);
  else
    g_string_append (item, "\"content\":null");

  for (guint i = 0; i < turn->calls->len; i++)
    {
      const RuntimeUseShellCall *call = g_ptr_array_index (turn->calls, i);

      g_string_append (item, i == 0 ? ",\"tool_calls\":[" : ",");
      append_call (item, call->id, g_ptr_array_index (turn->parts, i));
    }
  g_string_append (item, turn->calls->len > 0 ? "]}" : "}");

  _runtime_use_openai_turn_repeat (turn, item->str, item->len);
}

static gboolean
complete (RuntimeUseOpenaiTurn  *turn,
          GError               **error)
{
  turn->is_complete = TRUE;
  if (turn->cut != NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                   "The answer of the model is incomplete: %s", turn->cut);
      return FALSE;
    }

  for (guint i = 0; i < turn->parts->len; i++)
    if (!read_call (turn, g_ptr_array_index (turn->parts, i), i, error))
      return FALSE;

  if (turn->content->len > 0)
    _runtime_use_openai_turn_say (turn, g_strdup (turn->content->str));
  if (turn->content->len > 0 || turn->calls->len > 0)
    repeat (turn);

  return TRUE;
}

static gboolean
end (RuntimeUseOpenaiTurn  *turn,
     GError               **error)
{
  if (turn->is_complete)
    return TRUE;

  /* Not every server says that it is done. */
  if (turn->has_finished)
    return complete (turn, error);

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
  g_autoptr(GString) text = g_string_new ("[");

  for (guint i = 0; i < outputs->len; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      _runtime_use_shell_output_append (text, g_ptr_array_index (outputs, i));
    }
  g_string_append_c (text, ']');

  g_string_append (items, ",{\"role\":\"tool\",");
  _runtime_use_openai_append (items, "tool_call_id", call->id);
  g_string_append (items, ",\"content\":");
  _runtime_use_json_append_string (items, text->str, text->len);
  g_string_append_c (items, '}');
}

const RuntimeUseOpenaiDialect _runtime_use_openai_chat = {
  .name = "chat",
  .path = "/chat/completions",
  .begin = begin,
  .take = take,
  .end = end,
  .append_outputs = append_outputs,
};
