/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RUNTIME_USE_REDACTED "[REDACTED]"

/* What to look for: never changes once made, so any number of scans and of
 * threads may share it. */
typedef struct _RuntimeUseSecretMatcher RuntimeUseSecretMatcher;

/* The automaton of Aho and Corasick. A state stands for the longest end of the
 * text so far that begins a secret; state 0 stands for none. */
RuntimeUseSecretMatcher *_runtime_use_secret_matcher_new  (const char * const      *secrets);
void                     _runtime_use_secret_matcher_free (RuntimeUseSecretMatcher *self);

gboolean    _runtime_use_secret_matcher_is_empty       (RuntimeUseSecretMatcher *self);

/* Whether a secret can lie in a marker or reach over its edge. */
gboolean    _runtime_use_secret_matcher_touches_marker (RuntimeUseSecretMatcher *self);

guint32     _runtime_use_secret_matcher_step           (RuntimeUseSecretMatcher *self,
                                                        guint32                  state,
                                                        guint8                   byte);

/* The end of the text that @state stands for. */
const char *_runtime_use_secret_matcher_get_held       (RuntimeUseSecretMatcher *self,
                                                        guint32                  state,
                                                        gsize                   *length);

/* How long the longest secret is that ends where @state was reached, or 0. */
gsize       _runtime_use_secret_matcher_get_match      (RuntimeUseSecretMatcher *self,
                                                        guint32                  state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseSecretMatcher, _runtime_use_secret_matcher_free)

G_END_DECLS
