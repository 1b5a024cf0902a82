/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

const char *_runtime_use_job_program_find (GError **error);

G_END_DECLS
