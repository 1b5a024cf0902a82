/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-version-macros.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_MESSAGE (runtime_use_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_DERIVABLE_TYPE (RuntimeUseMessage, runtime_use_message, RUNTIME_USE, MESSAGE, GObject)

struct _RuntimeUseMessageClass
{
  GObjectClass  parent_class;

  /*< private >*/
  gconstpointer codec;
};

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *runtime_use_message_new_from_bytes   (GBytes             *bytes,
                                                         GError            **error);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *runtime_use_message_parse_json    (const char         *json,
                                                         GError            **error);
RUNTIME_USE_AVAILABLE_IN_0_1
const char        *runtime_use_message_get_message_type (RuntimeUseMessage  *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GBytes            *runtime_use_message_to_bytes         (RuntimeUseMessage  *self);

G_END_DECLS
