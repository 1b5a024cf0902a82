/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stddef.h>

int job_directory_enter (const char *path,
                         size_t     *failed_length);
