/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Does what it can to outlive the command that started it: leaves parent, group and session,
 * ignores signals, clears its environment, and forks on without a pause so that no list of
 * processes is ever complete. All its processes hold descriptor 5, whose end of file therefore
 * says that none is left. It gives up by itself after a while, for the case that it wins. */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIFETIME 20
#define DESCRIPTOR 5

static void
leave (void)
{
  if (fork () != 0)
    _exit (0);
  setsid ();
}

/* A process that only waits, in a session of its own. */
static void
start_waiting (void)
{
  if (fork () != 0)
    return;

  setsid ();
  alarm (LIFETIME);
  for (;;)
    pause ();
}

static void
run_away (time_t end)
{
  while (time (NULL) < end)
    leave ();
  _exit (0);
}

static void
run (void)
{
  time_t end = time (NULL) + LIFETIME;
  ssize_t n;

  for (int i = 0; i < 3; i++)
    start_waiting ();
  n = write (DESCRIPTOR, "!", 1);
  if (n == 1)
    run_away (end);
}

int
main (int   argc,
      char *argv[])
{
  char name[] = "escape-artist";
  char mode[] = "run";
  char *run_argv[] = { name, mode, NULL };
  char *run_environ[] = { NULL };

  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  if (argc > 1 && strcmp (argv[1], mode) == 0)
    {
      run ();
      return 1;
    }

  leave ();
  leave ();
  execve ("/proc/self/exe", run_argv, run_environ);

  return 1;
}
