/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-rest-private.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_QUESTIONS 5000

static void
test_answers (void)
{
  g_autofree char *path = NULL;
  int writer = g_file_open_tmp ("rest-XXXXXX", &path, NULL);
  int reader = open (path, O_RDONLY | O_CLOEXEC);
  struct stat status = { 0 };
  int ends[2];

  g_test_summary ("A file is at rest when nobody has it open for writing");

  g_assert_cmpint (write (writer, "123", 3), ==, 3);
  g_assert_cmpint (_runtime_use_file_rest_ask (reader, &status), ==, RUNTIME_USE_FILE_REST_NO);
  close (writer);
  g_assert_cmpint (_runtime_use_file_rest_ask (reader, &status), ==, RUNTIME_USE_FILE_REST_YES);
  g_assert_cmpint (status.st_size, ==, 3);
  g_assert_cmpint (fcntl (reader, F_GETLEASE), ==, F_UNLCK);
  close (reader);
  g_remove (path);

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (_runtime_use_file_rest_ask (ends[0], &status), ==,
                   RUNTIME_USE_FILE_REST_UNKNOWN);
  g_assert_true (S_ISFIFO (status.st_mode));
  close (ends[0]);
  close (ends[1]);
}

static pid_t
start_opener (const char *path)
{
  pid_t pid = fork ();

  /* It does not outlive a test that fails. */
  if (pid == 0)
    prctl (PR_SET_PDEATHSIG, SIGKILL);
  while (pid == 0)
    close (open (path, O_WRONLY | O_CLOEXEC));

  return pid;
}

static void
test_signal (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("rest-XXXXXX", &path, NULL);
  struct stat status;
  pid_t opener;

  g_test_summary ("Who opens the file while we ask does not end this process by a signal");

  close (fd);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  opener = start_opener (path);
  for (guint i = 0; i < N_QUESTIONS; i++)
    g_assert_cmpint (_runtime_use_file_rest_ask (fd, &status), !=, RUNTIME_USE_FILE_REST_UNKNOWN);

  kill (opener, SIGKILL);
  g_assert_cmpint (waitpid (opener, NULL, 0), ==, opener);
  close (fd);
  g_remove (path);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/file-rest/answers", test_answers);
  g_test_add_func ("/file-rest/signal", test_signal);

  return g_test_run ();
}
