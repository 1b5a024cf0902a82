/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* To be called before @message is sent. */
void _runtime_use_http1_require (SoupMessage *message);

G_END_DECLS
