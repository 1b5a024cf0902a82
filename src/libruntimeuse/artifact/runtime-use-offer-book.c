/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-offer-book-private.h"

struct _RuntimeUseOfferBook
{
  GHashTable *by_path;    /* RuntimeUseOffer by path; owns them */
  GHashTable *by_shown;   /* the same by what was shown */
};

static void
offer_free (RuntimeUseOffer *offer)
{
  g_free (offer->path);
  g_free (offer->shown);
  g_free (offer->url);
  g_free (offer->content_type);
  g_free (offer);
}

RuntimeUseOfferBook *
_runtime_use_offer_book_new (void)
{
  RuntimeUseOfferBook *self = g_new0 (RuntimeUseOfferBook, 1);

  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify) offer_free);
  self->by_shown = g_hash_table_new (g_str_hash, g_str_equal);

  return self;
}

void
_runtime_use_offer_book_free (RuntimeUseOfferBook *self)
{
  g_hash_table_unref (self->by_shown);
  g_hash_table_unref (self->by_path);
  g_free (self);
}

/* Paths that differ only in a secret are told apart by a number. */
static char *
make_shown (RuntimeUseOfferBook *self,
            const char          *plain)
{
  char *shown = g_strdup (plain);
  guint n = 1;

  while (g_hash_table_contains (self->by_shown, shown))
    {
      g_free (shown);
      shown = g_strdup_printf ("%s~%u", plain, ++n);
    }

  return shown;
}

/* @plain is @path without secrets. There must be no offer of @path. */
RuntimeUseOffer *
_runtime_use_offer_book_add (RuntimeUseOfferBook   *self,
                             RuntimeUseFolderWatch *watch,
                             const char            *path,
                             const char            *plain,
                             const struct stat     *status)
{
  RuntimeUseOffer *offer = g_new0 (RuntimeUseOffer, 1);

  offer->watch = watch;
  offer->path = g_strdup (path);
  offer->shown = make_shown (self, plain);
  offer->status = *status;
  g_hash_table_insert (self->by_path, offer->path, offer);
  g_hash_table_insert (self->by_shown, offer->shown, offer);

  return offer;
}

/* Frees @offer. */
void
_runtime_use_offer_book_remove (RuntimeUseOfferBook *self,
                                RuntimeUseOffer     *offer)
{
  g_hash_table_remove (self->by_shown, offer->shown);
  g_hash_table_remove (self->by_path, offer->path);
}

RuntimeUseOffer *
_runtime_use_offer_book_find_path (RuntimeUseOfferBook *self,
                                   const char          *path)
{
  return g_hash_table_lookup (self->by_path, path);
}

RuntimeUseOffer *
_runtime_use_offer_book_find_shown (RuntimeUseOfferBook *self,
                                    const char          *shown)
{
  return g_hash_table_lookup (self->by_shown, shown);
}

/* Gives all of them, in no order; the list is the caller's. */
GList *
_runtime_use_offer_book_list (RuntimeUseOfferBook *self)
{
  return g_hash_table_get_values (self->by_path);
}

guint
_runtime_use_offer_book_get_length (RuntimeUseOfferBook *self)
{
  return g_hash_table_size (self->by_path);
}

/* Nobody waits any longer for those that were not answered. */
void
_runtime_use_offer_book_lay_aside (RuntimeUseOfferBook *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_path);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RuntimeUseOffer *offer = value;

      offer->aside |= offer->url == NULL;
    }
}

/* Whether there is one that was not laid aside. */
gboolean
_runtime_use_offer_book_has_open (RuntimeUseOfferBook *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_path);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!((RuntimeUseOffer *) value)->aside)
      return TRUE;

  return FALSE;
}
