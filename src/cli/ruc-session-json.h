/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-session.h"

G_BEGIN_DECLS

/* All of these are one line of JSON, with its end. */
char *ruc_session_json_dup        (const RucSession *session);
char *ruc_session_json_dup_list   (GPtrArray        *sessions);

/* @session or @running, depending on what the event is about. */
char *ruc_session_json_dup_event  (const char       *event,
                                   const RucSession *session,
                                   gboolean          running);

G_END_DECLS
