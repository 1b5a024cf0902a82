/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-host-message-private.h"

#include "runtime-use-invocation-private.h"
#include "runtime-use-json-pick-private.h"
#include "runtime-use-json-redaction-private.h"
#include "runtime-use-json-writer-private.h"

#include <string.h>

static const char * const member_names[RUNTIME_USE_HOST_N_MEMBERS] = {
  [RUNTIME_USE_HOST_MEMBER_TYPE] = "type",
  [RUNTIME_USE_HOST_MEMBER_ID] = "id",
  [RUNTIME_USE_HOST_MEMBER_TEXT_BLOCKS] = "text_blocks",
  [RUNTIME_USE_HOST_MEMBER_ERROR] = "error",
  [RUNTIME_USE_HOST_MEMBER_METADATA] = "metadata",
  [RUNTIME_USE_HOST_MEMBER_LEVEL] = "level",
  [RUNTIME_USE_HOST_MEMBER_MESSAGE] = "message",
  [RUNTIME_USE_HOST_MEMBER_RESULT] = "result",
  [RUNTIME_USE_HOST_MEMBER_CAPABILITIES] = "capabilities",
};

static const char * const kind_names[] = {
  [RUNTIME_USE_HOST_MESSAGE_READY] = "ready",
  [RUNTIME_USE_HOST_MESSAGE_FATAL] = "fatal",
  [RUNTIME_USE_HOST_MESSAGE_ASSISTANT] = "assistant_message",
  [RUNTIME_USE_HOST_MESSAGE_ERROR] = "error_message",
  [RUNTIME_USE_HOST_MESSAGE_LOG] = "log",
  [RUNTIME_USE_HOST_MESSAGE_RESULT] = "result",
  [RUNTIME_USE_HOST_MESSAGE_FAILED] = "failed",
  [RUNTIME_USE_HOST_MESSAGE_CANCELLED] = "cancelled",
};

static RuntimeUseHostMessageKind
find_kind (const RuntimeUseJsonValue *type)
{
  for (guint i = RUNTIME_USE_HOST_MESSAGE_READY; i < G_N_ELEMENTS (kind_names); i++)
    if (_runtime_use_json_pick_is (type, kind_names[i]))
      return i;

  return RUNTIME_USE_HOST_MESSAGE_UNKNOWN;
}

/* Reads a line that has no line end any more. */
gboolean
_runtime_use_host_message_read (RuntimeUseHostMessage  *self,
                                const char             *line,
                                gsize                   length,
                                GError                **error)
{
  const RuntimeUseJsonValue *type = &self->members[RUNTIME_USE_HOST_MEMBER_TYPE];

  if (!_runtime_use_json_pick (line, length, member_names, self->members,
                               G_N_ELEMENTS (member_names), error))
    return FALSE;
  if (type->token != RUNTIME_USE_JSON_STRING)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED,
                           "it is no object with a \"type\"");
      return FALSE;
    }

  self->kind = find_kind (type);

  return TRUE;
}

/* The text of a string member, or NULL if it is something else. */
char *
_runtime_use_host_message_dup_member (const RuntimeUseHostMessage *self,
                                      RuntimeUseHostMember         member)
{
  return _runtime_use_json_pick_string (&self->members[member]);
}

/* Of a "log"; what is no string is not logged. */
void
_runtime_use_host_message_log (const RuntimeUseHostMessage *self,
                               RuntimeUseLogger            *logger)
{
  g_autofree char *text = NULL;
  g_autofree char *level = NULL;

  text = _runtime_use_host_message_dup_member (self, RUNTIME_USE_HOST_MEMBER_MESSAGE);
  level = _runtime_use_host_message_dup_member (self, RUNTIME_USE_HOST_MEMBER_LEVEL);
  if (text == NULL)
    return;

  if (g_strcmp0 (level, "error") == 0)
    runtime_use_logger_error (logger, text);
  else if (g_strcmp0 (level, "warning") == 0 || g_strcmp0 (level, "warn") == 0)
    runtime_use_logger_warning (logger, text);
  else if (g_strcmp0 (level, "debug") == 0)
    runtime_use_logger_debug (logger, text);
  else
    runtime_use_logger_info (logger, text);
}

static guint
read_concurrent (const RuntimeUseJsonValue *value)
{
  g_autofree char *number = NULL;
  guint64 concurrent;

  if (value->token == RUNTIME_USE_JSON_TRUE)
    return G_MAXUINT;
  if (value->token != RUNTIME_USE_JSON_NUMBER)
    return 1;

  number = g_strndup (value->text, value->length);
  if (!g_ascii_string_to_unsigned (number, 10, 1, G_MAXUINT, &concurrent, NULL))
    return 1;

  return (guint) concurrent;
}

/* Of a "ready"; what is not said is not there. */
void
_runtime_use_host_message_get_abilities (const RuntimeUseHostMessage *self,
                                         RuntimeUseHostAbilities     *abilities)
{
  static const char * const names[] = { "concurrent", "flow" };
  const RuntimeUseJsonValue *object = &self->members[RUNTIME_USE_HOST_MEMBER_CAPABILITIES];
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];

  abilities->concurrent = 1;
  abilities->flow = FALSE;
  if (object->token != RUNTIME_USE_JSON_OBJECT)
    return;

  _runtime_use_json_pick_from (object, names, values, G_N_ELEMENTS (names));
  abilities->concurrent = read_concurrent (&values[0]);
  abilities->flow = values[1].token == RUNTIME_USE_JSON_TRUE;
}

char **
_runtime_use_host_message_dup_blocks (const RuntimeUseHostMessage  *self,
                                      GError                      **error)
{
  const RuntimeUseJsonValue *array = &self->members[RUNTIME_USE_HOST_MEMBER_TEXT_BLOCKS];
  g_autoptr(GStrvBuilder) blocks = g_strv_builder_new ();
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue value;

  if (array->token != RUNTIME_USE_JSON_ARRAY)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                           "text_blocks must be an array of strings");
      return NULL;
    }

  _runtime_use_json_value_open (array, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &value))
    {
      g_autofree char *block = NULL;

      if (value.token != RUNTIME_USE_JSON_STRING)
        {
          g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                               "text_blocks must hold nothing but strings");
          return NULL;
        }
      block = _runtime_use_json_pick_string (&value);
      g_strv_builder_add (blocks, block);
    }

  return g_strv_builder_end (blocks);
}

static RuntimeUseOutcome *
new_failed (RuntimeUseError  code,
            const char      *text)
{
  g_autoptr(GError) error = g_error_new_literal (RUNTIME_USE_ERROR, code, text);

  return _runtime_use_outcome_new_error (error, NULL);
}

static RuntimeUseOutcome *
new_unfit (const char *problem)
{
  g_autofree char *text = g_strdup_printf ("The agent's result cannot be used: %s", problem);

  return new_failed (RUNTIME_USE_ERROR_AGENT_FAILED, text);
}

/* A line is compact enough, but not when it was written by hand. */
static char *
dup_object (const RuntimeUseJsonValue *value)
{
  return _runtime_use_json_compact (value->text, value->length, NULL);
}

static RuntimeUseOutcome *
read_result (const RuntimeUseJsonValue *result)
{
  static const char * const names[] = {
    "type", "text", "structured_output", "metadata",
  };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  g_autofree char *shown = NULL;
  g_autofree char *problem = NULL;
  RuntimeUseOutcome *outcome;

  if (result->token != RUNTIME_USE_JSON_OBJECT)
    return new_unfit ("it is no object");

  _runtime_use_json_pick_from (result, names, values, G_N_ELEMENTS (names));
  if (values[3].token != RUNTIME_USE_JSON_END && values[3].token != RUNTIME_USE_JSON_OBJECT)
    return new_unfit ("the metadata must be a JSON object");
  if (values[0].token != RUNTIME_USE_JSON_STRING)
    return new_unfit ("its \"type\" must be \"text\" or \"structured_output\"");

  outcome = g_new0 (RuntimeUseOutcome, 1);
  if (values[3].token == RUNTIME_USE_JSON_OBJECT)
    outcome->metadata = dup_object (&values[3]);
  if (_runtime_use_json_pick_is (&values[0], "text"))
    outcome->text = _runtime_use_json_pick_string (&values[1]);
  else if (_runtime_use_json_pick_is (&values[0], "structured_output") &&
           values[2].token == RUNTIME_USE_JSON_OBJECT)
    outcome->structured_output = dup_object (&values[2]);
  if (outcome->text != NULL || outcome->structured_output != NULL)
    return outcome;

  _runtime_use_outcome_free (outcome);
  shown = _runtime_use_json_value_show (&values[0]);
  if (_runtime_use_json_pick_is (&values[0], "text"))
    problem = g_strdup ("its \"text\" must be a string");
  else if (_runtime_use_json_pick_is (&values[0], "structured_output"))
    problem = g_strdup ("its \"structured_output\" must be a JSON object");
  else
    problem = g_strdup_printf ("its \"type\" must be \"text\" or \"structured_output\", not "
                               "\"%s\"", shown);

  return new_unfit (problem);
}

/* What went wrong, by its name if nothing else describes it. */
static char *
describe_failure (const RuntimeUseJsonValue *metadata,
                  const RuntimeUseJsonValue *name)
{
  GString *json;

  if (metadata->token == RUNTIME_USE_JSON_OBJECT)
    return dup_object (metadata);
  if (name->token != RUNTIME_USE_JSON_STRING)
    return NULL;

  json = g_string_new ("{\"error_name\":\"");
  g_string_append_len (json, name->text, (gssize) name->length);
  g_string_append (json, "\"}");

  return g_string_free (json, FALSE);
}

static RuntimeUseOutcome *
read_failure (const RuntimeUseJsonValue *failure)
{
  static const char * const names[] = { "message", "name", "metadata" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  g_autofree char *message = NULL;
  RuntimeUseOutcome *outcome;

  if (failure->token == RUNTIME_USE_JSON_STRING)
    {
      message = _runtime_use_json_pick_string (failure);
      return new_failed (RUNTIME_USE_ERROR_AGENT_FAILED, message);
    }
  if (failure->token != RUNTIME_USE_JSON_OBJECT)
    return new_failed (RUNTIME_USE_ERROR_AGENT_FAILED, "The agent failed without saying why");

  _runtime_use_json_pick_from (failure, names, values, G_N_ELEMENTS (names));
  message = _runtime_use_json_pick_string (&values[0]);
  outcome = new_failed (RUNTIME_USE_ERROR_AGENT_FAILED,
                        message != NULL ? message : "The agent failed without saying why");
  outcome->metadata = describe_failure (&values[2], &values[1]);

  return outcome;
}

/* How an invocation ended, or what an "error_message" reports. What cannot be used becomes an
 * error that says so. */
RuntimeUseOutcome *
_runtime_use_host_message_to_outcome (const RuntimeUseHostMessage *self)
{
  const RuntimeUseJsonValue *metadata = &self->members[RUNTIME_USE_HOST_MEMBER_METADATA];
  RuntimeUseOutcome *outcome;

  if (self->kind == RUNTIME_USE_HOST_MESSAGE_RESULT)
    return read_result (&self->members[RUNTIME_USE_HOST_MEMBER_RESULT]);
  if (self->kind == RUNTIME_USE_HOST_MESSAGE_CANCELLED)
    return new_failed (RUNTIME_USE_ERROR_CANCELLED, "The agent cancelled the invocation");

  outcome = read_failure (&self->members[RUNTIME_USE_HOST_MEMBER_ERROR]);
  if (self->kind == RUNTIME_USE_HOST_MESSAGE_ERROR)
    {
      g_clear_pointer (&outcome->metadata, g_free);
      outcome->metadata = metadata->token == RUNTIME_USE_JSON_OBJECT ? dup_object (metadata)
                                                                     : g_strdup ("{}");
    }

  return outcome;
}

static void
append_member (GString    *out,
               const char *key,
               const char *text)
{
  g_string_append (out, key);
  _runtime_use_json_append_string (out, text, strlen (text));
}

static void
append_strings (GString            *out,
                const char * const *strings)
{
  g_string_append_c (out, '[');
  for (gsize i = 0; strings[i] != NULL; i++)
    append_member (out, i > 0 ? "," : "", strings[i]);
  g_string_append_c (out, ']');
}

static void
append_env (GString            *out,
            const char * const *env)
{
  g_string_append_c (out, '{');
  for (gsize i = 0; env != NULL && env[i] != NULL; i++)
    {
      const char *equals = strchr (env[i], '=');

      if (i > 0)
        g_string_append_c (out, ',');
      _runtime_use_json_append_string (out, env[i], (gsize) (equals - env[i]));
      append_member (out, ":", equals + 1);
    }
  g_string_append_c (out, '}');
}

static void
append_format (GString    *out,
               const char *schema)
{
  g_autofree char *compact = _runtime_use_json_compact (schema, strlen (schema), NULL);

  /* A value without lines of its own, found to be sound before the agent was asked. */
  if (compact != NULL)
    g_string_append_printf (out, ",\"output_format\":%s", compact);
}

void
_runtime_use_host_message_append_invoke (GString              *out,
                                         const char           *id,
                                         RuntimeUseInvocation *invocation)
{
  const char *schema = _runtime_use_invocation_get_output_format_json (invocation);

  append_member (out, "{\"type\":\"invoke\",\"id\":", id);
  append_member (out, ",\"invocation\":{\"system_prompt\":",
                 runtime_use_invocation_get_system_prompt (invocation));
  append_member (out, ",\"user_prompt\":", runtime_use_invocation_get_user_prompt (invocation));
  append_member (out, ",\"model\":", runtime_use_invocation_get_model (invocation));
  if (schema != NULL)
    append_format (out, schema);
  g_string_append (out, ",\"secrets\":");
  append_strings (out, runtime_use_invocation_get_secrets (invocation));
  g_string_append (out, ",\"env\":");
  append_env (out, _runtime_use_invocation_get_env_strv (invocation));
  g_string_append (out, "}}\n");
}

void
_runtime_use_host_message_append_order (GString    *out,
                                        const char *type,
                                        const char *id)
{
  append_member (out, "{\"type\":", type);
  append_member (out, ",\"id\":", id);
  g_string_append (out, "}\n");
}
