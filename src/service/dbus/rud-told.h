/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* When a change of a property is told. */
typedef enum
{
  RUD_TOLD_NEVER,      /* it does not change */
  RUD_TOLD_AT_ONCE,
  RUD_TOLD_AT_TIMES,   /* a counter */
} RudToldWhen;

/* Most properties of most objects have their usual value most of the time: it is
 * there once for all of them.
 */
typedef struct
{
  const char   *name;
  RudToldWhen   when;
  const char   *usual;                    /* as text */
  GVariant   *(*read) (gpointer owner);   /* (transfer floating) (nullable): the usual value */
  GVariant     *key;
  GVariant     *usual_entry;
} RudProperty;

/* The properties of one interface as they were told last. */
typedef struct
{
  RudProperty  *properties;
  guint         n_properties;
  gpointer      owner;            /* a GDBusInterfaceSkeleton */
  GVariant    **values;           /* (element-type nullable): usual, or does not change */
  gint64        counters_told;    /* monotonic, µs */
} RudTold;

void      rud_told_init    (RudTold     *self,
                            RudProperty *properties,
                            guint        n_properties,
                            gpointer     owner);
void      rud_told_clear   (RudTold     *self);
void      rud_told_renew   (RudTold     *self);
gboolean  rud_told_tell    (RudTold     *self,
                            gboolean     counters_too);
GVariant *rud_told_get     (RudTold     *self,
                            const char  *name);
GVariant *rud_told_get_all (RudTold     *self);

G_END_DECLS
