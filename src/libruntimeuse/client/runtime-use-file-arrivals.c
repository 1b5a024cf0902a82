/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-arrivals-private.h"

/*
 * The account of the files that a client expects or has got. A file that changes is offered again,
 * and then its last offer is the one that counts.
 */

/* So many files may be on their way or have come. */
#define MAX_FILES 1000000

struct _RuntimeUseFileArrivals
{
  GPtrArray  *arrivals;   /* RuntimeUseFileArrival, by index */
  GHashTable *latest;     /* (unowned) filepath → index + 1: of the last offer */
};

static void
arrival_free (RuntimeUseFileArrival *arrival)
{
  g_free (arrival->filepath);
  g_free (arrival->local_path);
  g_free (arrival);
}

RuntimeUseFileArrivals *
_runtime_use_file_arrivals_new (void)
{
  RuntimeUseFileArrivals *self = g_new0 (RuntimeUseFileArrivals, 1);

  self->arrivals = g_ptr_array_new_with_free_func ((GDestroyNotify) arrival_free);
  self->latest = g_hash_table_new (g_str_hash, g_str_equal);

  return self;
}

void
_runtime_use_file_arrivals_free (RuntimeUseFileArrivals *self)
{
  g_hash_table_unref (self->latest);
  g_ptr_array_unref (self->arrivals);
  g_free (self);
}

gboolean
_runtime_use_file_arrivals_is_full (RuntimeUseFileArrivals *self)
{
  return self->arrivals->len >= MAX_FILES;
}

/*
 * _runtime_use_file_arrivals_add:
 * @local_path: (transfer full): where it is going to be
 */
guint
_runtime_use_file_arrivals_add (RuntimeUseFileArrivals *self,
                                const char             *filepath,
                                char                   *local_path)
{
  RuntimeUseFileArrival *arrival = g_new0 (RuntimeUseFileArrival, 1);
  RuntimeUseFileArrival *before = _runtime_use_file_arrivals_find (self, filepath);

  /* The file has changed, and this offer takes the place of the other one. */
  if (before != NULL)
    before->is_settled = TRUE;

  arrival->filepath = g_strdup (filepath);
  arrival->local_path = local_path;
  g_ptr_array_add (self->arrivals, arrival);
  g_hash_table_replace (self->latest, arrival->filepath, GUINT_TO_POINTER (self->arrivals->len));

  return self->arrivals->len - 1;
}

RuntimeUseFileArrival *
_runtime_use_file_arrivals_get (RuntimeUseFileArrivals *self,
                                guint                   index)
{
  return index < self->arrivals->len ? g_ptr_array_index (self->arrivals, index) : NULL;
}

RuntimeUseFileArrival *
_runtime_use_file_arrivals_find (RuntimeUseFileArrivals *self,
                                 const char             *filepath)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->latest, filepath));

  return number > 0 ? g_ptr_array_index (self->arrivals, number - 1) : NULL;
}
