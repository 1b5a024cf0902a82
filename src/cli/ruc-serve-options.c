/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-serve-options.h"

#include "ruc-limits.h"
#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <string.h>

/* Properties of the server that --limit sets. */
static const char * const limit_names[] = {
  "artifact-hold",
  "artifact-quiet",
  "artifact-wait",
  "cancel-grace",
  "command-timeout",
  "download-idle-timeout",
  "download-timeout",
  "handshake-timeout",
  "heartbeat-interval",
  "invocation-timeout",
  "kill-grace",
  "max-connections",
  "max-download-size",
  "max-extracted-size",
  "max-message-size",
  "max-unfinished-size",
  "ping-interval",
  "post-invocation-delay",
  "stall-timeout",
  "upload-timeout",
  NULL
};

static GOptionContext *
make_context (RucServeOptions *self)
{
  const GOptionEntry entries[] = {
    { "agent", 0, 0, G_OPTION_ARG_STRING, &self->agent.name },
    { "handler", 0, 0, G_OPTION_ARG_FILENAME, &self->agent.handler },
    { "openai-api", 0, 0, G_OPTION_ARG_STRING, &self->agent.openai_api },
    { "keys-for-tools", 0, 0, G_OPTION_ARG_NONE, &self->agent.keys_for_tools },
    { "agent-limit", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->agent.limits },
    { "port", 0, 0, G_OPTION_ARG_STRING, &self->port },
    { "host", 0, 0, G_OPTION_ARG_STRING, &self->host },
    { "allow-origin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->allowed_origins },
    { "allowed-host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->allowed_hosts },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->token_file },
    { "insecure-no-auth", 0, 0, G_OPTION_ARG_NONE, &self->insecure_no_auth },
    { "no-local-downloads", 0, 0, G_OPTION_ARG_NONE, &self->no_local_downloads },
    { "log-level", 0, 0, G_OPTION_ARG_STRING, &self->log_level },
    { "limit", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->limits },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version },
    G_OPTION_ENTRY_NULL
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_ignore_unknown_options (context, TRUE);

  return context;
}

void
ruc_serve_options_free (RucServeOptions *self)
{
  ruc_agent_options_clear (&self->agent);
  g_free (self->port);
  g_free (self->host);
  g_strfreev (self->allowed_origins);
  g_strfreev (self->allowed_hosts);
  g_free (self->token_file);
  g_free (self->log_level);
  g_strfreev (self->limits);
  g_free (self);
}

static gboolean
takes_value (const char *word)
{
  static const char * const names[] = {
    "--agent", "--handler", "--port", "--host", "--allow-origin",
    "--allowed-host", "--token-file", "--log-level", "--limit", "--openai-api", "--agent-limit",
    NULL,
  };

  return g_strv_contains (names, word);
}

/* Existing scripts count on being understood as they were by the reference,
 * which ignores an option at the end whose value is missing.
 */
static gboolean
may_lack_value (const char *word)
{
  return g_str_equal (word, "--agent") || g_str_equal (word, "--handler") ||
         g_str_equal (word, "--port");
}

/* Only the name: what follows may be a secret that was meant for somebody else. */
static void
say_ignored (const char *word)
{
  if (word[0] == '-')
    g_printerr (_("Ignored %.*s, which is no option of this program\n"),
                (int) strcspn (word, "="), word);
  else
    g_printerr (_("Ignored a word that belongs to no option\n"));
}

/* The reference also ignores what it does not know; we say so. */
RucServeOptions *
ruc_serve_options_parse (int      argc,
                         char   **argv,
                         GError **error)
{
  g_autoptr(RucServeOptions) self = g_new0 (RucServeOptions, 1);
  g_autoptr(GOptionContext) context = make_context (self);
  g_auto(GStrv) words = g_new0 (char *, argc + 1);
  int n_words = 0;

  for (int i = 0; i < argc; i++)
    {
      gboolean is_value = i > 0 && takes_value (argv[i - 1]);

      if (i == argc - 1 && !is_value && may_lack_value (argv[i]))
        g_printerr (_("Ignored %s, which needs a value\n"), argv[i]);
      else
        words[n_words++] = g_strdup (argv[i]);
    }

  if (!g_option_context_parse_strv (context, &words, error))
    return NULL;

  for (int i = 1; words[0] != NULL && words[i] != NULL; i++)
    say_ignored (words[i]);

  return g_steal_pointer (&self);
}

static gboolean G_GNUC_PRINTF (2, 3)
fail (GError     **error,
      const char  *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, text);

  return FALSE;
}

static gboolean
apply_port (RucServeOptions  *self,
            GObject          *server,
            GError          **error)
{
  guint64 port;

  if (self->port == NULL)
    return TRUE;

  if (!g_ascii_string_to_unsigned (self->port, 10, 0, 65535, &port, NULL))
    return fail (error, _("--port must be a number from 0 to 65535, not \"%s\""), self->port);

  g_object_set (server, "port", (guint) port, NULL);

  return TRUE;
}

/* Sets the server's properties as the options say. */
gboolean
ruc_serve_options_apply (RucServeOptions  *self,
                         GObject          *server,
                         GError          **error)
{
  if (!apply_port (self, server, error))
    return FALSE;

  if (!ruc_limits_apply (server, "--limit", limit_names, self->limits, error))
    return FALSE;

  g_object_set (server,
                "host", self->host,
                "allowed-origins", self->allowed_origins,
                "allowed-hosts", self->allowed_hosts,
                "insecure-no-auth", self->insecure_no_auth,
                "allow-local-downloads", !self->no_local_downloads,
                NULL);

  return TRUE;
}

void
ruc_serve_options_print_help (void)
{
  g_autofree char *names = g_strjoinv (", ", (char **) limit_names);
  g_autofree char *agent_names = ruc_agent_dup_limits ();

  g_print ("%s",
           _("Usage: runtimeuse [serve] [OPTION…]\n"
             "       runtimeuse run [OPTION…] PROMPT\n"
             "       runtimeuse exec [OPTION…] [--] COMMAND [ARG…]\n"
             "       runtimeuse agents [OPTION…]\n"
             "       runtimeuse doctor [OPTION…]\n"
             "\n"
             "Runs commands and agents for clients that connect over a WebSocket.\n"
             "\n"
             "Commands:\n"
             "  serve                 wait for clients, with the options below (default)\n"
             "  run                   ask an agent for something, here or elsewhere\n"
             "  exec                  run a command where the runtime is\n"
             "  agents                list the agents, and what they lack\n"
             "  doctor                show what this machine offers, and what is missing\n"
             "\n"
             "Agent:\n"
             "  --agent NAME          who answers: openai (default), claude, shell or echo\n"
             "  --handler FILE        an agent of your own: .js, .ts, .py or a program\n"
             "  --openai-api API      auto (default), responses or chat\n"
             "  --keys-for-tools      let the commands of openai have its key\n"
             "  --agent-limit NAME=NUMBER\n"
             "                        change a limit of the agent; may be repeated\n"
             "\n"
             "Network:\n"
             "  --port N              port to listen on; 0 takes a free one (default: 8080)\n"
             "  --host ADDR           address to listen on (default: loopback only)\n"
             "  --allow-origin URL    let web pages of this origin connect; may be repeated\n"
             "  --allowed-host NAME   accept this name in the Host header; may be repeated\n"
             "  --token-file FILE     clients must present the token in FILE\n"
             "  --insecure-no-auth    listen beyond loopback without a token\n"
             "  --no-local-downloads  fetch files from public addresses only\n"
             "\n"
             "Other:\n"
             "  --log-level LEVEL     error, warning, message, info (default) or debug\n"
             "  --limit NAME=NUMBER   change a limit; may be repeated\n"
             "  --version             show the version\n"
             "  -h, --help            show this\n"));
  g_print (_("\nLimits: %s\n"), names);
  g_print (_("\nLimits of agents: %s\n"), agent_names);
}
