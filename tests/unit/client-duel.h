/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "client-calls.h"
#include "raw-client.h"

G_BEGIN_DECLS

#define MIB (1024 * 1024)

#define RESULT(text) \
  "{\"message_type\":\"result_message\",\"data\":{\"type\":\"text\",\"text\":\"" text "\"}}"

/* A client with one request, and a server that does what the test wants, also what no server
 * should. */
typedef struct
{
  int               listener;
  guint             port;
  RuntimeUseClient *client;
  Answer            answer;
  RawClient        *peer;
  char             *request;
  guint             n_sockets;
} Duel;

Duel      *duel_new         (void);
void       duel_free        (Duel       *self);

/* Lets the client in. */
void       duel_open        (Duel       *self);

/* Waits for the close frame of the client, which is masked; 0 when there is none. */
guint      duel_take_close  (Duel       *self);

/* What it is made of, for tests with a client of their own. */
int        duel_listen      (guint      *port);
RawClient *duel_accept      (int         listener);

/* The answer that opens the WebSocket of @request. */
char      *duel_make_answer (const char *request);

/* As a server does: a frame without a mask that begins with the byte @first. */
void       duel_send        (RawClient  *peer,
                             guint8      first,
                             const char *text,
                             gsize       length);

#define assert_fails(duel, domain, code, part)                              \
  G_STMT_START                                                              \
    {                                                                       \
      raw_wait_for ((duel)->answer.is_done);                                \
      g_assert_error ((duel)->answer.error, domain, code);                  \
      if (strstr ((duel)->answer.error->message, part) == NULL)             \
        g_error ("no “%s” in “%s”", part, (duel)->answer.error->message);   \
    }                                                                       \
  G_STMT_END

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Duel, duel_free)

G_END_DECLS
