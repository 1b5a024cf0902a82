/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean rud_credential_read_token  (const char  *token_file,
                                     const char  *other_file,
                                     char       **token,
                                     GError     **error);
gboolean rud_credential_in_variable (void);
void     rud_credential_free        (char        *token);

G_END_DECLS
