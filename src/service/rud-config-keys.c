/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-config-keys.h"

#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <string.h>

#define DAY (24 * 60 * 60)

#define SIZE "^([0-9]+[KMGT]?|[0-9]{1,3}%|infinity)$"
#define SIZE_HELP N_("a size such as 512M or 25%, or infinity")
#define COUNT "^([0-9]+|[0-9]{1,3}%|infinity)$"
#define COUNT_HELP N_("a number, a share such as 25%, or infinity")
#define QUOTA "^[0-9]{1,6}%$"
#define QUOTA_HELP N_("a share of one processor such as 50% or 200%")

/* Pages without an origin of their own call it null. */
#define ORIGIN "^(null|[A-Za-z][A-Za-z0-9+.-]*://[^/\\s]+)$"
#define ORIGIN_HELP N_("an origin such as https://example.org, without a path")
#define HOST "^[^/\\s]+$"
#define HOST_HELP N_("the name of a host such as example.org")

#define STRING(name, value) { RUD_CONFIG_MAIN, name, RUD_CONFIG_STRING, value }
#define FILENAME(name) { RUD_CONFIG_MAIN, name, RUD_CONFIG_FILENAME }
#define LIST(name) { RUD_CONFIG_MAIN, name, RUD_CONFIG_LIST }
#define PATTERNS(name, pattern) \
  { RUD_CONFIG_MAIN, name, RUD_CONFIG_LIST, NULL, 0, 0, 0, FALSE, pattern, pattern ## _HELP }
/* The first word is the one when nobody sets another. */
#define CHOICE(name, words) { RUD_CONFIG_MAIN, name, RUD_CONFIG_CHOICE, words }
#define SWITCH(name, value) { RUD_CONFIG_MAIN, name, RUD_CONFIG_BOOLEAN, NULL, 0, 1, value }
#define NUMBER(name, maximum, value) \
  { RUD_CONFIG_MAIN, name, RUD_CONFIG_NUMBER, NULL, 0, maximum, value }
#define PATTERN(name, pattern) \
  { RUD_CONFIG_MAIN, name, RUD_CONFIG_STRING, NULL, 0, 0, 0, FALSE, pattern, pattern ## _HELP }

/* In the order in which they are shown. */
static const RudConfigKey main_keys[] = {
  STRING ("agent", "openai"),
  FILENAME ("handler"),
  CHOICE ("openai-api", "auto;responses;chat"),
  SWITCH ("keys-for-tools", FALSE),
  NUMBER ("port", 65535, 8080),
  STRING ("host", NULL),
  LIST ("listen"),
  PATTERNS ("allow-origin", ORIGIN),
  PATTERNS ("allowed-host", HOST),
  FILENAME ("token-file"),
  SWITCH ("insecure-no-auth", FALSE),
  SWITCH ("no-local-downloads", FALSE),
  SWITCH ("metrics", TRUE),
  CHOICE ("bus-name", "auto;required;off"),
  CHOICE ("notify", "unwatched;always;never"),
  NUMBER ("notify-after", DAY, 30),
  NUMBER ("exit-idle", 31 * DAY, 0),
  NUMBER ("drain-timeout", DAY, 0),
  SWITCH ("scopes", FALSE),
  PATTERN ("scope-memory-max", SIZE),
  PATTERN ("scope-tasks-max", COUNT),
  PATTERN ("scope-cpu-quota", QUOTA),
  SWITCH ("host-commands", FALSE),
  CHOICE ("log-level", "info;error;warning;message;debug"),
};

/* Properties of the server, which knows their ranges. */
static const char * const limit_names[] = {
  "artifact-hold",
  "artifact-quiet",
  "artifact-wait",
  "cancel-grace",
  "command-timeout",
  "download-connect-timeout",
  "download-idle-timeout",
  "download-timeout",
  "handshake-timeout",
  "heartbeat-interval",
  "invocation-timeout",
  "kill-grace",
  "max-connections",
  "max-download-entries",
  "max-download-size",
  "max-extracted-size",
  "max-message-size",
  "max-unfinished-size",
  "ping-interval",
  "post-invocation-delay",
  "stall-timeout",
  "upload-timeout",
};

/* Properties of agents; each has some of them, with its own numbers. */
static const char * const agent_limit_names[] = {
  "connect-timeout",
  "idle-timeout",
  "max-conversation-size",
  "max-line-size",
  "max-retries",
  "max-tool-output",
  "max-turns",
  "tool-timeout",
};

static const struct
{
  const char *name;
  const char *variable_prefix;
  const char *option;
} groups[] = {
  { RUD_CONFIG_MAIN, "RUNTIMEUSE_", NULL },
  { RUD_CONFIG_LIMITS, "RUNTIMEUSE_LIMIT_", "--limit" },
  { RUD_CONFIG_AGENT_LIMITS, "RUNTIMEUSE_AGENT_LIMIT_", "--agent-limit" },
};

static void
add_limit (GArray       *keys,
           GObjectClass *klass,
           const char   *name)
{
  RudConfigKey key = { RUD_CONFIG_LIMITS, name, RUD_CONFIG_NUMBER };
  GParamSpec *pspec = g_object_class_find_property (klass, name);

  g_assert (pspec != NULL);

  if (G_IS_PARAM_SPEC_UINT64 (pspec))
    {
      GParamSpecUInt64 *spec = G_PARAM_SPEC_UINT64 (pspec);

      key.minimum = spec->minimum;
      key.maximum = MIN (spec->maximum, G_MAXINT64);
      key.number = spec->default_value;
    }
  else
    {
      GParamSpecUInt *spec = G_PARAM_SPEC_UINT (pspec);

      key.minimum = spec->minimum;
      key.maximum = spec->maximum;
      key.number = spec->default_value;
    }

  g_array_append_val (keys, key);
}

/* Returns: (element-type RudConfigKey): all there are. */
GArray *
rud_config_keys_new (void)
{
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (RudConfigKey));
  GObjectClass *klass = g_type_class_ref (RUNTIME_USE_TYPE_SERVER);

  g_array_append_vals (keys, main_keys, G_N_ELEMENTS (main_keys));
  for (gsize i = 0; i < G_N_ELEMENTS (limit_names); i++)
    add_limit (keys, klass, limit_names[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (agent_limit_names); i++)
    {
      RudConfigKey key = { RUD_CONFIG_AGENT_LIMITS, agent_limit_names[i], RUD_CONFIG_NUMBER };

      key.maximum = G_MAXINT64;
      key.is_open = TRUE;
      g_array_append_val (keys, key);
    }
  g_type_class_unref (klass);

  return keys;
}

const RudConfigKey *
rud_config_keys_find (GArray     *keys,
                      const char *group,
                      const char *name)
{
  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);

      if (g_str_equal (key->name, name) && g_str_equal (key->group, group))
        return key;
    }

  return NULL;
}

gboolean
rud_config_keys_has_group (const char *group)
{
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].name, group))
      return TRUE;

  return FALSE;
}

/* Returns: (nullable): the option that sets all keys of @group; without one each has its own */
const char *
rud_config_keys_get_option (const char *group)
{
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].name, group))
      return groups[i].option;

  return NULL;
}

char *
rud_config_keys_join_groups (void)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    g_string_append_printf (text, "%s[%s]", i > 0 ? ", " : "", groups[i].name);

  return g_string_free (text, FALSE);
}

char *
rud_config_keys_join_names (GArray     *keys,
                            const char *group)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);

      if (g_str_equal (key->group, group))
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", key->name);
    }

  return g_string_free (text, FALSE);
}

/* The variable of the environment that sets the key. */
char *
rud_config_key_dup_variable (const RudConfigKey *self)
{
  g_autofree char *name = g_ascii_strup (self->name, -1);
  const char *prefix = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].name, self->group))
      prefix = groups[i].variable_prefix;

  return g_strconcat (prefix, g_strdelimit (name, "-", '_'), NULL);
}

/* The option that sets the key, as one writes it before its value. */
char *
rud_config_key_dup_option (const RudConfigKey *self)
{
  const char *option = rud_config_keys_get_option (self->group);

  return option != NULL ? g_strconcat (option, " ", self->name, NULL)
                        : g_strconcat ("--", self->name, NULL);
}
