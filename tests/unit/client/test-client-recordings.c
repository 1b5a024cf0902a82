/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-fixture.h"

#include <string.h>

#include "runtimeuse.h"

/* Recorded conversations, of which each side is said again. */

typedef struct
{
  ClientFixture *f;
  GPtrArray     *answers;       /* Answer */
  Answer        *last;          /* (nullable): of the last request */
  GCancellable  *cancellable;   /* of the last request */
} Replay;

static void
replay_client (Replay     *self,
               JsonNode   *message,
               const char *type)
{
  g_autofree char *text = json_to_string (message, FALSE);

  if (g_str_has_suffix (type, "cancel_message"))
    {
      g_cancellable_cancel (self->cancellable);
      client_fixture_settle ();
    }
  else if (g_str_equal (type, "end_session_message"))
    {
      g_ptr_array_add (self->answers, client_fixture_end (self->f, NULL));
    }
  else if (!g_str_equal (type, "artifact_upload_response_message"))
    {
      g_clear_object (&self->cancellable);
      self->cancellable = g_cancellable_new ();
      self->last = client_fixture_ask (self->f, text, self->cancellable);
      g_ptr_array_add (self->answers, self->last);
    }
}

static void
check_error (Replay     *self,
             JsonObject *message)
{
  Answer *answer = self->last;

  if (g_cancellable_is_cancelled (self->cancellable))
    g_assert_error (answer->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_error (answer->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE);
  if (json_object_has_member (message, "error") &&
      !g_cancellable_is_cancelled (self->cancellable))
    g_assert_cmpstr (answer->error->message, ==,
                     json_object_get_string_member (message, "error"));
}

static void
check_result (Replay     *self,
              JsonObject *message)
{
  JsonObject *data = json_object_get_object_member (message, "data");
  gboolean is_text = g_str_equal (json_object_get_string_member (data, "type"), "text");
  RuntimeUseQueryResult *result;

  if (is_text && !json_object_has_member (data, "text"))
    {
      assert_fails (self->last, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD, "data.text");
      return;
    }

  g_assert_no_error (self->last->error);
  result = RUNTIME_USE_QUERY_RESULT (self->last->result);
  if (is_text)
    g_assert_cmpstr (runtime_use_query_result_get_text (result), ==,
                     json_object_get_string_member (data, "text"));
  else
    g_assert_true (json_node_equal (runtime_use_query_result_get_structured (result),
                                    json_object_get_member (data, "structured_output")));
}

static void
replay_server (Replay     *self,
               JsonNode   *message,
               const char *type)
{
  g_autofree char *text = json_to_string (message, FALSE);
  gboolean was_done = self->last == NULL || self->last->is_done;

  client_fixture_say (self->f, text);
  if (was_done || g_str_has_suffix (type, "output_message") ||
      g_str_equal (type, "assistant_message") || g_str_equal (type, "heartbeat_message") ||
      g_str_equal (type, "artifact_upload_request_message"))
    return;

  g_assert_true (self->last->is_done);
  if (g_str_equal (type, "error_message"))
    check_error (self, json_node_get_object (message));
  else if (g_str_equal (type, "result_message"))
    check_result (self, json_node_get_object (message));
  else if (g_str_equal (type, "command_execution_result_message"))
    g_assert_true (RUNTIME_USE_IS_EXECUTION_RESULT (self->last->result));
}

static void
replay_line (Replay     *self,
             const char *line)
{
  g_autoptr(JsonNode) node = json_from_string (line, NULL);
  JsonObject *step = json_node_get_object (node);
  const char *direction = json_object_get_string_member (step, "dir");
  JsonNode *message = json_object_get_member (step, "msg");
  const char *type;

  if (!g_str_equal (direction, "client->server") && !g_str_equal (direction, "server->client"))
    return;

  type = json_object_get_string_member (json_node_get_object (message), "message_type");
  if (g_str_equal (direction, "client->server"))
    replay_client (self, message, type);
  else
    replay_server (self, message, type);
}

static void
test_recording (gconstpointer data)
{
  Replay replay = { .f = client_fixture_new () };
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  g_test_summary ("What a recorded server said is understood");

  replay.answers = g_ptr_array_new_with_free_func ((GDestroyNotify) answer_free);
  g_assert_true (g_file_get_contents (data, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      replay_line (&replay, lines[i]);

  client_fixture_free (replay.f);
  g_ptr_array_unref (replay.answers);
  g_clear_object (&replay.cancellable);
}

static void
add_recordings (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "integration", "recordings", NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/client-session/recording/%s", name);

      if (g_str_has_suffix (name, ".jsonl"))
        g_test_add_data_func_full (path, g_build_filename (folder, name, NULL), test_recording,
                                   g_free);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_recordings ();

  return g_test_run ();
}
