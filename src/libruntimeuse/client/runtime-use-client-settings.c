/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-settings-private.h"

#include "runtime-use-setting-private.h"

#define NUMBER(name, member, minimum, value) \
  RUNTIME_USE_NUMBER_SETTING (name, RuntimeUseClientSettings, member, minimum, G_MAXINT, value)

static const RuntimeUseSetting settings[] = {
  NUMBER ("timeout", timeout, 0, 0),
  NUMBER ("idle-timeout", idle_timeout, 0, 60),
  NUMBER ("cancel-timeout", cancel_timeout, 1, 10),
  NUMBER ("end-timeout", end_timeout, 1, 60),
};

G_STATIC_ASSERT (G_N_ELEMENTS (settings) == RUNTIME_USE_N_CLIENT_SETTINGS);

void
_runtime_use_client_settings_init (RuntimeUseClientSettings *self)
{
  _runtime_use_settings_init (settings, G_N_ELEMENTS (settings), self);
}

void
_runtime_use_client_settings_install (GObjectClass *object_class,
                                      guint         first_id)
{
  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class, first_id,
                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

void
_runtime_use_client_settings_get_property (const RuntimeUseClientSettings *self,
                                           guint                           index,
                                           GValue                         *value)
{
  g_assert (index < RUNTIME_USE_N_CLIENT_SETTINGS);

  _runtime_use_setting_get (&settings[index], self, value);
}

void
_runtime_use_client_settings_set_property (RuntimeUseClientSettings *self,
                                           guint                     index,
                                           const GValue             *value)
{
  g_assert (index < RUNTIME_USE_N_CLIENT_SETTINGS);

  _runtime_use_setting_set (&settings[index], self, value);
}
