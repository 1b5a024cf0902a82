/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells quickly where in a text no secret begins. */
typedef struct _RuntimeUseSecretFilter RuntimeUseSecretFilter;

#define RUNTIME_USE_SECRET_FILTER_N_GROUPS 2

/* A walk through one text, from its beginning to its end. */
typedef struct
{
  const RuntimeUseSecretFilter *filter;
  const guint8                 *text;
  gsize                         length;
  gsize                         next[RUNTIME_USE_SECRET_FILTER_N_GROUPS];
} RuntimeUseSecretFilterWalk;

/* The secrets lie one behind the other in @bytes, each up to one of @ends. */
RuntimeUseSecretFilter *
      _runtime_use_secret_filter_new       (const char                   *bytes,
                                            const guint32                *ends,
                                            gsize                         n_ends);
void  _runtime_use_secret_filter_free      (RuntimeUseSecretFilter       *self);

void  _runtime_use_secret_filter_walk_init (RuntimeUseSecretFilterWalk   *walk,
                                            const RuntimeUseSecretFilter *filter,
                                            const char                   *text,
                                            gsize                         length);

/* The first place from @from on where a secret, or as much of it as there is
 * room for before the end of the text, may begin; the end if there is none.
 * @from never goes back. */
gsize _runtime_use_secret_filter_walk_next (RuntimeUseSecretFilterWalk   *walk,
                                            gsize                         from);

G_END_DECLS
