/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-inbox-private.h"

#include "runtime-use-message-private.h"

/* What is smaller is parsed in a few milliseconds, for which others can wait. */
#define LARGE_MESSAGE (1024 * 1024)

/* So many large messages of all sessions are kept at a time; more are parsed at once. */
#define MAX_WORKERS 4

struct _RuntimeUseInbox
{
  RuntimeUseChannel   *channel;   /* (unowned): the owner has it */
  RuntimeUseInboxFunc  func;
  GObject             *owner;     /* (unowned) */
  GQueue               waiting;   /* GBytes; few, for the channel is paused */
  GCancellable        *parsing;   /* (nullable): no worker is at it */
};

typedef struct
{
  RuntimeUseMessage *message;       /* (nullable) */
  char              *message_type;  /* (nullable) */
  GError            *error;         /* (nullable) */
} Parsed;

static int n_workers;

static void
parsed_free (Parsed *self)
{
  g_clear_object (&self->message);
  g_clear_pointer (&self->message_type, g_free);
  g_clear_error (&self->error);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Parsed, parsed_free)

static Parsed *
parse (GBytes *bytes)
{
  Parsed *parsed = g_new0 (Parsed, 1);

  parsed->message = _runtime_use_message_parse (bytes, &parsed->message_type, &parsed->error);

  return parsed;
}

static void
deliver (RuntimeUseInbox *self,
         const Parsed    *parsed)
{
  self->func (self->owner, parsed->message, parsed->message_type, parsed->error);
}

static void
parse_in_thread (GTask        *task,
                 gpointer      source_object,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  Parsed *parsed = parse (task_data);

  g_atomic_int_add (&n_workers, -1);
  g_task_return_pointer (task, parsed, (GDestroyNotify) parsed_free);
}

static void handle (RuntimeUseInbox *self,
                    GBytes          *bytes);

static void
parsed_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(Parsed) parsed = g_task_propagate_pointer (G_TASK (result), NULL);
  RuntimeUseInbox *self = user_data;
  G_GNUC_UNUSED g_autoptr(GObject) alive = NULL;

  /* Cancelled: then there may be no inbox any more. */
  if (parsed == NULL)
    return;

  alive = g_object_ref (self->owner);
  g_clear_object (&self->parsing);
  deliver (self, parsed);

  while (self->parsing == NULL && !g_queue_is_empty (&self->waiting))
    {
      g_autoptr(GBytes) bytes = g_queue_pop_head (&self->waiting);

      handle (self, bytes);
    }

  if (self->parsing == NULL)
    runtime_use_channel_set_paused (self->channel, FALSE);
}

/* Returns whether a worker parses @bytes. */
static gboolean
start_worker (RuntimeUseInbox *self,
              GBytes          *bytes)
{
  g_autoptr(GTask) task = NULL;

  if (g_bytes_get_size (bytes) <= LARGE_MESSAGE)
    return FALSE;

  /* What comes meanwhile has to wait where it does not take our memory. */
  if (g_atomic_int_add (&n_workers, 1) >= MAX_WORKERS ||
      !runtime_use_channel_set_paused (self->channel, TRUE))
    {
      g_atomic_int_add (&n_workers, -1);
      return FALSE;
    }

  self->parsing = g_cancellable_new ();
  task = g_task_new (NULL, self->parsing, parsed_cb, self);
  g_task_set_source_tag (task, start_worker);
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  g_task_run_in_thread (task, parse_in_thread);

  return TRUE;
}

static void
handle (RuntimeUseInbox *self,
        GBytes          *bytes)
{
  g_autoptr(Parsed) parsed = NULL;

  if (start_worker (self, bytes))
    return;

  parsed = parse (bytes);
  deliver (self, parsed);
}

/*
 * _runtime_use_inbox_new:
 * @func: is told of each message, and keeps @owner alive by itself
 * @owner: (transfer none): whose the inbox is
 */
RuntimeUseInbox *
_runtime_use_inbox_new (RuntimeUseChannel   *channel,
                        RuntimeUseInboxFunc  func,
                        GObject             *owner)
{
  RuntimeUseInbox *self = g_new0 (RuntimeUseInbox, 1);

  self->channel = channel;
  self->func = func;
  self->owner = owner;
  g_queue_init (&self->waiting);

  return self;
}

void
_runtime_use_inbox_free (RuntimeUseInbox *self)
{
  _runtime_use_inbox_close (self);
  g_free (self);
}

/* The owner has to be kept alive meanwhile. */
void
_runtime_use_inbox_take (RuntimeUseInbox *self,
                         GBytes          *bytes)
{
  if (self->parsing != NULL || !g_queue_is_empty (&self->waiting))
    g_queue_push_tail (&self->waiting, g_bytes_ref (bytes));
  else
    handle (self, bytes);
}

/* Forgets what was not parsed yet. */
void
_runtime_use_inbox_close (RuntimeUseInbox *self)
{
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);
  if (self->parsing == NULL)
    return;

  g_cancellable_cancel (self->parsing);
  g_clear_object (&self->parsing);
  runtime_use_channel_set_paused (self->channel, FALSE);
}
