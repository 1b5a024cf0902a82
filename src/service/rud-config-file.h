/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A larger file is none of ours. */
#define RUD_CONFIG_FILE_LIMIT (1024 * 1024)

/* Takes @value of @key, as it stands in the file, or without these two the beginning of @group. On
 * FALSE, @error says what is wrong, and nothing more is read.
 */
typedef gboolean (* RudConfigFileFunc) (const char  *group,
                                        const char  *key,
                                        const char  *value,
                                        const char  *where,
                                        gpointer     user_data,
                                        GError     **error);

GBytes   *rud_config_file_read     (const char         *path,
                                    gboolean            may_lack,
                                    gboolean           *is_open,
                                    GError            **error);
gboolean  rud_config_file_parse    (const char         *name,
                                    GBytes             *content,
                                    RudConfigFileFunc   func,
                                    gpointer            user_data,
                                    GError            **error);

char     *rud_config_text_unescape (const char         *text,
                                    GError            **error);
char    **rud_config_text_split    (const char         *text,
                                    GError            **error);
char     *rud_config_text_quote    (const char         *text);

G_END_DECLS
