/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-table.h"

#include "ruc-columns.h"

#include <glib/gi18n.h>
#include <string.h>

#define GAP 2

/* So much of an id is shown at least, where not all of it is. */
#define MIN_ID_LENGTH 8

/* Columns for what a session is at, if it needs as many, before another part has to go. */
#define MIN_DOING 20

typedef struct
{
  const char      *title;
  int              min_width;   /* so that the table does not move with each word */
  guint            rank;        /* the highest goes first when there is no room */
  gboolean         to_the_right;
  char          *(*dup)         (const RucSession *session,
                                 RucSessionField   field,
                                 gint64            now);
  RucSessionField  field;
} Column;

static char *
dup_id (const RucSession *session,
        RucSessionField   field,
        gint64            now)
{
  return ruc_session_show_id (session);
}

static char *
dup_text (const RucSession *session,
          RucSessionField   field,
          gint64            now)
{
  return ruc_session_show_text (session, field);
}

static char *
dup_number (const RucSession *session,
            RucSessionField   field,
            gint64            now)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, ruc_session_get_number (session, field));
}

static char *
dup_duration (const RucSession *session,
              RucSessionField   field,
              gint64            now)
{
  guint64 from = ruc_session_get_number (session, field);

  return from > 0 ? ruc_columns_dup_duration ((gint64) from, now) : g_strdup ("");
}

static char *
dup_size (const RucSession *session,
          RucSessionField   field,
          gint64            now)
{
  g_autofree char *size = g_format_size (ruc_session_get_number (session, field));
  g_auto(GStrv) words = g_strsplit (size, " ", -1);

  /* One word for whoever reads words. */
  return g_strjoinv ("\u00a0", words);
}

/* The command that runs, or else what the client calls its request. */
static char *
dup_doing (const RucSession *session,
           RucSessionField   field,
           gint64            now)
{
  const char *command = ruc_session_get_text (session, field);

  return ruc_session_show_text (session, command[0] != '\0' ? field : RUC_SESSION_SOURCE_ID);
}

static const Column columns_of_table[] = {
  { N_("SESSION"), MIN_ID_LENGTH, 0, FALSE, dup_id, RUC_SESSION_ID },
  { N_("STATE"), 10, 0, FALSE, dup_text, RUC_SESSION_STATE },
  { N_("PHASE"), 8, 1, FALSE, dup_text, RUC_SESSION_PHASE },
  { N_("TIME"), 6, 2, TRUE, dup_duration, RUC_SESSION_REQUEST_STARTED_AT },
  { N_("DONE"), 4, 4, TRUE, dup_number, RUC_SESSION_REQUESTS_DONE },
  { N_("FAILED"), 6, 5, TRUE, dup_number, RUC_SESSION_REQUESTS_FAILED },
  { N_("OUTPUT"), 8, 3, TRUE, dup_size, RUC_SESSION_OUTPUT_BYTES },
  { N_("AGENT"), 6, 6, FALSE, dup_text, RUC_SESSION_AGENT },
  { N_("CLIENT"), 15, 7, FALSE, dup_text, RUC_SESSION_PEER },
  { N_("DOING"), 0, 0, FALSE, dup_doing, RUC_SESSION_COMMAND },
};

#define N_COLUMNS G_N_ELEMENTS (columns_of_table)
#define LAST_COLUMN (N_COLUMNS - 1)

guint
ruc_table_get_fields (void)
{
  return 1u << RUC_SESSION_ID | 1u << RUC_SESSION_STATE | 1u << RUC_SESSION_PHASE |
         1u << RUC_SESSION_REQUEST_STARTED_AT | 1u << RUC_SESSION_REQUESTS_DONE |
         1u << RUC_SESSION_REQUESTS_FAILED | 1u << RUC_SESSION_AGENT | 1u << RUC_SESSION_PEER |
         1u << RUC_SESSION_COMMAND | 1u << RUC_SESSION_SOURCE_ID;
}

static void
free_row (gpointer data)
{
  char **row = data;

  for (guint i = 0; i < N_COLUMNS; i++)
    g_free (row[i]);
  g_free (row);
}

/* A place is never empty, so that each line has as many words. */
static char **
make_row (const RucSession *session,
          gint64            now)
{
  char **row = g_new0 (char *, N_COLUMNS);

  for (guint i = 0; i < N_COLUMNS; i++)
    {
      const Column *column = &columns_of_table[i];

      row[i] = session != NULL ? column->dup (session, column->field, now)
                               : g_strdup (_(column->title));
      if (row[i][0] == '\0' && i != LAST_COLUMN)
        {
          g_free (row[i]);
          row[i] = g_strdup ("-");
        }
    }

  return row;
}

static int
compare_texts (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* How much of each id is enough to tell it from the others. */
static int
find_id_length (GPtrArray *sessions)
{
  g_autoptr(GPtrArray) ids = g_ptr_array_sized_new (sessions->len);
  int length = MIN_ID_LENGTH;

  for (guint i = 0; i < sessions->len; i++)
    g_ptr_array_add (ids, (char *) ruc_session_get_id (g_ptr_array_index (sessions, i)));
  g_ptr_array_sort (ids, compare_texts);

  for (guint i = 1; i < ids->len; i++)
    {
      const char *one = g_ptr_array_index (ids, i - 1);
      const char *other = g_ptr_array_index (ids, i);
      int same = 0;

      while (one[same] != '\0' && one[same] == other[same])
        same++;
      length = MAX (length, same + 1);
    }

  return length;
}

static void
shorten_id (char **row,
            int    length)
{
  if (g_utf8_strlen (row[0], -1) > length)
    *g_utf8_offset_to_pointer (row[0], length) = '\0';
}

static void
measure (GPtrArray *rows,
         int       *widths)
{
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      widths[i] = columns_of_table[i].min_width;
      for (guint j = 0; j < rows->len; j++)
        widths[i] = MAX (widths[i],
                         ruc_columns_measure (((char **) g_ptr_array_index (rows, j))[i]));
    }
}

static int
find_room (const int *widths,
           int        columns)
{
  int room = columns;

  for (guint i = 0; i < LAST_COLUMN; i++)
    if (widths[i] > 0)
      room -= widths[i] + GAP;

  return room;
}

/* What is left out has the width 0. */
static void
make_room (int *widths,
           int  columns,
           int *doing)
{
  *doing = MAX (*doing, MIN (widths[LAST_COLUMN], MIN_DOING));

  for (guint rank = N_COLUMNS; rank > 0 && find_room (widths, columns) < *doing; rank--)
    for (guint i = 0; i < LAST_COLUMN; i++)
      if (columns_of_table[i].rank == rank)
        widths[i] = 0;

  widths[LAST_COLUMN] = find_room (widths, columns);
}

static char *
join_row (char      **row,
          const int  *widths)
{
  g_autoptr(GString) line = g_string_new (NULL);

  for (guint i = 0; i < LAST_COLUMN; i++)
    {
      g_autofree char *cell =
        ruc_columns_fit (row[i], widths[i], columns_of_table[i].to_the_right);

      if (widths[i] > 0)
        g_string_append_printf (line, "%s%*s", cell, GAP, "");
    }
  if (widths[LAST_COLUMN] > 0)
    {
      g_autofree char *doing = ruc_columns_cut (row[LAST_COLUMN], widths[LAST_COLUMN]);

      g_string_append (line, doing);
    }

  return g_strchomp (g_string_free (g_steal_pointer (&line), FALSE));
}

static void
add_rows (GPtrArray *rows,
          GPtrArray *sessions,
          gboolean   busy,
          guint      max_rows,
          gint64     now)
{
  for (guint i = 0; i < sessions->len && rows->len <= max_rows; i++)
    {
      RucSession *session = g_ptr_array_index (sessions, i);

      if (ruc_session_is_busy (session) == busy)
        g_ptr_array_add (rows, make_row (session, now));
    }
}

/* Those at work come first where not all can be shown. */
static GPtrArray *
choose_rows (GPtrArray *sessions,
             guint      max_rows,
             gint64     now)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (free_row);

  g_ptr_array_add (rows, make_row (NULL, now));
  if (sessions->len > max_rows)
    {
      add_rows (rows, sessions, TRUE, max_rows - 1, now);
      add_rows (rows, sessions, FALSE, max_rows - 1, now);
      return rows;
    }

  for (guint i = 0; i < sessions->len; i++)
    g_ptr_array_add (rows, make_row (g_ptr_array_index (sessions, i), now));

  return rows;
}

GPtrArray *
ruc_table_dup_lines (GPtrArray *sessions,
                     int        columns,
                     guint      max_rows,
                     gint64     now,
                     int       *doing)
{
  g_autoptr(GPtrArray) rows = choose_rows (sessions, max_rows, now);
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  int id_length = columns > 0 ? find_id_length (sessions) : G_MAXINT;
  int widths[N_COLUMNS];

  for (guint i = 1; i < rows->len; i++)
    shorten_id (g_ptr_array_index (rows, i), id_length);
  measure (rows, widths);
  if (columns > 0)
    make_room (widths, columns, doing);

  for (guint i = 0; i < rows->len; i++)
    {
      g_autofree char *line = join_row (g_ptr_array_index (rows, i), widths);

      g_ptr_array_add (lines, columns > 0 ? ruc_columns_cut (line, columns)
                                          : g_steal_pointer (&line));
    }
  if (rows->len - 1 < sessions->len)
    g_ptr_array_add (lines, g_strdup_printf (_("and %u more"), sessions->len - rows->len + 1));

  return lines;
}

static char *
join_alone (char **row)
{
  int widths[N_COLUMNS];

  for (guint i = 0; i < N_COLUMNS; i++)
    widths[i] = MAX (columns_of_table[i].min_width, ruc_columns_measure (row[i]));

  return join_row (row, widths);
}

char *
ruc_table_dup_line (const RucSession *session,
                    gint64            now)
{
  char **row = make_row (session, now);
  char *line = join_alone (row);

  free_row (row);

  return line;
}
