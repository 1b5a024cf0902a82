/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command.h"
#include "runtime-use-host-message-private.h"
#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_HOST (_runtime_use_host_get_type ())

/* A child process that answers invocations with a handler that it has loaded. It is warm from
 * "ready" on, and is gone when its process is, with all that it has started. */
G_DECLARE_FINAL_TYPE (RuntimeUseHost, _runtime_use_host, RUNTIME_USE, HOST, GObject)

/* What the owner of a host is told. Any of these may end the host, or the owner. */
typedef struct
{
  void (* ready)   (RuntimeUseHost              *host,
                    gpointer                     user_data);

  /* A line that is neither "ready" nor "fatal", after "ready". */
  void (* message) (RuntimeUseHost              *host,
                    const RuntimeUseHostMessage *message,
                    const char                  *line,
                    gsize                        length,
                    gpointer                     user_data);

  /* Called once, as the last thing: nothing of the host is left. */
  void (* gone)    (RuntimeUseHost              *host,
                    const GError                *error,
                    gpointer                     user_data);
} RuntimeUseHostEvents;

typedef struct
{
  guint start_timeout;   /* s */
  gsize max_line_size;   /* bytes */
} RuntimeUseHostLimits;

RuntimeUseHost *
_runtime_use_host_new           (const char                 *name,
                                 const RuntimeUseHostLimits *limits,
                                 const RuntimeUseHostEvents *events,
                                 gpointer                    user_data);
gboolean
_runtime_use_host_start         (RuntimeUseHost             *self,
                                 RuntimeUseCommand          *command,
                                 GError                    **error);

/* The owner goes away and wants to hear nothing more. */
void
_runtime_use_host_disown        (RuntimeUseHost             *self);

gboolean
_runtime_use_host_is_ready      (RuntimeUseHost             *self);
gboolean
_runtime_use_host_is_ending     (RuntimeUseHost             *self);
const RuntimeUseHostAbilities *
_runtime_use_host_get_abilities (RuntimeUseHost             *self);

void
_runtime_use_host_hide          (RuntimeUseHost             *self,
                                 RuntimeUseRedactor         *redactor);
RuntimeUseLogger *
_runtime_use_host_get_logger    (RuntimeUseHost             *self);
guint64
_runtime_use_host_send          (RuntimeUseHost             *self,
                                 const GString              *lines);
guint64
_runtime_use_host_get_taken     (RuntimeUseHost             *self);
void
_runtime_use_host_set_paused    (RuntimeUseHost             *self,
                                 gboolean                    paused);

void
_runtime_use_host_hang_up       (RuntimeUseHost             *self);
void
_runtime_use_host_kill          (RuntimeUseHost             *self,
                                 GError                     *why);

G_END_DECLS
