/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-inherited-sockets.h"

#include "runtimeuse.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_VARIABLE "LISTEN_FDS"
#define PID_VARIABLE "LISTEN_PID"
#define NAMES_VARIABLE "LISTEN_FDNAMES"

/* Of the first descriptor; by the protocol of systemd. */
#define FIRST 3

/* More than anybody listens on, so that a wrong number does not keep us busy. */
#define MAX_SOCKETS 256

static char *
take_variable (const char *name)
{
  char *value = g_strdup (g_getenv (name));

  g_unsetenv (name);

  return value;
}

static int
get_option (int fd,
            int option)
{
  int value = -1;
  socklen_t size = sizeof value;

  return getsockopt (fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static const char *
describe_file (mode_t mode)
{
  if (S_ISFIFO (mode))
    return _("a pipe");
  if (S_ISREG (mode))
    return _("a file");
  if (S_ISDIR (mode))
    return _("a folder");
  if (S_ISCHR (mode))
    return _("a device");

  return _("no socket");
}

/* Returns: (nullable): what is wrong with @fd, or NULL if clients can be accepted from it */
static const char *
find_fault (int fd)
{
  struct stat status;
  int domain;

  if (fstat (fd, &status) != 0)
    return errno == EBADF ? _("closed") : g_strerror (errno);
  if (!S_ISSOCK (status.st_mode))
    return describe_file (status.st_mode);

  domain = get_option (fd, SO_DOMAIN);
  if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)
    return _("neither an Internet nor a Unix socket");
  if (get_option (fd, SO_TYPE) == SOCK_DGRAM)
    return _("a datagram socket");
  if (get_option (fd, SO_TYPE) != SOCK_STREAM)
    return _("no stream socket");
  if (get_option (fd, SO_ACCEPTCONN) != 1)
    return _("a socket that does not listen");

  return NULL;
}

static GSocket *
take_socket (int          fd,
             const char  *name,
             GError     **error)
{
  const char *fault = find_fault (fd);
  g_autofree char *what = name != NULL && *name != '\0' ? g_strdup_printf ("%d (%s)", fd, name)
                                                        : g_strdup_printf ("%d", fd);

  if (fault != NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("%s: descriptor %s is %s; a stream socket that listens is needed"),
                   NUMBER_VARIABLE, what, fault);
      return NULL;
    }

  if (fcntl (fd, F_SETFD, FD_CLOEXEC) != 0)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "%s: descriptor %s: %s", NUMBER_VARIABLE, what, g_strerror (errno));
      return NULL;
    }

  /* It makes the descriptor one that does not block. */
  return g_socket_new_from_fd (fd, error);
}

/* Another process that was started with our environment is not meant. */
static gboolean
is_for_us (const char *pid_text)
{
  guint64 pid = 0;

  return pid_text != NULL &&
         g_ascii_string_to_unsigned (pid_text, 10, 1, G_MAXINT, &pid, NULL) &&
         pid == (guint64) getpid ();
}

static gboolean
take_all (guint         n,
          char        **names,
          GPtrArray    *sockets,
          GError      **error)
{
  guint n_names = names != NULL ? g_strv_length (names) : 0;

  for (guint i = 0; i < n; i++)
    {
      GSocket *socket = take_socket (FIRST + (int) i, i < n_names ? names[i] : NULL, error);

      if (socket == NULL)
        return FALSE;
      g_ptr_array_add (sockets, socket);
    }

  return TRUE;
}

/**
 * rud_inherited_sockets_take:
 * @sockets: (out) (transfer full) (element-type GSocket): the sockets, none if nobody passed any
 * @error: return location for an error
 *
 * Takes the sockets that a service manager has opened for us. To be called once, before anything
 * else opens a descriptor, and before other threads begin: what says so is removed from the
 * environment.
 */
gboolean
rud_inherited_sockets_take (GPtrArray **sockets,
                            GError    **error)
{
  g_autofree char *pid = take_variable (PID_VARIABLE);
  g_autofree char *number = take_variable (NUMBER_VARIABLE);
  g_autofree char *all_names = take_variable (NAMES_VARIABLE);
  g_auto(GStrv) names = all_names != NULL ? g_strsplit (all_names, ":", MAX_SOCKETS) : NULL;
  g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func (g_object_unref);
  guint64 n = 0;

  if (number != NULL && is_for_us (pid))
    {
      if (!g_ascii_string_to_unsigned (number, 10, 1, MAX_SOCKETS, &n, NULL))
        {
          g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                       _("%s: \"%.32s\" is no number from 1 to %d"), NUMBER_VARIABLE, number,
                       MAX_SOCKETS);
          return FALSE;
        }
      if (!take_all ((guint) n, names, taken, error))
        return FALSE;
    }

  *sockets = g_steal_pointer (&taken);

  return TRUE;
}
