/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-watch-backend-private.h"

G_DEFINE_ABSTRACT_TYPE (RuntimeUseWatchBackend, _runtime_use_watch_backend, G_TYPE_OBJECT)

static void
_runtime_use_watch_backend_class_init (RuntimeUseWatchBackendClass *klass)
{
}

static void
_runtime_use_watch_backend_init (RuntimeUseWatchBackend *self)
{
}

gboolean
_runtime_use_watch_backend_add_mark (RuntimeUseWatchBackend  *self,
                                     int                      fd,
                                     gpointer                 directory,
                                     gpointer                *mark,
                                     GError                 **error)
{
  RuntimeUseWatchBackendClass *klass = RUNTIME_USE_WATCH_BACKEND_GET_CLASS (self);

  return klass->add_mark (self, fd, directory, mark, error);
}

void
_runtime_use_watch_backend_remove_mark (RuntimeUseWatchBackend *self,
                                        gpointer                mark)
{
  if (mark != NULL)
    RUNTIME_USE_WATCH_BACKEND_GET_CLASS (self)->remove_mark (self, mark);
}

guint64
_runtime_use_watch_backend_get_end (RuntimeUseWatchBackend *self)
{
  return RUNTIME_USE_WATCH_BACKEND_GET_CLASS (self)->get_end (self);
}

gboolean
_runtime_use_watch_backend_has_reached (RuntimeUseWatchBackend *self,
                                        guint64                 position)
{
  return RUNTIME_USE_WATCH_BACKEND_GET_CLASS (self)->has_reached (self, position);
}
