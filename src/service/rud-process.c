/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Not even root is to read in /proc what this process was started with; commands may run as root,
 * above all in containers.
 */
static void
hide_environment (void)
{
  /* For good: what is set or taken away later leaves these behind. */
  static char ** volatile variables;
  static char ** volatile list;
  char **started_with = environ;

  variables = g_get_environ ();
  list = g_memdup2 (variables, (g_strv_length (variables) + 1) * sizeof (char *));
  environ = list;
  for (guint i = 0; started_with[i] != NULL; i++)
    explicit_bzero (started_with[i], strlen (started_with[i]));
}

/* Keeps other programs of the same user, above all the commands that we run,
 * from reading our memory, environment and descriptors, and keeps the memory out
 * of core dumps. To be called before any secret is read, and any other thread begins.
 */
void
rud_process_harden (void)
{
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    g_warning ("Cannot protect the memory of this process: %s", g_strerror (errno));
  hide_environment ();

  /* Whoever closes a pipe or socket is noticed by the write that fails, and so is a limit to the
   * size of files. */
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
}

/* Each connection needs descriptors, so take all we may have. The library gives
 * commands the limit that was there when it was loaded.
 */
void
rud_process_raise_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
    return;

  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_info ("Cannot raise the limit of open files: %s", g_strerror (errno));
}
