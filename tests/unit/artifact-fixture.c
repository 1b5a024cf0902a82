/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "artifact-fixture.h"

static void
request_cb (RuntimeUseArtifactManager              *manager,
            RuntimeUseArtifactUploadRequestMessage *message,
            ArtifactFixture                        *self)
{
  g_ptr_array_add (self->offered,
                   g_strdup (runtime_use_artifact_upload_request_message_get_filepath (message)));
}

static void
result_cb (RuntimeUseArtifactManager             *manager,
           RuntimeUseArtifactUploadResultMessage *message,
           ArtifactFixture                       *self)
{
  if (runtime_use_artifact_upload_result_message_get_ok (message))
    {
      self->n_sent++;
      return;
    }

  self->n_failed++;
  g_free (self->error);
  self->error = g_strdup (runtime_use_artifact_upload_result_message_get_error_text (message));
}

void
artifact_fixture_init_with (ArtifactFixture *self,
                            const HttpStep  *steps,
                            gsize            n_steps)
{
  memset (self, 0, sizeof *self);
  watch_fixture_init (&self->files);
  self->tracker = runtime_use_upload_tracker_new ();
  self->sink = http_sink_new (steps, n_steps);
  self->offered = g_ptr_array_new_with_free_func (g_free);
  self->manager = runtime_use_artifact_manager_new (self->tracker);
  g_signal_connect (self->manager, "upload-request", G_CALLBACK (request_cb), self);
  g_signal_connect (self->manager, "upload-result", G_CALLBACK (result_cb), self);
}

void
artifact_fixture_init (ArtifactFixture *self)
{
  static const HttpStep always_ok[] = { { ANSWER_OK, -1, HTTP_THEN_NEXT } };

  artifact_fixture_init_with (self, always_ok, G_N_ELEMENTS (always_ok));
}

void
artifact_fixture_clear (ArtifactFixture *self)
{
  runtime_use_artifact_manager_cancel (self->manager);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (self->manager);
  g_clear_object (&self->tracker);
  http_sink_free (self->sink);
  g_free (self->error);
  g_ptr_array_unref (self->offered);
  watch_fixture_clear (&self->files);
}

static void
keep_result (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  ArtifactFixture *self = user_data;

  self->result = g_object_ref (result);
}

gboolean
artifact_fixture_watch (ArtifactFixture *self,
                        const char      *folder,
                        const char      *rules)
{
  g_autoptr(GError) error = NULL;
  gboolean is_watched;

  runtime_use_artifact_manager_watch_async (self->manager, folder, rules, NULL, keep_result, self);
  wait_for (self->result != NULL);
  is_watched = runtime_use_artifact_manager_watch_finish (self->manager, self->result, &error);
  g_assert_true (is_watched == (error == NULL));
  g_clear_object (&self->result);

  return is_watched;
}

int
artifact_fixture_open (ArtifactFixture *self,
                       const char      *name,
                       int              flags)
{
  g_autofree char *path = watch_fixture_path (&self->files, name);
  int fd = open (path, flags | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

const char *
artifact_fixture_get_offer (ArtifactFixture *self,
                            guint            index)
{
  wait_for (self->offered->len > index);

  return g_ptr_array_index (self->offered, index);
}

void
artifact_fixture_assert_offered (ArtifactFixture *self,
                                 guint            index,
                                 const char      *name)
{
  g_autofree char *path = watch_fixture_path (&self->files, name);

  g_assert_cmpstr (artifact_fixture_get_offer (self, index), ==, path);
}

void
artifact_fixture_answer (ArtifactFixture *self,
                         guint            index)
{
  const char *path = artifact_fixture_get_offer (self, index);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *rest = g_strconcat ("/", name, NULL);
  g_autofree char *url = http_sink_dup_url (self->sink, rest);
  g_autoptr(RuntimeUseMessage) message = NULL;

  message = runtime_use_artifact_upload_response_message_new (name, path, url, "a/b");
  g_assert_true (runtime_use_artifact_manager_answer (
    self->manager, RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message)));
}

void
artifact_fixture_assert_sent (ArtifactFixture *self,
                              guint            index,
                              const char      *name,
                              const char      *content)
{
  const HttpRequest *request = http_sink_get_request (self->sink, index);
  g_autofree char *line = g_strdup_printf ("PUT /%s HTTP/1.1\r\n", name);

  g_assert_true (g_str_has_prefix (request->head, line));
  g_assert_cmpmem (request->body->data, request->body->len, content, strlen (content));
}

void
artifact_fixture_settle (ArtifactFixture *self)
{
  runtime_use_artifact_manager_settle_async (self->manager, NULL, keep_result, self);
}

void
artifact_fixture_wait_settled (ArtifactFixture *self)
{
  wait_for (self->result != NULL);
  g_clear_object (&self->result);
}
