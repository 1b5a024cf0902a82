/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>

/* What the programs have in common that take the place of /bin/sh: each becomes another program,
 * which it tells what to do by arguments, and hands a command or its variables past it.
 */

typedef struct
{
  const char *program;       /* (nullable): to become */
  const char *runtime_dir;   /* (nullable) */
  const char *bus;           /* (nullable): address of that of the session */
  const char *command;
} ShellOptions;

/* Returns whether @argument is an option of the program. */
typedef bool (* ShellOptionFunc) (ShellOptions *options,
                                  char         *argument);

/* What shell_make_environment() may add, and the end. */
#define SHELL_MAX_VARIABLES 3

/* Of the program, which complaints begin with. */
extern const char shell_name[];

void        shell_fail             (const char         *what,
                                    int                 error) __attribute__ ((noreturn));
const char *shell_get_value        (const char         *argument,
                                    const char         *name);
void        shell_read_options     (ShellOptions       *options,
                                    ShellOptionFunc     func,
                                    const char         *usage,
                                    int                 argc,
                                    char              **argv);
int         shell_store            (int                 lowest,
                                    const char         *command,
                                    char              **variables);
char       *shell_format           (const char         *name,
                                    const char         *value);
char       *shell_format_number    (const char         *name,
                                    int                 number);
void        shell_make_environment (const ShellOptions *options,
                                    char              **variables);
