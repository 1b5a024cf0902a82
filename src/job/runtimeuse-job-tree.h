/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <signal.h>

void job_tree_terminate (void);
void job_tree_kill      (void);
