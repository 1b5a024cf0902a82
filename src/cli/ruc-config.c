/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-config.h"

#include "ruc-agent.h"
#include "ruc-options.h"
#include "ruc-serve-options.h"
#include "rud-credential.h"
#include "rud-notify.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

/* The longest key has room; longer values move what is beside them. */
#define KEY_WIDTH   24
#define VALUE_WIDTH 32

/* What is no key, for it is nothing to keep in a file, but counts more than one that is. */
#define TOKEN        "token"
#define TOKEN_SOURCE "environment RUNTIMEUSE_TOKEN"
#define HIDDEN       "[REDACTED]"

static gboolean
has_token_beside (const RudConfigValue *value)
{
  return g_str_equal (value->key->name, "token-file") && value->source != RUD_CONFIG_OPTION &&
         rud_credential_in_variable ();
}

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse config [OPTION…]\n"
             "\n"
             "Shows what serve is set to, and what has set it: a file, a variable of the\n"
             "environment, or an option. It takes the options of serve as well.\n"
             "\n"
             "  --config FILE         read FILE instead of the usual files\n"
             "  --json                show it as one JSON object\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 if it can be used, 1 if something in it is wrong, 2 for wrong\n"
             "options.\n"));
}

static char *
dup_value (const RudConfigValue *value)
{
  switch (value->key->type)
    {
    case RUD_CONFIG_NUMBER:
      if (value->key->is_open && value->source == RUD_CONFIG_DEFAULT)
        return g_strdup ("-");
      return g_strdup_printf ("%" G_GUINT64_FORMAT, value->number);

    case RUD_CONFIG_BOOLEAN:
      return g_strdup (value->number != 0 ? "true" : "false");

    case RUD_CONFIG_LIST:
      return value->list->len > 0 ? g_strjoinv (";", (char **) value->list->pdata)
                                  : g_strdup ("-");

    case RUD_CONFIG_STRING:
    case RUD_CONFIG_FILENAME:
    case RUD_CONFIG_CHOICE:
    default:
      return value->text != NULL ? g_filename_display_name (value->text) : g_strdup ("-");
    }
}

/* In the same words for people and programs. */
static char *
dup_source (const RudConfigValue *value)
{
  switch (value->source)
    {
    case RUD_CONFIG_FILE:
      return g_strdup (value->where);
    case RUD_CONFIG_ENVIRONMENT:
      return g_strconcat ("environment ", value->where, NULL);
    case RUD_CONFIG_OPTION:
      return g_strdup ("option");
    case RUD_CONFIG_DEFAULT:
    default:
      return g_strdup ("default");
    }
}

static void
print_line (const char *name,
            const char *text,
            const char *source)
{
  int padding = MAX (0, VALUE_WIDTH - (int) g_utf8_strlen (text, -1));

  g_print ("%-*s  %s%*s  %s\n", KEY_WIDTH, name, text, padding, "", source);
}

static void
print_text (RudConfig *config)
{
  GArray *keys = rud_config_get_keys (config);
  GPtrArray *places = rud_config_get_places (config);
  const char *group = NULL;

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      const RudConfigValue *value = rud_config_lookup (config, key->group, key->name);
      g_autofree char *text = dup_value (value);
      g_autofree char *source = dup_source (value);

      if (g_strcmp0 (group, key->group) != 0)
        g_print ("%s[%s]\n", group != NULL ? "\n" : "", key->group);
      print_line (key->name, text, source);
      if (has_token_beside (value))
        print_line (TOKEN, HIDDEN, TOKEN_SOURCE);
      group = key->group;
    }

  g_print (_("\nFiles, those that count more last:\n"));
  for (guint i = 0; i < places->len; i++)
    {
      const RudConfigPlace *place = g_ptr_array_index (places, i);

      g_print ("%s  (%s)\n", place->path, place->was_read ? _("read") : _("not there"));
    }
}

static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_value (JsonBuilder          *builder,
           const RudConfigValue *value)
{
  g_autofree char *text = dup_value (value);

  switch (value->key->type)
    {
    case RUD_CONFIG_NUMBER:
      if (value->key->is_open && value->source == RUD_CONFIG_DEFAULT)
        json_builder_add_null_value (builder);
      else
        json_builder_add_int_value (builder, (gint64) MIN (value->number, G_MAXINT64));
      break;

    case RUD_CONFIG_BOOLEAN:
      json_builder_add_boolean_value (builder, value->number != 0);
      break;

    case RUD_CONFIG_LIST:
      json_builder_begin_array (builder);
      for (guint i = 0; i < value->list->len; i++)
        json_builder_add_string_value (builder, g_ptr_array_index (value->list, i));
      json_builder_end_array (builder);
      break;

    case RUD_CONFIG_STRING:
    case RUD_CONFIG_FILENAME:
    case RUD_CONFIG_CHOICE:
    default:
      if (value->text == NULL)
        json_builder_add_null_value (builder);
      else
        json_builder_add_string_value (builder, text);
    }
}

static void
add_token (JsonBuilder *builder)
{
  json_builder_begin_object (builder);
  add_string (builder, "group", RUD_CONFIG_MAIN);
  add_string (builder, "key", TOKEN);
  add_string (builder, "value", HIDDEN);
  add_string (builder, "source", TOKEN_SOURCE);
  json_builder_end_object (builder);
}

static void
add_keys (JsonBuilder *builder,
          RudConfig   *config)
{
  GArray *keys = rud_config_get_keys (config);

  json_builder_set_member_name (builder, "keys");
  json_builder_begin_array (builder);
  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      const RudConfigValue *value = rud_config_lookup (config, key->group, key->name);
      g_autofree char *source = dup_source (value);

      json_builder_begin_object (builder);
      add_string (builder, "group", key->group);
      add_string (builder, "key", key->name);
      json_builder_set_member_name (builder, "value");
      add_value (builder, value);
      add_string (builder, "source", source);
      json_builder_end_object (builder);
      if (has_token_beside (value))
        add_token (builder);
    }
  json_builder_end_array (builder);
}

static void
add_files (JsonBuilder *builder,
           RudConfig   *config)
{
  GPtrArray *places = rud_config_get_places (config);

  json_builder_set_member_name (builder, "files");
  json_builder_begin_array (builder);
  for (guint i = 0; i < places->len; i++)
    {
      const RudConfigPlace *place = g_ptr_array_index (places, i);

      json_builder_begin_object (builder);
      add_string (builder, "path", place->path);
      json_builder_set_member_name (builder, "read");
      json_builder_add_boolean_value (builder, place->was_read);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_json (RudConfig *config)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  add_string (builder, "version", PACKAGE_VERSION);
  add_files (builder, config);
  add_keys (builder, config);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  g_print ("%s\n", text);
}

/* Unlike serve this is nothing that scripts of the reference call, so that mistakes are said. */
static gboolean
check_others (RucServeOptions *options,
              gboolean        *as_json)
{
  for (guint i = 0; i < options->others->len; i++)
    {
      const char *word = g_ptr_array_index (options->others, i);

      if (g_str_equal (word, "--json"))
        {
          *as_json = TRUE;
          continue;
        }

      if (g_str_has_prefix (word, "--json="))
        ruc_options_fail ("config", _("--%s takes no value"), "json");
      else
        ruc_options_fail ("config", _("there is no option %.*s"), (int) strcspn (word, "="),
                          word);
      return FALSE;
    }

  return TRUE;
}

/* As serve does it, which a service manager may have started. */
static gboolean
load (RudConfig  *config,
      GError    **error)
{
  g_autoptr(RudNotify) notify = NULL;

  if (!rud_config_load (config, error))
    return FALSE;

  notify = rud_notify_new ();
  rud_notify_set_defaults (notify, config);

  return TRUE;
}

static int
show (RucServeOptions *options,
      gboolean         as_json)
{
  g_autoptr(RuntimeUseAgentHandler) agent = NULL;
  g_autoptr(GError) error = NULL;
  GPtrArray *notices = rud_config_get_notices (options->config);

  if (load (options->config, &error))
    agent = ruc_agent_new (options->config, &error);
  if (agent == NULL)
    {
      g_printerr (_("Error: %s\n"), error->message);
      return RUC_EXIT_FAILED;
    }

  for (guint i = 0; i < notices->len; i++)
    g_printerr (_("Warning: %s\n"), (const char *) g_ptr_array_index (notices, i));

  if (as_json)
    print_json (options->config);
  else
    print_text (options->config);

  return EXIT_SUCCESS;
}

int
ruc_config (int    argc,
            char **argv)
{
  g_autoptr(RucServeOptions) options = NULL;
  g_autoptr(GError) error = NULL;
  gboolean as_json = FALSE;

  options = ruc_serve_options_parse (argc, argv, &error);
  if (options == NULL)
    return ruc_options_fail ("config", "%s", error->message);

  if (options->help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }

  return check_others (options, &as_json) ? show (options, as_json) : RUC_EXIT_USAGE;
}
