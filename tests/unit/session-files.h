/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "http-sink.h"
#include "session-fixture.h"
#include "watch-fixture.h"

G_BEGIN_DECLS

/* A session whose requests have a folder of artifacts, and where those can be sent to. */
typedef struct
{
  SessionFixture *session;
  WatchFixture    files;
  HttpSink       *sink;
} SessionFiles;

/* With a step of NULL all is taken that is sent. */
SessionFiles *session_files_new           (const HttpStep *step);
void          session_files_free          (SessionFiles   *self);

/* Runs a command in the folder. */
void          session_files_run           (SessionFiles   *self,
                                           const char     *command);
/* Of the file "a". */
void          session_files_wait_offer    (SessionFiles   *self);
/* Both: a command writes it, or the last command of an invocation. */
void          session_files_offer         (SessionFiles   *self);
void          session_files_invoke        (SessionFiles   *self);

/* The path is one in the folder, or absolute. */
void          session_files_answer        (SessionFiles   *self,
                                           const char     *path);

/* While the session's own time stands still. */
void          session_files_wait_closed   (SessionFiles   *self);
void          session_files_assert_counts (SessionFiles   *self,
                                           guint64         pending,
                                           guint64         uploaded);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SessionFiles, session_files_free)

G_END_DECLS
