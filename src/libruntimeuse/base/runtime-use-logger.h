/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-redactor.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_LOGGER (runtime_use_logger_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseLogger, runtime_use_logger, RUNTIME_USE, LOGGER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseLogger   *runtime_use_logger_new           (const char         *source_id);

RUNTIME_USE_AVAILABLE_IN_0_1
const char         *runtime_use_logger_get_source_id (RuntimeUseLogger   *self);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseRedactor *runtime_use_logger_get_redactor  (RuntimeUseLogger   *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void                runtime_use_logger_set_redactor  (RuntimeUseLogger   *self,
                                                      RuntimeUseRedactor *redactor);

RUNTIME_USE_AVAILABLE_IN_0_1
void                runtime_use_logger_debug         (RuntimeUseLogger   *self,
                                                      const char         *text);
RUNTIME_USE_AVAILABLE_IN_0_1
void                runtime_use_logger_info          (RuntimeUseLogger   *self,
                                                      const char         *text);
RUNTIME_USE_AVAILABLE_IN_0_1
void                runtime_use_logger_warning       (RuntimeUseLogger   *self,
                                                      const char         *text);
RUNTIME_USE_AVAILABLE_IN_0_1
void                runtime_use_logger_error         (RuntimeUseLogger   *self,
                                                      const char         *text);

G_END_DECLS
