/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "command-fixture.h"

static void
test_command_handler_status (CommandFixture *fixture,
                             gconstpointer   test_data)
{
  const struct
  {
    const char *command;
    int         status;
  } cases[] = {
    { "true", 0 },
    { "exit 3", 3 },
    { "exit 255", 255 },
    { "/does/not/exist", 127 },
    { "/etc/passwd", 126 },
    { "kill -KILL $$", -1 },
    { "kill -TERM $$", -1 },
    { "sh -c 'kill -TERM $$'; exit $?", 143 },
    { "-x", 127 },
    { "+x", 127 },
  };

  g_test_summary ("The status is the shell's, and -1 if a signal ended the shell");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (command_fixture_run (fixture, cases[i].command, &error), ==,
                       cases[i].status);
      g_assert_no_error (error);
      g_assert_false (runtime_use_command_handler_has_leftovers (fixture->handler));
      command_fixture_drop (fixture);
    }
}

static void
test_command_handler_output (CommandFixture *fixture,
                             gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is printed arrives on its stream before the command is finished");

  g_assert_cmpint (command_fixture_run (fixture, "echo out; echo err >&2; echo more", &error),
                   ==, 0);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "out\nmore\n");
  g_assert_cmpstr (fixture->output[1]->str, ==, "err\n");
}

#define ADD(path, func) \
  g_test_add ("/command-handler/" path, CommandFixture, NULL, \
              command_fixture_set_up, func, command_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  ADD ("status", test_command_handler_status);
  ADD ("output", test_command_handler_output);

  return g_test_run ();
}
