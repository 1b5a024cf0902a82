/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-logger.h"

#include <string.h>

/* What the last line was; a log writer can be set only once in a process. */
static struct
{
  GLogLevelFlags  level;
  char           *message;
  char           *priority;
  char           *domain;
} last;

static void
clear_last (void)
{
  last.level = 0;
  g_clear_pointer (&last.message, g_free);
  g_clear_pointer (&last.priority, g_free);
  g_clear_pointer (&last.domain, g_free);
}

static GLogWriterOutput
keep_line (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  gsize i;

  clear_last ();
  last.level = level;
  for (i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        last.message = g_strdup (fields[i].value);
      else if (strcmp (fields[i].key, "PRIORITY") == 0)
        last.priority = g_strdup (fields[i].value);
      else if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
        last.domain = g_strdup (fields[i].value);
    }

  return G_LOG_WRITER_HANDLED;
}

static void
assert_last (GLogLevelFlags  level,
             const char     *priority,
             const char     *message)
{
  g_assert_cmpuint (last.level, ==, level);
  g_assert_cmpstr (last.priority, ==, priority);
  g_assert_cmpstr (last.domain, ==, "RuntimeUse");
  g_assert_cmpstr (last.message, ==, message);
  clear_last ();
}

static void
test_logger_levels (void)
{
  g_autoptr(RuntimeUseLogger) logger = runtime_use_logger_new ("me");

  g_test_summary ("An error is a warning to GLib and an error to the journal");

  runtime_use_logger_debug (logger, "a");
  assert_last (G_LOG_LEVEL_DEBUG, "7", "[me] a");
  runtime_use_logger_info (logger, "b");
  assert_last (G_LOG_LEVEL_INFO, "6", "[me] b");
  runtime_use_logger_warning (logger, "c");
  assert_last (G_LOG_LEVEL_WARNING, "4", "[me] c");
  runtime_use_logger_error (logger, "d %s");
  assert_last (G_LOG_LEVEL_WARNING, "3", "[me] d %s");
}

static void
test_logger_source_id (void)
{
  g_autofree char *many = g_strnfill (255, 'x');
  g_autofree char *too_many = g_strconcat (many, "é", NULL);
  g_autoptr(RuntimeUseLogger) nameless = runtime_use_logger_new (NULL);
  g_autoptr(RuntimeUseLogger) shortened = runtime_use_logger_new (too_many);
  g_autoptr(RuntimeUseLogger) forged = runtime_use_logger_new ("a]\n\x1b[31m\x7f\u202e\u00e9");

  g_test_summary ("A source id may be missing, is cut between characters and stays on its line");

  g_assert_null (runtime_use_logger_get_source_id (nameless));
  runtime_use_logger_info (nameless, "a");
  assert_last (G_LOG_LEVEL_INFO, "6", "a");

  g_assert_cmpstr (runtime_use_logger_get_source_id (shortened), ==, many);
  g_assert_cmpstr (runtime_use_logger_get_source_id (forged), ==, "a]??[31m??\u00e9");
}

static void
test_logger_redactor (void)
{
  static const char * const secrets[] = { "key", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(RuntimeUseLogger) logger = runtime_use_logger_new ("a key");

  g_test_summary ("Secrets show neither in the text nor in the source id");

  runtime_use_logger_set_redactor (logger, redactor);
  g_assert_true (runtime_use_logger_get_redactor (logger) == redactor);
  runtime_use_logger_warning (logger, "keys");
  assert_last (G_LOG_LEVEL_WARNING, "4", "[a [REDACTED]] [REDACTED]s");

  runtime_use_logger_set_redactor (logger, NULL);
  runtime_use_logger_warning (logger, "keys");
  assert_last (G_LOG_LEVEL_WARNING, "4", "[a key] keys");
}

int
main (int   argc,
      char *argv[])
{
  int status;

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/logger/levels", test_logger_levels);
  g_test_add_func ("/logger/source-id", test_logger_source_id);
  g_test_add_func ("/logger/redactor", test_logger_redactor);

  g_log_set_writer_func (keep_line, NULL, NULL);
  status = g_test_run ();
  clear_last ();

  return status;
}
