/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Options that set a number of an object: NAME=NUMBER, with the name of a property. */

gboolean ruc_limits_apply (GObject             *object,
                           const char          *option,
                           const char * const  *names,
                           char               **limits,
                           GError             **error);

G_END_DECLS
