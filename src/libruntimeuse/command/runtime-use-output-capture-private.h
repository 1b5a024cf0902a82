/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a command printed, as far as one message can hold it: the beginning and
 * the end, and how much is missing between.
 */
typedef struct
{
  GString *head;
  GString *tail;      /* empty until the head is full */
  gsize    limit;     /* bytes kept on each side */
  gsize    omitted;   /* bytes lost between them */
  gsize    encoded;   /* what get_length() found, or 0: not known */
} RuntimeUseOutputCapture;

RuntimeUseOutputCapture *
_runtime_use_output_capture_new (gsize limit);
void
_runtime_use_output_capture_free (RuntimeUseOutputCapture *self);
void
_runtime_use_output_capture_append (RuntimeUseOutputCapture *self,
                                    const char              *text,
                                    gsize                    length);
void
_runtime_use_output_capture_trim (RuntimeUseOutputCapture *self);
gsize
_runtime_use_output_capture_get_length (RuntimeUseOutputCapture *self);
void
_runtime_use_output_capture_shrink (RuntimeUseOutputCapture *self,
                                    gsize                    max_encoded);
GString *
_runtime_use_output_capture_join (RuntimeUseOutputCapture *self);

/* Shrinks the largest of captures until all of them fit into max_encoded. */
void
_runtime_use_output_captures_share (GPtrArray *captures,
                                    gsize      max_encoded);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseOutputCapture, _runtime_use_output_capture_free)

G_END_DECLS
