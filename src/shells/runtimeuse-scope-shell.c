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

#include "runtimeuse-shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define RESUME "--resume"
#define USAGE "usage: (--user | --system) --systemd-run=PROGRAM [OPTION]... -c COMMAND"

/* Properties, and all else that systemd-run is told. */
#define MAX_PROPERTIES 32
#define MAX_ARGUMENTS (MAX_PROPERTIES + 20)

typedef struct
{
  ShellOptions  shell;
  char         *manager;
  char         *properties[MAX_PROPERTIES];
  int           n_properties;
} Options;

const char shell_name[] = "runtimeuse-scope-shell";

static bool
read_option (ShellOptions *shell,
             char         *argument)
{
  /* Its first member. */
  Options *options = (Options *) shell;
  const char *value;

  if (strcmp (argument, "--user") == 0 || strcmp (argument, "--system") == 0)
    options->manager = argument;
  else if ((value = shell_get_value (argument, "--systemd-run=")) != NULL)
    shell->program = value;
  else if (shell_get_value (argument, "--property=") != NULL &&
           options->n_properties < MAX_PROPERTIES)
    options->properties[options->n_properties++] = argument;
  else
    return false;

  return true;
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
    shell_fail ("cannot ask for a scope", ENOMEM);

  return option;
}

static char *
find_self (void)
{
  char *path = realpath ("/proc/self/exe", NULL);

  if (path == NULL)
    shell_fail ("cannot find this program in /proc", errno);

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
  static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const int n_fixed = (int) (sizeof fixed / sizeof fixed[0]);
  char *argv[MAX_ARGUMENTS];
  char *variables[SHELL_MAX_VARIABLES + 1] = { path };
  int n = 0;

  argv[n++] = (char *) options->shell.program;
  argv[n++] = options->manager;
  for (int i = 0; i < n_fixed; i++)
    argv[n++] = (char *) fixed[i];
  argv[n++] = make_unit_option ();
  for (int i = 0; i < options->n_properties; i++)
    argv[n++] = options->properties[i];
  argv[n++] = (char *) "--";
  argv[n++] = find_self ();
  argv[n++] = (char *) RESUME;
  argv[n++] = shell_format_number ("", shell_store (STDERR_FILENO + 1, options->shell.command,
                                                    environ));
  argv[n] = NULL;

  shell_make_environment (&options->shell, variables + 1);
  execve (options->shell.program, argv, variables);
  shell_fail (options->shell.program, errno);
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
    shell_fail ("cannot start " SHELL, ENOMEM);

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
    shell_fail ("the command got lost", EBADF);
  strings = mmap (NULL, (size_t) status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (strings == MAP_FAILED)
    shell_fail ("the command got lost", errno);
  close (fd);

  list = split (strings, (size_t) status.st_size);
  argv[2] = list[0];
  execve (SHELL, argv, list + 1);
  shell_fail (SHELL, errno);
}

int
main (int    argc,
      char **argv)
{
  Options options = { 0 };

  if (argc == 3 && strcmp (argv[1], RESUME) == 0)
    resume ((int) strtol (argv[2], NULL, 10));

  shell_read_options (&options.shell, read_option, USAGE, argc, argv);
  if (options.manager == NULL)
    shell_fail (USAGE, 0);
  ask (&options);
}
