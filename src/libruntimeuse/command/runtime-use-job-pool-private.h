/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-job-private.h"

G_BEGIN_DECLS

/* Programs that wait for their next job, so that a command need not wait for one to start. There
 * is one pool for the process. It may be used from any thread, and exists while somebody holds it:
 * who runs commands now and then keeps a hold between them. */
void           _runtime_use_job_pool_hold    (void);
void           _runtime_use_job_pool_release (void);

RuntimeUseJob *_runtime_use_job_pool_take    (GError        **error);
void           _runtime_use_job_pool_give    (RuntimeUseJob  *job);
void           _runtime_use_job_pool_retire  (RuntimeUseJob  *job);

G_END_DECLS
