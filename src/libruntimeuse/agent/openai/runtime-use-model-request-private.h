/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "runtime-use-logger.h"
#include "runtime-use-retry-policy-private.h"
#include "runtime-use-sse-parser-private.h"

G_BEGIN_DECLS

/*
 * A question to a service that answers with a stream of events: sent again while that may help,
 * then read as it comes, as fast as the events are wanted.
 */
typedef struct _RuntimeUseModelRequest RuntimeUseModelRequest;

typedef struct
{
  /* Returns FALSE with an error if the answer is of no use. */
  gboolean (* event)       (const RuntimeUseSseEvent  *event,
                            gpointer                   user_data,
                            GError                   **error);

  /* All events that have come so far were told. */
  void     (* pause)       (gpointer                   user_data);

  /* Nothing more is wanted for now; see _runtime_use_model_request_resume(). */
  gboolean (* is_full)     (gpointer                   user_data);

  /* The answer is complete, though the stream may go on. */
  gboolean (* is_complete) (gpointer                   user_data);
} RuntimeUseModelRequestOwner;

typedef struct
{
  const char            *url;
  const char            *key;            /* (nullable) */
  const char            *organization;   /* (nullable) */
  const char            *project;        /* (nullable) */
  RuntimeUseLogger      *logger;         /* (nullable) */
  GPtrArray             *body;           /* GBytes: JSON in pieces */
  RuntimeUseRetryPolicy  policy;
  guint                  connect_timeout;   /* seconds */
  guint                  idle_timeout;   /* seconds */
} RuntimeUseModelQuestion;

/* What the service says about an error; all of it may be NULL. The request_id is there with each
 * answer. */
typedef struct
{
  guint  status;         /* 0: there was no answer */
  char  *message;
  char  *type;
  char  *code;
  char  *param;
  char  *request_id;     /* by which the service knows the request */
} RuntimeUseModelFailure;

RuntimeUseModelRequest *
         _runtime_use_model_request_new         (SoupSession                       *session,
                                                 const RuntimeUseModelQuestion     *question,
                                                 const RuntimeUseModelRequestOwner *owner,
                                                 gpointer                           owner_data);
void     _runtime_use_model_request_free        (RuntimeUseModelRequest  *self);
void     _runtime_use_model_request_run_async   (RuntimeUseModelRequest  *self,
                                                 GCancellable            *cancellable,
                                                 GAsyncReadyCallback      callback,
                                                 gpointer                 user_data);
gboolean _runtime_use_model_request_run_finish  (RuntimeUseModelRequest  *self,
                                                 GAsyncResult            *result,
                                                 GError                 **error);
void     _runtime_use_model_request_resume      (RuntimeUseModelRequest  *self);

const RuntimeUseModelFailure *
         _runtime_use_model_request_get_failure (RuntimeUseModelRequest  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseModelRequest, _runtime_use_model_request_free)

G_END_DECLS
