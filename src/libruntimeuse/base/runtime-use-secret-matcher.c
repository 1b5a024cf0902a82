/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-secret-matcher-private.h"
#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

#define MARKER_LENGTH (sizeof RUNTIME_USE_REDACTED - 1)

/* A node of the tree of all beginnings of all secrets. Node 0 is the root,
 * which is nobody's child, so 0 also says "none". */
typedef struct
{
  guint32 end;       /* where in the bytes of the secrets this beginning ends */
  guint32 depth;     /* how long it is */
  guint32 child;     /* the first child */
  guint32 sibling;   /* the next child of the same parent */
  guint32 fail;      /* the longest end of this beginning that is one, too */
  guint32 match;     /* length of the longest secret that ends here, or 0 */
} Node;

struct _RuntimeUseSecretMatcher
{
  GString  *bytes;            /* all secrets, one behind the other */
  GArray   *ends;             /* (element-type guint32): where each one ends in @bytes */
  gboolean  touches_marker;

  gsize     tree_ready;       /* the tree is made when it is first needed */
  Node     *nodes;
  guint32   n_nodes;
  guint32   roots[256];       /* the children of the root */
};

/* Whether @secret put across a marker in some way would agree with it. */
static gboolean
touches_marker (const char *secret,
                gsize       length)
{
  gsize shift;

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
  RuntimeUseSecretMatcher *self = g_new0 (RuntimeUseSecretMatcher, 1);
  gsize i;

  self->bytes = g_string_new (NULL);
  self->ends = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (i = 0; secrets != NULL && secrets[i] != NULL; i++)
    add_secret (self, secrets[i]);

  return self;
}

void
_runtime_use_secret_matcher_free (RuntimeUseSecretMatcher *self)
{
  explicit_bzero (self->bytes->str, self->bytes->len);
  g_string_free (self->bytes, TRUE);
  g_array_unref (self->ends);
  g_free (self->nodes);
  g_free (self);
}

gboolean
_runtime_use_secret_matcher_is_empty (RuntimeUseSecretMatcher *self)
{
  return self->ends->len == 0;
}

gboolean
_runtime_use_secret_matcher_touches_marker (RuntimeUseSecretMatcher *self)
{
  return self->touches_marker;
}

static guint8
node_byte (RuntimeUseSecretMatcher *self,
           guint32                  node)
{
  return self->bytes->str[self->nodes[node].end - 1];
}

static guint32
find_child (RuntimeUseSecretMatcher *self,
            guint32                  node,
            guint8                   byte)
{
  guint32 child;

  if (node == 0)
    return self->roots[byte];

  child = self->nodes[node].child;
  while (child != 0 && node_byte (self, child) != byte)
    child = self->nodes[child].sibling;

  return child;
}

static guint32
add_child (RuntimeUseSecretMatcher *self,
           guint32                  parent,
           guint32                  end)
{
  guint32 node = self->n_nodes++;

  self->nodes[node].end = end;
  self->nodes[node].depth = self->nodes[parent].depth + 1;
  if (parent == 0)
    {
      self->roots[node_byte (self, node)] = node;
    }
  else
    {
      self->nodes[node].sibling = self->nodes[parent].child;
      self->nodes[parent].child = node;
    }

  return node;
}

static void
add_secrets (RuntimeUseSecretMatcher *self)
{
  guint32 position = 0;
  guint i;

  for (i = 0; i < self->ends->len; i++)
    {
      guint32 end = g_array_index (self->ends, guint32, i);
      guint32 node = 0;

      for (; position < end; position++)
        {
          guint32 child = find_child (self, node, self->bytes->str[position]);

          node = child != 0 ? child : add_child (self, node, position + 1);
        }
      self->nodes[node].match = self->nodes[node].depth;
    }
}

static guint32
step (RuntimeUseSecretMatcher *self,
      guint32                  state,
      guint8                   byte)
{
  guint32 child;

  while ((child = find_child (self, state, byte)) == 0 && state != 0)
    state = self->nodes[state].fail;

  return child;
}

/* Nodes are visited by growing depth, for a node's @fail is less deep. */
static void
link_failures (RuntimeUseSecretMatcher *self)
{
  g_autofree guint32 *queue = g_new (guint32, self->n_nodes);
  guint32 n_queued = 0;
  guint32 i;

  for (i = 0; i < G_N_ELEMENTS (self->roots); i++)
    {
      if (self->roots[i] != 0)
        queue[n_queued++] = self->roots[i];
    }

  for (i = 0; i < n_queued; i++)
    {
      guint32 parent = queue[i];
      guint32 child;

      for (child = self->nodes[parent].child; child != 0; child = self->nodes[child].sibling)
        {
          Node *node = &self->nodes[child];

          node->fail = step (self, self->nodes[parent].fail, node_byte (self, child));
          if (node->match == 0)
            node->match = self->nodes[node->fail].match;
          queue[n_queued++] = child;
        }
    }
}

static void
ensure_tree (RuntimeUseSecretMatcher *self)
{
  if (g_once_init_enter (&self->tree_ready))
    {
      self->nodes = g_new0 (Node, self->bytes->len + 1);
      self->n_nodes = 1;
      add_secrets (self);
      link_failures (self);
      g_once_init_leave (&self->tree_ready, 1);
    }
}

guint32
_runtime_use_secret_matcher_step (RuntimeUseSecretMatcher *self,
                                  guint32                  state,
                                  guint8                   byte)
{
  ensure_tree (self);

  return step (self, state, byte);
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
