/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "session-fixture.h"

G_BEGIN_DECLS

/* What a watcher of a session was told, one word each, in order: the states, the phases with
 * an @, the commands with a $, and the signals. What its client got is a "message". */
typedef struct
{
  SessionFixture *fixture;
  GString        *told;
} SessionWatcher;

SessionWatcher *session_watcher_new    (SessionFixture *fixture);
void            session_watcher_free   (SessionWatcher *self);

/* Forgets it as well. */
void            session_watcher_assert (SessionWatcher *self,
                                        const char     *expected);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SessionWatcher, session_watcher_free)

G_END_DECLS
