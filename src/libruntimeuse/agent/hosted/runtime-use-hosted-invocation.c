/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-hosted-invocation-private.h"

#include "runtime-use-invocation-private.h"
#include "runtime-use-source-private.h"

#include <string.h>

/* So many bytes of messages wait for a client that reads slowly before its host is left alone, and
 * with it all others who are served there. */
#define UNSENT_LIMIT (256 * 1024)

struct _RuntimeUseHostedInvocation
{
  RuntimeUseInvocation                   *invocation;
  char                                   *id;
  const RuntimeUseHostedInvocationEvents *events;
  gpointer                                user_data;

  RuntimeUseHost                         *host;         /* (nullable): waits for one, or lost it */
  guint64                                 place;        /* of its order among all to that host */
  guint                                   n_retreats;
  GQueue                                  unsent;       /* GBytes: lines that wait for the client */
  gsize                                   unsent_size;
  GError                                 *lost;         /* (nullable): the host is gone */

  gulong                                  drained_id;
  GSource                                *cancelled;
  GSource                                *grace;        /* (nullable): it is to end now */
  gboolean                                stuck;
  gboolean                                slowed;       /* the host was asked to pause */
};

/* Takes the outcome. Nothing of this is left afterwards. */
static void
end (RuntimeUseHostedInvocation *self,
     RuntimeUseOutcome          *outcome)
{
  g_autoptr(RuntimeUseInvocation) invocation = g_object_ref (self->invocation);

  self->events->ended (self, self->user_data);
  _runtime_use_invocation_return_outcome (invocation, outcome);
}

static void
end_with_error (RuntimeUseHostedInvocation *self,
                const GError               *error)
{
  end (self, _runtime_use_outcome_new_error (error, NULL));
}

static void
order (RuntimeUseHostedInvocation *self,
       const char                 *type)
{
  g_autoptr(GString) line = g_string_new (NULL);

  _runtime_use_host_message_append_order (line, type, self->id);
  _runtime_use_host_send (self->host, line);
}

/* A host that knows how makes just this invocation wait, and none beside it. */
static void
update_flow (RuntimeUseHostedInvocation *self)
{
  gboolean stuck = self->grace == NULL && self->lost == NULL && self->unsent_size > UNSENT_LIMIT;
  gboolean slow = self->grace == NULL && self->lost == NULL &&
                  (self->unsent.length > 0 || runtime_use_invocation_is_full (self->invocation));

  if (slow != self->slowed && self->lost == NULL &&
      _runtime_use_host_get_abilities (self->host)->flow)
    {
      self->slowed = slow;
      order (self, slow ? "pause" : "resume");
    }

  if (stuck == self->stuck)
    return;

  self->stuck = stuck;
  self->events->stuck (self, self->user_data);
}

static void
take_assistant (RuntimeUseHostedInvocation  *self,
                const RuntimeUseHostMessage *message)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) blocks = _runtime_use_host_message_dup_blocks (message, &error);

  if (blocks != NULL)
    runtime_use_invocation_send_assistant_message (self->invocation,
                                                   (const char * const *) blocks);
  else
    runtime_use_logger_warning (runtime_use_invocation_get_logger (self->invocation),
                                error->message);
}

/* Returns FALSE when that was the end of it. */
static gboolean
handle (RuntimeUseHostedInvocation  *self,
        const RuntimeUseHostMessage *message)
{
  switch (message->kind)
    {
    case RUNTIME_USE_HOST_MESSAGE_ASSISTANT:
      if (self->grace == NULL)
        take_assistant (self, message);
      return TRUE;

    case RUNTIME_USE_HOST_MESSAGE_ERROR:
      _runtime_use_invocation_report (self->invocation,
                                      _runtime_use_host_message_to_outcome (message));
      return TRUE;

    case RUNTIME_USE_HOST_MESSAGE_LOG:
      _runtime_use_host_message_log (message, runtime_use_invocation_get_logger (self->invocation));
      return TRUE;

    case RUNTIME_USE_HOST_MESSAGE_RESULT:
    case RUNTIME_USE_HOST_MESSAGE_FAILED:
    case RUNTIME_USE_HOST_MESSAGE_CANCELLED:
      end (self, _runtime_use_host_message_to_outcome (message));
      return FALSE;

    case RUNTIME_USE_HOST_MESSAGE_UNKNOWN:
      runtime_use_logger_debug (runtime_use_invocation_get_logger (self->invocation),
                                "ignored a message of a type that is not known");
      return TRUE;

    case RUNTIME_USE_HOST_MESSAGE_READY:
    case RUNTIME_USE_HOST_MESSAGE_FATAL:
    default:
      return TRUE;
    }
}

static GBytes *
pop_unsent (RuntimeUseHostedInvocation *self)
{
  GBytes *line = g_queue_pop_head (&self->unsent);

  self->unsent_size -= g_bytes_get_size (line);

  return line;
}

/* Goes on with what waits. Returns FALSE when that was the end of it. */
static gboolean
send_unsent (RuntimeUseHostedInvocation *self)
{
  while (self->unsent.length > 0 &&
         (self->grace != NULL || !runtime_use_invocation_is_full (self->invocation)))
    {
      g_autoptr(GBytes) line = pop_unsent (self);
      RuntimeUseHostMessage message;
      gsize length;
      const char *text = g_bytes_get_data (line, &length);

      if (_runtime_use_host_message_read (&message, text, length, NULL) &&
          !handle (self, &message))
        return FALSE;
    }

  if (self->unsent.length > 0 || self->lost == NULL)
    return TRUE;

  end_with_error (self, self->lost);

  return FALSE;
}

static void
drained_cb (RuntimeUseInvocation       *invocation,
            RuntimeUseHostedInvocation *self)
{
  if ((self->host != NULL || self->lost != NULL) && send_unsent (self))
    update_flow (self);
}

static gboolean
grace_cb (gpointer user_data)
{
  RuntimeUseHostedInvocation *self = user_data;

  self->events->overstayed (self, self->user_data);

  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  RuntimeUseHostedInvocation *self = user_data;
  g_autoptr(GError) error = NULL;

  if (self->host == NULL)
    {
      error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CANCELLED,
                                   "The request was cancelled");
      end_with_error (self, error);
      return G_SOURCE_REMOVE;
    }

  /* Nobody reads any more what waits, and the answer may be behind it. */
  self->grace = g_timeout_source_new (_runtime_use_invocation_get_kill_grace (self->invocation));
  g_source_set_static_name (self->grace, "RuntimeUseHostedInvocation grace");
  g_source_set_callback (self->grace, grace_cb, self, NULL);
  g_source_attach (self->grace, g_main_context_get_thread_default ());
  if (!send_unsent (self))
    return G_SOURCE_REMOVE;

  order (self, "cancel");
  update_flow (self);

  return G_SOURCE_REMOVE;
}

RuntimeUseHostedInvocation *
_runtime_use_hosted_invocation_new (RuntimeUseInvocation                   *invocation,
                                    const char                             *id,
                                    const RuntimeUseHostedInvocationEvents *events,
                                    gpointer                                user_data)
{
  RuntimeUseHostedInvocation *self = g_new0 (RuntimeUseHostedInvocation, 1);

  self->invocation = g_object_ref (invocation);
  self->id = g_strdup (id);
  self->events = events;
  self->user_data = user_data;
  g_queue_init (&self->unsent);

  self->drained_id = g_signal_connect (invocation, "drained", G_CALLBACK (drained_cb), self);
  self->cancelled =
    g_cancellable_source_new (runtime_use_invocation_get_cancellable (invocation));
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (cancelled_cb), self, NULL);
  g_source_attach (self->cancelled, g_main_context_get_thread_default ());

  return self;
}

void
_runtime_use_hosted_invocation_free (RuntimeUseHostedInvocation *self)
{
  _runtime_use_clear_source (&self->cancelled);
  _runtime_use_clear_source (&self->grace);
  g_clear_signal_handler (&self->drained_id, self->invocation);
  g_queue_clear_full (&self->unsent, (GDestroyNotify) g_bytes_unref);
  g_clear_error (&self->lost);
  g_clear_object (&self->host);
  g_object_unref (self->invocation);
  g_free (self->id);
  g_free (self);
}

const char *
_runtime_use_hosted_invocation_get_id (RuntimeUseHostedInvocation *self)
{
  return self->id;
}

/* The one that serves it, or NULL. */
RuntimeUseHost *
_runtime_use_hosted_invocation_get_host (RuntimeUseHostedInvocation *self)
{
  return self->host;
}

gboolean
_runtime_use_hosted_invocation_is_stuck (RuntimeUseHostedInvocation *self)
{
  return self->stuck;
}

void
_runtime_use_hosted_invocation_assign (RuntimeUseHostedInvocation *self,
                                       RuntimeUseHost             *host)
{
  g_autoptr(GString) line = g_string_new (NULL);

  self->host = g_object_ref (host);
  _runtime_use_host_hide (host, _runtime_use_invocation_get_redactor (self->invocation));
  _runtime_use_host_message_append_invoke (line, self->id, self->invocation);
  self->place = _runtime_use_host_send (host, line);
}

/* When its host died without having heard of it, an invocation may wait for the next host, up to
 * @max times. Returns FALSE when it may not. */
gboolean
_runtime_use_hosted_invocation_retreat (RuntimeUseHostedInvocation *self,
                                        guint                       max)
{
  if (self->n_retreats >= max || self->grace != NULL ||
      self->place < _runtime_use_host_get_taken (self->host))
    return FALSE;

  self->n_retreats++;
  self->slowed = FALSE;
  g_clear_object (&self->host);

  return TRUE;
}

/* Takes a message of the host, which is in @line. */
void
_runtime_use_hosted_invocation_take (RuntimeUseHostedInvocation  *self,
                                     const RuntimeUseHostMessage *message,
                                     const char                  *line,
                                     gsize                        length)
{
  gboolean waits = self->grace == NULL &&
                   (self->unsent.length > 0 ||
                    (message->kind == RUNTIME_USE_HOST_MESSAGE_ASSISTANT &&
                     runtime_use_invocation_is_full (self->invocation)));

  if (waits)
    {
      g_queue_push_tail (&self->unsent, g_bytes_new (line, length));
      self->unsent_size += length;
      update_flow (self);
    }
  else if (handle (self, message) && message->kind == RUNTIME_USE_HOST_MESSAGE_ASSISTANT &&
           runtime_use_invocation_is_full (self->invocation))
    {
      update_flow (self);
    }
}

/* The host is gone. What it said before that comes first. */
void
_runtime_use_hosted_invocation_lose (RuntimeUseHostedInvocation *self,
                                     const GError               *error)
{
  self->lost = g_error_copy (error);
  g_clear_object (&self->host);
  if (send_unsent (self))
    update_flow (self);
}
