/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RUD_TYPE_BACKGROUND (rud_background_get_type ())

G_DECLARE_FINAL_TYPE (RudBackground, rud_background, RUD, BACKGROUND, GObject)

RudBackground *rud_background_new     (void);
void           rud_background_request (RudBackground *self,
                                       const char    *flatpak_info);
void           rud_background_stop    (RudBackground *self);

G_END_DECLS
