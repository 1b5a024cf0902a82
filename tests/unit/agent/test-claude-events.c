/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-events-private.h"

#include <string.h>

#include "add-examples.h"
#include "assert-contains.h"

/* What became of some lines: one line of text for each call, without the log. */
typedef struct
{
  RuntimeUseClaudeEvents *events;
  GString                *calls;
  GString                *log;
  char                   *running;   /* (nullable): a command that is at work */
  RuntimeUseOutcome      *outcome;   /* (nullable) */
} Fixture;

static void
started_cb (const char *version,
            gpointer    user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->calls, "started %s\n", version);
}

static void
text_cb (const char *text,
         gpointer    user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->calls, "text %s\n", text);
}

static void
delta_cb (const char *text,
          gpointer    user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->calls, "delta %s\n", text);
}

static void
output_cb (const char             *command,
           RuntimeUseOutputStream  stream,
           const char             *text,
           gpointer                user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->calls, "output %s %d %s\n", command, stream, text);
}

static void
running_cb (const char *command,
            gpointer    user_data)
{
  Fixture *f = user_data;

  g_free (f->running);
  f->running = g_strdup (command);
}

static void
asked_cb (const char *request_id,
          gpointer    user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->calls, "asked %s\n", request_id);
}

static void
log_cb (const char *text,
        gpointer    user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->log, "%s\n", text);
}

static void
ended_cb (RuntimeUseOutcome *outcome,
          gpointer           user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->outcome);
  f->outcome = outcome;
}

static const RuntimeUseClaudeEventFuncs funcs = {
  .started = started_cb,
  .text = text_cb,
  .delta = delta_cb,
  .output = output_cb,
  .running = running_cb,
  .asked = asked_cb,
  .log = log_cb,
  .ended = ended_cb,
};

static Fixture *
fixture_new (void)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->calls = g_string_new (NULL);
  f->log = g_string_new (NULL);
  f->events = _runtime_use_claude_events_new (&funcs, f);

  return f;
}

static void
fixture_free (Fixture *f)
{
  _runtime_use_claude_events_free (f->events);
  g_clear_pointer (&f->outcome, _runtime_use_outcome_free);
  g_string_free (f->calls, TRUE);
  g_string_free (f->log, TRUE);
  g_free (f->running);
  g_free (f);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

/* From a copy of its exact size, so that a read beyond the end is seen. */
static void
take (Fixture    *f,
      const char *line)
{
  gsize length = strlen (line);
  g_autofree char *copy = g_memdup2 (line, length);
  g_autoptr(GError) error = NULL;

  g_assert_true (_runtime_use_claude_events_take (f->events, copy, length, &error));
  g_assert_no_error (error);
}

static void
assert_calls (Fixture    *f,
              const char *calls)
{
  g_assert_cmpstr (f->calls->str, ==, calls);
  g_string_truncate (f->calls, 0);
}

#define INIT(version) \
  "{\"type\":\"system\",\"subtype\":\"init\",\"model\":\"m-1\"," \
  "\"claude_code_version\":\"" version "\",\"tools\":[\"Bash\"]}"

#define ASSISTANT(block) \
  "{\"type\":\"assistant\",\"message\":{\"model\":\"m-1\",\"content\":[" block "]}," \
  "\"parent_tool_use_id\":null}"

#define BLOCK(text) "{\"type\":\"text\",\"text\":\"" text "\"}"

#define BASH(id, command) \
  "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"Bash\",\"input\":{\"command\":\"" command \
  "\"}}"

#define TOOL_RESULT(id, content) \
  "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"," \
  "\"tool_use_id\":\"" id "\",\"content\":" content "}]}"

#define RESULT(rest) "{" rest ",\"session_id\":\"s-1\",\"type\":\"result\"}"

#define SUCCESS(text) RESULT ("\"subtype\":\"success\",\"is_error\":false,\"result\":\"" text "\"")

#define DELTA(delta, parent) \
  "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\",\"index\":0," \
  "\"delta\":{" delta "}},\"parent_tool_use_id\":" parent "}"

/* What some lines lead to, which are not the end. */
typedef struct
{
  const char *path;
  const char *summary;
  const char *lines[10];
  const char *calls;
  const char *log;
} Example;

static const Example examples[] = {
  { "deltas", "Pieces of text are told, those of other blocks and of sub-agents are not",
    { DELTA ("\"type\":\"text_delta\",\"text\":\"one\"", "null"),
      DELTA ("\"type\":\"thinking_delta\",\"thinking\":\"hm\"", "null"),
      DELTA ("\"type\":\"text_delta\",\"text\":\"inner\"", "\"toolu_1\""),
      "{\"type\":\"stream_event\",\"event\":{\"type\":\"message_start\"}}",
      "{\"type\":\"stream_event\"}" },
    "delta one\n", "" },

  { "sub-agent", "What a sub-agent says is not shown; what it runs is",
    { "{\"type\":\"assistant\",\"message\":{\"content\":[" BLOCK ("inner") "," BASH ("b1", "ls")
      "]},\"parent_tool_use_id\":\"toolu_1\"}",
      TOOL_RESULT ("b1", "\"file\"") "}" },
    "output ls 0 file\n", "" },

  { "output", "What commands print is told with the command",
    { ASSISTANT (BASH ("b1", "ls") "," BASH ("b2", "ps") "," BASH ("b3", "id")),
      TOOL_RESULT ("b2", "\"x\"") ",\"tool_use_result\":{\"stdout\":\"out\",\"stderr\":\"err\"}}",
      TOOL_RESULT ("b1", "\"Exit code 3\\nhi\"") ",\"tool_use_result\":\"Error\"}",
      TOOL_RESULT ("b3", "[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image\"},7]") "}",
      /* Told once, and only what was asked for. */
      TOOL_RESULT ("b1", "\"again\"") "}",
      TOOL_RESULT ("b9", "\"unknown\"") "}",
      "{\"type\":\"user\",\"message\":{\"content\":\"text\"}}" },
    "output ps 0 out\noutput ps 1 err\noutput ls 0 Exit code 3\nhi\noutput id 0 a\n", "" },

  { "others", "Events that say nothing to us are ignored",
    { "{}",
      "{\"type\":17}",
      "{\"type\":\"rate_limit_event\"}",
      "{\"type\":\"system\",\"subtype\":\"status\"}",
      "{\"type\":\"assistant\"}",
      "{\"type\":\"assistant\",\"message\":{\"content\":[7,null,{\"type\":\"text\"}]}}",
      "{\"type\":\"user\",\"message\":[]}",
      "{\"type\":\"control_request\"}",
      "{\"type\":\"control_response\",\"response\":\"x\"}" },
    "", "" },

  { "log", "Retries and stray lines are for the log",
    { "{\"type\":\"system\",\"subtype\":\"api_retry\",\"attempt\":1,\"max_retries\":2,"
      "\"retry_delay_ms\":622.8121785665618,\"error_status\":529,\"error\":\"overloaded\"}",
      "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":null}",
      "stray\377" },
    "",
    "a request to the service failed: HTTP 529, overloaded; retry 1 of 2 in 622 ms\n"
    "a request to the service failed\n"
    "stray\357\277\275\n" },
};

static void
test_example (gconstpointer data)
{
  const Example *example = data;
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary (example->summary);

  for (guint i = 0; example->lines[i] != NULL; i++)
    take (f, example->lines[i]);
  assert_calls (f, example->calls);
  g_assert_cmpstr (f->log->str, ==, example->log);
  g_assert_null (f->outcome);
}

static void
test_running (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("A command is told of from its use to its result, one of several at a time");

  take (f, INIT ("2.0.0"));
  take (f, ASSISTANT ("{\"type\":\"tool_use\",\"id\":\"r\",\"name\":\"Read\",\"input\":{}}"));
  g_assert_null (f->running);
  take (f, ASSISTANT (BASH ("a", "make") "," BASH ("b", "make check")));
  g_assert_cmpstr (f->running, ==, "make check");
  take (f, TOOL_RESULT ("b", "\"ok\"") "}");
  g_assert_cmpstr (f->running, ==, "make");
  take (f, TOOL_RESULT ("r", "\"text\"") "}");
  g_assert_cmpstr (f->running, ==, "make");
  take (f, TOOL_RESULT ("a", "\"ok\"") "}");
  g_assert_null (f->running);
}

static void
test_text (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("What the model says is told block by block, and the result ends it");

  take (f, INIT ("2.0.0"));
  take (f, ASSISTANT (BLOCK ("one")));
  take (f, ASSISTANT ("{\"type\":\"thinking\",\"thinking\":\"hm\"}"));
  take (f, ASSISTANT (BLOCK ("two\\u0000") "," BLOCK ("three") "," BLOCK ("")));
  assert_calls (f, "started 2.0.0\ntext one\ntext two\357\277\275\ntext three\n");

  g_assert_null (f->outcome);
  take (f, SUCCESS ("three"));
  g_assert_cmpstr (f->outcome->text, ==, "three");
  g_assert_cmpstr (f->outcome->metadata, ==,
                   "{\"sessionId\":\"s-1\",\"model\":\"m-1\",\"claudeCodeVersion\":\"2.0.0\"}");

  /* What comes after the result does not count. */
  take (f, ASSISTANT (BLOCK ("late")));
  take (f, SUCCESS ("late"));
  assert_calls (f, "");
}

static void
test_metadata (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("The account of a result is passed on, and its numbers as they are written");

  take (f, RESULT ("\"subtype\":\"success\",\"is_error\":false,\"result\":\"x\",\"num_turns\":2,"
                   "\"duration_ms\":163,\"total_cost_usd\":0.00042500000000000003,"
                   "\"usage\":{\"input_tokens\":25,\"output_tokens\":12,"
                   "\"cache_read_input_tokens\":9007199254740991,"
                   "\"cache_creation_input_tokens\":-1,\"server_tool_use\":{}}"));
  g_assert_cmpstr (f->outcome->metadata, ==,
                   "{\"usage\":{\"inputTokens\":25,\"outputTokens\":12,"
                   "\"cacheReadInputTokens\":9007199254740991,\"cacheCreationInputTokens\":0,"
                   "\"totalTokens\":9007199254740991},\"totalCostUsd\":0.00042500000000000003,"
                   "\"numTurns\":2,\"durationMs\":163,\"sessionId\":\"s-1\"}");
}

static void
test_many_commands (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("Commands whose output never comes do not pile up");

  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *line = g_strdup_printf (ASSISTANT (BASH ("b%u", "ls")), i);

      take (f, line);
    }
  take (f, TOOL_RESULT ("b1999", "\"x\"") "}");
  assert_calls (f, "output ls 0 x\n");
}

static void
test_structured (void)
{
  static const struct
  {
    const char *member;
    const char *object;
    const char *error;
  } cases[] = {
    { "\"structured_output\":{ \"a\": 0.10, \"b\": [1e400] }", "{\"a\":0.10,\"b\":[1e400]}", NULL },
    { "\"structured_output\":null", NULL, "without the structured output that was asked for" },
    { "\"other\":1", NULL, "and said: words" },
    { "\"structured_output\":[1]", NULL, "no JSON object" },
  };

  g_test_summary ("An object that was asked for has to come");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Fixture) f = fixture_new ();
      g_autofree char *line =
        g_strdup_printf (RESULT ("\"subtype\":\"success\",\"is_error\":false,\"result\":\"words\","
                                 "%s"), cases[i].member);

      _runtime_use_claude_events_want_object (f->events);
      take (f, line);
      g_assert_cmpstr (f->outcome->structured_output, ==, cases[i].object);
      g_assert_null (f->outcome->text);
      if (cases[i].error != NULL)
        assert_contains (f->outcome->error->message, cases[i].error);
    }
}

static void
test_unasked_object (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("Without an output format the answer is a text");

  take (f, RESULT ("\"subtype\":\"success\",\"is_error\":false,\"result\":\"x\","
                   "\"structured_output\":{}"));
  g_assert_cmpstr (f->outcome->text, ==, "x");
}

static void
test_failures (void)
{
  static const struct
  {
    const char *result;
    const char *error;
  } cases[] = {
    /* The flag counts, not the subtype. */
    { RESULT ("\"subtype\":\"success\",\"is_error\":true,\"result\":\"Not logged in\""),
      "claude: Not logged in" },
    { RESULT ("\"subtype\":\"success\",\"is_error\":true,\"result\":\"bad key\","
              "\"api_error_status\":401"),
      "claude: bad key (HTTP 401)" },
    { RESULT ("\"subtype\":\"success\",\"is_error\":true,\"result\":\"API Error: 401 bad\","
              "\"api_error_status\":401"),
      "claude: API Error: 401 bad" },
    { RESULT ("\"subtype\":\"error_max_turns\",\"is_error\":false,\"errors\":[\"one\",7,\"two\"]"),
      "claude: one\ntwo (error_max_turns)" },
    { RESULT ("\"subtype\":\"error_during_execution\",\"is_error\":true,\"errors\":[]"),
      "claude: error_during_execution" },
    { RESULT ("\"subtype\":\"success\",\"is_error\":false,\"result\":\"No.\","
              "\"stop_reason\":\"refusal\""),
      "claude: No." },
    { RESULT ("\"is_error\":true"), "claude: it failed without saying why" },
    { RESULT ("\"subtype\":\"success\",\"is_error\":false"), "claude: it ended without a text" },
  };

  g_test_summary ("Failures are errors in the program's own words");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Fixture) f = fixture_new ();

      take (f, cases[i].result);
      g_assert_nonnull (f->outcome->error);
      g_assert_cmpstr (f->outcome->error->message, ==, cases[i].error);
      assert_contains (f->outcome->metadata, "{\"error_name\":\"agent-failed\"");
    }
}

static void
test_synthetic (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("Words that the program puts into the model's mouth are no message");

  take (f, "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\",\"content\":["
           BLOCK ("API Error: 529 Overloaded") "]},\"error\":\"overloaded\"}");
  assert_calls (f, "");
  g_assert_cmpstr (_runtime_use_claude_events_get_problem (f->events), ==,
                   "API Error: 529 Overloaded");
  take (f, RESULT ("\"subtype\":\"success\",\"is_error\":true"));
  g_assert_cmpstr (f->outcome->error->message, ==, "claude: API Error: 529 Overloaded");
  assert_contains (f->outcome->metadata, "\"apiError\":\"overloaded\"");
}

static void
test_control (void)
{
  g_autoptr(Fixture) f = fixture_new ();

  g_test_summary ("Who asks is answered, and who refuses the first request has failed");

  take (f, "{\"type\":\"control_request\",\"request_id\":\"r-1\","
           "\"request\":{\"subtype\":\"can_use_tool\"}}");
  assert_calls (f, "asked r-1\n");
  take (f, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"success\","
           "\"request_id\":\"initialize\",\"response\":{}}}");
  take (f, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"error\","
           "\"request_id\":\"interrupt\",\"error\":\"nothing to do\"}}");
  g_assert_null (f->outcome);
  take (f, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"error\","
           "\"request_id\":\"initialize\",\"error\":\"bad schema\"}}");
  g_assert_cmpstr (f->outcome->error->message, ==, "claude: it refused the request: bad schema");
}

static void
test_garbage (void)
{
  g_autoptr(Fixture) f = fixture_new ();
  static const char * const lines[] = { "{", "{\"type\":\"result\"", "{\"a\":1}x", "{\"\xff\":1}" };

  g_test_summary ("A line that begins as an event and is none cannot be used");

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (_runtime_use_claude_events_take (f->events, lines[i], strlen (lines[i]),
                                                       &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED);
    }
}

/* Recordings of the program, which lie beside the source. */

typedef struct
{
  const char *name;
  const char *calls;    /* a part of them */
  const char *result;   /* text, object, or a part of the error; NULL: none came */
} Recording;

static const Recording recordings[] = {
  { "text", "text Hello from the mock model.\n", "Hello from the mock model." },
  { "authtoken", "text ", "Hello from the mock model." },
  { "oauthtoken", "text ", "Hello from the mock model." },
  { "partial",
    "delta Hello from\ndelta  the mock \ndelta model.\ntext Hello from the mock model.\n",
    "Hello from the mock model." },
  { "bash", "output echo hi; echo oops >&2; exit 3 0 Exit code 3\nhi\noops\n",
    "The command printed hi." },
  { "sdkstyle", "text Running it.\noutput ", "The command printed hi." },
  { "perm_stdio_allow", "asked ", "" },
  { "perm_stdio_deny", "asked ", "" },
  { "json", "", "{\"answer\":42,\"tags\":[\"a\"]}" },
  { "badjson", "", "error_max_structured_output_retries" },
  { "nojson", "text ", "without the structured output" },
  { "maxturns", "", "Reached maximum number of turns (2) (error_max_turns)" },
  { "budget", "", "error_max_budget_usd" },
  { "nokey", "", "Not logged in" },
  { "badkey_r1", "", "(HTTP 401)" },
  { "e400", "", "400" },
  { "e429", "", "429" },
  { "e500", "", "500" },
  { "e529", "", "529" },
  { "dropped", "", "ECONNRESET" },
  { "refused", "", "claude: API Error: " },
  { "errev", "", "claude: API Error" },
  { "interrupt_bash", "", "error_during_execution" },
  { "interrupt_hang", "", "error_during_execution" },
  { "sigterm_bash", "started 2.1.", NULL },
  { "sigterm_hang", "started 2.1.", NULL },
};

static void
replay (const Recording *recording,
        const char      *path)
{
  g_autoptr(Fixture) f = fixture_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *contents = NULL;
  g_auto(GStrv) lines = NULL;
  const char *result;

  g_assert_true (g_file_get_contents (path, &contents, NULL, &error));
  if (g_str_has_suffix (recording->name, "json"))
    _runtime_use_claude_events_want_object (f->events);
  lines = g_strsplit (contents, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    take (f, lines[i]);

  assert_contains (f->calls->str, recording->calls);
  if (recording->result == NULL)
    {
      g_assert_null (f->outcome);
      return;
    }
  g_assert_nonnull (f->outcome);
  result = f->outcome->text != NULL ? f->outcome->text : f->outcome->structured_output;
  assert_contains (result != NULL ? result : f->outcome->error->message, recording->result);
}

static void
test_recordings (gconstpointer data)
{
  const char *version = data;
  const char *folder = g_getenv ("RUNTIMEUSE_TEST_CLAUDE_RECORDINGS");
  g_autofree char *versions = g_build_filename (folder, version, NULL);

  g_test_summary ("Recordings of the program lead to what they show");

  if (!g_file_test (versions, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("there are no recordings");
      return;
    }

  for (guint i = 0; i < G_N_ELEMENTS (recordings); i++)
    {
      g_autofree char *name = g_strconcat (recordings[i].name, ".jsonl", NULL);
      g_autofree char *path = g_build_filename (versions, name, NULL);

      g_test_message ("%s", path);
      replay (&recordings[i], path);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_examples ("/claude-events", examples, test_example);
  g_test_add_func ("/claude-events/text", test_text);
  g_test_add_func ("/claude-events/running", test_running);
  g_test_add_func ("/claude-events/metadata", test_metadata);
  g_test_add_func ("/claude-events/many-commands", test_many_commands);
  g_test_add_func ("/claude-events/structured", test_structured);
  g_test_add_func ("/claude-events/unasked-object", test_unasked_object);
  g_test_add_func ("/claude-events/failures", test_failures);
  g_test_add_func ("/claude-events/synthetic", test_synthetic);
  g_test_add_func ("/claude-events/control", test_control);
  g_test_add_func ("/claude-events/garbage", test_garbage);
  g_test_add_data_func ("/claude-events/recordings/2.1.197", "2.1.197", test_recordings);
  g_test_add_data_func ("/claude-events/recordings/2.1.328", "2.1.328", test_recordings);

  return g_test_run ();
}
