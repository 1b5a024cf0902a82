/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where Flatpak tells a program about its sandbox; nobody inside can put it there. */
#define RUD_FLATPAK_INFO "/.flatpak-info"

/* Who runs commands outside of sandboxes. */
#define RUD_FLATPAK_HOST_NAME "org.freedesktop.Flatpak"

gboolean  rud_flatpak_is_inside         (const char *info);
char     *rud_flatpak_dup_application   (const char *info);
gboolean  rud_flatpak_may_leave         (const char *info);
char     *rud_flatpak_dup_leave_command (const char *info);

G_END_DECLS
