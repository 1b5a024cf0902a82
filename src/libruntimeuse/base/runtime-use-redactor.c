/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-redactor.h"
#include "runtime-use-redactor-stream-private.h"

#include <string.h>

/**
 * RuntimeUseRedactor:
 *
 * Hides secrets in text.
 *
 * Every occurrence of a secret is replaced by the marker `[REDACTED]`.
 * Secrets are compared literally and with their case. Where occurrences
 * overlap, one marker stands for all of them, so that nothing of a longer
 * secret is left when a shorter one is part of it.
 *
 * A marker that is in the text already stays as it is, and no secret is looked
 * for in it or over its edges: redacting a text twice is the same as redacting
 * it once, whatever the secrets. Of a secret that itself contains a marker,
 * the longest part beside it is what is hidden.
 *
 * A redactor never changes, and may be used from several threads at once. The
 * cost of redacting hardly depends on how many secrets there are.
 *
 * Since: 0.1
 */

struct _RuntimeUseRedactor
{
  GObject                  parent_instance;

  RuntimeUseSecretMatcher *matcher;   /* (nullable): nothing to hide */
};

G_DEFINE_FINAL_TYPE (RuntimeUseRedactor, runtime_use_redactor, G_TYPE_OBJECT)

typedef enum
{
  PROP_SECRETS = 1,
} RuntimeUseRedactorProperty;

static GParamSpec *properties[PROP_SECRETS + 1];

static void
runtime_use_redactor_finalize (GObject *object)
{
  RuntimeUseRedactor *self = RUNTIME_USE_REDACTOR (object);

  g_clear_pointer (&self->matcher, _runtime_use_secret_matcher_free);

  G_OBJECT_CLASS (runtime_use_redactor_parent_class)->finalize (object);
}

static void
runtime_use_redactor_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  RuntimeUseRedactor *self = RUNTIME_USE_REDACTOR (object);

  switch ((RuntimeUseRedactorProperty) prop_id)
    {
    case PROP_SECRETS:
      self->matcher = _runtime_use_secret_matcher_new (g_value_get_boxed (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_redactor_class_init (RuntimeUseRedactorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_redactor_finalize;
  object_class->set_property = runtime_use_redactor_set_property;

  /**
   * RuntimeUseRedactor:secrets:
   *
   * What to hide. Empty strings are ignored; nothing gives the secrets back.
   *
   * Since: 0.1
   */
  properties[PROP_SECRETS] =
    g_param_spec_boxed ("secrets", NULL, NULL,
                        G_TYPE_STRV,
                        (G_PARAM_WRITABLE |
                         G_PARAM_CONSTRUCT_ONLY |
                         G_PARAM_STATIC_STRINGS));

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
runtime_use_redactor_init (RuntimeUseRedactor *self)
{
}

/**
 * runtime_use_redactor_new:
 * @secrets: (nullable) (array zero-terminated=1): what to hide
 *
 * Makes a redactor. Empty strings among @secrets are ignored.
 *
 * Returns: (transfer full): a new redactor
 *
 * Since: 0.1
 */
RuntimeUseRedactor *
runtime_use_redactor_new (const char * const *secrets)
{
  RuntimeUseRedactor *self = g_object_new (RUNTIME_USE_TYPE_REDACTOR, NULL);

  /* Not by the property, which would copy all secrets first. */
  self->matcher = _runtime_use_secret_matcher_new (secrets);

  return self;
}

RuntimeUseSecretMatcher *
_runtime_use_redactor_get_matcher (RuntimeUseRedactor *self)
{
  return self->matcher;
}

void
_runtime_use_redactor_collect (RuntimeUseRedactor *self,
                               GPtrArray          *secrets)
{
  if (self->matcher != NULL)
    _runtime_use_secret_matcher_collect (self->matcher, secrets);
}

void
_runtime_use_redactor_append (RuntimeUseRedactor *self,
                              const char         *text,
                              gsize               length,
                              GString            *out)
{
  g_auto(RuntimeUseSecretScan) scan;

  _runtime_use_secret_scan_init (&scan, self->matcher);
  _runtime_use_secret_scan_append (&scan, text, length, out);
  _runtime_use_secret_scan_flush (&scan, out);
}

/**
 * runtime_use_redactor_is_empty:
 * @self: a redactor
 *
 * Gets whether there is nothing to hide.
 *
 * Returns: `TRUE` if every text stays as it is
 *
 * Since: 0.1
 */
gboolean
runtime_use_redactor_is_empty (RuntimeUseRedactor *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REDACTOR (self), TRUE);

  return self->matcher == NULL;
}

/**
 * runtime_use_redactor_redact:
 * @self: a redactor
 * @text: the text to show
 *
 * Replaces every secret in @text by `[REDACTED]`.
 *
 * Returns: (transfer full): the redacted text
 *
 * Since: 0.1
 */
char *
runtime_use_redactor_redact (RuntimeUseRedactor *self,
                             const char         *text)
{
  GString *out;

  g_return_val_if_fail (RUNTIME_USE_IS_REDACTOR (self), NULL);
  g_return_val_if_fail (text != NULL, NULL);

  out = g_string_new (NULL);
  _runtime_use_redactor_append (self, text, strlen (text), out);

  return g_string_free (out, FALSE);
}

/**
 * runtime_use_redactor_open_stream:
 * @self: a redactor
 *
 * Starts to redact a text that arrives in pieces.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 0.1
 */
RuntimeUseRedactorStream *
runtime_use_redactor_open_stream (RuntimeUseRedactor *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REDACTOR (self), NULL);

  return _runtime_use_redactor_stream_new (self);
}

static JsonNode *redact_node (RuntimeUseRedactor *self,
                              JsonNode           *value);

static JsonNode *
redact_array (RuntimeUseRedactor *self,
              JsonArray          *array)
{
  g_autoptr(JsonArray) redacted = json_array_sized_new (json_array_get_length (array));
  JsonNode *node;
  guint i;

  for (i = 0; i < json_array_get_length (array); i++)
    json_array_add_element (redacted, redact_node (self, json_array_get_element (array, i)));

  node = json_node_alloc ();

  return json_node_init_array (node, redacted);
}

/* Redacts the name of a member. Names that become equal are numbered, so that
 * no member is lost; @numbers remembers the last number of each. */
static char *
redact_name (RuntimeUseRedactor *self,
             const char         *name,
             JsonObject         *object,
             GHashTable         *numbers)
{
  g_autofree char *redacted = runtime_use_redactor_redact (self, name);
  g_autofree char *candidate = g_strdup (redacted);
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (numbers, redacted));

  if (number == 0)
    number = 1;

  while (json_object_has_member (object, candidate))
    {
      number++;
      g_free (candidate);
      candidate = g_strdup_printf ("%s (%u)", redacted, number);
    }

  g_hash_table_insert (numbers, g_steal_pointer (&redacted), GUINT_TO_POINTER (number));

  return g_steal_pointer (&candidate);
}

static JsonNode *
redact_object (RuntimeUseRedactor *self,
               JsonObject         *object)
{
  g_autoptr(JsonObject) redacted = json_object_new ();
  g_autoptr(GHashTable) numbers = NULL;
  JsonObjectIter iter;
  JsonNode *value;
  const char *name;

  numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *new_name = redact_name (self, name, redacted, numbers);

      json_object_set_member (redacted, new_name, redact_node (self, value));
    }

  return json_node_init_object (json_node_alloc (), redacted);
}

static JsonNode *
redact_node (RuntimeUseRedactor *self,
             JsonNode           *value)
{
  g_autofree char *text = NULL;

  if (JSON_NODE_HOLDS_ARRAY (value))
    return redact_array (self, json_node_get_array (value));

  if (JSON_NODE_HOLDS_OBJECT (value))
    return redact_object (self, json_node_get_object (value));

  if (!JSON_NODE_HOLDS_VALUE (value) || json_node_get_value_type (value) != G_TYPE_STRING)
    return json_node_copy (value);

  text = runtime_use_redactor_redact (self, json_node_get_string (value));

  return json_node_init_string (json_node_alloc (), text);
}

/**
 * runtime_use_redact_secrets:
 * @value: any JSON value
 * @secrets: (nullable) (array zero-terminated=1): what to hide
 *
 * Replaces every secret in @value by `[REDACTED]`.
 *
 * All strings and names of members are redacted, however deep; numbers are
 * not. Members whose names become equal are told apart by a number behind the
 * name, as in `[REDACTED] (2)`. See [class@RuntimeUse.Redactor] for how secrets
 * are found.
 *
 * Returns: (transfer full): the redacted value
 *
 * Since: 0.1
 */
JsonNode *
runtime_use_redact_secrets (JsonNode           *value,
                            const char * const *secrets)
{
  g_autoptr(RuntimeUseRedactor) redactor = NULL;

  g_return_val_if_fail (value != NULL, NULL);

  redactor = runtime_use_redactor_new (secrets);

  return redact_node (redactor, value);
}
