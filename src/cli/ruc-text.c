/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-text.h"

#include "ruc-options.h"
#include "rud-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any agent reads, so that nobody reads a disk by mistake. */
#define TEXT_LIMIT (16 * 1024 * 1024)

#define PIECE (64 * 1024)

/* Reads to the end, or to one byte more than may be there; returns the number of an error. */
static int
read_all (int      fd,
          GString *text)
{
  gssize n_read = 1;

  while (n_read != 0 && text->len <= TEXT_LIMIT)
    {
      gsize length = text->len;

      g_string_set_size (text, length + PIECE);
      n_read = read (fd, text->str + length, PIECE);
      g_string_set_size (text, length + MAX (n_read, 0));
      if (n_read < 0 && errno != EINTR)
        return errno;
    }

  return 0;
}

static char *
read_text (int          fd,
           const char  *name,
           GError     **error)
{
  g_autoptr(GString) text = g_string_new (NULL);
  int code = read_all (fd, text);

  if (code != 0)
    rud_fail (error, _("Cannot read %s: %s"), name, g_strerror (code));
  else if (text->len > TEXT_LIMIT)
    rud_fail (error, _("%s has more than %d MiB"), name, TEXT_LIMIT / (1024 * 1024));
  else if (!g_utf8_validate (text->str, text->len, NULL))
    rud_fail (error, _("%s is not text in UTF-8"), name);
  else
    return g_string_free (g_steal_pointer (&text), FALSE);

  return NULL;
}

char *
ruc_text_read_file (const char  *path,
                    GError     **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
  char *text;

  if (fd < 0)
    {
      rud_fail (error, _("Cannot read %s: %s"), path, g_strerror (errno));
      return NULL;
    }

  text = read_text (fd, path, error);
  g_close (fd, NULL);

  return text;
}

char *
ruc_text_read_input (GError **error)
{
  return read_text (STDIN_FILENO, _("standard input"), error);
}

/* What can be shown of a text of whoever: one line, and nothing that a terminal obeys. */
char *
ruc_text_show (const char *text)
{
  GString *shown = g_string_sized_new (strlen (text));

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar character = g_utf8_get_char (text);

      if (g_unichar_isprint (character))
        g_string_append_unichar (shown, character);
      else
        g_string_append_c (shown, '?');
    }

  return g_string_free (shown, FALSE);
}

/* The same of the name of a file. */
char *
ruc_text_show_name (const char *name)
{
  g_autofree char *valid = g_filename_display_name (name);

  return ruc_text_show (valid);
}

/* Writes to standard output, and returns the exit status. */
int
ruc_text_print (const char *text)
{
  if (fputs (text, stdout) >= 0 && fflush (stdout) == 0)
    return EXIT_SUCCESS;
  if (errno == EPIPE)
    return 128 + SIGPIPE;

  g_printerr (_("Error: cannot write the output: %s\n"), g_strerror (errno));

  return RUC_EXIT_FAILED;
}

/* Whether nobody reads it any more. */
static gboolean
is_output_forsaken (void)
{
  struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

  return poll (&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

/* What was printed piece by piece may have got lost on the way; returns the exit status then, and
 * @status otherwise. The C library tells that it was lost, and no longer why. */
int
ruc_text_finish (int status)
{
  if (status != EXIT_SUCCESS || (fflush (stdout) == 0 && !ferror (stdout)))
    return status;
  if (is_output_forsaken ())
    return 128 + SIGPIPE;

  g_printerr (_("Error: cannot write the output: %s\n"), g_strerror (EIO));

  return RUC_EXIT_FAILED;
}
