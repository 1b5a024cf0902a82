/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/*
 * An HTTP server without a library, in threads of its own, which records what arrives and can do
 * what no library would. What it does with each request is told by steps; the last one is for all
 * that follow.
 */

typedef struct
{
  const char *answer;    /* (nullable): nothing is said */
  gint64      n_read;    /* so much of the body is read before; -1 is all of it */
  enum
  {
    HTTP_THEN_NEXT,      /* waits for the next request */
    HTTP_THEN_CLOSE,
    HTTP_THEN_STALL,     /* reads nothing more, until the other end closes */
  } then;
} HttpStep;

typedef struct
{
  char       *head;
  GByteArray *body;          /* the first 64 KiB */
  guint64     n_body;
  guint       connection;    /* from 1 on */
  gint64      time;
} HttpRequest;

typedef struct _HttpSink HttpSink;

HttpSink *http_sink_new             (const HttpStep *steps,
                                     gsize           n_steps);
void      http_sink_free            (HttpSink       *self);
guint     http_sink_get_port        (HttpSink       *self);
char     *http_sink_dup_url         (HttpSink       *self,
                                     const char     *rest);

/* From now on bodies have to be what the file holds. */
void      http_sink_compare         (HttpSink       *self,
                                     int             fd);
gboolean  http_sink_is_same         (HttpSink       *self);

/* Holds back all answers until a call with FALSE. */
void      http_sink_hold            (HttpSink       *self,
                                     gboolean        hold);
/* Called in a thread of the server when so many bytes of a body have been read. */
void      http_sink_call_at         (HttpSink       *self,
                                     guint64         n_body,
                                     void          (*func) (gpointer user_data),
                                     gpointer        user_data);

guint     http_sink_get_n_requests  (HttpSink       *self);
guint     http_sink_get_n_held      (HttpSink       *self);
guint     http_sink_get_max_at_once (HttpSink       *self);
/* Valid as long as the server. */
const HttpRequest *
          http_sink_get_request     (HttpSink       *self,
                                     guint           i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpSink, http_sink_free)
