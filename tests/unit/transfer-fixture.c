/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "transfer-fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"
#include "runtime-use-transfer-file-private.h"

#include "descriptors.h"

static gboolean is_isolated;

static gboolean
write_text (const char *path,
            const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);

  if (fd >= 0)
    close (fd);

  return written;
}

static gboolean
map_user (uid_t uid,
          gid_t gid)
{
  g_autofree char *users = g_strdup_printf ("0 %u 1", uid);
  g_autofree char *groups = g_strdup_printf ("0 %u 1", gid);

  return write_text ("/proc/self/setgroups", "deny") &&
         write_text ("/proc/self/uid_map", users) && write_text ("/proc/self/gid_map", groups);
}

static gboolean
change_interface (gulong        request,
                  struct ifreq *change)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean changed = ioctl (fd, request, change) == 0;

  close (fd);

  return changed;
}

static gboolean
raise_loopback (void)
{
  struct ifreq change = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

  return change_interface (SIOCSIFFLAGS, &change);
}

void
transfer_isolate (void)
{
  uid_t uid = geteuid ();
  gid_t gid = getegid ();

  is_isolated = unshare (CLONE_NEWNS | CLONE_NEWNET) == 0 ||
                (unshare (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 && map_user (uid, gid));
  is_isolated = is_isolated && raise_loopback () &&
                mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

gboolean
transfer_is_isolated (void)
{
  if (!is_isolated)
    g_test_skip ("this needs name spaces of its own");

  return is_isolated;
}

/* Gives the loopback interface one more address. */
void
transfer_add_address (const char *ipv4)
{
  struct ifreq change = { .ifr_name = "lo:1" };
  struct sockaddr_in *address = (struct sockaddr_in *) (void *) &change.ifr_addr;

  address->sin_family = AF_INET;
  g_assert_cmpint (inet_pton (AF_INET, ipv4, &address->sin_addr), ==, 1);
  g_assert_true (change_interface (SIOCSIFADDR, &change));
}

char *
transfer_make_archives (const char * const *names)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("archives-XXXXXX", NULL);
  int status;

  g_ptr_array_add (argv, (gpointer) g_getenv ("RUNTIMEUSE_TEST_MAKE_ARCHIVES"));
  g_assert_nonnull (argv->pdata[0]);
  g_ptr_array_add (argv, folder);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) names[i]);
  g_ptr_array_add (argv, NULL);

  g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);

  return folder;
}

void
transfer_remove (const char *path)
{
  g_assert_true (_runtime_use_beneath_remove (AT_FDCWD, path));
}

void
transfer_fixture_set_up (TransferFixture *self,
                         gconstpointer    test_data)
{
  g_autofree char *victim = NULL;

  self->root = g_dir_make_tmp ("transfer-XXXXXX", NULL);
  /* Disks are slow at making again what was just removed. */
  if (is_isolated)
    g_assert_no_errno (mount ("tmpfs", self->root, "tmpfs", 0, "mode=0755"));
  self->target = g_build_filename (self->root, "target", NULL);
  self->outside = g_build_filename (self->root, "outside", NULL);
  victim = g_build_filename (self->outside, "victim", NULL);
  g_assert_no_errno (g_mkdir (self->target, 0755));
  g_assert_no_errno (g_mkdir (self->outside, 0755));
  g_file_set_contents (victim, "untouched", -1, NULL);
  self->outside_before = transfer_list (self->outside);
  self->n_descriptors = descriptors_count ();
}

void
transfer_fixture_assert_clean (TransferFixture *self)
{
  g_autofree char *outside = transfer_list (self->outside);
  g_autoptr(GDir) root = g_dir_open (self->root, 0, NULL);
  g_autoptr(GDir) target = g_dir_open (self->target, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_cmpstr (outside, ==, self->outside_before);
  while (g_dir_read_name (root) != NULL)
    n++;
  g_assert_cmpuint (n, ==, 2);
  while (target != NULL && (name = g_dir_read_name (target)) != NULL)
    g_assert_false (g_str_has_prefix (name, RUNTIME_USE_SCRATCH_PREFIX));
}

void
transfer_fixture_tear_down (TransferFixture *self,
                            gconstpointer    test_data)
{
  transfer_fixture_assert_clean (self);
  g_assert_cmpuint (descriptors_count (), <=, self->n_descriptors);
  if (is_isolated)
    g_assert_no_errno (umount2 (self->root, 0));
  transfer_remove (self->root);
  g_free (self->root);
  g_free (self->target);
  g_free (self->outside);
  g_free (self->outside_before);
}

gboolean
transfer_fixture_mount (TransferFixture *self,
                        const char      *size)
{
  g_autofree char *options = g_strconcat ("size=", size, NULL);

  if (!transfer_is_isolated ())
    return FALSE;

  g_assert_no_errno (mount ("tmpfs", self->target, "tmpfs", 0, options));

  return TRUE;
}

/* Nobody may write to the mounted target any more. */
void
transfer_fixture_lock (TransferFixture *self)
{
  g_assert_no_errno (mount (NULL, self->target, NULL, MS_REMOUNT | MS_RDONLY, NULL));
}

void
transfer_fixture_unmount (TransferFixture *self)
{
  g_assert_no_errno (umount2 (self->target, 0));
}

static void list_folder (const char *path,
                         const char *shown,
                         GString    *text);

static void
list_entry (const char *path,
            const char *shown,
            GString    *text)
{
  struct stat status;

  g_assert_no_errno (lstat (path, &status));
  g_string_append_printf (text, "%s %o %d", shown, status.st_mode, (int) status.st_nlink);

  if (S_ISLNK (status.st_mode))
    {
      g_autofree char *target = g_file_read_link (path, NULL);

      g_string_append_printf (text, " -> %s", target);
    }
  else if (S_ISREG (status.st_mode))
    {
      g_autofree char *content = NULL;
      gsize length = 0;

      if (g_file_get_contents (path, &content, &length, NULL))
        {
          g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, (guchar *) content,
                                                              length);

          g_string_append_printf (text, " %s", sum);
        }
    }
  g_string_append_c (text, '\n');

  if (S_ISDIR (status.st_mode))
    list_folder (path, shown, text);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(char * const *) a, *(char * const *) b);
}

static void
list_folder (const char *path,
             const char *shown,
             GString    *text)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *inner = g_build_filename (path, names->pdata[i], NULL);
      g_autofree char *inner_shown = g_build_filename (shown, names->pdata[i], NULL);

      list_entry (inner, inner_shown, text);
    }
}

char *
transfer_list (const char *folder)
{
  g_autoptr(GString) text = g_string_new (NULL);

  list_folder (folder, "", text);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
transfer_write (TransferFixture *self,
                const char      *name,
                const char      *content)
{
  g_autofree char *path = g_build_filename (self->target, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;

  g_assert_no_errno (g_mkdir_with_parents (parent, 0755));
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

void
transfer_assert_file (TransferFixture *self,
                      const char      *name,
                      const char      *content)
{
  g_autofree char *path = g_build_filename (self->target, name, NULL);
  g_autofree char *found = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &found, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, content);
}

gboolean
transfer_exists (TransferFixture *self,
                 const char      *name)
{
  g_autofree char *path = g_build_filename (self->target, name, NULL);
  struct stat status;

  return lstat (path, &status) == 0;
}
