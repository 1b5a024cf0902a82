/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether somebody listens on the socket at @path. Returns 0, or the errno that tells why not. */
int
rud_socket_try (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd;
  int result;

  if (strlen (path) >= sizeof address.sun_path)
    return ENAMETOOLONG;

  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return errno;

  memcpy (address.sun_path, path, strlen (path) + 1);
  result = connect (fd, (struct sockaddr *) &address, sizeof address) == 0 ? 0 : errno;
  close (fd);

  return result;
}
