/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What the URL of a download says. */
typedef struct
{
  GUri *uri;             /* without user, password and fragment */
  char *authorization;   /* (nullable): the header that user and password become */
  char *name;            /* of the file that is stored; bytes */
  char *shown;           /* for people: without user, password, query and fragment */
} RuntimeUseDownloadUrl;

RuntimeUseDownloadUrl *_runtime_use_download_url_parse (const char             *text,
                                                        GError                **error);
void                   _runtime_use_download_url_free  (RuntimeUseDownloadUrl  *self);

GUri                  *_runtime_use_download_uri_clean (GUri                   *uri);
gboolean               _runtime_use_is_http            (GUri                   *uri);
char                  *_runtime_use_show_url           (const char             *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseDownloadUrl, _runtime_use_download_url_free)

G_END_DECLS
