/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-folder-packing-private.h"

#include "runtime-use-packed-folder-private.h"

/*
 * Packing takes as long as disks do, so that a thread does it.
 */

typedef struct
{
  char              **paths;
  GPtrArray          *contents;   /* GBytes, one for each */
  RuntimeUseLeftOut   left_out;
} Packing;

static void
packing_free (Packing *packing)
{
  g_strfreev (packing->paths);
  g_ptr_array_unref (packing->contents);
  _runtime_use_left_out_clear (&packing->left_out);
  g_free (packing);
}

static void
pack_folders (GTask        *task,
              gpointer      source_object,
              gpointer      task_data,
              GCancellable *cancellable)
{
  Packing *packing = task_data;
  GError *error = NULL;

  for (gsize i = 0; packing->paths[i] != NULL; i++)
    {
      GBytes *content = _runtime_use_pack_folder (packing->paths[i], &packing->left_out,
                                                  cancellable, &error);

      if (content == NULL)
        {
          g_task_return_error (task, error);
          return;
        }
      g_ptr_array_add (packing->contents, content);
    }

  g_task_return_boolean (task, TRUE);
}

void
_runtime_use_pack_folders_async (const char * const  *paths,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Packing *packing = g_new0 (Packing, 1);

  packing->paths = g_strdupv ((char **) paths);
  packing->contents = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  _runtime_use_left_out_init (&packing->left_out);

  g_task_set_source_tag (task, _runtime_use_pack_folders_async);
  g_task_set_task_data (task, packing, (GDestroyNotify) packing_free);
  g_task_run_in_thread (task, pack_folders);
}

static char **
list_left_out (RuntimeUseLeftOut *left_out)
{
  g_autoptr(GStrvBuilder) lines = g_strv_builder_new ();
  g_autofree char *rest = NULL;

  for (guint i = 0; i < left_out->lines->len; i++)
    g_strv_builder_add (lines, g_ptr_array_index (left_out->lines, i));
  if (left_out->count != left_out->lines->len)
    {
      rest = g_strdup_printf ("… and %u more", left_out->count - left_out->lines->len);
      g_strv_builder_add (lines, rest);
    }

  return g_strv_builder_end (lines);
}

/*
 * _runtime_use_pack_folders_finish:
 * @contents: (out) (transfer full): what the folders were packed into, in their order
 * @left_out: (out) (transfer full): lines for people, ended by `NULL`
 */
gboolean
_runtime_use_pack_folders_finish (GAsyncResult   *result,
                                  GPtrArray     **contents,
                                  char         ***left_out,
                                  GError        **error)
{
  Packing *packing = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  *contents = g_ptr_array_ref (packing->contents);
  *left_out = list_left_out (&packing->left_out);

  return TRUE;
}
