/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-offer-book-private.h"

/* It is only remembered. */
#define WATCH ((RuntimeUseFolderWatch *) &watch)

static int watch;

static RuntimeUseOffer *
add (RuntimeUseOfferBook *book,
     const char          *path,
     const char          *plain)
{
  struct stat status = { .st_size = 7 };
  RuntimeUseOffer *offer = _runtime_use_offer_book_add (book, WATCH, path, plain, &status);

  status.st_size = 8;
  g_assert_true (offer->watch == WATCH);
  g_assert_cmpint (offer->status.st_size, ==, 7);
  g_assert_cmpstr (offer->path, ==, path);
  g_assert_null (offer->url);
  g_assert_false (offer->aside || offer->submitted || offer->changed);

  return offer;
}

static void
test_find (void)
{
  RuntimeUseOfferBook *book = _runtime_use_offer_book_new ();
  RuntimeUseOffer *one = add (book, "/out/s3cr3t/a", "/out/[REDACTED]/a");
  RuntimeUseOffer *other = add (book, "/out/b", "/out/b");
  g_autoptr(GList) list = _runtime_use_offer_book_list (book);

  g_test_summary ("An offer is found by its path and by what was shown of it, until it is removed");

  g_assert_cmpuint (_runtime_use_offer_book_get_length (book), ==, 2);
  g_assert_cmpuint (g_list_length (list), ==, 2);
  g_assert_nonnull (g_list_find (list, one));
  g_assert_nonnull (g_list_find (list, other));
  g_assert_true (_runtime_use_offer_book_find_path (book, "/out/s3cr3t/a") == one);
  g_assert_true (_runtime_use_offer_book_find_shown (book, "/out/[REDACTED]/a") == one);
  g_assert_true (_runtime_use_offer_book_find_path (book, "/out/b") == other);
  g_assert_true (_runtime_use_offer_book_find_shown (book, "/out/b") == other);

  /* Neither stands for the other. */
  g_assert_null (_runtime_use_offer_book_find_path (book, "/out/[REDACTED]/a"));
  g_assert_null (_runtime_use_offer_book_find_shown (book, "/out/s3cr3t/a"));

  _runtime_use_offer_book_remove (book, one);
  g_assert_null (_runtime_use_offer_book_find_path (book, "/out/s3cr3t/a"));
  g_assert_null (_runtime_use_offer_book_find_shown (book, "/out/[REDACTED]/a"));
  g_assert_true (_runtime_use_offer_book_find_path (book, "/out/b") == other);
  g_assert_cmpuint (_runtime_use_offer_book_get_length (book), ==, 1);
  _runtime_use_offer_book_free (book);
}

static void
test_shown (void)
{
  RuntimeUseOfferBook *book = _runtime_use_offer_book_new ();
  RuntimeUseOffer *first;

  g_test_summary ("Paths that look the same without secrets are shown with numbers, each once");

  /* There may be a file that is called so. */
  g_assert_cmpstr (add (book, "/x~2", "/x~2")->shown, ==, "/x~2");
  first = add (book, "/s1", "/x");
  g_assert_cmpstr (first->shown, ==, "/x");
  g_assert_cmpstr (add (book, "/s2", "/x")->shown, ==, "/x~3");
  g_assert_cmpstr (add (book, "/s3", "/x")->shown, ==, "/x~4");
  g_assert_cmpstr (add (book, "/s4", "/x~2")->shown, ==, "/x~2~2");

  /* What is free is used again, and the others keep what they were shown as. */
  _runtime_use_offer_book_remove (book, first);
  g_assert_null (_runtime_use_offer_book_find_shown (book, "/x"));
  g_assert_cmpstr (_runtime_use_offer_book_find_path (book, "/s2")->shown, ==, "/x~3");
  g_assert_cmpstr (add (book, "/s5", "/x")->shown, ==, "/x");
  _runtime_use_offer_book_remove (book, _runtime_use_offer_book_find_shown (book, "/x~3"));
  g_assert_null (_runtime_use_offer_book_find_path (book, "/s2"));
  g_assert_cmpstr (add (book, "/s6", "/x")->shown, ==, "/x~3");
  g_assert_cmpuint (_runtime_use_offer_book_get_length (book), ==, 5);
  _runtime_use_offer_book_free (book);
}

static void
test_aside (void)
{
  RuntimeUseOfferBook *book = _runtime_use_offer_book_new ();
  RuntimeUseOffer *answered;
  RuntimeUseOffer *late;

  g_test_summary ("Only what was not answered by then is laid aside; all the rest is open");

  g_assert_false (_runtime_use_offer_book_has_open (book));
  _runtime_use_offer_book_lay_aside (book);

  late = add (book, "/late", "/late");
  answered = add (book, "/answered", "/answered");
  answered->url = g_strdup ("http://h/");
  g_assert_true (_runtime_use_offer_book_has_open (book));
  _runtime_use_offer_book_lay_aside (book);
  g_assert_true (late->aside);
  g_assert_false (answered->aside);
  g_assert_true (_runtime_use_offer_book_has_open (book));
  _runtime_use_offer_book_remove (book, answered);
  g_assert_false (_runtime_use_offer_book_has_open (book));

  /* It is not open again when its answer comes, and does not hide a new one. */
  late->url = g_strdup ("http://h/");
  _runtime_use_offer_book_lay_aside (book);
  g_assert_true (late->aside);
  g_assert_false (_runtime_use_offer_book_has_open (book));
  add (book, "/new", "/new");
  g_assert_true (_runtime_use_offer_book_has_open (book));
  _runtime_use_offer_book_free (book);
}

/* What the book says of path and of what was shown has to fit. */
static void
check (RuntimeUseOfferBook *book,
       const gboolean      *is_there,
       guint                n)
{
  g_autoptr(GHashTable) shown = g_hash_table_new (g_str_hash, g_str_equal);
  guint n_there = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%u", i);
      RuntimeUseOffer *offer = _runtime_use_offer_book_find_path (book, path);

      g_assert_true ((offer != NULL) == is_there[i]);
      if (offer == NULL)
        continue;

      n_there++;
      g_assert_true (_runtime_use_offer_book_find_shown (book, offer->shown) == offer);
      g_assert_true (g_hash_table_add (shown, offer->shown));
    }
  g_assert_cmpuint (_runtime_use_offer_book_get_length (book), ==, n_there);
}

static void
test_random (void)
{
  static const char * const plains[] = { "/x", "/x~2", "/x~3", "/x~2~2" };
  RuntimeUseOfferBook *book = _runtime_use_offer_book_new ();
  gboolean is_there[16] = { FALSE };

  g_test_summary ("Whatever comes and goes, no two are shown as the same");

  for (guint step = 0; step < 2000; step++)
    {
      guint i = (guint) g_test_rand_int_range (0, G_N_ELEMENTS (is_there));
      g_autofree char *path = g_strdup_printf ("/%u", i);

      if (is_there[i])
        _runtime_use_offer_book_remove (book, _runtime_use_offer_book_find_path (book, path));
      else
        add (book, path, plains[g_test_rand_int_range (0, G_N_ELEMENTS (plains))]);
      is_there[i] = !is_there[i];
      check (book, is_there, G_N_ELEMENTS (is_there));
    }
  _runtime_use_offer_book_free (book);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/offer-book/find", test_find);
  g_test_add_func ("/offer-book/shown", test_shown);
  g_test_add_func ("/offer-book/aside", test_aside);
  g_test_add_func ("/offer-book/random", test_random);

  return g_test_run ();
}
