/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-secret-matcher-private.h"

G_BEGIN_DECLS

/* One text on its way past a matcher, in any number of pieces. */
typedef struct
{
  RuntimeUseSecretMatcher *matcher;    /* (nullable), not owned */
  guint32                  state;      /* stands for what is held back */
  guint                    n_marker;   /* bytes of a marker held back behind that */
  guint64                  position;   /* bytes seen, those of @n_marker not counted */
  guint64                  done;       /* bytes passed on or replaced */
  GArray                  *regions;    /* (nullable): found, but what is before is undecided */
  guint                    n_settled;  /* how many of these are done with */
} RuntimeUseSecretScan;

void _runtime_use_secret_scan_init   (RuntimeUseSecretScan    *self,
                                      RuntimeUseSecretMatcher *matcher);
void _runtime_use_secret_scan_clear  (RuntimeUseSecretScan    *self);
void _runtime_use_secret_scan_append (RuntimeUseSecretScan    *self,
                                      const char              *text,
                                      gsize                    length,
                                      GString                 *out);
void _runtime_use_secret_scan_flush  (RuntimeUseSecretScan    *self,
                                      GString                 *out);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RuntimeUseSecretScan, _runtime_use_secret_scan_clear)

G_END_DECLS
