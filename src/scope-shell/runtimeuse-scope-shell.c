/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a command as /bin/sh does, but in a scope of systemd: asks for one by systemd-run, which
 * goes on as this program again, and that as the shell. The process stays the same all the time,
 * so whoever owns it can end it as any other.
 *
 *   runtimeuse-scope-shell (--user | --system) --systemd-run=PROGRAM [--runtime-dir=FOLDER]
 *                          [--bus=ADDRESS] [--property=NAME=VALUE]... -c COMMAND
 *
 * Command and variables travel past systemd-run, in memory that only the descriptor names. So
 * no variable of the command has a say in which manager is asked or what is loaded, and nothing of
 * the command is written to the journal.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define RESUME "--resume"

/* As shells say it. */
#define EXIT_CANNOT 126

/* Properties, and all else that systemd-run is told. */
#define MAX_PROPERTIES 32
#define MAX_ARGUMENTS (MAX_PROPERTIES + 20)
#define MAX_VARIABLES 4

typedef struct
{
  const char *manager;
  const char *program;
  const char *runtime_dir;
  const char *bus;
  const char *command;
  char       *properties[MAX_PROPERTIES];
  int         n_properties;
} Options;

static void __attribute__ ((noreturn))
fail (const char *what,
      int         error)
{
  fprintf (stderr, "runtimeuse-scope-shell: %s%s%s\n", what, error != 0 ? ": " : "",
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

static bool
read_option (Options *options,
             char    *argument)
{
  const char *value;

  if (strcmp (argument, "--user") == 0 || strcmp (argument, "--system") == 0)
    options->manager = argument;
  else if ((value = get_value (argument, "--systemd-run=")) != NULL)
    options->program = value;
  else if ((value = get_value (argument, "--runtime-dir=")) != NULL)
    options->runtime_dir = value;
  else if ((value = get_value (argument, "--bus=")) != NULL)
    options->bus = value;
  else if (get_value (argument, "--property=") != NULL && options->n_properties < MAX_PROPERTIES)
    options->properties[options->n_properties++] = argument;
  else
    return false;

  return true;
}

static void
read_options (Options  *options,
              int       argc,
              char    **argv)
{
  int i = 1;

  while (i < argc && strcmp (argv[i], "-c") != 0)
    {
      if (!read_option (options, argv[i]))
        fail (argv[i], EINVAL);
      i++;
    }

  if (i + 2 != argc || options->manager == NULL || options->program == NULL)
    fail ("usage: (--user | --system) --systemd-run=PROGRAM [OPTION]... -c COMMAND", 0);
  options->command = argv[i + 1];
}

static void
put_string (FILE       *file,
            const char *string)
{
  /* A short write shows when the file is flushed. */
  fwrite (string, 1, strlen (string) + 1, file);
}

/* Returns a descriptor that is inherited. */
static int
store (const char *command)
{
  int fd = memfd_create ("runtimeuse-scope-shell", 0);
  int copy = fd >= 0 ? dup (fd) : -1;
  FILE *file = copy >= 0 ? fdopen (copy, "w") : NULL;

  if (file == NULL)
    fail ("cannot keep the command", errno);

  put_string (file, command);
  for (char **variable = environ; *variable != NULL; variable++)
    put_string (file, *variable);
  if (fclose (file) != 0)
    fail ("cannot keep the command", errno);

  return fd;
}

/* Only what it takes to find the manager. */
static void
set_environment (const Options *options,
                 char         **variables)
{
  static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  int n = 0;

  variables[n++] = path;
  if (options->runtime_dir != NULL &&
      asprintf (&variables[n++], "XDG_RUNTIME_DIR=%s", options->runtime_dir) < 0)
    fail ("cannot ask for a scope", ENOMEM);
  if (options->bus != NULL &&
      asprintf (&variables[n++], "DBUS_SESSION_BUS_ADDRESS=%s", options->bus) < 0)
    fail ("cannot ask for a scope", ENOMEM);
  variables[n] = NULL;
}

/* Of this command alone: numbers of processes come again while something of the first is left. */
static char *
make_unit_option (void)
{
  struct timespec time;
  char *option;

  clock_gettime (CLOCK_MONOTONIC, &time);
  if (asprintf (&option, "--unit=runtimeuse-%ld-%lx.scope", (long) getpid (),
                (unsigned long) time.tv_sec * 1000000000UL + (unsigned long) time.tv_nsec) < 0)
    fail ("cannot ask for a scope", ENOMEM);

  return option;
}

static char *
find_self (void)
{
  char *path = realpath ("/proc/self/exe", NULL);

  if (path == NULL)
    fail ("cannot find this program in /proc", errno);

  return path;
}

static void __attribute__ ((noreturn))
ask (Options *options)
{
  static const char * const fixed[] = {
    "--scope",
    "--quiet",
    "--collect",
    "--no-ask-password",
    "--slice=app-runtimeuse.slice",
    "--description=Command of runtimeuse",
    "--property=CPUAccounting=yes",
    "--property=MemoryAccounting=yes",
    "--property=TasksAccounting=yes",
  };
  const int n_fixed = (int) (sizeof fixed / sizeof fixed[0]);
  char *argv[MAX_ARGUMENTS];
  char *variables[MAX_VARIABLES];
  char number[16];
  int n = 0;

  argv[n++] = (char *) options->program;
  argv[n++] = (char *) options->manager;
  for (int i = 0; i < n_fixed; i++)
    argv[n++] = (char *) fixed[i];
  argv[n++] = make_unit_option ();
  for (int i = 0; i < options->n_properties; i++)
    argv[n++] = options->properties[i];
  snprintf (number, sizeof number, "%d", store (options->command));
  argv[n++] = (char *) "--";
  argv[n++] = find_self ();
  argv[n++] = (char *) RESUME;
  argv[n++] = number;
  argv[n] = NULL;

  set_environment (options, variables);
  execve (options->program, argv, variables);
  fail (options->program, errno);
}

static char **
split (char   *strings,
       size_t  size)
{
  char **list;
  size_t n = 0;

  for (size_t i = 0; i < size; i++)
    n += strings[i] == '\0';
  list = calloc (n + 1, sizeof (char *));
  if (list == NULL)
    fail ("cannot start " SHELL, ENOMEM);

  for (size_t i = 0; i < n; i++)
    {
      list[i] = strings;
      strings += strlen (strings) + 1;
    }

  return list;
}

/* Inside the scope. */
static void __attribute__ ((noreturn))
resume (int fd)
{
  char *argv[] = { (char *) "sh", (char *) "-c", NULL, NULL };
  struct stat status;
  char *strings;
  char **list;

  if (fstat (fd, &status) != 0 || status.st_size == 0)
    fail ("the command got lost", EBADF);
  strings = mmap (NULL, (size_t) status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (strings == MAP_FAILED)
    fail ("the command got lost", errno);
  close (fd);

  list = split (strings, (size_t) status.st_size);
  argv[2] = list[0];
  execve (SHELL, argv, list + 1);
  fail (SHELL, errno);
}

int
main (int    argc,
      char **argv)
{
  Options options = { 0 };

  if (argc == 3 && strcmp (argv[1], RESUME) == 0)
    resume ((int) strtol (argv[2], NULL, 10));

  read_options (&options, argc, argv);
  ask (&options);
}
