/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/*
 * An HTTP server in threads of its own that answers byte for byte what it was told, be it wrong.
 *
 * The first part of a path says what is answered; see file-server.c.
 */
typedef struct
{
  int        fd;
  guint16    port;
  char      *folder;        /* whose files are at /files/NAME */
  char      *location;      /* where /redirect/… leads to */
  GThread   *thread;
  GMutex     lock;
  GPtrArray *connections;   /* of GThread */
  GString   *requests;      /* all that came, as text */
  guint      n_requests;
} FileServer;

FileServer *file_server_new          (const char *address);
void        file_server_free         (FileServer *self);
char       *file_server_url          (FileServer *self,
                                      const char *path);
char       *file_server_dup_requests (FileServer *self);

/* Takes it. */
void        file_server_set_location (FileServer *self,
                                      char       *location);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FileServer, file_server_free)
