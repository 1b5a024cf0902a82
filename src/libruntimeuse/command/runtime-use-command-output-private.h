/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-redactor.h"
#include "runtime-use-utf8-decoder-private.h"

G_BEGIN_DECLS

typedef void (* RuntimeUseCommandOutputFunc) (RuntimeUseOutputStream  stream,
                                              const char             *text,
                                              gsize                   length,
                                              gpointer                user_data);

/* One of the two pipes of a command: read, decoded, redacted, passed on. */
typedef struct
{
  int                          fd;   /* -1 once its end was seen */
  gpointer                     tag;  /* of the descriptor in the handler's source, while watched */
  RuntimeUseOutputStream       stream;
  RuntimeUseUtf8Decoder        decoder;
  RuntimeUseRedactorStream    *redactor;
  gboolean                     enlarged;
  RuntimeUseCommandOutputFunc  func;
  gpointer                     user_data;
} RuntimeUseCommandOutput;

void     _runtime_use_command_output_init   (RuntimeUseCommandOutput     *self,
                                             RuntimeUseOutputStream       stream,
                                             RuntimeUseCommandOutputFunc  func,
                                             gpointer                     user_data);
gboolean _runtime_use_command_output_open   (RuntimeUseCommandOutput     *self,
                                             RuntimeUseRedactor          *redactor,
                                             int                         *write_end);
gboolean _runtime_use_command_output_read   (RuntimeUseCommandOutput     *self);
void     _runtime_use_command_output_finish (RuntimeUseCommandOutput     *self);
void     _runtime_use_command_output_clear  (RuntimeUseCommandOutput     *self);

G_END_DECLS
