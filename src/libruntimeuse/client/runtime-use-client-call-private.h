/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-client-settings-private.h"
#include "runtime-use-clock-private.h"

G_BEGIN_DECLS

typedef struct _RuntimeUseClientCall RuntimeUseClientCall;

/* What a call asks of its session. */
typedef struct
{
  /* The server is to stop; the call goes on until it says so. */
  void (* cancel)  (gpointer      owner);

  /* The server does not react: the call is over, and so is the session. */
  void (* give_up) (gpointer      owner,
                    const GError *error);
} RuntimeUseClientCallOwner;

RuntimeUseClientCall *_runtime_use_client_call_new
                                           (GTask                           *task,
                                            RuntimeUseClock                 *clock,
                                            const RuntimeUseClientSettings  *settings,
                                            const RuntimeUseClientCallOwner *owner,
                                            gpointer                         owner_data);
gboolean      _runtime_use_client_call_is  (RuntimeUseClientCall            *self,
                                            gpointer                         source_tag);
void       _runtime_use_client_call_heard  (RuntimeUseClientCall            *self);
void  _runtime_use_client_call_set_paused  (RuntimeUseClientCall            *self,
                                            gboolean                         paused);
void      _runtime_use_client_call_cancel  (RuntimeUseClientCall            *self,
                                            GError                          *verdict);
const GError *
      _runtime_use_client_call_get_verdict (RuntimeUseClientCall            *self);

/* Each of these ends the call and frees it. */
void      _runtime_use_client_call_return  (RuntimeUseClientCall            *self,
                                            gpointer                         result);
void        _runtime_use_client_call_fail  (RuntimeUseClientCall            *self,
                                            const GError                    *error,
                                            const char                      *metadata_json);

G_END_DECLS
