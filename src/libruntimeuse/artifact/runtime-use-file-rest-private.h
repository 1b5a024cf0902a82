/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

typedef enum
{
  RUNTIME_USE_FILE_REST_YES,     /* nobody has it open for writing */
  RUNTIME_USE_FILE_REST_NO,
  RUNTIME_USE_FILE_REST_UNKNOWN, /* it is not ours, or its file system cannot tell */
} RuntimeUseFileRest;

RuntimeUseFileRest _runtime_use_file_rest_ask (int          fd,
                                               struct stat *status);

G_END_DECLS
