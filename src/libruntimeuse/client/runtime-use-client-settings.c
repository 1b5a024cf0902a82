/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-settings-private.h"

static const struct
{
  const char *name;
  gsize       offset;
  guint       minimum;
  guint       value;
} settings[] = {
  { "timeout", G_STRUCT_OFFSET (RuntimeUseClientSettings, timeout), 0, 0 },
  { "idle-timeout", G_STRUCT_OFFSET (RuntimeUseClientSettings, idle_timeout), 0, 60 },
  { "cancel-timeout", G_STRUCT_OFFSET (RuntimeUseClientSettings, cancel_timeout), 1, 10 },
  { "end-timeout", G_STRUCT_OFFSET (RuntimeUseClientSettings, end_timeout), 1, 60 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (settings) == RUNTIME_USE_N_CLIENT_SETTINGS);

void
_runtime_use_client_settings_init (RuntimeUseClientSettings *self)
{
  for (size_t i = 0; i < G_N_ELEMENTS (settings); i++)
    G_STRUCT_MEMBER (guint, self, settings[i].offset) = settings[i].value;
}

void
_runtime_use_client_settings_install (GObjectClass *object_class,
                                      guint         first_id)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  for (size_t i = 0; i < G_N_ELEMENTS (settings); i++)
    g_object_class_install_property (object_class, first_id + i,
                                     g_param_spec_uint (settings[i].name, NULL, NULL,
                                                        settings[i].minimum, G_MAXINT,
                                                        settings[i].value, flags));
}

void
_runtime_use_client_settings_get_property (const RuntimeUseClientSettings *self,
                                           guint                           index,
                                           GValue                         *value)
{
  g_assert (index < RUNTIME_USE_N_CLIENT_SETTINGS);

  g_value_set_uint (value, G_STRUCT_MEMBER (guint, self, settings[index].offset));
}

void
_runtime_use_client_settings_set_property (RuntimeUseClientSettings *self,
                                           guint                     index,
                                           const GValue             *value)
{
  g_assert (index < RUNTIME_USE_N_CLIENT_SETTINGS);

  G_STRUCT_MEMBER (guint, self, settings[index].offset) = g_value_get_uint (value);
}
