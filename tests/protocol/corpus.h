/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

char  **corpus_list (const char *folder,
                     const char *suffix);
GBytes *corpus_load (const char *folder,
                     const char *name,
                     const char *suffix);

G_END_DECLS
