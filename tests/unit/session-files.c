/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-files.h"

#include <string.h>

#include "wait-for.h"

static const HttpStep always_ok = {
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT,
};

SessionFiles *
session_files_new (const HttpStep *step)
{
  SessionFiles *self = g_new0 (SessionFiles, 1);

  watch_fixture_init (&self->files);
  self->session = session_fixture_new (NULL);
  /* No file is offered before the command that writes it is seen to have ended. */
  g_object_set (self->session->session, "artifact-quiet", 300, NULL);
  self->sink = http_sink_new (step != NULL ? step : &always_ok, 1);

  return self;
}

void
session_files_free (SessionFiles *self)
{
  session_fixture_free (self->session);
  http_sink_free (self->sink);
  watch_fixture_clear (&self->files);
  g_free (self);
}

void
session_files_run (SessionFiles *self,
                   const char   *command)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"command_execution_message\","
                          "\"artifacts_dirs\":[\"%s\"],"
                          "\"commands\":[{\"command\":\"cd %s; %s\"}]}",
                          self->files.folder, self->files.folder, command);
  session_fixture_send (self->session, text);
}

void
session_files_wait_offer (SessionFiles *self)
{
  g_autofree char *path = g_strdup_printf ("\"filepath\":\"%s/a\"", self->files.folder);
  const char *message = session_fixture_wait (self->session);

  g_assert_nonnull (strstr (message, "\"artifact_upload_request_message\""));
  g_assert_nonnull (strstr (message, path));
}

void
session_files_offer (SessionFiles *self)
{
  session_files_run (self, "echo x >a");
  session_files_wait_offer (self);
}

void
session_files_invoke (SessionFiles *self)
{
  g_autofree char *members = NULL;

  members = g_strdup_printf ("\"artifacts_dirs\":[\"%s\"],"
                             "\"pre_agent_invocation_commands\":[{\"command\":\"true\"},"
                             "{\"command\":\"true 2\"}],"
                             "\"post_agent_invocation_commands\":["
                             "{\"command\":\"echo x >a\",\"cwd\":\"%s\"}]",
                             self->files.folder, self->files.folder);
  session_fixture_send_invocation (self->session, members);
  while (fake_agent_peek (self->session->agent) == NULL)
    g_main_context_iteration (NULL, TRUE);
  session_fixture_answer (self->session, "done");
  session_files_wait_offer (self);
}

void
session_files_answer (SessionFiles *self,
                      const char   *path)
{
  g_autofree char *whole = g_canonicalize_filename (path, self->files.folder);
  g_autofree char *url = http_sink_dup_url (self->sink, "/a");
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"artifact_upload_response_message\","
                          "\"filename\":\"a\",\"filepath\":\"%s\","
                          "\"presigned_url\":\"%s\",\"content_type\":\"a/b\"}", whole, url);
  session_fixture_send (self->session, text);
}

void
session_files_wait_closed (SessionFiles *self)
{
  wait_for (self->session->closed);
}

void
session_files_assert_counts (SessionFiles *self,
                             guint64       pending,
                             guint64       uploaded)
{
  guint64 n_pending, n_uploaded, n_failed;

  g_object_get (self->session->session, "artifacts-pending", &n_pending,
                "artifacts-uploaded", &n_uploaded, "artifacts-failed", &n_failed, NULL);
  g_assert_cmpuint (n_pending, ==, pending);
  g_assert_cmpuint (n_uploaded, ==, uploaded);
  g_assert_cmpuint (n_failed, ==, 0);
}
