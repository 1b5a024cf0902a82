/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-session-json.h"

#include <json-glib/json-glib.h>

static void
add_field (JsonBuilder      *builder,
           const RucSession *session,
           RucSessionField   field)
{
  gboolean is_text = ruc_session_fields[field].type == RUC_SESSION_TEXT;
  const char *text = is_text ? ruc_session_get_text (session, field) : NULL;
  guint64 number = is_text ? 0 : ruc_session_get_number (session, field);
  gboolean is_time = ruc_session_fields[field].type == RUC_SESSION_TIME;

  if (field == RUC_SESSION_ID)
    text = ruc_session_get_id (session);

  json_builder_set_member_name (builder, ruc_session_fields[field].member);
  if (is_text ? text[0] == '\0' : is_time && number == 0)
    json_builder_add_null_value (builder);
  else if (is_text)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_int_value (builder, (gint64) MIN (number, G_MAXINT64));
}

static void
add_session (JsonBuilder      *builder,
             const RucSession *session)
{
  json_builder_begin_object (builder);
  for (guint i = 0; i < RUC_SESSION_N_FIELDS; i++)
    add_field (builder, session, i);
  json_builder_end_object (builder);
}

/* Nothing in it is obeyed by a terminal, should it go to one: what cannot be shown is escaped. */
static char *
dup_line (JsonBuilder *builder)
{
  g_autoptr(JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, FALSE);
  g_autoptr(GString) line = g_string_new (NULL);

  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      if (g_unichar_isprint (character))
        g_string_append_unichar (line, character);
      else if (character > 0xffff)
        g_string_append_printf (line, "\\u%04x\\u%04x",
                                0xd800 + ((character - 0x10000) >> 10),
                                0xdc00 + ((character - 0x10000) & 0x3ff));
      else
        g_string_append_printf (line, "\\u%04x", character);
    }
  g_string_append_c (line, '\n');

  return g_string_free (g_steal_pointer (&line), FALSE);
}

char *
ruc_session_json_dup (const RucSession *session)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  add_session (builder, session);

  return dup_line (builder);
}

char *
ruc_session_json_dup_list (GPtrArray *sessions)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "sessions");
  json_builder_begin_array (builder);
  for (guint i = 0; i < sessions->len; i++)
    add_session (builder, g_ptr_array_index (sessions, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  return dup_line (builder);
}

char *
ruc_session_json_dup_event (const char       *event,
                            const RucSession *session,
                            gboolean          running)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, event);
  if (session != NULL)
    {
      json_builder_set_member_name (builder, "session");
      add_session (builder, session);
    }
  else
    {
      json_builder_set_member_name (builder, "running");
      json_builder_add_boolean_value (builder, running);
    }
  json_builder_end_object (builder);

  return dup_line (builder);
}
