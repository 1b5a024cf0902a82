/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A strict reader for JSON as RFC 8259 has it: one document, UTF-8 without a byte order mark, no
 * lone surrogates, at most RUNTIME_USE_LIMIT_JSON_DEPTH levels. It never recurses, never allocates
 * except for errors, and keeps numbers and strings as spans of the text.
 *
 * Of members with the same name all are reported; who reads them lets the last one win, as the
 * parsers of our peers do.
 */

typedef enum
{
  RUNTIME_USE_JSON_ERROR,
  RUNTIME_USE_JSON_END,
  RUNTIME_USE_JSON_NULL,
  RUNTIME_USE_JSON_FALSE,
  RUNTIME_USE_JSON_TRUE,
  RUNTIME_USE_JSON_NUMBER,
  RUNTIME_USE_JSON_STRING,
  RUNTIME_USE_JSON_NAME,
  RUNTIME_USE_JSON_ARRAY,
  RUNTIME_USE_JSON_ARRAY_END,
  RUNTIME_USE_JSON_OBJECT,
  RUNTIME_USE_JSON_OBJECT_END,
} RuntimeUseJsonToken;

/* A token, or with _runtime_use_json_reader_read_value() a whole value. */
typedef struct
{
  RuntimeUseJsonToken  token;
  const char          *text;     /* of a name or string: what is between the quotes */
  gsize                length;
  gboolean             escaped;  /* holds a backslash */
  gboolean             has_nul;  /* holds \u0000 */
} RuntimeUseJsonValue;

typedef struct
{
  const char          *start;
  const char          *cursor;
  const char          *end;

  guint64              objects;   /* a bit for each open level: whether it is an object */
  guint                depth;
  guint                expected;

  RuntimeUseJsonValue  current;
  gboolean             spaced;    /* white space was met */

  const char          *problem;   /* (nullable): all is well */
  const char          *problem_at;
  gboolean             too_large;
} RuntimeUseJsonReader;

void                _runtime_use_json_reader_init       (RuntimeUseJsonReader      *self,
                                                         const char                *text,
                                                         gsize                      length);
RuntimeUseJsonToken _runtime_use_json_reader_next       (RuntimeUseJsonReader      *self);
gboolean            _runtime_use_json_reader_read_value (RuntimeUseJsonReader      *self,
                                                         RuntimeUseJsonValue       *value);
void                _runtime_use_json_reader_set_error  (RuntimeUseJsonReader      *self,
                                                         GError                   **error);

void                _runtime_use_json_value_open        (const RuntimeUseJsonValue *self,
                                                         RuntimeUseJsonReader      *reader);
void                _runtime_use_json_value_decode      (const RuntimeUseJsonValue *self,
                                                         GString                   *out);
char               *_runtime_use_json_value_dup_string  (const RuntimeUseJsonValue *self,
                                                         gsize                     *length);
char               *_runtime_use_json_value_show        (const RuntimeUseJsonValue *self);
gboolean            _runtime_use_json_value_equals      (const RuntimeUseJsonValue *self,
                                                         const char                *string,
                                                         gsize                      length);

gboolean            _runtime_use_json_validate          (const char                *json,
                                                         gsize                      length,
                                                         GError                   **error);

G_END_DECLS
