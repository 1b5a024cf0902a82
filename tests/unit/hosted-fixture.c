/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hosted-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

void
assert_contains (const char *message,
                 const char *part)
{
  if (strstr (message, part) == NULL)
    g_error ("no “%s” in “%.600s”", part, message);
}

HostedFixture *
hosted_fixture_new (const char *how)
{
  HostedFixture *self = g_new0 (HostedFixture, 1);
  g_autoptr(GError) error = NULL;

  self->folder = g_dir_make_tmp ("runtimeuse-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, how, NULL);
  g_assert_cmpint (symlink (g_getenv ("RUNTIMEUSE_TEST_SCRIPTED_HOST"), self->path), ==, 0);
  self->handler = runtime_use_hosted_handler_new (self->path);
  self->session = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (self->handler));
  g_object_set (self->session->session, "kill-grace", 100, NULL);

  return self;
}

void
hosted_fixture_be_patient (HostedFixture *self)
{
  g_object_set (self->session->session, "kill-grace", 20000, NULL);
}

void
hosted_fixture_add_other (HostedFixture *self)
{
  self->other = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (self->handler));
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("waited in vain");

  return G_SOURCE_REMOVE;
}

void
hosted_result_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **slot)
{
  guint deadline = g_timeout_add_seconds (HOSTED_DEADLINE, deadline_cb, NULL);

  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);

  return *slot;
}

void
hosted_fixture_stop (HostedFixture *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  runtime_use_hosted_handler_stop_async (self->handler, NULL, hosted_result_cb, &result);
  runtime_use_hosted_handler_stop_finish (self->handler, wait_for_result (&result), &error);
  g_assert_no_error (error);
}

void
hosted_fixture_free (HostedFixture *self)
{
  hosted_fixture_stop (self);
  session_fixture_free (self->session);
  g_clear_pointer (&self->other, session_fixture_free);
  g_assert_finalize_object (self->handler);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

const char *
hosted_ask (SessionFixture *session,
            const char     *prompt)
{
  session_fixture_send_prompt (session, prompt);

  return session_fixture_wait_terminal (session);
}

void
hosted_cancel (SessionFixture *session)
{
  session_fixture_send (session, "{\"message_type\":\"cancel_message\"}");
}

GError *
hosted_wait_for_prepared (RuntimeUseHostedHandler  *handler,
                          GAsyncResult            **result)
{
  GError *error = NULL;
  gboolean is_ready;

  is_ready = runtime_use_hosted_handler_prepare_finish (handler, wait_for_result (result), &error);
  g_assert_true (is_ready == (error == NULL));

  return error;
}

GError *
hosted_prepare (RuntimeUseHostedHandler *handler)
{
  g_autoptr(GAsyncResult) result = NULL;

  runtime_use_hosted_handler_prepare_async (handler, NULL, hosted_result_cb, &result);

  return hosted_wait_for_prepared (handler, &result);
}

pid_t
hosted_read_pid (const char *text)
{
  guint64 pid = g_ascii_strtoull (text, NULL, 10);

  g_assert_cmpuint (pid, >, 1);

  return (pid_t) pid;
}

pid_t
hosted_ask_pid (SessionFixture *session)
{
  const char *before = "\"text\":\"";
  const char *text = strstr (hosted_ask (session, "pid"), before);

  g_assert_nonnull (text);

  return hosted_read_pid (text + strlen (before));
}

gboolean
hosted_is_gone (pid_t pid)
{
  return kill (pid, 0) != 0 && errno == ESRCH;
}
