/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-result-private.h"

#include "runtime-use-json-pick-private.h"
#include "runtime-use-json-redaction-private.h"
#include "runtime-use-json-writer-private.h"

#include <string.h>

/* What every reader of JSON keeps exactly. */
#define MAX_TOKENS ((G_GINT64_CONSTANT (1) << 53) - 1)

/* So much of a text that came instead of an object is quoted. */
#define QUOTE_LIMIT 500

typedef enum
{
  MEMBER_SUBTYPE,
  MEMBER_IS_ERROR,
  MEMBER_RESULT,
  MEMBER_STRUCTURED_OUTPUT,
  MEMBER_ERRORS,
  MEMBER_API_ERROR_STATUS,
  MEMBER_STOP_REASON,
  MEMBER_TERMINAL_REASON,
  MEMBER_USAGE,
  MEMBER_TOTAL_COST,
  MEMBER_NUM_TURNS,
  MEMBER_DURATION,
  MEMBER_SESSION_ID,
  N_MEMBERS,
} Member;

static const char * const member_names[N_MEMBERS] = {
  [MEMBER_SUBTYPE] = "subtype",
  [MEMBER_IS_ERROR] = "is_error",
  [MEMBER_RESULT] = "result",
  [MEMBER_STRUCTURED_OUTPUT] = "structured_output",
  [MEMBER_ERRORS] = "errors",
  [MEMBER_API_ERROR_STATUS] = "api_error_status",
  [MEMBER_STOP_REASON] = "stop_reason",
  [MEMBER_TERMINAL_REASON] = "terminal_reason",
  [MEMBER_USAGE] = "usage",
  [MEMBER_TOTAL_COST] = "total_cost_usd",
  [MEMBER_NUM_TURNS] = "num_turns",
  [MEMBER_DURATION] = "duration_ms",
  [MEMBER_SESSION_ID] = "session_id",
};

typedef struct
{
  RuntimeUseClaudeSession *session;
  RuntimeUseJsonValue      members[N_MEMBERS];
} Result;

/* Metadata */

static void
append_name (GString    *json,
             const char *name)
{
  if (json->str[json->len - 1] != '{')
    g_string_append_c (json, ',');
  _runtime_use_json_append_string (json, name, strlen (name));
  g_string_append_c (json, ':');
}

static void
append_text (GString    *json,
             const char *name,
             const char *text)
{
  if (text == NULL)
    return;

  append_name (json, name);
  _runtime_use_json_append_string (json, text, strlen (text));
}

/* Numbers and strings are passed on as they are. */
static void
append_value (GString                   *json,
              const char                *name,
              const RuntimeUseJsonValue *value)
{
  g_autofree char *text = NULL;

  if (value->token == RUNTIME_USE_JSON_NUMBER)
    {
      append_name (json, name);
      g_string_append_len (json, value->text, (gssize) value->length);
    }
  else if (value->token == RUNTIME_USE_JSON_STRING)
    {
      text = _runtime_use_json_pick_string (value);
      append_text (json, name, text);
    }
}

/* What makes no sense counts as not said. */
static gint64
read_tokens (const RuntimeUseJsonValue *value)
{
  g_autofree char *number = NULL;
  gint64 tokens;

  if (value->token != RUNTIME_USE_JSON_NUMBER)
    return 0;

  number = g_strndup (value->text, value->length);

  return g_ascii_string_to_signed (number, 10, 0, MAX_TOKENS, &tokens, NULL) ? tokens : 0;
}

static gint64
add_tokens (gint64                     before,
            const RuntimeUseJsonValue *value)
{
  return MIN (before + read_tokens (value), MAX_TOKENS);
}

/* A number that need not be added to another is left as it is. */
static void
append_sum (GString                   *json,
            const char                *name,
            const RuntimeUseJsonValue *value,
            gint64                     before,
            gint64                    *sum)
{
  *sum = add_tokens (before, value);
  if (before == 0)
    {
      append_value (json, name, value);
      return;
    }

  append_name (json, name);
  g_string_append_printf (json, "%" G_GINT64_FORMAT, *sum);
}

/* The service counts apart what it read from its cache, and what it wrote there. */
static void
append_usage (GString      *json,
              const Result *result)
{
  static const char * const names[RUNTIME_USE_CLAUDE_N_TOKENS] = {
    "input_tokens", "output_tokens",
    "cache_read_input_tokens", "cache_creation_input_tokens",
  };
  static const char * const ours[RUNTIME_USE_CLAUDE_N_TOKENS] = {
    "inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens",
  };
  const RuntimeUseJsonValue *usage = &result->members[MEMBER_USAGE];
  RuntimeUseJsonValue values[RUNTIME_USE_CLAUDE_N_TOKENS];
  gint64 total = 0;

  if (usage->token != RUNTIME_USE_JSON_OBJECT)
    return;

  _runtime_use_json_pick_from (usage, names, values, G_N_ELEMENTS (names));
  append_name (json, "usage");
  g_string_append_c (json, '{');
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gint64 tokens = add_tokens (result->session->earlier.tokens[i], &values[i]);

      result->session->last.tokens[i] = tokens;
      append_name (json, ours[i]);
      g_string_append_printf (json, "%" G_GINT64_FORMAT, tokens);
      total = MIN (total + tokens, MAX_TOKENS);
    }
  append_name (json, "totalTokens");
  g_string_append_printf (json, "%" G_GINT64_FORMAT "}", total);
}

static void
append_facts (GString      *json,
              const Result *result)
{
  RuntimeUseClaudeSession *session = result->session;

  append_usage (json, result);
  append_value (json, "totalCostUsd", &result->members[MEMBER_TOTAL_COST]);
  append_sum (json, "numTurns", &result->members[MEMBER_NUM_TURNS], session->earlier.turns,
              &session->last.turns);
  append_sum (json, "durationMs", &result->members[MEMBER_DURATION], session->earlier.duration,
              &session->last.duration);
  append_value (json, "sessionId", &result->members[MEMBER_SESSION_ID]);
  append_text (json, "model", session->model);
  append_text (json, "claudeCodeVersion", session->version);
}

static char *
describe_success (const Result *result)
{
  g_autoptr(GString) json = g_string_new ("{");

  append_facts (json, result);
  g_string_append_c (json, '}');

  return g_strndup (json->str, json->len);
}

static char *
describe_failure (const Result *result)
{
  g_autoptr(GString) json = g_string_new ("{");

  append_text (json, "error_name", "agent-failed");
  append_value (json, "subtype", &result->members[MEMBER_SUBTYPE]);
  append_value (json, "terminalReason", &result->members[MEMBER_TERMINAL_REASON]);
  append_value (json, "apiErrorStatus", &result->members[MEMBER_API_ERROR_STATUS]);
  append_text (json, "apiError", result->session->problem_kind);
  append_facts (json, result);
  g_string_append_c (json, '}');

  return g_strndup (json->str, json->len);
}

/* Failures */

static RuntimeUseOutcome *
new_failed (const char *text)
{
  g_autoptr(GError) error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                                         "claude: %s", text);

  return _runtime_use_outcome_new_error (error, NULL);
}

static void
append_errors (GString                   *text,
               const RuntimeUseJsonValue *errors)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue value;

  if (errors->token != RUNTIME_USE_JSON_ARRAY)
    return;

  _runtime_use_json_value_open (errors, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &value))
    {
      g_autofree char *words = _runtime_use_json_pick_string (&value);

      if (words != NULL && words[0] != '\0')
        g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", words);
    }
}

/* What the program calls the way in which it failed, unless it is "success". */
static char *
dup_failure_name (const Result *result)
{
  const RuntimeUseJsonValue *subtype = &result->members[MEMBER_SUBTYPE];

  if (_runtime_use_json_pick_is (subtype, "success"))
    return NULL;

  return _runtime_use_json_pick_string (subtype);
}

static void
append_status (GString                   *text,
               const RuntimeUseJsonValue *status)
{
  g_autofree char *number = NULL;

  if (status->token != RUNTIME_USE_JSON_NUMBER)
    return;

  number = g_strndup (status->text, status->length);
  if (strstr (text->str, number) == NULL)
    g_string_append_printf (text, " (HTTP %s)", number);
}

/* The program's own words, whichever there are. */
static RuntimeUseOutcome *
read_failure (const Result *result)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autofree char *name = dup_failure_name (result);
  g_autofree char *words = NULL;
  RuntimeUseOutcome *outcome;

  append_errors (text, &result->members[MEMBER_ERRORS]);
  words = _runtime_use_json_pick_string (&result->members[MEMBER_RESULT]);
  if (text->len == 0 && words != NULL)
    g_string_append (text, words);
  if (text->len == 0 && result->session->problem != NULL)
    g_string_append (text, result->session->problem);

  append_status (text, &result->members[MEMBER_API_ERROR_STATUS]);
  if (text->len == 0)
    g_string_append (text, name != NULL ? name : "it failed without saying why");
  else if (name != NULL)
    g_string_append_printf (text, " (%s)", name);

  outcome = new_failed (text->str);
  outcome->metadata = describe_failure (result);

  return outcome;
}

static RuntimeUseOutcome *
new_unfit (const Result *result,
           const char   *problem)
{
  RuntimeUseOutcome *outcome = new_failed (problem);

  outcome->metadata = describe_failure (result);

  return outcome;
}

/* Success */

/* A model may never use the tool by which it hands over an object; the program is content then. */
static RuntimeUseOutcome *
new_missing_object (const Result *result)
{
  g_autofree char *said = _runtime_use_json_pick_string (&result->members[MEMBER_RESULT]);
  g_autoptr(GString) text = NULL;

  text = g_string_new ("it ended without the structured output that was asked for "
                       "(output_format_json_schema_str)");
  if (result->session->n_corrections > 0)
    g_string_append (text, ", also when it was told what was wrong");
  if (said != NULL && said[0] != '\0')
    {
      g_autofree char *start = g_utf8_substring (said, 0, MIN (g_utf8_strlen (said, -1),
                                                               QUOTE_LIMIT));

      g_string_append_printf (text, ", and said: %s%s", start,
                              strlen (start) < strlen (said) ? "…" : "");
    }

  return new_unfit (result, text->str);
}

static RuntimeUseOutcome *
read_object (const Result *result)
{
  const RuntimeUseJsonValue *object = &result->members[MEMBER_STRUCTURED_OUTPUT];
  RuntimeUseOutcome *outcome;

  result->session->lacks_object = object->token != RUNTIME_USE_JSON_OBJECT;
  if (object->token == RUNTIME_USE_JSON_END)
    return new_missing_object (result);
  if (object->token != RUNTIME_USE_JSON_OBJECT)
    return new_unfit (result, "its structured output is no JSON object");

  outcome = g_new0 (RuntimeUseOutcome, 1);
  outcome->structured_output = _runtime_use_json_compact (object->text, object->length, NULL);
  outcome->metadata = describe_success (result);

  return outcome;
}

static RuntimeUseOutcome *
read_text (const Result *result)
{
  char *text = _runtime_use_json_pick_string (&result->members[MEMBER_RESULT]);
  RuntimeUseOutcome *outcome;

  if (text == NULL)
    return new_unfit (result, "it ended without a text");

  outcome = g_new0 (RuntimeUseOutcome, 1);
  outcome->text = text;
  outcome->metadata = describe_success (result);

  return outcome;
}

/* Reads the event "result". Failures of the service and of the login have the subtype "success"
 * too, so the flag is what counts. */
RuntimeUseOutcome *
_runtime_use_claude_result_read (RuntimeUseClaudeSession *session,
                                 const char              *line,
                                 gsize                    length)
{
  Result result = { .session = session };

  session->lacks_object = FALSE;
  /* Found to be sound already. */
  _runtime_use_json_pick (line, length, member_names, result.members, N_MEMBERS, NULL);

  if (result.members[MEMBER_IS_ERROR].token == RUNTIME_USE_JSON_TRUE ||
      !_runtime_use_json_pick_is (&result.members[MEMBER_SUBTYPE], "success") ||
      _runtime_use_json_pick_is (&result.members[MEMBER_STOP_REASON], "refusal"))
    return read_failure (&result);

  return session->wants_object ? read_object (&result) : read_text (&result);
}

/* A success that cannot be used; what it told of itself remains. */
void
_runtime_use_claude_result_fail (RuntimeUseOutcome *outcome,
                                 const char        *text)
{
  g_autofree char *facts = g_steal_pointer (&outcome->metadata);
  g_autoptr(GString) json = g_string_new ("{");

  append_text (json, "error_name", "agent-failed");
  if (facts != NULL && facts[1] != '}')
    g_string_append_printf (json, ",%s", facts + 1);
  else
    g_string_append_c (json, '}');

  outcome->metadata = g_strndup (json->str, json->len);
  outcome->error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, "claude: %s",
                                text);
  g_clear_pointer (&outcome->text, g_free);
  g_clear_pointer (&outcome->structured_output, g_free);
}

/* The program did not accept our first request. */
RuntimeUseOutcome *
_runtime_use_claude_result_new_refused (const char *text)
{
  g_autofree char *words = g_strdup_printf ("it refused the request: %s",
                                            text != NULL ? text : "it did not say why");

  return new_failed (words);
}
