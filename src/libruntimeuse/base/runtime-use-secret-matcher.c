/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-secret-matcher-private.h"
#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

#define MARKER_LENGTH (sizeof RUNTIME_USE_REDACTED - 1)

/* Back at a beginning this short, another look at the text may save more than
 * going on does. */
#define SHALLOW 8

/* A node of the tree of all beginnings of all secrets. The nodes are in the
 * order of their depth, and the children of a node lie side by side. Node 0 is
 * the root; it is nobody's child, so 0 also says "none". */
typedef struct
{
  guint32 end;          /* where in the bytes of the secrets this beginning ends */
  guint32 depth;        /* how long it is */
  guint32 child;        /* the first child */
  guint32 n_children;
  guint32 fail;         /* the longest proper end of this beginning that is one, too */
  guint32 match;        /* length of the longest secret that ends here, or 0 */
} Node;

/* A secret in the bytes of all of them. */
typedef struct
{
  const guint8 *bytes;
  gsize         length;
} Secret;

/* Which of the sorted secrets. */
typedef struct
{
  guint32 first;
  guint32 last;   /* the one after */
} Range;

struct _RuntimeUseSecretMatcher
{
  GString                *bytes;            /* all secrets, one behind the other */
  GArray                 *ends;             /* (element-type guint32): where each one ends */
  gboolean                touches_marker;
  RuntimeUseSecretFilter *filter;

  gsize                   tree_ready;       /* the tree is made when it is first needed */
  Node                   *nodes;
  guint32                 n_nodes;
  guint8                 *node_bytes;       /* the last byte of each node's beginning */
  guint32                 roots[256];       /* the child of the root for each byte, or 0 */
};

/* Whether @secret put across a marker in some way would agree with it. */
static gboolean
touches_marker (const char *secret,
                gsize       length)
{
  gsize shift;

  /* Only one that has a bracket reaches over an edge. */
  if (memchr (secret, '[', length) == NULL && memchr (secret, ']', length) == NULL)
    return memmem (RUNTIME_USE_REDACTED, MARKER_LENGTH, secret, length) != NULL;

  for (shift = 1; shift < length + MARKER_LENGTH; shift++)
    {
      gsize in_secret = length > shift ? length - shift : 0;
      gsize in_marker = shift > length ? shift - length : 0;
      gsize overlap = MIN (length - in_secret, MARKER_LENGTH - in_marker);

      if (memcmp (secret + in_secret, &RUNTIME_USE_REDACTED[in_marker], overlap) == 0)
        return TRUE;
    }

  return FALSE;
}

/* A marker in the text is never looked into, so what can be found of a secret
 * that contains one is the parts around it. The longest will do. */
static const char *
longest_part (const char *secret,
              gsize      *length)
{
  const char *best = secret;
  const char *part = secret;

  *length = 0;
  while (part != NULL)
    {
      const char *marker = strstr (part, RUNTIME_USE_REDACTED);
      gsize part_length = marker != NULL ? (gsize) (marker - part) : strlen (part);

      if (part_length > *length)
        {
          best = part;
          *length = part_length;
        }
      part = marker != NULL ? marker + MARKER_LENGTH : NULL;
    }

  return best;
}

static void
add_secret (RuntimeUseSecretMatcher *self,
            const char              *secret)
{
  gsize start = self->bytes->len;
  gsize length;
  guint32 end;

  secret = longest_part (secret, &length);
  if (length == 0)
    return;

  /* The text is decoded before it comes here, so a secret that is no UTF-8
   * looks in it like what the decoder makes of it. */
  if (_runtime_use_utf8_valid_length ((const guint8 *) secret, length) == length)
    {
      g_string_append_len (self->bytes, secret, length);
    }
  else
    {
      RuntimeUseUtf8Decoder decoder;

      _runtime_use_utf8_decoder_init (&decoder);
      _runtime_use_utf8_decoder_append (&decoder, (const guint8 *) secret, length, self->bytes);
      _runtime_use_utf8_decoder_finish (&decoder, self->bytes);
    }

  if (touches_marker (self->bytes->str + start, self->bytes->len - start))
    self->touches_marker = TRUE;

  end = self->bytes->len;
  g_array_append_val (self->ends, end);
}

RuntimeUseSecretMatcher *
_runtime_use_secret_matcher_new (const char * const *secrets)
{
  RuntimeUseSecretMatcher *self;
  gsize i;

  if (secrets == NULL || secrets[0] == NULL)
    return NULL;

  self = g_new0 (RuntimeUseSecretMatcher, 1);
  self->bytes = g_string_new (NULL);
  self->ends = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (i = 0; secrets[i] != NULL; i++)
    add_secret (self, secrets[i]);

  /* Offsets into them are that large, and each byte costs a node. */
  g_assert (self->bytes->len < G_MAXUINT32);

  if (self->ends->len == 0)
    {
      _runtime_use_secret_matcher_free (self);
      return NULL;
    }

  self->filter = _runtime_use_secret_filter_new (self->bytes->str,
                                                 (const guint32 *) (gpointer) self->ends->data,
                                                 self->ends->len);

  return self;
}

void
_runtime_use_secret_matcher_free (RuntimeUseSecretMatcher *self)
{
  explicit_bzero (self->bytes->str, self->bytes->len);
  if (self->node_bytes != NULL)
    explicit_bzero (self->node_bytes, self->n_nodes);
  g_string_free (self->bytes, TRUE);
  g_array_unref (self->ends);
  g_clear_pointer (&self->filter, _runtime_use_secret_filter_free);
  g_free (self->nodes);
  g_free (self->node_bytes);
  g_free (self);
}

void
_runtime_use_secret_matcher_collect (RuntimeUseSecretMatcher *self,
                                     GPtrArray               *secrets)
{
  gsize start = 0;

  for (guint i = 0; i < self->ends->len; i++)
    {
      gsize end = g_array_index (self->ends, guint32, i);

      g_ptr_array_add (secrets, g_strndup (self->bytes->str + start, end - start));
      start = end;
    }
}

gboolean
_runtime_use_secret_matcher_touches_marker (RuntimeUseSecretMatcher *self)
{
  return self->touches_marker;
}

const RuntimeUseSecretFilter *
_runtime_use_secret_matcher_get_filter (RuntimeUseSecretMatcher *self)
{
  return self->filter;
}

static inline guint32
find_child (RuntimeUseSecretMatcher *self,
            guint32                  state,
            guint8                   byte)
{
  const Node *node = &self->nodes[state];
  const guint8 *found;

  if (state == 0)
    return self->roots[byte];

  if (node->n_children == 1)
    return self->node_bytes[node->child] == byte ? node->child : 0;

  if (node->n_children == 0)
    return 0;

  found = memchr (self->node_bytes + node->child, byte, node->n_children);

  return found != NULL ? found - self->node_bytes : 0;
}

static inline guint32
step (RuntimeUseSecretMatcher *self,
      guint32                  state,
      guint8                   byte)
{
  guint32 child;

  while ((child = find_child (self, state, byte)) == 0 && state != 0)
    state = self->nodes[state].fail;

  return child;
}

static int
compare_secrets (gconstpointer a,
                 gconstpointer b)
{
  const Secret *first = a;
  const Secret *second = b;
  int order = memcmp (first->bytes, second->bytes, MIN (first->length, second->length));

  if (order != 0)
    return order;

  return (first->length > second->length) - (first->length < second->length);
}

/* Secrets that begin alike get side by side, the shorter before the longer. */
static Secret *
sort_secrets (RuntimeUseSecretMatcher *self)
{
  const guint8 *bytes = (const guint8 *) self->bytes->str;
  Secret *secrets = g_new (Secret, self->ends->len);
  guint32 start = 0;
  guint i;

  for (i = 0; i < self->ends->len; i++)
    {
      guint32 end = g_array_index (self->ends, guint32, i);

      secrets[i] = (Secret) { bytes + start, end - start };
      start = end;
    }
  qsort (secrets, self->ends->len, sizeof *secrets, compare_secrets);

  return secrets;
}

/* Adds a node for the first bytes of @secret, one more than @parent has. */
static guint32
add_child (RuntimeUseSecretMatcher *self,
           guint32                  parent,
           const Secret            *secret)
{
  guint32 depth = self->nodes[parent].depth;
  guint32 child = self->n_nodes++;
  guint8 byte = secret->bytes[depth];
  Node *node = &self->nodes[child];

  node->end = secret->bytes - (const guint8 *) self->bytes->str + depth + 1;
  node->depth = depth + 1;
  self->node_bytes[child] = byte;

  if (self->nodes[parent].n_children++ == 0)
    self->nodes[parent].child = child;

  if (parent == 0)
    self->roots[byte] = child;
  else
    node->fail = step (self, self->nodes[parent].fail, byte);

  return child;
}

/* Makes out of the sorted secrets that begin like @node its children. */
static void
expand_node (RuntimeUseSecretMatcher *self,
             guint32                  node,
             const Secret            *secrets,
             Range                   *ranges)
{
  guint32 depth = self->nodes[node].depth;
  guint32 last = ranges[node].last;
  guint32 child = 0;
  guint32 i;

  self->nodes[node].match = self->nodes[self->nodes[node].fail].match;
  for (i = ranges[node].first; i < last && secrets[i].length == depth; i++)
    self->nodes[node].match = depth;

  for (; i < last; i++)
    {
      if (child == 0 || self->node_bytes[child] != secrets[i].bytes[depth])
        {
          child = add_child (self, node, &secrets[i]);
          ranges[child].first = i;
        }
      ranges[child].last = i + 1;
    }
}

static void
ensure_tree (RuntimeUseSecretMatcher *self)
{
  if (g_once_init_enter (&self->tree_ready))
    {
      g_autofree Secret *secrets = sort_secrets (self);
      g_autofree Range *ranges = g_new (Range, self->bytes->len + 1);
      guint32 node;

      self->nodes = g_new0 (Node, self->bytes->len + 1);
      self->node_bytes = g_new (guint8, self->bytes->len + 1);
      self->n_nodes = 1;
      ranges[0] = (Range) { 0, self->ends->len };

      for (node = 0; node < self->n_nodes; node++)
        expand_node (self, node, secrets, ranges);

      g_once_init_leave (&self->tree_ready, 1);
    }
}

gsize
_runtime_use_secret_matcher_run (RuntimeUseSecretMatcher *self,
                                 guint32                 *state,
                                 const char              *text,
                                 gsize                    length)
{
  guint32 depth;
  gsize i = 0;

  ensure_tree (self);
  depth = self->nodes[*state].depth;

  while (i < length)
    {
      const Node *node;
      guint32 old_depth = depth;

      *state = step (self, *state, text[i++]);
      node = &self->nodes[*state];
      depth = node->depth;
      if (node->match > 0 || (depth <= old_depth && depth <= SHALLOW))
        break;
    }

  return i;
}

const char *
_runtime_use_secret_matcher_get_held (RuntimeUseSecretMatcher *self,
                                      guint32                  state,
                                      gsize                   *length)
{
  const Node *node;

  if (state == 0)
    {
      *length = 0;
      return "";
    }

  node = &self->nodes[state];
  *length = node->depth;

  return self->bytes->str + node->end - node->depth;
}

gsize
_runtime_use_secret_matcher_get_match (RuntimeUseSecretMatcher *self,
                                       guint32                  state)
{
  return state != 0 ? self->nodes[state].match : 0;
}
