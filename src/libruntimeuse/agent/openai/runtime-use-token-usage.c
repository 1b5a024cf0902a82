/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-token-usage-private.h"

#include <string.h>

#define MAX_TOKENS ((G_GINT64_CONSTANT (1) << 53) - 1)

/* Of input and output each; there are about five. */
#define MAX_DETAILS 16
#define MAX_DETAIL_NAME 64

/* What is the same in the Responses API and in Chat Completions. */
typedef struct
{
  const char *names[2];
  const char *details[2];
} Part;

static const Part input_part = {
  { "input_tokens", "prompt_tokens" },
  { "input_tokens_details", "prompt_tokens_details" },
};

static const Part output_part = {
  { "output_tokens", "completion_tokens" },
  { "output_tokens_details", "completion_tokens_details" },
};

static void
detail_clear (gpointer data)
{
  RuntimeUseTokenDetail *detail = data;

  g_free (detail->name);
}

static GArray *
details_new (void)
{
  GArray *details = g_array_new (FALSE, FALSE, sizeof (RuntimeUseTokenDetail));

  g_array_set_clear_func (details, detail_clear);

  return details;
}

void
_runtime_use_token_usage_init (RuntimeUseTokenUsage *self)
{
  self->input = self->output = self->total = 0;
  self->input_details = details_new ();
  self->output_details = details_new ();
}

void
_runtime_use_token_usage_clear (RuntimeUseTokenUsage *self)
{
  g_clear_pointer (&self->input_details, g_array_unref);
  g_clear_pointer (&self->output_details, g_array_unref);
}

/* Both are sound. */
static gint64
sum (gint64 a,
     gint64 b)
{
  return MIN (a + b, MAX_TOKENS);
}

/* Whether @node is a number of tokens; one that is too large becomes the largest. */
static gboolean
read_tokens (JsonNode *node,
             gint64   *tokens)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  double number;

  if (type == G_TYPE_INT64)
    {
      *tokens = MIN (json_node_get_int (node), MAX_TOKENS);
      return *tokens >= 0;
    }
  if (type != G_TYPE_DOUBLE)
    return FALSE;

  number = json_node_get_double (node);
  if (!(number >= 0))
    return FALSE;

  *tokens = number < (double) MAX_TOKENS ? (gint64) number : MAX_TOKENS;

  return (double) *tokens == number || *tokens == MAX_TOKENS;
}

static gboolean
read_member (JsonObject *object,
             const char *name,
             gint64     *tokens)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && read_tokens (node, tokens);
}

static JsonObject *
get_object (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* --- Details --- */

/* Makes cachedTokens of cached_tokens. Returns NULL for what is no such name. */
static char *
dup_detail_name (const char *name)
{
  g_autoptr(GString) camel = g_string_new (NULL);
  gboolean is_start = FALSE;

  if (!g_ascii_islower (name[0]) || strlen (name) > MAX_DETAIL_NAME)
    return NULL;

  for (const char *c = name; *c != '\0'; c++)
    {
      if (!g_ascii_islower (*c) && !g_ascii_isdigit (*c) && *c != '_')
        return NULL;
      if (*c != '_')
        g_string_append_c (camel, is_start ? g_ascii_toupper (*c) : *c);
      is_start = *c == '_';
    }

  return g_string_free (g_steal_pointer (&camel), FALSE);
}

static void
add_detail (GArray     *details,
            const char *name,
            gint64      tokens)
{
  RuntimeUseTokenDetail new_detail = { dup_detail_name (name), tokens };

  for (guint i = 0; i < details->len && new_detail.name != NULL; i++)
    {
      RuntimeUseTokenDetail *detail = &g_array_index (details, RuntimeUseTokenDetail, i);

      if (strcmp (detail->name, new_detail.name) == 0)
        {
          detail->tokens = sum (detail->tokens, tokens);
          g_clear_pointer (&new_detail.name, g_free);
        }
    }

  if (new_detail.name != NULL && details->len < MAX_DETAILS)
    g_array_append_val (details, new_detail);
  else
    g_free (new_detail.name);
}

static void
add_details (GArray     *details,
             JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  gint64 tokens;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      if (read_tokens (node, &tokens))
        add_detail (details, name, tokens);
    }
}

/* --- */

/* Returns the tokens that are added. The names of one interface are enough. */
static gint64
add_part (JsonObject *usage,
          const Part *part,
          GArray     *details)
{
  gint64 tokens = 0;
  JsonObject *object = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (part->names); i++)
    {
      if (read_member (usage, part->names[i], &tokens))
        break;
      tokens = 0;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (part->details) && object == NULL; i++)
    object = get_object (json_object_get_member (usage, part->details[i]));
  if (object != NULL)
    add_details (details, object);

  return tokens;
}

/* Adds what a request says about its tokens. What makes no sense counts as not said. */
void
_runtime_use_token_usage_add (RuntimeUseTokenUsage *self,
                              JsonNode             *usage)
{
  JsonObject *object = get_object (usage);
  gint64 input, output, total;

  if (object == NULL)
    return;

  input = add_part (object, &input_part, self->input_details);
  output = add_part (object, &output_part, self->output_details);
  if (!read_member (object, "total_tokens", &total))
    total = sum (input, output);

  self->input = sum (self->input, input);
  self->output = sum (self->output, output);
  self->total = sum (self->total, total);
}

static void
set_details (JsonObject *object,
             const char *name,
             GArray     *details)
{
  JsonObject *inner;

  if (details->len == 0)
    return;

  inner = json_object_new ();
  for (guint i = 0; i < details->len; i++)
    {
      const RuntimeUseTokenDetail *detail = &g_array_index (details, RuntimeUseTokenDetail, i);

      json_object_set_int_member (inner, detail->name, detail->tokens);
    }
  json_object_set_object_member (object, name, inner);
}

JsonNode *
_runtime_use_token_usage_to_node (const RuntimeUseTokenUsage *self)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_int_member (object, "inputTokens", self->input);
  json_object_set_int_member (object, "outputTokens", self->output);
  json_object_set_int_member (object, "totalTokens", self->total);
  set_details (object, "inputTokensDetails", self->input_details);
  set_details (object, "outputTokensDetails", self->output_details);

  return json_node_init_object (json_node_alloc (), object);
}
