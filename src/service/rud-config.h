/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config-keys.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is set, from all the places where it can be set: key files, the environment, options. */
typedef struct _RudConfig RudConfig;

typedef enum
{
  RUD_CONFIG_DEFAULT,
  RUD_CONFIG_FILE,
  RUD_CONFIG_ENVIRONMENT,
  RUD_CONFIG_OPTION,
} RudConfigSource;

/* What a key is set to. */
typedef struct
{
  const RudConfigKey *key;
  RudConfigSource     source;
  guint               layer;    /* which of the places it came from; later ones count more */
  char               *where;    /* (nullable): FILE:LINE, the variable, or the option */
  char               *text;     /* (nullable): of a string, file name or choice */
  GPtrArray          *list;     /* (nullable) (element-type utf8): ends with NULL */
  guint64             number;   /* of a number or boolean */
} RudConfigValue;

/* A file that was looked for. */
typedef struct
{
  char     *path;
  gboolean  was_read;
} RudConfigPlace;

RudConfig             *rud_config_new           (void);
void                   rud_config_free          (RudConfig    *self);
void                   rud_config_set_file      (RudConfig    *self,
                                                 const char   *path);
void                   rud_config_add_option    (RudConfig    *self,
                                                 const char   *group,
                                                 const char   *name,
                                                 const char   *text);
gboolean               rud_config_add_limit     (RudConfig    *self,
                                                 const char   *group,
                                                 const char   *text,
                                                 GError      **error);
gboolean               rud_config_load          (RudConfig    *self,
                                                 GError      **error);
void                   rud_config_set_default   (RudConfig    *self,
                                                 const char   *name,
                                                 guint64       number,
                                                 const char   *variable);
gboolean               rud_config_add_content   (RudConfig    *self,
                                                 const char   *path,
                                                 GBytes       *content,
                                                 GError      **error);
GPtrArray             *rud_config_get_notices   (RudConfig    *self);

GArray                *rud_config_get_keys      (RudConfig    *self);
const RudConfigValue  *rud_config_lookup        (RudConfig    *self,
                                                 const char   *group,
                                                 const char   *name);
GPtrArray             *rud_config_get_places    (RudConfig    *self);

/* Of keys in the group "runtimeuse". */
gboolean               rud_config_is_set        (RudConfig    *self,
                                                 const char   *name);
const char            *rud_config_get_string    (RudConfig    *self,
                                                 const char   *name);
guint64                rud_config_get_number    (RudConfig    *self,
                                                 const char   *name);
gboolean               rud_config_get_boolean   (RudConfig    *self,
                                                 const char   *name);
const char * const    *rud_config_get_strv      (RudConfig    *self,
                                                 const char   *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RudConfig, rud_config_free)

G_END_DECLS
