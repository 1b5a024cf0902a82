/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-sse-parser-private.h"

#include <string.h>

#include "runtime-use-error.h"

#define BAD "\xef\xbf\xbd"
#define BOM "\xef\xbb\xbf"

typedef struct
{
  const char *path;
  const char *stream;
  const char *events;    /* each as type|data|id|retry; */
  gboolean    has_rest;
} Example;

static const Example examples[] = {
  { "empty", "", "" },
  { "one", "data: a\n\n", "message|a||-1;" },
  { "typed", "event: x.y\ndata: {\"a\": 1}\n\n", "x.y|{\"a\": 1}||-1;" },
  { "type-behind-data", "data: a\nevent: x\n\n", "x|a||-1;" },
  { "type-is-not-kept", "event: x\ndata: a\n\ndata: b\n\n", "x|a||-1;message|b||-1;" },
  { "last-type-counts", "event: x\nevent: y\ndata: a\n\n", "y|a||-1;" },
  { "empty-type", "event: x\nevent\ndata: a\n\n", "message|a||-1;" },
  { "type-without-data", "event: x\n\ndata: a\n\n", "message|a||-1;" },
  { "cr", "event: x\rdata: a\r\rdata: b\r\r", "x|a||-1;message|b||-1;" },
  { "crlf", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "x|a||-1;message|b||-1;" },
  { "mixed-ends", "data: a\r\n\ndata: b\r\r\ndata: c\n\r", "message|a||-1;message|b||-1;"
    "message|c||-1;" },
  { "lines", "data: a\ndata: b\ndata:\ndata: c\n\n", "message|a\nb\n\nc||-1;" },
  { "lines-crlf", "data: a\r\ndata: b\r\n\r\n", "message|a\nb||-1;" },
  { "empty-data", "data\n\ndata:\n\ndata: \n\ndata\ndata\n\n",
    "message|||-1;message|||-1;message|||-1;message|\n||-1;" },
  { "blanks", "data:a\n\ndata: a\n\ndata:  a \n\n", "message|a||-1;message|a||-1;"
    "message| a ||-1;" },
  { "colons", "data:::a:b\n\n", "message|::a:b||-1;" },
  { "comments", ": hello\ndata: a\n:\n:data: b\n\n: bye\n\n:", "message|a||-1;" },
  { "unknown-fields", "dat: a\ndata2: b\n data: c\nDATA: d\nwhatever\ndata: e\n"
    "a name that is longer than any that we know: f\n\n", "message|e||-1;" },
  { "id", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "message|a|1|-1;message|b|1|-1;"
    "message|c||-1;" },
  { "id-without-data", "id: 1\n\ndata: a\n\n", "message|a|1|-1;" },
  { "retry", "retry: 1500\n\ndata: a\n\nretry: 1x\nretry:\nretry: -2\nretry: +2\nretry:  2\n"
    "data: b\n\nretry: 07\ndata: c\n\n",
    "message|a||1500;message|b||1500;message|c||7;" },
  { "huge-retry", "retry: 99999999999999999999999999\ndata: a\n\n",
    "message|a||922337203685477580;" },
  { "bom", BOM "data: a\n\n", "message|a||-1;" },
  { "two-boms", BOM BOM "data: a\n\ndata: b\n\n", "message|b||-1;" },
  { "half-a-bom", "\xef\xbb" "data: a\n\ndata: b\n\n", "message|b||-1;" },
  { "late-bom", "data: a\n\n" BOM "data: b\n\ndata: " BOM "c\n\n",
    "message|a||-1;message|" BOM "c||-1;" },
  { "only-a-bom", BOM, "" },
  { "cut-bom", "\xef\xbb", "", TRUE },
  { "utf8", "event: é\nid: 日本\ndata: 語😀\n\n", "é|語😀|日本|-1;" },
  { "broken-utf8", "event: a\xff\nid: b\xe2\x82\ndata: c\xc0\xaf" "d\xf0\x9f\n"
    "data: \x98\x80\n\n",
    "a" BAD "|c" BAD BAD "d" BAD "\n" BAD BAD "|b" BAD "|-1;" },
  { "broken-names", "data\xff: a\n\n\xff" "data: b\n\ndata: c\n\n", "message|c||-1;" },
  { "done", "data: {}\n\ndata: [DONE]\n\n", "message|{}||-1;message|[DONE]||-1;" },
  { "unfinished-event", "data: a\n\ndata: b\n", "message|a||-1;", TRUE },
  { "unfinished-event-cr", "data: b\r", "", TRUE },
  { "unfinished-line", "data: a\n\nda", "message|a||-1;", TRUE },
  { "unfinished-type", "data: a\n\nevent: x\n", "message|a||-1;", TRUE },
  { "finished-by-id", "data: a\n\nid: 4\n", "message|a||-1;" },
};

static gboolean
log_event_cb (const RuntimeUseSseEvent  *event,
              gpointer                   user_data,
              GError                   **error)
{
  GString *log = user_data;

  g_string_append_printf (log, "%s|", event->type);
  g_string_append_len (log, event->data, event->data_length);
  g_string_append_printf (log, "|%s|%" G_GINT64_FORMAT ";", event->id, event->retry);

  return TRUE;
}

static void
push (RuntimeUseSseParser *parser,
      const char          *bytes,
      gsize                length,
      GString             *log)
{
  g_autoptr(GError) error = NULL;
  /* Of the exact size, and gone afterwards, so that reading elsewhere is seen. */
  g_autofree char *copy = g_memdup2 (bytes, length);

  g_assert_true (_runtime_use_sse_parser_push (parser, copy, length, log_event_cb, log, &error));
  g_assert_no_error (error);
}

static void
check_cuts (const Example *example,
            gsize          first,
            gsize          second)
{
  gsize length = strlen (example->stream);
  g_autoptr(GString) log = g_string_new (NULL);
  RuntimeUseSseParser parser;

  _runtime_use_sse_parser_init (&parser, 1000);
  push (&parser, example->stream, first, log);
  push (&parser, example->stream + first, second - first, log);
  push (&parser, example->stream + second, length - second, log);
  g_assert_cmpstr (log->str, ==, example->events);
  g_assert_cmpint (_runtime_use_sse_parser_has_rest (&parser), ==, example->has_rest);
  _runtime_use_sse_parser_clear (&parser);
}

static void
test_example (gconstpointer data)
{
  const Example *example = data;
  gsize length = strlen (example->stream);
  g_autoptr(GString) log = g_string_new (NULL);
  RuntimeUseSseParser parser;

  for (gsize first = 0; first <= length; first++)
    for (gsize second = first; second <= length; second++)
      check_cuts (example, first, second);

  _runtime_use_sse_parser_init (&parser, 1000);
  for (gsize i = 0; i < length; i++)
    push (&parser, example->stream + i, 1, log);
  g_assert_cmpstr (log->str, ==, example->events);
  _runtime_use_sse_parser_clear (&parser);
}

static void
test_nul (void)
{
  static const char stream[] = "event: a\0b\nid: 1\nid: 2\0\ndata: c\0d\n\n";
  static const char expected[] = "a" BAD "b|c\0d|1|-1;";

  g_test_summary ("A NUL is kept in the data, shown in the type, and makes an id count nothing");

  for (gsize cut = 0; cut < sizeof stream; cut++)
    {
      g_autoptr(GString) log = g_string_new (NULL);
      RuntimeUseSseParser parser;

      _runtime_use_sse_parser_init (&parser, 1000);
      push (&parser, stream, cut, log);
      push (&parser, stream + cut, sizeof stream - 1 - cut, log);
      g_assert_cmpmem (log->str, log->len, expected, sizeof expected - 1);
      _runtime_use_sse_parser_clear (&parser);
    }
}

typedef struct
{
  const char *start;
  const char *end;
  guint       n_events;
} Place;

static gboolean
check_place_cb (const RuntimeUseSseEvent  *event,
                gpointer                   user_data,
                GError                   **error)
{
  Place *place = user_data;

  g_assert_true (event->data > place->start && event->data < place->end);
  place->n_events++;

  return TRUE;
}

static void
test_not_copied (void)
{
  static const char stream[] = "event: a\ndata: b\n\ndata: c\n: no data\nid: 1\n\r\ndata: d\r\r";
  Place place = { stream, stream + strlen (stream), 0 };
  g_autoptr(GError) error = NULL;
  RuntimeUseSseParser parser;

  g_test_summary ("One line of data that has come whole stays where it is");

  _runtime_use_sse_parser_init (&parser, 1000);
  _runtime_use_sse_parser_push (&parser, stream, strlen (stream), check_place_cb, &place, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (place.n_events, ==, 3);
  _runtime_use_sse_parser_clear (&parser);
}

/* Whether a limit of ten bytes lets the stream pass, the same for every cut. */
static void
check_limit (const char *stream,
             gboolean    passes)
{
  gsize length = strlen (stream);

  for (gsize cut = 0; cut <= length; cut++)
    {
      g_autoptr(GString) log = g_string_new (NULL);
      g_autoptr(GError) error = NULL;
      RuntimeUseSseParser parser;
      gboolean is_fine;

      _runtime_use_sse_parser_init (&parser, 10);
      is_fine = _runtime_use_sse_parser_push (&parser, stream, cut, log_event_cb, log, &error) &&
                _runtime_use_sse_parser_push (&parser, stream + cut, length - cut, log_event_cb,
                                              log, &error);
      g_assert_cmpint (is_fine, ==, passes);
      if (!passes)
        {
          g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
          g_assert_nonnull (strstr (error->message, "limit of 10 bytes"));
        }
      _runtime_use_sse_parser_clear (&parser);
    }
}

static void
test_limit (void)
{
  g_test_summary ("The data of an event and a line have a limit, but comments and streams do not");

  check_limit ("data: 1234567890\n\n", TRUE);
  check_limit ("data: 12345678901\n\n", FALSE);
  check_limit ("data: 12345\ndata: 6789\n\n", TRUE);
  check_limit ("data: 12345\ndata: 67890\n\n", FALSE);
  check_limit ("data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n", TRUE);
  check_limit ("data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n", FALSE);
  check_limit (": a comment that is longer than any event may be, by far\n\n", TRUE);
  check_limit ("data: 1234567890\n\ndata: 1234567890\n\ndata: 1234567890\n\n", TRUE);
  check_limit ("event: 1234567890123456789\n\n", TRUE);
  check_limit ("event: 12345678901234567890\n\n", FALSE);
  check_limit ("id: 123456789012345678901234567890\n\n", FALSE);
  check_limit ("something: 1234567890123456789\n\n", FALSE);
}

static void
test_unfinished_limit (void)
{
  static const char piece[] = "xxxxxxxx";
  g_autoptr(GString) log = g_string_new (NULL);
  g_autoptr(GError) error = NULL;
  RuntimeUseSseParser parser;

  g_test_summary ("A line that never ends is given up, and a comment is not kept");

  _runtime_use_sse_parser_init (&parser, 100);
  push (&parser, ":", 1, log);
  for (guint i = 0; i < 1000; i++)
    push (&parser, piece, strlen (piece), log);
  g_assert_cmpuint (parser.line->allocated_len, <, 1000);
  g_assert_false (_runtime_use_sse_parser_has_rest (&parser));

  push (&parser, "\ndata: ", 7, log);
  for (guint i = 0; i < 13; i++)
    push (&parser, piece, strlen (piece), log);
  g_assert_false (_runtime_use_sse_parser_push (&parser, piece, strlen (piece), log_event_cb, log,
                                                &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
  _runtime_use_sse_parser_clear (&parser);
}

static gboolean
stop_at_b_cb (const RuntimeUseSseEvent  *event,
              gpointer                   user_data,
              GError                   **error)
{
  log_event_cb (event, user_data, error);
  if (event->data[0] != 'b')
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL, "no b, please");

  return FALSE;
}

static void
test_stopped (void)
{
  static const char stream[] = "data: a\n\ndata: b\n\ndata: c\n\n";
  g_autoptr(GString) log = g_string_new (NULL);
  g_autoptr(GError) error = NULL;
  RuntimeUseSseParser parser;

  g_test_summary ("Who does not like an event gets no other");

  _runtime_use_sse_parser_init (&parser, 1000);
  g_assert_false (_runtime_use_sse_parser_push (&parser, stream, strlen (stream), stop_at_b_cb, log,
                                                &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL);
  g_assert_cmpstr (log->str, ==, "message|a||-1;message|b||-1;");
  _runtime_use_sse_parser_clear (&parser);
}

static void
test_large (void)
{
  g_autofree char *text = g_strnfill (1000 * 1000, 'x');
  g_autofree char *stream = g_strdup_printf ("data: %s\n\ndata: %s\r\n\r\n", text, text);
  g_autofree char *expected = g_strdup_printf ("message|%s||-1;message|%s||-1;", text, text);
  gsize length = strlen (stream);
  g_autoptr(GString) log = g_string_new (NULL);
  RuntimeUseSseParser parser;

  g_test_summary ("A large event may come in many pieces, and leaves no large buffer behind");

  _runtime_use_sse_parser_init (&parser, 1000 * 1000);
  for (gsize i = 0; i < length; i += 1000)
    push (&parser, stream + i, MIN (1000, length - i), log);
  g_assert_cmpstr (log->str, ==, expected);
  g_assert_cmpuint (parser.line->allocated_len, <, 100 * 1000);
  g_assert_cmpuint (parser.data->allocated_len, <, 100 * 1000);
  _runtime_use_sse_parser_clear (&parser);
}

/* Some kilobytes with all that a stream may have; what has to come out is logged in @expected. */
static GString *
make_sample (GString *expected)
{
  GString *sample = g_string_new ("id: 0\r\nretry: 1500\r\n");
  guint id = 0;

  for (guint i = 0; sample->len < 3600; i++)
    {
      g_string_append_printf (sample, "event: kind.%u\r\ndata: {\"n\": %u}\r\n\r\n", i, i);
      g_string_append_printf (expected, "kind.%u|{\"n\": %u}|%u|1500;", i, i, id);
      g_string_append_printf (sample, ": 注释 %u\n:\r\ndata: ä語😀%u\n\n", i, i);
      g_string_append_printf (expected, "message|ä語😀%u|%u|1500;", i, id);
      id++;
      g_string_append_printf (sample, "data: one\r\ndata\r\nid: %u\r\ndata: é\r\n\r\n", id);
      g_string_append_printf (expected, "message|one\n\né|%u|1500;", id);
      g_string_append (sample, "data: x\r: y\rdata: 😀\r\rother: z\n\r\n");
      g_string_append_printf (expected, "message|x\n😀|%u|1500;", id);
    }

  return sample;
}

static void
test_long_stream (void)
{
  g_autoptr(GString) expected = g_string_new (NULL);
  g_autoptr(GString) sample = make_sample (expected);
  g_autoptr(GString) log = g_string_new (NULL);
  RuntimeUseSseParser parser;
  gsize total = 0;

  g_test_summary ("A stream of ten megabytes may be cut between any two bytes of what it repeats");

  _runtime_use_sse_parser_init (&parser, 1000);
  for (gsize cut = 0; cut <= sample->len; cut++)
    {
      g_string_truncate (log, 0);
      push (&parser, sample->str, cut, log);
      push (&parser, sample->str + cut, sample->len - cut, log);
      g_assert_cmpstr (log->str, ==, expected->str);
      g_assert_false (_runtime_use_sse_parser_has_rest (&parser));
      total += sample->len;
    }
  g_assert_cmpuint (total, >=, 10 * 1024 * 1024);
  _runtime_use_sse_parser_clear (&parser);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autofree char *path = g_strconcat ("/sse-parser/example/", examples[i].path, NULL);

      g_test_add_data_func (path, &examples[i], test_example);
    }

  g_test_add_func ("/sse-parser/nul", test_nul);
  g_test_add_func ("/sse-parser/not-copied", test_not_copied);
  g_test_add_func ("/sse-parser/limit", test_limit);
  g_test_add_func ("/sse-parser/unfinished-limit", test_unfinished_limit);
  g_test_add_func ("/sse-parser/stopped", test_stopped);
  g_test_add_func ("/sse-parser/large", test_large);
  g_test_add_func ("/sse-parser/long-stream", test_long_stream);

  return g_test_run ();
}
