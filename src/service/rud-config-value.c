/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-config-value.h"

#include "rud-address.h"
#include "rud-config-file.h"
#include "rud-error.h"

#include <glib/gi18n.h>
#include <string.h>

/* More than anybody needs, and few enough for every request to be compared with. */
#define MAX_ITEMS 1000

static const struct
{
  const char *word;
  gboolean    value;
} booleans[] = {
  { "true", TRUE },
  { "false", FALSE },
  { "yes", TRUE },
  { "no", FALSE },
  { "on", TRUE },
  { "off", FALSE },
  { "1", TRUE },
  { "0", FALSE },
};

static gboolean
check_number (const RudConfigKey  *key,
              const char          *text,
              guint64             *number,
              GError             **error)
{
  g_autofree char *quoted = rud_config_text_quote (text);
  g_autofree char *minimum = g_strdup_printf ("%" G_GUINT64_FORMAT, key->minimum);
  g_autofree char *maximum = g_strdup_printf ("%" G_GUINT64_FORMAT, key->maximum);

  if (g_ascii_string_to_unsigned (text, 10, key->minimum, key->maximum, number, NULL))
    return TRUE;

  if (key->is_open)
    return rud_fail (error, _("must be a number, not \"%s\""), quoted);

  return rud_fail (error, _("must be a number from %s to %s, not \"%s\""), minimum, maximum,
                   quoted);
}

static gboolean
check_boolean (const char  *text,
               guint64     *number,
               GError     **error)
{
  g_autofree char *quoted = rud_config_text_quote (text);

  for (gsize i = 0; i < G_N_ELEMENTS (booleans); i++)
    if (g_str_equal (booleans[i].word, text))
      {
        *number = booleans[i].value;
        return TRUE;
      }

  return rud_fail (error, _("must be true or false, not \"%s\""), quoted);
}

static gboolean
check_choice (const RudConfigKey  *key,
              const char          *text,
              GError             **error)
{
  g_auto(GStrv) words = g_strsplit (key->standard, ";", -1);
  g_autofree char *joined = g_strjoinv (", ", words);
  g_autofree char *quoted = rud_config_text_quote (text);

  if (g_strv_contains ((const char * const *) words, text))
    return TRUE;

  return rud_fail (error, _("must be one of: %s; not \"%s\""), joined, quoted);
}

static gboolean
check_text (const RudConfigKey  *key,
            const char          *text,
            GError             **error)
{
  g_autofree char *quoted = rud_config_text_quote (text);

  if (text[0] == '\0')
    return rud_fail (error, _("must not be empty"));
  /* Names of files are whatever the system takes. */
  if (key->type != RUD_CONFIG_FILENAME && !g_utf8_validate (text, -1, NULL))
    return rud_fail (error, _("must be UTF-8, not \"%s\""), quoted);
  if (key->type == RUD_CONFIG_CHOICE)
    return check_choice (key, text, error);
  if (key->pattern != NULL && !g_regex_match_simple (key->pattern, text, G_REGEX_DOLLAR_ENDONLY, 0))
    return rud_fail (error, _("must be %s, not \"%s\""), _(key->pattern_help), quoted);

  return TRUE;
}

static gboolean
check_item (const RudConfigKey  *key,
            const char          *item,
            GError             **error)
{
  g_autoptr(GSocketAddress) address = NULL;

  if (!check_text (key, item, error))
    return FALSE;
  if (!g_str_equal (key->name, "listen"))
    return TRUE;

  address = rud_address_new (item, error);

  return address != NULL;
}

void
rud_config_value_clear (RudConfigValue *self)
{
  g_clear_pointer (&self->where, g_free);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->list, g_ptr_array_unref);
}

/* To what it is when nobody sets it. */
void
rud_config_value_reset (RudConfigValue *self)
{
  const RudConfigKey *key = self->key;

  rud_config_value_clear (self);
  self->source = RUD_CONFIG_DEFAULT;
  self->layer = 0;
  self->number = key->number;
  if (key->standard != NULL)
    self->text = g_strndup (key->standard, strcspn (key->standard, ";"));
  if (key->type == RUD_CONFIG_LIST)
    self->list = g_ptr_array_new_null_terminated (1, g_free, TRUE);
}

gboolean
rud_config_value_add_item (RudConfigValue *self,
                           const char     *item,
                           GError        **error)
{
  g_assert (self->key->type == RUD_CONFIG_LIST);

  if (!check_item (self->key, item, error))
    return FALSE;
  if (self->list->len >= MAX_ITEMS)
    return rud_fail (error, _("has more than %d values"), MAX_ITEMS);

  g_ptr_array_add (self->list, g_strdup (item));

  return TRUE;
}

gboolean
rud_config_value_set_list (RudConfigValue *self,
                           char          **items,
                           GError        **error)
{
  g_ptr_array_set_size (self->list, 0);
  for (gsize i = 0; items[i] != NULL; i++)
    if (!rud_config_value_add_item (self, items[i], error))
      return FALSE;

  return TRUE;
}

/* What it is set to if it is no list. */
gboolean
rud_config_value_set (RudConfigValue *self,
                      const char     *text,
                      GError        **error)
{
  switch (self->key->type)
    {
    case RUD_CONFIG_NUMBER:
      return check_number (self->key, text, &self->number, error);

    case RUD_CONFIG_BOOLEAN:
      return check_boolean (text, &self->number, error);

    case RUD_CONFIG_STRING:
    case RUD_CONFIG_FILENAME:
    case RUD_CONFIG_CHOICE:
      if (!check_text (self->key, text, error))
        return FALSE;
      g_free (self->text);
      self->text = g_strdup (text);
      return TRUE;

    case RUD_CONFIG_LIST:
    default:
      g_assert_not_reached ();
    }
}
