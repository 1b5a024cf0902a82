/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-inherited-sockets.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* This program starts itself, as a service manager starts a service, and reads what that says. */

#define CHILD "--child"
#define FIRST 3

static const char *program;

static gboolean
is_inert (int fd)
{
  return (fcntl (fd, F_GETFD) & FD_CLOEXEC) != 0 && (fcntl (fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* What the service does. */
static int
run_child (void)
{
  const char * const names[] = { "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES" };
  g_autoptr(GPtrArray) sockets = NULL;
  g_autoptr(GError) error = NULL;

  if (!rud_inherited_sockets_take (&sockets, &error))
    {
      g_print ("%s\n", error->message);
      return 1;
    }

  for (guint i = 0; i < sockets->len; i++)
    {
      GSocket *socket = g_ptr_array_index (sockets, i);

      g_print ("%d %s%s\n", g_socket_get_fd (socket),
               g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX ? "unix" : "internet",
               is_inert (g_socket_get_fd (socket)) ? "" : " inherited");
    }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_getenv (names[i]) != NULL)
      g_print ("%s is set\n", names[i]);

  return 0;
}

typedef struct
{
  const char *number;    /* (nullable): how many there are */
  const char *pid;       /* (nullable): that of the child */
  const char *names;     /* (nullable) */
} Variables;

static void
set_up_child (const int       *fds,
              guint            n_fds,
              const Variables *variables)
{
  g_autofree char *number = g_strdup_printf ("%u", n_fds);
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  int lifted[8];

  g_assert_cmpuint (n_fds, <=, G_N_ELEMENTS (lifted));
  for (guint i = 0; i < n_fds; i++)
    lifted[i] = fcntl (fds[i], F_DUPFD, 100);
  closefrom (100 + (int) n_fds);
  for (guint i = 0; i < n_fds; i++)
    {
      if (fds[i] >= 0)
        dup2 (lifted[i], FIRST + (int) i);
      else
        close (FIRST + (int) i);
    }
  closefrom (FIRST + (int) n_fds);

  g_setenv ("LISTEN_FDS", variables->number != NULL ? variables->number : number, TRUE);
  g_setenv ("LISTEN_PID", variables->pid != NULL ? variables->pid : pid, TRUE);
  if (variables->names != NULL)
    g_setenv ("LISTEN_FDNAMES", variables->names, TRUE);
}

static char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[1024];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  close (fd);

  return g_string_free (text, FALSE);
}

/* Returns what a service says that is passed @fds, of which -1 is a closed one. */
static char *
start (const int       *fds,
       guint            n_fds,
       const Variables *variables)
{
  int output[2];
  pid_t pid;
  char *text;

  g_assert_cmpint (pipe2 (output, O_CLOEXEC), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      dup2 (output[1], STDOUT_FILENO);
      set_up_child (fds, n_fds, variables);
      execl (program, program, CHILD, NULL);
      _exit (127);
    }

  close (output[1]);
  text = read_all (output[0]);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);

  return text;
}

static int
listen_tcp (int family)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);

  return fd;
}

static int
listen_unix (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  /* An address that the kernel chooses. */
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof (sa_family_t)), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);

  return fd;
}

static void
test_taken (void)
{
  const int fds[] = { listen_tcp (AF_INET), listen_unix () };
  const Variables variables = { NULL };
  g_autofree char *text = start (fds, G_N_ELEMENTS (fds), &variables);

  g_test_summary ("Sockets are taken in their order, closed to commands, and told of once");

  g_assert_cmpstr (text, ==, "3 internet\n4 unix\n");
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_not_for_us (void)
{
  const int fds[] = { listen_unix () };
  const char * const pids[] = { "1", "", "x" };

  g_test_summary ("Sockets for another process are left alone, and it is told no further");

  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
    {
      const Variables variables = { .pid = pids[i], .names = "a" };
      g_autofree char *text = start (fds, 1, &variables);

      g_assert_cmpstr (text, ==, "");
    }
  close (fds[0]);
}

static void
test_bad_number (void)
{
  const int fds[] = { listen_unix () };
  const char * const numbers[] = { "abc", "0", "-1", "257", "99999999999999999999", "1 ", "" };

  g_test_summary ("A number that is none, or too many, is named");

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      const Variables variables = { .number = numbers[i] };
      g_autofree char *text = start (fds, 1, &variables);
      g_autofree char *expected =
        g_strdup_printf ("LISTEN_FDS: \"%s\" is no number from 1 to 256\n", numbers[i]);

      g_assert_cmpstr (text, ==, expected);
    }
  close (fds[0]);
}

/* Puts it behind a good one, so that it is known which is meant. */
static void
assert_refused (int         fd,
                const char *what)
{
  const int fds[] = { listen_unix (), fd };
  const Variables variables = { .names = "good:other" };
  g_autofree char *text = start (fds, 2, &variables);
  g_autofree char *expected =
    g_strdup_printf ("LISTEN_FDS: descriptor 4 (other) is %s; a stream socket that listens is "
                     "needed\n", what);

  g_assert_cmpstr (text, ==, expected);
  close (fds[0]);
  if (fd >= 0)
    close (fd);
}

static void
test_wrong_kinds (void)
{
  int pair[2];

  g_test_summary ("What clients cannot be accepted from is named with its number and kind");

  assert_refused (-1, "closed");
  assert_refused (open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "a folder");
  assert_refused (open (program, O_RDONLY | O_CLOEXEC), "a file");
  assert_refused (open ("/dev/null", O_RDONLY | O_CLOEXEC), "a device");
  g_assert_cmpint (pipe2 (pair, O_CLOEXEC), ==, 0);
  assert_refused (pair[0], "a pipe");
  close (pair[1]);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  assert_refused (pair[0], "a socket that does not listen");
  close (pair[1]);
  assert_refused (socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a datagram socket");
  assert_refused (socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a datagram socket");
  assert_refused (socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "no stream socket");
  assert_refused (socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0),
                  "neither an Internet nor a Unix socket");
}

static void
test_too_many (void)
{
  const int fds[] = { listen_unix () };
  const Variables variables = { .number = "3" };
  g_autofree char *text = start (fds, 1, &variables);

  g_test_summary ("More sockets than there are do not turn into something else");

  g_assert_cmpstr (text, ==, "LISTEN_FDS: descriptor 4 is closed; a stream socket that listens is "
                             "needed\n");
  close (fds[0]);
}

int
main (int    argc,
      char **argv)
{
  /* Before anything else opens a descriptor. */
  if (argc == 2 && strcmp (argv[1], CHILD) == 0)
    return run_child ();

  program = realpath (argv[0], NULL);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/inherited-sockets/taken", test_taken);
  g_test_add_func ("/inherited-sockets/not-for-us", test_not_for_us);
  g_test_add_func ("/inherited-sockets/bad-number", test_bad_number);
  g_test_add_func ("/inherited-sockets/wrong-kinds", test_wrong_kinds);
  g_test_add_func ("/inherited-sockets/too-many", test_too_many);

  return g_test_run ();
}
