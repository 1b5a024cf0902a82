/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void rud_doctor_add_kernel_checks (GPtrArray *checks);
void rud_doctor_add_system_checks (GPtrArray *checks);
void rud_doctor_add_host_checks   (GPtrArray *checks);

G_END_DECLS
