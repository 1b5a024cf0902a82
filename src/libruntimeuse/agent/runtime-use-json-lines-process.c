/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-lines-process-private.h"

#include "runtime-use-command-handler-private.h"
#include "runtime-use-process-log-private.h"
#include "runtime-use-source-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* One read, so that a process with much to say leaves room for others. */
#define READ_SIZE (64 * 1024)

/* After the end of a process its pipe holds no more than this many reads. */
#define MAX_LAST_READS 32

/* How long it may take to end once a pipe of its own has, in milliseconds. */
#define SILENCE_PATIENCE 1000

/* So much of what was written already may lie before what is still to be written. */
#define MAX_WRITTEN (1024 * 1024)

/* A line that makes no sense is quoted up to here. */
#define QUOTE_LIMIT 200

struct _RuntimeUseJsonLinesProcess
{
  GObject                          parent_instance;

  char                            *name;
  RuntimeUseJsonLinesTraits        traits;
  const RuntimeUseJsonLinesEvents *events;     /* (nullable): nobody listens any more */
  gpointer                         user_data;

  RuntimeUseCommandHandler        *command;
  GCancellable                    *killer;
  RuntimeUseProcessLog            *log;
  const char                      *stage;      /* (nullable) */

  int                              input;      /* -1: closed */
  int                              output;     /* -1: closed, or its end was seen */
  GSource                         *reader;     /* (nullable): it is not read now */
  GSource                         *writer;     /* (nullable): nothing waits */
  GSource                         *deadline;   /* (nullable): for its end */
  GByteArray                      *line;       /* the beginning of one */
  gsize                            searched;   /* of it, for its end */
  GString                         *unsent;
  gsize                            n_written;  /* bytes at its start that are sent already */
  guint64                          n_sent;     /* bytes, also those that wait */
  guint64                          n_unread;   /* of them, those left in the closed pipe */
  guint64                          n_taken;    /* of them, once it is gone: those that it read */

  GError                          *why;        /* (nullable): the first reason to end it */
  gboolean                         garbled;    /* what it still says is of no use */
  gboolean                         plain;      /* why says all, without last words */
  gboolean                         paused;
};

G_DEFINE_FINAL_TYPE (RuntimeUseJsonLinesProcess, _runtime_use_json_lines_process, G_TYPE_OBJECT)

static void
close_descriptor (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
attach (GSource     *source,
        const char  *name,
        GSourceFunc  callback,
        gpointer     user_data)
{
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, user_data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
set_deadline (RuntimeUseJsonLinesProcess *self,
              guint                       milliseconds,
              GSourceFunc                 callback)
{
  _runtime_use_clear_source (&self->deadline);
  self->deadline = g_timeout_source_new (milliseconds);
  attach (self->deadline, "RuntimeUseJsonLinesProcess deadline", callback, self);
}

/* Ends the process with all that it has started. Takes the reason; the first one counts. */
void
_runtime_use_json_lines_process_kill (RuntimeUseJsonLinesProcess *self,
                                      GError                     *why)
{
  if (self->why == NULL)
    self->why = why;
  else
    g_clear_error (&why);

  _runtime_use_clear_source (&self->deadline);
  g_cancellable_cancel (self->killer);
}

/* The same for a reason that tells all, and needs no last words of the process. */
void
_runtime_use_json_lines_process_kill_plain (RuntimeUseJsonLinesProcess *self,
                                            GError                     *why)
{
  self->plain |= self->why == NULL;
  _runtime_use_json_lines_process_kill (self, why);
}

void
_runtime_use_json_lines_process_fail (RuntimeUseJsonLinesProcess *self,
                                      RuntimeUseError             code,
                                      const char                 *format,
                                      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  _runtime_use_json_lines_process_kill (self, g_error_new (RUNTIME_USE_ERROR, code, "%s: %s",
                                                           self->name, text));
}

/* What it writes */

static gboolean
silence_cb (gpointer user_data)
{
  RuntimeUseJsonLinesProcess *self = user_data;

  _runtime_use_json_lines_process_fail (self, RUNTIME_USE_ERROR_AGENT_FAILED,
                                        "it closed its %s, by which it has to be %s, and went on",
                                        self->output < 0 ? self->traits.output
                                                         : self->traits.input,
                                        self->output < 0 ? "heard" : "spoken to");

  return G_SOURCE_REMOVE;
}

static char *
quote (const char *line,
       gsize       length)
{
  g_autofree char *start = g_strndup (line, MIN (length, QUOTE_LIMIT));
  g_autofree char *valid = g_utf8_make_valid (start, -1);

  return g_strdup_printf ("%s%s", valid, length > QUOTE_LIMIT ? "…" : "");
}

void
_runtime_use_json_lines_process_refuse_line (RuntimeUseJsonLinesProcess *self,
                                             const char                 *line,
                                             gsize                       length,
                                             const GError               *problem)
{
  g_autofree char *quoted = quote (line, length);

  self->garbled = TRUE;
  _runtime_use_json_lines_process_fail (self, RUNTIME_USE_ERROR_AGENT_FAILED,
                                        "it wrote a line to %s that cannot be used: %s: %s",
                                        self->traits.output, problem->message, quoted);
}

static void
refuse_long_line (RuntimeUseJsonLinesProcess *self)
{
  self->garbled = TRUE;
  _runtime_use_json_lines_process_fail (self, RUNTIME_USE_ERROR_TOO_LARGE,
                                        "it wrote a line of more than %" G_GSIZE_FORMAT
                                        " bytes to %s (max-line-size)",
                                        self->traits.max_line_size, self->traits.output);
}

static void
take_line (RuntimeUseJsonLinesProcess *self,
           const char                 *line,
           gsize                       length)
{
  if (self->garbled || length == 0)
    return;

  if (length > self->traits.max_line_size)
    refuse_long_line (self);
  else if (self->events != NULL)
    self->events->line (self, line, length, self->user_data);
}

/* Takes the lines that are whole. They are cut off together, since most come in crowds. */
static void
take_lines (RuntimeUseJsonLinesProcess *self)
{
  gsize done = 0;
  guint8 *newline;

  while (self->line->len > self->searched &&
         (newline = memchr (self->line->data + self->searched, '\n',
                            self->line->len - self->searched)) != NULL)
    {
      gsize end = (gsize) (newline - self->line->data);

      take_line (self, (const char *) self->line->data + done, end - done);
      self->searched = done = end + 1;
    }

  if (done > 0)
    g_byte_array_remove_range (self->line, 0, (guint) done);
  self->searched = self->line->len;

  if (self->line->len <= self->traits.max_line_size)
    return;

  g_byte_array_set_size (self->line, 0);
  self->searched = 0;
  refuse_long_line (self);
}

/* Returns whether something came. */
static gboolean
read_once (RuntimeUseJsonLinesProcess *self)
{
  guint8 buffer[READ_SIZE];
  ssize_t length;

  if (self->output < 0)
    return FALSE;

  length = read (self->output, buffer, sizeof buffer);
  if (length > 0)
    {
      if (!self->garbled)
        {
          g_byte_array_append (self->line, buffer, (guint) length);
          take_lines (self);
        }
      return TRUE;
    }

  if (length == 0 || (errno != EAGAIN && errno != EINTR))
    {
      _runtime_use_clear_source (&self->reader);
      close_descriptor (&self->output);
    }

  return FALSE;
}

/* Death is the end of the process. The end of its pipe alone only makes us wait for that. */
static gboolean
readable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  g_autoptr(RuntimeUseJsonLinesProcess) self = g_object_ref (user_data);

  read_once (self);
  if (self->output >= 0)
    return G_SOURCE_CONTINUE;

  if (self->why == NULL)
    set_deadline (self, SILENCE_PATIENCE, silence_cb);

  return G_SOURCE_REMOVE;
}

static void
update_reader (RuntimeUseJsonLinesProcess *self)
{
  gboolean wanted = self->output >= 0 && !self->paused;

  if (wanted && self->reader == NULL)
    {
      self->reader = g_unix_fd_source_new (self->output, G_IO_IN | G_IO_HUP);
      attach (self->reader, "RuntimeUseJsonLinesProcess output", G_SOURCE_FUNC (readable_cb),
              self);
    }
  else if (!wanted)
    {
      _runtime_use_clear_source (&self->reader);
    }
}

/* While its output is left alone, a process that goes on writing has to wait. */
void
_runtime_use_json_lines_process_set_paused (RuntimeUseJsonLinesProcess *self,
                                            gboolean                    paused)
{
  self->paused = paused;
  update_reader (self);
}

/* What it reads */

static gsize
count_unsent (RuntimeUseJsonLinesProcess *self)
{
  return self->unsent->len - self->n_written;
}

/* Moves what waits only now and then, and keeps no more memory than it needs. */
static void
forget_written (RuntimeUseJsonLinesProcess *self)
{
  if (count_unsent (self) == 0)
    {
      g_string_free (self->unsent, TRUE);
      self->unsent = g_string_new (NULL);
    }
  else if (self->n_written >= MAX_WRITTEN && self->n_written >= count_unsent (self))
    {
      g_string_erase (self->unsent, 0, (gssize) self->n_written);
    }
  else
    {
      return;
    }

  self->n_written = 0;
}

/* The pipe still knows what is in it, although nobody may be at its other end. */
static void
close_input (RuntimeUseJsonLinesProcess *self)
{
  int n_left = 0;

  if (self->input >= 0 && ioctl (self->input, FIONREAD, &n_left) == 0)
    self->n_unread = (guint64) n_left;
  close_descriptor (&self->input);
}

static void
write_unsent (RuntimeUseJsonLinesProcess *self)
{
  while (count_unsent (self) > 0 && self->input >= 0)
    {
      ssize_t length = write (self->input, self->unsent->str + self->n_written,
                              count_unsent (self));

      if (length > 0)
        {
          self->n_written += (gsize) length;
          forget_written (self);
        }
      else if (errno == EAGAIN)
        {
          return;
        }
      else if (errno != EINTR)
        {
          close_input (self);
          if (self->why == NULL)
            set_deadline (self, SILENCE_PATIENCE, silence_cb);
        }
    }
}

static gboolean
writable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  RuntimeUseJsonLinesProcess *self = user_data;

  write_unsent (self);
  if (count_unsent (self) > 0 && self->input >= 0)
    return G_SOURCE_CONTINUE;

  _runtime_use_clear_source (&self->writer);

  return G_SOURCE_REMOVE;
}

static void
update_writer (RuntimeUseJsonLinesProcess *self)
{
  if (count_unsent (self) == 0 || self->input < 0)
    return;

  self->writer = g_unix_fd_source_new (self->input, G_IO_OUT | G_IO_ERR);
  attach (self->writer, "RuntimeUseJsonLinesProcess input", G_SOURCE_FUNC (writable_cb), self);
}

/* What it does not take now waits. A process that lets too much wait is ended. Returns the place of
 * @lines among all that was sent. */
guint64
_runtime_use_json_lines_process_send (RuntimeUseJsonLinesProcess *self,
                                      const GString              *lines)
{
  guint64 place = self->n_sent;

  if (lines->len > self->traits.max_unsent - MIN (count_unsent (self), self->traits.max_unsent))
    {
      _runtime_use_json_lines_process_fail (self, RUNTIME_USE_ERROR_TOO_LARGE,
                                            "it left more than %" G_GSIZE_FORMAT
                                            " bytes unread of its %s",
                                            self->traits.max_unsent, self->traits.input);
      return place;
    }

  self->n_sent += lines->len;
  g_string_append_len (self->unsent, lines->str, (gssize) lines->len);
  if (self->writer == NULL)
    {
      write_unsent (self);
      update_writer (self);
    }

  return place;
}

/* How much of what was sent a process that is gone had read. */
guint64
_runtime_use_json_lines_process_get_taken (RuntimeUseJsonLinesProcess *self)
{
  return self->n_taken;
}

/* Its end */

static gboolean
hang_up_cb (gpointer user_data)
{
  RuntimeUseJsonLinesProcess *self = user_data;

  _runtime_use_process_log_say (self->log, "went on after the end of its input, and is killed");
  _runtime_use_json_lines_process_kill (self, NULL);

  return G_SOURCE_REMOVE;
}

/* Asks it to end, which it is given time for. @patience is in milliseconds. Takes the reason,
 * which needs no last words. */
void
_runtime_use_json_lines_process_hang_up (RuntimeUseJsonLinesProcess *self,
                                         GError                     *why,
                                         guint                       patience)
{
  if (self->why != NULL)
    {
      g_error_free (why);
      return;
    }

  self->why = why;
  self->plain = TRUE;
  _runtime_use_clear_source (&self->writer);
  close_input (self);
  set_deadline (self, patience, hang_up_cb);
}

static char *
describe_end (RuntimeUseJsonLinesProcess *self,
              int                         status)
{
  int signal = _runtime_use_command_handler_get_term_signal (self->command);
  const char *stage = self->stage != NULL ? self->stage : "";

  if (signal != 0)
    return g_strdup_printf ("its process was ended by signal %d (%s)%s", signal,
                            g_strsignal (signal), stage);

  return g_strdup_printf ("its process ended with status %d%s", status, stage);
}

/* Why it is gone, with its last words. */
static GError *
make_epitaph (RuntimeUseJsonLinesProcess *self,
              int                         status,
              const GError               *lost)
{
  g_autofree char *tail = NULL;
  g_autofree char *end = NULL;
  g_autofree char *redacted = NULL;

  if (self->why != NULL)
    end = g_strdup (self->why->message);
  else if (lost != NULL)
    end = g_strdup_printf ("%s: %s", self->name, lost->message);
  else
    {
      g_autofree char *description = describe_end (self, status);

      end = g_strdup_printf ("%s: %s", self->name, description);
    }

  /* It quotes the process, and all that it served may hear it. */
  redacted = _runtime_use_process_log_redact (self->log, end);
  if (self->plain)
    return g_error_new_literal (RUNTIME_USE_ERROR, self->why->code, redacted);

  tail = _runtime_use_process_log_dup_tail (self->log);

  return g_error_new (RUNTIME_USE_ERROR,
                      self->why != NULL ? self->why->code : RUNTIME_USE_ERROR_AGENT_FAILED,
                      "%s%s%s", redacted, tail[0] != '\0' ? "\n" : "", tail);
}

/* What it said before it died counts. */
static void
read_rest (RuntimeUseJsonLinesProcess *self)
{
  for (guint i = 0; i < MAX_LAST_READS && read_once (self); i++)
    continue;
}

static void
gone_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RuntimeUseJsonLinesProcess) self = user_data;
  g_autoptr(GError) lost = NULL;
  g_autoptr(GError) epitaph = NULL;
  int status;

  status = runtime_use_command_handler_run_finish (self->command, result, &lost);
  _runtime_use_clear_source (&self->deadline);
  _runtime_use_clear_source (&self->reader);
  _runtime_use_clear_source (&self->writer);
  read_rest (self);
  close_input (self);
  close_descriptor (&self->output);
  _runtime_use_clear_source (&self->reader);
  _runtime_use_clear_source (&self->writer);
  self->n_taken = self->n_sent - count_unsent (self) - self->n_unread;
  _runtime_use_process_log_finish (self->log);
  _runtime_use_command_handler_set_sink (self->command, NULL, NULL);

  epitaph = make_epitaph (self, status, lost);
  if (self->events != NULL)
    self->events->gone (self, epitaph, self->user_data);
  self->events = NULL;
}

void
_runtime_use_json_lines_process_set_stage (RuntimeUseJsonLinesProcess *self,
                                           const char                 *stage)
{
  self->stage = stage;
}

void
_runtime_use_json_lines_process_disown (RuntimeUseJsonLinesProcess *self)
{
  self->events = NULL;
}

static void
print_cb (RuntimeUseCommandHandler *command,
          RuntimeUseOutputStream    stream,
          const char               *text,
          gsize                     length,
          gpointer                  user_data)
{
  RuntimeUseJsonLinesProcess *self = user_data;

  _runtime_use_process_log_push (self->log, stream, text, length);
}

static gboolean
open_pipes (RuntimeUseJsonLinesProcess  *self,
            int                         *its_input,
            int                         *its_output,
            GError                     **error)
{
  int input[2];
  int output[2];

  if (!g_unix_open_pipe (input, FD_CLOEXEC, error))
    return FALSE;
  self->input = input[1];
  *its_input = input[0];

  if (!g_unix_open_pipe (output, FD_CLOEXEC, error))
    return FALSE;
  self->output = output[0];
  *its_output = output[1];

  /* Only our ends: programs may count on pipes that block. */
  return g_unix_set_fd_nonblocking (self->input, TRUE, error) &&
         g_unix_set_fd_nonblocking (self->output, TRUE, error);
}

/* Keeps itself until its process is gone. @shell is as of a command handler. */
gboolean
_runtime_use_json_lines_process_start (RuntimeUseJsonLinesProcess  *self,
                                       RuntimeUseCommand           *command,
                                       const char * const          *shell,
                                       GError                     **error)
{
  int its_input = -1;
  int its_output = -1;
  gboolean opened;

  opened = open_pipes (self, &its_input, &its_output, error);
  if (opened)
    {
      self->command = runtime_use_command_handler_new (command);
      runtime_use_command_handler_set_grace (self->command, self->traits.grace);
      runtime_use_command_handler_set_timeout (self->command, G_MAXUINT);
      runtime_use_command_handler_set_shell (self->command, shell);
      _runtime_use_command_handler_set_sink (self->command, print_cb, self);
      _runtime_use_command_handler_set_host_pipes (self->command, its_input, its_output);
      _runtime_use_command_handler_set_keeps_leftovers (self->command,
                                                        self->traits.keeps_leftovers);
      runtime_use_command_handler_run_async (self->command, self->killer, gone_cb,
                                             g_object_ref (self));
      update_reader (self);
    }

  close_descriptor (&its_input);
  close_descriptor (&its_output);

  return opened;
}

gboolean
_runtime_use_json_lines_process_is_ending (RuntimeUseJsonLinesProcess *self)
{
  return self->why != NULL;
}

void
_runtime_use_json_lines_process_hide (RuntimeUseJsonLinesProcess *self,
                                      RuntimeUseRedactor         *redactor)
{
  _runtime_use_process_log_hide (self->log, redactor);
}

/* Adds a line to what it prints. */
void
_runtime_use_json_lines_process_say (RuntimeUseJsonLinesProcess *self,
                                     const char                 *text)
{
  g_autofree char *redacted = _runtime_use_process_log_redact (self->log, text);

  _runtime_use_process_log_say (self->log, redacted);
}

/* For what is said of no invocation. Knows the secrets of all. */
RuntimeUseLogger *
_runtime_use_json_lines_process_get_logger (RuntimeUseJsonLinesProcess *self)
{
  return _runtime_use_process_log_get_logger (self->log);
}

/* Once it was started. */
RuntimeUseCommandHandler *
_runtime_use_json_lines_process_get_command (RuntimeUseJsonLinesProcess *self)
{
  return self->command;
}

static void
_runtime_use_json_lines_process_finalize (GObject *object)
{
  RuntimeUseJsonLinesProcess *self = RUNTIME_USE_JSON_LINES_PROCESS (object);

  _runtime_use_clear_source (&self->deadline);
  _runtime_use_clear_source (&self->reader);
  _runtime_use_clear_source (&self->writer);
  close_descriptor (&self->input);
  close_descriptor (&self->output);
  g_clear_object (&self->command);
  g_clear_object (&self->killer);
  g_clear_error (&self->why);
  g_clear_pointer (&self->line, g_byte_array_unref);
  g_string_free (self->unsent, TRUE);
  _runtime_use_process_log_free (self->log);
  g_free (self->name);

  G_OBJECT_CLASS (_runtime_use_json_lines_process_parent_class)->finalize (object);
}

static void
_runtime_use_json_lines_process_class_init (RuntimeUseJsonLinesProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _runtime_use_json_lines_process_finalize;

  /* Makes GIO ignore SIGPIPE, as it does for all its sockets: a process may close its input. */
  g_type_class_unref (g_type_class_ref (G_TYPE_SOCKET));
}

static void
_runtime_use_json_lines_process_init (RuntimeUseJsonLinesProcess *self)
{
  self->input = -1;
  self->output = -1;
  self->killer = g_cancellable_new ();
  self->line = g_byte_array_new ();
  self->unsent = g_string_new (NULL);
}

/* With @source_id, what it prints is logged in the name of that request. */
RuntimeUseJsonLinesProcess *
_runtime_use_json_lines_process_new (const char                      *name,
                                     const char                      *source_id,
                                     const RuntimeUseJsonLinesTraits *traits,
                                     const RuntimeUseJsonLinesEvents *events,
                                     gpointer                         user_data)
{
  RuntimeUseJsonLinesProcess *self = g_object_new (RUNTIME_USE_TYPE_JSON_LINES_PROCESS, NULL);

  self->name = g_strdup (name);
  self->traits = *traits;
  self->events = events;
  self->user_data = user_data;
  self->log = source_id != NULL ? _runtime_use_process_log_new (source_id, name)
                                : _runtime_use_process_log_new (name, NULL);

  return self;
}
