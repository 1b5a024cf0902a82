/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-ignore-rules-private.h"

#include <gio/gio.h>
#include <string.h>

/*
 * Asks git itself about rules and paths that a seeded generator makes. Each case is a folder with a
 * file of rules, sometimes with more files in folders below.
 */

#define CASES 600
#define PATHS_PER_CASE 20
#define SEED 20240229

/* What is worth combining in a rule. */
static const char * const rule_parts[] = {
  "a", "a", "b", "b", "ab", "foo", "x", ".", ".c", "-", "]", ":", "é", "\xff", "\t", " ", "#", "!",
  "*", "*", "*", "?", "?", "**", "***", "/", "/", "/", "//", "**/", "**/", "/**", "/**/", "/*/",
  "\\", "\\a", "\\*", "\\?", "\\[", "\\/", "\\ ", "\\\\", "\\!", "**\\/",
  "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]a]", "[a-]", "[-a]", "[c-a]", "[a", "[", "[!", "[a-",
  "[\\]]", "[\\", "[a-\\c]", "[--a]", "[.-0]", "[/]", "[a/]", "[\\a-c]", "[*?]", "[[]",
  "[a-[:alpha:]",
  "[[:alpha:]]", "[![:alpha:]]", "[[:digit:][:punct:]]", "[[:foo:]]", "[[::]", "[[:]", "[[:alpha]",
  "[[:alpha:]-z]", "[x[:upper:]]", "[[.a.]]", "[:alpha:]", "[[:",
};

static const char * const name_parts[] = {
  "a", "a", "a", "a", "b", "b", "b", "ab", "ab", "foo", "foo", "x", "c", "a.c", ".a", "1", "A", "*",
  "?", "[", "]", "!", "#", " ", "\\", "-", ":", "é", "\xff", "\t", "\n", "\r",
};

typedef struct
{
  char       *root;    /* the working tree */
  GHashTable *rules;   /* (element-type filename RuntimeUseIgnoreRules): by their folder */
  GPtrArray  *paths;   /* (element-type filename): to ask about; relative to the root */
} Tree;

static GSubprocess *
start_git (const char         *folder,
           GSubprocessFlags    flags,
           const char * const *argv)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autoptr(GError) error = NULL;
  GSubprocess *git;

  g_subprocess_launcher_set_cwd (launcher, folder);
  g_subprocess_launcher_setenv (launcher, "HOME", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_CONFIG_HOME", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "GIT_CONFIG_NOSYSTEM", "1", TRUE);
  g_subprocess_launcher_unsetenv (launcher, "GIT_DIR");
  g_subprocess_launcher_unsetenv (launcher, "GIT_WORK_TREE");
  g_subprocess_launcher_unsetenv (launcher, "GIT_INDEX_FILE");

  git = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);

  return git;
}

static Tree *
tree_new (const char *name)
{
  const char * const init[] = { "git", "init", "--quiet", "--template=", ".", NULL };
  g_autoptr(GSubprocess) git = NULL;
  g_autoptr(GError) error = NULL;
  Tree *tree = g_new0 (Tree, 1);

  tree->root = g_build_filename (g_get_user_data_dir (), name, NULL);
  tree->rules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) _runtime_use_ignore_rules_unref);
  tree->paths = g_ptr_array_new_with_free_func (g_free);
  g_assert_no_errno (g_mkdir_with_parents (tree->root, 0700));

  git = start_git (tree->root, G_SUBPROCESS_FLAGS_NONE, init);
  g_subprocess_wait_check (git, NULL, &error);
  g_assert_no_error (error);

  return tree;
}

static void
tree_free (Tree *tree)
{
  g_free (tree->root);
  g_hash_table_unref (tree->rules);
  g_ptr_array_unref (tree->paths);
  g_free (tree);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tree, tree_free)

static void
add_folder (Tree       *tree,
            const char *path)
{
  g_autofree char *folder = g_build_filename (tree->root, path, NULL);

  g_assert_no_errno (g_mkdir_with_parents (folder, 0700));
}

static void
add_rules (Tree       *tree,
           const char *folder,
           const char *text,
           gsize       length)
{
  g_autofree char *file = g_build_filename (tree->root, folder, ".gitignore", NULL);
  g_autoptr(GError) error = NULL;

  add_folder (tree, folder);
  g_file_set_contents_full (file, text, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  g_hash_table_insert (tree->rules, g_strdup (folder),
                       _runtime_use_ignore_rules_new (text, length));
}

/* What the rules nearest to @path say that say something. */
static RuntimeUseIgnoreVerdict
ask_rules (Tree       *tree,
           const char *path,
           gboolean    is_directory)
{
  g_autofree char *folder = g_strdup (path);
  RuntimeUseIgnoreVerdict verdict = RUNTIME_USE_IGNORE_UNDECIDED;
  char *slash;

  while (verdict == RUNTIME_USE_IGNORE_UNDECIDED && (slash = strrchr (folder, '/')) != NULL)
    {
      RuntimeUseIgnoreRules *rules;

      *slash = '\0';
      rules = g_hash_table_lookup (tree->rules, folder);
      if (rules != NULL)
        verdict = _runtime_use_ignore_rules_match (rules, path + (slash - folder) + 1,
                                                   is_directory);
    }

  return verdict;
}

/* Walks down to @path and stops at an ignored folder. */
static RuntimeUseIgnoreVerdict
ask_us (Tree       *tree,
        const char *path)
{
  g_autofree char *full = g_build_filename (tree->root, path, NULL);
  const char *slash = path;

  while ((slash = strchr (slash + 1, '/')) != NULL)
    {
      g_autofree char *parent = g_strndup (path, slash - path);

      if (ask_rules (tree, parent, TRUE) == RUNTIME_USE_IGNORE_IGNORED)
        return RUNTIME_USE_IGNORE_IGNORED;
    }

  return ask_rules (tree, path, g_file_test (full, G_FILE_TEST_IS_DIR));
}

static GBytes *
ask_git (Tree *tree)
{
  const char * const check[] = {
    "git", "check-ignore", "--no-index", "-v", "-n", "--stdin", "-z", NULL,
  };
  g_autoptr(GByteArray) input = g_byte_array_new ();
  g_autoptr(GBytes) input_bytes = NULL;
  g_autoptr(GSubprocess) git = NULL;
  g_autoptr(GError) error = NULL;
  GBytes *output;

  for (guint i = 0; i < tree->paths->len; i++)
    g_byte_array_append (input, tree->paths->pdata[i], strlen (tree->paths->pdata[i]) + 1);
  input_bytes = g_byte_array_free_to_bytes (g_steal_pointer (&input));

  git = start_git (tree->root, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                   check);
  g_subprocess_communicate (git, input_bytes, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (git));
  g_assert_cmpint (g_subprocess_get_exit_status (git), <=, 1);

  return output;
}

/* Takes the next field of what git has printed. */
static const char *
next_field (const char **rest,
            const char  *end)
{
  const char *field = *rest;

  g_assert_true (field < end);
  *rest += strlen (field) + 1;

  return field;
}

/* Reads one answer: the file, the line and the text of a rule, and the path. */
static RuntimeUseIgnoreVerdict
read_answer (const char **rest,
             const char  *end,
             const char  *path)
{
  const char *file = next_field (rest, end);
  const char *rule;

  next_field (rest, end);
  rule = next_field (rest, end);
  g_assert_cmpstr (next_field (rest, end), ==, path);

  if (*file == '\0')
    return RUNTIME_USE_IGNORE_UNDECIDED;

  return *rule == '!' ? RUNTIME_USE_IGNORE_KEPT : RUNTIME_USE_IGNORE_IGNORED;
}

static void
report (Tree                    *tree,
        const char              *path,
        RuntimeUseIgnoreVerdict  ours,
        RuntimeUseIgnoreVerdict  gits)
{
  g_autofree char *shown = g_strescape (path, NULL);
  g_autofree char *folder = g_strdup (path);
  char *slash;

  g_test_message ("\"%s\": we say %d, git says %d", shown, ours, gits);
  while ((slash = strrchr (folder, '/')) != NULL)
    {
      g_autofree char *file = NULL;
      g_autofree char *text = NULL;
      g_autofree char *shown_text = NULL;

      *slash = '\0';
      file = g_build_filename (tree->root, folder, ".gitignore", NULL);
      if (!g_file_get_contents (file, &text, NULL, NULL))
        continue;
      shown_text = g_strescape (text, NULL);
      g_test_message ("  rules %d above: \"%s\"", (int) strlen (folder), shown_text);
    }
}

/* Compares all answers; counts each kind in @n. */
static void
compare (Tree  *tree,
         guint *n)
{
  g_autoptr(GBytes) output = ask_git (tree);
  const char *rest = g_bytes_get_data (output, NULL);
  const char *end = rest + g_bytes_get_size (output);
  guint n_wrong = 0;

  for (guint i = 0; i < tree->paths->len; i++)
    {
      const char *path = tree->paths->pdata[i];
      RuntimeUseIgnoreVerdict gits = read_answer (&rest, end, path);
      RuntimeUseIgnoreVerdict ours = ask_us (tree, path);

      n[gits]++;
      if (ours != gits && n_wrong++ < 10)
        report (tree, path, ours, gits);
    }

  g_assert_true (rest == end);
  g_assert_cmpuint (n_wrong, ==, 0);
}

static gboolean
one_in (GRand *random,
        int    n)
{
  return g_rand_int_range (random, 0, n) == 0;
}

static const char *
pick (GRand              *random,
      const char * const *parts,
      gsize               n_parts)
{
  return parts[g_rand_int_range (random, 0, (gint32) n_parts)];
}

static void
append_rule (GRand   *random,
             GString *text)
{
  if (one_in (random, 3))
    g_string_append_c (text, '!');
  if (one_in (random, 6))
    g_string_append_c (text, '/');

  for (int n = g_rand_int_range (random, 1, 6); n > 0; n--)
    g_string_append (text, pick (random, rule_parts, G_N_ELEMENTS (rule_parts)));

  if (one_in (random, 5))
    g_string_append_c (text, '/');
  if (one_in (random, 10))
    g_string_append (text, "  ");
  if (one_in (random, 10))
    g_string_append_c (text, '\r');
  if (one_in (random, 50))
    g_string_append_len (text, "\0b", 2);
}

static GString *
make_text (GRand *random)
{
  GString *text = g_string_new (one_in (random, 20) ? "\xef\xbb\xbf" : NULL);

  for (int n = g_rand_int_range (random, 0, 6); n >= 0; n--)
    {
      if (one_in (random, 20))
        g_string_append (text, one_in (random, 2) ? "# " : "\n \n\r\n\n");
      append_rule (random, text);
      if (n > 0 || one_in (random, 2))
        g_string_append_c (text, '\n');
    }

  return text;
}

/* A path that one of the rules may be about. */
static void
append_likely (GRand         *random,
               const GString *text,
               GString       *path)
{
  static const char * const star_texts[] = { "", "a", "b", "ab", "a/b", "a/foo/b", "*" };
  gsize start = g_rand_int_range (random, 0, (gint32) text->len);

  while (start > 0 && text->str[start - 1] != '\n')
    start--;

  for (const char *p = text->str + start; *p != '\0' && *p != '\n'; p++)
    {
      if (*p == '*')
        g_string_append (path, pick (random, star_texts, G_N_ELEMENTS (star_texts)));
      else if (*p == '?')
        g_string_append_c (path, 'a');
      else if (*p == '[' && strchr (p, ']') != NULL)
        {
          g_string_append_c (path, one_in (random, 2) ? 'a' : p[1]);
          p = strchr (p, ']');
        }
      else if (strchr ("!\\\r", *p) == NULL)
        g_string_append_c (path, *p);
    }
}

static void
append_random (GRand   *random,
               GString *path)
{
  for (int depth = g_rand_int_range (random, 0, 4); depth >= 0; depth--)
    {
      for (int n = g_rand_int_range (random, 1, one_in (random, 3) ? 4 : 2); n > 0; n--)
        g_string_append (path, pick (random, name_parts, G_N_ELEMENTS (name_parts)));
      if (depth > 0)
        g_string_append_c (path, '/');
    }
}

/* Below @folder, without what would be no canonical path, or git's own. */
static char *
clean_path (const char *folder,
            const char *path)
{
  g_auto(GStrv) names = g_strsplit (path, "/", -1);
  GString *clean = g_string_new (folder);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      if (*names[i] != '\0' && strcmp (names[i], ".") != 0 && strcmp (names[i], "..") != 0)
        g_string_append_printf (clean, "/%s", names[i]);
    }

  if (clean->len == strlen (folder))
    g_string_append (clean, "/a");

  return g_string_free (clean, FALSE);
}

static void
add_case (GRand *random,
          Tree  *tree,
          guint  number)
{
  static const char * const below[] = { "a", "b", "a/b", "foo" };
  g_autofree char *folder = g_strdup_printf ("%u", number);
  g_autoptr(GString) text = make_text (random);

  add_rules (tree, folder, text->str, text->len);
  if (one_in (random, 4))
    {
      const char *name = pick (random, below, G_N_ELEMENTS (below));
      g_autofree char *nested = g_strconcat (folder, "/", name, NULL);
      g_autoptr(GString) nested_text = make_text (random);

      add_rules (tree, nested, nested_text->str, nested_text->len);
    }

  for (guint i = 0; i < PATHS_PER_CASE; i++)
    {
      g_autoptr(GString) path = g_string_new (NULL);

      if (one_in (random, 4))
        g_string_append_printf (path, "%s/", pick (random, below, G_N_ELEMENTS (below)));
      if (one_in (random, 2))
        append_likely (random, text, path);
      else
        append_random (random, path);

      g_ptr_array_add (tree->paths, clean_path (folder, path->str));
      if (one_in (random, 12))
        add_folder (tree, tree->paths->pdata[tree->paths->len - 1]);
    }
}

static void
check_seed (guint32 seed)
{
  g_autofree char *name = g_strdup_printf ("seed-%u", seed);
  g_autoptr(GRand) random = g_rand_new_with_seed (seed);
  g_autoptr(Tree) tree = tree_new (name);
  guint n[3] = { 0 };

  for (guint i = 0; i < CASES; i++)
    add_case (random, tree, i);
  compare (tree, n);

  /* Or the comparison would say little. */
  g_test_message ("seed %u: %u undecided, %u ignored, %u kept", seed, n[0], n[1], n[2]);
  for (gsize i = 0; i < G_N_ELEMENTS (n); i++)
    g_assert_cmpuint (n[i], >, tree->paths->len / 40);
}

static void
test_random (void)
{
  g_test_summary ("Git agrees about rules and paths made at random");

  check_seed (SEED);
}

static void
test_more_random (void)
{
  g_test_summary ("Git agrees about many more of them; run with -m slow");

  for (guint i = 0; i < 20; i++)
    check_seed (g_test_rand_int ());
}

static void
test_classes (void)
{
  static const char * const sets[] = {
    "[[:alnum:]]", "[[:alpha:]]", "[[:blank:]]", "[[:cntrl:]]", "[[:digit:]]", "[[:graph:]]",
    "[[:lower:]]", "[[:print:]]", "[[:punct:]]", "[[:space:]]", "[[:upper:]]", "[[:xdigit:]]",
    "[![:alnum:]]", "[\x80-\xff]", "[!\x01-~]", "[+-9]", "?", "*", "[[:ALPHA:]]",
    "[[:alpha:][:digit:]]",
  };
  g_autoptr(Tree) tree = tree_new ("classes");
  guint n[3] = { 0 };

  g_test_summary ("Git agrees about every byte in every class");

  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    {
      g_autofree char *folder = g_strdup_printf ("%" G_GSIZE_FORMAT, i);
      g_autofree char *text = g_strdup_printf ("x%sx", sets[i]);

      add_rules (tree, folder, text, strlen (text));
      for (int byte = 1; byte < 256; byte++)
        g_ptr_array_add (tree->paths, g_strdup_printf ("%s/x%cx", folder, byte));
    }

  compare (tree, n);
  g_assert_cmpuint (n[RUNTIME_USE_IGNORE_IGNORED], >, 1000);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *git = g_find_program_in_path ("git");

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  if (git == NULL)
    {
      g_print ("1..0 # SKIP there is no git\n");
      return 0;
    }

  g_test_add_func ("/ignore-rules-git/random", test_random);
  g_test_add_func ("/ignore-rules-git/classes", test_classes);
  if (g_test_slow ())
    g_test_add_func ("/ignore-rules-git/more-random", test_more_random);

  return g_test_run ();
}
