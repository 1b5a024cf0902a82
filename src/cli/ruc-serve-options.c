/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-serve-options.h"

#include "rud-error.h"
#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <string.h>

/* Words that are being read. */
typedef struct
{
  RucServeOptions  *options;
  int               n_words;
  char            **words;
  int               next;
} Reader;

void
ruc_serve_options_free (RucServeOptions *self)
{
  rud_config_free (self->config);
  g_ptr_array_unref (self->others);
  g_free (self);
}

/* Existing scripts count on being understood as they were by the reference,
 * which ignores an option at the end whose value is missing.
 */
static gboolean
may_lack_value (const char *name)
{
  return g_str_equal (name, "agent") || g_str_equal (name, "handler") ||
         g_str_equal (name, "port");
}

/* The value of the option called @name: what is behind the equals sign of @word, or the next word.
 *
 * @value: (out) (nullable): nothing if it is missing and that is to be ignored
 */
static gboolean
take_value (Reader      *self,
            const char  *word,
            const char  *name,
            const char **value,
            GError     **error)
{
  const char *equals = strchr (word, '=');

  *value = equals != NULL ? equals + 1 : NULL;
  if (equals == NULL && self->next < self->n_words)
    *value = self->words[self->next++];
  if (*value != NULL)
    return TRUE;

  if (!may_lack_value (name))
    return rud_fail (error, _("--%s needs a value"), name);

  g_printerr (_("Ignored --%s, which needs a value\n"), name);

  return TRUE;
}

static gboolean
read_limit (Reader      *self,
            const char  *word,
            const char  *name,
            const char  *group,
            GError     **error)
{
  const char *value;

  return take_value (self, word, name, &value, error) &&
         rud_config_add_limit (self->options->config, group, value, error);
}

static gboolean
read_file_name (Reader      *self,
                const char  *word,
                GError     **error)
{
  const char *value;

  if (!take_value (self, word, "config", &value, error))
    return FALSE;

  rud_config_set_file (self->options->config, value);

  return TRUE;
}

static gboolean
read_key (Reader              *self,
          const char          *word,
          const RudConfigKey  *key,
          GError             **error)
{
  const char *value;

  if (!take_value (self, word, key->name, &value, error))
    return FALSE;

  if (value != NULL)
    rud_config_add_option (self->options->config, RUD_CONFIG_MAIN, key->name, value);

  return TRUE;
}

/* The option of a boolean needs no value, and has one only behind an equals sign. */
static const RudConfigKey *
find_switch (Reader      *self,
             const char  *word,
             const char **value)
{
  GArray *keys = rud_config_get_keys (self->options->config);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      g_autofree char *name = rud_config_key_dup_option (key);
      gsize length = strlen (name);

      if (key->type != RUD_CONFIG_BOOLEAN)
        continue;

      *value = g_str_has_prefix (word, name) && word[length] == '=' ? word + length + 1
               : g_str_equal (word, name) ? "true"
               : key->number != 0 && g_str_has_prefix (word, "--no-") &&
                 g_str_equal (word + strlen ("--no-"), key->name) ? "false"
               : NULL;
      if (*value != NULL)
        return key;
    }

  return NULL;
}

/* Those that are no booleans of the configuration, or turn one off. */
static gboolean
takes_no_value (Reader     *self,
                const char *name)
{
  g_autofree char *word = g_strconcat ("--", name, NULL);
  const char *value;

  return g_str_equal (name, "help") || g_str_equal (name, "version") ||
         find_switch (self, word, &value) != NULL;
}

static gboolean
read_option (Reader      *self,
             const char  *word,
             GError     **error)
{
  RucServeOptions *options = self->options;
  g_autofree char *name = g_strndup (word + 2, strcspn (word + 2, "="));
  const RudConfigKey *key;
  const char *value;

  if (g_str_equal (name, "limit"))
    return read_limit (self, word, name, RUD_CONFIG_LIMITS, error);
  if (g_str_equal (name, "agent-limit"))
    return read_limit (self, word, name, RUD_CONFIG_AGENT_LIMITS, error);
  if (g_str_equal (name, "config"))
    return read_file_name (self, word, error);

  key = find_switch (self, word, &value);
  if (key != NULL)
    {
      rud_config_add_option (options->config, RUD_CONFIG_MAIN, key->name, value);
      return TRUE;
    }

  key = rud_config_keys_find (rud_config_get_keys (options->config), RUD_CONFIG_MAIN, name);
  if (key != NULL && key->type != RUD_CONFIG_BOOLEAN)
    return read_key (self, word, key, error);

  if (strchr (word, '=') != NULL && takes_no_value (self, name))
    return rud_fail (error, _("--%s takes no value"), name);

  g_ptr_array_add (options->others, g_strdup (word));

  return TRUE;
}

static gboolean
read_words (Reader  *self,
            GError **error)
{
  RucServeOptions *options = self->options;
  gboolean is_over = FALSE;

  while (self->next < self->n_words)
    {
      const char *word = self->words[self->next++];

      if (!is_over && g_str_equal (word, "--"))
        is_over = TRUE;
      else if (!is_over && (g_str_equal (word, "--help") || g_str_equal (word, "-h")))
        options->help = TRUE;
      else if (!is_over && g_str_equal (word, "--version"))
        options->version = TRUE;
      else if (is_over || !g_str_has_prefix (word, "--"))
        g_ptr_array_add (options->others, g_strdup (word));
      else if (!read_option (self, word, error))
        return FALSE;
    }

  return TRUE;
}

/* Reads the words behind the command. What they set is looked at when the configuration is read. */
RucServeOptions *
ruc_serve_options_parse (int      argc,
                         char   **argv,
                         GError **error)
{
  g_autoptr(RucServeOptions) self = g_new0 (RucServeOptions, 1);
  Reader reader = { self, argc, argv, 1 };

  self->config = rud_config_new ();
  self->others = g_ptr_array_new_with_free_func (g_free);

  return read_words (&reader, error) ? g_steal_pointer (&self) : NULL;
}

/* The reference also ignores what it does not know; we say so. */
void
ruc_serve_options_say_others (RucServeOptions *self)
{
  for (guint i = 0; i < self->others->len; i++)
    {
      const char *word = g_ptr_array_index (self->others, i);

      /* Only the name: what follows may be a secret that was meant for somebody else. */
      if (word[0] == '-')
        g_printerr (_("Ignored %.*s, which is no option of this program\n"),
                    (int) strcspn (word, "="), word);
      else
        g_printerr (_("Ignored a word that belongs to no option\n"));
    }
}

static void
print_limits (const char *title,
              const char *group)
{
  g_autoptr(GArray) keys = rud_config_keys_new ();
  g_autofree char *names = rud_config_keys_join_names (keys, group);

  g_print ("\n%s %s\n", title, names);
}

void
ruc_serve_options_print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse [serve] [OPTION…]\n"
             "       runtimeuse run [OPTION…] PROMPT\n"
             "       runtimeuse exec [OPTION…] [--] COMMAND [ARG…]\n"
             "       runtimeuse agents [OPTION…]\n"
             "       runtimeuse config [OPTION…]\n"
             "       runtimeuse doctor [OPTION…]\n"
             "       runtimeuse sessions [OPTION…]\n"
             "       runtimeuse show [OPTION…] ID\n"
             "       runtimeuse cancel [OPTION…] ID|--all\n"
             "       runtimeuse end [OPTION…] ID|--all\n"
             "\n"
             "Runs commands and agents for clients that connect over a WebSocket.\n"
             "\n"
             "Commands:\n"
             "  serve                 wait for clients, with the options below (default)\n"
             "  run                   ask an agent for something, here or elsewhere\n"
             "  exec                  run a command where the runtime is\n"
             "  agents                list the agents, and what they lack\n"
             "  config                show what serve is set to, and by what\n"
             "  doctor                show what this machine offers, and what is missing\n"
             "  sessions              list the sessions of the service on the session bus\n"
             "  show                  show one of them\n"
             "  cancel                cancel what runs in one of them, or in all\n"
             "  end                   end one of them, or all\n"));
  g_print ("%s",
           _("\n"
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
             "  --listen ADDR         unix:PATH, or an address with its port; may be repeated\n"
             "  --allow-origin URL    let web pages of this origin connect; may be repeated\n"
             "  --allowed-host NAME   accept this name in the Host header; may be repeated\n"
             "  --token-file FILE     clients must present the token in FILE\n"
             "  --insecure-no-auth    listen beyond loopback without a token\n"
             "  --no-local-downloads  fetch files from public addresses only\n"
             "  --no-metrics          do not answer /metrics\n"));
  g_print ("%s",
           _("\n"
             "Desktop:\n"
             "  --bus-name MODE       own a name on the message bus: auto (default), required\n"
             "                        or off\n"
             "  --notify WHEN         show notifications: unwatched (default), always or never\n"
             "  --notify-after SECONDS\n"
             "                        only for requests that take longer (default: 30)\n"
             "  --exit-idle SECONDS   end when nobody was connected for so long; 0 for never\n"
             "                        (default)\n"
             "  --drain-timeout SECONDS\n"
             "                        how long requests may go on after SIGTERM (default: 0)\n"
             "  --scopes              run each command in a scope of systemd\n"
             "  --scope-memory-max SIZE\n"
             "                        the memory of such a scope\n"
             "  --scope-tasks-max N   how many processes and threads it may have\n"
             "  --scope-cpu-quota PERCENT\n"
             "                        its share of one processor\n"
             "  --host-commands       run commands outside of the Flatpak\n"
             "\n"
             "Other:\n"
             "  --config FILE         read FILE instead of the usual configuration\n"
             "  --log-level LEVEL     error, warning, message, info (default) or debug\n"
             "  --limit NAME=NUMBER   change a limit; may be repeated\n"
             "  --version             show the version\n"
             "  -h, --help            show this\n"
             "\n"
             "All of this can be set in a file as well: see \"man runtimeuse.conf\".\n"));
  print_limits (_("Limits:"), RUD_CONFIG_LIMITS);
  print_limits (_("Limits of agents:"), RUD_CONFIG_AGENT_LIMITS);
}
