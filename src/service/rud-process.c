/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Keeps other programs of the same user, above all the commands that we run,
 * from reading our memory, environment and descriptors, and keeps the memory out
 * of core dumps. To be called before
 * any secret is read.
 */
void
rud_process_harden (void)
{
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    g_warning ("Cannot protect the memory of this process: %s", g_strerror (errno));

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
