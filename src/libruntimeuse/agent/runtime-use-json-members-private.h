/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-json-reader-private.h"

G_BEGIN_DECLS

/* Text to compare with, such as the name of a member. */
typedef struct
{
  const char *text;
  gsize       length;
} RuntimeUseJsonText;

#define RUNTIME_USE_JSON_TEXT(string) { string, sizeof (string) - 1 }

/* Reads a document that has to be an object, and keeps the values of the members in @names. Those
 * that are not there, or null, have the token RUNTIME_USE_JSON_NULL. */
gboolean
_runtime_use_json_members_read   (const char                *text,
                                  gsize                      length,
                                  const RuntimeUseJsonText  *names,
                                  guint                      n_names,
                                  RuntimeUseJsonValue       *values,
                                  GError                   **error);

/* The same for an object inside of one that was read. What is no object has no members. */
void
_runtime_use_json_members_sweep  (const RuntimeUseJsonValue *object,
                                  const RuntimeUseJsonText  *names,
                                  guint                      n_names,
                                  RuntimeUseJsonValue       *values);

gboolean
_runtime_use_json_value_is       (const RuntimeUseJsonValue *value,
                                  const RuntimeUseJsonText  *text);

/* What a string says, with U+FFFD for NUL; NULL for what is no string. */
char *
_runtime_use_json_value_dup_text (const RuntimeUseJsonValue *value);

G_END_DECLS
