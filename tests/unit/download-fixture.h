/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-download-handler-private.h"

#include "file-server.h"
#include "transfer-fixture.h"

G_BEGIN_DECLS

/* In seconds, of each test. */
#define DOWNLOAD_DEADLINE 25

/* Downloads, one after the other, and a server for them. */
typedef struct
{
  TransferFixture            files;
  FileServer                *server;
  RuntimeUseDownloadHandler *handler;     /* (nullable): prepared, and not finished yet */
  GCancellable              *cancellable;
  GAsyncResult              *result;
  GArray                    *progress;    /* of guint64, received and total in turn */
  guint                      deadline_id;
} DownloadFixture;

/* What the programs that test downloads have in common. @names (nullable) are the archives that the
 * server has. */
void  download_tests_init (int                  *argc,
                           char               ***argv,
                           const char * const   *names);
int   download_tests_run  (void);

/* As /download-handler/@name. */
void  download_tests_add  (const char           *name,
                           void               (* func) (DownloadFixture *self,
                                                        gconstpointer    test_data));

/* With a folder of NULL to the target. */
void  download_prepare    (DownloadFixture    *self,
                           const char         *url,
                           const char         *folder,
                           RuntimeUseExtract   extract);
void  download_start      (DownloadFixture    *self);

/* Nothing of it is left but what it stored. */
char *download_finish     (DownloadFixture    *self,
                           GError            **error);

/* Of what was prepared, or else of @url. */
void  assert_stores       (DownloadFixture    *self,
                           const char         *url,
                           const char         *name,
                           const char         *content);
void  assert_path_stores  (DownloadFixture    *self,
                           const char         *url_path,
                           const char         *name,
                           const char         *content);

/* With a text in the error, and nothing changed. */
void  assert_run_fails    (DownloadFixture    *self,
                           int                 code,
                           const char         *text);
void  assert_url_fails    (DownloadFixture    *self,
                           const char         *url,
                           int                 code,
                           const char         *text);
void  assert_path_fails   (DownloadFixture    *self,
                           const char         *path,
                           const char         *text);

/* What was started ends soon, and leaves nothing. */
void  assert_cancels      (DownloadFixture    *self);

G_END_DECLS
