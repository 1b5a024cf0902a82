/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-status.h"

G_BEGIN_DECLS

#define RUD_TYPE_BUS (rud_bus_get_type ())

G_DECLARE_FINAL_TYPE (RudBus, rud_bus, RUD, BUS, GObject)

typedef enum
{
  RUD_BUS_AUTO,       /* serve without a bus, or without the name, if need be */
  RUD_BUS_REQUIRED,   /* do not start without both */
  RUD_BUS_OFF,
} RudBusMode;

RudBus   *rud_bus_new            (RudStatus            *status,
                                  RudBusMode            mode);
void      rud_bus_start_async    (RudBus               *self,
                                  GAsyncReadyCallback   callback,
                                  gpointer              user_data);
gboolean  rud_bus_start_finish   (RudBus               *self,
                                  GAsyncResult         *result,
                                  GError              **error);
void      rud_bus_stop_async     (RudBus               *self,
                                  GAsyncReadyCallback   callback,
                                  gpointer              user_data);
void      rud_bus_stop_finish    (RudBus               *self,
                                  GAsyncResult         *result);

G_END_DECLS
