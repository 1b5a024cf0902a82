/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-notifier.h"
#include "runtimeuse.h"

G_BEGIN_DECLS

char *rud_notice_text_make_title (RudNoticeKind      kind,
                                  RuntimeUseSession *session);
char *rud_notice_text_make_body  (RudNoticeKind      kind,
                                  RuntimeUseSession *session);

G_END_DECLS
