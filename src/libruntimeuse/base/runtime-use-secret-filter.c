/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-secret-filter-private.h"

#include <string.h>

/* How many bytes tell whether a secret may begin, or how far to jump. Secrets
 * that are shorter tell so little that they are a group of their own. */
#define BLOCK_LENGTH 4

/* If all secrets are this long, they are looked for in jumps (the algorithm of
 * Wu and Manber). Shorter jumps take longer than to look at every place. */
#define MIN_WINDOW 12

/* More of a secret than this is not worth looking at. */
#define MAX_WINDOW 64

/* Tables stay small enough for the cache of a processor. */
#define MIN_TABLE_BITS 8
#define MAX_TABLE_BITS 18

enum
{
  GROUP_SHORT,
  GROUP_LONG,
};

/* A value for every hash of a few bytes. */
typedef struct
{
  guint8 *entries;
  guint   shift;
} Table;

typedef struct
{
  gsize   n_secrets;
  gsize   min_length;
  guint32 prefix_mask;   /* the part of a prefix that all secrets are long enough for */
  guint8  first[256];    /* whether a secret begins with this byte */
  Table   prefixes;      /* whether a secret may begin like this */
  gsize   window;        /* the length of what jumps are made by */
  Table   jumps;         /* how far the window can move when it ends in this block */
} Group;

struct _RuntimeUseSecretFilter
{
  Group groups[RUNTIME_USE_SECRET_FILTER_N_GROUPS];
};

static inline guint32
load (const guint8 *bytes)
{
  guint32 word;

  memcpy (&word, bytes, sizeof word);

  return GUINT32_FROM_LE (word);
}

static inline guint8 *
lookup (const Table *table,
        guint32      key)
{
  return &table->entries[(key * 2654435761u) >> table->shift];
}

static void
init_table (Table  *table,
            gsize   size,
            guint8  value)
{
  guint bits = CLAMP (g_bit_storage (size - 1), MIN_TABLE_BITS, MAX_TABLE_BITS);

  table->shift = 32 - bits;
  table->entries = g_malloc ((gsize) 1 << bits);
  memset (table->entries, value, (gsize) 1 << bits);
}

static void
count_secret (Group *group,
              gsize  length)
{
  if (group->n_secrets == 0 || length < group->min_length)
    group->min_length = length;

  group->n_secrets++;
}

static void
init_group (Group *group)
{
  if (group->n_secrets == 0)
    return;

  group->prefix_mask = G_MAXUINT32;
  if (group->min_length < BLOCK_LENGTH)
    group->prefix_mask >>= 8 * (BLOCK_LENGTH - group->min_length);

  init_table (&group->prefixes, group->n_secrets * 256, FALSE);

  if (group->min_length < MIN_WINDOW)
    return;

  /* With very many secrets a table full of long jumps would have none left. */
  group->window = MAX (((gsize) 1 << MAX_TABLE_BITS) / 4 / group->n_secrets, MIN_WINDOW);
  group->window = MIN (group->window, MIN (group->min_length, MAX_WINDOW));
  init_table (&group->jumps,
              group->n_secrets * group->window * 8,
              group->window - BLOCK_LENGTH + 1);
}

static void
add_secret (Group        *group,
            const guint8 *secret,
            gsize         length)
{
  guint8 prefix[BLOCK_LENGTH] = { 0 };
  gsize i;

  memcpy (prefix, secret, MIN (length, BLOCK_LENGTH));
  *lookup (&group->prefixes, load (prefix) & group->prefix_mask) = TRUE;
  group->first[prefix[0]] = TRUE;

  for (i = BLOCK_LENGTH; i <= group->window; i++)
    {
      guint8 *jump = lookup (&group->jumps, load (secret + i - BLOCK_LENGTH));

      *jump = MIN (*jump, group->window - i);
    }
}

RuntimeUseSecretFilter *
_runtime_use_secret_filter_new (const char    *bytes,
                                const guint32 *ends,
                                gsize          n_ends)
{
  RuntimeUseSecretFilter *self = g_new0 (RuntimeUseSecretFilter, 1);
  gsize start, i;

  for (i = 0, start = 0; i < n_ends; start = ends[i++])
    {
      gsize length = ends[i] - start;

      count_secret (&self->groups[length >= BLOCK_LENGTH ? GROUP_LONG : GROUP_SHORT], length);
    }

  init_group (&self->groups[GROUP_SHORT]);
  init_group (&self->groups[GROUP_LONG]);

  for (i = 0, start = 0; i < n_ends; start = ends[i++])
    {
      gsize length = ends[i] - start;

      add_secret (&self->groups[length >= BLOCK_LENGTH ? GROUP_LONG : GROUP_SHORT],
                  (const guint8 *) bytes + start, length);
    }

  return self;
}

void
_runtime_use_secret_filter_free (RuntimeUseSecretFilter *self)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (self->groups); i++)
    {
      g_free (self->groups[i].prefixes.entries);
      g_free (self->groups[i].jumps.entries);
    }
  g_free (self);
}

/* Not 0 if a secret may begin at @text. */
static inline guint8
may_begin (const Group  *group,
           const guint8 *text)
{
  return *lookup (&group->prefixes, load (text) & group->prefix_mask);
}

/* Goes from window to window, as far as there is room for one. */
static gsize
find_by_jumps (const Group  *group,
               const guint8 *text,
               gsize         from,
               gsize         length)
{
  gsize i = from;

  while (i + group->window <= length)
    {
      const guint8 *end = text + i + group->window;
      guint8 jump = *lookup (&group->jumps, load (end - BLOCK_LENGTH));

      if (jump == 0)
        {
          if (may_begin (group, text + i) != 0)
            return i;
          jump = 1;
        }
      i += jump;
    }

  return i;
}

/* Goes from place to place. */
static gsize
find_by_steps (const Group  *group,
               const guint8 *text,
               gsize         from,
               gsize         length)
{
  gsize i = from;

  /* Four places at a time have no need to wait for one another. */
  while (i + BLOCK_LENGTH + 3 <= length
         && (may_begin (group, text + i) | may_begin (group, text + i + 1)
             | may_begin (group, text + i + 2) | may_begin (group, text + i + 3)) == 0)
    i += 4;

  while (i + BLOCK_LENGTH <= length && may_begin (group, text + i) == 0)
    i++;

  if (i + BLOCK_LENGTH <= length)
    return i;

  while (i < length && !group->first[text[i]])
    i++;

  return i;
}

static gsize
find (const Group  *group,
      const guint8 *text,
      gsize         from,
      gsize         length)
{
  if (group->n_secrets == 0)
    return length;

  if (group->window > 0)
    {
      from = find_by_jumps (group, text, from, length);
      if (from + group->window <= length)
        return from;
    }

  return find_by_steps (group, text, from, length);
}

void
_runtime_use_secret_filter_walk_init (RuntimeUseSecretFilterWalk   *walk,
                                      const RuntimeUseSecretFilter *filter,
                                      const char                   *text,
                                      gsize                         length)
{
  gsize i;

  walk->filter = filter;
  walk->text = (const guint8 *) text;
  walk->length = length;
  for (i = 0; i < G_N_ELEMENTS (walk->next); i++)
    walk->next[i] = find (&filter->groups[i], walk->text, 0, length);
}

gsize
_runtime_use_secret_filter_walk_next (RuntimeUseSecretFilterWalk *walk,
                                      gsize                       from)
{
  gsize next = walk->length;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (walk->next); i++)
    {
      if (walk->next[i] < from)
        walk->next[i] = find (&walk->filter->groups[i], walk->text, from, walk->length);
      next = MIN (next, walk->next[i]);
    }

  return next;
}
