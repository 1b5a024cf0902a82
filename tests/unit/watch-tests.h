/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "watch-fixture.h"

G_BEGIN_DECLS

/* What the programs that test folder watches have in common: each watch has a logger, and what that
 * warns of is kept. */

/* So long that what is not to be told of would have been. */
#define A_WHILE 250

void        watch_tests_init               (int            *argc,
                                            char         ***argv);
int         watch_tests_run                (void);

/* As /folder-watch/@name. */
void        watch_tests_add                (const char     *name,
                                            gconstpointer   data,
                                            void         (* func) (WatchFixture  *self,
                                                                   gconstpointer  data));

/* During this test. */
const char *watch_tests_get_warnings       (void);
void        watch_tests_assert_warned_once (const char     *what);

G_END_DECLS
