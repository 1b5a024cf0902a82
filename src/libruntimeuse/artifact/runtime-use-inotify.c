/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-inotify-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime-use-error.h"

/* IN_MODIFY is for truncate(2), of which nothing else tells. The same for all, since those who
 * watch one directory share a watch. */
#define EVENTS (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | \
                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

#define BUFFER_SIZE (64 * 1024)
#define MAX_EVENT_SIZE (sizeof (struct inotify_event) + NAME_MAX + 1)

/* After a look at the events the next one waits for so long: the kernel merges the events of a
 * writer who is busy, and we wake up 200 times a second rather than for each of its writes. */
#define PAUSE (5 * G_TIME_SPAN_MILLISECOND)

struct _RuntimeUseInotify
{
  GSource       source;

  GMainContext *context;
  int           fd;
  gpointer      tag;
  GHashTable   *marks;    /* watch descriptor → GPtrArray of RuntimeUseInotifyMark */
  GPtrArray    *clients;  /* of RuntimeUseInotifyClient */
  char         *buffer;
  guint64       position; /* bytes read */
};

struct _RuntimeUseInotifyMark
{
  RuntimeUseInotifyClient *client;
  gpointer                 directory;
  int                      wd;         /* -1 when it is of no more use */
};

static GMutex instances_lock;
static GHashTable *instances; /* GMainContext → RuntimeUseInotify, as long as it has clients */
static int spare_fd = -1;     /* without marks, for the next one */

static RuntimeUseWatchChange
get_change (guint32 mask)
{
  if (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
    return RUNTIME_USE_WATCH_CHANGE_GONE;
  if (mask & (IN_DELETE | IN_MOVED_FROM))
    return RUNTIME_USE_WATCH_CHANGE_REMOVED;
  if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
    return RUNTIME_USE_WATCH_CHANGE_WRITTEN;

  return RUNTIME_USE_WATCH_CHANGE_TOUCHED;
}

static void
release_mark (gpointer data)
{
  g_rc_box_release (data);
}

/* Whoever is told may remove any mark of its own. */
static void
tell (RuntimeUseInotify          *self,
      const struct inotify_event *event)
{
  RuntimeUseWatchChange change = get_change (event->mask);
  const char *name = change != RUNTIME_USE_WATCH_CHANGE_GONE ? event->name : NULL;
  GPtrArray *marks = g_hash_table_lookup (self->marks, GINT_TO_POINTER (event->wd));
  g_autoptr(GPtrArray) told = NULL;

  if (marks == NULL || (name != NULL && event->len == 0))
    return;

  told = g_ptr_array_new_with_free_func (release_mark);
  for (guint i = 0; i < marks->len; i++)
    g_ptr_array_add (told, g_rc_box_acquire (g_ptr_array_index (marks, i)));
  if (event->mask & IN_IGNORED)
    g_hash_table_remove (self->marks, GINT_TO_POINTER (event->wd));

  for (guint i = 0; i < told->len; i++)
    {
      RuntimeUseInotifyMark *mark = g_ptr_array_index (told, i);

      if (mark->wd != event->wd)
        continue;
      if (event->mask & IN_IGNORED)
        mark->wd = -1;
      mark->client->events->changed (mark->directory, change, name, (event->mask & IN_ISDIR) != 0,
                                     mark->client->user_data);
    }
}

static void
tell_lost (RuntimeUseInotify *self)
{
  for (guint i = 0; i < self->clients->len; i++)
    {
      RuntimeUseInotifyClient *client = g_ptr_array_index (self->clients, i);

      client->events->lost ("more has changed at a time than the kernel keeps in mind, so all is "
                            "scanned; fs.inotify.max_queued_events may be raised",
                            client->user_data);
    }
}

/* Returns how much there was. */
static gsize
read_events (RuntimeUseInotify *self)
{
  ssize_t length = TEMP_FAILURE_RETRY (read (self->fd, self->buffer, BUFFER_SIZE));
  const struct inotify_event *event;

  if (length <= 0)
    return 0;

  self->position += (guint64) length;
  for (char *at = self->buffer; at < self->buffer + length; at += sizeof *event + event->len)
    {
      event = (const struct inotify_event *) (gpointer) at;
      if (event->mask & IN_Q_OVERFLOW)
        tell_lost (self);
      else
        tell (self, event);
    }

  for (guint i = 0; i < self->clients->len; i++)
    {
      RuntimeUseInotifyClient *client = g_ptr_array_index (self->clients, i);

      client->events->advanced (client->user_data);
    }

  return (gsize) length;
}

static gboolean
inotify_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  RuntimeUseInotify *self = (RuntimeUseInotify *) source;
  gsize length = read_events (self);

  if (length > BUFFER_SIZE - MAX_EVENT_SIZE)
    {
      g_source_set_ready_time (source, 0);
    }
  else if (length > 0)
    {
      g_source_modify_unix_fd (source, self->tag, 0);
      g_source_set_ready_time (source, g_get_monotonic_time () + PAUSE);
    }
  else
    {
      g_source_modify_unix_fd (source, self->tag, G_IO_IN);
      g_source_set_ready_time (source, -1);
    }

  return G_SOURCE_CONTINUE;
}

static void
inotify_finalize (GSource *source)
{
  RuntimeUseInotify *self = (RuntimeUseInotify *) source;

  g_clear_pointer (&self->marks, g_hash_table_unref);
  g_clear_pointer (&self->clients, g_ptr_array_unref);
  g_clear_pointer (&self->buffer, g_free);
}

static GSourceFuncs inotify_funcs = {
  .dispatch = inotify_dispatch,
  .finalize = inotify_finalize,
};

/* To close one that has had marks takes the kernel 10 ms, for which all sessions would stand still.
 * What its marks have left unread is of watch descriptors that nobody knows. */
static void
release_fd (int fd)
{
  if (spare_fd < 0)
    spare_fd = fd;
  else
    close (fd);
}

static RuntimeUseInotify *
new_instance (GMainContext  *context,
              GError       **error)
{
  int fd = spare_fd >= 0 ? spare_fd : inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  RuntimeUseInotify *self;

  if (fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
                   "inotify_init: %s; %s may be raised", g_strerror (saved_errno),
                   saved_errno == EMFILE ? "fs.inotify.max_user_instances, or the limit of open "
                   "files," : "fs.inotify.max_user_instances");
      return NULL;
    }

  spare_fd = -1;
  self = (RuntimeUseInotify *) g_source_new (&inotify_funcs, sizeof (RuntimeUseInotify));
  g_source_set_static_name (&self->source, "RuntimeUseInotify");
  self->context = context;
  self->fd = fd;
  self->tag = g_source_add_unix_fd (&self->source, fd, G_IO_IN);
  self->marks = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->clients = g_ptr_array_new ();
  self->buffer = g_malloc (BUFFER_SIZE);
  g_source_attach (&self->source, context);

  return self;
}

/* Joins those who watch from the thread-default main context. @client stays until it leaves. */
RuntimeUseInotify *
_runtime_use_inotify_join (RuntimeUseInotifyClient  *client,
                           GError                  **error)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  RuntimeUseInotify *self;

  g_mutex_lock (&instances_lock);
  if (instances == NULL)
    instances = g_hash_table_new (NULL, NULL);
  self = g_hash_table_lookup (instances, context);
  if (self == NULL)
    {
      self = new_instance (context, error);
      if (self != NULL)
        g_hash_table_insert (instances, context, self);
    }
  if (self != NULL)
    g_ptr_array_add (self->clients, client);
  g_mutex_unlock (&instances_lock);

  return self;
}

/* Its marks have to be removed before. */
void
_runtime_use_inotify_leave (RuntimeUseInotify       *self,
                            RuntimeUseInotifyClient *client)
{
  g_mutex_lock (&instances_lock);
  g_ptr_array_remove (self->clients, client);
  if (self->clients->len == 0)
    {
      g_hash_table_remove (instances, self->context);
      if (g_hash_table_size (instances) == 0)
        g_clear_pointer (&instances, g_hash_table_unref);
      g_source_destroy (&self->source);
      release_fd (self->fd);
      g_source_unref (&self->source);
    }
  g_mutex_unlock (&instances_lock);
}

static void
set_watch_error (GError **error)
{
  int saved_errno = errno;
  const char *advice = "";

  if (saved_errno == ENOSPC)
    advice = "; fs.inotify.max_user_watches may be raised";
  else if (saved_errno == ENOENT)
    advice = "; it takes /proc to be mounted";

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
               "inotify_add_watch: %s%s", g_strerror (saved_errno), advice);
}

RuntimeUseInotifyMark *
_runtime_use_inotify_add_mark (RuntimeUseInotify        *self,
                               RuntimeUseInotifyClient  *client,
                               int                       fd,
                               gpointer                  directory,
                               GError                  **error)
{
  char path[sizeof "/proc/self/fd/" + 10];
  RuntimeUseInotifyMark *mark;
  GPtrArray *marks;
  int wd;

  /* By descriptor, for a path may lead elsewhere by now. */
  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  wd = inotify_add_watch (self->fd, path, EVENTS);
  if (wd < 0)
    {
      set_watch_error (error);
      return NULL;
    }

  marks = g_hash_table_lookup (self->marks, GINT_TO_POINTER (wd));
  if (marks == NULL)
    {
      marks = g_ptr_array_new_with_free_func (release_mark);
      g_hash_table_insert (self->marks, GINT_TO_POINTER (wd), marks);
    }

  mark = g_rc_box_new (RuntimeUseInotifyMark);
  *mark = (RuntimeUseInotifyMark) { client, directory, wd };
  g_ptr_array_add (marks, g_rc_box_acquire (mark));

  return mark;
}

void
_runtime_use_inotify_remove_mark (RuntimeUseInotify     *self,
                                  RuntimeUseInotifyMark *mark)
{
  int wd = mark->wd;

  if (wd >= 0)
    {
      GPtrArray *marks = g_hash_table_lookup (self->marks, GINT_TO_POINTER (wd));

      mark->wd = -1;
      g_ptr_array_remove_fast (marks, mark);
      if (marks->len == 0)
        {
          g_hash_table_remove (self->marks, GINT_TO_POINTER (wd));
          /* Fails if the directory is gone. */
          inotify_rm_watch (self->fd, wd);
        }
    }
  g_rc_box_release (mark);
}

/* Hurries: somebody wants to know. */
guint64
_runtime_use_inotify_get_end (RuntimeUseInotify *self)
{
  int pending = 0;

  if (ioctl (self->fd, FIONREAD, &pending) < 0 || pending <= 0)
    return self->position;

  g_source_set_ready_time (&self->source, 0);

  return self->position + (guint64) pending;
}

gboolean
_runtime_use_inotify_has_reached (RuntimeUseInotify *self,
                                  guint64            position)
{
  return self->position >= position;
}
