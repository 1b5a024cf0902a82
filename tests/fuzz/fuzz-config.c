/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "rud-config.h"
#include "runtimeuse.h"

#include <string.h>

#define NAME "/d/x"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A message repeats no more than a few words of the input. */
#define MAX_MESSAGE 1024

static void
check_text (GKeyFile             *file,
            const RudConfigValue *value)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *raw = g_key_file_get_value (file, value->key->group, value->key->name, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);

  /* GKeyFile takes spaces at the end for a part of the value. */
  g_key_file_set_value (file, value->key->group, value->key->name, g_strchomp (raw));
  text = g_key_file_get_string (file, value->key->group, value->key->name, &error);
  g_assert_no_error (error);

  if (value->key->type != RUD_CONFIG_FILENAME)
    g_assert_cmpstr (text, ==, value->text);
  else
    g_assert_true (g_path_is_absolute (value->text));
}

static void
check_list (GKeyFile             *file,
            const RudConfigValue *value)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) items = NULL;
  gsize n_items = 0;

  items = g_key_file_get_string_list (file, value->key->group, value->key->name, &n_items, &error);
  g_assert_no_error (error);

  for (gsize i = 0; i < n_items; i++)
    g_strstrip (items[i]);
  if (n_items > 0 && items[n_items - 1][0] == '\0')
    n_items--;

  g_assert_cmpuint (n_items, ==, value->list->len);
  g_assert_null (value->list->pdata[n_items]);
  for (gsize i = 0; i < n_items; i++)
    if (!g_str_equal (value->key->name, "listen"))
      g_assert_cmpstr (items[i], ==, value->list->pdata[i]);
}

static void
check_number (GKeyFile             *file,
              const RudConfigValue *value)
{
  const RudConfigKey *key = value->key;
  g_autofree char *raw = g_key_file_get_value (file, key->group, key->name, NULL);

  g_assert_cmpuint (value->number, >=, key->minimum);
  g_assert_cmpuint (value->number, <=, key->maximum);
  if (key->type == RUD_CONFIG_NUMBER)
    g_assert_cmpuint (value->number, ==, g_ascii_strtoull (raw, NULL, 10));
}

/* What is taken, GKeyFile takes as well, and understands likewise. */
static void
check_values (RudConfig    *config,
              const guint8 *data,
              gsize         size)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autoptr(GError) error = NULL;
  GArray *keys = rud_config_get_keys (config);
  g_autoptr(GString) text = g_string_new_len ((const char *) data, (gssize) size);

  /* GKeyFile does not know what some editors begin a file with. */
  if (g_str_has_prefix (text->str, BYTE_ORDER_MARK))
    g_string_erase (text, 0, strlen (BYTE_ORDER_MARK));

  /* Without a newline it takes a carriage return for a part of the last line. */
  g_string_append_c (text, '\n');
  g_key_file_load_from_data (file, text->str, text->len, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      const RudConfigValue *value = rud_config_lookup (config, key->group, key->name);

      g_assert_true ((value->source == RUD_CONFIG_FILE) ==
                     g_key_file_has_key (file, key->group, key->name, NULL));
      if (value->source != RUD_CONFIG_FILE)
        continue;

      g_assert_true (g_str_has_prefix (value->where, NAME ":"));
      if (key->type == RUD_CONFIG_LIST)
        check_list (file, value);
      else if (key->type == RUD_CONFIG_NUMBER || key->type == RUD_CONFIG_BOOLEAN)
        check_number (file, value);
      else
        check_text (file, value);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GBytes) content = g_bytes_new (data, size);
  g_autoptr(GError) error = NULL;

  if (rud_config_add_content (config, NAME, content, &error))
    {
      g_assert_no_error (error);
      check_values (config, data, size);
    }
  else
    {
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_prefix (error->message, NAME ":"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpuint (strlen (error->message), <, MAX_MESSAGE);
    }

  return 0;
}
