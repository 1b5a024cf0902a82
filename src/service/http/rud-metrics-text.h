/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes the text format that Prometheus reads. */

#define RUD_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void rud_metrics_text_begin (GString    *text,
                             const char *name,
                             const char *type,
                             const char *help);

void rud_metrics_text_integer (GString    *text,
                               const char *name,
                               const char *labels,
                               guint64     value);

void rud_metrics_text_number (GString    *text,
                              const char *name,
                              const char *labels,
                              double      value);

char *rud_metrics_text_escape (const char *value);

G_END_DECLS
