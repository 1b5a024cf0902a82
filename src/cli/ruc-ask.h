/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-service.h"

G_BEGIN_DECLS

/* The steps of a command about sessions. Each says what went wrong, if something did, and the exit
 * status for that.
 */

gboolean    ruc_ask_read_timeout (const char *command,
                                  const char *text,
                                  guint      *seconds);

/* Waits until the sessions are known. */
RucService *ruc_ask_service      (guint       seconds,
                                  int        *exit_status);

/* @word is an id, or the beginning of just one. */
RucSession *ruc_ask_session      (RucService *service,
                                  const char *word,
                                  int        *exit_status);

/* Waits for the reply to a method without arguments. @session is %NULL for one of the manager. */
GVariant   *ruc_ask_call         (RucService *service,
                                  RucSession *session,
                                  const char *method,
                                  const char *type,
                                  int        *exit_status);

int         ruc_ask_say_failed   (RucService *service);

G_END_DECLS
