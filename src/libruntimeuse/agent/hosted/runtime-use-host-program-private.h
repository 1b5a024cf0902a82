/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command.h"

G_BEGIN_DECLS

/* How the file of a handler is run: itself, or by one of our hosts in the program that its
 * language needs. */
RuntimeUseCommand *_runtime_use_host_program_find (const char  *path,
                                                   GError     **error);

G_END_DECLS
