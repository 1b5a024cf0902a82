/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-unix-socket-private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Listening sockets that have a name in the file system.
 */

/* Nobody but the user that we run as. */
#define MODE 0600

/* Whoever else is at it needs far less; and nobody may keep us for ever. */
#define LOCK_TIMEOUT (1 * G_TIME_SPAN_SECOND)
#define LOCK_PAUSE   1 /* ms */

static void
set_errno (GError     **error,
           const char  *path,
           int          code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
               "Could not listen on unix:%s: %s", path, g_strerror (code));
}

static gboolean
fill_address (struct sockaddr_un  *address,
              const char          *path,
              GError             **error)
{
  *address = (struct sockaddr_un) { .sun_family = AF_UNIX };
  if (strlen (path) <= RUNTIME_USE_MAX_SOCKET_PATH)
    {
      memcpy (address->sun_path, path, strlen (path));
      return TRUE;
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Could not listen on unix:%s: the path of a socket has at most %d bytes",
               path, RUNTIME_USE_MAX_SOCKET_PATH);

  return FALSE;
}

/*
 * Two that start at the same time must not both find a socket that nobody
 * listens on, nor one of them that of the other before it listens.
 *
 * Returns: a descriptor that holds the lock, or -1
 */
static int
lock_folder (const char  *path,
             GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  gint64 deadline = g_get_monotonic_time () + LOCK_TIMEOUT;
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                   "Could not listen on unix:%s: the folder %s cannot be opened: %s",
                   path, folder, g_strerror (code));
      return -1;
    }

  /* A file system that cannot lock folders fails in another way, and is used without. */
  while (flock (fd, LOCK_EX | LOCK_NB) < 0 && (errno == EWOULDBLOCK || errno == EINTR))
    {
      if (g_get_monotonic_time () > deadline)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                       "Could not listen on unix:%s: another program keeps the folder %s locked",
                       path, folder);
          close (fd);
          return -1;
        }

      poll (NULL, 0, LOCK_PAUSE);
    }

  return fd;
}

/* Returns 0 when somebody accepts there, ECONNREFUSED when nobody does, or why that is unknown. */
static int
probe (const struct sockaddr_un *address)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int code;

  if (fd < 0)
    return errno;

  code = connect (fd, (const struct sockaddr *) address, sizeof *address) < 0 ? errno : 0;
  close (fd);

  /* Who has no time to accept is there all the same. */
  return code == EAGAIN ? 0 : code;
}

static void
set_no_socket (GError     **error,
               const char  *path,
               mode_t       mode)
{
  if (S_ISDIR (mode))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "Could not listen on unix:%s: there is a directory; use a path inside it, or "
                 "another one", path);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "Could not listen on unix:%s: there is a file that is no socket; remove it, or "
                 "use another path", path);
}

/* Takes away what a server left that was not stopped in order, and nothing else. */
static gboolean
make_room (const struct sockaddr_un  *address,
           GError                   **error)
{
  const char *path = address->sun_path;
  struct stat info;
  int code;

  if (lstat (path, &info) < 0)
    {
      if (errno != ENOENT)
        set_errno (error, path, errno);
      return errno == ENOENT;
    }

  if (!S_ISSOCK (info.st_mode))
    {
      set_no_socket (error, path, info.st_mode);
      return FALSE;
    }

  if (info.st_uid != geteuid ())
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "Could not listen on unix:%s: there is a socket of another user (uid %u); use "
                   "another path", path, (guint) info.st_uid);
      return FALSE;
    }

  code = probe (address);
  if (code == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                   "Could not listen on unix:%s: another server listens there; stop it, or use "
                   "another path", path);
      return FALSE;
    }

  if (code != ECONNREFUSED || (unlink (path) < 0 && errno != ENOENT))
    {
      set_errno (error, path, code != ECONNREFUSED ? code : errno);
      return FALSE;
    }

  return TRUE;
}

/* The file gets the mode of the socket, so that it never has another. */
static int
make_socket (const struct sockaddr_un  *address,
             GError                   **error)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd >= 0 && fchmod (fd, MODE) == 0 &&
      bind (fd, (const struct sockaddr *) address, sizeof *address) == 0)
    return fd;

  set_errno (error, address->sun_path, errno);
  if (fd >= 0)
    close (fd);

  return -1;
}

static RuntimeUseUnixSocket *
start_to_listen (const char  *path,
                 int          fd,
                 guint        backlog,
                 GError     **error)
{
  RuntimeUseUnixSocket *self;
  struct stat info;

  if (lstat (path, &info) < 0)
    {
      set_errno (error, path, errno);
      return NULL;
    }

  self = g_new0 (RuntimeUseUnixSocket, 1);
  self->path = g_strdup (path);
  self->device = info.st_dev;
  self->inode = info.st_ino;

  if (!S_ISSOCK (info.st_mode) || (info.st_mode & 07777) != MODE)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "Could not listen on unix:%s: the socket has the mode %04o instead of %04o; look "
                 "at the umask and the file system", path, info.st_mode & 07777, MODE);
  else if (listen (fd, (int) backlog) < 0)
    set_errno (error, path, errno);
  else
    return self;

  _runtime_use_unix_socket_remove (self);

  return NULL;
}

/*
 * _runtime_use_unix_socket_listen:
 * @path: absolute
 * @fd: (out): a listening socket that does not block
 *
 * Makes a socket with a name that only the user may connect to whom we run as.
 */
RuntimeUseUnixSocket *
_runtime_use_unix_socket_listen (const char  *path,
                                 guint        backlog,
                                 int         *fd,
                                 GError     **error)
{
  RuntimeUseUnixSocket *self = NULL;
  struct sockaddr_un address;
  int lock;

  *fd = -1;
  if (!fill_address (&address, path, error))
    return NULL;

  lock = lock_folder (path, error);
  if (lock < 0)
    return NULL;

  if (make_room (&address, error))
    *fd = make_socket (&address, error);
  if (*fd >= 0)
    self = start_to_listen (path, *fd, backlog, error);

  if (self == NULL && *fd >= 0)
    close (*fd);
  close (lock);

  return self;
}

/*
 * _runtime_use_unix_socket_remove:
 *
 * Removes the file if it is still ours. While the socket listens nobody else
 * takes its place, so that is when to do it.
 */
void
_runtime_use_unix_socket_remove (RuntimeUseUnixSocket *self)
{
  struct stat info;

  if (lstat (self->path, &info) == 0 && info.st_dev == self->device &&
      info.st_ino == self->inode)
    unlink (self->path);

  g_free (self->path);
  g_free (self);
}
