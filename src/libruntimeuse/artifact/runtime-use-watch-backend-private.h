/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum
{
  RUNTIME_USE_WATCH_CHANGE_TOUCHED, /* created or modified, by somebody who may go on */
  RUNTIME_USE_WATCH_CHANGE_WRITTEN, /* closed by a writer, or moved here */
  RUNTIME_USE_WATCH_CHANGE_REMOVED, /* deleted or moved away */
  RUNTIME_USE_WATCH_CHANGE_GONE,    /* the directory itself was deleted or moved */
} RuntimeUseWatchChange;

/* What a backend tells, from its main context. None of these may let go of the backend. */
typedef struct
{
  /* @directory is what was given with the mark; @name is NULL if it is gone itself. */
  void (* changed)  (gpointer               directory,
                     RuntimeUseWatchChange  change,
                     const char            *name,
                     gboolean               is_directory,
                     gpointer               user_data);

  /* Changes may have remained untold: all directories have to be looked through. @why (nullable) is
   * what a person has to hear of it. */
  void (* lost)     (const char            *why,
                     gpointer               user_data);

  /* More may have been reached. */
  void (* advanced) (gpointer               user_data);
} RuntimeUseWatchBackendEvents;

/* Tells what changes in directories; not in what is below them. */
#define RUNTIME_USE_TYPE_WATCH_BACKEND (_runtime_use_watch_backend_get_type ())

G_DECLARE_DERIVABLE_TYPE (RuntimeUseWatchBackend, _runtime_use_watch_backend,
                          RUNTIME_USE, WATCH_BACKEND, GObject)

struct _RuntimeUseWatchBackendClass
{
  GObjectClass parent_class;

  gboolean (* add_mark)    (RuntimeUseWatchBackend  *self,
                            int                      fd,
                            gpointer                 directory,
                            gpointer                *mark,
                            GError                 **error);
  void     (* remove_mark) (RuntimeUseWatchBackend  *self,
                            gpointer                 mark);
  guint64  (* get_end)     (RuntimeUseWatchBackend  *self);
  gboolean (* has_reached) (RuntimeUseWatchBackend  *self,
                            guint64                  position);
};

/* Watches an open directory from now on. The mark may be NULL. */
gboolean _runtime_use_watch_backend_add_mark    (RuntimeUseWatchBackend  *self,
                                                 int                      fd,
                                                 gpointer                 directory,
                                                 gpointer                *mark,
                                                 GError                 **error);
void     _runtime_use_watch_backend_remove_mark (RuntimeUseWatchBackend  *self,
                                                 gpointer                 mark);

/* The position behind all that has changed so far, and whether all up to one was told. The first
 * may tell that changes were lost. */
guint64  _runtime_use_watch_backend_get_end     (RuntimeUseWatchBackend  *self);
gboolean _runtime_use_watch_backend_has_reached (RuntimeUseWatchBackend  *self,
                                                 guint64                  position);

/* Both work in the thread-default main context. The first fails where the kernel has nothing left
 * for us; the second knows of no change, and says so each @interval milliseconds. */
RuntimeUseWatchBackend *
_runtime_use_inotify_backend_new (const RuntimeUseWatchBackendEvents  *events,
                                  gpointer                             user_data,
                                  GError                             **error);
RuntimeUseWatchBackend *
_runtime_use_scan_backend_new    (guint                                interval,
                                  const RuntimeUseWatchBackendEvents  *events,
                                  gpointer                             user_data);

G_END_DECLS
