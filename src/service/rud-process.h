/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void rud_process_harden            (void);
void rud_process_raise_descriptors (void);

G_END_DECLS
