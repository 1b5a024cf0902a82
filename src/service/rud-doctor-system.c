/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-doctor-system.h"

#include "rud-check.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A session takes a handful of descriptors, so this is enough for some hundred. */
#define ENOUGH_DESCRIPTORS 4096

#define ENOUGH_WATCHES 8192
#define ENOUGH_INSTANCES 128

/* Longer than any number or path that is read here. */
#define SMALL_FILE 4096

/* Files in /proc have no size, and are never large. */
static char *
read_small_file (const char *path)
{
  char buffer[SMALL_FILE];
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gssize length;

  if (fd < 0)
    return NULL;

  length = read (fd, buffer, sizeof buffer - 1);
  g_close (fd, NULL);

  return length > 0 ? g_strchomp (g_strndup (buffer, length)) : NULL;
}

static gint64
read_number (const char *path)
{
  g_autofree char *text = read_small_file (path);

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : -1;
}

static void
set_state (RudCheck   *check,
           gboolean    works,
           const char *advice)
{
  check->state = works ? RUD_CHECK_OK : RUD_CHECK_MISSING;
  if (!works)
    check->advice = g_strdup (advice);
}

static void
check_process_children (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "proc-children",
                                   _("ending commands with all processes"));

  check->essential = TRUE;
  set_state (check, access ("/proc/thread-self/children", F_OK) == 0,
             _("Mount /proc, and use a kernel with CONFIG_PROC_CHILDREN"));
}

static void
check_pidfd (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "pidfd", _("running commands"));
  int fd = pidfd_open (getpid (), 0);

  check->essential = TRUE;
  set_state (check, fd >= 0, _("Use Linux 5.4 or later, and allow pidfd_open in the sandbox"));
  if (fd >= 0)
    close (fd);
}

/* By its number, since the C library has no name for it. */
static void
check_openat2 (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "openat2", _("keeping files inside their folder"));
  const guint64 how[3] = { O_RDONLY | O_CLOEXEC | O_DIRECTORY, 0, 0 };
  long fd = syscall (SYS_openat2, AT_FDCWD, "/", how, sizeof how);

  set_state (check, fd >= 0, _("Use Linux 5.6 or later, and allow openat2 in the sandbox"));
  if (fd >= 0)
    close ((int) fd);
}

static void
check_inotify (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "inotify", _("watching folders for new files"));
  gint64 watches = read_number ("/proc/sys/fs/inotify/max_user_watches");
  gint64 instances = read_number ("/proc/sys/fs/inotify/max_user_instances");

  if (watches < 0 || instances < 0)
    {
      set_state (check, FALSE, _("Use a kernel with CONFIG_INOTIFY_USER"));
      return;
    }

  check->value = g_strdup_printf (_("%ld watches, %ld instances"),
                                  (long) watches, (long) instances);
  if (watches >= ENOUGH_WATCHES && instances >= ENOUGH_INSTANCES)
    return;

  check->state = RUD_CHECK_LIMITED;
  check->advice = g_strdup_printf ("sysctl fs.inotify.max_user_watches=%d "
                                   "fs.inotify.max_user_instances=%d",
                                   65536, ENOUGH_INSTANCES);
}

/* Only what forbids them is read: whoever makes one to try is a process more. */
static void
check_user_namespaces (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "user-namespaces", _("isolating agents"));
  gint64 limit = read_number ("/proc/sys/user/max_user_namespaces");
  gboolean root = geteuid () == 0;

  if (limit < 0)
    set_state (check, FALSE, _("Use a kernel with CONFIG_USER_NS"));
  else if (limit == 0)
    set_state (check, FALSE, "sysctl user.max_user_namespaces=15000");
  else if (!root && read_number ("/proc/sys/kernel/unprivileged_userns_clone") == 0)
    set_state (check, FALSE, "sysctl kernel.unprivileged_userns_clone=1");
  else if (!root && read_number ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
    set_state (check, FALSE, "sysctl kernel.apparmor_restrict_unprivileged_userns=0");
}

/* The folder of our own group, where the unified hierarchy is mounted. */
static char *
find_own_cgroup (void)
{
  g_autofree char *groups = read_small_file ("/proc/self/cgroup");
  g_auto(GStrv) lines = groups != NULL ? g_strsplit (groups, "\n", -1) : NULL;

  for (gsize i = 0; lines != NULL && lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "0::"))
      return g_build_filename ("/sys/fs/cgroup", lines[i] + 3, NULL);

  return NULL;
}

/* The group at the top has no such file, those below it do. */
static void
check_cgroup_kill (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "cgroup-kill",
                                   _("limiting and ending agents as a group"));
  g_autofree char *own = find_own_cgroup ();
  g_autofree char *file = own != NULL ? g_build_filename (own, "cgroup.kill", NULL) : NULL;
  gboolean unified = access ("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;

  if (file == NULL || !unified || (access (file, F_OK) != 0 && !g_str_has_suffix (own, "/")))
    set_state (check, FALSE, _("Use Linux 5.14 or later with the unified cgroup hierarchy"));
  else if (access (own, W_OK) != 0)
    {
      check->state = RUD_CHECK_LIMITED;
      check->advice = g_strdup ("systemd-run --user --scope -p Delegate=yes runtimeuse");
    }
}

void
rud_doctor_add_kernel_checks (GPtrArray *checks)
{
  check_process_children (checks);
  check_pidfd (checks);
  check_openat2 (checks);
  check_inotify (checks);
  check_user_namespaces (checks);
  check_cgroup_kill (checks);
}

static void
check_loopback (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "loopback", _("listening for clients"));
  struct sockaddr_in address = { .sin_family = AF_INET };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  check->essential = TRUE;
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      check->value = g_strdup (g_strerror (errno));
      set_state (check, FALSE, _("Bring the loopback interface up: ip link set lo up"));
    }
  if (fd >= 0)
    close (fd);
}

static void
check_descriptors (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "descriptors", _("many sessions at once"));
  struct rlimit limit = { 0, 0 };

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    check->value = g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64) limit.rlim_max);
  if (limit.rlim_max >= ENOUGH_DESCRIPTORS)
    return;

  check->state = RUD_CHECK_LIMITED;
  check->advice = g_strdup_printf ("ulimit -Hn %d", ENOUGH_DESCRIPTORS);
}

void
rud_doctor_add_system_checks (GPtrArray *checks)
{
  check_loopback (checks);
  check_descriptors (checks);
}

/* In a build tree the hosts lie beside the folder of this program. */
static char *
find_host (const char *name)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *built = folder != NULL ? g_build_filename (folder, "..", "handler-hosts", NULL)
                                          : NULL;
  const char *folders[] = { built, g_getenv ("RUNTIMEUSE_LIBEXECDIR"), LIBEXECDIR };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = folders[i] != NULL ? g_build_filename (folders[i], name, NULL) : NULL;

      if (path != NULL && access (path, R_OK) == 0)
        return g_canonicalize_filename (path, "/");
    }

  return NULL;
}

static void
check_host (GPtrArray  *checks,
            const char *name,
            const char *file,
            const char *purpose)
{
  RudCheck *check = rud_check_add (checks, name, purpose);

  check->value = find_host (file);
  if (check->value != NULL)
    return;

  check->state = RUD_CHECK_MISSING;
  check->advice = g_strdup_printf (_("Install this program again: %s/%s is not there"),
                                   LIBEXECDIR, file);
}

void
rud_doctor_add_host_checks (GPtrArray *checks)
{
  check_host (checks, "host-javascript", "runtimeuse-host.mjs",
              _("handlers in JavaScript and TypeScript"));
  check_host (checks, "host-python", "runtimeuse-host.py", _("handlers in Python"));
}
