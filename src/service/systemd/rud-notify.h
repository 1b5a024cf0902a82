/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"
#include "rud-status.h"

G_BEGIN_DECLS

/* Tells the service manager how we are, if one asked to be told. */
typedef struct _RudNotify RudNotify;

RudNotify *rud_notify_new          (void);
void       rud_notify_free         (RudNotify  *self);
gboolean   rud_notify_is_wanted    (RudNotify  *self);
void       rud_notify_set_defaults (RudNotify  *self,
                                    RudConfig  *config);
void       rud_notify_ready        (RudNotify  *self,
                                    const char *status);
void       rud_notify_status       (RudNotify  *self,
                                    const char *status);
void       rud_notify_follow       (RudNotify  *self,
                                    RudStatus  *status);
void       rud_notify_stopping     (RudNotify  *self,
                                    const char *status,
                                    guint       seconds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RudNotify, rud_notify_free)

G_END_DECLS
