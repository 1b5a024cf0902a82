/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RUD_CHECK_OK,
  RUD_CHECK_LIMITED,   /* there, but not good for all of its purpose */
  RUD_CHECK_MISSING,
} RudCheckState;

/* One thing that was looked for on this machine. */
typedef struct
{
  const char    *name;        /* as in JSON, not translated */
  const char    *purpose;     /* what needs it */
  gboolean       essential;   /* nothing can be served without it */
  RudCheckState  state;
  char          *value;       /* (nullable): a version, number or path */
  char          *advice;      /* (nullable): what to do about it */
} RudCheck;

RudCheck   *rud_check_new            (const char    *name,
                                      const char    *purpose);
RudCheck   *rud_check_add            (GPtrArray     *checks,
                                      const char    *name,
                                      const char    *purpose);
void        rud_check_free           (RudCheck      *self);
const char *rud_check_state_get_name (RudCheckState  state);

G_END_DECLS
