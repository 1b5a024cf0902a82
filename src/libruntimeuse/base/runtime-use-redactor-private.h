/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-redactor.h"

G_BEGIN_DECLS

/* The counted forms: the text may hold NUL, what comes out is appended, and
 * nothing is allocated beyond that. The text is valid UTF-8; a piece ends
 * between two characters. */
void _runtime_use_redactor_append        (RuntimeUseRedactor       *self,
                                          const char               *text,
                                          gsize                     length,
                                          GString                  *out);
void _runtime_use_redactor_stream_append (RuntimeUseRedactorStream *self,
                                          const char               *text,
                                          gsize                     length,
                                          GString                  *out);
void _runtime_use_redactor_stream_flush  (RuntimeUseRedactorStream *self,
                                          GString                  *out);

/* Appends copies of the secrets, for a redactor that hides those of several. */
void _runtime_use_redactor_collect       (RuntimeUseRedactor       *self,
                                          GPtrArray                *secrets);

G_END_DECLS
