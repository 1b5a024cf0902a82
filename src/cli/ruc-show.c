/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-show.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIM "\033[2m"
#define PLAIN "\033[0m"
#define CLEAR_LINE "\r\033[K"

#define BAR_WIDTH 20

/* Columns of a bar with what is around it. */
#define BAR_ROOM (BAR_WIDTH + 24)

/* More than any result holds. */
#define SAID_LIMIT (2 * 1024 * 1024)

static gboolean
is_set (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && value[0] != '\0';
}

static gboolean
can_style (int fd)
{
  const char *terminal = g_getenv ("TERM");

  return isatty (fd) && !is_set ("NO_COLOR") &&
         terminal != NULL && terminal[0] != '\0' && !g_str_equal (terminal, "dumb");
}

static gboolean
are_same_terminal (int one,
                   int other)
{
  struct stat one_info, other_info;

  return isatty (one) && isatty (other) &&
         fstat (one, &one_info) == 0 && fstat (other, &other_info) == 0 &&
         one_info.st_rdev == other_info.st_rdev;
}

void
ruc_show_init (RucShow *self,
               RucCall *call)
{
  self->call = call;
  self->styled = can_style (STDERR_FILENO);
  if (are_same_terminal (STDOUT_FILENO, STDERR_FILENO))
    self->said = g_string_new (NULL);
}

void
ruc_show_clear (RucShow *self)
{
  if (self->said != NULL)
    g_string_free (self->said, TRUE);
  g_free (self->command);
}

static void
write_text (RucShow    *self,
            const char *text,
            gsize       length)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, length);

  ruc_call_write (self->call, STDERR_FILENO, bytes);
}

static void
clear_note (RucShow *self)
{
  if (self->note_shown)
    write_text (self, CLEAR_LINE, strlen (CLEAR_LINE));
  self->note_shown = FALSE;
}

static void
end_line (RucShow *self)
{
  clear_note (self);
  if (self->line_open)
    write_text (self, "\n", 1);
  self->line_open = FALSE;
}

static void
write_dimmed (RucShow    *self,
              const char *text,
              gsize       length)
{
  gboolean ends_line = text[length - 1] == '\n';
  g_autoptr(GString) styled = NULL;

  self->line_open = !ends_line;
  if (!self->styled)
    {
      write_text (self, text, length);
      return;
    }

  /* No line begins with the end of a style. */
  styled = g_string_sized_new (length + 16);
  g_string_append (styled, DIM);
  g_string_append_len (styled, text, ends_line ? length - 1 : length);
  g_string_append (styled, ends_line ? PLAIN "\n" : PLAIN);
  write_text (self, styled->str, styled->len);
}

static void
remember (RucShow    *self,
          const char *block,
          gsize       length)
{
  if (self->said == NULL)
    return;

  if (self->said->len + length > SAID_LIMIT)
    g_string_truncate (self->said, 0);
  g_string_append_len (self->said, block, MIN (length, SAID_LIMIT));
  if (length == 0 || block[length - 1] != '\n')
    g_string_append_c (self->said, '\n');
}

void
ruc_show_assistant (RucShow            *self,
                    const char * const *blocks)
{
  for (gsize i = 0; blocks[i] != NULL; i++)
    {
      gsize length = strlen (blocks[i]);

      end_line (self);
      write_text (self, blocks[i], length);
      self->line_open = length == 0 || blocks[i][length - 1] != '\n';
      end_line (self);
      remember (self, blocks[i], length);
    }

  g_clear_pointer (&self->command, g_free);
}

static void
show_command (RucShow    *self,
              const char *command)
{
  g_autofree char *line = NULL;

  if (g_strcmp0 (self->command, command) == 0)
    return;

  end_line (self);
  g_free (self->command);
  self->command = g_strdup (command);
  line = g_strdup_printf ("$ %s\n", command);
  write_dimmed (self, line, strlen (line));
}

void
ruc_show_command_output (RucShow                        *self,
                         RuntimeUseCommandOutputMessage *message)
{
  GBytes *bytes = runtime_use_command_output_message_get_text_bytes (message);
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  clear_note (self);
  show_command (self, runtime_use_command_output_message_get_command (message));
  if (length > 0)
    write_dimmed (self, text, length);
}

/* A line that the next output takes away again. */
static void
show_note (RucShow    *self,
           const char *words)
{
  g_autofree char *line = NULL;

  if (!self->styled || self->line_open)
    return;

  line = g_strdup_printf (CLEAR_LINE DIM "%s" PLAIN, words);
  write_text (self, line, strlen (line));
  self->note_shown = TRUE;
}

void
ruc_show_heartbeat (RucShow *self,
                    gint64   elapsed_ms)
{
  g_autofree char *words = g_strdup_printf (_("still running, %d s"), (int) (elapsed_ms / 1000));

  show_note (self, words);
}

static glong
get_columns (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The end of a name tells more than its beginning. */
static char *
shorten (const char *label,
         glong       room)
{
  glong length = g_utf8_strlen (label, -1);

  if (length <= room)
    return g_strdup (label);

  return g_strconcat ("…", g_utf8_offset_to_pointer (label, length - MAX (room - 1, 0)), NULL);
}

static void
append_bar (GString *line,
            guint64  done,
            guint64  total)
{
  guint filled = (guint) ((double) MIN (done, total) / (double) total * BAR_WIDTH);

  g_string_append (line, " [");
  for (guint i = 0; i < BAR_WIDTH; i++)
    g_string_append_c (line, i < filled ? '#' : ' ');
  g_string_append_printf (line, "] %3u %%", (guint) ((double) done / (double) total * 100));
}

/* How far something has come; @total is 0 when that is not known. */
void
ruc_show_progress (RucShow    *self,
                   const char *label,
                   guint64     done,
                   guint64     total)
{
  g_autofree char *size = g_format_size (done);
  g_autofree char *shown = shorten (label, get_columns () - BAR_ROOM);
  g_autoptr(GString) line = g_string_new (shown);

  if (total > 0)
    append_bar (line, done, total);
  g_string_append_printf (line, "  %s", size);
  show_note (self, line->str);
}

/* Something that whoever watches may like to know. */
void
ruc_show_event (RucShow    *self,
                const char *line)
{
  g_autofree char *ended = g_strconcat (line, "\n", NULL);

  if (!self->styled)
    return;

  end_line (self);
  write_dimmed (self, ended, strlen (ended));
}

/* Whether @text is what the agent said last. */
static gboolean
was_said (RucShow    *self,
          const char *text)
{
  g_autofree char *result = NULL;
  g_autofree char *said = NULL;
  gsize from;

  if (self->said == NULL)
    return FALSE;

  result = g_strchomp (g_strdup (text));
  said = g_strchomp (g_strdup (self->said->str));
  if (!g_str_has_suffix (said, result))
    return FALSE;

  from = strlen (said) - strlen (result);

  return from == 0 || said[from - 1] == '\n';
}

/* On a terminal that shows it already, it is not shown a second time. */
void
ruc_show_result (RucShow    *self,
                 const char *text)
{
  gsize length = strlen (text);
  g_autoptr(GBytes) bytes = NULL;

  ruc_show_end (self);
  if (length == 0 || was_said (self, text))
    return;

  bytes = text[length - 1] == '\n' ? g_bytes_new (text, length)
                                   : g_bytes_new_take (g_strconcat (text, "\n", NULL), length + 1);
  ruc_call_write (self->call, STDOUT_FILENO, bytes);
}

/* What comes now begins on a line of its own. */
void
ruc_show_end (RucShow *self)
{
  end_line (self);
}
