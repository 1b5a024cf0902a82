/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-secret-filter-private.h"

G_BEGIN_DECLS

#define RUNTIME_USE_REDACTED "[REDACTED]"

/* What to look for: never changes once made, so any number of scans and of
 * threads may share it. */
typedef struct _RuntimeUseSecretMatcher RuntimeUseSecretMatcher;

/* Returns `NULL` if there is nothing to look for. */
RuntimeUseSecretMatcher *
      _runtime_use_secret_matcher_new            (const char * const      *secrets);
void  _runtime_use_secret_matcher_free           (RuntimeUseSecretMatcher *self);

/* Whether a secret can lie in a marker or reach over its edge. */
gboolean
      _runtime_use_secret_matcher_touches_marker (RuntimeUseSecretMatcher *self);

const RuntimeUseSecretFilter *
      _runtime_use_secret_matcher_get_filter     (RuntimeUseSecretMatcher *self);

/* Appends copies of the secrets. */
void  _runtime_use_secret_matcher_collect        (RuntimeUseSecretMatcher *self,
                                                  GPtrArray               *secrets);

/* Feeds the automaton. A state stands for the longest end of the text so far
 * that begins a secret, and state 0 for none. Stops at the end of a secret, and
 * where the state stands for little and has just forgotten something. Returns
 * how many bytes that took. */
gsize _runtime_use_secret_matcher_run            (RuntimeUseSecretMatcher *self,
                                                  guint32                 *state,
                                                  const char              *text,
                                                  gsize                    length);

/* The end of the text that @state stands for. */
const char *
      _runtime_use_secret_matcher_get_held       (RuntimeUseSecretMatcher *self,
                                                  guint32                  state,
                                                  gsize                   *length);

/* How long the longest secret is that ends where @state was reached, or 0. */
gsize _runtime_use_secret_matcher_get_match      (RuntimeUseSecretMatcher *self,
                                                  guint32                  state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseSecretMatcher, _runtime_use_secret_matcher_free)

G_END_DECLS
