/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-dbus.h"
#include "rud-status.h"

G_BEGIN_DECLS

#define RUD_TYPE_MANAGER (rud_manager_get_type ())

G_DECLARE_FINAL_TYPE (RudManager, rud_manager, RUD, MANAGER, RudDbusManagerSkeleton)

RudManager *rud_manager_new           (RudStatus  *status);
void        rud_manager_exported      (RudManager *self);
void        rud_manager_tell          (RudManager *self);
gboolean    rud_manager_told_recently (RudManager *self);

G_END_DECLS
