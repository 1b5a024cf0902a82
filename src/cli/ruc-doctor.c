/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-doctor.h"

#include "ruc-options.h"
#include "rud-doctor.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>

typedef struct
{
  GMainLoop *loop;
  GPtrArray *checks;   /* (nullable): not known yet */
} Visit;

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse doctor [OPTION…]\n"
             "\n"
             "Shows what this machine offers to the runtime, what is missing, and how to get it.\n"
             "\n"
             "  --json                show it as one JSON object\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 if the runtime can serve, 1 if something essential is missing.\n"));
}

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

static void
print_text (GPtrArray *checks)
{
  const char *words[] = { _("ok"), _("limited"), _("missing"), NULL };
  int width = find_width (words);

  for (guint i = 0; i < checks->len; i++)
    print_check (g_ptr_array_index (checks, i), width);

  g_print ("\n%s\n", rud_doctor_can_serve (checks)
                     ? _("The runtime can serve.")
                     : _("The runtime cannot serve: see what is missing above."));
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

static void
print_json (GPtrArray *checks)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  add_member (builder, "version", PACKAGE_VERSION);
  json_builder_set_member_name (builder, "can_serve");
  json_builder_add_boolean_value (builder, rud_doctor_can_serve (checks));
  json_builder_set_member_name (builder, "checks");
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

int
ruc_doctor (int    argc,
            char **argv)
{
  gboolean as_json = FALSE;
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GMainLoop) loop = NULL;
  g_autoptr(GPtrArray) checks = NULL;
  Visit visit = { NULL, NULL };

  if (!ruc_options_parse ("doctor", entries, argc, argv, FALSE))
    return RUC_EXIT_USAGE;
  if (help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }

  loop = g_main_loop_new (NULL, FALSE);
  visit.loop = loop;
  rud_doctor_examine_async (NULL, examined_cb, &visit);
  g_main_loop_run (loop);

  checks = visit.checks;
  if (as_json)
    print_json (checks);
  else
    print_text (checks);

  return rud_doctor_can_serve (checks) ? EXIT_SUCCESS : RUC_EXIT_FAILED;
}
