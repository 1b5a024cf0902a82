/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-settings-private.h"

/* Longer periods make no difference to anybody who waits for them. */
#define MAX_MILLISECONDS (60 * 60 * 1000)

#define MAX_SECONDS (7 * 24 * 60 * 60)

typedef struct
{
  const char *name;
  GType       type;
  gsize       offset;
  guint64     minimum;
  guint64     maximum;
  guint64     value;
} Setting;

#define OFFSET(member) G_STRUCT_OFFSET (RuntimeUseSessionSettings, member)
#define NUMBER(name, member, minimum, maximum, value) \
  { name, G_TYPE_UINT, OFFSET (member), minimum, maximum, value }
#define SIZE(name, member, value) \
  { name, G_TYPE_UINT64, OFFSET (member), 0, G_MAXINT64, value }
#define SWITCH(name, member, value) \
  { name, G_TYPE_BOOLEAN, OFFSET (member), 0, 1, value }

static const Setting settings[] = {
  NUMBER ("heartbeat-interval", heartbeat_interval, 1, MAX_MILLISECONDS, 15 * 1000),
  NUMBER ("cancel-grace", cancel_grace, 0, MAX_MILLISECONDS, 5 * 1000),
  NUMBER ("kill-grace", kill_grace, 0, MAX_MILLISECONDS, 2 * 1000),
  NUMBER ("invocation-timeout", invocation_timeout, 1, G_MAXINT, 24 * 60 * 60),
  NUMBER ("command-timeout", command_timeout, 1, G_MAXINT, 24 * 60 * 60),
  NUMBER ("artifact-quiet", artifact_quiet, 1, 60 * 1000, 40),
  NUMBER ("artifact-hold", artifact_hold, 0, MAX_MILLISECONDS, 5 * 1000),
  NUMBER ("artifact-wait", artifact_wait, 0, 50, 45),
  NUMBER ("post-invocation-delay", post_invocation_delay, 0, MAX_MILLISECONDS, 0),
  SWITCH ("allow-local-downloads", allow_local_downloads, TRUE),
  NUMBER ("download-connect-timeout", download_connect_timeout, 1, MAX_SECONDS, 30),
  NUMBER ("download-timeout", download_timeout, 1, MAX_SECONDS, 24 * 60 * 60),
  NUMBER ("download-idle-timeout", download_idle_timeout, 1, MAX_SECONDS, 60),
  SIZE ("max-download-size", max_download_size, G_GUINT64_CONSTANT (64) << 30),
  SIZE ("max-extracted-size", max_extracted_size, G_GUINT64_CONSTANT (64) << 30),
  NUMBER ("max-download-entries", max_download_entries, 0, G_MAXINT, 500000),
};

/* The others follow the table. */
#define INDEX_REDACT_ENV G_N_ELEMENTS (settings)
#define INDEX_SHELL (INDEX_REDACT_ENV + 1)

G_STATIC_ASSERT (INDEX_SHELL + 1 == RUNTIME_USE_N_SESSION_SETTINGS);

static void
set_setting (RuntimeUseSessionSettings *self,
             const Setting             *setting,
             guint64                    value)
{
  if (setting->type == G_TYPE_UINT64)
    G_STRUCT_MEMBER (guint64, self, setting->offset) = value;
  else if (setting->type == G_TYPE_BOOLEAN)
    G_STRUCT_MEMBER (gboolean, self, setting->offset) = value != 0;
  else
    G_STRUCT_MEMBER (guint, self, setting->offset) = (guint) value;
}

void
_runtime_use_session_settings_init (RuntimeUseSessionSettings *self)
{
  for (size_t i = 0; i < G_N_ELEMENTS (settings); i++)
    set_setting (self, &settings[i], settings[i].value);
  self->redact_env = RUNTIME_USE_REDACT_ENV_SECRETS;
  self->shell = NULL;
}

void
_runtime_use_session_settings_clear (RuntimeUseSessionSettings *self)
{
  g_clear_pointer (&self->shell, g_strfreev);
}

void
_runtime_use_session_settings_copy (RuntimeUseSessionSettings       *self,
                                    const RuntimeUseSessionSettings *other)
{
  _runtime_use_session_settings_clear (self);
  *self = *other;
  self->shell = g_strdupv (other->shell);
}

static GParamSpec *
make_property (const Setting *setting)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  if (setting->type == G_TYPE_UINT64)
    return g_param_spec_uint64 (setting->name, NULL, NULL, setting->minimum, setting->maximum,
                                setting->value, flags);
  if (setting->type == G_TYPE_BOOLEAN)
    return g_param_spec_boolean (setting->name, NULL, NULL, setting->value != 0, flags);

  return g_param_spec_uint (setting->name, NULL, NULL, (guint) setting->minimum,
                            (guint) setting->maximum, (guint) setting->value, flags);
}

void
_runtime_use_session_settings_install (GObjectClass *object_class,
                                       guint         first_id)
{
  for (size_t i = 0; i < G_N_ELEMENTS (settings); i++)
    g_object_class_install_property (object_class, first_id + i, make_property (&settings[i]));

  g_object_class_install_property (object_class, first_id + INDEX_REDACT_ENV,
                                   g_param_spec_enum ("redact-env", NULL, NULL,
                                                      RUNTIME_USE_TYPE_REDACT_ENV,
                                                      RUNTIME_USE_REDACT_ENV_SECRETS,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, first_id + INDEX_SHELL,
                                   g_param_spec_boxed ("shell", NULL, NULL, G_TYPE_STRV,
                                                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

void
_runtime_use_session_settings_get_property (const RuntimeUseSessionSettings *self,
                                            guint                            index,
                                            GValue                          *value)
{
  g_assert (index < RUNTIME_USE_N_SESSION_SETTINGS);

  if (index == INDEX_REDACT_ENV)
    g_value_set_enum (value, self->redact_env);
  else if (index == INDEX_SHELL)
    g_value_set_boxed (value, self->shell);
  else if (settings[index].type == G_TYPE_UINT64)
    g_value_set_uint64 (value, G_STRUCT_MEMBER (guint64, self, settings[index].offset));
  else if (settings[index].type == G_TYPE_BOOLEAN)
    g_value_set_boolean (value, G_STRUCT_MEMBER (gboolean, self, settings[index].offset));
  else
    g_value_set_uint (value, G_STRUCT_MEMBER (guint, self, settings[index].offset));
}

static void
set_shell (RuntimeUseSessionSettings *self,
           char                     **shell)
{
  g_strfreev (self->shell);
  self->shell = shell != NULL && shell[0] != NULL ? g_strdupv (shell) : NULL;
}

void
_runtime_use_session_settings_set_property (RuntimeUseSessionSettings *self,
                                            guint                      index,
                                            const GValue              *value)
{
  g_assert (index < RUNTIME_USE_N_SESSION_SETTINGS);

  if (index == INDEX_REDACT_ENV)
    self->redact_env = g_value_get_enum (value);
  else if (index == INDEX_SHELL)
    set_shell (self, g_value_get_boxed (value));
  else if (G_VALUE_HOLDS_UINT64 (value))
    set_setting (self, &settings[index], g_value_get_uint64 (value));
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    set_setting (self, &settings[index], g_value_get_boolean (value));
  else
    set_setting (self, &settings[index], g_value_get_uint (value));
}
