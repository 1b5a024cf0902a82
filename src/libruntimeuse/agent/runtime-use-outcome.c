/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-outcome-private.h"

#include "runtime-use-json-node-private.h"
#include "runtime-use-json-redaction-private.h"

#include <string.h>

/* Whatever a handler hands over becomes an outcome that fits the protocol;
 * what does not fit becomes an error that says so.
 */

static RuntimeUseOutcome *
outcome_new_failed (GError *error)
{
  RuntimeUseOutcome *self = g_new0 (RuntimeUseOutcome, 1);

  self->error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                             "The agent's result cannot be used: %s", error->message);
  g_error_free (error);

  return self;
}

static char *
object_to_text (JsonNode    *node,
                const char  *what,
                GError     **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                   "the %s must be a JSON object", what);
      return NULL;
    }

  return _runtime_use_json_from_node (node, error);
}

/* Takes self and returns it, or another outcome if the metadata is unfit. */
static RuntimeUseOutcome *
outcome_take_metadata (RuntimeUseOutcome *self,
                       JsonNode          *metadata)
{
  GError *error = NULL;

  if (metadata == NULL || JSON_NODE_HOLDS_NULL (metadata))
    return self;

  self->metadata = object_to_text (metadata, "metadata", &error);
  if (self->metadata != NULL)
    return self;

  /* An error weighs more than what describes it. */
  if (self->error != NULL)
    {
      g_clear_error (&error);
      return self;
    }

  _runtime_use_outcome_free (self);

  return outcome_new_failed (error);
}

RuntimeUseOutcome *
_runtime_use_outcome_new_text (const char *text,
                               JsonNode   *metadata)
{
  RuntimeUseOutcome *self = g_new0 (RuntimeUseOutcome, 1);

  self->text = g_utf8_make_valid (text, -1);

  return outcome_take_metadata (self, metadata);
}

RuntimeUseOutcome *
_runtime_use_outcome_new_structured_output (JsonNode *object,
                                            JsonNode *metadata)
{
  RuntimeUseOutcome *self;
  g_autofree char *text = NULL;
  GError *error = NULL;

  text = object_to_text (object, "structured output", &error);
  if (text == NULL)
    return outcome_new_failed (error);

  self = g_new0 (RuntimeUseOutcome, 1);
  self->structured_output = g_steal_pointer (&text);

  return outcome_take_metadata (self, metadata);
}

/* Structured output whose text is kept as it is: a JsonNode would lose digits. */
RuntimeUseOutcome *
_runtime_use_outcome_new_json (const char *json)
{
  RuntimeUseOutcome *self;
  g_autofree char *text = NULL;
  GError *error = NULL;

  text = _runtime_use_json_compact (json, strlen (json), &error);
  if (text != NULL && text[0] != '{')
    g_set_error_literal (&error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                         "the structured output must be a JSON object");
  if (error != NULL)
    return outcome_new_failed (error);

  self = g_new0 (RuntimeUseOutcome, 1);
  self->structured_output = g_steal_pointer (&text);

  return self;
}

RuntimeUseOutcome *
_runtime_use_outcome_new_error (const GError *error,
                                JsonNode     *metadata)
{
  RuntimeUseOutcome *self = g_new0 (RuntimeUseOutcome, 1);

  self->error = g_error_copy (error);
  if (!g_utf8_validate (self->error->message, -1, NULL))
    {
      char *valid = g_utf8_make_valid (self->error->message, -1);

      g_free (self->error->message);
      self->error->message = valid;
    }

  return outcome_take_metadata (self, metadata);
}

void
_runtime_use_outcome_free (RuntimeUseOutcome *self)
{
  g_free (self->text);
  g_free (self->structured_output);
  g_clear_error (&self->error);
  g_free (self->metadata);
  g_free (self);
}
