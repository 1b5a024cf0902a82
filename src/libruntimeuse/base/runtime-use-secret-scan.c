/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-secret-scan-private.h"

#include <string.h>

#define MARKER_LENGTH (sizeof RUNTIME_USE_REDACTED - 1)

/* A stretch of the text that secrets cover, counted from its beginning. */
typedef struct
{
  guint64 start;
  guint64 end;
} Region;

/* One piece of the text, and what was held back when it came. */
typedef struct
{
  const char *text;
  guint64     start;
  const char *held;         /* ends at @start */
  gsize       held_length;
} Piece;

void
_runtime_use_secret_scan_init (RuntimeUseSecretScan    *self,
                               RuntimeUseSecretMatcher *matcher)
{
  *self = (RuntimeUseSecretScan) { .matcher = matcher };
}

void
_runtime_use_secret_scan_clear (RuntimeUseSecretScan *self)
{
  g_clear_pointer (&self->regions, g_array_unref);
}

static void
pass_on (RuntimeUseSecretScan *self,
         const Piece          *piece,
         guint64               end,
         GString              *out)
{
  if (self->done < piece->start && self->done < end)
    {
      guint64 stop = MIN (end, piece->start);

      g_string_append_len (out,
                           piece->held + piece->held_length - (piece->start - self->done),
                           stop - self->done);
      self->done = stop;
    }

  if (self->done < end)
    {
      g_string_append_len (out, piece->text + (self->done - piece->start), end - self->done);
      self->done = end;
    }
}

/* Nothing that is still to come can change the text before @decided, nor the
 * start of a region that begins there. */
static void
settle (RuntimeUseSecretScan *self,
        const Piece          *piece,
        guint64               decided,
        GString              *out)
{
  while (self->regions != NULL && self->n_settled < self->regions->len)
    {
      const Region *region = &g_array_index (self->regions, Region, self->n_settled);

      if (region->start > decided)
        break;

      pass_on (self, piece, region->start, out);
      g_string_append_len (out, RUNTIME_USE_REDACTED, MARKER_LENGTH);
      self->done = region->end;
      self->n_settled++;
    }

  /* Not each time, for there may be many more behind. */
  if (self->n_settled > 0 && self->n_settled >= self->regions->len / 2)
    {
      g_array_remove_range (self->regions, 0, self->n_settled);
      self->n_settled = 0;
    }

  pass_on (self, piece, decided, out);
}

/* Takes note of a secret that ends at @end, which is as far as we have seen.
 * It becomes one region with those that it overlaps. */
static void
add_region (RuntimeUseSecretScan *self,
            guint64               start,
            guint64               end)
{
  Region region = { start, end };

  if (self->regions == NULL)
    self->regions = g_array_new (FALSE, FALSE, sizeof (Region));

  /* It continues a region whose marker is out already. */
  if (start < self->done)
    {
      g_array_set_size (self->regions, self->n_settled);
      self->done = end;
      return;
    }

  while (self->regions->len > self->n_settled)
    {
      const Region *last = &g_array_index (self->regions, Region, self->regions->len - 1);

      if (last->end <= region.start)
        break;

      region.start = MIN (region.start, last->start);
      g_array_set_size (self->regions, self->regions->len - 1);
    }

  g_array_append_val (self->regions, region);
}

/* Settles what the state of the matcher leaves no doubt about. */
static void
settle_but_held (RuntimeUseSecretScan *self,
                 const Piece          *piece,
                 GString              *out)
{
  gsize held_length;

  _runtime_use_secret_matcher_get_held (self->matcher, self->state, &held_length);
  settle (self, piece, self->position - held_length, out);
}

/* Leaves out what holds no secret, from where the state begins: a new state is
 * entered only where the filter says that a secret may begin. Returns how many
 * bytes of @text are done then, which may be fewer than @used. */
static gsize
skip (RuntimeUseSecretScan       *self,
      RuntimeUseSecretFilterWalk *walk,
      gsize                       used)
{
  gsize held_length, begin, next;

  _runtime_use_secret_matcher_get_held (self->matcher, self->state, &held_length);
  if (held_length > used)
    return used;

  begin = used - held_length;
  next = _runtime_use_secret_filter_walk_next (walk, begin);
  if (next == begin)
    return used;

  self->state = 0;

  return next;
}

/* Looks for secrets, minding no markers. */
static void
scan_text (RuntimeUseSecretScan *self,
           const char           *text,
           gsize                 length,
           GString              *out)
{
  Piece piece = { .text = text, .start = self->position };
  RuntimeUseSecretFilterWalk walk;
  gsize used = 0;

  piece.held = _runtime_use_secret_matcher_get_held (self->matcher, self->state,
                                                     &piece.held_length);
  _runtime_use_secret_filter_walk_init (&walk,
                                        _runtime_use_secret_matcher_get_filter (self->matcher),
                                        text, length);

  while ((used = skip (self, &walk, used)) < length)
    {
      gsize match;

      used += _runtime_use_secret_matcher_run (self->matcher, &self->state,
                                               text + used, length - used);
      match = _runtime_use_secret_matcher_get_match (self->matcher, self->state);

      /* What was skipped back over has been noted already. */
      if (match > 0 && piece.start + used > self->position)
        {
          self->position = piece.start + used;
          add_region (self, self->position - match, self->position);
          settle_but_held (self, &piece, out);
        }
    }

  self->position = piece.start + length;
  settle_but_held (self, &piece, out);
}

/* Nothing that is held back can become a secret any more. */
static void
flush_text (RuntimeUseSecretScan *self,
            GString              *out)
{
  Piece piece = { .text = "", .start = self->position };

  piece.held = _runtime_use_secret_matcher_get_held (self->matcher, self->state,
                                                     &piece.held_length);
  settle (self, &piece, self->position, out);
  self->state = 0;
}

/* Goes on with a marker whose beginning was held back. Returns how many bytes
 * of @text that took. */
static gsize
continue_marker (RuntimeUseSecretScan *self,
                 const char           *text,
                 gsize                 length,
                 GString              *out)
{
  gsize n = 0;

  while (self->n_marker + n < MARKER_LENGTH
         && n < length
         && text[n] == RUNTIME_USE_REDACTED[self->n_marker + n])
    n++;

  if (self->n_marker + n == MARKER_LENGTH)
    {
      flush_text (self, out);
      g_string_append_len (out, RUNTIME_USE_REDACTED, MARKER_LENGTH);
      self->n_marker = 0;
    }
  else if (n == length)
    {
      self->n_marker += n;
    }
  else
    {
      scan_text (self, RUNTIME_USE_REDACTED, self->n_marker, out);
      self->n_marker = 0;
      n = 0;
    }

  return n;
}

/* Scans up to the next place where a marker may begin. Returns how many bytes
 * that took, and starts the marker unless the text ends before one. */
static gsize
scan_to_marker (RuntimeUseSecretScan *self,
                const char           *text,
                gsize                 length,
                GString              *out)
{
  gsize from = 0;

  while (TRUE)
    {
      const char *found = memchr (text + from, RUNTIME_USE_REDACTED[0], length - from);
      gsize start = found != NULL ? (gsize) (found - text) : length;
      gsize rest = MIN (length - start, MARKER_LENGTH);

      if (found == NULL || memcmp (found, RUNTIME_USE_REDACTED, rest) == 0)
        {
          scan_text (self, text, start, out);
          self->n_marker = found != NULL ? 1 : 0;
          return start + self->n_marker;
        }

      from = start + 1;
    }
}

void
_runtime_use_secret_scan_append (RuntimeUseSecretScan *self,
                                 const char           *text,
                                 gsize                 length,
                                 GString              *out)
{
  gsize i = 0;

  if (self->matcher == NULL)
    {
      g_string_append_len (out, text, length);
      return;
    }

  if (!_runtime_use_secret_matcher_touches_marker (self->matcher))
    {
      scan_text (self, text, length, out);
      return;
    }

  while (i < length)
    {
      if (self->n_marker > 0)
        i += continue_marker (self, text + i, length - i, out);
      else
        i += scan_to_marker (self, text + i, length - i, out);
    }
}

void
_runtime_use_secret_scan_flush (RuntimeUseSecretScan *self,
                                GString              *out)
{
  if (self->matcher == NULL)
    return;

  if (self->n_marker > 0)
    scan_text (self, RUNTIME_USE_REDACTED, self->n_marker, out);

  self->n_marker = 0;
  flush_text (self, out);
}
