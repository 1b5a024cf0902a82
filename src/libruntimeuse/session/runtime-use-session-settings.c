/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-settings-private.h"

/* Longer periods make no difference to anybody who waits for them. */
#define MAX_MILLISECONDS (60 * 60 * 1000)

static const struct
{
  const char *name;
  gsize       offset;
  guint       minimum;
  guint       maximum;
  guint       value;
} numbers[] = {
  { "heartbeat-interval", G_STRUCT_OFFSET (RuntimeUseSessionSettings, heartbeat_interval),
    1, MAX_MILLISECONDS, 15 * 1000 },
  { "cancel-grace", G_STRUCT_OFFSET (RuntimeUseSessionSettings, cancel_grace),
    0, MAX_MILLISECONDS, 5 * 1000 },
  { "kill-grace", G_STRUCT_OFFSET (RuntimeUseSessionSettings, kill_grace),
    0, MAX_MILLISECONDS, 2 * 1000 },
  { "invocation-timeout", G_STRUCT_OFFSET (RuntimeUseSessionSettings, invocation_timeout),
    1, G_MAXINT, 24 * 60 * 60 },
  { "command-timeout", G_STRUCT_OFFSET (RuntimeUseSessionSettings, command_timeout),
    1, G_MAXINT, 24 * 60 * 60 },
  { "artifact-quiet", G_STRUCT_OFFSET (RuntimeUseSessionSettings, artifact_quiet),
    1, 60 * 1000, 40 },
  { "artifact-hold", G_STRUCT_OFFSET (RuntimeUseSessionSettings, artifact_hold),
    0, MAX_MILLISECONDS, 5 * 1000 },
  { "artifact-wait", G_STRUCT_OFFSET (RuntimeUseSessionSettings, artifact_wait),
    0, 50, 45 },
  { "post-invocation-delay", G_STRUCT_OFFSET (RuntimeUseSessionSettings, post_invocation_delay),
    0, MAX_MILLISECONDS, 0 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (numbers) + 1 == RUNTIME_USE_N_SESSION_SETTINGS);

void
_runtime_use_session_settings_init (RuntimeUseSessionSettings *self)
{
  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (guint, self, numbers[i].offset) = numbers[i].value;
  self->redact_env = RUNTIME_USE_REDACT_ENV_SECRETS;
}

void
_runtime_use_session_settings_install (GObjectClass *object_class,
                                       guint         first_id)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_object_class_install_property (object_class, first_id + i,
                                     g_param_spec_uint (numbers[i].name, NULL, NULL,
                                                        numbers[i].minimum, numbers[i].maximum,
                                                        numbers[i].value, flags));

  g_object_class_install_property (object_class, first_id + G_N_ELEMENTS (numbers),
                                   g_param_spec_enum ("redact-env", NULL, NULL,
                                                      RUNTIME_USE_TYPE_REDACT_ENV,
                                                      RUNTIME_USE_REDACT_ENV_SECRETS, flags));
}

void
_runtime_use_session_settings_get_property (const RuntimeUseSessionSettings *self,
                                            guint                            index,
                                            GValue                          *value)
{
  g_assert (index < RUNTIME_USE_N_SESSION_SETTINGS);

  if (index == G_N_ELEMENTS (numbers))
    g_value_set_enum (value, self->redact_env);
  else
    g_value_set_uint (value, G_STRUCT_MEMBER (guint, self, numbers[index].offset));
}

void
_runtime_use_session_settings_set_property (RuntimeUseSessionSettings *self,
                                            guint                      index,
                                            const GValue              *value)
{
  g_assert (index < RUNTIME_USE_N_SESSION_SETTINGS);

  if (index == G_N_ELEMENTS (numbers))
    self->redact_env = g_value_get_enum (value);
  else
    G_STRUCT_MEMBER (guint, self, numbers[index].offset) = g_value_get_uint (value);
}
