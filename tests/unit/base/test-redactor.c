/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-redactor.h"
#include "runtime-use-redactor-private.h"

#include <string.h>

#include "add-examples.h"

#define MARKER "[REDACTED]"
#define MARKER_LENGTH (sizeof MARKER - 1)

typedef struct
{
  const char *path;
  const char *secrets[6];
  const char *text;
  const char *redacted;
} Example;

static const Example examples[] = {
  { "none", { NULL }, "nothing to hide", "nothing to hide" },
  { "empty-secret", { "", NULL }, "nothing to hide", "nothing to hide" },
  { "empty-text", { "key", NULL }, "", "" },
  { "whole", { "key", NULL }, "key", MARKER },
  { "start", { "key", NULL }, "keys", MARKER "s" },
  { "end", { "key", NULL }, "a key", "a " MARKER },
  { "twice", { "key", NULL }, "key key", MARKER " " MARKER },
  { "side-by-side", { "key", NULL }, "keykey", MARKER MARKER },
  { "case", { "key", NULL }, "Key KEY", "Key KEY" },
  { "duplicate", { "key", "key", "", NULL }, "a key", "a " MARKER },
  { "one-character", { "e", NULL }, "reed", "r" MARKER MARKER "d" },
  { "prefix", { "abc", "abcdef", NULL }, "abcdef abcde", MARKER " " MARKER "de" },
  { "suffix", { "abcdef", "def", NULL }, "abcdef bcdef", MARKER " bc" MARKER },
  { "inside", { "bc", "abcd", NULL }, "abcd abce", MARKER " a" MARKER "e" },
  { "overlap", { "abc", "cde", NULL }, "abcde", MARKER },
  { "overlap-self", { "aba", NULL }, "ababa", MARKER },
  { "overlap-chain", { "ab", "bc", "cd", NULL }, "xabcdx", "x" MARKER "x" },
  { "many-in-undecided", { "a", "xaxaxaxb", NULL }, "xaxaxa",
    "x" MARKER "x" MARKER "x" MARKER },
  { "multi-byte", { "schlüssel", "é", NULL }, "der schlüssel: é.",
    "der " MARKER ": " MARKER "." },
  { "shared-lead-byte", { "é", NULL }, "è é", "è " MARKER },
  { "marker-kept", { "key", NULL }, "a " MARKER, "a " MARKER },
  { "marker-not-entered", { "RED", "E", NULL }, "RED " MARKER "E",
    MARKER " " MARKER MARKER },
  { "marker-brackets", { "[", "]", NULL }, MARKER "][", MARKER MARKER MARKER },
  { "marker-left-edge", { "x[RED", NULL }, "x" MARKER " x[REDX", "x" MARKER " " MARKER "X" },
  { "marker-right-edge", { "D]x", NULL }, MARKER "x D]x", MARKER "x " MARKER },
  { "marker-is-secret", { MARKER, MARKER MARKER, NULL }, "a " MARKER, "a " MARKER },
  { "marker-in-secret", { "open" MARKER "close", NULL }, "open" MARKER "close clos",
    "open" MARKER MARKER " clos" },
  { "marker-unfinished", { "E", NULL }, "[RED", "[R" MARKER "D" },
  { "marker-made", { "key", NULL }, "[REDkeyACTED]", "[RED" MARKER "ACTED]" },
  { "inside-of-found", { "a", "xaxayyyyyyyyyyyyxaxa", NULL },
    "xaxayyyyyyyyyyyyxaxayzzzzzzzzzzzzzzzzzzzzzzzz", MARKER "yzzzzzzzzzzzzzzzzzzzzzzzz" },
  { "protocol-word", { "message_type", NULL }, "message_types", MARKER "s" },
  { "lines", { "a\nb", NULL }, "a\nb\na", MARKER "\na" },
};

static void
append_reach (GArray     *reach,
              const char *text,
              gsize       length,
              const char *secret)
{
  gsize secret_length = strlen (secret);
  gsize i;

  for (i = 0; secret_length > 0 && i + secret_length <= length; i++)
    {
      gsize *end = &g_array_index (reach, gsize, i);

      if (memcmp (text + i, secret, secret_length) == 0)
        *end = MAX (*end, i + secret_length);
    }
}

/* What the documentation says, as plain as can be: every position knows how
 * far the secrets reach that start there. Only for secrets without a marker. */
static void
append_expected (GString            *out,
                 const char         *text,
                 gsize               length,
                 const char * const *secrets)
{
  g_autoptr(GArray) reach = g_array_new (FALSE, TRUE, sizeof (gsize));
  const char *marker = g_strstr_len (text, length, MARKER);
  gsize part = marker != NULL ? (gsize) (marker - text) : length;
  gsize i, end;

  g_array_set_size (reach, part);
  for (i = 0; secrets[i] != NULL; i++)
    append_reach (reach, text, part, secrets[i]);

  i = 0;
  while (i < part)
    {
      end = g_array_index (reach, gsize, i);
      if (end == 0)
        {
          g_string_append_c (out, text[i++]);
          continue;
        }
      for (; i < end; i++)
        end = MAX (end, g_array_index (reach, gsize, i));
      g_string_append (out, MARKER);
    }

  if (marker != NULL)
    {
      g_string_append (out, MARKER);
      append_expected (out, marker + MARKER_LENGTH, length - part - MARKER_LENGTH, secrets);
    }
}

static void
assert_text (GString    *text,
             const char *expected,
             gsize       expected_length)
{
  g_assert_cmpmem (text->str, text->len, expected, expected_length);
}

/* Redacts @text whole, cut at every place, and byte by byte. */
static void
check (RuntimeUseRedactor *redactor,
       const char         *text,
       gsize               length,
       const char         *expected,
       gsize               expected_length)
{
  g_autoptr(RuntimeUseRedactorStream) stream = runtime_use_redactor_open_stream (redactor);
  g_autoptr(GString) out = g_string_new (NULL);
  gsize cut, i;

  _runtime_use_redactor_append (redactor, text, length, out);
  assert_text (out, expected, expected_length);

  for (cut = 0; cut <= length; cut++)
    {
      g_string_truncate (out, 0);
      _runtime_use_redactor_stream_append (stream, text, cut, out);
      _runtime_use_redactor_stream_append (stream, text + cut, length - cut, out);
      _runtime_use_redactor_stream_flush (stream, out);
      assert_text (out, expected, expected_length);
    }

  g_string_truncate (out, 0);
  for (i = 0; i < length; i++)
    _runtime_use_redactor_stream_append (stream, text + i, 1, out);
  _runtime_use_redactor_stream_flush (stream, out);
  assert_text (out, expected, expected_length);

  g_string_truncate (out, 0);
  _runtime_use_redactor_append (redactor, expected, expected_length, out);
  assert_text (out, expected, expected_length);
}

static void
test_redactor_example (gconstpointer data)
{
  const Example *example = data;
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (example->secrets);
  g_autofree char *redacted = NULL;

  redacted = runtime_use_redactor_redact (redactor, example->text);
  g_assert_cmpstr (redacted, ==, example->redacted);

  check (redactor,
         example->text, strlen (example->text),
         example->redacted, strlen (example->redacted));
}

static char *
random_text (const char * const *alphabet,
             guint               n_alphabet,
             guint               max_length)
{
  GString *text = g_string_new (NULL);
  guint n = g_test_rand_int_range (0, max_length + 1);

  while (n-- > 0)
    g_string_append (text, alphabet[g_test_rand_int_range (0, n_alphabet)]);

  return g_string_free (text, FALSE);
}

static void
check_random (const char * const *alphabet,
              guint               n_alphabet,
              guint               n_rounds)
{
  guint round;

  for (round = 0; round < n_rounds; round++)
    {
      g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func (g_free);
      g_autoptr(RuntimeUseRedactor) redactor = NULL;
      g_autoptr(GString) expected = g_string_new (NULL);
      g_autofree char *text = random_text (alphabet, n_alphabet, 30);
      guint n_secrets = g_test_rand_int_range (0, 5);

      while (secrets->len < n_secrets)
        {
          char *secret = random_text (alphabet, n_alphabet, 6);

          /* The reference knows nothing of secrets that contain a marker. */
          if (strstr (secret, MARKER) == NULL)
            g_ptr_array_add (secrets, secret);
          else
            g_free (secret);
        }
      g_ptr_array_add (secrets, NULL);

      redactor = runtime_use_redactor_new ((const char * const *) secrets->pdata);
      append_expected (expected, text, strlen (text), (const char * const *) secrets->pdata);
      check (redactor, text, strlen (text), expected->str, expected->len);
    }
}

static void
test_redactor_random (void)
{
  static const char * const alphabet[] = { "a", "b", "c" };

  g_test_summary ("Random texts are redacted as a plain reference implementation says");

  check_random (alphabet, 2, 2000);
  check_random (alphabet, 3, 2000);
}

static void
test_redactor_random_markers (void)
{
  static const char * const alphabet[] = { "a", "[", "]", "E", "[RED", "ED]", "ACTED]", MARKER };

  g_test_summary ("So are texts and secrets made of pieces of the marker");

  check_random (alphabet, G_N_ELEMENTS (alphabet), 4000);
}

static void
test_redactor_random_characters (void)
{
  static const char * const alphabet[] = { "é", "è", "\xe2\x82\xac", "\xe2\x82\xad", "x" };

  g_test_summary ("So are characters that share some of their bytes");

  check_random (alphabet, G_N_ELEMENTS (alphabet), 2000);
}

static void
test_redactor_random_periods (void)
{
  static const char * const alphabet[] = { "a", "x", "xaxa", "yyyyyyyyyyyyy", "xayyxaxa", "zzzz" };

  g_test_summary ("So are long secrets that repeat themselves, beside short ones");

  check_random (alphabet, G_N_ELEMENTS (alphabet), 1500);
}

static void
test_redactor_nul (void)
{
  static const char * const secrets[] = { "key", NULL };
  static const char text[] = "a\0key\0ke\0y";
  static const char expected[] = "a\0" MARKER "\0ke\0y";
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);

  g_test_summary ("Counted text may hold NUL");

  check (redactor, text, sizeof text - 1, expected, sizeof expected - 1);
}

static void
test_redactor_invalid_secret (void)
{
  static const char * const secrets[] = { "k\xff" "ey", "\xa9", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autofree char *redacted = NULL;

  g_test_summary ("A secret that is no UTF-8 is found as it is shown, and cuts no character");

  redacted = runtime_use_redactor_redact (redactor, "k\xef\xbf\xbd" "ey \xc3\xa9");
  g_assert_cmpstr (redacted, ==, MARKER " \xc3\xa9");
}

static void
push_and_compare (RuntimeUseRedactorStream *stream,
                  const char               *text,
                  const char               *expected)
{
  g_autofree char *out = runtime_use_redactor_stream_push (stream, text);

  g_assert_cmpstr (out, ==, expected);
}

static void
test_redactor_stream_hold (void)
{
  static const char * const secrets[] = { "hunter2", "hunter2000", "unterwegs", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(RuntimeUseRedactorStream) stream = runtime_use_redactor_open_stream (redactor);
  g_autofree char *rest = NULL;

  g_test_summary ("A stream holds back what may begin a secret, and nothing else");

  push_and_compare (stream, "password: ", "password: ");
  push_and_compare (stream, "hun", "");
  push_and_compare (stream, "t", "");
  push_and_compare (stream, "er", "");
  push_and_compare (stream, "w", "h");
  push_and_compare (stream, "x", "unterwx");
  push_and_compare (stream, "hunter2", MARKER);
  push_and_compare (stream, "000", "");
  push_and_compare (stream, "hunter20", MARKER);
  push_and_compare (stream, "hu", "0");

  rest = runtime_use_redactor_stream_finish (stream);
  g_assert_cmpstr (rest, ==, "hu");

  push_and_compare (stream, "nter2", "nter2");
}

static void
test_redactor_stream_outlives (void)
{
  static const char * const secrets[] = { "key", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(RuntimeUseRedactorStream) stream = runtime_use_redactor_open_stream (redactor);

  g_test_summary ("A stream keeps what it needs of its redactor");

  g_clear_object (&redactor);
  push_and_compare (stream, "a key", "a " MARKER);
}

static void
test_redactor_is_empty (void)
{
  static const char * const empty[] = { "", NULL };
  static const char * const some[] = { "", "key", NULL };
  g_autoptr(RuntimeUseRedactor) nothing = runtime_use_redactor_new (NULL);
  g_autoptr(RuntimeUseRedactor) nothing_either = runtime_use_redactor_new (empty);
  g_autoptr(RuntimeUseRedactor) something = runtime_use_redactor_new (some);
  g_autoptr(RuntimeUseRedactor) by_property = g_object_new (RUNTIME_USE_TYPE_REDACTOR, NULL);

  g_assert_true (runtime_use_redactor_is_empty (nothing));
  g_assert_true (runtime_use_redactor_is_empty (nothing_either));
  g_assert_false (runtime_use_redactor_is_empty (something));
  g_assert_true (runtime_use_redactor_is_empty (by_property));
}

/* Secrets of @min to @max characters of the kind that tokens are made of. */
static GPtrArray *
random_secrets (guint n,
                guint min,
                guint max)
{
  static const char characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
  GPtrArray *secrets = g_ptr_array_new_with_free_func (g_free);

  while (secrets->len < n)
    {
      guint length = g_test_rand_int_range (min, max + 1);
      char *secret = g_malloc0 (length + 1);

      while (length-- > 0)
        secret[length] = characters[g_test_rand_int_range (0, sizeof characters - 1)];
      g_ptr_array_add (secrets, secret);
    }
  g_ptr_array_add (secrets, NULL);

  return secrets;
}

/* A long text that holds whole secrets, and secrets with the end cut off. */
static GString *
text_with_secrets (GPtrArray *secrets,
                   gsize      length)
{
  GString *text = g_string_new (NULL);

  while (text->len < length)
    {
      const char *secret = g_ptr_array_index (secrets,
                                              g_test_rand_int_range (0, secrets->len - 1));
      gsize shown = strlen (secret) - g_test_rand_int_range (0, 2);
      int n_filling = g_test_rand_int_range (0, 200);

      g_string_append_len (text, secret, shown);
      while (n_filling-- > 0)
        g_string_append_c (text, g_test_rand_int_range (' ', 0x7f));
    }

  return text;
}

static void
check_long (guint n,
            guint min,
            guint max)
{
  g_autoptr(GPtrArray) secrets = random_secrets (n, min, max);
  g_autoptr(RuntimeUseRedactor) redactor = NULL;
  g_autoptr(RuntimeUseRedactorStream) stream = NULL;
  g_autoptr(GString) text = text_with_secrets (secrets, 40000);
  g_autoptr(GString) expected = g_string_new (NULL);
  g_autoptr(GString) out = g_string_new (NULL);
  gsize i = 0;

  redactor = runtime_use_redactor_new ((const char * const *) secrets->pdata);
  stream = runtime_use_redactor_open_stream (redactor);
  append_expected (expected, text->str, text->len, (const char * const *) secrets->pdata);

  _runtime_use_redactor_append (redactor, text->str, text->len, out);
  assert_text (out, expected->str, expected->len);

  g_string_truncate (out, 0);
  while (i < text->len)
    {
      gsize n_piece = g_test_rand_int_range (0, 300);

      n_piece = MIN (n_piece, text->len - i);
      _runtime_use_redactor_stream_append (stream, text->str + i, n_piece, out);
      i += n_piece;
    }
  _runtime_use_redactor_stream_flush (stream, out);
  assert_text (out, expected->str, expected->len);
}

static void
test_redactor_many (void)
{
  guint round;

  g_test_summary ("Any number of secrets of any length is found in long texts");

  for (round = 0; round < 4; round++)
    {
      check_long (1, 1, 3);
      check_long (1, 20, 60);
      check_long (3, 4, 11);
      check_long (3, 8, 40);
      check_long (20, 1, 60);
      check_long (20, 12, 16);
      check_long (20, 20, 60);
    }
  check_long (1000, 3, 8);
  check_long (1000, 12, 60);
  check_long (1000, 1, 1000);
}

static void
check_repetitive (const char * const *secrets,
                  guint               n,
                  gsize               expected_before,
                  gsize               expected_after)
{
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(RuntimeUseRedactorStream) stream = runtime_use_redactor_open_stream (redactor);
  g_autoptr(GString) out = g_string_new (NULL);
  guint i;

  for (i = 0; i < n; i++)
    _runtime_use_redactor_stream_append (stream, "a", 1, out);
  g_assert_cmpuint (out->len, ==, expected_before);
  _runtime_use_redactor_stream_append (stream, "b", 1, out);
  g_assert_cmpuint (out->len, ==, expected_after);
}

static void
test_redactor_repetitive (void)
{
  g_autofree char *many = g_strnfill (100000, 'a');
  g_autofree char *long_secret = g_strconcat (many, "b", NULL);
  const char *secrets[] = { long_secret, "aaaaaaaaaaaaaaaaaaaac", NULL };
  const char *with_short[] = { long_secret, "a", NULL };

  g_test_summary ("Text that begins a long secret again and again takes linear time");

  check_repetitive (secrets, 2000000, 1900000, 1900000 + MARKER_LENGTH);

  /* Where an "a" is the beginning of what is held back, its marker is sure. */
  check_repetitive (with_short, 300000, 200001 * MARKER_LENGTH, 200001 * MARKER_LENGTH);
}

static void
assert_redacted_json (const char         *json,
                      const char * const *secrets,
                      const char         *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = json_from_string (json, &error);
  g_autoptr(JsonNode) redacted = NULL;
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  redacted = runtime_use_redact_secrets (node, secrets);
  text = json_to_string (redacted, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_redact_secrets_values (void)
{
  static const char * const secrets[] = { "key", "1", "true", NULL };

  g_test_summary ("Strings and member names are redacted at any depth, nothing else is");

  assert_redacted_json ("\"a key\"", secrets, "\"a " MARKER "\"");
  assert_redacted_json ("[1,true,null,\"1\",[\"key\"]]", secrets,
                        "[1,true,null,\"" MARKER "\",[\"" MARKER "\"]]");
  assert_redacted_json ("{\"a\":{\"key\":\"true\"},\"b\":[]}", secrets,
                        "{\"a\":{\"" MARKER "\":\"" MARKER "\"},\"b\":[]}");
  assert_redacted_json ("{\"key\":\"key\"}", NULL, "{\"key\":\"key\"}");
}

static void
test_redact_secrets_names (void)
{
  static const char * const secrets[] = { "one", "two", "three", NULL };

  g_test_summary ("Members whose names become equal stay apart");

  assert_redacted_json ("{\"one\":1,\"two\":2,\"three\":3,\"four\":4}", secrets,
                        "{\"" MARKER "\":1,\"" MARKER " (2)\":2,\"" MARKER " (3)\":3,\"four\":4}");
  assert_redacted_json ("{\"" MARKER " (2)\":1,\"" MARKER "\":2,\"one\":3}", secrets,
                        "{\"" MARKER " (2)\":1,\"" MARKER "\":2,\"" MARKER " (3)\":3}");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_examples ("/redactor/example", examples, test_redactor_example);
  g_test_add_func ("/redactor/random", test_redactor_random);
  g_test_add_func ("/redactor/random-markers", test_redactor_random_markers);
  g_test_add_func ("/redactor/random-characters", test_redactor_random_characters);
  g_test_add_func ("/redactor/random-periods", test_redactor_random_periods);
  g_test_add_func ("/redactor/nul", test_redactor_nul);
  g_test_add_func ("/redactor/invalid-secret", test_redactor_invalid_secret);
  g_test_add_func ("/redactor/is-empty", test_redactor_is_empty);
  g_test_add_func ("/redactor/many", test_redactor_many);
  g_test_add_func ("/redactor/repetitive", test_redactor_repetitive);
  g_test_add_func ("/redactor-stream/hold", test_redactor_stream_hold);
  g_test_add_func ("/redactor-stream/outlives-redactor", test_redactor_stream_outlives);
  g_test_add_func ("/redact-secrets/values", test_redact_secrets_values);
  g_test_add_func ("/redact-secrets/names", test_redact_secrets_names);

  return g_test_run ();
}
