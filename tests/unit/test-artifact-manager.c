/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "http-sink.h"
#include "wait-for.h"
#include "watch-fixture.h"

#define MIB ((guint64) 1024 * 1024)

#define OK   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

static const HttpStep always_ok[] = { { OK, -1, HTTP_THEN_NEXT } };

typedef struct
{
  WatchFixture               files;
  RuntimeUseUploadTracker   *tracker;
  HttpSink                  *sink;
  RuntimeUseArtifactManager *manager;
  GPtrArray                 *offered;    /* char *: paths */
  guint                      n_sent;     /* results that said so */
  guint                      n_failed;   /* the others */
  char                      *error;      /* (nullable): of the last of them */
  GAsyncResult              *result;     /* (nullable) */
} Fixture;

static void
request_cb (RuntimeUseArtifactManager              *manager,
            RuntimeUseArtifactUploadRequestMessage *message,
            Fixture                                *f)
{
  g_ptr_array_add (f->offered,
                   g_strdup (runtime_use_artifact_upload_request_message_get_filepath (message)));
}

static void
result_cb (RuntimeUseArtifactManager             *manager,
           RuntimeUseArtifactUploadResultMessage *message,
           Fixture                               *f)
{
  if (runtime_use_artifact_upload_result_message_get_ok (message))
    {
      f->n_sent++;
      return;
    }

  f->n_failed++;
  g_free (f->error);
  f->error = g_strdup (runtime_use_artifact_upload_result_message_get_error_text (message));
}

static void
fixture_init_with (Fixture        *f,
                   const HttpStep *steps,
                   gsize           n_steps)
{
  memset (f, 0, sizeof *f);
  watch_fixture_init (&f->files);
  f->tracker = runtime_use_upload_tracker_new ();
  f->sink = http_sink_new (steps, n_steps);
  f->offered = g_ptr_array_new_with_free_func (g_free);
  f->manager = runtime_use_artifact_manager_new (f->tracker);
  g_signal_connect (f->manager, "upload-request", G_CALLBACK (request_cb), f);
  g_signal_connect (f->manager, "upload-result", G_CALLBACK (result_cb), f);
}

static void
fixture_init (Fixture *f)
{
  fixture_init_with (f, always_ok, G_N_ELEMENTS (always_ok));
}

static void
fixture_clear (Fixture *f)
{
  runtime_use_artifact_manager_cancel (f->manager);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (f->manager);
  g_clear_object (&f->tracker);
  http_sink_free (f->sink);
  g_free (f->error);
  g_ptr_array_unref (f->offered);
  watch_fixture_clear (&f->files);
}

static void
keep_result (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Fixture *f = user_data;

  f->result = g_object_ref (result);
}

static gboolean
watch (Fixture     *f,
       const char  *folder,
       const char  *rules)
{
  g_autoptr(GError) error = NULL;
  gboolean is_watched;

  runtime_use_artifact_manager_watch_async (f->manager, folder, rules, NULL, keep_result, f);
  wait_for (f->result != NULL);
  is_watched = runtime_use_artifact_manager_watch_finish (f->manager, f->result, &error);
  g_assert_true (is_watched == (error == NULL));
  g_clear_object (&f->result);

  return is_watched;
}

static const char *
get_offer (Fixture *f,
           guint    index)
{
  wait_for (f->offered->len > index);

  return g_ptr_array_index (f->offered, index);
}

/* With the name of the file as that of the URL. */
static void
answer (Fixture    *f,
        const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *rest = g_strconcat ("/", name, NULL);
  g_autofree char *url = http_sink_dup_url (f->sink, rest);
  g_autoptr(RuntimeUseMessage) message = NULL;

  message = runtime_use_artifact_upload_response_message_new (name, path, url, "a/b");
  g_assert_true (runtime_use_artifact_manager_answer (
    f->manager, RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message)));
}

static void
test_nested (void)
{
  g_autofree char *inner = NULL;
  Fixture f;

  g_test_summary ("Of two folders that hold a file the first one decides, once");

  fixture_init (&f);
  inner = g_build_filename (f.files.folder, "in", NULL);
  g_assert_true (watch (&f, f.files.folder, "*.log\n"));
  g_assert_true (watch (&f, f.files.folder, ""));
  g_assert_true (watch (&f, inner, ""));
  watch_fixture_write (&f.files, "in/a.log", "no");
  watch_fixture_write (&f.files, "in/b", "yes");
  runtime_use_artifact_manager_settle_async (f.manager, NULL, keep_result, &f);
  wait_for (f.offered->len > 0);
  watch_fixture_run (200);
  g_assert_cmpuint (f.offered->len, ==, 1);
  g_assert_true (g_str_has_suffix (g_ptr_array_index (f.offered, 0), "/in/b"));
  runtime_use_artifact_manager_lay_aside (f.manager);
  wait_for (f.result != NULL);
  g_clear_object (&f.result);
  fixture_clear (&f);
}

static void
test_two_names (void)
{
  g_autofree char *link = NULL;
  g_autofree char *inner = NULL;
  Fixture f;

  g_test_summary ("A folder with two names offers its files once, by the first of them");

  fixture_init (&f);
  link = g_build_filename (f.files.root, "link", NULL);
  inner = g_build_filename (link, "in", NULL);
  watch_fixture_mkdir (&f.files, "in");
  watch_fixture_link (&f.files, "out", "../link");
  g_assert_true (watch (&f, link, ""));
  g_assert_true (watch (&f, f.files.folder, ""));
  g_assert_true (watch (&f, inner, ""));
  watch_fixture_write (&f.files, "a", "1");
  watch_fixture_write (&f.files, "in/b", "2");
  runtime_use_artifact_manager_settle_async (f.manager, NULL, keep_result, &f);
  wait_for (f.offered->len >= 2);
  runtime_use_artifact_manager_lay_aside (f.manager);
  wait_for (f.result != NULL);
  g_clear_object (&f.result);
  g_assert_cmpuint (f.offered->len, ==, 2);
  for (guint i = 0; i < f.offered->len; i++)
    g_assert_true (g_str_has_prefix (g_ptr_array_index (f.offered, i), link));
  fixture_clear (&f);
}

static void
test_deleted (void)
{
  Fixture f;

  g_test_summary ("A file that is deleted before its answer does not count, and its folder may be "
                  "named after one that failed");

  fixture_init (&f);
  g_assert_false (watch (&f, "/dev/null", NULL));
  g_assert_false (watch (&f, "/dev/null", NULL));
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a\n\x1b[1m", "x");
  wait_for (f.offered->len == 1);
  watch_fixture_remove (&f.files, "a\n\x1b[1m");
  answer (&f, g_ptr_array_index (f.offered, 0));
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (f.error, "/a??[1m any more: ENOENT: "));
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_failed (f.manager), ==, 0);
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_pending (f.manager), ==, 0);
  fixture_clear (&f);
}

static void
test_secrets (void)
{
  const char * const secrets[] = { "secret-1", "secret-2", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  const char *first;
  g_autofree char *second = NULL;
  Fixture f;

  g_test_summary ("Paths that differ only in a secret are shown with a number");

  fixture_init (&f);
  runtime_use_artifact_manager_set_redactor (f.manager, redactor);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "secret-1", "1");
  watch_fixture_write (&f.files, "secret-2", "2");
  wait_for (f.offered->len == 2);
  first = g_ptr_array_index (f.offered, 0);
  second = g_strconcat (first, "~2", NULL);
  g_assert_null (strstr (first, "secret"));
  g_assert_cmpstr (g_ptr_array_index (f.offered, 1), ==, second);
  fixture_clear (&f);
}

static void
assert_sent (Fixture    *f,
             guint       index,
             const char *name,
             const char *content)
{
  const HttpRequest *request = http_sink_get_request (f->sink, index);
  g_autofree char *line = g_strdup_printf ("PUT /%s HTTP/1.1\r\n", name);

  g_assert_true (g_str_has_prefix (request->head, line));
  g_assert_cmpmem (request->body->data, request->body->len, content, strlen (content));
}

static void
assert_offered (Fixture    *f,
                guint       index,
                const char *name)
{
  g_autofree char *path = watch_fixture_path (&f->files, name);

  g_assert_cmpstr (get_offer (f, index), ==, path);
}

static void
test_back_again (void)
{
  g_autofree char *folder = NULL;
  Fixture f;

  g_test_summary ("A file that could not be found for a moment, which nobody noticed, is offered "
                  "again");

  fixture_init (&f);
  folder = watch_fixture_path (&f.files, "parent/in");
  watch_fixture_mkdir (&f.files, "parent");
  watch_fixture_mkdir (&f.files, "parent/in");
  g_assert_true (watch (&f, folder, NULL));
  watch_fixture_write (&f.files, "parent/in/a", "x");
  assert_offered (&f, 0, "parent/in/a");
  watch_fixture_rename (&f.files, "parent", "aside");
  answer (&f, get_offer (&f, 0));
  g_assert_cmpuint (f.n_failed, ==, 1);
  watch_fixture_rename (&f.files, "aside", "parent");
  assert_offered (&f, 1, "parent/in/a");
  answer (&f, get_offer (&f, 1));
  wait_for (f.n_sent == 1);
  fixture_clear (&f);
}

static int
open_in (Fixture    *f,
         const char *name,
         int         flags)
{
  g_autofree char *path = watch_fixture_path (&f->files, name);
  int fd = open (path, flags | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

/* --- what is sent --- */

static void
test_any_order (void)
{
  Fixture f;

  g_test_summary ("Answers may come in any order, and twice or for nothing without harm");

  fixture_init (&f);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_mkdir (&f.files, "1");
  watch_fixture_mkdir (&f.files, "2");
  watch_fixture_write (&f.files, "1/same", "one");
  assert_offered (&f, 0, "1/same");
  watch_fixture_write (&f.files, "2/same", "two");
  watch_fixture_write (&f.files, "3", "three");
  wait_for (f.offered->len == 3);
  http_sink_hold (f.sink, TRUE);
  for (guint i = 3; i > 0; i--)
    {
      answer (&f, g_ptr_array_index (f.offered, i - 1));
      wait_for (http_sink_get_n_requests (f.sink) == 4 - i);
    }
  http_sink_hold (f.sink, FALSE);
  wait_for (f.n_sent == 3);
  assert_sent (&f, 2, "same", "one");
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_uploaded (f.manager), ==, 3);
  fixture_clear (&f);
}

static void
test_relative (void)
{
  g_autofree char *before = g_get_current_dir ();
  Fixture f;

  g_test_summary ("A relative folder makes relative paths, and stays where it was");

  fixture_init (&f);
  g_assert_no_errno (g_chdir (f.files.root));
  g_assert_true (watch (&f, "./out", NULL));
  g_assert_no_errno (g_chdir (before));
  watch_fixture_mkdir (&f.files, "a");
  watch_fixture_write (&f.files, "a/b", "x");
  g_assert_cmpstr (get_offer (&f, 0), ==, "./out/a/b");
  answer (&f, "./out/a/b");
  wait_for (f.n_sent == 1);
  assert_sent (&f, 0, "b", "x");
  fixture_clear (&f);
}

static void
test_at_once (void)
{
  Fixture f;

  g_test_summary ("No more files are sent at a time than the tracker allows, whatever is answered");

  fixture_init (&f);
  runtime_use_upload_tracker_set_max_concurrent (f.tracker, 3);
  http_sink_hold (f.sink, TRUE);
  g_assert_true (watch (&f, f.files.folder, NULL));
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      watch_fixture_write (&f.files, name, "x");
    }
  wait_for (f.offered->len == 50);
  for (guint i = 0; i < 50; i++)
    answer (&f, g_ptr_array_index (f.offered, i));
  wait_for (http_sink_get_n_held (f.sink) == 3);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_running (f.tracker), ==, 3);
  http_sink_hold (f.sink, FALSE);
  wait_for (f.n_sent == 50);
  g_assert_cmpuint (http_sink_get_max_at_once (f.sink), ==, 3);
  fixture_clear (&f);
}

static void
test_trouble (void)
{
  static const HttpStep steps[] = {
    { BUSY, -1, HTTP_THEN_NEXT }, { NULL, 1, HTTP_THEN_CLOSE }, { OK, -1, HTTP_THEN_NEXT },
    { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT },
  };
  Fixture f;

  g_test_summary ("An address that is busy or hangs up is tried again; one that says no is not");

  fixture_init_with (&f, steps, G_N_ELEMENTS (steps));
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "content");
  answer (&f, get_offer (&f, 0));
  wait_for (f.n_sent == 1);
  assert_sent (&f, 2, "a", "content");

  watch_fixture_write (&f.files, "b", "content");
  answer (&f, get_offer (&f, 1));
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (f.error, "404"));
  g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 4);

  /* Only another content is offered again. */
  watch_fixture_run (200);
  g_assert_cmpuint (f.offered->len, ==, 2);
  watch_fixture_write (&f.files, "b", "other");
  assert_offered (&f, 2, "b");
  fixture_clear (&f);
}

static void
test_huge (void)
{
  static const HttpStep refuses[] = {
    { "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 1024, HTTP_THEN_CLOSE },
  };
  Fixture f;
  int fd;

  g_test_summary ("A file with holes may have more than 4 GiB");

  fixture_init_with (&f, refuses, G_N_ELEMENTS (refuses));
  g_assert_true (watch (&f, f.files.folder, NULL));
  fd = open_in (&f, "huge", O_WRONLY | O_CREAT);
  g_assert_no_errno (ftruncate (fd, (off_t) 5 << 30));
  close (fd);
  answer (&f, get_offer (&f, 0));
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (http_sink_get_request (f.sink, 0)->head,
                            "\r\nContent-Length: 5368709120\r\n"));
  fixture_clear (&f);
}

/* --- what changes meanwhile --- */

static void
test_changed (void)
{
  Fixture f;

  g_test_summary ("What changes between offer and answer is sent as it is; later, offered again");

  fixture_init (&f);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "one");
  assert_offered (&f, 0, "a");
  watch_fixture_write (&f.files, "a", "second");
  watch_fixture_write (&f.files, "b", "then");
  assert_offered (&f, 1, "b");
  http_sink_hold (f.sink, TRUE);
  answer (&f, get_offer (&f, 0));
  wait_for (http_sink_get_n_held (f.sink) == 1);
  g_assert_cmpuint (f.offered->len, ==, 2);

  watch_fixture_write (&f.files, "a", "the third");
  watch_fixture_write (&f.files, "c", "then");
  assert_offered (&f, 2, "c");
  http_sink_hold (f.sink, FALSE);
  assert_offered (&f, 3, "a");
  g_assert_cmpuint (f.n_sent, ==, 1);
  answer (&f, get_offer (&f, 3));
  wait_for (f.n_sent == 2);
  assert_sent (&f, 0, "a", "second");
  assert_sent (&f, 1, "a", "the third");
  fixture_clear (&f);
}

static void
test_half_written (void)
{
  Fixture f;
  int fd;

  g_test_summary ("What is being written to when its turn comes is not sent, but offered again");

  fixture_init (&f);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "whole");
  assert_offered (&f, 0, "a");
  fd = open_in (&f, "a", O_WRONLY | O_TRUNC);
  g_assert_cmpint (write (fd, "ha", 2), ==, 2);
  answer (&f, get_offer (&f, 0));
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (f.error, "was changed"));
  g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 0);
  g_assert_cmpuint (f.offered->len, ==, 1);

  g_assert_cmpint (write (fd, "lf", 2), ==, 2);
  close (fd);
  answer (&f, get_offer (&f, 1));
  wait_for (f.n_sent == 1);
  assert_sent (&f, 0, "a", "half");
  fixture_clear (&f);
}

typedef struct
{
  const char *path;
  guint64     size;
} Change;

static void
overwrite_cb (gpointer user_data)
{
  const Change *change = user_data;
  int fd = open (change->path, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, "changed", 7, 0), ==, 7);
  if (change->size > 0)
    g_assert_no_errno (ftruncate (fd, (off_t) change->size));
  close (fd);
}

/* A large file is read while it is sent. */
static void
test_changed_while_sent (void)
{
  /* In place, longer, and shorter. */
  static const guint64 sizes[] = { 0, 80 * MIB, 40 * MIB };

  g_test_summary ("Of a file that changes while it is sent no part arrives, but all later");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = NULL;
      Change change;
      Fixture f;
      int fd;

      fixture_init (&f);
      g_assert_true (watch (&f, f.files.folder, NULL));
      path = watch_fixture_path (&f.files, "a");
      fd = open_in (&f, "a", O_RDWR | O_CREAT);
      g_assert_no_errno (ftruncate (fd, 64 * MIB));
      close (fd);
      change = (Change) { path, sizes[i] };
      get_offer (&f, 0);
      runtime_use_artifact_manager_settle_async (f.manager, NULL, keep_result, &f);
      http_sink_call_at (f.sink, 1, overwrite_cb, &change);
      answer (&f, get_offer (&f, 0));
      wait_for (f.n_failed == 1);
      g_assert_cmpuint (http_sink_get_request (f.sink, 0)->n_body, <, 64 * MIB);

      fd = open_in (&f, "a", O_RDONLY);
      http_sink_compare (f.sink, fd);
      answer (&f, get_offer (&f, 1));
      g_assert_null (f.result);
      wait_for (f.n_sent == 1);
      g_assert_true (http_sink_is_same (f.sink));
      g_assert_cmpuint (http_sink_get_request (f.sink, 1)->n_body, ==,
                        sizes[i] > 0 ? sizes[i] : 64 * MIB);
      close (fd);
      wait_for (f.result != NULL);
      g_clear_object (&f.result);
      fixture_clear (&f);
    }
}

/* As programs do that keep the times of what they copy. */
static void
test_same_again (void)
{
  struct stat status;
  struct timespec times[2];
  Fixture f;
  int fd;

  g_test_summary ("A file that was changed, and then looks as if it was not, is not lost");

  fixture_init (&f);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "one");
  assert_offered (&f, 0, "a");
  fd = open_in (&f, "a", O_WRONLY);
  g_assert_no_errno (fstat (fd, &status));
  times[0] = status.st_atim;
  times[1] = status.st_mtim;
  g_assert_cmpint (write (fd, "two", 3), ==, 3);
  answer (&f, get_offer (&f, 0));
  wait_for (f.n_failed == 1);
  g_assert_no_errno (futimens (fd, times));
  close (fd);
  answer (&f, get_offer (&f, 1));
  wait_for (f.n_sent == 1);
  assert_sent (&f, 0, "a", "two");
  fixture_clear (&f);
}

/* --- what is short --- */

/* Leaves @n_free descriptors. */
static GArray *
use_up_descriptors (struct rlimit *before,
                    guint          n_free)
{
  GArray *used = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit limit;
  int fd;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, before));
  limit = *before;
  limit.rlim_cur = MIN (limit.rlim_cur, 200);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  while ((fd = open ("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
    g_array_append_val (used, fd);
  g_assert_cmpint (errno, ==, EMFILE);
  for (; n_free > 0; n_free--)
    {
      close (g_array_index (used, int, used->len - 1));
      g_array_set_size (used, used->len - 1);
    }

  return used;
}

static void
give_back (GArray              *used,
           const struct rlimit *before)
{
  for (guint i = 0; i < used->len; i++)
    close (g_array_index (used, int, i));
  g_array_unref (used);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, before));
}

static void
test_descriptors (void)
{
  g_test_summary ("Without descriptors files wait, and are sent when there are some again");

  /* Those for the file are short, or those for sending it. */
  for (guint n_free = 0; n_free < 5; n_free++)
    {
      struct rlimit before;
      GArray *used;
      Fixture f;

      fixture_init (&f);
      g_assert_true (watch (&f, f.files.folder, NULL));
      watch_fixture_write (&f.files, "a", "one");
      watch_fixture_write (&f.files, "b", "two");
      wait_for (f.offered->len == 2);
      used = use_up_descriptors (&before, n_free);
      answer (&f, get_offer (&f, 0));
      answer (&f, get_offer (&f, 1));
      g_assert_cmpuint (f.n_failed, ==, 0);
      g_assert_cmpuint (runtime_use_artifact_manager_get_n_pending (f.manager), ==, 2);
      give_back (used, &before);
      wait_for (f.n_sent == 2);
      g_assert_cmpuint (f.n_failed, ==, 0);
      fixture_clear (&f);
    }
}

static void
test_descriptors_cancelled (void)
{
  struct rlimit before;
  GArray *used;
  Fixture f;

  g_test_summary ("A file that waits for a descriptor ends with a cancel");

  fixture_init (&f);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "one");
  get_offer (&f, 0);
  used = use_up_descriptors (&before, 0);
  answer (&f, get_offer (&f, 0));
  runtime_use_artifact_manager_cancel (f.manager);
  g_assert_cmpuint (f.n_failed, ==, 1);
  g_assert_nonnull (strstr (f.error, "EMFILE: "));
  give_back (used, &before);
  fixture_clear (&f);
}

/* --- what takes its place --- */

static gboolean
make_pipe (Fixture    *f,
           const char *path)
{
  return mkfifo (path, 0644) == 0;
}

static gboolean
make_device (Fixture    *f,
             const char *path)
{
  return mknod (path, S_IFCHR | 0644, makedev (1, 5)) == 0;
}

static gboolean
make_link_out (Fixture    *f,
               const char *path)
{
  return symlink ("../secret", path) == 0;
}

static gboolean
make_root_link (Fixture    *f,
                const char *path)
{
  return symlink ("/proc/self/root/etc/passwd", path) == 0;
}

static gboolean
make_loop (Fixture    *f,
           const char *path)
{
  return symlink ("a", path) == 0;
}

static gboolean
make_folder (Fixture    *f,
             const char *path)
{
  return g_mkdir (path, 0755) == 0;
}

static void
test_replaced (void)
{
  static gboolean (* const makes[]) (Fixture *, const char *) = {
    make_pipe, make_device, make_link_out, make_root_link, make_loop, make_folder,
  };

  g_test_summary ("What takes the place of a file that was offered is neither sent nor opened");

  for (gsize i = 0; i < G_N_ELEMENTS (makes); i++)
    {
      g_autofree char *path = NULL;
      int monitor = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
      char event[1024];
      Fixture f;

      fixture_init (&f);
      path = watch_fixture_path (&f.files, "a");
      g_assert_true (watch (&f, f.files.folder, NULL));
      watch_fixture_write (&f.files, "../secret", "secret");
      watch_fixture_write (&f.files, "a", "x");
      assert_offered (&f, 0, "a");
      watch_fixture_remove (&f.files, "a");
      /* To make a device takes a right. */
      if (makes[i] (&f, path))
        {
          g_assert_cmpint (inotify_add_watch (monitor, path, IN_OPEN | IN_DONT_FOLLOW), >=, 0);
          answer (&f, get_offer (&f, 0));
          wait_for (f.n_failed == 1);
          g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 0);
          if (makes[i] != make_folder)
            g_assert_cmpint (read (monitor, event, sizeof event), ==, -1);
        }
      else
        g_assert_cmpint (errno, ==, EPERM);
      close (monitor);
      fixture_clear (&f);
    }
}

/* At once. After too many the kernel forgets some, and what was sent is not known to be another. */
#define MAX_SWAPS 1000

typedef struct
{
  char     *directory;
  char     *aside;
  GMutex    lock;
  GCond     changed;
  guint     n_left;
  gboolean  is_over;
  guint     n_swaps;
} Swapper;

/* Puts a link to the outside where the directory is, and the directory back. */
static void
swap (Swapper *self)
{
  g_assert_no_errno (g_rename (self->directory, self->aside));
  g_assert_no_errno (symlink ("../outside", self->directory));
  g_assert_no_errno (g_unlink (self->directory));
  g_assert_no_errno (g_rename (self->aside, self->directory));
}

static gpointer
swap_func (gpointer user_data)
{
  Swapper *self = user_data;

  g_mutex_lock (&self->lock);
  while (!self->is_over)
    {
      if (self->n_left == 0)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      self->n_left--;
      self->n_swaps++;
      g_mutex_unlock (&self->lock);
      swap (self);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);

  return NULL;
}

static guint
get_n_swaps (Swapper *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_swaps;
}

static void
want (Swapper  *self,
      gboolean  is_wanted,
      gboolean  is_over)
{
  g_mutex_lock (&self->lock);
  self->n_left = is_wanted ? MAX_SWAPS : 0;
  self->is_over = is_over;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
test_swapped (void)
{
  Swapper swapper = { 0 };
  GThread *thread;
  Fixture f;

  g_test_summary ("A directory that is swapped for a link again and again leads nowhere else");

  fixture_init (&f);
  g_mutex_init (&swapper.lock);
  g_cond_init (&swapper.changed);
  swapper.directory = watch_fixture_path (&f.files, "d");
  swapper.aside = watch_fixture_path (&f.files, ".aside");
  watch_fixture_mkdir (&f.files, "../outside");
  watch_fixture_write (&f.files, "../outside/file", "secret");
  watch_fixture_mkdir (&f.files, "d");
  watch_fixture_write (&f.files, "d/file", "public");
  g_object_set (f.manager, "quiet", 1, NULL);
  g_assert_true (watch (&f, f.files.folder, "/.aside\n"));

  /* The directory is another one each time, so what is in it is offered again and again. */
  thread = g_thread_new ("swap", swap_func, &swapper);
  for (guint i = 0; i < 30; i++)
    {
      guint n_swaps = get_n_swaps (&swapper);

      assert_offered (&f, i, "d/file");
      want (&swapper, TRUE, FALSE);
      answer (&f, get_offer (&f, i));
      wait_for (f.n_sent + f.n_failed == i + 1 && get_n_swaps (&swapper) > n_swaps);
      want (&swapper, FALSE, FALSE);
    }
  want (&swapper, FALSE, TRUE);
  g_thread_join (thread);

  g_test_message ("%u sent, %u failed, %u swaps", f.n_sent, f.n_failed, swapper.n_swaps);
  for (guint i = 0; i < http_sink_get_n_requests (f.sink); i++)
    assert_sent (&f, i, "file", "public");
  fixture_clear (&f);
  g_mutex_clear (&swapper.lock);
  g_cond_clear (&swapper.changed);
  g_free (swapper.directory);
  g_free (swapper.aside);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/artifact-manager/nested", test_nested);
  g_test_add_func ("/artifact-manager/two-names", test_two_names);
  g_test_add_func ("/artifact-manager/deleted", test_deleted);
  g_test_add_func ("/artifact-manager/back-again", test_back_again);
  g_test_add_func ("/artifact-manager/secrets", test_secrets);
  g_test_add_func ("/artifact-manager/any-order", test_any_order);
  g_test_add_func ("/artifact-manager/relative", test_relative);
  g_test_add_func ("/artifact-manager/at-once", test_at_once);
  g_test_add_func ("/artifact-manager/trouble", test_trouble);
  g_test_add_func ("/artifact-manager/huge", test_huge);
  g_test_add_func ("/artifact-manager/changed", test_changed);
  g_test_add_func ("/artifact-manager/half-written", test_half_written);
  g_test_add_func ("/artifact-manager/changed-while-sent", test_changed_while_sent);
  g_test_add_func ("/artifact-manager/same-again", test_same_again);
  g_test_add_func ("/artifact-manager/descriptors", test_descriptors);
  g_test_add_func ("/artifact-manager/descriptors-cancelled", test_descriptors_cancelled);
  g_test_add_func ("/artifact-manager/replaced", test_replaced);
  g_test_add_func ("/artifact-manager/swapped", test_swapped);

  return g_test_run ();
}
