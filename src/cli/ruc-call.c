/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-call.h"

#include "ruc-agent.h"
#include "ruc-options.h"
#include "rud-credential.h"
#include "rud-log.h"
#include "rud-process.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Seconds for the runtime to end what a session has left behind. */
#define END_DEADLINE 5

/* The same when it may have files to send; a runtime takes up to 50. */
#define END_DEADLINE_WITH_FILES 60

/* Milliseconds that output may take after a cancel: who interrupts does not wait for a reader. */
#define FLUSH_DEADLINE 1000

/* One request to a runtime, from the connection to the last byte of output. */

static void
leave (RucCall *self,
       int      exit_status)
{
  self->exit_status = exit_status;
  g_main_loop_quit (self->loop);
}

static gboolean
is_answered (RucCall *self)
{
  return self->exit_status >= 0;
}

/* The request is ended in order, and its answer waited for. */
static void
cancel (RucCall *self,
        int      status)
{
  if (self->cancel_status != 0 || is_answered (self))
    return;

  self->cancel_status = status;
  g_cancellable_cancel (self->cancellable);
}

/* The first signal cancels, a second one leaves at once, as does one when all is over but the
 * writing.
 */
static gboolean
interrupted (RucCall *self,
             int      number)
{
  if (self->cancel_status != 0 || is_answered (self))
    leave (self, 128 + number);
  else
    cancel (self, 128 + number);

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

static gboolean
timeout_cb (gpointer user_data)
{
  RucCall *self = user_data;

  self->timeout_id = 0;
  cancel (self, RUC_EXIT_TIMED_OUT);

  return G_SOURCE_REMOVE;
}

/* Like any program whose output nobody takes: whoever closes a pipe wants to hear no more. */
static void
output_broken (RucCall *self)
{
  int error = ruc_output_get_error (self->output, STDOUT_FILENO);
  int status;

  if (error == 0 && self->klass->needs_stderr)
    error = ruc_output_get_error (self->output, STDERR_FILENO);
  if (error == 0)
    return;

  self->is_broken = TRUE;
  status = error == EPIPE ? 128 + SIGPIPE : RUC_EXIT_FAILED;
  if (error != EPIPE)
    g_printerr (_("Error: cannot write the output: %s\n"), g_strerror (error));

  if (is_answered (self))
    self->exit_status = status;
  else
    cancel (self, status);
}

static void
output_cb (RucOutput      *output,
           RucOutputEvent  event,
           gpointer        user_data)
{
  RucCall *self = user_data;

  switch (event)
    {
    case RUC_OUTPUT_ROOM:
      if (self->session != NULL)
        runtime_use_client_session_set_paused (self->session, FALSE);
      break;

    case RUC_OUTPUT_BROKEN:
      output_broken (self);
      break;

    case RUC_OUTPUT_DONE:
    default:
      g_main_loop_quit (self->loop);
    }
}

/* Writes a part of the answer. Nothing more is read while nobody takes what there is. */
void
ruc_call_write (RucCall *self,
                int      fd,
                GBytes  *bytes)
{
  ruc_output_write (self->output, fd, bytes);
  if (self->session != NULL && ruc_output_is_full (self->output))
    runtime_use_client_session_set_paused (self->session, TRUE);
}

/* Prints what went wrong besides the request, which goes on. */
void
ruc_call_fail_later (RucCall    *self,
                     const char *line)
{
  self->has_failed = TRUE;
  ruc_output_print (self->output, STDERR_FILENO, line);
}

static gboolean
flush_deadline_cb (gpointer user_data)
{
  RucCall *self = user_data;

  self->timeout_id = 0;
  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

static void
flush (RucCall *self)
{
  if (self->cancel_status != 0)
    self->timeout_id = g_timeout_add (FLUSH_DEADLINE, flush_deadline_cb, self);
  ruc_output_finish (self->output);
}

static void
stopped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  flush (user_data);
}

static void
stop_agent (RucCall *self)
{
  if (self->handler != NULL)
    ruc_agent_stop_async (self->handler, stopped_cb, self);
  else
    flush (self);
}

static void
files_stopped_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  RucCall *self = user_data;

  if (self->has_failed && self->exit_status == EXIT_SUCCESS)
    self->exit_status = RUC_EXIT_FAILED;
  stop_agent (self);
}

static void
stop_files (RucCall *self)
{
  if (self->files != NULL)
    runtime_use_file_exchange_stop_async (self->files, files_stopped_cb, self);
  else
    stop_agent (self);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  RucCall *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!runtime_use_client_session_end_finish (RUNTIME_USE_CLIENT_SESSION (object), result, &error))
    g_debug ("%s", error->message);
  stop_files (self);
}

/* What was cancelled sends no more files; those of what has failed may tell why. */
static void
end_session (RucCall *self)
{
  gboolean with_files = self->files != NULL && self->cancel_status == 0;

  g_object_set (self->session,
                "end-timeout", with_files ? END_DEADLINE_WITH_FILES : END_DEADLINE,
                NULL);
  runtime_use_client_session_end_async (self->session, NULL, ended_cb, self);
}

/* The answer is known; what remains is to leave nothing behind and to write it all. */
static void
finish (RucCall *self,
        int      exit_status)
{
  /* An answer that came all the same was not taken. */
  self->exit_status = self->is_broken ? self->cancel_status : exit_status;
  g_clear_handle_id (&self->timeout_id, g_source_remove);

  if (self->session != NULL && !runtime_use_client_session_is_closed (self->session))
    end_session (self);
  else
    stop_files (self);
}

static char *
dup_reason (RucCall      *self,
            const GError *error)
{
  if (self->cancel_status == RUC_EXIT_TIMED_OUT)
    return g_strdup_printf (_("not finished after %u seconds"), self->request->seconds);

  return g_strdup (self->cancel_status != 0 ? _("cancelled") : error->message);
}

/* Nobody hears of an error who does not want to hear anything. */
static void
fail (RucCall      *self,
      const GError *error,
      int           status)
{
  g_autofree char *text = dup_reason (self, error);
  g_autofree char *line = g_strdup_printf (_("Error: %s\n"), text);

  if (self->klass->failed != NULL)
    self->klass->failed (self, text);
  if (!self->is_broken)
    ruc_output_print (self->output, STDERR_FILENO, line);
  finish (self, self->cancel_status != 0 ? self->cancel_status : status);
}

static void
answered_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RucCall *self = user_data;
  g_autoptr(GError) error = NULL;
  int status = self->klass->answered (self, RUNTIME_USE_CLIENT_SESSION (object), result, &error);

  if (status >= 0)
    finish (self, status);
  else if (g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE))
    fail (self, error, RUC_EXIT_FAILED);
  else
    fail (self, error, RUC_EXIT_CONNECTION);
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  RucCall *self = user_data;
  g_autoptr(GError) error = NULL;

  self->session = runtime_use_client_connect_finish (RUNTIME_USE_CLIENT (object), result, &error);
  if (self->session == NULL)
    fail (self, error, RUC_EXIT_CONNECTION);
  else
    self->klass->ask (self, self->session, self->cancellable, answered_cb, self);
}

static void
connect_to_runtime (RucCall *self)
{
  runtime_use_client_connect_async (self->client, self->cancellable, connected_cb, self);
}

static void
warn_left_out (RucCall *self)
{
  const char * const *lines = runtime_use_file_exchange_get_left_out (self->files);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *line = g_strdup_printf (_("Warning: not sent: %s\n"), lines[i]);

      ruc_output_print (self->output, STDERR_FILENO, line);
    }
}

static void
files_started_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  RucCall *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!runtime_use_file_exchange_start_finish (self->files, result, &error))
    {
      fail (self, error, RUC_EXIT_FAILED);
      return;
    }

  warn_left_out (self);
  connect_to_runtime (self);
}

static void
start_files (RucCall *self)
{
  if (self->files != NULL)
    runtime_use_file_exchange_start_async (self->files, self->cancellable, files_started_cb, self);
  else
    connect_to_runtime (self);
}

static void
prepared_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RucCall *self = user_data;
  g_autoptr(GError) error = NULL;

  if (ruc_agent_prepare_finish (self->handler, result, &error))
    start_files (self);
  else
    fail (self, error, RUC_EXIT_FAILED);
}

/* Returns whether there is a client to go on with. */
static gboolean
make_client (RucCall *self)
{
  g_autoptr(GError) error = NULL;
  char *token = NULL;

  if (self->handler != NULL)
    {
      self->client = runtime_use_client_new_for_handler (self->handler);
      return TRUE;
    }

  if (!rud_credential_read_token (self->request->token_file, NULL, &token, &error))
    {
      ruc_options_fail (self->request->command, "%s", error->message);
      return FALSE;
    }

  self->client = runtime_use_client_new (self->request->url);
  if (token != NULL)
    g_object_set (self->client, "token", token, NULL);
  rud_credential_free (token);

  return TRUE;
}

static void
ruc_call_clear (RucCall *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_object (&self->session);
  g_clear_object (&self->client);
  g_clear_object (&self->handler);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->output, ruc_output_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

/* Asks @handler in this process, or without one the runtime at the other end of the URL. Returns
 * the exit status.
 */
int
ruc_call_run (RucCall                *self,
              RuntimeUseAgentHandler *handler)
{
  guint sigint_id, sigterm_id;

  rud_log_install ("warning", NULL);
  rud_process_raise_descriptors ();
  self->exit_status = -1;
  self->handler = handler != NULL ? g_object_ref (handler) : NULL;
  if (!make_client (self))
    return RUC_EXIT_USAGE;

  self->output = ruc_output_new (output_cb, self);
  self->cancellable = g_cancellable_new ();
  self->loop = g_main_loop_new (NULL, FALSE);
  sigint_id = g_unix_signal_add (SIGINT, sigint_cb, self);
  sigterm_id = g_unix_signal_add (SIGTERM, sigterm_cb, self);
  if (self->request->seconds > 0)
    self->timeout_id = g_timeout_add_seconds (self->request->seconds, timeout_cb, self);

  g_object_set (self->client, "file-exchange", self->files, NULL);
  if (self->handler != NULL)
    ruc_agent_prepare_async (self->handler, self->cancellable, prepared_cb, self);
  else
    start_files (self);
  g_main_loop_run (self->loop);

  g_source_remove (sigint_id);
  g_source_remove (sigterm_id);
  ruc_call_clear (self);

  return self->exit_status;
}
