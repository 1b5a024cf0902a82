/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Those of this process, without the ones that GLib opens when it first needs them, and keeps. */
guint descriptors_count     (void);

/* As g_test_run(), and fails if the tests leave a descriptor open. */
int   descriptors_run_tests (void);

G_END_DECLS
