/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* How long a session waits for what, in seconds. Sessions have a property for
 * each, and so have clients, which hand them on.
 */
typedef struct
{
  guint timeout;
  guint idle_timeout;
  guint cancel_timeout;
  guint end_timeout;
} RuntimeUseClientSettings;

/* As many properties as there are settings; their ids follow one another. */
#define RUNTIME_USE_N_CLIENT_SETTINGS 4

void _runtime_use_client_settings_init         (RuntimeUseClientSettings       *self);
void _runtime_use_client_settings_install      (GObjectClass                   *object_class,
                                                guint                           first_id);
void _runtime_use_client_settings_get_property (const RuntimeUseClientSettings *self,
                                                guint                           index,
                                                GValue                         *value);
void _runtime_use_client_settings_set_property (RuntimeUseClientSettings       *self,
                                                guint                           index,
                                                const GValue                   *value);

G_END_DECLS
