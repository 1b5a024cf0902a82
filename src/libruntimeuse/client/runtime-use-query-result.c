/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-query-result.h"

#include "runtime-use-json-node-private.h"
#include "runtime-use-query-result-private.h"

/**
 * RuntimeUseQueryResult:
 *
 * What an agent answered: a text or an object, and what else there is to say.
 *
 * Since: 0.1
 */

struct _RuntimeUseQueryResult
{
  GObject                  parent_instance;

  RuntimeUseResultMessage *message;
  JsonNode                *structured;   /* (nullable): not asked for yet, or a text instead */
  JsonNode                *metadata;     /* (nullable): not asked for yet */
};

typedef enum
{
  PROP_TEXT = 1,
  PROP_STRUCTURED,
  PROP_STRUCTURED_JSON,
  PROP_METADATA,
  PROP_METADATA_JSON,
} RuntimeUseQueryResultProperty;

static GParamSpec *properties[PROP_METADATA_JSON + 1];

G_DEFINE_FINAL_TYPE (RuntimeUseQueryResult, runtime_use_query_result, G_TYPE_OBJECT)

static void
runtime_use_query_result_finalize (GObject *object)
{
  RuntimeUseQueryResult *self = RUNTIME_USE_QUERY_RESULT (object);

  g_clear_object (&self->message);
  g_clear_pointer (&self->structured, json_node_unref);
  g_clear_pointer (&self->metadata, json_node_unref);

  G_OBJECT_CLASS (runtime_use_query_result_parent_class)->finalize (object);
}

static void
runtime_use_query_result_get_property (GObject    *object,
                                       guint       prop_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  RuntimeUseQueryResult *self = RUNTIME_USE_QUERY_RESULT (object);

  switch ((RuntimeUseQueryResultProperty) prop_id)
    {
    case PROP_TEXT:
      g_value_set_string (value, runtime_use_query_result_get_text (self));
      break;

    case PROP_STRUCTURED:
      g_value_set_boxed (value, runtime_use_query_result_get_structured (self));
      break;

    case PROP_STRUCTURED_JSON:
      g_value_set_string (value, runtime_use_query_result_get_structured_json (self));
      break;

    case PROP_METADATA:
      g_value_set_boxed (value, runtime_use_query_result_get_metadata (self));
      break;

    case PROP_METADATA_JSON:
      g_value_set_string (value, runtime_use_query_result_get_metadata_json (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_query_result_class_init (RuntimeUseQueryResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = runtime_use_query_result_finalize;
  object_class->get_property = runtime_use_query_result_get_property;

  /**
   * RuntimeUseQueryResult:text:
   *
   * The answer when it is a text, else `NULL`.
   *
   * Since: 0.1
   */
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseQueryResult:structured:
   *
   * The answer when it is an object, else `NULL`.
   *
   * Since: 0.1
   */
  properties[PROP_STRUCTURED] =
    g_param_spec_boxed ("structured", NULL, NULL, JSON_TYPE_NODE, flags);

  /**
   * RuntimeUseQueryResult:structured-json:
   *
   * The text of the answer when it is an object, else `NULL`.
   *
   * Since: 0.1
   */
  properties[PROP_STRUCTURED_JSON] =
    g_param_spec_string ("structured-json", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseQueryResult:metadata:
   *
   * What the agent tells about its work; an object that may be empty.
   *
   * Since: 0.1
   */
  properties[PROP_METADATA] = g_param_spec_boxed ("metadata", NULL, NULL, JSON_TYPE_NODE, flags);

  /**
   * RuntimeUseQueryResult:metadata-json:
   *
   * The text of what the agent tells about its work.
   *
   * Since: 0.1
   */
  properties[PROP_METADATA_JSON] = g_param_spec_string ("metadata-json", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
runtime_use_query_result_init (RuntimeUseQueryResult *self)
{
}

RuntimeUseQueryResult *
_runtime_use_query_result_new (RuntimeUseResultMessage *message)
{
  RuntimeUseQueryResult *self = g_object_new (RUNTIME_USE_TYPE_QUERY_RESULT, NULL);

  self->message = g_object_ref (message);

  return self;
}

/**
 * runtime_use_query_result_get_text:
 * @self: a result
 *
 * Gets the answer when it is a text.
 *
 * Returns: (transfer none) (nullable): a string, or `NULL` when the answer is an object
 *
 * Since: 0.1
 */
const char *
runtime_use_query_result_get_text (RuntimeUseQueryResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_QUERY_RESULT (self), NULL);

  return runtime_use_result_message_get_text (self->message);
}

/* The text was checked when the message was read, so that it is always JSON. */
static JsonNode *
get_node (JsonNode   **node,
          const char  *json)
{
  if (*node == NULL && json != NULL)
    *node = _runtime_use_json_to_node (json, NULL);

  return *node;
}

/**
 * runtime_use_query_result_get_structured:
 * @self: a result
 *
 * Gets the answer when it is an object.
 *
 * Numbers that a [struct@Json.Node] cannot hold come out as the nearest that
 * it can; [method@RuntimeUse.QueryResult.get_structured_json] has them all.
 *
 * Returns: (transfer none) (nullable): an object, or `NULL` when the answer is a text
 *
 * Since: 0.1
 */
JsonNode *
runtime_use_query_result_get_structured (RuntimeUseQueryResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_QUERY_RESULT (self), NULL);

  return get_node (&self->structured, runtime_use_query_result_get_structured_json (self));
}

/**
 * runtime_use_query_result_get_structured_json:
 * @self: a result
 *
 * Gets the answer, exactly as the server sent it, when it is an object.
 *
 * Returns: (transfer none) (nullable): the compact text of a JSON object, or `NULL` when the
 *   answer is a text
 *
 * Since: 0.1
 */
const char *
runtime_use_query_result_get_structured_json (RuntimeUseQueryResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_QUERY_RESULT (self), NULL);

  return runtime_use_result_message_get_structured_output_json (self->message);
}

/**
 * runtime_use_query_result_get_metadata:
 * @self: a result
 *
 * Gets what the agent tells about its work.
 *
 * Returns: (transfer none) (nullable): an object, empty when there is nothing to tell
 *
 * Since: 0.1
 */
JsonNode *
runtime_use_query_result_get_metadata (RuntimeUseQueryResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_QUERY_RESULT (self), NULL);

  return get_node (&self->metadata, runtime_use_query_result_get_metadata_json (self));
}

/**
 * runtime_use_query_result_get_metadata_json:
 * @self: a result
 *
 * Gets what the agent tells about its work, exactly as the server sent it.
 *
 * Returns: (transfer none) (nullable): the compact text of a JSON object, `{}` when there is
 *   nothing to tell
 *
 * Since: 0.1
 */
const char *
runtime_use_query_result_get_metadata_json (RuntimeUseQueryResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_QUERY_RESULT (self), NULL);

  return runtime_use_result_message_get_metadata_json (self->message);
}
