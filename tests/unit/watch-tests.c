/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "watch-tests.h"

#include <string.h>

/* What was warned of since the test began. */
static GString *warnings;

static GLogWriterOutput
keep_warning (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         user_data)
{
  if (level != G_LOG_LEVEL_WARNING)
    return level > G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED :
           g_log_writer_default (level, fields, n_fields, user_data);

  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        g_string_append_printf (warnings, "%s\n", (const char *) fields[i].value);
    }

  return G_LOG_WRITER_HANDLED;
}

void
watch_tests_init (int    *argc,
                  char ***argv)
{
  g_test_init (argc, argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  warnings = g_string_new (NULL);
  g_log_set_writer_func (keep_warning, NULL, NULL);
}

int
watch_tests_run (void)
{
  int status = g_test_run ();

  g_string_free (warnings, TRUE);

  return status;
}

static void
set_up (WatchFixture  *self,
        gconstpointer  data)
{
  watch_fixture_init (self);
  self->options.logger = runtime_use_logger_new (NULL);
  g_string_truncate (warnings, 0);
}

static void
tear_down (WatchFixture  *self,
           gconstpointer  data)
{
  watch_fixture_clear (self);
  g_clear_object (&self->options.logger);
}

void
watch_tests_add (const char    *name,
                 gconstpointer  data,
                 void        (* func) (WatchFixture  *self,
                                       gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/folder-watch/", name, NULL);

  g_test_add (path, WatchFixture, data, set_up, func, tear_down);
}

const char *
watch_tests_get_warnings (void)
{
  return warnings->str;
}

void
watch_tests_assert_warned_once (const char *what)
{
  const char *found = strstr (warnings->str, what);

  if (found == NULL || strstr (found + 1, what) != NULL)
    g_error ("Not warned exactly once of '%s', but: %s", what, warnings->str);
}
