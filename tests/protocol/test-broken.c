/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtimeuse.h"

#include "corpus.h"
#include "runtime-use-message-private.h"

/* What must be said about each file of the folder is in expected.txt: its name, the error code, the
 * type of message or “-”, and the text. The first line is not one of these. */

static const char *
nick_of (int code)
{
  g_autoptr(GEnumClass) codes = g_type_class_ref (RUNTIME_USE_TYPE_ERROR);

  return g_enum_get_value (codes, code)->value_nick;
}

static void
test_broken_refused (gconstpointer test_data)
{
  const char *line = test_data;
  g_auto(GStrv) columns = g_strsplit (line, " | ", 4);
  g_autoptr(GBytes) json = corpus_load ("broken", columns[0], ".json");
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autofree char *message_type = NULL;
  g_autofree char *actual = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (json);
  message = _runtime_use_message_parse (json, &message_type, &error);
  g_assert_null (message);
  g_assert_nonnull (error);
  g_assert_true (error->domain == RUNTIME_USE_ERROR);

  actual = g_strdup_printf ("%s | %s | %s | %s",
                            columns[0],
                            nick_of (error->code),
                            message_type != NULL ? message_type : "-",
                            error->message);
  g_assert_cmpstr (actual, ==, line);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static GBytes *
make_nested (gsize levels)
{
  g_autofree char *opening = g_strnfill (levels, '[');
  g_autofree char *closing = g_strnfill (levels, ']');
  char *json = g_strconcat ("{\"message_type\":\"invocation_message\",\"agent_env\":",
                            opening, closing, "}", NULL);

  return g_bytes_new_take (json, strlen (json));
}

static void
test_broken_nested (void)
{
  g_autoptr(GBytes) json = make_nested (100000);
  g_autoptr(GError) error = NULL;

  g_test_summary ("100,000 nested arrays are refused");

  g_assert_null (runtime_use_message_new_from_bytes (json, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
}

/* A message of @size bytes that is mostly one command. */
static GBytes *
make_large (gsize size)
{
  static const char before[] =
    "{\"message_type\":\"command_execution_message\",\"commands\":[{\"command\":\"";
  static const char after[] = "\"}]}";
  char *json = g_malloc (size);

  memset (json, 'x', size);
  memcpy (json, before, sizeof (before) - 1);
  memcpy (json + size - (sizeof (after) - 1), after, sizeof (after) - 1);

  return g_bytes_new_take (json, size);
}

static void
test_broken_large (void)
{
  const gsize limit = 100 * 1024 * 1024;
  g_autoptr(GBytes) command = make_large (1024 * 1024);
  g_autoptr(GBytes) most = make_large (limit);
  g_autoptr(GBytes) too_much = make_large (limit + 1);
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autoptr(RuntimeUseMessage) large_message = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A large message is read up to the limit, a long command is the shell's matter");

  message = runtime_use_message_new_from_bytes (command, &error);
  g_assert_no_error (error);
  large_message = runtime_use_message_new_from_bytes (most, &error);
  g_assert_no_error (error);

  g_assert_null (runtime_use_message_new_from_bytes (too_much, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
  g_assert_cmpstr (error->message, ==, "The message has more than 104857600 bytes");
}

static void
test_broken_complete (gconstpointer test_data)
{
  const char * const *lines = test_data;
  g_auto(GStrv) names = corpus_list ("broken", ".json");

  g_test_summary ("Every file has an expectation");

  g_assert_cmpint (g_strv_length (names), ==, g_strv_length ((char **) lines) - 1);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GBytes) expected = NULL;
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  expected = corpus_load ("broken", "expected", ".txt");
  text = g_strndup (g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 1; lines[i] != NULL; i++)
    {
      g_autofree char *name = g_strndup (lines[i], strcspn (lines[i], " "));
      g_autofree char *path = g_strconcat ("/broken/refused/", name, NULL);

      g_test_add_data_func (path, lines[i], test_broken_refused);
    }
  g_test_add_data_func ("/broken/complete", lines, test_broken_complete);
  g_test_add_func ("/broken/nested", test_broken_nested);
  g_test_add_func ("/broken/large", test_broken_large);

  return g_test_run ();
}
