/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-run.h"

#include "ruc-agent.h"
#include "ruc-call.h"
#include "ruc-files.h"
#include "ruc-options.h"
#include "ruc-show.h"
#include "ruc-text.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct
{
  RucRequest   request;
  RucFiles     files;
  char        *agent;
  char        *handler;
  char        *openai_api;
  gboolean     keys_for_tools;
  char       **agent_limits;
  char        *config_file;
  char        *system;
  char        *model;
  char        *schema_file;
  char       **before;
  char       **after;
  char       **words;
  gboolean     as_json;
  gboolean     help;

  char                        *system_prompt;
  char                        *user_prompt;
  char                        *schema;           /* (nullable): any text will do */
  RuntimeUseInvocationMessage *message;
  RucShow                      show;
  char                        *error_metadata;   /* (nullable): JSON */
} Run;

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse run [OPTION…] PROMPT\n"
             "\n"
             "Asks an agent for something and shows what it does. The result goes to standard\n"
             "output, everything else to standard error. PROMPT may be -, for standard input.\n"
             "\n"
             "Runtime:\n"
             "  --agent NAME          an agent in this process: openai (default), claude, shell,\n"
             "                        echo\n"
             "  --handler FILE        an agent of your own: .js, .ts, .py or a program\n"
             "  --url URL             the runtime at ws://HOST:PORT or unix:PATH, with its agent\n"
             "  --token-file FILE     the token for it is in FILE\n"
             "\n"
             "Agent:\n"
             "  --openai-api API      auto (default), responses or chat\n"
             "  --keys-for-tools      let the commands of openai have its key\n"
             "  --agent-limit NAME=NUMBER\n"
             "                        change a limit of the agent; may be repeated\n"
             "  --config FILE         read FILE instead of the usual configuration\n"
             "  --system TEXT         what it is told about its task in general; @FILE reads FILE\n"
             "  --model NAME          the model it is to use\n"
             "  --schema FILE         ask for JSON; its schema is in FILE\n"
             "  --env NAME=VALUE      a variable for it; may be repeated\n"
             "  --secret NAME         like --env with the value that NAME has here, which nobody\n"
             "                        gets to see in the output; may be repeated\n"
             "\n"
             "Files:\n"
             "  --upload HERE=THERE   send all of the folder HERE to the folder THERE of the\n"
             "                        runtime first; may be repeated\n"
             "  --download URL[=DIR]  let the runtime fetch a file first, into DIR; a .zip is\n"
             "                        unpacked there; may be repeated\n"
             "  --artifacts THERE=HERE\n"
             "                        receive the files of the folder THERE of the runtime in the\n"
             "                        folder HERE; may be repeated\n"
             "\n"
             "Request:\n"
             "  --before COMMAND      run a command before the agent; may be repeated\n"
             "  --after COMMAND       run a command after the agent; may be repeated\n"
             "  --timeout SECONDS     end it all after so long\n"
             "  --json                show the result or error, with metadata, as a JSON object\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 for a result, 1 for an error, 2 for wrong options, 3 without a\n"
             "connection, 124 after the timeout, 130 or 143 when interrupted, 141 when nobody\n"
             "reads the result.\n"));
}

static void
run_clear (Run *self)
{
  ruc_request_clear (&self->request);
  ruc_files_clear (&self->files);
  g_free (self->agent);
  g_free (self->handler);
  g_free (self->openai_api);
  g_strfreev (self->agent_limits);
  g_free (self->config_file);
  g_free (self->system);
  g_free (self->model);
  g_free (self->schema_file);
  g_strfreev (self->before);
  g_strfreev (self->after);
  g_strfreev (self->words);
  g_free (self->system_prompt);
  g_free (self->user_prompt);
  g_free (self->schema);
  g_free (self->error_metadata);
  g_clear_object (&self->message);
  ruc_show_clear (&self->show);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static gboolean
parse (Run   *self,
       int    argc,
       char **argv)
{
  /* File names are taken as they are, whatever the locale says. */
  const GOptionEntry entries[] = {
    { "agent", 0, 0, G_OPTION_ARG_FILENAME, &self->agent },
    { "handler", 0, 0, G_OPTION_ARG_FILENAME, &self->handler },
    { "openai-api", 0, 0, G_OPTION_ARG_FILENAME, &self->openai_api },
    { "keys-for-tools", 0, 0, G_OPTION_ARG_NONE, &self->keys_for_tools },
    { "agent-limit", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->agent_limits },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &self->config_file },
    { "url", 0, 0, G_OPTION_ARG_FILENAME, &self->request.url },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->request.token_file },
    { "system", 0, 0, G_OPTION_ARG_FILENAME, &self->system },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &self->model },
    { "schema", 0, 0, G_OPTION_ARG_FILENAME, &self->schema_file },
    { "env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->request.env },
    { "secret", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->request.secret_names },
    { "before", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->before },
    { "after", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->after },
    { "upload", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->files.uploads },
    { "download", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->files.downloads },
    { "artifacts", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->files.artifacts },
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &self->request.timeout },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->as_json },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->words },
    G_OPTION_ENTRY_NULL
  };

  self->request.command = "run";

  return ruc_options_parse ("run", entries, argc, argv, FALSE);
}

static const char *
find_agent_option (Run *self)
{
  return self->agent != NULL ? "--agent"
         : self->handler != NULL ? "--handler"
         : self->openai_api != NULL ? "--openai-api"
         : self->agent_limits != NULL ? "--agent-limit"
         : self->keys_for_tools ? "--keys-for-tools"
         : self->config_file != NULL ? "--config"
         : NULL;
}

static gboolean
check_words (Run *self)
{
  if (self->words == NULL || self->words[0] == NULL)
    ruc_options_fail ("run", _("there is no prompt"));
  else if (self->words[1] != NULL)
    ruc_options_fail ("run", _("the prompt must be one word; put it in quotes"));
  else if (self->request.url != NULL && find_agent_option (self) != NULL)
    ruc_options_fail ("run", _("%s cannot be used with --url: "
                               "the runtime there was started with its agent"),
                      find_agent_option (self));
  else
    return TRUE;

  return FALSE;
}

static gboolean
check_commands (Run         *self,
                const char  *option,
                char       **commands)
{
  for (gsize i = 0; commands != NULL && commands[i] != NULL; i++)
    {
      if (!ruc_request_is_utf8 (&self->request, option, commands[i]))
        return FALSE;
      if (commands[i][0] == '\0')
        {
          ruc_options_fail ("run", _("%s needs a command"), option);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
read_texts (Run *self)
{
  g_autoptr(GError) error = NULL;
  const char *system = self->system != NULL ? self->system : "";
  gboolean prompt_is_input = g_str_equal (self->words[0], "-");

  self->system_prompt = system[0] == '@' ? ruc_text_read_file (system + 1, &error)
                                         : g_strdup (system);
  if (error == NULL && self->schema_file != NULL)
    self->schema = ruc_text_read_file (self->schema_file, &error);
  if (error == NULL)
    self->user_prompt = prompt_is_input ? ruc_text_read_input (&error)
                                        : g_strdup (self->words[0]);

  if (error == NULL)
    return TRUE;

  ruc_options_fail ("run", "%s", error->message);

  return FALSE;
}

static gboolean
check (Run *self)
{
  return (check_words (self) &&
          check_commands (self, "--before", self->before) &&
          check_commands (self, "--after", self->after) &&
          ruc_request_is_utf8 (&self->request, "--system", self->system) &&
          ruc_request_is_utf8 (&self->request, "--model", self->model) &&
          ruc_request_is_utf8 (&self->request, _("the prompt"), self->words[0]) &&
          ruc_request_complete (&self->request) &&
          ruc_files_complete (&self->files, "run", self->request.url == NULL) &&
          read_texts (self));
}

static GPtrArray *
make_commands (char **lines)
{
  GPtrArray *commands = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0; lines != NULL && lines[i] != NULL; i++)
    g_ptr_array_add (commands, runtime_use_command_new (lines[i], NULL, NULL));

  return commands;
}

static void
make_message (Run *self)
{
  g_autoptr(GPtrArray) before = make_commands (self->before);
  g_autoptr(GPtrArray) after = make_commands (self->after);

  self->message = g_object_new (RUNTIME_USE_TYPE_INVOCATION_MESSAGE,
                                "system-prompt", self->system_prompt,
                                "user-prompt", self->user_prompt,
                                "model", self->model,
                                "output-format-json-schema-str", self->schema,
                                "agent-env", self->request.environment,
                                "secrets-to-redact", self->request.secrets,
                                "downloadables", self->files.downloadables,
                                "report-progress", self->files.labels->len > 0,
                                "pre-commands", before,
                                "post-commands", after,
                                NULL);
}

static void
assistant_cb (RuntimeUseClientSession *session,
              const char * const      *blocks,
              Run                     *self)
{
  ruc_show_assistant (&self->show, blocks);
}

static void
command_output_cb (RuntimeUseClientSession        *session,
                   RuntimeUseCommandOutputMessage *message,
                   Run                            *self)
{
  ruc_show_command_output (&self->show, message);
}

static void
heartbeat_cb (RuntimeUseClientSession *session,
              const char              *phase,
              gint64                   elapsed_ms,
              Run                     *self)
{
  ruc_show_heartbeat (&self->show, elapsed_ms);
}

static void
ask (RucCall                 *call,
     RuntimeUseClientSession *session,
     GCancellable            *cancellable,
     GAsyncReadyCallback      callback,
     gpointer                 user_data)
{
  Run *self = call->data;

  g_signal_connect (session, "assistant-message", G_CALLBACK (assistant_cb), self);
  g_signal_connect (session, "command-output", G_CALLBACK (command_output_cb), self);
  g_signal_connect (session, "heartbeat", G_CALLBACK (heartbeat_cb), self);
  ruc_files_watch (&self->files, session);
  runtime_use_client_session_query_async (session, self->message, cancellable, callback,
                                          user_data);
}

static char *
dup_json_string (const char *text)
{
  g_autoptr(JsonNode) node = json_node_init_string (json_node_alloc (), text);

  return json_to_string (node, FALSE);
}

/* @value and @metadata are JSON. */
static void
write_json (Run        *self,
            const char *name,
            const char *value,
            const char *metadata)
{
  g_autofree char *line = NULL;

  line = g_strdup_printf ("{\"%s\":%s,\"metadata\":%s}\n",
                          name, value, metadata != NULL ? metadata : "{}");
  ruc_show_end (&self->show);
  ruc_output_print (self->show.call->output, STDOUT_FILENO, line);
}

static void
show_result (Run                   *self,
             RuntimeUseQueryResult *result)
{
  const char *text = runtime_use_query_result_get_text (result);
  const char *structured = runtime_use_query_result_get_structured_json (result);
  const char *metadata = runtime_use_query_result_get_metadata_json (result);

  if (!self->as_json)
    {
      ruc_show_result (&self->show, text != NULL ? text : structured);
    }
  else if (text != NULL)
    {
      g_autofree char *string = dup_json_string (text);

      write_json (self, "text", string, metadata);
    }
  else
    {
      write_json (self, "structured_output", structured, metadata);
    }
}

static int
answered (RucCall                  *call,
          RuntimeUseClientSession  *session,
          GAsyncResult             *result,
          GError                  **error)
{
  Run *self = call->data;
  g_autoptr(RuntimeUseQueryResult) answer =
    runtime_use_client_session_query_finish (session, result, error);

  if (answer == NULL)
    {
      self->error_metadata = runtime_use_client_session_dup_error_metadata_json (session, result);
      return -1;
    }

  show_result (self, answer);

  return EXIT_SUCCESS;
}

static void
failed (RucCall    *call,
        const char *text)
{
  Run *self = call->data;
  g_autofree char *string = dup_json_string (text);

  ruc_show_end (&self->show);
  if (self->as_json)
    write_json (self, "error", string, self->error_metadata);
}

/* The agent in this process is the one that the configuration says. */
static RuntimeUseAgentHandler *
make_agent (Run     *self,
            GError **error)
{
  g_autoptr(RudConfig) config = rud_config_new ();

  if (self->config_file != NULL)
    rud_config_set_file (config, self->config_file);
  if (self->agent != NULL)
    rud_config_add_option (config, RUD_CONFIG_MAIN, "agent", self->agent);
  if (self->handler != NULL)
    rud_config_add_option (config, RUD_CONFIG_MAIN, "handler", self->handler);
  if (self->openai_api != NULL)
    rud_config_add_option (config, RUD_CONFIG_MAIN, "openai-api", self->openai_api);
  if (self->keys_for_tools)
    rud_config_add_option (config, RUD_CONFIG_MAIN, "keys-for-tools", "true");

  for (gsize i = 0; self->agent_limits != NULL && self->agent_limits[i] != NULL; i++)
    if (!rud_config_add_limit (config, RUD_CONFIG_AGENT_LIMITS, self->agent_limits[i], error))
      return NULL;

  return rud_config_load (config, error) ? ruc_agent_new (config, error) : NULL;
}

static const RucCallClass run_class = {
  .ask = ask,
  .answered = answered,
  .failed = failed,
};

int
ruc_run (int    argc,
         char **argv)
{
  g_auto(Run) self = { 0 };
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(GError) error = NULL;
  RucCall call = { &run_class, &self.request, &self };

  if (!parse (&self, argc, argv))
    return RUC_EXIT_USAGE;
  if (self.help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (!check (&self))
    return RUC_EXIT_USAGE;

  if (self.request.url == NULL)
    {
      handler = make_agent (&self, &error);
      if (handler == NULL)
        return ruc_options_fail ("run", "%s", error->message);
    }

  make_message (&self);
  ruc_show_init (&self.show, &call);
  ruc_files_show (&self.files, &self.show);
  call.files = self.files.exchange;

  return ruc_call_run (&call, handler);
}
