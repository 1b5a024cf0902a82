/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-scheduler-private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"
#include "http-sink.h"
#include "runtime-use-error.h"
#include "wait-for.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static const HttpStep always_ok[] = { { OK, -1, HTTP_THEN_NEXT } };

typedef struct
{
  RuntimeUseUploadLimits     limits;
  GObject                   *owner;
  RuntimeUseUploadScheduler *scheduler;
  HttpSink                  *sink;
  char                      *path;         /* of a file that can be sent */
  GString                   *over;         /* names, and how that was: see describe() */
  guint                      n_over;
  guint                      n_running;    /* as last told */
  guint                      n_pending;
  guint                      n_advanced;
  guint                      n_settled;    /* so many were over when it last advanced */
  const char                *added;        /* (nullable): what is added when the next is over */
} Fixture;

static void add (Fixture          *self,
                 const char       *name,
                 RuntimeUseLogger *logger,
                 GCancellable     *cancellable);

static Fixture *
fixture_of (gpointer owner)
{
  return g_object_get_data (owner, "fixture");
}

static void
n_running_changed_cb (gpointer owner)
{
  Fixture *self = fixture_of (owner);

  guint before = self->n_running;

  self->n_running = _runtime_use_upload_scheduler_get_n_running (self->scheduler);
  if (self->n_running > before)
    g_assert_cmpuint (self->n_running, <=, self->limits.max_concurrent);
}

static void
n_pending_changed_cb (gpointer owner)
{
  Fixture *self = fixture_of (owner);

  self->n_pending = _runtime_use_upload_scheduler_get_n_pending (self->scheduler);
}

static const char *
describe (const GError *error)
{
  if (error == NULL)
    return "sent";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return "cancelled";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return "missing";

  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);

  return "too many";
}

static void
over_cb (GTask    *task,
         GError   *error,
         gpointer  owner)
{
  Fixture *self = fixture_of (owner);
  const char *added = g_steal_pointer (&self->added);

  /* It does not count any more, and that was told. */
  g_assert_cmpuint (_runtime_use_upload_scheduler_get_n_running (self->scheduler), ==,
                    self->n_running);
  g_assert_cmpuint (_runtime_use_upload_scheduler_get_n_pending (self->scheduler), <=,
                    self->n_pending);
  g_string_append_printf (self->over, "%s %s;", g_task_get_name (task), describe (error));
  self->n_over++;
  g_clear_error (&error);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);

  if (added != NULL)
    add (self, added, NULL, NULL);
}

static void
advanced_cb (gpointer owner)
{
  Fixture *self = fixture_of (owner);

  self->n_advanced++;
  self->n_settled = self->n_over;
}

static const RuntimeUseUploadSchedulerEvents events = {
  n_running_changed_cb, n_pending_changed_cb, over_cb, advanced_cb,
};

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  int fd = g_file_open_tmp ("scheduler-XXXXXX", &self->path, NULL);

  g_assert_cmpint (write (fd, "content", 7), ==, 7);
  close (fd);
  self->limits = (RuntimeUseUploadLimits) { .max_queued = 100,
                                            .timeout = RUNTIME_USE_UPLOAD_TIMEOUT };
  self->owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_object_set_data (self->owner, "fixture", self);
  self->scheduler = _runtime_use_upload_scheduler_new (&self->limits, &events, self->owner);
  self->sink = http_sink_new (always_ok, G_N_ELEMENTS (always_ok));
  self->over = g_string_new (NULL);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_assert_cmpuint (_runtime_use_upload_scheduler_get_n_pending (self->scheduler), ==, 0);
  /* Those that are over may return later. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  _runtime_use_upload_scheduler_free (self->scheduler);
  g_assert_finalize_object (self->owner);
  http_sink_free (self->sink);
  g_string_free (self->over, TRUE);
  g_unlink (self->path);
  g_free (self->path);
}

/* Names that begin with an “m” are those of missing files. */
static void
add (Fixture          *self,
     const char       *name,
     RuntimeUseLogger *logger,
     GCancellable     *cancellable)
{
  g_autofree char *url = http_sink_dup_url (self->sink, "/");
  const char *path = name[0] == 'm' ? "/nowhere/at/all" : self->path;
  GTask *task = g_task_new (self->owner, cancellable, NULL, NULL);

  g_task_set_name (task, name);
  g_task_set_task_data (task, _runtime_use_upload_item_new (path, url, NULL, logger),
                        (GDestroyNotify) _runtime_use_upload_item_free);
  _runtime_use_upload_scheduler_add (self->scheduler, task);
}

/* From now on, and with those that wait. */
static void
allow (Fixture *self,
       guint    max_concurrent)
{
  self->limits.max_concurrent = max_concurrent;
  _runtime_use_upload_scheduler_start_next (self->scheduler);
}

static void
assert_over (Fixture    *self,
             const char *expected)
{
  g_assert_cmpstr (self->over->str, ==, expected);
  g_string_truncate (self->over, 0);
}

static void
test_turns (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr(RuntimeUseLogger) one = runtime_use_logger_new (NULL);
  g_autoptr(RuntimeUseLogger) other = runtime_use_logger_new (NULL);

  g_test_summary ("Who has many files does not hold up the others, nor who has no logger");

  add (self, "m1", one, NULL);
  add (self, "m2", one, NULL);
  add (self, "m3", one, NULL);
  add (self, "m4", other, NULL);
  add (self, "m5", NULL, NULL);
  add (self, "m6", NULL, NULL);
  g_assert_cmpuint (self->n_pending, ==, 6);
  assert_over (self, "");
  allow (self, 1);
  assert_over (self, "m1 missing;m4 missing;m5 missing;m2 missing;m6 missing;m3 missing;");
  g_assert_cmpuint (self->n_pending, ==, 0);

  /* Who was done before comes last. */
  allow (self, 0);
  add (self, "m7", other, NULL);
  add (self, "m8", one, NULL);
  add (self, "m9", other, NULL);
  allow (self, 1);
  assert_over (self, "m7 missing;m8 missing;m9 missing;");
}

static void
test_bound (Fixture       *self,
            gconstpointer  data)
{
  g_test_summary ("The queue has a bound, which may change, and not for who finds a place at once");

  self->limits.max_queued = 2;
  add (self, "m1", NULL, NULL);
  add (self, "m2", NULL, NULL);
  add (self, "m3", NULL, NULL);
  assert_over (self, "m3 too many;");
  g_assert_cmpuint (self->n_pending, ==, 2);
  self->limits.max_queued = 3;
  add (self, "m4", NULL, NULL);
  self->limits.max_queued = 0;
  add (self, "m5", NULL, NULL);
  assert_over (self, "m5 too many;");
  allow (self, 1);
  assert_over (self, "m1 missing;m2 missing;m4 missing;");

  add (self, "m6", NULL, NULL);
  assert_over (self, "m6 missing;");
}

static gpointer
cancel_func (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return NULL;
}

static void
test_cancel (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(RuntimeUseLogger) one = runtime_use_logger_new (NULL);
  g_autoptr(RuntimeUseLogger) other = runtime_use_logger_new (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_test_summary ("What is cancelled leaves the queue, and the others keep their turns");

  add (self, "m1", one, NULL);
  add (self, "x1", other, cancellable);
  add (self, "x2", NULL, cancellable);
  add (self, "m2", NULL, NULL);
  add (self, "x3", NULL, cancellable);
  g_thread_join (g_thread_new ("cancel", cancel_func, cancellable));

  /* Not in that thread. */
  assert_over (self, "");
  wait_for (self->n_settled == 3);
  g_assert_cmpuint (self->n_pending, ==, 2);
  for (guint i = 1; i <= 3; i++)
    {
      g_autofree char *part = g_strdup_printf ("x%u cancelled;", i);

      g_assert_nonnull (strstr (self->over->str, part));
    }
  g_string_truncate (self->over, 0);

  /* It had nothing else, and is no stranger for that. */
  add (self, "m3", other, NULL);
  add (self, "m4", one, NULL);
  allow (self, 1);
  assert_over (self, "m1 missing;m2 missing;m3 missing;m4 missing;");
}

static void
test_cancelled_before (Fixture       *self,
                       gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  guint n_advanced;

  g_test_summary ("What was cancelled before it came, or before its turn, is over once");

  g_cancellable_cancel (cancellable);
  add (self, "x1", NULL, cancellable);
  assert_over (self, "");
  wait_for (self->n_over == 1);
  assert_over (self, "x1 cancelled;");

  /* Its turn comes before anybody looks who was cancelled. */
  g_cancellable_reset (cancellable);
  add (self, "m1", NULL, cancellable);
  g_cancellable_cancel (cancellable);
  allow (self, 1);
  assert_over (self, "m1 missing;");
  n_advanced = self->n_advanced;
  wait_for (self->n_advanced > n_advanced);
  assert_over (self, "");
}

static void
test_places (Fixture       *self,
             gconstpointer  data)
{
  g_test_summary ("What cannot be opened takes no place, and does not hold up the next");

  self->limits.max_concurrent = 1;
  add (self, "m1", NULL, NULL);
  http_sink_hold (self->sink, TRUE);
  add (self, "s1", NULL, NULL);
  add (self, "m2", NULL, NULL);
  add (self, "m3", NULL, NULL);
  add (self, "s2", NULL, NULL);
  assert_over (self, "m1 missing;");
  g_assert_cmpuint (self->n_running, ==, 1);
  g_assert_cmpuint (self->n_pending, ==, 4);
  http_sink_hold (self->sink, FALSE);
  wait_for (self->n_over == 5);
  assert_over (self, "s1 sent;m2 missing;m3 missing;s2 sent;");
  g_assert_cmpuint (self->n_running, ==, 0);

  /* One for both, for there was always more to send. */
  g_assert_cmpuint (http_sink_get_n_requests (self->sink), ==, 2);
  g_assert_cmpuint (http_sink_get_request (self->sink, 1)->connection, ==, 1);
}

static void
test_added (Fixture       *self,
            gconstpointer  data)
{
  g_test_summary ("Who hears that one is over may add another, which is no exception");

  self->added = "m3";
  add (self, "m1", NULL, NULL);
  add (self, "m2", NULL, NULL);
  allow (self, 1);
  assert_over (self, "m1 missing;m2 missing;m3 missing;");

  self->added = "s2";
  add (self, "s1", NULL, NULL);
  wait_for (self->n_over == 5);
  assert_over (self, "s1 sent;s2 sent;");
  g_assert_cmpuint (http_sink_get_max_at_once (self->sink), ==, 1);
}

static void
test_missing (Fixture       *self,
              gconstpointer  data)
{
  guint n_descriptors = descriptors_count ();

  g_test_summary ("What cannot be opened is told like all that is over, and keeps no connection");

  self->limits.max_concurrent = 1;
  add (self, "m1", NULL, NULL);
  g_assert_cmpuint (self->n_settled, ==, 1);
  g_assert_cmpuint (descriptors_count (), ==, n_descriptors);

  add (self, "s1", NULL, NULL);
  wait_for (self->n_settled == 2);
  g_assert_cmpuint (descriptors_count (), >, n_descriptors);
  add (self, "m2", NULL, NULL);
  assert_over (self, "m1 missing;s1 sent;m2 missing;");
  wait_for (descriptors_count () == n_descriptors);
}

static void
test_limits (Fixture       *self,
             gconstpointer  data)
{
  g_test_summary ("More may run from when that is allowed, and they begin at once");

  http_sink_hold (self->sink, TRUE);
  self->limits.max_concurrent = 2;
  for (guint i = 0; i < 8; i++)
    add (self, "s", NULL, NULL);
  wait_for (http_sink_get_n_held (self->sink) == 2);
  g_assert_cmpuint (self->n_running, ==, 2);
  g_assert_cmpuint (self->n_pending, ==, 8);

  allow (self, 4);
  wait_for (http_sink_get_n_held (self->sink) == 4);
  g_assert_cmpuint (self->n_running, ==, 4);
  g_assert_cmpuint (self->n_settled, ==, 0);

  http_sink_hold (self->sink, FALSE);
  wait_for (self->n_settled == 8);
  g_assert_cmpuint (http_sink_get_max_at_once (self->sink), ==, 4);
  g_assert_cmpuint (http_sink_get_n_requests (self->sink), ==, 8);
}

static void
test_fewer (Fixture       *self,
            gconstpointer  data)
{
  g_test_summary ("When fewer are allowed than run, none begins before so many have ended");

  http_sink_hold (self->sink, TRUE);
  self->limits.max_concurrent = 3;
  for (guint i = 0; i < 6; i++)
    add (self, "s", NULL, NULL);
  wait_for (http_sink_get_n_held (self->sink) == 3);
  self->limits.max_concurrent = 0;
  http_sink_hold (self->sink, FALSE);
  wait_for (self->n_over == 3);
  g_assert_cmpuint (self->n_running, ==, 0);
  g_assert_cmpuint (self->n_pending, ==, 3);

  http_sink_hold (self->sink, TRUE);
  allow (self, 2);
  wait_for (http_sink_get_n_held (self->sink) == 2);
  allow (self, 1);
  http_sink_hold (self->sink, FALSE);
  wait_for (self->n_over == 6);
  assert_over (self, "s sent;s sent;s sent;s sent;s sent;s sent;");
}

static void
add_test (const char *path,
          void     (* func) (Fixture       *self,
                             gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_test ("/upload-scheduler/turns", test_turns);
  add_test ("/upload-scheduler/bound", test_bound);
  add_test ("/upload-scheduler/cancel", test_cancel);
  add_test ("/upload-scheduler/cancelled-before", test_cancelled_before);
  add_test ("/upload-scheduler/places", test_places);
  add_test ("/upload-scheduler/added", test_added);
  add_test ("/upload-scheduler/missing", test_missing);
  add_test ("/upload-scheduler/limits", test_limits);
  add_test ("/upload-scheduler/fewer", test_fewer);

  return g_test_run ();
}
