/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse-job-directory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
make_one (const char *path,
          size_t      length)
{
  char part[PATH_MAX];

  memcpy (part, path, length);
  part[length] = '\0';

  return mkdir (part, 0777) == 0 || errno == EEXIST ? 0 : errno;
}

static int
make_all (const char *path,
          size_t      length,
          size_t     *failed_length)
{
  for (size_t i = 1; i <= length; i++)
    {
      int error;

      if (path[i] != '/' && i < length)
        continue;

      error = make_one (path, i);
      /* Something above may be a mount that cannot be written to, with what we want below it. */
      if (error != 0 && i == length)
        {
          *failed_length = i;
          return error;
        }
      if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP)
        {
          *failed_length = i;
          return error;
        }
    }

  return 0;
}

/* Makes @path, with what is missing above it, the working directory of this process. Returns 0 or
 * an error number; @failed_length then says which leading part of @path it is about. */
int
job_directory_enter (const char *path,
                     size_t     *failed_length)
{
  size_t length = strlen (path);
  int error;

  *failed_length = length;
  if (chdir (path) == 0)
    return 0;
  if (errno != ENOENT)
    return errno;
  if (length >= PATH_MAX)
    return ENAMETOOLONG;

  error = make_all (path, length, failed_length);
  if (error != 0)
    return error;

  return chdir (path) == 0 ? 0 : errno;
}
