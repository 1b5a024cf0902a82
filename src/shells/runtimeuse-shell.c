/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse-shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As shells say it. */
#define EXIT_CANNOT 126

void
shell_fail (const char *what,
            int         error)
{
  fprintf (stderr, "%s: %s%s%s\n", shell_name, what, error != 0 ? ": " : "",
           error != 0 ? strerror (error) : "");
  exit (EXIT_CANNOT);
}

const char *
shell_get_value (const char *argument,
                 const char *name)
{
  size_t length = strlen (name);

  return strncmp (argument, name, length) == 0 ? argument + length : NULL;
}

static bool
read_option (ShellOptions *options,
             const char   *argument)
{
  const char *value;

  if ((value = shell_get_value (argument, "--runtime-dir=")) != NULL)
    options->runtime_dir = value;
  else if ((value = shell_get_value (argument, "--bus=")) != NULL)
    options->bus = value;
  else
    return false;

  return true;
}

void
shell_read_options (ShellOptions     *options,
                    ShellOptionFunc   func,
                    const char       *usage,
                    int               argc,
                    char            **argv)
{
  int i = 1;

  for (; i < argc && strcmp (argv[i], "-c") != 0; i++)
    if (!read_option (options, argv[i]) && !func (options, argv[i]))
      shell_fail (argv[i], EINVAL);

  if (i + 2 != argc || options->program == NULL)
    shell_fail (usage, 0);
  options->command = argv[i + 1];
}

static FILE *
make_file (int  lowest,
           int *fd)
{
  int first = memfd_create (shell_name, MFD_CLOEXEC);
  FILE *file;

  *fd = first >= 0 ? fcntl (first, F_DUPFD, lowest) : -1;
  file = *fd >= 0 ? fdopen (first, "w") : NULL;
  if (file == NULL)
    shell_fail ("cannot keep the command and its variables", errno);

  return file;
}

static void
put_string (FILE       *file,
            const char *string)
{
  /* A short write shows when the file is flushed. */
  fwrite (string, 1, strlen (string) + 1, file);
}

/* Keeps each string with the NUL at its end in memory that only the descriptor names. @command may
 * be NULL. Returns the descriptor, at the beginning, inherited, and not below @lowest.
 */
int
shell_store (int          lowest,
             const char  *command,
             char       **variables)
{
  int fd;
  FILE *file = make_file (lowest, &fd);

  if (command != NULL)
    put_string (file, command);
  for (char **variable = variables; *variable != NULL; variable++)
    put_string (file, *variable);
  if (fclose (file) != 0 || lseek (fd, 0, SEEK_SET) != 0)
    shell_fail ("cannot keep the command and its variables", errno);

  return fd;
}

char *
shell_format (const char *name,
              const char *value)
{
  char *text;

  if (asprintf (&text, "%s%s", name, value) < 0)
    shell_fail ("cannot ask for the command", ENOMEM);

  return text;
}

char *
shell_format_number (const char *name,
                     int         number)
{
  char digits[16];

  snprintf (digits, sizeof digits, "%d", number);

  return shell_format (name, digits);
}

/* Only what it takes to find who is asked: at most SHELL_MAX_VARIABLES with the end. */
void
shell_make_environment (const ShellOptions  *options,
                        char               **variables)
{
  int n = 0;

  if (options->runtime_dir != NULL)
    variables[n++] = shell_format ("XDG_RUNTIME_DIR=", options->runtime_dir);
  if (options->bus != NULL)
    variables[n++] = shell_format ("DBUS_SESSION_BUS_ADDRESS=", options->bus);
  variables[n] = NULL;
}
