/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-run-private.h"

#include "runtime-use-claude-events-private.h"
#include "runtime-use-claude-program-private.h"
#include "runtime-use-claude-result-private.h"
#include "runtime-use-invocation-private.h"
#include "runtime-use-json-lines-process-private.h"
#include "runtime-use-json-redaction-private.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-output-format-private.h"
#include "runtime-use-source-private.h"

#include <string.h>

#define NAME "claude"

/* Room for prompts and schema, which are parts of one message from the client, written anew. */
#define MAX_UNSENT (2 * RUNTIME_USE_LIMIT_INCOMING_MESSAGE)

/* How long the program may take to exit after its result, in milliseconds. */
#define EXIT_PATIENCE 5000

/* After a cancel: until its result, from the end of its input to its exit, and from SIGTERM to
 * SIGKILL, in milliseconds. */
#define INTERRUPT_PATIENCE 1000
#define CANCEL_EXIT_PATIENCE 500
#define MAX_CANCEL_GRACE 1000

/* One invocation at work. Frees itself when its process is gone. */
typedef struct
{
  RuntimeUseInvocation       *invocation;
  RuntimeUseJsonLinesProcess *process;
  RuntimeUseClaudeEvents     *events;
  RuntimeUseOutputFormat     *format;       /* (nullable): text is asked for */
  RuntimeUseOutcome          *outcome;      /* (nullable): not told yet */
  char                       *path;
  GHashTable                 *versions;

  guint                       idle_timeout;
  GSource                    *idle;
  GSource                    *cancelled;
  GSource                    *interrupt;    /* (nullable): until it is no longer waited for */
  gulong                      drained_id;
  guint                       n_corrections;
  gboolean                    cancelling;
} ClaudeRun;

static void
claude_run_free (ClaudeRun *run)
{
  _runtime_use_clear_source (&run->idle);
  _runtime_use_clear_source (&run->cancelled);
  _runtime_use_clear_source (&run->interrupt);
  g_clear_signal_handler (&run->drained_id, run->invocation);
  if (run->process != NULL)
    _runtime_use_json_lines_process_disown (run->process);
  g_clear_object (&run->process);
  g_clear_pointer (&run->events, _runtime_use_claude_events_free);
  g_clear_pointer (&run->format, _runtime_use_output_format_free);
  g_clear_pointer (&run->outcome, _runtime_use_outcome_free);
  g_hash_table_unref (run->versions);
  g_object_unref (run->invocation);
  g_free (run->path);
  g_free (run);
}

static GSource *
attach (GSource     *source,
        const char  *name,
        GSourceFunc  callback,
        ClaudeRun   *run)
{
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, run, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

/* What is read */

/* A program that has to wait for the client, or for a tool, is not silent by itself. What it says
 * at its end is of no use to anybody, and must not keep it. */
static void
update_flow (ClaudeRun *run)
{
  gboolean full = !run->cancelling && run->outcome == NULL &&
                  runtime_use_invocation_is_full (run->invocation);
  gboolean waits = full || _runtime_use_claude_events_has_tools (run->events);

  _runtime_use_json_lines_process_set_paused (run->process, full);
  g_source_set_ready_time (run->idle,
                           waits ? -1 : g_get_monotonic_time () +
                                        run->idle_timeout * G_GINT64_CONSTANT (1000000));
}

static void
drained_cb (RuntimeUseInvocation *invocation,
            ClaudeRun            *run)
{
  update_flow (run);
}

static gboolean
idle_cb (gpointer user_data)
{
  ClaudeRun *run = user_data;

  g_source_set_ready_time (run->idle, -1);
  _runtime_use_json_lines_process_fail (run->process, RUNTIME_USE_ERROR_TIMED_OUT,
                                        "it said nothing for %u s (idle-timeout), and was ended",
                                        run->idle_timeout);

  return G_SOURCE_CONTINUE;
}

static void
say_version (ClaudeRun  *run,
             const char *version)
{
  g_autofree char *text = NULL;

  if (version == NULL)
    return;

  text = g_strdup_printf ("claude %s (%s)", version, run->path);
  if (!g_hash_table_contains (run->versions, text))
    {
      runtime_use_logger_info (runtime_use_invocation_get_logger (run->invocation), text);
      g_hash_table_add (run->versions, g_steal_pointer (&text));
    }
}

static void
started_cb (const char *version,
            gpointer    user_data)
{
  say_version (user_data, version);
}

static void
text_cb (const char *text,
         gpointer    user_data)
{
  ClaudeRun *run = user_data;
  const char *blocks[] = { text, NULL };

  if (!run->cancelling)
    runtime_use_invocation_send_assistant_message (run->invocation, blocks);
}

static void
delta_cb (const char *text,
          gpointer    user_data)
{
  ClaudeRun *run = user_data;

  if (!run->cancelling)
    runtime_use_invocation_send_assistant_delta (run->invocation, text);
}

static void
output_cb (const char             *command,
           RuntimeUseOutputStream  stream,
           const char             *text,
           gpointer                user_data)
{
  ClaudeRun *run = user_data;
  g_autofree char *name = NULL;
  g_autofree char *redacted = NULL;

  if (run->cancelling)
    return;

  name = _runtime_use_invocation_name_command (run->invocation, command);
  redacted =
    runtime_use_redactor_redact (_runtime_use_invocation_get_redactor (run->invocation), text);
  _runtime_use_invocation_send_output (run->invocation, name, stream, redacted,
                                       strlen (redacted));
}

static void
running_cb (const char *command,
            gpointer    user_data)
{
  ClaudeRun *run = user_data;

  _runtime_use_invocation_show_command (run->invocation, command);
}

/* Nothing that we let it do needs an answer, so it must not wait for one. */
static void
asked_cb (const char *request_id,
          gpointer    user_data)
{
  ClaudeRun *run = user_data;
  g_autoptr(GString) line = g_string_new (NULL);

  g_string_append (line, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"error\","
                   "\"error\":\"this is not supported here\",\"request_id\":");
  _runtime_use_json_append_string (line, request_id, strlen (request_id));
  g_string_append (line, "}}\n");
  _runtime_use_json_lines_process_send (run->process, line);
}

static void
log_cb (const char *text,
        gpointer    user_data)
{
  ClaudeRun *run = user_data;

  _runtime_use_json_lines_process_say (run->process, text);
}

static void
hang_up (ClaudeRun *run,
         guint      patience)
{
  _runtime_use_clear_source (&run->interrupt);
  _runtime_use_json_lines_process_hang_up (
    run->process,
    g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, NAME ": it was stopped"),
    patience);
}

/* Versions differ in what they make of a schema, so the answer is checked in any case. Returns
 * what the model should be told, if that could help. */
static char *
check_answer (ClaudeRun         *run,
              RuntimeUseOutcome *outcome)
{
  g_autofree char *answer = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  if (_runtime_use_claude_events_lacks_object (run->events))
    return g_strdup ("There was no structured output.");
  if (run->format == NULL || outcome->structured_output == NULL)
    return NULL;

  answer = _runtime_use_output_format_read (run->format, outcome->structured_output, &error);
  if (answer != NULL)
    return NULL;

  text = g_strdup_printf ("it gave no usable structured output%s: %s",
                          run->n_corrections > 0 ? ", also when it was told what was wrong" : "",
                          error->message);
  _runtime_use_claude_result_fail (outcome, text);

  /* A check that went beyond its limits says nothing about the answer. */
  return g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE)
         ? NULL : g_strdup (error->message);
}

static void
append_prompt (GString    *lines,
               const char *prompt)
{
  g_string_append (lines, "{\"type\":\"user\",\"session_id\":\"\",\"message\":{"
                   "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":");
  _runtime_use_json_append_string (lines, prompt, strlen (prompt));
  g_string_append (lines, "}]},\"parent_tool_use_id\":null}\n");
}

/* A model can often mend its answer when it is told what is wrong with it. */
static gboolean
correct (ClaudeRun  *run,
         const char *problem)
{
  g_autofree char *prompt = NULL;
  g_autoptr(GString) line = g_string_new (NULL);

  if (problem == NULL || run->cancelling ||
      run->n_corrections == RUNTIME_USE_OUTPUT_FORMAT_MAX_CORRECTIONS ||
      _runtime_use_json_lines_process_is_ending (run->process))
    return FALSE;

  run->n_corrections++;
  prompt = g_strdup_printf ("%s Answer again: call the tool StructuredOutput with a JSON object "
                            "that follows the schema.", problem);
  append_prompt (line, prompt);
  _runtime_use_claude_events_go_on (run->events);
  _runtime_use_json_lines_process_send (run->process, line);

  return TRUE;
}

static void
ended_cb (RuntimeUseOutcome *outcome,
          gpointer           user_data)
{
  ClaudeRun *run = user_data;
  g_autofree char *problem = check_answer (run, outcome);

  if (correct (run, problem))
    {
      _runtime_use_outcome_free (outcome);
      return;
    }

  run->outcome = outcome;
  hang_up (run, run->cancelling ? CANCEL_EXIT_PATIENCE : EXIT_PATIENCE);
}

static const RuntimeUseClaudeEventFuncs event_funcs = {
  .started = started_cb,
  .text = text_cb,
  .delta = delta_cb,
  .output = output_cb,
  .running = running_cb,
  .asked = asked_cb,
  .log = log_cb,
  .ended = ended_cb,
};

static void
line_cb (RuntimeUseJsonLinesProcess *process,
         const char                 *line,
         gsize                       length,
         gpointer                    user_data)
{
  ClaudeRun *run = user_data;
  g_autoptr(GError) error = NULL;

  if (!_runtime_use_claude_events_take (run->events, line, length, &error))
    _runtime_use_json_lines_process_refuse_line (process, line, length, error);
  update_flow (run);
}

/* The end */

static GError *
make_error (ClaudeRun    *run,
            const GError *error)
{
  const char *problem = _runtime_use_claude_events_get_problem (run->events);

  if (run->cancelling)
    return g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CANCELLED,
                                "The request was cancelled");
  if (problem != NULL)
    return g_error_new (error->domain, error->code, "%s\n%s", error->message, problem);

  return g_error_copy (error);
}

static void
gone_cb (RuntimeUseJsonLinesProcess *process,
         const GError               *error,
         gpointer                    user_data)
{
  ClaudeRun *run = user_data;

  if (run->cancelling || run->outcome == NULL)
    {
      g_autoptr(GError) reason = make_error (run, error);

      runtime_use_invocation_return_error (run->invocation, reason);
    }
  else
    {
      _runtime_use_invocation_adopt (run->invocation,
                                     _runtime_use_json_lines_process_get_command (process));
      _runtime_use_invocation_return_outcome (run->invocation, g_steal_pointer (&run->outcome));
    }

  claude_run_free (run);
}

static const RuntimeUseJsonLinesEvents process_events = {
  .line = line_cb,
  .gone = gone_cb,
};

static gboolean
interrupt_over_cb (gpointer user_data)
{
  ClaudeRun *run = user_data;

  hang_up (run, CANCEL_EXIT_PATIENCE);

  return G_SOURCE_REMOVE;
}

/* Ended by a signal, some versions leave their tools behind; asked to interrupt their turn, they
 * end them. Nothing is left in either case, but a tool may have something to clean up. */
static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  ClaudeRun *run = user_data;
  g_autoptr(GString) line = NULL;

  _runtime_use_clear_source (&run->cancelled);
  run->cancelling = TRUE;
  update_flow (run);
  if (_runtime_use_json_lines_process_is_ending (run->process))
    {
      _runtime_use_json_lines_process_kill (run->process, NULL);
      return G_SOURCE_REMOVE;
    }

  line = g_string_new ("{\"type\":\"control_request\",\"request_id\":\"interrupt\","
                       "\"request\":{\"subtype\":\"interrupt\"}}\n");
  run->interrupt = attach (g_timeout_source_new (INTERRUPT_PATIENCE),
                           "RuntimeUseClaudeHandler interrupt", interrupt_over_cb, run);
  _runtime_use_json_lines_process_send (run->process, line);

  return G_SOURCE_REMOVE;
}

/* The start */

static void
append_member (GString    *line,
               const char *before,
               const char *text)
{
  g_string_append (line, before);
  _runtime_use_json_append_string (line, text, strlen (text));
}

/* On one line. */
static void
append_schema (GString                *line,
               RuntimeUseOutputFormat *format)
{
  const char *schema = _runtime_use_output_format_get_schema (format);
  g_autofree char *compact = _runtime_use_json_compact (schema, strlen (schema), NULL);

  g_string_append_printf (line, ",\"jsonSchema\":%s", compact);
}

/* An empty system prompt is none: the program then has its own. */
static void
send_request (ClaudeRun *run)
{
  const char *system_prompt = runtime_use_invocation_get_system_prompt (run->invocation);
  g_autoptr(GString) lines = g_string_new ("{\"type\":\"control_request\",\"request_id\":\""
                                           RUNTIME_USE_CLAUDE_INITIALIZE_ID "\","
                                           "\"request\":{\"subtype\":\"initialize\"");

  if (system_prompt[0] != '\0')
    append_member (lines, ",\"systemPrompt\":", system_prompt);
  if (run->format != NULL)
    append_schema (lines, run->format);
  g_string_append (lines, "}}\n");

  append_prompt (lines, runtime_use_invocation_get_user_prompt (run->invocation));
  _runtime_use_json_lines_process_send (run->process, lines);
}

static ClaudeRun *
claude_run_new (RuntimeUseInvocation           *invocation,
                const RuntimeUseClaudeSettings *settings)
{
  const RuntimeUseJsonLinesTraits traits = {
    .input = "standard input",
    .output = "standard output",
    .max_line_size = settings->max_line_size,
    .max_unsent = MAX_UNSENT,
    .grace = MIN (_runtime_use_invocation_get_kill_grace (invocation), MAX_CANCEL_GRACE),
    .keeps_leftovers = TRUE,
  };
  RuntimeUseLogger *logger = runtime_use_invocation_get_logger (invocation);
  ClaudeRun *run = g_new0 (ClaudeRun, 1);

  run->invocation = g_object_ref (invocation);
  run->versions = g_hash_table_ref (settings->versions);
  run->idle_timeout = settings->idle_timeout;
  run->events = _runtime_use_claude_events_new (&event_funcs, run);
  run->process = _runtime_use_json_lines_process_new (
    NAME, runtime_use_logger_get_source_id (logger), &traits, &process_events, run);
  _runtime_use_json_lines_process_set_stage (run->process, " without a result");
  _runtime_use_json_lines_process_hide (run->process,
                                        _runtime_use_invocation_get_redactor (invocation));

  return run;
}

static gboolean
claude_run_start (ClaudeRun          *run,
                  RuntimeUseCommand  *command,
                  GError            **error)
{
  GCancellable *cancellable = runtime_use_invocation_get_cancellable (run->invocation);

  if (!_runtime_use_json_lines_process_start (run->process, command,
                                              _runtime_use_invocation_get_shell (run->invocation),
                                              error))
    return FALSE;

  run->idle = attach (g_timeout_source_new (G_MAXUINT), "RuntimeUseClaudeHandler idle", idle_cb,
                      run);
  /* What it has said while this process was held up comes first. */
  g_source_set_priority (run->idle, G_PRIORITY_DEFAULT + 1);
  run->cancelled = attach (g_cancellable_source_new (cancellable),
                           "RuntimeUseClaudeHandler cancel", G_SOURCE_FUNC (cancelled_cb), run);
  run->drained_id = g_signal_connect (run->invocation, "drained", G_CALLBACK (drained_cb), run);
  if (run->format != NULL)
    _runtime_use_claude_events_want_object (run->events);
  update_flow (run);
  send_request (run);

  return TRUE;
}

gboolean
_runtime_use_claude_run (RuntimeUseInvocation            *invocation,
                         const RuntimeUseClaudeSettings  *settings,
                         GError                         **error)
{
  const RuntimeUseClaudeOptions options = {
    .model = runtime_use_invocation_get_model (invocation),
    .max_turns = settings->max_turns,
    .max_retries = settings->max_retries,
    .streams_deltas = runtime_use_invocation_get_stream_deltas (invocation),
  };
  const char *json = _runtime_use_invocation_get_output_format_json (invocation);
  g_autoptr(RuntimeUseOutputFormat) format = NULL;
  g_autoptr(RuntimeUseCommand) command = NULL;
  g_autofree char *path = NULL;
  ClaudeRun *run;

  if (json != NULL)
    format = _runtime_use_output_format_new (json, error);
  if (json != NULL && format == NULL)
    return FALSE;
  command = _runtime_use_claude_program_find (&options,
                                              _runtime_use_invocation_get_env_strv (invocation),
                                              &path, error);
  if (command == NULL)
    return FALSE;

  run = claude_run_new (invocation, settings);
  run->path = g_steal_pointer (&path);
  run->format = g_steal_pointer (&format);
  if (claude_run_start (run, command, error))
    return TRUE;

  claude_run_free (run);

  return FALSE;
}
