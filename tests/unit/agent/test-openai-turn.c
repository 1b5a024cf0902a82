/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-openai-turn-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-sse-parser-private.h"

#define LARGE (10 * 1024 * 1024)
#define PIECE "0123456789abcdef"

/* What an answer comes to, as one text. */
typedef struct
{
  const RuntimeUseOpenaiDialect *dialect;
  RuntimeUseOpenaiTurn          *turn;
  RuntimeUseSseParser            parser;
  GString                       *said;
  GString                       *pieces;
  GError                        *error;
} Reader;

static const char responses[] =
  "event: response.created\n"
  "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n"
  ": a comment\n\n"
  "event: response.output_text.delta\r\n"
  "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Gr\\u00f6\xc3\x9f" "e \"}\r\n\r\n"
  "data: {\"type\":\"response.output_text.delta\",\n"
  "data:  \"delta\":\"\xf0\x9f\x98\x80\"}\n\n"
  "data: {\"type\":\"response.output_item.done\","
  "\"item\":{\"id\":\"rs\",\"type\":\"reasoning\"}}\n\n"
  "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"message\",\"content\":["
  "{\"type\":\"output_text\",\"text\":\"Gr\\u00f6\xc3\x9f" "e \\ud83d\\ude00\"}]}}\n\n"
  "data: {\"type\":\"response.output_item.done\","
  "\"item\":{\"type\":\"shell_call\",\"call_id\":\"c\","
  "\"action\":{\"commands\":[\"echo \\\"1\\\"\",\"pwd\"],\"timeout_ms\":5}}}\n\n"
  "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"model\":\"m\",\"output\":[],"
  "\"usage\":{\"input_tokens\":1}}}\n\n"
  "data: [DONE]\n\n";

static const char chat[] =
  "data: {\"id\":\"r\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"Gr\\u00f6\"}}]}\n\n"
  "data: {\"choices\":[{\"delta\":{\"content\":\"\xc3\x9f" "e \xf0\x9f\x98\x80\"}}]}\n\n"
  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":"
  "{\"name\":\"shell\",\"arguments\":\"{\\\"commands\\\":[\\\"echo \\\\\\\"\"}}]}}]}\n\n"
  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
  "{\"arguments\":\"1\\\\\\\"\\\",\\\"pwd\\\"],\\\"timeout_ms\\\":5}\"}}]},"
  "\"finish_reason\":\"tool_calls\"}]}\n\n"
  "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n"
  "data: [DONE]\n\n";

static void
say (const char *text,
     gboolean    is_whole,
     gpointer    user_data)
{
  Reader *self = user_data;

  g_string_append (is_whole ? self->said : self->pieces, text);
  if (is_whole)
    g_string_append_c (self->said, '|');
}

static gboolean
event_cb (const RuntimeUseSseEvent  *event,
          gpointer                   user_data,
          GError                   **error)
{
  Reader *self = user_data;

  return self->dialect->take (self->turn, event->data, event->data_length, error);
}

static void
reader_init (Reader                        *self,
             const RuntimeUseOpenaiDialect *dialect)
{
  memset (self, 0, sizeof *self);
  self->dialect = dialect;
  self->turn = _runtime_use_openai_turn_new (say, self);
  self->said = g_string_new (NULL);
  self->pieces = g_string_new (NULL);
  _runtime_use_sse_parser_init (&self->parser, RUNTIME_USE_SSE_LIMIT);
}

static void
reader_push (Reader     *self,
             const char *text,
             gsize       length)
{
  if (self->error == NULL)
    _runtime_use_sse_parser_push (&self->parser, text, length, event_cb, self, &self->error);
}

static void
reader_clear (Reader *self)
{
  _runtime_use_sse_parser_clear (&self->parser);
  _runtime_use_openai_turn_free (self->turn);
  g_string_free (self->said, TRUE);
  g_string_free (self->pieces, TRUE);
  g_clear_error (&self->error);
}

static void
assert_sample (Reader *self)
{
  const RuntimeUseShellCall *call;

  if (self->error == NULL)
    self->dialect->end (self->turn, &self->error);
  g_assert_no_error (self->error);
  g_assert_true (self->turn->is_complete);
  g_assert_cmpstr (self->pieces->str, ==, "Größe 😀");
  g_assert_cmpstr (self->said->str, ==, "Größe 😀|");
  g_assert_cmpstr (self->turn->text, ==, "Größe 😀");
  g_assert_cmpstr (self->turn->id, ==, "r");
  g_assert_cmpstr (self->turn->model, ==, "m");
  g_assert_nonnull (self->turn->usage);
  g_assert_cmpuint (self->turn->calls->len, ==, 1);
  call = g_ptr_array_index (self->turn->calls, 0);
  g_assert_cmpstr (call->id, ==, "c");
  g_assert_cmpuint (g_strv_length (call->commands), ==, 2);
  g_assert_cmpstr (call->commands[0], ==, "echo \"1\"");
  g_assert_cmpint (call->timeout_ms, ==, 5);
  g_assert_cmpint (call->max_output_length, ==, -1);
}

static const struct
{
  const char                    *path;
  const RuntimeUseOpenaiDialect *dialect;
  const char                    *sample;
} samples[] = {
  { "responses", &_runtime_use_openai_responses, responses },
  { "chat", &_runtime_use_openai_chat, chat },
};

static void
test_splits (gconstpointer data)
{
  const gsize index = GPOINTER_TO_SIZE (data);
  const char *sample = samples[index].sample;
  const gsize length = strlen (sample);

  g_test_summary ("An answer is understood wherever it is cut in two, and byte by byte");

  for (gsize at = 0; at <= length; at++)
    {
      Reader reader;

      reader_init (&reader, samples[index].dialect);
      reader_push (&reader, sample, at);
      reader_push (&reader, sample + at, length - at);
      assert_sample (&reader);
      reader_clear (&reader);
    }

  {
    Reader reader;

    reader_init (&reader, samples[index].dialect);
    for (gsize at = 0; at < length; at++)
      reader_push (&reader, sample + at, 1);
    assert_sample (&reader);
    reader_clear (&reader);
  }
}

static void
test_large (void)
{
  Reader reader;
  g_autofree char *event = NULL;
  gsize length;

  g_test_summary ("10 MiB come in pieces whose size fits nothing");

  event = g_strdup ("data: {\"type\":\"response.output_text.delta\",\"delta\":\"" PIECE "\"}\n\n");
  length = strlen (event);
  reader_init (&reader, &_runtime_use_openai_responses);
  for (gsize at = 0, total = LARGE / strlen (PIECE) * length; at < total;)
    {
      gsize size = MIN (MIN (length - at % length, 7), total - at);

      reader_push (&reader, event + at % length, size);
      at += size;
    }
  g_assert_no_error (reader.error);
  g_assert_cmpuint (reader.pieces->len, ==, LARGE);
  for (gsize i = 0; i < LARGE; i += strlen (PIECE))
    g_assert_cmpmem (reader.pieces->str + i, strlen (PIECE), PIECE, strlen (PIECE));
  reader_clear (&reader);
}

static char *
append_outputs (const RuntimeUseOpenaiDialect *dialect,
                gboolean                       is_late)
{
  g_autoptr(RuntimeUseShellCall) call = _runtime_use_shell_call_new ();
  g_autoptr(GPtrArray) outputs =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_shell_output_free);
  RuntimeUseShellOutput *output = _runtime_use_shell_output_new (4);
  GString *items = g_string_new (NULL);

  call->id = g_strdup ("c");
  output->exit_code = 3;
  output->is_late = is_late;
  _runtime_use_output_capture_append (output->out, "a\"b", 3);
  _runtime_use_output_capture_append (output->err, "0123456789", 10);
  g_ptr_array_add (outputs, output);
  dialect->append_outputs (items, call, outputs);

  return g_string_free (items, FALSE);
}

static void
test_outputs (void)
{
  g_autofree char *one = append_outputs (&_runtime_use_openai_responses, FALSE);
  g_autofree char *late = append_outputs (&_runtime_use_openai_responses, TRUE);
  g_autofree char *other = append_outputs (&_runtime_use_openai_chat, FALSE);

  g_test_summary ("What commands printed is told to the model in its own form");

  g_assert_cmpstr (one, ==,
                   ",{\"type\":\"shell_call_output\",\"call_id\":\"c\",\"output\":["
                   "{\"stdout\":\"a\\\"b\",\"stderr\":\"01\\n… [6 bytes omitted] …\\n89\","
                   "\"outcome\":{\"type\":\"exit\",\"exit_code\":3}}]}");
  g_assert_nonnull (strstr (late, "\"outcome\":{\"type\":\"timeout\"}"));
  g_assert_true (g_str_has_prefix (other, ",{\"role\":\"tool\",\"tool_call_id\":\"c\","
                                          "\"content\":\"["));
  g_assert_nonnull (strstr (other, "\\\"stdout\\\":\\\"a\\\\\\\"b\\\""));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autofree char *path = g_strdup_printf ("/openai-turn/splits/%s", samples[i].path);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_splits);
    }
  g_test_add_func ("/openai-turn/large", test_large);
  g_test_add_func ("/openai-turn/outputs", test_outputs);

  return g_test_run ();
}
