/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-checks.h"

#include "rud-doctor.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

typedef struct
{
  GMainLoop *loop;
  GPtrArray *checks;   /* (nullable): not known yet */
} Visit;

static const char *
state_word (const RudCheck *check)
{
  switch (check->state)
    {
    case RUD_CHECK_OK:
      return _("ok");
    case RUD_CHECK_LIMITED:
      return _("limited");
    case RUD_CHECK_MISSING:
    default:
      return _("missing");
    }
}

static int
find_width (const char * const *words)
{
  int width = 0;

  for (gsize i = 0; words[i] != NULL; i++)
    width = MAX (width, (int) g_utf8_strlen (words[i], -1));

  return width;
}

static void
print_check (const RudCheck *check,
             int             state_width)
{
  const char *word = state_word (check);
  int padding = state_width - (int) g_utf8_strlen (word, -1);

  g_print ("%s%*s  %-15s  %s%s%s%s\n", word, padding, "", check->name,
           check->value != NULL ? check->value : "", check->value != NULL ? "  (" : "",
           check->purpose, check->value != NULL ? ")" : "");
  if (check->advice != NULL)
    g_print ("%*s  → %s\n", state_width, "", check->advice);
}

void
ruc_checks_print_text (GPtrArray *checks)
{
  const char *words[] = { _("ok"), _("limited"), _("missing"), NULL };
  int width = find_width (words);

  for (guint i = 0; i < checks->len; i++)
    print_check (g_ptr_array_index (checks, i), width);
}

static void
add_member (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_check (JsonBuilder    *builder,
           const RudCheck *check)
{
  json_builder_begin_object (builder);
  add_member (builder, "name", check->name);
  add_member (builder, "state", rud_check_state_get_name (check->state));
  json_builder_set_member_name (builder, "essential");
  json_builder_add_boolean_value (builder, check->essential);
  add_member (builder, "value", check->value);
  add_member (builder, "purpose", check->purpose);
  add_member (builder, "advice", check->advice);
  json_builder_end_object (builder);
}

void
ruc_checks_print_json (GPtrArray  *checks,
                       const char *name,
                       gboolean    can_serve)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  add_member (builder, "version", PACKAGE_VERSION);
  json_builder_set_member_name (builder, "can_serve");
  json_builder_add_boolean_value (builder, can_serve);
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < checks->len; i++)
    add_check (builder, g_ptr_array_index (checks, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  g_print ("%s\n", text);
}

static void
examined_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Visit *visit = user_data;

  visit->checks = rud_doctor_examine_finish (result, NULL);
  g_main_loop_quit (visit->loop);
}

GPtrArray *
ruc_checks_examine (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Visit visit = { loop, NULL };

  rud_doctor_examine_async (NULL, examined_cb, &visit);
  g_main_loop_run (loop);

  return visit.checks;
}
