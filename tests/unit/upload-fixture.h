/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "http-sink.h"
#include "runtime-use-error.h"
#include "runtime-use-upload-private.h"
#include "wait-for.h"

G_BEGIN_DECLS

#define MIB ((guint64) 1024 * 1024)

#define ANSWER_OK        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define ANSWER_BROKEN    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n" \
                         "Connection: close\r\n\r\n"
#define ANSWER_FORBIDDEN "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n" \
                         "Connection: close\r\n\r\nno!\n"

/* A file, and what became of its last upload. */
typedef struct
{
  char                    *path;
  int                      fd;
  RuntimeUseUploadOptions  options;
  GCancellable            *cancellable;
  RuntimeUseUploadResult   result;
  GError                  *error;
  gboolean                 is_done;
  gboolean                 is_ok;
} UploadFixture;

void  upload_fixture_init  (UploadFixture *self,
                            guint64        size);
void  upload_fixture_clear (UploadFixture *self);
void  upload_fixture_start (UploadFixture *self,
                            const char    *url,
                            const char    *content_type);

/* The others wait for the end. */
void  upload_fixture_send  (UploadFixture *self,
                            const char    *url,
                            const char    *content_type);
void  upload_fixture_run   (UploadFixture *self,
                            HttpSink      *sink,
                            const char    *rest);

/* Of a folder of /proc; if @comm is given, only of threads whose name begins so. */
guint count_entries        (const char    *folder,
                            const char    *comm);

/* The order of headers means nothing. */
void  assert_same_lines    (const char    *text,
                            const char    *expected);

/* And does not tell the secret that URLs hold. */
#define assert_upload_failed(fixture, domain_, code_, text)                   \
  G_STMT_START                                                                \
    {                                                                         \
      g_assert_error ((fixture)->error, domain_, code_);                      \
      g_assert_nonnull (strstr ((fixture)->error->message, (text)));          \
      g_assert_null (strstr ((fixture)->error->message, "secret"));           \
    }                                                                         \
  G_STMT_END

G_END_DECLS
