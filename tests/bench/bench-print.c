/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Prints BYTES of something like a log, from memory, so that the reader of the
 * pipe is the only one who has work.
 */

#define BLOCK_SIZE (64 * 1024)
#define LINE_SIZE 256

static size_t
print_line (char     *line,
            unsigned  state)
{
  unsigned seconds = state >> 8 & 31;
  unsigned number = state >> 20 & 511;
  const char *day = "2026-03-04T10:15:";

  switch (state >> 16 & 3)
    {
    case 0:
      return (size_t) snprintf (line, LINE_SIZE,
                                "%s%02u INFO  worker-%u: fetched object %08x in %u ms\n",
                                day, seconds, number, state, seconds);
    case 1:
      return (size_t) snprintf (line, LINE_SIZE,
                                "%s%02u DEBUG cache-%u: lookup of \"/srv/data/%08x\" hit\n",
                                day, seconds, number, state);
    case 2:
      return (size_t) snprintf (line, LINE_SIZE,
                                "%s%02u WARN  pool-%u: connection %08x was idle, closing it\n",
                                day, seconds, number, state);
    default:
      return (size_t) snprintf (line, LINE_SIZE,
                                "%s%02u INFO  größe-%u: Datei %08x gespeichert, %u Blöcke ✓\n",
                                day, seconds, number, state, seconds);
    }
}

static void
fill_block (char *block)
{
  size_t length = 0;
  unsigned state = 1;

  while (BLOCK_SIZE - length > LINE_SIZE)
    {
      state = state * 1103515245 + 12345;
      length += print_line (block + length, state);
    }
  memset (block + length, '.', BLOCK_SIZE - length - 1);
  block[BLOCK_SIZE - 1] = '\n';
}

int
main (int    argc,
      char **argv)
{
  static char block[BLOCK_SIZE];
  long long left = argc > 1 ? strtoll (argv[1], NULL, 10) : BLOCK_SIZE;
  size_t offset = 0;

  fill_block (block);
  while (left > 0)
    {
      size_t size = BLOCK_SIZE - offset;
      ssize_t written = write (STDOUT_FILENO, block + offset,
                               left < (long long) size ? (size_t) left : size);

      if (written < 0)
        return 1;
      left -= written;
      offset = (offset + (size_t) written) % BLOCK_SIZE;
    }

  return 0;
}
