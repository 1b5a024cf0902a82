/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-inotify-private.h"

#define RUNTIME_USE_TYPE_INOTIFY_BACKEND (_runtime_use_inotify_backend_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseInotifyBackend, _runtime_use_inotify_backend,
                      RUNTIME_USE, INOTIFY_BACKEND, RuntimeUseWatchBackend)

struct _RuntimeUseInotifyBackend
{
  RuntimeUseWatchBackend   parent_instance;

  RuntimeUseInotifyClient  client;
  RuntimeUseInotify       *inotify;
};

G_DEFINE_FINAL_TYPE (RuntimeUseInotifyBackend, _runtime_use_inotify_backend,
                     RUNTIME_USE_TYPE_WATCH_BACKEND)

static gboolean
_runtime_use_inotify_backend_add_mark (RuntimeUseWatchBackend  *backend,
                                       int                      fd,
                                       gpointer                 directory,
                                       gpointer                *mark,
                                       GError                 **error)
{
  RuntimeUseInotifyBackend *self = RUNTIME_USE_INOTIFY_BACKEND (backend);

  *mark = _runtime_use_inotify_add_mark (self->inotify, &self->client, fd, directory, error);

  return *mark != NULL;
}

static void
_runtime_use_inotify_backend_remove_mark (RuntimeUseWatchBackend *backend,
                                          gpointer                mark)
{
  _runtime_use_inotify_remove_mark (RUNTIME_USE_INOTIFY_BACKEND (backend)->inotify, mark);
}

static guint64
_runtime_use_inotify_backend_get_end (RuntimeUseWatchBackend *backend)
{
  return _runtime_use_inotify_get_end (RUNTIME_USE_INOTIFY_BACKEND (backend)->inotify);
}

static gboolean
_runtime_use_inotify_backend_has_reached (RuntimeUseWatchBackend *backend,
                                          guint64                 position)
{
  return _runtime_use_inotify_has_reached (RUNTIME_USE_INOTIFY_BACKEND (backend)->inotify,
                                           position);
}

static void
_runtime_use_inotify_backend_dispose (GObject *object)
{
  RuntimeUseInotifyBackend *self = RUNTIME_USE_INOTIFY_BACKEND (object);

  if (self->inotify != NULL)
    _runtime_use_inotify_leave (g_steal_pointer (&self->inotify), &self->client);

  G_OBJECT_CLASS (_runtime_use_inotify_backend_parent_class)->dispose (object);
}

static void
_runtime_use_inotify_backend_class_init (RuntimeUseInotifyBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RuntimeUseWatchBackendClass *backend_class = RUNTIME_USE_WATCH_BACKEND_CLASS (klass);

  object_class->dispose = _runtime_use_inotify_backend_dispose;
  backend_class->add_mark = _runtime_use_inotify_backend_add_mark;
  backend_class->remove_mark = _runtime_use_inotify_backend_remove_mark;
  backend_class->get_end = _runtime_use_inotify_backend_get_end;
  backend_class->has_reached = _runtime_use_inotify_backend_has_reached;
}

static void
_runtime_use_inotify_backend_init (RuntimeUseInotifyBackend *self)
{
}

RuntimeUseWatchBackend *
_runtime_use_inotify_backend_new (const RuntimeUseWatchBackendEvents  *events,
                                  gpointer                             user_data,
                                  GError                             **error)
{
  g_autoptr(RuntimeUseInotifyBackend) self =
    g_object_new (RUNTIME_USE_TYPE_INOTIFY_BACKEND, NULL);

  self->client = (RuntimeUseInotifyClient) { events, user_data };
  self->inotify = _runtime_use_inotify_join (&self->client, error);
  if (self->inotify == NULL)
    return NULL;

  return RUNTIME_USE_WATCH_BACKEND (g_steal_pointer (&self));
}
