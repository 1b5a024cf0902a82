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

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BOUNDARY "RUNTIMEUSE_HOST_SHELL="

/* As shells say it. */
#define EXIT_CANNOT 126

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
#define MAX_VARIABLES 4

typedef struct
{
  const char *program;
  const char *runtime_dir;
  const char *bus;
  const char *command;
} Options;

static void __attribute__ ((noreturn))
fail (const char *what,
      int         error)
{
  fprintf (stderr, "runtimeuse-host-shell: %s%s%s\n", what, error != 0 ? ": " : "",
           error != 0 ? strerror (error) : "");
  exit (EXIT_CANNOT);
}

static const char *
get_value (const char *argument,
           const char *name)
{
  size_t length = strlen (name);

  return strncmp (argument, name, length) == 0 ? argument + length : NULL;
}

static void
read_options (Options  *options,
              int       argc,
              char    **argv)
{
  const char *value;
  int i = 1;

  for (; i < argc && strcmp (argv[i], "-c") != 0; i++)
    if ((value = get_value (argv[i], "--flatpak-spawn=")) != NULL)
      options->program = value;
    else if ((value = get_value (argv[i], "--runtime-dir=")) != NULL)
      options->runtime_dir = value;
    else if ((value = get_value (argv[i], "--bus=")) != NULL)
      options->bus = value;
    else
      fail (argv[i], EINVAL);

  if (i + 2 != argc || options->program == NULL)
    fail ("usage: --flatpak-spawn=PROGRAM [OPTION]... -c COMMAND", 0);
  options->command = argv[i + 1];
}

/* The library puts the variables of a command behind those that all commands get, and of the latter
 * the boundary is the last. */
static char **
find_own_variables (void)
{
  for (char **variable = environ; *variable != NULL; variable++)
    if (get_value (*variable, BOUNDARY) != NULL)
      return variable + 1;

  fail ("RUNTIMEUSE_HOST_SHELL is not set: this program is for the runtime to start", 0);
}

static FILE *
make_file (int *fd)
{
  int copy;

  /* Above the numbers that have a meaning. */
  *fd = memfd_create ("runtimeuse-host-shell", 0);
  copy = *fd >= 0 ? fcntl (*fd, F_DUPFD, LEASH + 1) : -1;
  if (copy < 0)
    fail ("cannot keep the variables", errno);

  close (*fd);
  *fd = copy;

  return fdopen (fcntl (copy, F_DUPFD_CLOEXEC, LEASH + 1), "w");
}

/* Returns a descriptor at its beginning that is inherited. */
static int
store_variables (void)
{
  int fd;
  FILE *file = make_file (&fd);

  if (file == NULL)
    fail ("cannot keep the variables", errno);

  for (char **variable = find_own_variables (); *variable != NULL; variable++)
    fwrite (*variable, 1, strlen (*variable) + 1, file);
  if (fclose (file) != 0 || lseek (fd, 0, SEEK_SET) != 0)
    fail ("cannot keep the variables", errno);

  return fd;
}

/* The other end has no number that anybody knows, and goes with this process. */
static void
make_leash (void)
{
  int ends[2];
  int kept;

  if (pipe (ends) != 0)
    fail ("cannot make a pipe", errno);

  kept = fcntl (ends[1], F_DUPFD, LEASH + 1);
  close (ends[1]);
  if (kept < 0 || (ends[0] != LEASH && dup2 (ends[0], LEASH) < 0))
    fail ("cannot make a pipe", errno);
  if (ends[0] != LEASH)
    close (ends[0]);
}

static char *
format (const char *name,
        const char *value)
{
  char *text;

  if (asprintf (&text, "%s%s", name, value) < 0)
    fail ("cannot ask for the command", ENOMEM);

  return text;
}

static char *
format_number (const char *name,
               int         number)
{
  char digits[16];

  snprintf (digits, sizeof digits, "%d", number);

  return format (name, digits);
}

static void
set_arguments (const Options *options,
               char         **argv)
{
  char *directory = getcwd (NULL, 0);
  int n = 0;

  if (directory == NULL)
    fail ("cannot tell the working directory", errno);

  argv[n++] = (char *) options->program;
  argv[n++] = (char *) "--host";
  argv[n++] = (char *) "--watch-bus";
  argv[n++] = format ("--directory=", directory);
  for (int fd = FIRST_CHANNEL; fd <= LAST_CHANNEL; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      argv[n++] = format_number ("--forward-fd=", fd);
  argv[n++] = format_number ("--env-fd=", store_variables ());
  make_leash ();
  argv[n++] = format_number ("--forward-fd=", LEASH);
  argv[n++] = (char *) "/bin/sh";
  argv[n++] = (char *) "-c";
  argv[n++] = (char *) guarded;
  argv[n++] = (char *) "sh";
  argv[n++] = (char *) options->command;
  argv[n] = NULL;
}

/* Only what it takes to find the bus. */
static void
set_environment (const Options *options,
                 char         **variables)
{
  int n = 0;

  if (options->runtime_dir != NULL)
    variables[n++] = format ("XDG_RUNTIME_DIR=", options->runtime_dir);
  if (options->bus != NULL)
    variables[n++] = format ("DBUS_SESSION_BUS_ADDRESS=", options->bus);
  variables[n] = NULL;
}

int
main (int    argc,
      char **argv)
{
  Options options = { 0 };
  char *arguments[MAX_ARGUMENTS];
  char *variables[MAX_VARIABLES];

  read_options (&options, argc, argv);
  set_arguments (&options, arguments);
  set_environment (&options, variables);
  execve (options.program, arguments, variables);
  fail (options.program, errno);
}
