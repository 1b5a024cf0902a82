/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-limits.h"

#include "runtimeuse.h"

#include <glib/gi18n.h>

/* The property knows its range. Fails if @number is not in it. */
static gboolean
set_number (GObject    *object,
            GParamSpec *pspec,
            guint64     number)
{
  g_auto(GValue) given = G_VALUE_INIT;
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&given, G_TYPE_UINT64);
  g_value_set_uint64 (&given, number);
  g_value_init (&value, pspec->value_type);
  g_value_transform (&given, &value);

  /* A number too large for the type comes out as another one. */
  if ((pspec->value_type == G_TYPE_UINT && number > G_MAXUINT) ||
      g_param_value_validate (pspec, &value))
    return FALSE;

  g_object_set_property (object, pspec->name, &value);

  return TRUE;
}

/* Of the keys for limits of agents, those that @agent has. */
static char *
join_names (GArray  *keys,
            GObject *agent)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);

      if (g_str_equal (key->group, RUD_CONFIG_AGENT_LIMITS) &&
          g_object_class_find_property (G_OBJECT_GET_CLASS (agent), key->name) != NULL)
        g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", key->name);
    }
  if (names->len == 0)
    g_string_append (names, _("none"));

  return g_string_free (names, FALSE);
}

/* The other places hold what is right for several agents, an option is for this one. */
static gboolean
apply_to_agent (RudConfig             *config,
                const RudConfigValue  *value,
                GObject               *agent,
                const char            *name,
                GError               **error)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (agent), value->key->name);
  g_autofree char *names = join_names (rud_config_get_keys (config), agent);
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, value->number);

  if (pspec == NULL && value->source != RUD_CONFIG_OPTION)
    return TRUE;

  if (pspec == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("%s: the agent \"%s\" has no such limit; those that it has: %s"),
                   value->where, name, names);
      return FALSE;
    }

  if (set_number (agent, pspec, value->number))
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               _("%s: %s is out of range for the agent \"%s\""), value->where, number, name);

  return FALSE;
}

/* Sets the limits of a server. */
void
ruc_limits_apply (RudConfig *config,
                  GObject   *server)
{
  GArray *keys = rud_config_get_keys (config);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      const RudConfigValue *value = rud_config_lookup (config, key->group, key->name);

      if (g_str_equal (key->group, RUD_CONFIG_LIMITS) && value->source != RUD_CONFIG_DEFAULT)
        set_number (server, g_object_class_find_property (G_OBJECT_GET_CLASS (server), key->name),
                    value->number);
    }
}

/* Sets the limits of the agent called @name. */
gboolean
ruc_limits_apply_to_agent (RudConfig   *config,
                           GObject     *agent,
                           const char  *name,
                           GError     **error)
{
  GArray *keys = rud_config_get_keys (config);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      const RudConfigValue *value = rud_config_lookup (config, key->group, key->name);

      if (g_str_equal (key->group, RUD_CONFIG_AGENT_LIMITS) &&
          value->source != RUD_CONFIG_DEFAULT &&
          !apply_to_agent (config, value, agent, name, error))
        return FALSE;
    }

  return TRUE;
}
