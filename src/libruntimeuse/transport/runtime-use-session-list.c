/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-list-private.h"

/*
 * The sessions of a server, oldest first. A GListStore looks at every item to
 * find the one to remove, which with thousands of sessions costs more than all
 * else that their end does.
 */

struct _RuntimeUseSessionList
{
  GObject     parent_instance;

  GSequence  *sessions;   /* of RuntimeUseSession */
  GHashTable *iters;      /* RuntimeUseSession -> GSequenceIter, both borrowed */
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseSessionList, _runtime_use_session_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static GType
get_item_type (GListModel *model)
{
  return RUNTIME_USE_TYPE_SESSION;
}

static guint
get_n_items (GListModel *model)
{
  return _runtime_use_session_list_get_length (RUNTIME_USE_SESSION_LIST (model));
}

static gpointer
get_item (GListModel *model,
          guint       position)
{
  RuntimeUseSessionList *self = RUNTIME_USE_SESSION_LIST (model);

  if (position >= get_n_items (model))
    return NULL;

  return g_object_ref (g_sequence_get (g_sequence_get_iter_at_pos (self->sessions, position)));
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
_runtime_use_session_list_finalize (GObject *object)
{
  RuntimeUseSessionList *self = RUNTIME_USE_SESSION_LIST (object);

  g_clear_pointer (&self->iters, g_hash_table_unref);
  g_clear_pointer (&self->sessions, g_sequence_free);

  G_OBJECT_CLASS (_runtime_use_session_list_parent_class)->finalize (object);
}

static void
_runtime_use_session_list_class_init (RuntimeUseSessionListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _runtime_use_session_list_finalize;
}

static void
_runtime_use_session_list_init (RuntimeUseSessionList *self)
{
  self->sessions = g_sequence_new (g_object_unref);
  self->iters = g_hash_table_new (NULL, NULL);
}

RuntimeUseSessionList *
_runtime_use_session_list_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_SESSION_LIST, NULL);
}

void
_runtime_use_session_list_add (RuntimeUseSessionList *self,
                               RuntimeUseSession     *session)
{
  guint position = g_hash_table_size (self->iters);

  g_hash_table_insert (self->iters, session,
                       g_sequence_append (self->sessions, g_object_ref (session)));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
}

/* Returns whether it was there. */
gboolean
_runtime_use_session_list_remove (RuntimeUseSessionList *self,
                                  RuntimeUseSession     *session)
{
  GSequenceIter *iter = g_hash_table_lookup (self->iters, session);
  guint position;

  if (iter == NULL)
    return FALSE;

  position = g_sequence_iter_get_position (iter);
  g_hash_table_remove (self->iters, session);
  g_sequence_remove (iter);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);

  return TRUE;
}

guint
_runtime_use_session_list_get_length (RuntimeUseSessionList *self)
{
  return g_hash_table_size (self->iters);
}

/* Returns: (transfer full) (element-type RuntimeUseSession): those there are now */
GPtrArray *
_runtime_use_session_list_dup_all (RuntimeUseSessionList *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (g_object_unref);
  GSequenceIter *iter = g_sequence_get_begin_iter (self->sessions);

  for (; !g_sequence_iter_is_end (iter); iter = g_sequence_iter_next (iter))
    g_ptr_array_add (all, g_object_ref (g_sequence_get (iter)));

  return all;
}
