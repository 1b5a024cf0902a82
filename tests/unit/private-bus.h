/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/* Is called with what a service is asked, and answers it. */
typedef void (* PrivateServiceFunc) (const char            *method,
                                     GVariant              *parameters,
                                     GDBusMethodInvocation *invocation,
                                     gpointer               user_data);

/* What a service on the bus is known by. */
typedef struct
{
  const char         *name;
  const char         *path;
  const char         *interface;
  const char         *interfaces;   /* XML that describes this one, and maybe others */
  PrivateServiceFunc  func;
} PrivateService;

/* A session bus for one test, which starts nothing. */
typedef struct
{
  GSubprocess        *daemon;
  char               *address;
  GDBusConnection    *connection;   /* (nullable): of the service */
  PrivateServiceFunc  func;
  gpointer            user_data;
  char               *client;       /* (nullable): who asked last */
} PrivateBus;

void     private_bus_start          (PrivateBus           *self);
void     private_bus_stop           (PrivateBus           *self);
void     private_bus_add_service    (PrivateBus           *self,
                                     const PrivateService *service,
                                     gpointer              user_data);
void     private_bus_drop_service   (PrivateBus           *self);
gboolean private_bus_client_is_gone (PrivateBus           *self);
