/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/* A session bus for one test, which starts nothing. */
typedef struct
{
  GSubprocess *daemon;
  char        *address;
} PrivateBus;

void private_bus_start (PrivateBus *self);
void private_bus_stop  (PrivateBus *self);
