/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Those of this process, without the ones that GLib and the library open when they first need them,
 * and keep. */
guint descriptors_count     (void);

/* As g_test_run(), and fails if the tests leave a descriptor open. */
int   descriptors_run_tests (void);

G_END_DECLS
