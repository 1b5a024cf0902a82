/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SEGMENT_STREAM (_runtime_use_segment_stream_get_type ())

/* Reads pieces that are in memory one after the other, as they are. */
G_DECLARE_FINAL_TYPE (RuntimeUseSegmentStream, _runtime_use_segment_stream,
                      RUNTIME_USE, SEGMENT_STREAM, GInputStream)

/* @segments are GBytes, and must not change any more. */
GInputStream *_runtime_use_segment_stream_new (GPtrArray *segments);

G_END_DECLS
