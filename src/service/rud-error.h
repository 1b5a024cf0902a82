/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Something that was given to the program cannot be used. Returns FALSE, for the caller to
 * return.
 */
gboolean rud_fail (GError     **error,
                   const char  *format,
                   ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
