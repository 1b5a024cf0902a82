/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RUD_TYPE_NOTIFIER (rud_notifier_get_type ())

G_DECLARE_FINAL_TYPE (RudNotifier, rud_notifier, RUD, NOTIFIER, GObject)

typedef enum
{
  RUD_NOTICE_RUNNING,   /* with a button to cancel it; stays until it is withdrawn */
  RUD_NOTICE_OVER,
  RUD_NOTICE_FAILED,
} RudNoticeKind;

RudNotifier *rud_notifier_new         (gboolean              in_flatpak);
guint        rud_notifier_show        (RudNotifier          *self,
                                       RudNoticeKind         kind,
                                       const char           *title,
                                       const char           *body);
void         rud_notifier_withdraw    (RudNotifier          *self,
                                       guint                 notice);
void         rud_notifier_stop_async  (RudNotifier          *self,
                                       GAsyncReadyCallback   callback,
                                       gpointer              user_data);
gboolean     rud_notifier_stop_finish (RudNotifier          *self,
                                       GAsyncResult         *result,
                                       GError              **error);

G_END_DECLS
