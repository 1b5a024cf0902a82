/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-watch.h"

#include "ruc-ask.h"
#include "ruc-options.h"
#include "ruc-output.h"
#include "ruc-screen.h"
#include "ruc-session-json.h"
#include "ruc-table.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Milliseconds between two drawings, so that a terminal is not kept busy. */
#define DRAW_INTERVAL 100

/* Milliseconds that output may take at the end: who interrupts does not wait for a reader. */
#define FLUSH_DEADLINE 1000

typedef enum
{
  SCREEN,   /* a table that is drawn again in place */
  LINES,    /* a line for each change that a table would show */
  JSON,     /* an object for each change */
} Mode;

typedef struct
{
  Mode        mode;
  GMainLoop  *loop;
  RucService *service;
  RucOutput  *output;
  int         exit_status;
  gboolean    leaving;

  /* For SCREEN. */
  RucScreen   screen;
  int         doing;             /* columns; see ruc_table_dup_lines() */
  guint       draw_id;
  guint       tick_id;

  /* For the others: sessions that were told, and those that have changed since. A reader who is too
   * slow is told later, and then only how they are.
   */
  GHashTable *told;
  GHashTable *touched;
  GQueue      order;             /* of those that are touched */
  gboolean    service_touched;
} Watch;

static gboolean
flush_deadline_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);

  return G_SOURCE_REMOVE;
}

static void
leave (Watch *self,
       int    exit_status)
{
  if (self->leaving)
    {
      g_main_loop_quit (self->loop);
      return;
    }

  self->leaving = TRUE;
  self->exit_status = exit_status;
  ruc_service_set_func (self->service, NULL, NULL);
  g_clear_handle_id (&self->draw_id, g_source_remove);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  /* The terminal may have shown the key there. */
  if (self->mode == SCREEN)
    ruc_output_print (self->output, STDOUT_FILENO, "\r\033[K");
  g_timeout_add (FLUSH_DEADLINE, flush_deadline_cb, self->loop);
  ruc_output_finish (self->output);
}

static gboolean draw_cb (gpointer user_data);

static void
draw_later (Watch *self)
{
  if (self->draw_id == 0 && !self->leaving)
    self->draw_id = g_timeout_add (DRAW_INTERVAL, draw_cb, self);
}

static gboolean
tick_cb (gpointer user_data)
{
  Watch *self = user_data;

  self->tick_id = 0;
  draw_later (self);

  return G_SOURCE_REMOVE;
}

/* Time goes on while a request runs. */
static void
follow_time (Watch *self)
{
  GPtrArray *sessions = ruc_service_get_sessions (self->service);

  for (guint i = 0; self->tick_id == 0 && i < sessions->len; i++)
    if (ruc_session_is_busy (g_ptr_array_index (sessions, i)))
      self->tick_id = g_timeout_add (1000 - DRAW_INTERVAL, tick_cb, self);
}

static void
draw (Watch *self)
{
  GPtrArray *sessions = ruc_service_get_sessions (self->service);
  g_autoptr(GPtrArray) lines = NULL;
  g_autofree char *text = NULL;
  int columns, rows;

  /* There is going to be room, and then it is drawn as it is then. */
  if (ruc_output_is_full (self->output))
    return;

  /* A line that is full would lead the cursor to another one; and below them the cursor waits. */
  ruc_screen_get_size (&columns, &rows);
  lines = ruc_table_dup_lines (sessions, MAX (columns - 1, 1), (guint) MAX (rows - 2, 1),
                               g_get_real_time (), &self->doing);
  if (sessions->len == 0)
    g_ptr_array_add (lines, g_strdup (ruc_service_is_present (self->service)
                                        ? _("No sessions")
                                        : _("No service is running; waiting for one")));
  text = ruc_screen_draw (&self->screen, lines, columns, rows);
  if (text[0] != '\0')
    ruc_output_print (self->output, STDOUT_FILENO, text);
  follow_time (self);
}

static gboolean
draw_cb (gpointer user_data)
{
  Watch *self = user_data;

  self->draw_id = 0;
  draw (self);

  return G_SOURCE_REMOVE;
}

static void
print_line (Watch            *self,
            const char       *event,
            const RucSession *session)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%T");
  g_autofree char *rest = NULL;
  g_autofree char *line = NULL;

  if (session != NULL)
    rest = ruc_table_dup_line (session, g_get_real_time ());
  else
    rest = g_strdup (ruc_service_is_present (self->service) ? "running" : "absent");

  line = g_strdup_printf ("%s  %-7s  %s\n", time, event, rest);
  ruc_output_print (self->output, STDOUT_FILENO, line);
}

static void
print_event (Watch            *self,
             const char       *event,
             const RucSession *session)
{
  g_autofree char *line = NULL;

  if (self->mode == LINES)
    {
      print_line (self, event, session);
      return;
    }

  line = ruc_session_json_dup_event (event, session, ruc_service_is_present (self->service));
  ruc_output_print (self->output, STDOUT_FILENO, line);
}

static void
tell_session (Watch      *self,
              RucSession *session)
{
  gboolean was_told = g_hash_table_contains (self->told, session);

  if (session->gone)
    {
      if (was_told)
        print_event (self, "removed", session);
      g_hash_table_remove (self->told, session);
      return;
    }

  print_event (self, was_told ? "changed" : "added", session);
  if (!was_told)
    g_hash_table_add (self->told, ruc_session_ref (session));
}

static void
tell (Watch *self)
{
  RucSession *session;

  if (ruc_output_is_full (self->output))
    return;

  /* A service that is there now comes before its sessions, one that has gone after them. */
  if (self->service_touched && ruc_service_is_present (self->service))
    print_event (self, "service", NULL);

  while ((session = g_queue_pop_head (&self->order)) != NULL)
    tell_session (self, session);
  g_hash_table_remove_all (self->touched);

  if (self->service_touched && !ruc_service_is_present (self->service))
    print_event (self, "service", NULL);
  self->service_touched = FALSE;
}

static void
touch (Watch      *self,
       RucSession *session)
{
  if (session->gone && !g_hash_table_contains (self->told, session))
    {
      g_queue_remove (&self->order, session);
      g_hash_table_remove (self->touched, session);
    }
  else if (g_hash_table_add (self->touched, ruc_session_ref (session)))
    {
      g_queue_push_tail (&self->order, session);
    }
}

static void
service_changed (Watch *self)
{
  GPtrArray *sessions = ruc_service_get_sessions (self->service);

  self->service_touched = TRUE;
  for (guint i = 0; i < sessions->len; i++)
    touch (self, g_ptr_array_index (sessions, i));
}

static void
service_cb (RucService      *service,
            RucServiceEvent  event,
            RucSession      *session,
            guint            changed,
            gpointer         user_data)
{
  Watch *self = user_data;

  if (event == RUC_SERVICE_FAILED)
    {
      leave (self, ruc_ask_say_failed (service));
      return;
    }

  if (self->mode == SCREEN)
    {
      if (self->screen.lines->len == 0)
        draw (self);
      else
        draw_later (self);
      return;
    }

  if (session == NULL)
    service_changed (self);
  else if (event != RUC_SERVICE_CHANGED || self->mode == JSON ||
           (changed & ruc_table_get_fields ()) != 0)
    touch (self, session);
  tell (self);
}

static void
output_broken (Watch *self)
{
  int error = ruc_output_get_error (self->output, STDOUT_FILENO);

  if (error != EPIPE && error != EIO)
    g_printerr (_("Error: cannot write the output: %s\n"), g_strerror (error));
  leave (self, error == EPIPE ? 128 + SIGPIPE : RUC_EXIT_FAILED);
}

static void
output_cb (RucOutput      *output,
           RucOutputEvent  event,
           gpointer        user_data)
{
  Watch *self = user_data;

  switch (event)
    {
    case RUC_OUTPUT_ROOM:
      if (self->leaving)
        break;
      if (self->mode == SCREEN)
        draw (self);
      else
        tell (self);
      break;

    case RUC_OUTPUT_BROKEN:
      output_broken (self);
      break;

    case RUC_OUTPUT_DONE:
    default:
      g_main_loop_quit (self->loop);
    }
}

/* Nobody waits for the next change any more. */
static gboolean
unread_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  leave (user_data, 128 + SIGPIPE);

  return G_SOURCE_REMOVE;
}

static gboolean
interrupted (Watch *self,
             int    number)
{
  leave (self, 128 + number);

  return G_SOURCE_CONTINUE;
}

static gboolean
sigint_cb (gpointer user_data)
{
  return interrupted (user_data, SIGINT);
}

static gboolean
sigterm_cb (gpointer user_data)
{
  return interrupted (user_data, SIGTERM);
}

static volatile sig_atomic_t continued;

static void
sigcont (int number)
{
  continued = TRUE;
  raise (SIGWINCH);
}

/* After a stop others have written to the terminal. */
static gboolean
sigwinch_cb (gpointer user_data)
{
  Watch *self = user_data;

  if (self->leaving || self->mode != SCREEN)
    return G_SOURCE_CONTINUE;

  if (continued)
    ruc_screen_forget (&self->screen);
  continued = FALSE;
  self->doing = 0;
  /* Not before anything is known. */
  if (self->screen.columns > 0)
    draw (self);

  return G_SOURCE_CONTINUE;
}

static void
watch_init (Watch   *self,
            gboolean as_json)
{
  self->mode = as_json ? JSON : ruc_screen_can_draw () ? SCREEN : LINES;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->output = ruc_output_new (output_cb, self);
  self->told = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) ruc_session_unref, NULL);
  self->touched = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) ruc_session_unref, NULL);
  ruc_screen_init (&self->screen);
}

static void
watch_clear (Watch *self)
{
  g_clear_handle_id (&self->draw_id, g_source_remove);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_object (&self->service);
  g_clear_pointer (&self->output, ruc_output_free);
  g_clear_pointer (&self->told, g_hash_table_unref);
  g_clear_pointer (&self->touched, g_hash_table_unref);
  g_queue_clear (&self->order);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  ruc_screen_clear (&self->screen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, watch_clear)

int
ruc_watch_run (guint    seconds,
               gboolean as_json)
{
  g_auto(Watch) self = { 0 };

  watch_init (&self, as_json);
  self.service = ruc_service_new (seconds, service_cb, &self);
  if (!ruc_service_start (self.service))
    return ruc_ask_say_failed (self.service);

  g_unix_signal_add (SIGINT, sigint_cb, &self);
  g_unix_signal_add (SIGTERM, sigterm_cb, &self);
  g_unix_signal_add (SIGWINCH, sigwinch_cb, &self);
  signal (SIGCONT, sigcont);
  g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, unread_cb, &self);
  g_main_loop_run (self.loop);

  return self.exit_status;
}
