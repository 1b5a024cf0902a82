/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-inlets-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-transfer-file-private.h"

/*
 * Where the files of the runtime's folders go. A name that the runtime says is looked up here, and
 * never leads out of the folder that it is for.
 */

struct _RuntimeUseFileInlets
{
  GPtrArray *inlets;        /* RuntimeUseFileInlet */
  GPtrArray *remote_dirs;   /* (unowned) char *, ended by NULL */
};

static RuntimeUseFileInlet *
get_inlet (RuntimeUseFileInlets *self,
           guint                 index)
{
  return g_ptr_array_index (self->inlets, index);
}

static void
inlet_free (RuntimeUseFileInlet *inlet)
{
  g_clear_pointer (&inlet->folder, _runtime_use_receipt_folder_unref);
  g_free (inlet->remote_dir);
  g_free (inlet->shown_dir);
  g_free (inlet->local_dir);
  g_free (inlet);
}

RuntimeUseFileInlets *
_runtime_use_file_inlets_new (void)
{
  RuntimeUseFileInlets *self = g_new0 (RuntimeUseFileInlets, 1);

  self->inlets = g_ptr_array_new_with_free_func ((GDestroyNotify) inlet_free);
  self->remote_dirs = g_ptr_array_new ();
  g_ptr_array_add (self->remote_dirs, NULL);

  return self;
}

void
_runtime_use_file_inlets_free (RuntimeUseFileInlets *self)
{
  g_ptr_array_unref (self->inlets);
  g_ptr_array_unref (self->remote_dirs);
  g_free (self);
}

/* The runtime puts it before the names of files, with one slash between. */
static char *
clean_path (const char *path)
{
  g_auto(GStrv) parts = g_strsplit (path, "/", -1);
  g_autoptr(GString) cleaned = g_string_new (path[0] == '/' ? "/" : NULL);

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      if (*parts[i] == '\0' || g_str_equal (parts[i], "."))
        continue;
      if (cleaned->len > 0 && cleaned->str[cleaned->len - 1] != '/')
        g_string_append_c (cleaned, '/');
      g_string_append (cleaned, parts[i]);
    }

  return g_strdup (cleaned->len > 0 ? cleaned->str : ".");
}

void
_runtime_use_file_inlets_add (RuntimeUseFileInlets *self,
                              const char           *remote_dir,
                              const char           *local_dir)
{
  RuntimeUseFileInlet *inlet = g_new0 (RuntimeUseFileInlet, 1);

  inlet->remote_dir = clean_path (remote_dir);
  inlet->local_dir = g_strdup (local_dir);
  g_ptr_array_add (self->inlets, inlet);
  g_ptr_array_insert (self->remote_dirs, (int) self->remote_dirs->len - 1, inlet->remote_dir);
}

const char * const *
_runtime_use_file_inlets_get_remote_dirs (RuntimeUseFileInlets *self)
{
  return (const char * const *) self->remote_dirs->pdata;
}

/* What arrives would be found, and arrive again. */
static gboolean
lies_in (const char *local_dir,
         const char *remote_dir)
{
  g_autofree char *inner = realpath (local_dir, NULL);
  g_autofree char *outer = realpath (remote_dir, NULL);
  gsize length;

  if (remote_dir[0] != '/' || inner == NULL || outer == NULL)
    return FALSE;

  length = g_str_equal (outer, "/") ? 0 : strlen (outer);

  return strncmp (inner, outer, length) == 0 && (inner[length] == '\0' || inner[length] == '/');
}

static gboolean
check_inlet (RuntimeUseFileInlets  *self,
             guint                  index,
             GError               **error)
{
  RuntimeUseFileInlet *inlet = get_inlet (self, index);
  gboolean is_loop = lies_in (inlet->local_dir, inlet->remote_dir);
  gboolean is_double = FALSE;
  g_autofree char *shown = _runtime_use_show_name (inlet->remote_dir);

  for (guint i = 0; i < index; i++)
    is_double |= g_str_equal (get_inlet (self, i)->remote_dir, inlet->remote_dir);
  if (!is_loop && !is_double)
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               is_loop ? "The files of “%s” cannot be received in a folder that lies in it"
                       : "The files of “%s” can be received in one folder only", shown);

  return FALSE;
}

gboolean
_runtime_use_file_inlets_open (RuntimeUseFileInlets  *self,
                               GError               **error)
{
  for (guint i = 0; i < self->inlets->len; i++)
    {
      RuntimeUseFileInlet *inlet = get_inlet (self, i);
      g_autofree char *shown = _runtime_use_show_name (inlet->local_dir);

      if (g_mkdir_with_parents (inlet->local_dir, 0777) == 0)
        inlet->folder = _runtime_use_receipt_folder_open (inlet->local_dir);
      if (inlet->folder == NULL)
        {
          _runtime_use_set_system_error (error, errno, AT_FDCWD, 0, "Cannot use the folder %s",
                                         shown);
          return FALSE;
        }
      if (!check_inlet (self, i, error))
        return FALSE;
    }

  return TRUE;
}

void
_runtime_use_file_inlets_hide_secrets (RuntimeUseFileInlets *self,
                                       RuntimeUseRedactor   *redactor)
{
  for (guint i = 0; i < self->inlets->len; i++)
    {
      RuntimeUseFileInlet *inlet = get_inlet (self, i);

      g_free (inlet->shown_dir);
      inlet->shown_dir = runtime_use_redactor_redact (redactor, inlet->remote_dir);
    }
}

/* What is left of @filepath behind the folder, or NULL if it does not lie there. */
static const char *
get_rest (const char *remote_dir,
          const char *filepath)
{
  gsize length = strlen (remote_dir);

  if (g_str_equal (remote_dir, "/"))
    return filepath[0] == '/' ? filepath + 1 : NULL;

  if (!g_str_has_prefix (filepath, remote_dir) || filepath[length] != '/')
    return NULL;

  return filepath + length + 1;
}

static gboolean
is_path_below (const char *path)
{
  g_auto(GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] == '\0' || g_str_equal (parts[i], ".") || g_str_equal (parts[i], ".."))
      return FALSE;

  return parts[0] != NULL;
}

/* The innermost, since folders may lie in one another. */
RuntimeUseFileInlet *
_runtime_use_file_inlets_find (RuntimeUseFileInlets  *self,
                               const char            *filepath,
                               const char           **name)
{
  RuntimeUseFileInlet *found = NULL;

  for (guint i = 0; i < self->inlets->len; i++)
    {
      RuntimeUseFileInlet *inlet = get_inlet (self, i);
      const char *candidate = get_rest (inlet->remote_dir, filepath);

      if (candidate == NULL && inlet->shown_dir != NULL)
        candidate = get_rest (inlet->shown_dir, filepath);
      if (candidate == NULL ||
          (found != NULL && strlen (inlet->remote_dir) <= strlen (found->remote_dir)))
        continue;

      found = inlet;
      *name = is_path_below (candidate) ? candidate : NULL;
    }

  return found;
}
