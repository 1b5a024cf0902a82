/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-status.h"

G_BEGIN_DECLS

typedef void (* RudIdleFunc) (gpointer user_data);

/* Notices that nobody has been there for a while. */
typedef struct _RudIdle RudIdle;

RudIdle *rud_idle_new  (RudStatus   *status,
                        guint        milliseconds,
                        RudIdleFunc  func,
                        gpointer     user_data);
void     rud_idle_free (RudIdle     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RudIdle, rud_idle_free)

G_END_DECLS
