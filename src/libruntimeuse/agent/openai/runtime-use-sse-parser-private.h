/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Server-sent events, as the HTML standard has them: bytes come in pieces of any size, and events
 * go out. What is no UTF-8 becomes U+FFFD, as there.
 */

/* All of it is the parser's, until the function returns. */
typedef struct
{
  const char *type;          /* "message" if the stream names none; a NUL in it is U+FFFD */
  const char *data;          /* UTF-8, not terminated, may hold NUL */
  gsize       data_length;
  const char *id;            /* the last one that was told; "" if none was */
  gint64      retry;         /* the last one that was told, in milliseconds; -1 if none was */
} RuntimeUseSseEvent;

/* Returns FALSE with an error to end the stream. It must not push to the parser, nor clear it. */
typedef gboolean (* RuntimeUseSseFunc) (const RuntimeUseSseEvent  *event,
                                        gpointer                   user_data,
                                        GError                   **error);

/* Of the data of an event, in bytes. */
#define RUNTIME_USE_SSE_LIMIT ((gsize) 16 * 1024 * 1024)

typedef struct
{
  gsize        limit;
  gboolean     is_over;       /* there was an error */
  guint        n_bom;         /* how much of the byte order mark was seen; 3: the start is over */
  gboolean     skips_lf;      /* the last byte was a CR */

  GString     *line;          /* the beginning of a line that has not come whole */
  GString     *type;
  GString     *id;
  gint64       retry;

  const char  *span;          /* (nullable): the only line of data, in the bytes being pushed */
  gsize        span_length;
  GString     *data;          /* the lines of data, unless there is a span */
  guint        n_data;        /* lines of data: none, one, or several */
  GString     *decoded;       /* data that had to be made valid */
} RuntimeUseSseParser;

void     _runtime_use_sse_parser_init     (RuntimeUseSseParser  *self,
                                           gsize                 limit);
void     _runtime_use_sse_parser_clear    (RuntimeUseSseParser  *self);
gboolean _runtime_use_sse_parser_push     (RuntimeUseSseParser  *self,
                                           const char           *bytes,
                                           gsize                 length,
                                           RuntimeUseSseFunc     func,
                                           gpointer              user_data,
                                           GError              **error);
gboolean _runtime_use_sse_parser_has_rest (const RuntimeUseSseParser *self);

G_END_DECLS
