/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-sequence-private.h"

#include "runtime-use-command-handler-private.h"
#include "runtime-use-command-result-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-output-capture-private.h"

/* What runs the commands of a request. It reports what they print as it comes; where the terminal
 * repeats it, all of them share the room of that one message.
 */

/* What a result needs besides its texts. */
#define RESULT_ENVELOPE 96

/* Encoded bytes of all the commands that the terminal repeats. */
#define ECHO_ROOM (RUNTIME_USE_LIMIT_OUTGOING_MESSAGE * 2 / 5)

/* What became of one command. */
typedef struct
{
  char                    *echo;
  int                      exit_code;
  RuntimeUseOutputCapture *capture;   /* (unowned): in captures */
} Result;

struct _RuntimeUseCommandSequence
{
  GPtrArray                       *commands;      /* RuntimeUseCommand */
  const char                      *name;          /* the member of the request that they are */
  const RuntimeUseSessionSettings *settings;
  GCancellable                    *cancellable;
  RuntimeUseRequestReporter       *reporter;

  RuntimeUseCommandSequenceDone    done;
  GObject                         *owner;         /* (nullable): nothing runs */

  guint                            n_started;
  RuntimeUseCommandHandler        *handler;       /* (nullable): at work */
  char                            *echo;          /* of its command, for its output */
  gsize                            echo_limit;    /* encoded bytes of each echo */

  GPtrArray                       *results;       /* (nullable): Result; no one asks */
  GPtrArray                       *captures;      /* RuntimeUseOutputCapture of the results */
  gsize                            capture_room;  /* encoded bytes for all of them */
};

static void
result_free (Result *result)
{
  g_free (result->echo);
  g_free (result);
}

RuntimeUseCommandSequence *
_runtime_use_command_sequence_new (GPtrArray                       *commands,
                                   const char                      *name,
                                   const RuntimeUseSessionSettings *settings,
                                   GCancellable                    *cancellable,
                                   RuntimeUseRequestReporter       *reporter)
{
  RuntimeUseCommandSequence *self = g_new0 (RuntimeUseCommandSequence, 1);

  self->commands = g_ptr_array_ref (commands);
  self->name = name;
  self->settings = settings;
  self->cancellable = g_object_ref (cancellable);
  self->reporter = _runtime_use_request_reporter_ref (reporter);
  self->echo_limit = RUNTIME_USE_LIMIT_COMMAND_ECHO;

  return self;
}

void
_runtime_use_command_sequence_free (RuntimeUseCommandSequence *self)
{
  g_assert (self->owner == NULL && self->handler == NULL);

  g_clear_pointer (&self->commands, g_ptr_array_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->reporter, _runtime_use_request_reporter_unref);
  g_clear_pointer (&self->echo, g_free);
  g_clear_pointer (&self->results, g_ptr_array_unref);
  g_clear_pointer (&self->captures, g_ptr_array_unref);
  g_free (self);
}

/* All that the terminal repeats shares one message. */
void
_runtime_use_command_sequence_keep_results (RuntimeUseCommandSequence *self)
{
  gsize echo_room;

  self->results = g_ptr_array_new_with_free_func ((GDestroyNotify) result_free);
  self->captures =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_output_capture_free);
  self->echo_limit = MIN (RUNTIME_USE_LIMIT_COMMAND_ECHO,
                          ECHO_ROOM / MAX (self->commands->len, 1));
  echo_room = self->commands->len * (self->echo_limit + RESULT_ENVELOPE);
  self->capture_room = RUNTIME_USE_LIMIT_OUTGOING_MESSAGE - MIN (echo_room, 2 * ECHO_ROOM) - 1024;
}

/* Takes the error. */
static void
sequence_end (RuntimeUseCommandSequence *self,
              int                        exit_code,
              GError                    *error)
{
  g_autoptr(GObject) owner = g_steal_pointer (&self->owner);

  self->done (owner, exit_code, error);
}

static void
command_output_cb (RuntimeUseCommandHandler *handler,
                   RuntimeUseOutputStream    stream,
                   const char               *text,
                   gsize                     length,
                   gpointer                  user_data)
{
  RuntimeUseCommandSequence *self = user_data;

  if (self->captures != NULL && stream == RUNTIME_USE_OUTPUT_STREAM_STDOUT)
    _runtime_use_output_capture_append (g_ptr_array_index (self->captures,
                                                           self->captures->len - 1),
                                        text, length);

  _runtime_use_request_reporter_say_output (self->reporter, stream, text, length, self->echo);

  if (_runtime_use_request_reporter_is_full (self->reporter))
    runtime_use_command_handler_set_paused (handler, TRUE);
}

static void
sequence_keep_result (RuntimeUseCommandSequence *self,
                      int                        exit_code)
{
  Result *result;

  if (self->results == NULL)
    return;

  result = g_new0 (Result, 1);
  result->echo = g_strdup (self->echo);
  result->exit_code = exit_code;
  result->capture = g_ptr_array_index (self->captures, self->captures->len - 1);
  g_ptr_array_add (self->results, result);

  _runtime_use_output_captures_share (self->captures, self->capture_room);
}

static void sequence_start_next (RuntimeUseCommandSequence *self);

static void
command_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  RuntimeUseCommandSequence *self = user_data;
  g_autoptr(RuntimeUseCommandHandler) handler = g_steal_pointer (&self->handler);
  GError *error = NULL;
  int exit_code;

  exit_code = runtime_use_command_handler_run_finish (handler, result, &error);
  _runtime_use_command_handler_set_sink (handler, NULL, NULL);

  if (error != NULL)
    {
      g_prefix_error (&error, "%s[%u]: ", self->name, self->n_started - 1);
      sequence_end (self, exit_code, error);
      return;
    }

  _runtime_use_request_reporter_adopt (self->reporter, handler);
  sequence_keep_result (self, exit_code);
  if (exit_code != 0 || g_cancellable_is_cancelled (self->cancellable))
    sequence_end (self, exit_code, NULL);
  else
    sequence_start_next (self);
}

static RuntimeUseCommandHandler *
make_handler (RuntimeUseCommandSequence *self,
              RuntimeUseCommand         *command)
{
  RuntimeUseCommandHandler *handler = runtime_use_command_handler_new (command);

  runtime_use_command_handler_set_redactor (
    handler, _runtime_use_request_reporter_get_redactor (self->reporter));
  runtime_use_command_handler_set_grace (handler, self->settings->kill_grace);
  runtime_use_command_handler_set_timeout (handler, self->settings->command_timeout);
  runtime_use_command_handler_set_shell (handler, (const char * const *) self->settings->shell);
  _runtime_use_command_handler_set_sink (handler, command_output_cb, self);
  if (_runtime_use_request_reporter_is_full (self->reporter))
    runtime_use_command_handler_set_paused (handler, TRUE);

  return handler;
}

static void
sequence_start_next (RuntimeUseCommandSequence *self)
{
  RuntimeUseCommand *command;
  const char *text;

  /* One that failed is shown until the request ends. */
  if (self->n_started == self->commands->len)
    {
      _runtime_use_request_reporter_show_command (self->reporter, NULL);
      sequence_end (self, 0, NULL);
      return;
    }

  command = g_ptr_array_index (self->commands, self->n_started++);
  text = runtime_use_command_get_command (command);
  g_free (self->echo);
  self->echo = _runtime_use_request_reporter_name_command (self->reporter, text, self->echo_limit);

  if (self->captures != NULL)
    g_ptr_array_add (self->captures, _runtime_use_output_capture_new (self->capture_room));

  self->handler = make_handler (self, command);
  runtime_use_command_handler_run_async (self->handler, self->cancellable, command_cb, self);
  _runtime_use_request_reporter_show_command (self->reporter, text);
}

void
_runtime_use_command_sequence_run (RuntimeUseCommandSequence     *self,
                                   RuntimeUseCommandSequenceDone  done,
                                   GObject                       *owner)
{
  self->done = done;
  self->owner = g_object_ref (owner);
  sequence_start_next (self);
}

void
_runtime_use_command_sequence_notify_drained (RuntimeUseCommandSequence *self)
{
  if (self->handler != NULL)
    runtime_use_command_handler_set_paused (self->handler, FALSE);
}

GPtrArray *
_runtime_use_command_sequence_make_results (RuntimeUseCommandSequence *self)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->results->len; i++)
    {
      Result *result = g_ptr_array_index (self->results, i);
      g_autoptr(GString) text = _runtime_use_output_capture_join (result->capture);

      g_ptr_array_add (results,
                       _runtime_use_command_result_new_counted (result->echo, result->exit_code,
                                                                text->str, text->len,
                                                                result->capture->omitted > 0));
    }

  return g_steal_pointer (&results);
}
