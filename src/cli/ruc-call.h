/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-output.h"
#include "ruc-request.h"
#include "runtimeuse.h"

G_BEGIN_DECLS

typedef struct _RucCall RucCall;

/* What run and exec do differently. */
typedef struct
{
  /* Asks once the session is there, with @cancellable and @callback. */
  void (* ask)      (RucCall                  *call,
                     RuntimeUseClientSession  *session,
                     GCancellable             *cancellable,
                     GAsyncReadyCallback       callback,
                     gpointer                  user_data);

  /* Shows the answer; returns the exit status, or -1 with @error set. */
  int  (* answered) (RucCall                  *call,
                     RuntimeUseClientSession  *session,
                     GAsyncResult             *result,
                     GError                  **error);

  /* Hears of an error before it is printed. */
  void (* failed)   (RucCall                  *call,
                     const char               *text);

  /* Standard error is as much a part of the answer as standard output. */
  gboolean needs_stderr;
} RucCallClass;

struct _RucCall
{
  const RucCallClass *klass;
  const RucRequest   *request;
  gpointer            data;      /* of the command */
  RucOutput          *output;
  RuntimeUseFileExchange *files; /* (nullable): of the request */

  /*< private >*/
  RuntimeUseAgentHandler  *handler;       /* (nullable): somebody else's runtime */
  RuntimeUseClient        *client;
  RuntimeUseClientSession *session;       /* (nullable): not connected yet */
  GCancellable            *cancellable;
  GMainLoop               *loop;
  guint                    timeout_id;
  int                      cancel_status; /* 0: not cancelled */
  gboolean                 is_broken;     /* nobody takes the answer */
  gboolean                 has_failed;    /* whatever the answer is */
  int                      exit_status;   /* -1: no answer yet */
};

int  ruc_call_run   (RucCall                *self,
                     RuntimeUseAgentHandler *handler);
void ruc_call_write (RucCall                *self,
                     int                     fd,
                     GBytes                 *bytes);
void ruc_call_fail_later (RucCall           *self,
                          const char        *line);

G_END_DECLS
