/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/types.h>

#include "runtime-use-hosted-handler.h"
#include "session-fixture.h"

G_BEGIN_DECLS

/* In seconds, of each wait. */
#define HOSTED_DEADLINE 20

/* A handler in a folder of its own, which is a link to the scripted host. */
typedef struct
{
  char                    *folder;
  char                    *path;
  RuntimeUseHostedHandler *handler;
  SessionFixture          *session;
  SessionFixture          *other;     /* (nullable): a second client */
} HostedFixture;

/* @how is the name of the link, which tells the host how to be. */
HostedFixture *hosted_fixture_new        (const char               *how);
void           hosted_fixture_free       (HostedFixture            *self);

/* For where the answer to a cancel counts, however slow the machine is. */
void           hosted_fixture_be_patient (HostedFixture            *self);
void           hosted_fixture_add_other  (HostedFixture            *self);

/* Waits until that is done. */
void           hosted_fixture_stop       (HostedFixture            *self);

/* Returns why it cannot. */
GError        *hosted_prepare            (RuntimeUseHostedHandler  *handler);

/* The same, of what was begun with this callback and a place for its result. */
GError        *hosted_wait_for_prepared  (RuntimeUseHostedHandler  *handler,
                                          GAsyncResult            **result);
void           hosted_result_cb          (GObject                  *object,
                                          GAsyncResult             *result,
                                          gpointer                  user_data);

/* Returns the terminal message. */
const char    *hosted_ask                (SessionFixture           *session,
                                          const char               *prompt);
void           hosted_cancel             (SessionFixture           *session);

/* The process that a host is, or any by its number. */
pid_t          hosted_ask_pid            (SessionFixture           *session);
pid_t          hosted_read_pid           (const char               *text);
gboolean       hosted_is_gone            (pid_t                     pid);

void           assert_contains           (const char               *message,
                                          const char               *part);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostedFixture, hosted_fixture_free)

G_END_DECLS
