/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-config.h"

#include "rud-config-file.h"
#include "rud-config-value.h"
#include "rud-error.h"

#include <glib/gi18n.h>
#include <string.h>

#define FILE_VARIABLE "RUNTIMEUSE_CONFIG"

/* An option as it was given. */
typedef struct
{
  const char *group;
  const char *name;
  char       *text;
} Option;

struct _RudConfig
{
  GArray         *keys;      /* (element-type RudConfigKey) */
  RudConfigValue *values;    /* of each key */
  char           *file;      /* (nullable): read instead of those that are searched */
  GArray         *options;   /* (element-type Option) */
  GPtrArray      *places;    /* (element-type RudConfigPlace) */
  GPtrArray      *notices;   /* (element-type utf8): for the log, once there is one */
  guint           layer;     /* of what is being read */
  const char     *path;      /* (nullable): of the file that is being read */
};

static void
option_clear (gpointer data)
{
  Option *option = data;

  g_free (option->text);
}

static void
place_free (gpointer data)
{
  RudConfigPlace *place = data;

  g_free (place->path);
  g_free (place);
}

RudConfig *
rud_config_new (void)
{
  RudConfig *self = g_new0 (RudConfig, 1);

  self->keys = rud_config_keys_new ();
  self->values = g_new0 (RudConfigValue, self->keys->len);
  self->options = g_array_new (FALSE, FALSE, sizeof (Option));
  g_array_set_clear_func (self->options, option_clear);
  self->places = g_ptr_array_new_with_free_func (place_free);
  self->notices = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->keys->len; i++)
    {
      self->values[i].key = &g_array_index (self->keys, RudConfigKey, i);
      rud_config_value_reset (&self->values[i]);
    }

  return self;
}

void
rud_config_free (RudConfig *self)
{
  for (guint i = 0; i < self->keys->len; i++)
    rud_config_value_clear (&self->values[i]);
  g_free (self->values);
  g_array_unref (self->keys);
  g_free (self->file);
  g_array_unref (self->options);
  g_ptr_array_unref (self->places);
  g_ptr_array_unref (self->notices);
  g_free (self);
}

static RudConfigValue *
find_value (RudConfig  *self,
            const char *group,
            const char *name)
{
  const RudConfigKey *key = rud_config_keys_find (self->keys, group, name);

  return key != NULL ? &self->values[key - &g_array_index (self->keys, RudConfigKey, 0)] : NULL;
}

static void G_GNUC_PRINTF (2, 3)
note (RudConfig  *self,
      const char *format,
      ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (self->notices, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Says what was set where, now that it has been. */
static void
mark (RudConfig       *self,
      RudConfigValue  *value,
      RudConfigSource  source,
      const char      *where)
{
  RudConfigValue *handler;

  g_free (value->where);
  value->where = g_strdup (where);
  value->source = source;
  value->layer = self->layer;

  /* A handler counts more than an agent, but not one that was set in a place that counts less. */
  handler = find_value (self, RUD_CONFIG_MAIN, "handler");
  if (g_str_equal (value->key->name, "agent") && handler->layer < self->layer)
    rud_config_value_reset (handler);
}

/* Files */

/* A file can be moved together with those that it names. */
static char *
resolve (RudConfig  *self,
         const char *path)
{
  g_autofree char *folder = NULL;

  if (g_path_is_absolute (path) || path[0] == '\0')
    return g_strdup (path);
  if (g_str_has_prefix (path, "~/"))
    return g_build_filename (g_get_home_dir (), path + 2, NULL);

  folder = g_path_get_dirname (self->path);

  return g_build_filename (folder, path, NULL);
}

static void
resolve_sockets (RudConfig  *self,
                 char      **items)
{
  static const char prefix[] = "unix:";

  for (gsize i = 0; items[i] != NULL; i++)
    {
      g_autofree char *item = NULL;
      g_autofree char *path = NULL;

      if (!g_str_has_prefix (items[i], prefix) || items[i][strlen (prefix)] == '\0')
        continue;

      item = items[i];
      path = resolve (self, item + strlen (prefix));
      items[i] = g_strconcat (prefix, path, NULL);
    }
}

static gboolean
set_from_file (RudConfig       *self,
               RudConfigValue  *value,
               const char      *raw,
               GError         **error)
{
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;
  g_auto(GStrv) items = NULL;

  if (value->key->type == RUD_CONFIG_LIST)
    {
      items = rud_config_text_split (raw, error);
      if (items == NULL)
        return FALSE;
      if (g_str_equal (value->key->name, "listen"))
        resolve_sockets (self, items);
      return rud_config_value_set_list (value, items, error);
    }

  text = rud_config_text_unescape (raw, error);
  if (text == NULL)
    return FALSE;
  if (value->key->type == RUD_CONFIG_FILENAME)
    path = resolve (self, text);

  return rud_config_value_set (value, path != NULL ? path : text, error);
}

static gboolean
check_group (const char  *group,
             GError     **error)
{
  g_autofree char *quoted = rud_config_text_quote (group);
  g_autofree char *groups = rud_config_keys_join_groups ();

  return rud_config_keys_has_group (group) ||
         rud_fail (error, _("there is no group [%s]; those that are: %s"), quoted, groups);
}

static gboolean
fail_unknown (RudConfig   *self,
              const char  *group,
              const char  *name,
              GError     **error)
{
  g_autofree char *quoted = rud_config_text_quote (name);
  g_autofree char *names = rud_config_keys_join_names (self->keys, group);

  for (guint i = 0; i < self->keys->len; i++)
    if (g_str_equal (self->values[i].key->name, name))
      return rud_fail (error, _("%s belongs in the group [%s], not [%s]"), name,
                       self->values[i].key->group, group);

  return rud_fail (error, _("there is no key %s in [%s]; those that are: %s"), quoted, group,
                   names);
}

static gboolean
take_line (const char  *group,
           const char  *name,
           const char  *raw,
           const char  *where,
           gpointer     user_data,
           GError     **error)
{
  RudConfig *self = user_data;
  RudConfigValue *value;

  if (name == NULL)
    return check_group (group, error);

  value = find_value (self, group, name);
  if (value == NULL)
    return fail_unknown (self, group, name, error);
  if (value->layer == self->layer)
    return rud_fail (error, _("%s: it is set already at %s"), name, value->where);

  if (!set_from_file (self, value, raw, error))
    {
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }

  mark (self, value, RUD_CONFIG_FILE, where);

  return TRUE;
}

/* Takes what is in @content; it counts more than all before. */
gboolean
rud_config_add_content (RudConfig   *self,
                        const char  *path,
                        GBytes      *content,
                        GError     **error)
{
  g_autofree char *name = g_filename_display_name (path);
  gboolean good;

  self->layer++;
  self->path = path;
  good = rud_config_file_parse (name, content, take_line, self, error);
  self->path = NULL;

  return good;
}

static gboolean
read_file (RudConfig   *self,
           const char  *path,
           gboolean     may_lack,
           GError     **error)
{
  RudConfigPlace *place = g_new0 (RudConfigPlace, 1);
  g_autoptr(GError) trouble = NULL;
  g_autoptr(GBytes) content = NULL;
  gboolean is_open = FALSE;

  place->path = g_filename_display_name (path);
  g_ptr_array_add (self->places, place);

  content = rud_config_file_read (path, may_lack, &is_open, &trouble);
  place->was_read = content != NULL;
  if (trouble != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&trouble));
      return FALSE;
    }

  /* Then everybody can name a handler that we run. */
  if (is_open)
    note (self, _("The configuration %s can be changed by everybody. Better: chmod o-w %s"),
          place->path, place->path);

  return content == NULL || rud_config_add_content (self, path, content, error);
}

static gboolean
read_folder (RudConfig   *self,
             const char  *folder,
             GError     **error)
{
  g_autofree char *path = g_build_filename (folder, "runtimeuse", "runtimeuse.conf", NULL);

  /* Others are to be ignored, says the specification of these folders. */
  return !g_path_is_absolute (path) || read_file (self, path, TRUE, error);
}

static gboolean
read_files (RudConfig  *self,
            GError    **error)
{
  const char * const *folders = g_get_system_config_dirs ();
  const char *file = self->file != NULL ? self->file : g_getenv (FILE_VARIABLE);

  if (file != NULL)
    return read_file (self, file, FALSE, error);

  /* The first one counts most. */
  for (gsize i = g_strv_length ((char **) folders); i > 0; i--)
    if (!read_folder (self, folders[i - 1], error))
      return FALSE;

  return read_folder (self, g_get_user_config_dir (), error);
}

/* The environment */

/* Variables that are nobody's mistake: ours that are no keys, and of Kubernetes, which sets those
 * for a service with our name.
 */
static gboolean
is_known_variable (const char *variable)
{
  static const char * const names[] = {
    FILE_VARIABLE,
    "RUNTIMEUSE_TOKEN",
    "RUNTIMEUSE_LIBEXECDIR",
    "RUNTIMEUSE_LOCALEDIR",
    "RUNTIMEUSE_HANDLER_PROTOCOL",
    "RUNTIMEUSE_PROGRAM",
    NULL,
  };

  return g_strv_contains (names, variable) || g_str_has_prefix (variable, "RUNTIMEUSE_TEST_") ||
         g_str_has_prefix (variable, "RUNTIMEUSE_PORT_") ||
         g_str_has_prefix (variable, "RUNTIMEUSE_SERVICE_");
}

static void
note_unknown_variables (RudConfig  *self,
                        GHashTable *known)
{
  g_auto(GStrv) variables = g_listenv ();

  for (gsize i = 0; variables[i] != NULL; i++)
    {
      g_autofree char *quoted = rud_config_text_quote (variables[i]);

      if (g_str_has_prefix (variables[i], "RUNTIMEUSE_") && !is_known_variable (variables[i]) &&
          !g_hash_table_contains (known, variables[i]))
        note (self, _("The variable %s is ignored: it sets nothing that this program knows"),
              quoted);
    }
}

static gboolean
set_from_variable (RudConfig       *self,
                   RudConfigValue  *value,
                   const char      *variable,
                   const char      *text,
                   GError         **error)
{
  g_auto(GStrv) items = NULL;
  gboolean good;

  if (value->key->type == RUD_CONFIG_LIST)
    {
      items = rud_config_text_split (text, error);
      good = items != NULL && rud_config_value_set_list (value, items, error);
    }
  else
    {
      good = rud_config_value_set (value, text, error);
    }

  if (good)
    mark (self, value, RUD_CONFIG_ENVIRONMENT, variable);
  else
    g_prefix_error (error, "%s: ", variable);

  return good;
}

static gboolean
read_environment (RudConfig  *self,
                  GError    **error)
{
  g_autoptr(GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->layer++;
  for (guint i = 0; i < self->keys->len; i++)
    {
      char *variable = rud_config_key_dup_variable (self->values[i].key);
      const char *text = g_getenv (variable);

      g_hash_table_add (known, variable);
      if (text == NULL)
        continue;

      /* Not ours: Kubernetes sets it for a service with our name. */
      if (g_str_equal (variable, "RUNTIMEUSE_PORT") && strstr (text, "://") != NULL)
        note (self, _("The variable %s is ignored: it is an address, not a port"), variable);
      else if (!set_from_variable (self, &self->values[i], variable, text, error))
        return FALSE;
    }

  note_unknown_variables (self, known);

  return TRUE;
}

/* Options */

static gboolean
set_from_option (RudConfig      *self,
                 const Option   *option,
                 GError        **error)
{
  RudConfigValue *value = find_value (self, option->group, option->name);
  g_autofree char *name = rud_config_key_dup_option (value->key);
  gboolean good;

  if (value->key->type != RUD_CONFIG_LIST)
    {
      good = rud_config_value_set (value, option->text, error);
    }
  else
    {
      if (value->layer < self->layer)
        g_ptr_array_set_size (value->list, 0);
      good = rud_config_value_add_item (value, option->text, error);
    }

  if (good)
    mark (self, value, RUD_CONFIG_OPTION, name);
  else
    g_prefix_error (error, "%s: ", name);

  return good;
}

static gboolean
read_options (RudConfig  *self,
              GError    **error)
{
  self->layer++;
  for (guint i = 0; i < self->options->len; i++)
    if (!set_from_option (self, &g_array_index (self->options, Option, i), error))
      return FALSE;

  return TRUE;
}

/* Lets @path be read instead of the files in their usual places. */
void
rud_config_set_file (RudConfig  *self,
                     const char *path)
{
  g_free (self->file);
  self->file = g_strdup (path);
}

/* Has the key set by an option: what it is set to is looked at when the rest is read. */
void
rud_config_add_option (RudConfig  *self,
                       const char *group,
                       const char *name,
                       const char *text)
{
  const RudConfigKey *key = rud_config_keys_find (self->keys, group, name);
  Option option;

  g_assert (key != NULL);

  option.group = key->group;
  option.name = key->name;
  option.text = g_strdup (text);
  g_array_append_val (self->options, option);
}

/* Has a key of @group set by the option for limits: NAME=NUMBER. */
gboolean
rud_config_add_limit (RudConfig   *self,
                      const char  *group,
                      const char  *text,
                      GError     **error)
{
  g_autofree char *names = rud_config_keys_join_names (self->keys, group);
  g_autofree char *quoted = rud_config_text_quote (text);
  const char *equals = strchr (text, '=');
  g_autofree char *name = equals != NULL ? g_strndup (text, equals - text) : NULL;

  if (name == NULL || rud_config_keys_find (self->keys, group, name) == NULL)
    return rud_fail (error, _("%s: takes NAME=NUMBER, not \"%s\"; NAME is one of: %s"),
                     rud_config_keys_get_option (group), quoted, names);

  rud_config_add_option (self, group, name, equals + 1);

  return TRUE;
}

/* Reads all places, those that count least first. */
gboolean
rud_config_load (RudConfig  *self,
                 GError    **error)
{
  return read_files (self, error) && read_environment (self, error) && read_options (self, error);
}

/* Sets a number in the group "runtimeuse" if nothing else has, because of what is in @variable. */
void
rud_config_set_default (RudConfig  *self,
                        const char *name,
                        guint64     number,
                        const char *variable)
{
  RudConfigValue *value = find_value (self, RUD_CONFIG_MAIN, name);

  g_assert (value != NULL);

  if (value->source != RUD_CONFIG_DEFAULT)
    return;

  value->number = number;
  mark (self, value, RUD_CONFIG_ENVIRONMENT, variable);
}

/* Returns: (element-type utf8): what is odd but no mistake */
GPtrArray *
rud_config_get_notices (RudConfig *self)
{
  return self->notices;
}

/* Results */

GArray *
rud_config_get_keys (RudConfig *self)
{
  return self->keys;
}

/* Returns: (nullable): what the key is set to; there may be no such key */
const RudConfigValue *
rud_config_lookup (RudConfig  *self,
                   const char *group,
                   const char *name)
{
  return find_value (self, group, name);
}

/* Returns: (element-type RudConfigPlace): the files in the order in which they were read */
GPtrArray *
rud_config_get_places (RudConfig *self)
{
  return self->places;
}

static const RudConfigValue *
get_value (RudConfig  *self,
           const char *name)
{
  const RudConfigValue *value = find_value (self, RUD_CONFIG_MAIN, name);

  g_assert (value != NULL);

  return value;
}

/* Whether anybody has set it, be it to what it is anyway. */
gboolean
rud_config_is_set (RudConfig  *self,
                   const char *name)
{
  return get_value (self, name)->source != RUD_CONFIG_DEFAULT;
}

/* Returns: (nullable): a string, a file name or a choice */
const char *
rud_config_get_string (RudConfig  *self,
                       const char *name)
{
  return get_value (self, name)->text;
}

guint64
rud_config_get_number (RudConfig  *self,
                       const char *name)
{
  return get_value (self, name)->number;
}

gboolean
rud_config_get_boolean (RudConfig  *self,
                        const char *name)
{
  return get_value (self, name)->number != 0;
}

const char * const *
rud_config_get_strv (RudConfig  *self,
                     const char *name)
{
  return (const char * const *) get_value (self, name)->list->pdata;
}
