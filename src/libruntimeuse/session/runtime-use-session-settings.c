/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-settings-private.h"

#include "runtime-use-setting-private.h"

/* Longer periods make no difference to anybody who waits for them. */
#define MAX_MILLISECONDS (60 * 60 * 1000)

#define MAX_SECONDS (7 * 24 * 60 * 60)

#define NUMBER(name, member, minimum, maximum, value) \
  RUNTIME_USE_NUMBER_SETTING (name, RuntimeUseSessionSettings, member, minimum, maximum, value)
#define SIZE(name, member, value) \
  RUNTIME_USE_SIZE_SETTING (name, RuntimeUseSessionSettings, member, 0, G_MAXINT64, value)
#define SWITCH(name, member, value) \
  RUNTIME_USE_SWITCH_SETTING (name, RuntimeUseSessionSettings, member, value)

static const RuntimeUseSetting settings[] = {
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

void
_runtime_use_session_settings_init (RuntimeUseSessionSettings *self)
{
  _runtime_use_settings_init (settings, G_N_ELEMENTS (settings), self);
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

void
_runtime_use_session_settings_install (GObjectClass *object_class,
                                       guint         first_id)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class, first_id, flags);
  g_object_class_install_property (object_class, first_id + INDEX_REDACT_ENV,
                                   g_param_spec_enum ("redact-env", NULL, NULL,
                                                      RUNTIME_USE_TYPE_REDACT_ENV,
                                                      RUNTIME_USE_REDACT_ENV_SECRETS,
                                                      flags));
  g_object_class_install_property (object_class, first_id + INDEX_SHELL,
                                   g_param_spec_boxed ("shell", NULL, NULL, G_TYPE_STRV, flags));
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
  else
    _runtime_use_setting_get (&settings[index], self, value);
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
  else
    _runtime_use_setting_set (&settings[index], self, value);
}
