/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

/* What a host, or another process of an agent, prints and says: lines for the log, without the
 * secrets of all whom it has served. */
typedef struct _RuntimeUseProcessLog RuntimeUseProcessLog;

RuntimeUseProcessLog *_runtime_use_process_log_new        (const char             *source_id,
                                                           const char             *prefix);
void                  _runtime_use_process_log_free       (RuntimeUseProcessLog   *self);

void                  _runtime_use_process_log_hide       (RuntimeUseProcessLog   *self,
                                                           RuntimeUseRedactor     *redactor);
void                  _runtime_use_process_log_push       (RuntimeUseProcessLog   *self,
                                                           RuntimeUseOutputStream  stream,
                                                           const char             *text,
                                                           gsize                   length);
void                  _runtime_use_process_log_finish     (RuntimeUseProcessLog   *self);
void                  _runtime_use_process_log_say        (RuntimeUseProcessLog   *self,
                                                           const char             *text);

/* For what a host says of no invocation. */
RuntimeUseLogger     *_runtime_use_process_log_get_logger (RuntimeUseProcessLog   *self);

char                 *_runtime_use_process_log_redact     (RuntimeUseProcessLog   *self,
                                                           const char             *text);

/* The end of what was printed to standard error, perhaps empty. */
char                 *_runtime_use_process_log_dup_tail   (RuntimeUseProcessLog   *self);

G_END_DECLS
