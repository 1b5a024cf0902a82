/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Writes to standard output and standard error, in the order in which it is told to, without ever
 * holding up the main loop.
 *
 * Both may be shared with other programs, such as the shell that we were started from, so they
 * must not be made non-blocking; and no test can tell beforehand how much a terminal or a pipe
 * takes without blocking. So a thread does nothing but write. Whoever leaves before it has come to
 * the end leaves it behind: it may be stuck for as long as nobody reads.
 */

/* So much may wait to be written, and one message more. */
#define HIGH_WATER (1024 * 1024)

/* With so much left there is room again: what arrives meanwhile keeps the thread busy. */
#define LOW_WATER (256 * 1024)

#define N_STREAMS (STDERR_FILENO + 1)

typedef struct
{
  int     fd;
  GBytes *bytes;
} Chunk;

struct _RucOutput
{
  gatomicrefcount  ref_count;

  RucOutputFunc    func;
  gpointer         user_data;
  GSource         *source;      /* woken by the thread */
  GThread         *thread;      /* (nullable): nothing was to be written yet */
  guint            n_broken;    /* so many were told */
  gboolean         told_done;

  /* What the thread uses as well. */
  GMutex           lock;
  GCond            changed;
  GQueue           chunks;
  gsize            pending;     /* bytes, with those being written */
  gboolean         finishing;
  gboolean         full;        /* somebody waits for room */
  int              errors[N_STREAMS];   /* number of the error, or 0 */
};

static void
chunk_free (Chunk *chunk)
{
  g_bytes_unref (chunk->bytes);
  g_free (chunk);
}

static void
ruc_output_unref (RucOutput *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_queue_clear_full (&self->chunks, (GDestroyNotify) chunk_free);
  g_source_unref (self->source);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* Returns the number of an error, or 0. */
static int
write_all (int         fd,
           const char *data,
           gsize       size)
{
  while (size > 0)
    {
      gssize written = write (fd, data, size);

      if (written > 0)
        {
          data += written;
          size -= written;
        }
      else if (written < 0 && errno == EAGAIN)
        {
          struct pollfd ready = { fd, POLLOUT, 0 };

          poll (&ready, 1, -1);
        }
      else if (written == 0 || errno != EINTR)
        return written == 0 ? EIO : errno;
    }

  return 0;
}

static Chunk *
wait_for_chunk (RucOutput *self)
{
  Chunk *chunk;

  g_mutex_lock (&self->lock);
  while (g_queue_is_empty (&self->chunks) && !self->finishing)
    g_cond_wait (&self->changed, &self->lock);
  chunk = g_queue_pop_head (&self->chunks);
  g_mutex_unlock (&self->lock);

  return chunk;
}

static void
write_chunk (RucOutput *self,
             Chunk     *chunk)
{
  gsize size;
  const char *data = g_bytes_get_data (chunk->bytes, &size);
  int error = self->errors[chunk->fd];
  gboolean wake = FALSE;

  if (error == 0)
    {
      error = write_all (chunk->fd, data, size);
      wake = error != 0;
    }

  g_mutex_lock (&self->lock);
  self->pending -= size;
  self->errors[chunk->fd] = error;
  wake |= self->full && self->pending <= LOW_WATER;
  g_mutex_unlock (&self->lock);

  if (wake)
    g_source_set_ready_time (self->source, 0);
}

static gpointer
write_chunks (gpointer user_data)
{
  RucOutput *self = user_data;
  Chunk *chunk;

  while ((chunk = wait_for_chunk (self)) != NULL)
    {
      write_chunk (self, chunk);
      chunk_free (chunk);
    }

  g_source_set_ready_time (self->source, 0);
  ruc_output_unref (self);

  return NULL;
}

static gboolean
woken_cb (gpointer user_data)
{
  RucOutput *self = user_data;
  guint n_broken;
  gboolean room, done;

  g_source_set_ready_time (self->source, -1);

  g_mutex_lock (&self->lock);
  n_broken = (self->errors[STDOUT_FILENO] != 0) + (self->errors[STDERR_FILENO] != 0);
  room = self->full && self->pending <= LOW_WATER;
  self->full &= !room;
  done = self->finishing && self->pending == 0 && !self->told_done;
  g_mutex_unlock (&self->lock);

  if (n_broken > self->n_broken)
    self->func (self, RUC_OUTPUT_BROKEN, self->user_data);
  self->n_broken = n_broken;
  if (room)
    self->func (self, RUC_OUTPUT_ROOM, self->user_data);
  self->told_done |= done;
  if (done)
    self->func (self, RUC_OUTPUT_DONE, self->user_data);

  return G_SOURCE_CONTINUE;
}

static gboolean
source_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = {
  .dispatch = source_dispatch,
};

RucOutput *
ruc_output_new (RucOutputFunc func,
                gpointer      user_data)
{
  RucOutput *self = g_new0 (RucOutput, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->func = func;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->chunks);

  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "RucOutput");
  g_source_set_callback (self->source, woken_cb, self, NULL);
  g_source_attach (self->source, NULL);

  return self;
}

void
ruc_output_free (RucOutput *self)
{
  g_source_destroy (self->source);
  if (self->thread != NULL)
    g_thread_unref (self->thread);
  ruc_output_unref (self);
}

void
ruc_output_write (RucOutput *self,
                  int        fd,
                  GBytes    *bytes)
{
  Chunk *chunk = g_new (Chunk, 1);

  chunk->fd = fd;
  chunk->bytes = g_bytes_ref (bytes);

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->chunks, chunk);
  self->pending += g_bytes_get_size (bytes);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);

  if (self->thread != NULL)
    return;

  g_atomic_ref_count_inc (&self->ref_count);
  self->thread = g_thread_new ("output", write_chunks, self);
}

void
ruc_output_print (RucOutput  *self,
                  int         fd,
                  const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  ruc_output_write (self, fd, bytes);
}

/* Whoever is told so waits for RUC_OUTPUT_ROOM before there is more to write. */
gboolean
ruc_output_is_full (RucOutput *self)
{
  gboolean full;

  g_mutex_lock (&self->lock);
  self->full |= self->pending >= HIGH_WATER;
  full = self->full;
  g_mutex_unlock (&self->lock);

  return full;
}

/* Why nothing more can be written to @fd, as a number of errno, or 0. */
int
ruc_output_get_error (RucOutput *self,
                      int        fd)
{
  int error;

  g_mutex_lock (&self->lock);
  error = self->errors[fd];
  g_mutex_unlock (&self->lock);

  return error;
}

/* Nothing more is going to be written. */
void
ruc_output_finish (RucOutput *self)
{
  g_mutex_lock (&self->lock);
  self->finishing = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);

  if (self->thread == NULL)
    g_source_set_ready_time (self->source, 0);
}
