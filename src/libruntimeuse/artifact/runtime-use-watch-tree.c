/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-watch-tree-private.h"

#include <string.h>

static RuntimeUseWatchDirectory *
new_directory (RuntimeUseWatchDirectory *parent,
               const char               *name)
{
  gsize size = strlen (name) + 1;
  RuntimeUseWatchDirectory *directory = g_malloc0 (sizeof (RuntimeUseWatchDirectory) + size);

  directory->parent = parent;
  memcpy (directory->name, name, size);
  if (parent != NULL)
    {
      directory->depth = parent->depth + 1;
      directory->seen = parent->n_scans;
    }

  return directory;
}

/* With rules of a client, or those that are found on disk if @pinned is NULL. */
RuntimeUseWatchTree *
_runtime_use_watch_tree_new (RuntimeUseIgnoreRules *pinned)
{
  RuntimeUseWatchTree *self = g_new0 (RuntimeUseWatchTree, 1);

  self->pinned = pinned != NULL ? _runtime_use_ignore_rules_ref (pinned) : NULL;
  self->top = new_directory (NULL, "");
  self->pending = g_sequence_new (NULL);
  self->links = g_hash_table_new (NULL, NULL);
  self->inodes = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&self->to_scan);
  g_queue_init (&self->left);

  return self;
}

static void
unqueue_scan (RuntimeUseWatchTree      *self,
              RuntimeUseWatchDirectory *directory)
{
  if (self->scanned == directory)
    self->scanned = NULL;
  if (directory->scan_link != NULL)
    g_queue_delete_link (&self->to_scan, g_steal_pointer (&directory->scan_link));
}

static void
free_file (RuntimeUseWatchTree *self,
           RuntimeUseWatchFile *file)
{
  _runtime_use_watch_tree_clear_pending (file);
  _runtime_use_watch_tree_set_target (self, file, NULL);
  _runtime_use_watch_tree_set_inode (self, file, 0);
  self->n_files--;
  g_free (file);
}

/* Forgets all that is in the directory. As deep as the tree, which has a limit. */
static void
empty_directory (RuntimeUseWatchTree      *self,
                 RuntimeUseWatchDirectory *directory)
{
  GHashTableIter iter;
  gpointer node;

  if (directory->files != NULL)
    {
      g_hash_table_iter_init (&iter, directory->files);
      while (g_hash_table_iter_next (&iter, NULL, &node))
        free_file (self, node);
      g_clear_pointer (&directory->files, g_hash_table_unref);
    }
  if (directory->directories != NULL)
    {
      g_hash_table_iter_init (&iter, directory->directories);
      while (g_hash_table_iter_next (&iter, NULL, &node))
        {
          empty_directory (self, node);
          g_free (node);
          self->n_directories--;
        }
      g_clear_pointer (&directory->directories, g_hash_table_unref);
    }

  unqueue_scan (self, directory);
  _runtime_use_watch_tree_take_mark (self, directory, NULL);
  g_clear_pointer (&directory->rules, _runtime_use_ignore_rules_unref);
}

/* Forgets everything for good, but goes on no longer than until @deadline. Returns FALSE when
 * nothing is left. After the first time all that may be done with it is this, or to free it. */
gboolean
_runtime_use_watch_tree_take_apart (RuntimeUseWatchTree *self,
                                    gint64               deadline)
{
  RuntimeUseWatchDirectory *directory;
  GHashTableIter iter;
  gpointer child;

  if (self->top != NULL)
    g_queue_push_head (&self->left, g_steal_pointer (&self->top));

  while (self->left.length > 0 && g_get_monotonic_time () < deadline)
    {
      directory = g_queue_pop_head (&self->left);
      if (directory->directories != NULL)
        {
          g_hash_table_iter_init (&iter, directory->directories);
          while (g_hash_table_iter_next (&iter, NULL, &child))
            g_queue_push_head (&self->left, child);
          g_clear_pointer (&directory->directories, g_hash_table_unref);
        }
      empty_directory (self, directory);
      self->n_directories -= directory->parent != NULL;
      g_free (directory);
    }

  return self->left.length > 0;
}

void
_runtime_use_watch_tree_free (RuntimeUseWatchTree *self)
{
  _runtime_use_watch_tree_take_apart (self, G_MAXINT64);
  g_sequence_free (self->pending);
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->inodes);
  g_clear_pointer (&self->pinned, _runtime_use_ignore_rules_unref);
  g_clear_object (&self->backend);
  g_free (self);
}

/* Forgets everything. */
void
_runtime_use_watch_tree_clear (RuntimeUseWatchTree *self)
{
  empty_directory (self, self->top);
}

static void
drop_marks (RuntimeUseWatchTree      *self,
            RuntimeUseWatchDirectory *directory)
{
  GHashTableIter iter;
  gpointer child;

  _runtime_use_watch_tree_take_mark (self, directory, NULL);
  if (directory->directories == NULL)
    return;

  g_hash_table_iter_init (&iter, directory->directories);
  while (g_hash_table_iter_next (&iter, NULL, &child))
    drop_marks (self, child);
}

/* Replaces the backend, if there was one: all has to be scanned then. */
void
_runtime_use_watch_tree_take_backend (RuntimeUseWatchTree    *self,
                                      RuntimeUseWatchBackend *backend)
{
  drop_marks (self, self->top);
  g_clear_object (&self->backend);
  self->backend = backend;
}

void
_runtime_use_watch_tree_take_mark (RuntimeUseWatchTree      *self,
                                   RuntimeUseWatchDirectory *directory,
                                   gpointer                  mark)
{
  gpointer old = directory->mark;

  directory->mark = mark;
  if (old != NULL)
    _runtime_use_watch_backend_remove_mark (self->backend, old);
}

RuntimeUseWatchDirectory *
_runtime_use_watch_tree_find_directory (RuntimeUseWatchDirectory *parent,
                                        const char               *name)
{
  return parent->directories != NULL ? g_hash_table_lookup (parent->directories, name) : NULL;
}

RuntimeUseWatchDirectory *
_runtime_use_watch_tree_add_directory (RuntimeUseWatchTree      *self,
                                       RuntimeUseWatchDirectory *parent,
                                       const char               *name)
{
  RuntimeUseWatchDirectory *directory = new_directory (parent, name);

  if (parent->directories == NULL)
    parent->directories = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (parent->directories, directory->name, directory);
  self->n_directories++;

  return directory;
}

void
_runtime_use_watch_tree_remove_directory (RuntimeUseWatchTree      *self,
                                          RuntimeUseWatchDirectory *directory)
{
  g_hash_table_remove (directory->parent->directories, directory->name);
  empty_directory (self, directory);
  g_free (directory);
  self->n_directories--;
}

/* Stops watching what is ignored from now on, but keeps in mind what was told of it. */
void
_runtime_use_watch_tree_leave_directory (RuntimeUseWatchTree      *self,
                                         RuntimeUseWatchDirectory *directory)
{
  GHashTableIter iter;
  gpointer node;

  directory->is_left = TRUE;
  unqueue_scan (self, directory);
  _runtime_use_watch_tree_take_mark (self, directory, NULL);

  if (directory->files != NULL)
    {
      g_hash_table_iter_init (&iter, directory->files);
      while (g_hash_table_iter_next (&iter, NULL, &node))
        _runtime_use_watch_tree_clear_pending (node);
    }
  if (directory->directories != NULL)
    {
      g_hash_table_iter_init (&iter, directory->directories);
      while (g_hash_table_iter_next (&iter, NULL, &node))
        _runtime_use_watch_tree_leave_directory (self, node);
    }
}

/* Forgets what the last scan of the directory did not see. Pending files are looked at anyway. */
void
_runtime_use_watch_tree_remove_unseen (RuntimeUseWatchTree      *self,
                                       RuntimeUseWatchDirectory *directory)
{
  GHashTableIter iter;
  gpointer node;

  if (directory->files != NULL)
    {
      g_hash_table_iter_init (&iter, directory->files);
      while (g_hash_table_iter_next (&iter, NULL, &node))
        {
          RuntimeUseWatchFile *file = node;

          if (file->seen == directory->n_scans || file->pending != NULL)
            continue;
          g_hash_table_iter_remove (&iter);
          free_file (self, file);
        }
    }
  if (directory->directories != NULL)
    {
      g_hash_table_iter_init (&iter, directory->directories);
      while (g_hash_table_iter_next (&iter, NULL, &node))
        {
          RuntimeUseWatchDirectory *child = node;

          if (child->seen == directory->n_scans)
            continue;
          g_hash_table_iter_remove (&iter);
          empty_directory (self, child);
          g_free (child);
          self->n_directories--;
        }
    }
}

void
_runtime_use_watch_tree_queue_scan (RuntimeUseWatchTree      *self,
                                    RuntimeUseWatchDirectory *directory,
                                    gboolean                  is_deep)
{
  directory->is_left = FALSE;
  if (self->scanned == directory)
    self->scanned = NULL;
  directory->is_deep |= is_deep;
  if (directory->scan_link != NULL)
    return;

  g_queue_push_tail (&self->to_scan, directory);
  directory->scan_link = self->to_scan.tail;
}

/* Begins the next scan, or returns NULL if there is none to do. */
RuntimeUseWatchDirectory *
_runtime_use_watch_tree_next_scan (RuntimeUseWatchTree *self)
{
  self->scanned = g_queue_pop_head (&self->to_scan);
  if (self->scanned != NULL)
    {
      self->scanned->scan_link = NULL;
      self->scanned->n_scans++;
    }

  return self->scanned;
}

RuntimeUseWatchFile *
_runtime_use_watch_tree_find_file (RuntimeUseWatchDirectory *directory,
                                   const char               *name)
{
  return directory->files != NULL ? g_hash_table_lookup (directory->files, name) : NULL;
}

RuntimeUseWatchFile *
_runtime_use_watch_tree_find_path (RuntimeUseWatchTree *self,
                                   const char          *path)
{
  RuntimeUseWatchDirectory *directory = self->top;
  const char *slash;

  while (directory != NULL && (slash = strchr (path, '/')) != NULL)
    {
      g_autofree char *name = g_strndup (path, (gsize) (slash - path));

      directory = _runtime_use_watch_tree_find_directory (directory, name);
      path = slash + 1;
    }

  return directory != NULL ? _runtime_use_watch_tree_find_file (directory, path) : NULL;
}

RuntimeUseWatchFile *
_runtime_use_watch_tree_add_file (RuntimeUseWatchTree      *self,
                                  RuntimeUseWatchDirectory *directory,
                                  const char               *name)
{
  gsize size = strlen (name) + 1;
  RuntimeUseWatchFile *file = g_malloc0 (sizeof (RuntimeUseWatchFile) + size);

  file->directory = directory;
  file->seen = directory->n_scans;
  memcpy (file->name, name, size);

  if (directory->files == NULL)
    directory->files = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (directory->files, file->name, file);
  self->n_files++;

  return file;
}

void
_runtime_use_watch_tree_remove_file (RuntimeUseWatchTree *self,
                                     RuntimeUseWatchFile *file)
{
  g_hash_table_remove (file->directory->files, file->name);
  free_file (self, file);
}

static void
remove_twin (RuntimeUseWatchTree *self,
             RuntimeUseWatchFile *file)
{
  RuntimeUseWatchFile *first = g_hash_table_lookup (self->inodes, &file->inode);

  if (first == file)
    {
      /* Its inode is the key, too. */
      g_hash_table_remove (self->inodes, &file->inode);
      if (file->next_twin != NULL)
        g_hash_table_insert (self->inodes, &file->next_twin->inode, file->next_twin);
    }
  else
    {
      while (first->next_twin != file)
        first = first->next_twin;
      first->next_twin = file->next_twin;
    }
  file->next_twin = NULL;
}

/* So that its other names are found. */
void
_runtime_use_watch_tree_set_inode (RuntimeUseWatchTree *self,
                                   RuntimeUseWatchFile *file,
                                   guint64              inode)
{
  RuntimeUseWatchFile *first;

  if (file->inode == inode)
    return;
  if (file->inode != 0)
    remove_twin (self, file);
  file->inode = inode;
  if (inode == 0)
    return;

  first = g_hash_table_lookup (self->inodes, &inode);
  if (first != NULL)
    {
      file->next_twin = first->next_twin;
      first->next_twin = file;
    }
  else
    {
      g_hash_table_insert (self->inodes, &file->inode, file);
    }
}

/* Makes a file a link to @target, or no link if that is NULL. */
void
_runtime_use_watch_tree_set_target (RuntimeUseWatchTree *self,
                                    RuntimeUseWatchFile *file,
                                    const char          *target)
{
  if (file->target == NULL && target == NULL)
    return;

  g_free (file->target);
  file->target = g_strdup (target);
  if (target != NULL)
    g_hash_table_add (self->links, file);
  else
    g_hash_table_remove (self->links, file);
}

static int
compare_due (gconstpointer a,
             gconstpointer b,
             gpointer      user_data)
{
  const RuntimeUseWatchFile *one = a;
  const RuntimeUseWatchFile *other = b;

  return (one->due > other->due) - (one->due < other->due);
}

/* The file is to be looked at when it is @due. */
void
_runtime_use_watch_tree_set_pending (RuntimeUseWatchTree *self,
                                     RuntimeUseWatchFile *file,
                                     gint64               due)
{
  if (file->pending == NULL)
    file->serial = self->serial;
  _runtime_use_watch_tree_put_off (self, file, due);
}

/* The same for one that was looked at in vain: it has been pending all the time. */
void
_runtime_use_watch_tree_put_off (RuntimeUseWatchTree *self,
                                 RuntimeUseWatchFile *file,
                                 gint64               due)
{
  _runtime_use_watch_tree_clear_pending (file);
  file->due = due;
  file->pending = g_sequence_insert_sorted (self->pending, file, compare_due, NULL);
}

void
_runtime_use_watch_tree_clear_pending (RuntimeUseWatchFile *file)
{
  if (file->pending != NULL)
    g_sequence_remove (g_steal_pointer (&file->pending));
}

RuntimeUseWatchFile *
_runtime_use_watch_tree_peek_pending (RuntimeUseWatchTree *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->pending);

  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

/* Whether a file that became pending up to @serial still is; one that somebody has open for writing
 * does not count. The oldest come first, so this seldom looks at more than one. */
gboolean
_runtime_use_watch_tree_has_unsettled (RuntimeUseWatchTree *self,
                                       guint64              serial)
{
  for (GSequenceIter *iter = g_sequence_get_begin_iter (self->pending);
       !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    {
      RuntimeUseWatchFile *file = g_sequence_get (iter);

      if (file->serial <= serial && !file->is_held)
        return TRUE;
    }

  return FALSE;
}

/* Relative to the folder; @name may be NULL to get the path of the directory. */
char *
_runtime_use_watch_tree_dup_path (RuntimeUseWatchDirectory *directory,
                                  const char               *name)
{
  GString *path = g_string_new (name);

  for (; directory->parent != NULL; directory = directory->parent)
    {
      if (path->len > 0)
        g_string_prepend_c (path, '/');
      g_string_prepend (path, directory->name);
    }

  return g_string_free (path, FALSE);
}

/* Whether the rules say so, or it is a file of rules itself. The directory is not ignored. */
gboolean
_runtime_use_watch_tree_is_ignored (RuntimeUseWatchTree      *self,
                                    RuntimeUseWatchDirectory *directory,
                                    const char               *name,
                                    gboolean                  is_directory)
{
  g_autoptr(GString) path = NULL;

  if (strcmp (name, RUNTIME_USE_IGNORE_FILE) == 0 ||
      g_str_has_prefix (name, RUNTIME_USE_OWN_FILE_PREFIX))
    return TRUE;

  path = g_string_new (name);
  while (TRUE)
    {
      RuntimeUseIgnoreRules *rules = directory->rules;
      RuntimeUseIgnoreVerdict verdict = RUNTIME_USE_IGNORE_UNDECIDED;

      if (directory->parent == NULL && self->pinned != NULL)
        rules = self->pinned;
      else if (directory->parent == NULL && rules == NULL)
        rules = _runtime_use_ignore_rules_get_default ();
      if (rules != NULL)
        verdict = _runtime_use_ignore_rules_match (rules, path->str, is_directory);
      if (verdict != RUNTIME_USE_IGNORE_UNDECIDED || directory->parent == NULL)
        return verdict == RUNTIME_USE_IGNORE_IGNORED;

      g_string_prepend_c (path, '/');
      g_string_prepend (path, directory->name);
      directory = directory->parent;
    }
}

void
_runtime_use_watch_stamp_init (RuntimeUseWatchStamp *self,
                               const struct stat    *status)
{
  self->mtime = status->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status->st_mtim.tv_nsec;
  self->size = status->st_size;
  self->inode = status->st_ino;
  self->device = status->st_dev;
}

gboolean
_runtime_use_watch_stamp_equal (const RuntimeUseWatchStamp *one,
                                const RuntimeUseWatchStamp *other)
{
  return one->mtime == other->mtime && one->size == other->size && one->inode == other->inode &&
         one->device == other->device;
}
