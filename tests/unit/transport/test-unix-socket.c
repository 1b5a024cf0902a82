/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-peer-private.h"
#include "runtimeuse.h"

#include "descriptors.h"
#include "raw-client.h"
#include "stop-server.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TOKEN      "s3cret"
#define WITH_TOKEN RAW_REQUEST_START "Authorization: Bearer " TOKEN "\r\n" \
                   RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"

/* Somebody who is neither root nor we. */
#define STRANGER 65534

typedef struct
{
  char             *folder;
  char             *path;
  RuntimeUseServer *server;
  GError           *error;
} Fixture;

static RuntimeUseServer *
server_new (const char *path)
{
  RuntimeUseServer *server = runtime_use_server_new ();

  g_object_set (server, "listen-default", FALSE, NULL);
  if (path != NULL)
    {
      g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);

      runtime_use_server_add_address (server, address);
    }

  return server;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  /* Not in a folder of ours alone: somebody else has to reach it. */
  fixture->folder = g_strdup ("/tmp/runtimeuse-XXXXXX");
  g_assert_nonnull (g_mkdtemp_full (fixture->folder, 0755));
  fixture->path = g_build_filename (fixture->folder, "socket", NULL);
  fixture->server = server_new (fixture->path);
}

static void
start (RuntimeUseServer *server)
{
  g_autoptr(GError) error = NULL;

  runtime_use_server_start (server, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  stop_server (fixture->server);
  g_clear_object (&fixture->server);
  g_clear_error (&fixture->error);
  g_unlink (fixture->path);
  g_assert_no_errno (g_rmdir (fixture->folder));
  g_free (fixture->path);
  g_free (fixture->folder);
}

/* A socket that listens, made by somebody else; @path gets @mode. */
static GSocket *
listen_at (const char *path,
           guint       mode)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GError) error = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, address, FALSE, &error));
  g_assert_true (g_socket_listen (socket, &error));
  g_assert_no_errno (chmod (path, mode));

  return g_steal_pointer (&socket);
}

/* The file at @path is there, and is not touched by a server that fails to start. */
static void
check_start_fails (Fixture    *fixture,
                   GIOErrorEnum code,
                   const char *text)
{
  struct stat before;
  struct stat after;

  g_assert_no_errno (lstat (fixture->path, &before));
  g_assert_false (runtime_use_server_start (fixture->server, &fixture->error));
  g_assert_error (fixture->error, G_IO_ERROR, (int) code);
  g_assert_nonnull (strstr (fixture->error->message, fixture->path));
  g_assert_nonnull (strstr (fixture->error->message, text));
  g_assert_no_errno (lstat (fixture->path, &after));
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  g_assert_cmpuint (before.st_mode, ==, after.st_mode);
}

static void
test_serves (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(RuntimeUseSession) session = NULL;
  g_autoptr(GListModel) sessions = runtime_use_server_list_sessions (fixture->server);
  g_auto(GStrv) addresses = NULL;
  g_autofree char *uri = g_strconcat ("ws+unix:", fixture->path, NULL);
  g_autofree char *expected = g_strdup_printf ("unix:pid=%d,uid=%u", getpid (), geteuid ());
  g_autofree char *peer = NULL;
  g_autofree char *answer = NULL;

  g_test_summary ("A Unix socket is served like a port, and the server knows who connects");

  g_object_set (fixture->server, "token", TOKEN, NULL);
  start (fixture->server);
  addresses = runtime_use_server_dup_addresses (fixture->server);
  g_assert_cmpuint (g_strv_length (addresses), ==, 1);
  g_assert_cmpstr (addresses[0], ==, uri);
  g_assert_cmpuint (runtime_use_server_get_port (fixture->server), ==, 0);

  client = raw_client_new_unix (fixture->path);
  g_assert_cmpuint (raw_client_request (client, RAW_REQUEST), ==, 101);
  session = g_list_model_get_item (sessions, 0);
  peer = runtime_use_channel_dup_peer (runtime_use_session_get_channel (session));
  g_assert_cmpstr (peer, ==, expected);
  g_clear_object (&session);

  raw_client_send_message (client, "null");
  answer = raw_client_take_message (client);
  g_assert_nonnull (strstr (answer, "error_message"));
}

static void
test_origin (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RawClient) client = NULL;

  g_test_summary ("A request of a web page is refused here as well, and without a reset");

  start (fixture->server);
  client = raw_client_new_unix (fixture->path);
  g_assert_cmpuint (raw_client_request (client, RAW_REQUEST_START "Origin: null\r\n"
                                        RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"), ==, 403);
  raw_client_wait_for_end (client);
  g_assert_false (client->is_reset);
}

static void
test_many_addresses (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *spaced = g_build_filename (fixture->folder, "a b%", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (spaced);
  g_autoptr(GSocketAddress) inet = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr(RawClient) over_unix = NULL;
  g_autoptr(RawClient) over_tcp = NULL;
  g_auto(GStrv) addresses = NULL;
  g_auto(GStrv) none = NULL;
  g_autofree char *uri = NULL;
  guint port;

  g_test_summary ("A server listens on everything that it was given");

  g_object_set (fixture->server, "listen-default", TRUE, "host", "127.0.0.1", "port", 0, NULL);
  runtime_use_server_add_address (fixture->server, address);
  runtime_use_server_add_address (fixture->server, inet);
  start (fixture->server);

  addresses = runtime_use_server_dup_addresses (fixture->server);
  g_assert_cmpuint (g_strv_length (addresses), ==, 4);
  uri = g_strdup_printf ("ws://127.0.0.1:%u/", runtime_use_server_get_port (fixture->server));
  g_assert_cmpstr (addresses[0], ==, uri);
  g_assert_true (g_str_has_suffix (addresses[2], "/a%20b%25"));
  g_assert_true (g_str_has_prefix (addresses[3], "ws://127.0.0.1:"));

  port = g_ascii_strtoull (addresses[3] + strlen ("ws://127.0.0.1:"), NULL, 10);
  over_tcp = raw_client_new_open (port);
  over_unix = raw_client_new_unix (spaced);
  g_assert_cmpuint (raw_client_request (over_unix, RAW_REQUEST), ==, 101);

  g_clear_pointer (&over_tcp, raw_client_free);
  g_clear_pointer (&over_unix, raw_client_free);
  stop_server (fixture->server);
  g_assert_false (g_file_test (spaced, G_FILE_TEST_EXISTS));
  none = runtime_use_server_dup_addresses (fixture->server);
  g_assert_cmpuint (g_strv_length (none), ==, 0);
}

/* So often a socket is made, and looked at, until none is taken to have another mode at first. */
#define LOOKS 300

typedef struct
{
  const char *path;
  int         is_over;
  int         n_seen;
  guint       modes;    /* all bits that were set at any time */
} Watch;

/* Looks without pause, so that even a moment is noticed. */
static gpointer
watch_modes (gpointer data)
{
  Watch *watch = data;
  struct stat info;

  while (!g_atomic_int_get (&watch->is_over))
    if (lstat (watch->path, &info) == 0)
      {
        watch->modes |= info.st_mode & 07777;
        g_atomic_int_inc (&watch->n_seen);
      }

  return NULL;
}

static void
test_mode (Fixture       *fixture,
           gconstpointer  data)
{
  Watch watch = { .path = fixture->path };
  mode_t before = umask (0);
  GThread *thread;

  g_test_summary ("Nobody else may connect, not for a moment and whatever the umask is");

  thread = g_thread_new ("watch", watch_modes, &watch);
  for (guint i = 0; i < LOOKS || g_atomic_int_get (&watch.n_seen) < LOOKS; i++)
    {
      start (fixture->server);
      g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
      stop_server (fixture->server);
      g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
    }
  g_atomic_int_set (&watch.is_over, TRUE);
  g_thread_join (thread);
  umask (before);

  g_assert_cmphex (watch.modes, ==, 0600);
}

static void
test_strict_umask (Fixture       *fixture,
                   gconstpointer  data)
{
  mode_t before = umask (0777);

  g_test_summary ("A socket that its owner could not use either is an error, and taken away");

  g_assert_false (runtime_use_server_start (fixture->server, &fixture->error));
  umask (before);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (fixture->error->message, "umask"));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_stale (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(GSocket) left = listen_at (fixture->path, 0777);
  g_autoptr(RawClient) client = NULL;
  struct stat info;

  g_test_summary ("What a server left that nobody stopped is replaced");

  g_socket_close (left, NULL);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  start (fixture->server);
  g_assert_no_errno (lstat (fixture->path, &info));
  g_assert_cmphex (info.st_mode & 07777, ==, 0600);
  client = raw_client_new_unix (fixture->path);
  g_assert_cmpuint (raw_client_request (client, RAW_REQUEST), ==, 101);
}

static void
test_live (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(RuntimeUseServer) first = server_new (fixture->path);
  g_autoptr(RawClient) client = NULL;

  g_test_summary ("A socket that another server listens on is left to it");

  start (first);
  check_start_fails (fixture, G_IO_ERROR_ADDRESS_IN_USE, "another server listens there");
  client = raw_client_new_unix (fixture->path);
  g_assert_cmpuint (raw_client_request (client, RAW_REQUEST), ==, 101);

  g_clear_pointer (&client, raw_client_free);
  stop_server (first);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  start (fixture->server);
}

static void
test_busy (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GSocket) busy = NULL;
  RawClient *waiting[8] = { NULL };
  guint n = 0;

  g_test_summary ("A server that has no time to accept is there all the same");

  busy = listen_at (fixture->path, 0600);
  g_assert_no_errno (listen (g_socket_get_fd (busy), 0));
  waiting[n++] = raw_client_new_unix (fixture->path);
  check_start_fails (fixture, G_IO_ERROR_ADDRESS_IN_USE, "another server listens there");

  while (n > 0)
    raw_client_free (waiting[--n]);
}

static void
test_no_socket (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *target = g_build_filename (fixture->folder, "target", NULL);
  g_autoptr(GSocket) left = NULL;

  g_test_summary ("A file that is no socket is left alone, and so is a link to one that is");

  g_assert_true (g_file_set_contents (fixture->path, "precious", -1, NULL));
  check_start_fails (fixture, G_IO_ERROR_EXISTS, "no socket");
  g_clear_error (&fixture->error);
  g_assert_no_errno (g_unlink (fixture->path));

  g_assert_no_errno (g_mkdir (fixture->path, 0755));
  check_start_fails (fixture, G_IO_ERROR_EXISTS, "there is a directory; use");
  g_clear_error (&fixture->error);
  g_assert_no_errno (g_rmdir (fixture->path));

  left = listen_at (target, 0600);
  g_socket_close (left, NULL);
  g_assert_no_errno (symlink (target, fixture->path));
  check_start_fails (fixture, G_IO_ERROR_EXISTS, "no socket");
  g_assert_true (g_file_test (target, G_FILE_TEST_EXISTS));
  g_assert_no_errno (g_unlink (target));
}

static void
test_no_folder (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "missing", "socket", NULL);
  g_autoptr(RuntimeUseServer) server = server_new (path);

  g_test_summary ("A folder that is missing is an error that names it");

  g_assert_false (runtime_use_server_start (server, &fixture->error));
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (fixture->error->message, "/missing cannot be opened"));
}

static void
test_other_names (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GSocketAddress) abstract = NULL;
  g_autoptr(RuntimeUseServer) server = server_new (NULL);
  g_autoptr(RuntimeUseServer) nowhere = server_new (NULL);
  g_autofree char *name = g_strnfill (108, 'x');
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autoptr(RuntimeUseServer) too_long = server_new (path);

  g_test_summary ("Abstract names, paths that are too long, and nothing at all are errors");

  abstract = g_unix_socket_address_new_with_type ("runtimeuse", -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  runtime_use_server_add_address (server, abstract);
  g_assert_false (runtime_use_server_start (server, &fixture->error));
  g_assert_error (fixture->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
  g_clear_error (&fixture->error);

  g_assert_false (runtime_use_server_start (nowhere, &fixture->error));
  g_assert_error (fixture->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
  g_clear_error (&fixture->error);

  g_assert_false (runtime_use_server_start (too_long, &fixture->error));
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "at most 106 bytes"));
}

static void
test_replaced_while_running (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr(GSocket) other = NULL;

  g_test_summary ("At the end the file is removed only if it is still ours");

  start (fixture->server);
  g_assert_no_errno (g_unlink (fixture->path));
  other = listen_at (fixture->path, 0600);
  stop_server (fixture->server);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_all_or_nothing (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "missing", "socket", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);

  g_test_summary ("When one address fails, nothing is left of the others");

  runtime_use_server_add_address (fixture->server, address);
  g_assert_false (runtime_use_server_start (fixture->server, &fixture->error));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_inherited (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(RuntimeUseServer) server = server_new (NULL);
  g_autoptr(GSocket) socket = listen_at (fixture->path, 0660);
  g_autoptr(RawClient) early = raw_client_new_unix (fixture->path);
  g_auto(GStrv) addresses = NULL;
  g_autofree char *uri = g_strconcat ("ws+unix:", fixture->path, NULL);
  struct stat info;

  g_test_summary ("A socket of somebody else is served, with those who wait, and its file is kept");

  runtime_use_server_add_socket (server, socket);
  start (server);
  addresses = runtime_use_server_dup_addresses (server);
  g_assert_cmpstr (addresses[0], ==, uri);
  g_assert_cmpuint (raw_client_request (early, RAW_REQUEST), ==, 101);

  g_clear_pointer (&early, raw_client_free);
  stop_server (server);
  g_assert_true (g_socket_is_closed (socket));
  g_assert_no_errno (lstat (fixture->path, &info));
  g_assert_cmphex (info.st_mode & 07777, ==, 0660);

  g_assert_false (runtime_use_server_start (server, &fixture->error));
  g_assert_error (fixture->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
}

static void
test_inherited_wrong (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(RuntimeUseServer) server = server_new (fixture->path);
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(RuntimeUseServer) exposed = server_new (NULL);
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string ("0.0.0.0", 0);
  g_autoptr(GSocket) open = NULL;

  g_test_summary ("A socket that does not listen is refused, as is one that others reach");

  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
  runtime_use_server_add_socket (server, socket);
  g_assert_false (runtime_use_server_start (server, &fixture->error));
  g_assert_error (fixture->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
  g_assert_false (g_socket_is_closed (socket));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  g_clear_object (&server);
  g_assert_true (g_socket_is_closed (socket));
  g_clear_error (&fixture->error);

  open = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_assert_true (g_socket_bind (open, any, FALSE, NULL));
  g_assert_true (g_socket_listen (open, NULL));
  runtime_use_server_add_socket (exposed, open);
  g_assert_false (runtime_use_server_start (exposed, &fixture->error));
  g_assert_error (fixture->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "0.0.0.0:"));
}

static gboolean
skip_as_user (void)
{
  if (geteuid () == 0)
    return FALSE;

  g_test_skip ("only root can be somebody else");

  return TRUE;
}

static void
test_wrong_owner (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GSocket) left = NULL;

  g_test_summary ("A socket that another user left is not taken away");

  if (skip_as_user ())
    return;

  left = listen_at (fixture->path, 0600);
  g_socket_close (left, NULL);
  g_assert_no_errno (chown (fixture->path, STRANGER, STRANGER));
  check_start_fails (fixture, G_IO_ERROR_PERMISSION_DENIED, "uid 65534");
}

/* Asks as another user; returns the status of the answer, or 0 when it cannot connect. */
static guint
request_as_stranger (const char *path,
                     const char *request)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gint64 deadline = g_get_monotonic_time () + RAW_PATIENCE;
  int outcome = -1;
  pid_t pid;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  pid = fork ();
  if (pid == 0)
    {
      char answer[64] = "";
      int fd = socket (AF_UNIX, SOCK_STREAM, 0);

      if (setresuid (STRANGER, STRANGER, STRANGER) < 0 ||
          connect (fd, (struct sockaddr *) &address, sizeof address) < 0 ||
          write (fd, request, strlen (request)) < 0 || read (fd, answer, sizeof answer - 1) < 12)
        _exit (0);

      _exit (strncmp (answer, "HTTP/1.1 101", 12) == 0 ? 101 : (answer[9] - '0') * 50 +
             (answer[10] - '0') * 10 + (answer[11] - '0'));
    }

  while (waitpid (pid, &outcome, WNOHANG) == 0 && !raw_past (deadline))
    raw_iterate ();
  g_assert_true (WIFEXITED (outcome));

  return WEXITSTATUS (outcome);
}

#define STATUS_403 (4 * 50 + 3)

static void
test_stranger (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(RuntimeUseServer) server = server_new (NULL);
  g_autofree char *path = g_build_filename (fixture->folder, "open", NULL);
  g_autoptr(GSocket) socket = NULL;

  g_test_summary ("Somebody else cannot connect, and where he can, he has to show the token");

  if (skip_as_user ())
    return;

  start (fixture->server);
  g_assert_cmpuint (request_as_stranger (fixture->path, RAW_REQUEST), ==, 0);

  socket = listen_at (path, 0666);
  runtime_use_server_add_socket (server, socket);
  g_object_set (server, "insecure-no-auth", TRUE, NULL);
  start (server);
  g_assert_cmpuint (request_as_stranger (path, RAW_REQUEST), ==, STATUS_403);
  g_assert_cmpuint (request_as_stranger (path, WITH_TOKEN), ==, STATUS_403);
  stop_server (server);
  g_clear_object (&socket);
  g_assert_no_errno (g_unlink (path));

  socket = listen_at (path, 0666);
  runtime_use_server_add_socket (server, socket);
  g_object_set (server, "token", TOKEN, NULL);
  start (server);
  g_assert_cmpuint (request_as_stranger (path, RAW_REQUEST), ==, STATUS_403);
  g_assert_cmpuint (request_as_stranger (path, WITH_TOKEN), ==, 101);
  stop_server (server);
  g_assert_no_errno (g_unlink (path));
}

static RuntimeUsePeer
classify_pair (uid_t maker,
               uid_t asker)
{
  struct sockaddr address = { .sa_family = AF_UNIX };
  RuntimeUsePeer peer;
  int fds[2];

  g_assert_no_errno (seteuid (maker));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  g_assert_no_errno (seteuid (0));
  g_assert_no_errno (seteuid (asker));
  peer = _runtime_use_peer_classify (fds[0], &address);
  g_assert_no_errno (seteuid (0));
  close (fds[0]);
  close (fds[1]);

  return peer;
}

static void
test_peers (void)
{
  struct sockaddr_in ipv4 = { .sin_family = AF_INET };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
  static const struct
  {
    const char     *address;
    RuntimeUsePeer  peer;
  } tests[] = {
    { "127.0.0.1", RUNTIME_USE_PEER_LOOPBACK },
    { "127.255.0.9", RUNTIME_USE_PEER_LOOPBACK },
    { "128.0.0.1", RUNTIME_USE_PEER_NETWORK },
    { "10.0.0.1", RUNTIME_USE_PEER_NETWORK },
    { "::1", RUNTIME_USE_PEER_LOOPBACK },
    { "::ffff:127.0.0.1", RUNTIME_USE_PEER_LOOPBACK },
    { "::ffff:10.0.0.1", RUNTIME_USE_PEER_NETWORK },
    { "::", RUNTIME_USE_PEER_NETWORK },
    { "fe80::1", RUNTIME_USE_PEER_NETWORK },
  };

  g_test_summary ("An address tells whether it is of this machine");

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      const struct sockaddr *address = (const struct sockaddr *) &ipv4;

      if (inet_pton (AF_INET, tests[i].address, &ipv4.sin_addr) != 1)
        {
          g_assert_cmpint (inet_pton (AF_INET6, tests[i].address, &ipv6.sin6_addr), ==, 1);
          address = (const struct sockaddr *) &ipv6;
        }
      g_assert_cmpint (_runtime_use_peer_classify (-1, address), ==, tests[i].peer);
    }
}

static void
test_users (void)
{
  g_test_summary ("Root and the user of the server are known, and nobody else");

  if (skip_as_user ())
    return;

  g_assert_cmpint (classify_pair (0, 0), ==, RUNTIME_USE_PEER_USER);
  g_assert_cmpint (classify_pair (0, STRANGER), ==, RUNTIME_USE_PEER_USER);
  g_assert_cmpint (classify_pair (STRANGER, STRANGER), ==, RUNTIME_USE_PEER_USER);
  g_assert_cmpint (classify_pair (STRANGER, 0), ==, RUNTIME_USE_PEER_STRANGER);
  g_assert_cmpint (classify_pair (STRANGER - 1, STRANGER), ==, RUNTIME_USE_PEER_STRANGER);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("/unix-socket/serves", test_serves);
  add ("/unix-socket/origin", test_origin);
  add ("/unix-socket/many-addresses", test_many_addresses);
  add ("/unix-socket/mode", test_mode);
  add ("/unix-socket/strict-umask", test_strict_umask);
  add ("/unix-socket/stale", test_stale);
  add ("/unix-socket/live", test_live);
  add ("/unix-socket/busy", test_busy);
  add ("/unix-socket/no-socket", test_no_socket);
  add ("/unix-socket/no-folder", test_no_folder);
  add ("/unix-socket/other-names", test_other_names);
  add ("/unix-socket/replaced-while-running", test_replaced_while_running);
  add ("/unix-socket/all-or-nothing", test_all_or_nothing);
  add ("/unix-socket/inherited", test_inherited);
  add ("/unix-socket/inherited-wrong", test_inherited_wrong);
  add ("/unix-socket/wrong-owner", test_wrong_owner);
  add ("/unix-socket/stranger", test_stranger);
  g_test_add_func ("/unix-socket/peers", test_peers);
  g_test_add_func ("/unix-socket/users", test_users);

  return descriptors_run_tests ();
}
