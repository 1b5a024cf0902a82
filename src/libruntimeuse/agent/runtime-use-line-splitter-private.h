/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (* RuntimeUseLineFunc) (const char *line,
                                     gpointer    user_data);

/* Cuts a stream of text into lines. A line longer than the limit comes in pieces. */
typedef struct
{
  GString *pending;
  gsize    limit;
} RuntimeUseLineSplitter;

/* Text for those who take no counted strings: each NUL becomes U+FFFD. */
void _runtime_use_append_without_nul   (GString                *string,
                                        const char             *text,
                                        gsize                   length);

void _runtime_use_line_splitter_init   (RuntimeUseLineSplitter *self,
                                        gsize                   limit);
void _runtime_use_line_splitter_clear  (RuntimeUseLineSplitter *self);
void _runtime_use_line_splitter_push   (RuntimeUseLineSplitter *self,
                                        const char             *text,
                                        gsize                   length,
                                        RuntimeUseLineFunc      func,
                                        gpointer                user_data);
void _runtime_use_line_splitter_finish (RuntimeUseLineSplitter *self,
                                        RuntimeUseLineFunc      func,
                                        gpointer                user_data);

G_END_DECLS
