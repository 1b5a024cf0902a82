/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Encoded bytes of one message to a client. The published client refuses more
 * than 1,048,576; the rest is room for what is added after cutting. */
#define RUNTIME_USE_LIMIT_OUTGOING_MESSAGE ((gsize) 1000000)

/* Bytes of one message from a client, all its frames together. */
#define RUNTIME_USE_LIMIT_INCOMING_MESSAGE ((gsize) 100 * 1024 * 1024)

/* Bytes of messages from all clients that have not come whole. */
#define RUNTIME_USE_LIMIT_UNFINISHED_MESSAGES ((guint64) 512 * 1024 * 1024)

/* Arrays and objects inside one another in a JSON document. */
#define RUNTIME_USE_LIMIT_JSON_DEPTH 64

/* Bytes of a command that are repeated beside its output and its result. */
#define RUNTIME_USE_LIMIT_COMMAND_ECHO ((gsize) 16 * 1024)

/* Commands in one list of a request. */
#define RUNTIME_USE_LIMIT_COMMANDS 4096

/* Secrets of a request, and the bytes of all of them. */
#define RUNTIME_USE_LIMIT_SECRETS 10000
#define RUNTIME_USE_LIMIT_SECRET_BYTES ((gsize) 1024 * 1024)

/* Bytes of a source id, of a model's name, of a command and of an error that are shown to those
 * who watch. */
#define RUNTIME_USE_LIMIT_SOURCE_ID ((gsize) 256)
#define RUNTIME_USE_LIMIT_SHOWN_MODEL ((gsize) 256)
#define RUNTIME_USE_LIMIT_SHOWN_COMMAND ((gsize) 1024)
#define RUNTIME_USE_LIMIT_SHOWN_ERROR ((gsize) 512)

G_END_DECLS
