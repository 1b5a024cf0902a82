/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-session.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SESSION_LIST (_runtime_use_session_list_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseSessionList, _runtime_use_session_list,
                      RUNTIME_USE, SESSION_LIST, GObject)

RuntimeUseSessionList *_runtime_use_session_list_new (void);

void _runtime_use_session_list_add (RuntimeUseSessionList *self,
                                    RuntimeUseSession     *session);

gboolean _runtime_use_session_list_remove (RuntimeUseSessionList *self,
                                           RuntimeUseSession     *session);

guint _runtime_use_session_list_get_length (RuntimeUseSessionList *self);

GPtrArray *_runtime_use_session_list_dup_all (RuntimeUseSessionList *self);

G_END_DECLS
