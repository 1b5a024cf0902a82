/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-check.h"

G_BEGIN_DECLS

void   rud_doctor_add_desktop_checks (GPtrArray     *checks);

char  *rud_doctor_add_bus_check      (GPtrArray     *checks,
                                      RudCheck     **check);
void   rud_doctor_judge_bus          (RudCheck      *check,
                                      const GError  *error);

char **rud_doctor_add_scopes_check   (GPtrArray     *checks,
                                      RudCheck     **check);
void   rud_doctor_judge_scopes       (RudCheck      *check,
                                      char         **shell,
                                      const GError  *error);

G_END_DECLS
