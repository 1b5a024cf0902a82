/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-folder-watch-private.h"

G_BEGIN_DECLS

/* A file that the client was asked about. */
typedef struct
{
  RuntimeUseFolderWatch *watch;         /* (nullable): gone, while this is being sent */
  char                  *path;          /* as it is watched */
  char                  *shown;         /* the same, without secrets */
  struct stat            status;        /* of the content that is complete */
  char                  *url;           /* (nullable): not answered yet */
  char                  *content_type;
  gpointer               sender;        /* (nullable): who submits it */
  GList                 *link;          /* (nullable): in the queue of those to be submitted */
  gboolean               submitted;     /* to the tracker */
  gboolean               changed;       /* since then */
  gboolean               aside;         /* the call that it fell into could not answer */
} RuntimeUseOffer;

/* The offers that are open or not sent yet, one for each path. Clients name them by what they were
 * shown, so that is different for each of them too. */
typedef struct _RuntimeUseOfferBook RuntimeUseOfferBook;

RuntimeUseOfferBook *_runtime_use_offer_book_new        (void);
void                 _runtime_use_offer_book_free       (RuntimeUseOfferBook   *self);

RuntimeUseOffer     *_runtime_use_offer_book_add        (RuntimeUseOfferBook   *self,
                                                         RuntimeUseFolderWatch *watch,
                                                         const char            *path,
                                                         const char            *plain,
                                                         const struct stat     *status);
void                 _runtime_use_offer_book_remove     (RuntimeUseOfferBook   *self,
                                                         RuntimeUseOffer       *offer);

RuntimeUseOffer     *_runtime_use_offer_book_find_path  (RuntimeUseOfferBook   *self,
                                                         const char            *path);
RuntimeUseOffer     *_runtime_use_offer_book_find_shown (RuntimeUseOfferBook   *self,
                                                         const char            *shown);
GList               *_runtime_use_offer_book_list       (RuntimeUseOfferBook   *self);
guint                _runtime_use_offer_book_get_length (RuntimeUseOfferBook   *self);

void                 _runtime_use_offer_book_lay_aside  (RuntimeUseOfferBook   *self);
gboolean             _runtime_use_offer_book_has_open   (RuntimeUseOfferBook   *self);

G_END_DECLS
