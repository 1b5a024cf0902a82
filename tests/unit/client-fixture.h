/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fake-clock.h"
#include "runtime-use-client-session-private.h"
#include "runtime-use-memory-channel-private.h"

G_BEGIN_DECLS

#define PROMPT(text) \
  "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\",\"user_prompt\":\"" text "\"," \
  "\"secrets_to_redact\":[],\"model\":\"m\"}"
#define COMMANDS \
  "{\"message_type\":\"command_execution_message\",\"secrets_to_redact\":[]," \
  "\"commands\":[{\"command\":\"true\"}]}"
#define RESULT(text) \
  "{\"message_type\":\"result_message\",\"metadata\":{\"n\":1}," \
  "\"data\":{\"type\":\"text\",\"text\":\"" text "\"}}"
#define ERROR(text) \
  "{\"message_type\":\"error_message\",\"error\":\"" text "\",\"metadata\":{\"code\":7}}"
#define EXECUTED \
  "{\"message_type\":\"command_execution_result_message\"," \
  "\"results\":[{\"command\":\"true\",\"exit_code\":0}]}"
#define OUTPUT(text) \
  "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\",\"text\":\"" text "\"," \
  "\"command\":\"c\"}"
#define CANCEL "{\"message_type\":\"cancel_message\"}"
#define END "{\"message_type\":\"end_session_message\"}"
#define CONFIRM "{\"message_type\":\"end_session_confirm_message\"}"

/* What became of one call. */
typedef struct
{
  gboolean  is_done;
  GObject  *result;     /* (nullable) */
  GError   *error;      /* (nullable) */
  char     *metadata;   /* (nullable) */
} Answer;

/* A session, and a server at the other end of its channel that says what the test wants. */
typedef struct
{
  RuntimeUseMemoryChannel *server;
  FakeClock               *clock;
  RuntimeUseClientSession *session;
  GPtrArray               *received;   /* char *: what the server got, in order */
  guint                    n_taken;
  GString                 *events;     /* what the session told, in order */
  guint                    n_closed;
} ClientFixture;

ClientFixture *client_fixture_new           (void);
void           client_fixture_free          (ClientFixture *self);
void           client_fixture_settle        (void);
void           client_fixture_say           (ClientFixture *self,
                                             const char    *text);
const char    *client_fixture_take          (ClientFixture *self);
void           client_fixture_assert_closed (ClientFixture *self,
                                             int            code);
Answer        *client_fixture_ask           (ClientFixture *self,
                                             const char    *request,
                                             GCancellable  *cancellable);
Answer        *client_fixture_end           (ClientFixture *self,
                                             GCancellable  *cancellable);
void           answer_free                  (Answer        *self);

#define assert_fails(answer, domain, code, part)                        \
  G_STMT_START                                                          \
    {                                                                   \
      g_assert_true ((answer)->is_done);                                \
      g_assert_error ((answer)->error, domain, code);                   \
      g_assert_nonnull (strstr ((answer)->error->message, part));       \
    }                                                                   \
  G_STMT_END

#define assert_text(answer, expected)                                                        \
  G_STMT_START                                                                               \
    {                                                                                        \
      g_assert_true ((answer)->is_done);                                                     \
      g_assert_no_error ((answer)->error);                                                   \
      g_assert_cmpstr (runtime_use_query_result_get_text                                     \
                         (RUNTIME_USE_QUERY_RESULT ((answer)->result)), ==, expected);       \
    }                                                                                        \
  G_STMT_END

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ClientFixture, client_fixture_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

G_END_DECLS
