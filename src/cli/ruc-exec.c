/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-exec.h"

#include "ruc-call.h"
#include "ruc-options.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <unistd.h>

/* What a signal ended has no status of its own. */
#define EXIT_KILLED 255

typedef struct
{
  RucRequest   request;
  char        *cwd;
  char       **words;   /* the command and its arguments */
  gboolean     help;

  RuntimeUseCommandExecutionMessage *message;
} Exec;

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse exec [OPTION…] [--] COMMAND [ARG…]\n"
             "\n"
             "Runs a command where the runtime is, with its output here.\n"
             "\n"
             "Runtime:\n"
             "  --url URL             the runtime at ws://HOST:PORT or unix:PATH (default:\n"
             "                        in this process)\n"
             "  --token-file FILE     the token for it is in FILE\n"
             "\n"
             "Command:\n"
             "  --cwd DIR             its directory\n"
             "  --env NAME=VALUE      a variable for it; may be repeated\n"
             "  --secret NAME         like --env with the value that NAME has here, which nobody\n"
             "                        gets to see in the output; may be repeated\n"
             "  --timeout SECONDS     end it after so long\n"
             "  -h, --help            show this\n"
             "\n"
             "The arguments reach the command as they are: no shell reads them. Its standard\n"
             "input is empty. Its output is text: what is not UTF-8 comes as U+FFFD.\n"
             "\n"
             "Exit status: that of the command, 255 if a signal ended it; or 1 if it could not be\n"
             "started, 2 for wrong options, 3 without a connection, 124 after the timeout, 130 or\n"
             "143 when interrupted, 141 when nobody reads the output.\n"));
}

static void
exec_clear (Exec *self)
{
  ruc_request_clear (&self->request);
  g_free (self->cwd);
  g_strfreev (self->words);
  g_clear_object (&self->message);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Exec, exec_clear)

static gboolean
parse (Exec  *self,
       int    argc,
       char **argv)
{
  /* File names are taken as they are, whatever the locale says. */
  const GOptionEntry entries[] = {
    { "url", 0, 0, G_OPTION_ARG_FILENAME, &self->request.url },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->request.token_file },
    { "cwd", 0, 0, G_OPTION_ARG_FILENAME, &self->cwd },
    { "env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->request.env },
    { "secret", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->request.secret_names },
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &self->request.timeout },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->words },
    G_OPTION_ENTRY_NULL
  };

  self->request.command = "exec";

  return ruc_options_parse ("exec", entries, argc, argv, TRUE);
}

static gboolean
check (Exec *self)
{
  if (self->words == NULL || self->words[0] == NULL || self->words[0][0] == '\0')
    {
      ruc_options_fail ("exec", _("there is no command"));
      return FALSE;
    }

  for (gsize i = 0; self->words[i] != NULL; i++)
    if (!ruc_request_is_utf8 (&self->request, _("an argument of the command"), self->words[i]))
      return FALSE;

  return (ruc_request_is_utf8 (&self->request, "--cwd", self->cwd) &&
          ruc_request_complete (&self->request));
}

/* The runtime gives each command to a shell. This one makes it become the program at once, with
 * the words as they are; without it a word that is built into the shell would be carried out there.
 */
static char *
dup_line (char **words)
{
  g_autoptr(GString) line = g_string_new ("exec");

  for (gsize i = 0; words[i] != NULL; i++)
    {
      g_autofree char *quoted = g_shell_quote (words[i]);

      g_string_append_printf (line, " %s", quoted);
    }

  return g_string_free (g_steal_pointer (&line), FALSE);
}

static void
make_message (Exec *self)
{
  g_autofree char *line = dup_line (self->words);
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (commands,
                   runtime_use_command_new (line, self->cwd,
                                            (const char * const *) self->request.environment));
  self->message = g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE,
                                "commands", commands,
                                "secrets-to-redact", self->request.secrets,
                                NULL);
}

static void
output_cb (RuntimeUseClientSession        *session,
           RuntimeUseCommandOutputMessage *message,
           RucCall                        *call)
{
  RuntimeUseOutputStream stream = runtime_use_command_output_message_get_stream (message);

  ruc_call_write (call,
                  stream == RUNTIME_USE_OUTPUT_STREAM_STDERR ? STDERR_FILENO : STDOUT_FILENO,
                  runtime_use_command_output_message_get_text_bytes (message));
}

static void
ask (RucCall                 *call,
     RuntimeUseClientSession *session,
     GCancellable            *cancellable,
     GAsyncReadyCallback      callback,
     gpointer                 user_data)
{
  Exec *self = call->data;

  g_signal_connect (session, "command-output", G_CALLBACK (output_cb), call);
  runtime_use_client_session_execute_commands_async (session, self->message, cancellable, callback,
                                                     user_data);
}

static int
answered (RucCall                  *call,
          RuntimeUseClientSession  *session,
          GAsyncResult             *result,
          GError                  **error)
{
  g_autoptr(RuntimeUseExecutionResult) answer =
    runtime_use_client_session_execute_commands_finish (session, result, error);
  GPtrArray *results;
  int status;

  if (answer == NULL)
    return -1;

  results = runtime_use_execution_result_get_results (answer);
  status = results->len > 0
             ? runtime_use_command_result_get_exit_code (g_ptr_array_index (results, 0))
             : -1;

  return status >= 0 && status <= EXIT_KILLED ? status : EXIT_KILLED;
}

static const RucCallClass exec_class = {
  .ask = ask,
  .answered = answered,
  .needs_stderr = TRUE,
};

int
ruc_exec (int    argc,
          char **argv)
{
  g_auto(Exec) self = { 0 };
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  RucCall call = { &exec_class, &self.request, &self };

  if (!parse (&self, argc, argv))
    return RUC_EXIT_USAGE;
  if (self.help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (!check (&self))
    return RUC_EXIT_USAGE;

  make_message (&self);
  /* No agent is asked, so any will do. */
  if (self.request.url == NULL)
    handler = runtime_use_echo_handler_new ();

  return ruc_call_run (&call, handler);
}
