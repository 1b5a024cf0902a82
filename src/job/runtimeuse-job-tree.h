/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/types.h>

void job_tree_terminate         (void);
void job_tree_terminate_orphans (pid_t leader);
void job_tree_kill              (void);
