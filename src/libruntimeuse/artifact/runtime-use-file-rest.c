/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-rest-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

/* Asks whether anybody, in any process, has the file open for writing. @fd is open for reading and
 * belongs to the caller alone; @status becomes that of the very moment of a YES.
 *
 * Who opens the file for writing in that moment waits until it is over, and we are sent a signal.
 * Unless told otherwise that is SIGIO, which ends a process; SIGURG is ignored by default. */
RuntimeUseFileRest
_runtime_use_file_rest_ask (int          fd,
                            struct stat *status)
{
  RuntimeUseFileRest rest = RUNTIME_USE_FILE_REST_UNKNOWN;
  int error;

  if (fcntl (fd, F_SETSIG, SIGURG) == 0)
    {
      if (fcntl (fd, F_SETLEASE, F_RDLCK) == 0)
        {
          error = fstat (fd, status) == 0 ? 0 : errno;
          fcntl (fd, F_SETLEASE, F_UNLCK);
          return error == 0 ? RUNTIME_USE_FILE_REST_YES : RUNTIME_USE_FILE_REST_UNKNOWN;
        }
      if (errno == EAGAIN)
        rest = RUNTIME_USE_FILE_REST_NO;
    }

  return fstat (fd, status) == 0 ? rest : RUNTIME_USE_FILE_REST_UNKNOWN;
}
