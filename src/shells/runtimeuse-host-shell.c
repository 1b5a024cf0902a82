/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a command as /bin/sh does, but outside of the Flatpak that this program is in: becomes
 * flatpak-spawn, which asks the service of Flatpak for it, and passes signals on.
 *
 *   runtimeuse-host-shell --flatpak-spawn=PROGRAM [--runtime-dir=FOLDER] [--bus=ADDRESS]
 *                         -c COMMAND
 *
 * Of the variables only those behind RUNTIMEUSE_HOST_SHELL go with the command: those before it
 * are of the sandbox, and wrong outside. They go by a descriptor, so that no value is on a command
 * line. flatpak-spawn itself gets none of them.
 */

#include "config.h"

#include "runtimeuse-shell.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BOUNDARY "RUNTIMEUSE_HOST_SHELL="

/* By these a command that is spoken to is reached; others have nothing there. */
#define FIRST_CHANNEL 3
#define LAST_CHANNEL 4

/* The end of a pipe that the command's guard reads; shells know numbers of one digit only. */
#define LEASH 7
#define LEASH_REDIRECTION "7<&-"

/* Signals are passed on, but that of SIGKILL, which ends flatpak-spawn alone, is for the service
 * of Flatpak to notice, which asks the command to end with a signal that it may ignore. So a guard
 * waits in the command's process group for the end of the pipe, which is in flatpak-spawn alone.
 * It is nobody's child, so that nobody waits for it.
 */
static const char guarded[] =
  "((trap '' HUP INT TERM; read x <&7; kill -KILL -$$) >/dev/null 2>&1 &); "
  "exec /bin/sh -c \"$1\" " LEASH_REDIRECTION;

#define MAX_ARGUMENTS 24

const char shell_name[] = "runtimeuse-host-shell";

static bool
read_option (ShellOptions *options,
             char         *argument)
{
  const char *value = shell_get_value (argument, "--flatpak-spawn=");

  if (value != NULL)
    options->program = value;

  return value != NULL;
}

/* The library puts the variables of a command behind those that all commands get, and of the latter
 * the boundary is the last. */
static char **
find_own_variables (void)
{
  for (char **variable = environ; *variable != NULL; variable++)
    if (shell_get_value (*variable, BOUNDARY) != NULL)
      return variable + 1;

  shell_fail ("RUNTIMEUSE_HOST_SHELL is not set: this program is for the runtime to start", 0);
}

/* The other end has no number that anybody knows, and goes with this process. */
static void
make_leash (void)
{
  int ends[2];
  int kept;

  if (pipe (ends) != 0)
    shell_fail ("cannot make a pipe", errno);

  kept = fcntl (ends[1], F_DUPFD, LEASH + 1);
  close (ends[1]);
  if (kept < 0 || (ends[0] != LEASH && dup2 (ends[0], LEASH) < 0))
    shell_fail ("cannot make a pipe", errno);
  if (ends[0] != LEASH)
    close (ends[0]);
}

static void
set_arguments (const ShellOptions  *options,
               char               **argv)
{
  char *directory = getcwd (NULL, 0);
  int n = 0;

  if (directory == NULL)
    shell_fail ("cannot tell the working directory", errno);

  argv[n++] = (char *) options->program;
  argv[n++] = (char *) "--host";
  argv[n++] = (char *) "--watch-bus";
  argv[n++] = shell_format ("--directory=", directory);
  for (int fd = FIRST_CHANNEL; fd <= LAST_CHANNEL; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      argv[n++] = shell_format_number ("--forward-fd=", fd);
  /* Above the numbers that have a meaning. */
  argv[n++] = shell_format_number ("--env-fd=",
                                   shell_store (LEASH + 1, NULL, find_own_variables ()));
  make_leash ();
  argv[n++] = shell_format_number ("--forward-fd=", LEASH);
  argv[n++] = (char *) "/bin/sh";
  argv[n++] = (char *) "-c";
  argv[n++] = (char *) guarded;
  argv[n++] = (char *) "sh";
  argv[n++] = (char *) options->command;
  argv[n] = NULL;
}

int
main (int    argc,
      char **argv)
{
  ShellOptions options = { 0 };
  char *arguments[MAX_ARGUMENTS];
  char *variables[SHELL_MAX_VARIABLES];

  shell_read_options (&options, read_option,
                      "usage: --flatpak-spawn=PROGRAM [OPTION]... -c COMMAND", argc, argv);
  set_arguments (&options, arguments);
  shell_make_environment (&options, variables);
  execve (options.program, arguments, variables);
  shell_fail (options.program, errno);
}
