/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtimeuse.h"

G_BEGIN_DECLS

/* What became of one call. */
typedef struct
{
  gboolean                 is_done;
  RuntimeUseClientSession *session;   /* (nullable) */
  GObject                 *result;    /* (nullable) */
  GError                  *error;     /* (nullable) */
} Answer;

void              answer_clear        (Answer                  *self);
void              assert_text         (Answer                  *answer,
                                       const char              *expected);

RuntimeUseClient *client_new          (guint                    port,
                                       const char              *rest);

/* In the client's own connection, or in a session of it. */
void              client_query        (gpointer                 client_or_session,
                                       const char              *prompt,
                                       Answer                  *answer);

/* For an answer to the call that connects. */
void              client_connected_cb (GObject                 *object,
                                       GAsyncResult            *result,
                                       gpointer                 user_data);
void              assert_closes       (RuntimeUseClientSession *session);

/* Other descriptors are opened when they are first needed, and kept. */
guint             count_sockets       (void);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

G_END_DECLS
