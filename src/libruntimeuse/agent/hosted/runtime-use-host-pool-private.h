/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-host-private.h"

G_BEGIN_DECLS

/* The hosts of one handler, and how many invocations each serves. */
typedef struct _RuntimeUseHostPool RuntimeUseHostPool;

RuntimeUseHostPool *_runtime_use_host_pool_new            (void);

/* Disowns the hosts that are left. */
void                _runtime_use_host_pool_free           (RuntimeUseHostPool *self);

/* Takes the host. */
void                _runtime_use_host_pool_add            (RuntimeUseHostPool *self,
                                                           RuntimeUseHost     *host);
void                _runtime_use_host_pool_remove         (RuntimeUseHostPool *self,
                                                           RuntimeUseHost     *host);
gboolean            _runtime_use_host_pool_contains       (RuntimeUseHostPool *self,
                                                           RuntimeUseHost     *host);

guint               _runtime_use_host_pool_get_size       (RuntimeUseHostPool *self);
guint               _runtime_use_host_pool_count_starting (RuntimeUseHostPool *self);
gboolean            _runtime_use_host_pool_has_live       (RuntimeUseHostPool *self);
gboolean            _runtime_use_host_pool_has_ready      (RuntimeUseHostPool *self);

RuntimeUseHost     *_runtime_use_host_pool_occupy         (RuntimeUseHostPool *self);
gboolean            _runtime_use_host_pool_vacate         (RuntimeUseHostPool *self,
                                                           RuntimeUseHost     *host);

void                _runtime_use_host_pool_hang_up        (RuntimeUseHostPool *self);
void                _runtime_use_host_pool_kill           (RuntimeUseHostPool *self);

G_END_DECLS
