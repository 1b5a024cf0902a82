/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Turns bytes that arrive in pieces into valid UTF-8. A character that is cut
 * by the end of a piece waits for the next one; what can be no character
 * becomes U+FFFD, one for each maximal subpart as Unicode recommends. NUL is a
 * character like any other. */
typedef struct
{
  guint8 pending[4];   /* the beginning of a character */
  guint  n_pending;
} RuntimeUseUtf8Decoder;

void  _runtime_use_utf8_decoder_init   (RuntimeUseUtf8Decoder *self);
void  _runtime_use_utf8_decoder_append (RuntimeUseUtf8Decoder *self,
                                        const guint8          *bytes,
                                        gsize                  length,
                                        GString               *out);
void  _runtime_use_utf8_decoder_finish (RuntimeUseUtf8Decoder *self,
                                        GString               *out);

/* A copy of the start of a valid text, no longer than so many bytes and cut between characters. */
char *_runtime_use_utf8_cut            (const char            *text,
                                        gsize                  max_length);

/* How many bytes from the start are whole, valid characters. */
gsize _runtime_use_utf8_valid_length   (const guint8          *bytes,
                                        gsize                  length);

G_END_DECLS
