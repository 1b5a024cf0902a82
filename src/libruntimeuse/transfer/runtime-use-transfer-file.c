/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-transfer-file-private.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime-use-error.h"

/* Bytes of a name that are shown. */
#define MAX_SHOWN 200

void
_runtime_use_scratch_name (char buffer[RUNTIME_USE_SCRATCH_NAME_SIZE])
{
  g_snprintf (buffer, RUNTIME_USE_SCRATCH_NAME_SIZE, RUNTIME_USE_SCRATCH_PREFIX "%08x",
              g_random_int ());
}

gboolean
_runtime_use_write_at (int         fd,
                       const void *data,
                       gsize       length,
                       guint64     offset)
{
  const char *bytes = data;

  while (length > 0)
    {
      ssize_t n = pwrite (fd, bytes, length, (off_t) offset);

      if (n < 0 && errno != EINTR)
        return FALSE;
      if (n > 0)
        {
          bytes += n;
          length -= (gsize) n;
          offset += (guint64) n;
        }
    }

  return TRUE;
}

/* Some terminals take those from U+0080 to U+009F for controls as well. */
char *
_runtime_use_show_path (const char *path)
{
  char *shown = g_utf8_make_valid (path, -1);

  for (char *c = shown; *c != '\0'; c++)
    {
      if ((guchar) *c < ' ' || *c == 127)
        *c = '?';
      else if ((guchar) c[0] == 0xc2 && (guchar) c[1] < 0xa0)
        c[0] = c[1] = '?';
    }

  return shown;
}

char *
_runtime_use_show_name (const char *name)
{
  char *shown = _runtime_use_show_path (name);

  if (strlen (shown) > MAX_SHOWN)
    {
      char *whole = shown;
      const char *end = g_utf8_find_prev_char (whole, whole + MAX_SHOWN + 1);

      shown = g_strdup_printf ("%.*s…", (int) (end - whole), whole);
      g_free (whole);
    }

  return shown;
}

/* G_MAXUINT64 if the system does not say. */
guint64
_runtime_use_get_free_space (int folder)
{
  struct statvfs space;

  if (fstatvfs (folder, &space) != 0)
    return G_MAXUINT64;

  return (guint64) space.f_bavail * space.f_frsize;
}

void
_runtime_use_set_system_error (GError     **error,
                               int          saved_errno,
                               int          folder,
                               guint64      needed,
                               const char  *format,
                               ...)
{
  const char *name = strerrorname_np (saved_errno);
  g_autoptr(GString) text = g_string_new (NULL);
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);

  g_string_append_printf (text, ": %s: %s", name != NULL ? name : "?", g_strerror (saved_errno));
  if (saved_errno == ENOSPC || saved_errno == EDQUOT)
    {
      g_string_append (text, " (");
      if (needed > 0)
        g_string_append_printf (text, "%" G_GUINT64_FORMAT " bytes are needed, ", needed);
      g_string_append_printf (text, "%" G_GUINT64_FORMAT " are free)",
                              _runtime_use_get_free_space (folder));
    }

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, text->str);
}
