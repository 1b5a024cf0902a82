/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"

G_BEGIN_DECLS

void     rud_config_value_reset    (RudConfigValue *self);
void     rud_config_value_clear    (RudConfigValue *self);
gboolean rud_config_value_set      (RudConfigValue *self,
                                    const char     *text,
                                    GError        **error);
gboolean rud_config_value_set_list (RudConfigValue *self,
                                    char          **items,
                                    GError        **error);
gboolean rud_config_value_add_item (RudConfigValue *self,
                                    const char     *item,
                                    GError        **error);

G_END_DECLS
