/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-client-session.h"
#include "runtime-use-message.h"

G_BEGIN_DECLS

/* The signals with which a session tells what the server reports while a request runs. */
void _runtime_use_client_reports_install (GType                    session_type);

/* Does nothing for what is no report. */
void _runtime_use_client_reports_emit    (RuntimeUseClientSession *session,
                                          RuntimeUseMessage       *message);

G_END_DECLS
