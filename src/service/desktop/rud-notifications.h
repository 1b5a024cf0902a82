/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-notifier.h"
#include "rud-status.h"

G_BEGIN_DECLS

#define RUD_TYPE_NOTIFICATIONS (rud_notifications_get_type ())

G_DECLARE_FINAL_TYPE (RudNotifications, rud_notifications, RUD, NOTIFICATIONS, GObject)

typedef enum
{
  RUD_NOTIFY_NEVER,
  RUD_NOTIFY_UNWATCHED,
  RUD_NOTIFY_ALWAYS,
} RudNotifyMode;

RudNotifyMode     rud_notify_mode_from_name (const char    *name);

RudNotifications *rud_notifications_new     (RudStatus     *status,
                                             RudNotifier   *notifier,
                                             RudNotifyMode  mode,
                                             guint          after);

G_END_DECLS
