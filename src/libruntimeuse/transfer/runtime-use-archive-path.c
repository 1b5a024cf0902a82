/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-archive-path-private.h"

#include <string.h>

#include "runtime-use-error.h"

G_GNUC_PRINTF (2, 3) static gpointer
refuse (GError     **error,
        const char  *format,
        ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, text);

  return NULL;
}

/* Also when it is written for a system where backslashes separate names. */
static gboolean
has_parent_name (const char *name)
{
  while (*name != '\0')
    {
      gsize length = strcspn (name, "/\\");

      if (length == 2 && name[0] == '.' && name[1] == '.')
        return TRUE;
      name += length;
      name += strspn (name, "/\\");
    }

  return FALSE;
}

/* Joins the names of @text that are neither empty nor "." to what @path holds. Returns how many
 * there are. */
static guint
append_names (GString    *path,
              const char *text)
{
  guint n = 0;

  while (*text != '\0')
    {
      gsize length = strcspn (text, "/");

      if (length > 0 && !(length == 1 && text[0] == '.'))
        {
          if (path->len > 0)
            g_string_append_c (path, '/');
          g_string_append_len (path, text, (gssize) length);
          n++;
        }
      text += length;
      text += strspn (text, "/");
    }

  return n;
}

/* Returns where the member @name goes, "" for the folder itself, or NULL if that is nowhere. */
char *
_runtime_use_archive_path_clean (const char  *name,
                                 GError     **error)
{
  g_autoptr(GString) path = NULL;

  if (name[0] == '\0')
    return refuse (error, "it has no name");
  if (name[0] == '/' || name[0] == '\\')
    return refuse (error, "its name is absolute");
  if (g_ascii_isalpha (name[0]) && name[1] == ':' && (name[2] == '/' || name[2] == '\\'))
    return refuse (error, "its name is absolute");
  if (has_parent_name (name))
    return refuse (error, "its name leads out of the folder");
  if (strlen (name) > RUNTIME_USE_ARCHIVE_MAX_PATH)
    return refuse (error, "its name is longer than %d bytes", RUNTIME_USE_ARCHIVE_MAX_PATH);

  path = g_string_new (NULL);
  if (append_names (path, name) > RUNTIME_USE_ARCHIVE_MAX_DEPTH)
    return refuse (error, "it is more than %d folders deep", RUNTIME_USE_ARCHIVE_MAX_DEPTH);

  return g_string_free (g_steal_pointer (&path), FALSE);
}

/* How many levels @target climbs before it names anything; @target is what comes then. */
static guint
take_parents (const char **target)
{
  guint n = 0;

  while (TRUE)
    {
      gsize length = strcspn (*target, "/");

      if (length == 2 && (*target)[0] == '.' && (*target)[1] == '.')
        n++;
      else if (length > 1 || (length == 1 && (*target)[0] != '.') || **target == '\0')
        return n;

      *target += length;
      *target += strspn (*target, "/");
    }
}

static gboolean
climbs (const char *target)
{
  g_auto(GStrv) names = g_strsplit (target, "/", -1);

  return g_strv_contains ((const char * const *) names, "..");
}

/*
 * Returns where a symbolic link at @path, which is clean, leads to, counted from the folder, or
 * NULL if that may be outside.
 *
 * To climb is allowed only at the start of the target: there it is from one real folder to the
 * next, while in the middle it would depend on what other links, also future ones, make of the
 * names before.
 */
char *
_runtime_use_archive_link_clean (const char  *path,
                                 const char  *target,
                                 GError     **error)
{
  g_autoptr(GString) result = NULL;
  const char *rest = target;
  guint parents;

  if (target[0] == '\0')
    return refuse (error, "it links to nothing");
  if (target[0] == '/')
    return refuse (error, "it links to an absolute path");
  if (strlen (target) > RUNTIME_USE_ARCHIVE_MAX_PATH)
    return refuse (error, "it links to more than %d bytes", RUNTIME_USE_ARCHIVE_MAX_PATH);

  parents = take_parents (&rest);
  if (climbs (rest))
    return refuse (error, "it links to a path with “..” in the middle");

  /* One more for the name of the link. */
  result = g_string_new (path);
  for (guint i = 0; i <= parents; i++)
    {
      char *slash = strrchr (result->str, '/');

      if (result->len == 0)
        return refuse (error, "it links out of the folder");
      g_string_truncate (result, slash != NULL ? (gsize) (slash - result->str) : 0);
    }
  append_names (result, rest);

  return g_string_free (g_steal_pointer (&result), FALSE);
}
