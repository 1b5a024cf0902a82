/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fuzz.h"

/*
 * Runs a target without libFuzzer: over all files of the folders or files that are named on the
 * command line, and over a number of mutations of them that are always the same.
 */

#define MUTATIONS 40000
#define MAX_SIZE 4096
#define SEED 20240229

/* What random bytes would hardly hit upon. */
static const char * const words[] = {
  "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "1e400", "-", "\\u0000", "\\ud800",
  "\\udc00", "\\u00e9", "\xc3\xa9", "\xed\xa0\x80", "\xff", "\n", " ", "\"message_type\":", "\"\":",
  "secret", "[[[[[[[[[[[[[[[[", "9223372036854775808", "=",
};

/* What may stand where another value stood, so that many inputs stay documents. */
static const char * const values[] = {
  "null", "true", "0", "-1", "1.5", "1e400", "18446744073709551616", "\"\"", "\"a\"",
  "\"\\u0000\"", "[]", "[null]", "[\"secret\",\"b\"]", "{}", "{\"\":\"\"}",
  "{\"a=b\":\"c\"}", "{\"secret\":\"d\"}", "[{\"command\":\"e\"}]", "\"cancel_message\"",
};

static void
load (const char *path,
      GPtrArray  *inputs)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  char *content;
  gsize length;

  if (dir == NULL)
    {
      g_file_get_contents (path, &content, &length, &error);
      g_assert_no_error (error);
      g_ptr_array_add (inputs, g_bytes_new_take (content, length));
      return;
    }

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      load (file, inputs);
    }
}

/* Folders list their files in no certain order, but what is run must not depend on it. */
static int
compare_inputs (gconstpointer a,
                gconstpointer b)
{
  return g_bytes_compare (*(GBytes * const *) a, *(GBytes * const *) b);
}

static gsize
random_below (GRand *random,
              gsize  end)
{
  return end > 0 ? (gsize) g_rand_int_range (random, 0, (gint32) end) : 0;
}

/* Replaces what is between the first colon behind @place and the next comma or bracket. */
static void
replace_value (GRand   *random,
               GString *text,
               gsize    place)
{
  const char *colon = memchr (text->str + place, ':', text->len - place);
  const char *value = values[random_below (random, G_N_ELEMENTS (values))];
  gsize start;
  gsize length = 0;

  if (colon == NULL)
    return;

  start = (gsize) (colon + 1 - text->str);
  while (start + length < text->len && strchr (",]}", text->str[start + length]) == NULL)
    length++;

  g_string_erase (text, (gssize) start, (gssize) length);
  g_string_insert (text, (gssize) start, value);
}

static void
mutate (GRand     *random,
        GPtrArray *inputs,
        GString   *text)
{
  gsize place = random_below (random, text->len);
  gsize length = random_below (random, MIN (text->len - place, 32) + 1);
  GBytes *other = inputs->pdata[random_below (random, inputs->len)];
  gsize other_place = random_below (random, g_bytes_get_size (other));
  gsize other_length = g_bytes_get_size (other) - other_place;
  const char *word = words[random_below (random, G_N_ELEMENTS (words))];
  g_autofree char *copy = g_memdup2 (text->str + place, length);

  switch (random_below (random, 12))
    {
    case 0:
      if (text->len > 0)
        text->str[place] = (char) g_rand_int (random);
      break;

    case 1:
      g_string_erase (text, (gssize) place, (gssize) length);
      break;

    case 2:
      if (length > 0)
        g_string_insert_len (text, (gssize) random_below (random, text->len), copy,
                             (gssize) length);
      break;

    case 3:
      g_string_truncate (text, place);
      g_string_append_len (text, (const char *) g_bytes_get_data (other, NULL) + other_place,
                           (gssize) MIN (other_length, MAX_SIZE));
      break;

    case 4:
      g_string_insert (text, (gssize) place, word);
      break;

    default:
      replace_value (random, text, place);
    }
}

static void
run (const char *data,
     gsize       size)
{
  /* A copy of the exact size, so that reading too far is seen. */
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static void
run_mutations (GPtrArray *inputs)
{
  g_autoptr(GRand) random = g_rand_new_with_seed (SEED);

  for (guint i = 0; i < MUTATIONS; i++)
    {
      GBytes *input = inputs->pdata[random_below (random, inputs->len)];
      g_autoptr(GString) text = g_string_new_len (g_bytes_get_data (input, NULL),
                                                  (gssize) g_bytes_get_size (input));

      /* Few changes leave more documents that are still read to their end. */
      for (gsize n = 1 + random_below (random, 1 + random_below (random, 4)); n > 0; n--)
        mutate (random, inputs, text);
      g_string_truncate (text, MIN (text->len, MAX_SIZE));
      run (text->str, text->len);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (int i = 1; i < argc; i++)
    load (argv[i], inputs);
  g_assert_cmpint (inputs->len, >, 0);
  g_ptr_array_sort (inputs, compare_inputs);

  for (guint i = 0; i < inputs->len; i++)
    run (g_bytes_get_data (inputs->pdata[i], NULL), g_bytes_get_size (inputs->pdata[i]));
  run_mutations (inputs);

  g_print ("%u inputs and %d mutations of them\n", inputs->len, MUTATIONS);

  return 0;
}
