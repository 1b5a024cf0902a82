/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fake-agent.h"
#include "fake-clock.h"
#include "runtime-use-memory-channel-private.h"
#include "runtime-use-session-private.h"

G_BEGIN_DECLS

/* What the client gets. */
#define CANCELLED \
  "{\"message_type\":\"error_message\",\"error\":\"Request cancelled\",\"metadata\":{}}"
#define RESULT(text) \
  "{\"message_type\":\"result_message\",\"metadata\":{},\"data\":{\"type\":\"text\",\"text\":\"" \
  text "\"}}"
#define CONFIRM "{\"message_type\":\"end_session_confirm_message\"}"

/* A session, and the client at the other end of its channel. */
typedef struct
{
  RuntimeUseMemoryChannel   *ours;
  RuntimeUseMemoryChannel   *client;
  RuntimeUseAgentHandler    *handler;
  FakeAgent                 *agent;      /* (nullable): the handler is a real one */
  FakeClock                 *clock;
  RuntimeUseSession         *session;
  GPtrArray                 *received;   /* char *: what the client got, in order */
  guint                      n_taken;
  gboolean                   closed;     /* the session said so */
} SessionFixture;

SessionFixture *session_fixture_new             (RuntimeUseAgentHandler *handler);
void            session_fixture_free            (SessionFixture         *self);
void            session_fixture_settle          (SessionFixture         *self);

void            session_fixture_send            (SessionFixture         *self,
                                                 const char             *text);
void            session_fixture_send_prompt     (SessionFixture         *self,
                                                 const char             *prompt);
void            session_fixture_send_invocation (SessionFixture         *self,
                                                 const char             *members);
void            session_fixture_send_commands   (SessionFixture         *self,
                                                 const char             *commands);
void            session_fixture_cancel          (SessionFixture         *self);
void            session_fixture_end             (SessionFixture         *self);

void            session_fixture_say             (SessionFixture         *self,
                                                 const char             *text);
void            session_fixture_answer          (SessionFixture         *self,
                                                 const char             *text);

const char     *session_fixture_take            (SessionFixture         *self);
void            session_fixture_take_part       (SessionFixture         *self,
                                                 const char             *part);
const char     *session_fixture_wait            (SessionFixture         *self);
void            session_fixture_wait_part       (SessionFixture         *self,
                                                 const char             *part);
const char     *session_fixture_wait_terminal   (SessionFixture         *self);
void            session_fixture_wait_closed     (SessionFixture         *self);

void            session_fixture_assert_quiet    (SessionFixture         *self);
void            session_fixture_assert_counts   (SessionFixture         *self,
                                                 guint64                 done,
                                                 guint64                 failed,
                                                 guint64                 cancelled);
void            session_fixture_assert_closed   (SessionFixture         *self,
                                                 guint                   code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SessionFixture, session_fixture_free)

G_END_DECLS
