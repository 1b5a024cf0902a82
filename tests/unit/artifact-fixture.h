/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "http-sink.h"
#include "runtime-use-artifact-manager.h"
#include "wait-for.h"
#include "watch-fixture.h"

G_BEGIN_DECLS

#define ANSWER_OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* A folder, what a manager says of its files, and where those can be sent to. */
typedef struct
{
  WatchFixture               files;
  RuntimeUseUploadTracker   *tracker;
  HttpSink                  *sink;
  RuntimeUseArtifactManager *manager;
  GPtrArray                 *offered;    /* char *: paths */
  guint                      n_sent;     /* results that said so */
  guint                      n_failed;   /* the others */
  char                      *error;      /* (nullable): of the last of them */
  GAsyncResult              *result;     /* (nullable) */
} ArtifactFixture;

void        artifact_fixture_init           (ArtifactFixture *self);
void        artifact_fixture_init_with      (ArtifactFixture *self,
                                             const HttpStep  *steps,
                                             gsize            n_steps);
void        artifact_fixture_clear          (ArtifactFixture *self);

gboolean    artifact_fixture_watch          (ArtifactFixture *self,
                                             const char      *folder,
                                             const char      *rules);
int         artifact_fixture_open           (ArtifactFixture *self,
                                             const char      *name,
                                             int              flags);

/* Waits for it. */
const char *artifact_fixture_get_offer      (ArtifactFixture *self,
                                             guint            index);
void        artifact_fixture_assert_offered (ArtifactFixture *self,
                                             guint            index,
                                             const char      *name);
/* That offer, with the name of the file as that of the URL. */
void        artifact_fixture_answer         (ArtifactFixture *self,
                                             guint            index);
void        artifact_fixture_assert_sent    (ArtifactFixture *self,
                                             guint            index,
                                             const char      *name,
                                             const char      *content);

/* Then there is a result when all is sent. */
void        artifact_fixture_settle         (ArtifactFixture *self);
void        artifact_fixture_wait_settled   (ArtifactFixture *self);

G_END_DECLS
