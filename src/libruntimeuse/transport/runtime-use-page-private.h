/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"
#include "runtime-use-server.h"

G_BEGIN_DECLS

/*
 * RuntimeUsePage:
 * @path: what a client asks for
 *
 * Something that is answered to a plain GET.
 */
typedef struct
{
  char                *path;
  RuntimeUsePageFlags  flags;
  RuntimeUsePageFunc   func;
  gpointer             user_data;
  GDestroyNotify       destroy;
} RuntimeUsePage;

RuntimeUsePage *_runtime_use_page_new (const char          *path,
                                       RuntimeUsePageFlags  flags,
                                       RuntimeUsePageFunc   func,
                                       gpointer             user_data,
                                       GDestroyNotify       destroy);

RuntimeUsePage *_runtime_use_page_ref (RuntimeUsePage *self);

void _runtime_use_page_unref (RuntimeUsePage *self);

GBytes *_runtime_use_page_answer (RuntimeUsePage   *self,
                                  RuntimeUseServer *server,
                                  RuntimeUseLogger *logger,
                                  gboolean          is_head);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUsePage, _runtime_use_page_unref)

G_END_DECLS
