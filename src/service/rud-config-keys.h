/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Groups of the file. */
#define RUD_CONFIG_MAIN "runtimeuse"
#define RUD_CONFIG_LIMITS "limits"
#define RUD_CONFIG_AGENT_LIMITS "agent-limits"

typedef enum
{
  RUD_CONFIG_STRING,
  RUD_CONFIG_FILENAME,
  RUD_CONFIG_CHOICE,    /* one of a few words */
  RUD_CONFIG_NUMBER,
  RUD_CONFIG_BOOLEAN,
  RUD_CONFIG_LIST,
} RudConfigType;

/* Something that can be set. */
typedef struct
{
  const char    *group;
  const char    *name;
  RudConfigType  type;
  const char    *standard;   /* (nullable): what it is when nobody sets it; of a choice all words,
                                with that one first */
  guint64        minimum;    /* of a number */
  guint64        maximum;
  guint64        number;     /* the number or boolean when nobody sets one */
  gboolean       is_open;    /* when nobody sets one, the number is not known here */
  const char    *pattern;    /* (nullable): what a string looks like */
  const char    *pattern_help; /* the same in words, not translated yet */
} RudConfigKey;

GArray             *rud_config_keys_new          (void);
const RudConfigKey *rud_config_keys_find         (GArray             *keys,
                                                  const char         *group,
                                                  const char         *name);
gboolean            rud_config_keys_has_group    (const char         *group);
const char         *rud_config_keys_get_option   (const char         *group);
char               *rud_config_keys_join_groups  (void);
char               *rud_config_keys_join_names   (GArray             *keys,
                                                  const char         *group);

char               *rud_config_key_dup_variable  (const RudConfigKey *self);
char               *rud_config_key_dup_option    (const RudConfigKey *self);

G_END_DECLS
