/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-enums.h"

G_BEGIN_DECLS

/* How a session treats its requests. Sessions have a property for each, and so
 * have servers, which hand them on.
 */
typedef struct
{
  guint               heartbeat_interval;   /* ms */
  guint               cancel_grace;         /* ms */
  guint               kill_grace;           /* ms */
  guint               invocation_timeout;   /* s */
  guint               command_timeout;      /* s */
  guint               artifact_quiet;       /* ms */
  guint               artifact_hold;        /* ms */
  guint               artifact_wait;        /* s */
  guint               post_invocation_delay; /* ms */
  gboolean            allow_local_downloads;
  guint               download_connect_timeout; /* s */
  guint               download_timeout;     /* s */
  guint               download_idle_timeout; /* s */
  guint64             max_download_size;
  guint64             max_extracted_size;
  guint               max_download_entries;
  RuntimeUseRedactEnv redact_env;
  char              **shell;                /* (nullable): /bin/sh */
} RuntimeUseSessionSettings;

/* As many properties as there are settings; their ids follow one another. */
#define RUNTIME_USE_N_SESSION_SETTINGS 18

void _runtime_use_session_settings_init         (RuntimeUseSessionSettings       *self);
void _runtime_use_session_settings_clear        (RuntimeUseSessionSettings       *self);
void _runtime_use_session_settings_copy         (RuntimeUseSessionSettings       *self,
                                                 const RuntimeUseSessionSettings *other);
void _runtime_use_session_settings_install      (GObjectClass                    *object_class,
                                                 guint                            first_id);
void _runtime_use_session_settings_get_property (const RuntimeUseSessionSettings *self,
                                                 guint                            index,
                                                 GValue                          *value);
void _runtime_use_session_settings_set_property (RuntimeUseSessionSettings       *self,
                                                 guint                            index,
                                                 const GValue                    *value);

G_END_DECLS
