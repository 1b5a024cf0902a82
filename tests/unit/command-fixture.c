/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "command-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-command-handler-private.h"

#include "descriptors.h"

/* Of this process alone: other tests run beside it. */
guint
command_fixture_count_children (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((task = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "children", NULL);
      g_autofree char *children = NULL;

      /* A thread may have ended since. */
      if (!g_file_get_contents (path, &children, NULL, NULL))
        continue;
      for (const char *p = children; *p != '\0'; p++)
        n += *p == ' ';
    }

  return n;
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("The test took longer than %d s", COMMAND_DEADLINE);
  return G_SOURCE_REMOVE;
}

static void
sink_cb (RuntimeUseCommandHandler *handler,
         RuntimeUseOutputStream    stream,
         const char               *text,
         gsize                     length,
         gpointer                  user_data)
{
  CommandFixture *self = user_data;

  g_assert_cmpuint (length, >, 0);
  g_assert_true (g_utf8_validate (text, (gssize) length, NULL) ||
                 memchr (text, '\0', length) != NULL);
  g_string_append_len (self->output[stream], text, (gssize) length);
}

void
command_fixture_set_up (CommandFixture *self,
                        gconstpointer   test_data)
{
  self->deadline_id = g_timeout_add_seconds (COMMAND_DEADLINE, deadline_cb, NULL);
  self->cancellable = g_cancellable_new ();
  self->output[0] = g_string_new (NULL);
  self->output[1] = g_string_new (NULL);

  /* The context opens a descriptor of its own when it is first used. */
  g_main_context_iteration (NULL, FALSE);
  self->n_descriptors = descriptors_count ();

  self->folder = g_dir_make_tmp ("command-XXXXXX", NULL);
  self->fifo_path = g_build_filename (self->folder, "fifo", NULL);
  g_assert_cmpint (mkfifo (self->fifo_path, 0600), ==, 0);
  self->fifo = open (self->fifo_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  self->directory = open (self->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (MIN (self->fifo, self->directory), >=, 0);
}

void
command_fixture_prepare (CommandFixture     *self,
                         const char         *text,
                         const char         *cwd,
                         const char * const *env)
{
  g_auto(GStrv) variables = g_environ_setenv (g_strdupv ((char **) env), "FIFO", self->fifo_path,
                                              TRUE);
  g_autoptr(RuntimeUseCommand) command =
    runtime_use_command_new (text, cwd, (const char * const *) variables);

  g_assert_null (self->handler);
  self->handler = runtime_use_command_handler_new (command);
  _runtime_use_command_handler_set_sink (self->handler, sink_cb, self);
}

void
command_fixture_keep_result_cb (GObject      *object,
                                GAsyncResult *result,
                                gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  g_assert_null (*kept);
  *kept = g_object_ref (result);
}

void
command_fixture_start (CommandFixture *self)
{
  runtime_use_command_handler_run_async (self->handler, self->cancellable,
                                         command_fixture_keep_result_cb, &self->result);
}

static void
wait_for_result (CommandFixture *self)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

int
command_fixture_finish (CommandFixture  *self,
                        GError         **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  wait_for_result (self);
  result = g_steal_pointer (&self->result);

  return runtime_use_command_handler_run_finish (self->handler, result, error);
}

int
command_fixture_run (CommandFixture  *self,
                     const char      *command,
                     GError         **error)
{
  command_fixture_prepare (self, command, NULL, NULL);
  command_fixture_start (self);

  return command_fixture_finish (self, error);
}

void
command_fixture_end (CommandFixture *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  runtime_use_command_handler_end_async (self->handler, NULL, command_fixture_keep_result_cb,
                                         &self->result);
  wait_for_result (self);
  result = g_steal_pointer (&self->result);
  runtime_use_command_handler_end_finish (self->handler, result, &error);
  g_assert_no_error (error);
}

void
command_fixture_wait_for_output (CommandFixture *self,
                                 const char     *text)
{
  while (strstr (self->output[0]->str, text) == NULL && self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (self->output[0]->str, text));
}

static gboolean
fifo_ready_cb (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Waits until something is written or the last writer has gone. */
void
command_fixture_wait_for_fifo (CommandFixture *self)
{
  gboolean ready = FALSE;

  g_unix_fd_add (self->fifo, G_IO_IN | G_IO_HUP, fifo_ready_cb, &ready);
  while (!ready)
    g_main_context_iteration (NULL, TRUE);
}

gboolean
command_fixture_is_fifo_closed (CommandFixture *self)
{
  char buffer[64];
  ssize_t length;

  do
    length = read (self->fifo, buffer, sizeof buffer);
  while (length > 0);

  g_assert_true (length == 0 || errno == EAGAIN);
  return length == 0;
}

void
command_fixture_wait_for_close (CommandFixture *self)
{
  while (!command_fixture_is_fifo_closed (self))
    command_fixture_wait_for_fifo (self);
}

void
command_fixture_sleep_until_close (CommandFixture *self)
{
  GPollFD fd = { .fd = self->fifo, .events = G_IO_IN };

  while (!command_fixture_is_fifo_closed (self))
    g_assert_cmpint (g_poll (&fd, 1, COMMAND_DEADLINE * 1000), ==, 1);
}

/* Lets go of the handler; if it was the last one, so ends all that the command layer keeps. */
void
command_fixture_drop (CommandFixture *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->handler));
  g_string_truncate (self->output[0], 0);
  g_string_truncate (self->output[1], 0);
}

void
command_fixture_tear_down (CommandFixture *self,
                           gconstpointer   test_data)
{
  if (self->handler != NULL)
    g_assert_finalize_object (g_steal_pointer (&self->handler));
  g_assert_null (self->result);
  g_assert_finalize_object (g_steal_pointer (&self->cancellable));

  close (self->directory);
  close (self->fifo);
  g_unlink (self->fifo_path);
  g_rmdir (self->folder);
  g_free (self->fifo_path);
  g_free (self->folder);

  g_assert_cmpuint (command_fixture_count_children (), ==, 0);
  g_assert_cmpuint (descriptors_count (), ==, self->n_descriptors);

  g_string_free (self->output[0], TRUE);
  g_string_free (self->output[1], TRUE);
  g_source_remove (self->deadline_id);
}
