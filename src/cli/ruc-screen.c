/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-screen.h"

#include "ruc-columns.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BOLD "\033[1m"
#define PLAIN "\033[0m"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static const char *
get_variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL ? value : "";
}

/* A terminal that breaks lines anew makes more of them; on another one the same count would lead
 * too far up, to what is not ours. So only those count that are known to do it.
 */
static gboolean
reflows (void)
{
  static const char * const variables[] = {
    "VTE_VERSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "KONSOLE_VERSION", "TMUX",
    "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR", "WT_SESSION",
  };
  static const char * const terminals[] = { "foot", "tmux", "xterm-kitty", "alacritty" };

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    if (get_variable (variables[i])[0] != '\0')
      return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (terminals); i++)
    if (g_str_has_prefix (get_variable ("TERM"), terminals[i]))
      return TRUE;

  return FALSE;
}

gboolean
ruc_screen_can_draw (void)
{
  const char *terminal = get_variable ("TERM");

  return isatty (STDOUT_FILENO) && terminal[0] != '\0' && !g_str_equal (terminal, "dumb");
}

void
ruc_screen_get_size (int *columns,
                     int *rows)
{
  struct winsize size = { 0 };

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
    memset (&size, 0, sizeof size);
  *columns = size.ws_col > 0 ? size.ws_col : 80;
  *rows = size.ws_row > 0 ? size.ws_row : 24;
}

void
ruc_screen_init (RucScreen *self)
{
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->styled = get_variable ("NO_COLOR")[0] == '\0';
  self->reflows = reflows ();
}

void
ruc_screen_clear (RucScreen *self)
{
  g_clear_pointer (&self->lines, g_ptr_array_unref);
}

static int
count_rows (RucScreen *self,
            int        columns)
{
  int rows = 0;

  for (guint i = 0; i < self->lines->len; i++)
    {
      int width = ruc_columns_measure (g_ptr_array_index (self->lines, i));

      rows += self->reflows ? MAX (1, (width + columns - 1) / columns) : 1;
    }

  return rows;
}

/* The row is cleared from its beginning. For tmux rows that were one line are one line still when
 * they are only written anew, and come together when there is room for it.
 */
static void
append_line (RucScreen  *self,
             GString    *text,
             const char *line,
             gboolean    is_first)
{
  gboolean bold = is_first && self->styled;

  g_string_append_printf (text, CLEAR_LINE "%s%s%s", bold ? BOLD : "", line, bold ? PLAIN : "");
}

/* Only lines that are different are written. */
static void
append_lines (RucScreen *self,
              GString   *text,
              GPtrArray *lines,
              gboolean   all)
{
  for (guint i = 0; i < lines->len; i++)
    {
      const char *line = g_ptr_array_index (lines, i);

      if (all || i >= self->lines->len ||
          !g_str_equal (line, g_ptr_array_index (self->lines, i)))
        append_line (self, text, line, i == 0);
      g_string_append (text, "\r\n");
    }

  if (all || lines->len < self->lines->len)
    g_string_append (text, CLEAR_BELOW);
}

static gboolean
are_drawn (RucScreen *self,
           GPtrArray *lines)
{
  if (lines->len != self->lines->len)
    return FALSE;

  for (guint i = 0; i < lines->len; i++)
    if (!g_str_equal (g_ptr_array_index (lines, i), g_ptr_array_index (self->lines, i)))
      return FALSE;

  return TRUE;
}

/* Returns an empty text when the terminal shows them already. */
char *
ruc_screen_draw (RucScreen *self,
                 GPtrArray *lines,
                 int        columns,
                 int        rows)
{
  g_autoptr(GString) text = g_string_new (NULL);
  gboolean resized = columns != self->columns || rows != self->rows;
  int n_rows = count_rows (self, columns);

  if (resized || !are_drawn (self, lines))
    {
      /* A key that was pressed meanwhile may have left its sign there. */
      g_string_append (text, "\r" CLEAR_LINE);
      if (n_rows > 0)
        g_string_append_printf (text, "\033[%dA", n_rows);
      append_lines (self, text, lines, resized);
    }

  g_ptr_array_unref (self->lines);
  self->lines = g_ptr_array_ref (lines);
  self->columns = columns;
  self->rows = rows;

  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
ruc_screen_forget (RucScreen *self)
{
  g_ptr_array_unref (self->lines);
  self->lines = g_ptr_array_new_with_free_func (g_free);
}
