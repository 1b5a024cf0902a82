/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-watch-backend-private.h"

#include "runtime-use-source-private.h"

/* Knows of no change, so it says time and again that some may have been missed. */

#define RUNTIME_USE_TYPE_SCAN_BACKEND (_runtime_use_scan_backend_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseScanBackend, _runtime_use_scan_backend,
                      RUNTIME_USE, SCAN_BACKEND, RuntimeUseWatchBackend)

struct _RuntimeUseScanBackend
{
  RuntimeUseWatchBackend              parent_instance;

  const RuntimeUseWatchBackendEvents *events;
  gpointer                            user_data;
  GSource                            *timer;
};

G_DEFINE_FINAL_TYPE (RuntimeUseScanBackend, _runtime_use_scan_backend,
                     RUNTIME_USE_TYPE_WATCH_BACKEND)

static gboolean
_runtime_use_scan_backend_add_mark (RuntimeUseWatchBackend  *backend,
                                    int                      fd,
                                    gpointer                 directory,
                                    gpointer                *mark,
                                    GError                 **error)
{
  *mark = NULL;

  return TRUE;
}

static void
_runtime_use_scan_backend_remove_mark (RuntimeUseWatchBackend *backend,
                                       gpointer                mark)
{
}

/* Anything may have changed since the last look, so it takes another one to know. */
static guint64
_runtime_use_scan_backend_get_end (RuntimeUseWatchBackend *backend)
{
  RuntimeUseScanBackend *self = RUNTIME_USE_SCAN_BACKEND (backend);

  self->events->lost (NULL, self->user_data);

  return 0;
}

static gboolean
_runtime_use_scan_backend_has_reached (RuntimeUseWatchBackend *backend,
                                       guint64                 position)
{
  return TRUE;
}

static gboolean
timer_cb (gpointer user_data)
{
  RuntimeUseScanBackend *self = user_data;

  self->events->lost (NULL, self->user_data);

  return G_SOURCE_CONTINUE;
}

static void
_runtime_use_scan_backend_dispose (GObject *object)
{
  RuntimeUseScanBackend *self = RUNTIME_USE_SCAN_BACKEND (object);

  _runtime_use_clear_source (&self->timer);

  G_OBJECT_CLASS (_runtime_use_scan_backend_parent_class)->dispose (object);
}

static void
_runtime_use_scan_backend_class_init (RuntimeUseScanBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RuntimeUseWatchBackendClass *backend_class = RUNTIME_USE_WATCH_BACKEND_CLASS (klass);

  object_class->dispose = _runtime_use_scan_backend_dispose;
  backend_class->add_mark = _runtime_use_scan_backend_add_mark;
  backend_class->remove_mark = _runtime_use_scan_backend_remove_mark;
  backend_class->get_end = _runtime_use_scan_backend_get_end;
  backend_class->has_reached = _runtime_use_scan_backend_has_reached;
}

static void
_runtime_use_scan_backend_init (RuntimeUseScanBackend *self)
{
}

RuntimeUseWatchBackend *
_runtime_use_scan_backend_new (guint                               interval,
                               const RuntimeUseWatchBackendEvents *events,
                               gpointer                            user_data)
{
  RuntimeUseScanBackend *self = g_object_new (RUNTIME_USE_TYPE_SCAN_BACKEND, NULL);

  self->events = events;
  self->user_data = user_data;
  self->timer = g_timeout_source_new (interval);
  g_source_set_static_name (self->timer, "RuntimeUseScanBackend");
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());

  return RUNTIME_USE_WATCH_BACKEND (self);
}
