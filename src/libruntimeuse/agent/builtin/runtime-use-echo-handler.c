/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-echo-handler.h"

#include "runtime-use-invocation-private.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-source-private.h"

#include <string.h>

/* So many messages are sent before others get their turn. */
#define STREAM_BURST 256

/**
 * RuntimeUseEchoHandler:
 *
 * An agent that does what its prompt says, for tests and measurements.
 *
 * The prompt is one of
 *
 * - `ECHO:text`: answers with the text
 * - `STRUCTURED:json`: answers with the JSON object as structured output
 * - `STREAM:n`: sends n assistant messages `message i of n`
 * - `SLOW:ms`: answers after so many milliseconds, whether cancelled or not
 * - `WAIT:ms`: answers after so many milliseconds, or when cancelled
 * - `ERROR:text`: reports an error and fails
 *
 * Anything else comes back as it is.
 *
 * Since: 0.1
 */

struct _RuntimeUseEchoHandler
{
  GObject parent_instance;
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseEchoHandler, runtime_use_echo_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

typedef void (* EchoVerb) (RuntimeUseInvocation *invocation,
                           const char           *argument);

static void
return_failure (RuntimeUseInvocation *invocation,
                const char           *text)
{
  g_autoptr(GError) error = NULL;

  error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, text);
  runtime_use_invocation_return_error (invocation, error);
}

/* A number of the prompt's; what is none counts as 0. */
static guint
parse_number (const char *text)
{
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &number, NULL))
    return 0;

  return number;
}

static void
echo (RuntimeUseInvocation *invocation,
      const char           *argument)
{
  runtime_use_invocation_return_text (invocation, argument, NULL);
}

static void
echo_structured (RuntimeUseInvocation *invocation,
                 const char           *argument)
{
  _runtime_use_invocation_return_json (invocation, argument);
}

static void
echo_error (RuntimeUseInvocation *invocation,
            const char           *argument)
{
  g_autoptr(JsonNode) metadata = NULL;

  metadata = _runtime_use_json_to_node ("{\"source\":\"echo_handler\"}", NULL);
  runtime_use_invocation_send_error_message (invocation, argument, metadata);
  return_failure (invocation, argument);
}

typedef struct
{
  RuntimeUseInvocation *invocation;
  GCancellable         *cancellable;
  GSource              *source;        /* runs while there is room */
  guint                 sent;
  guint                 total;
  gulong                drained_id;
  gulong                cancelled_id;
} EchoStream;

static void
echo_stream_free (EchoStream *stream)
{
  g_cancellable_disconnect (stream->cancellable, stream->cancelled_id);
  g_clear_signal_handler (&stream->drained_id, stream->invocation);
  g_object_unref (stream->cancellable);
  g_object_unref (stream->invocation);
  g_source_unref (stream->source);
  g_free (stream);
}

static void
echo_stream_send (EchoStream *stream)
{
  char text[64];
  const char *blocks[] = { text, NULL };

  stream->sent++;
  g_snprintf (text, sizeof text, "message %u of %u", stream->sent, stream->total);
  runtime_use_invocation_send_assistant_message (stream->invocation, blocks);
}

/* The source sleeps until the client has caught up or the request is cancelled. */
static void
echo_stream_wake (EchoStream *stream)
{
  g_source_set_ready_time (stream->source, 0);
}

static void
echo_stream_cancelled_cb (GCancellable *cancellable,
                          EchoStream   *stream)
{
  echo_stream_wake (stream);
}

static gboolean
echo_stream_burst (EchoStream *stream)
{
  for (guint i = 0; i < STREAM_BURST && stream->sent < stream->total; i++)
    {
      if (g_cancellable_is_cancelled (stream->cancellable))
        break;

      if (runtime_use_invocation_is_full (stream->invocation))
        {
          g_source_set_ready_time (stream->source, -1);
          return FALSE;
        }

      echo_stream_send (stream);
    }

  return stream->sent == stream->total || g_cancellable_is_cancelled (stream->cancellable);
}

static gboolean
echo_stream_cb (gpointer user_data)
{
  EchoStream *stream = user_data;
  g_autofree char *text = NULL;

  if (!echo_stream_burst (stream))
    return G_SOURCE_CONTINUE;

  text = g_strdup_printf ("streamed %u messages", stream->sent);
  runtime_use_invocation_return_text (stream->invocation, text, NULL);

  return G_SOURCE_REMOVE;
}

static void
echo_stream (RuntimeUseInvocation *invocation,
             const char           *argument)
{
  EchoStream *stream = g_new0 (EchoStream, 1);

  stream->invocation = g_object_ref (invocation);
  stream->cancellable = g_object_ref (runtime_use_invocation_get_cancellable (invocation));
  stream->total = parse_number (argument);

  stream->source = _runtime_use_ready_source_new ("RuntimeUseEchoHandler stream", echo_stream_cb,
                                                  stream, (GDestroyNotify) echo_stream_free);
  echo_stream_wake (stream);
  g_source_attach (stream->source, g_main_context_get_thread_default ());

  stream->drained_id = g_signal_connect_swapped (invocation, "drained",
                                                 G_CALLBACK (echo_stream_wake), stream);
  stream->cancelled_id = g_cancellable_connect (stream->cancellable,
                                                G_CALLBACK (echo_stream_cancelled_cb), stream,
                                                NULL);
}

typedef struct
{
  RuntimeUseInvocation *invocation;
  GSource              *timer;
  GCancellable         *cancellable;   /* (nullable): waits regardless */
  gulong                cancelled_id;
  guint                 milliseconds;
} EchoWait;

static void
echo_wait_free (EchoWait *wait)
{
  g_cancellable_disconnect (wait->cancellable, wait->cancelled_id);
  g_clear_object (&wait->cancellable);
  g_source_unref (wait->timer);
  g_object_unref (wait->invocation);
  g_free (wait);
}

static gboolean
echo_wait_cb (gpointer user_data)
{
  EchoWait *wait = user_data;
  g_autofree char *text = g_strdup_printf ("waited %u ms", wait->milliseconds);

  if (wait->cancellable != NULL && g_cancellable_is_cancelled (wait->cancellable))
    return_failure (wait->invocation, "cancelled while waiting");
  else
    runtime_use_invocation_return_text (wait->invocation, text, NULL);

  return G_SOURCE_REMOVE;
}

/* May run inside the connect; the timer does the rest. */
static void
echo_wait_cancelled_cb (GCancellable *cancellable,
                        EchoWait     *wait)
{
  g_source_set_ready_time (wait->timer, 0);
}

static void
echo_wait_start (RuntimeUseInvocation *invocation,
                 const char           *argument,
                 gboolean              cancellable)
{
  EchoWait *wait = g_new0 (EchoWait, 1);

  wait->invocation = g_object_ref (invocation);
  wait->milliseconds = parse_number (argument);
  wait->timer = g_timeout_source_new (wait->milliseconds);
  g_source_set_static_name (wait->timer, "RuntimeUseEchoHandler wait");
  g_source_set_callback (wait->timer, echo_wait_cb, wait, (GDestroyNotify) echo_wait_free);
  g_source_attach (wait->timer, g_main_context_get_thread_default ());

  if (cancellable)
    {
      wait->cancellable = g_object_ref (runtime_use_invocation_get_cancellable (invocation));
      wait->cancelled_id = g_cancellable_connect (wait->cancellable,
                                                  G_CALLBACK (echo_wait_cancelled_cb), wait, NULL);
    }
}

static void
echo_slow (RuntimeUseInvocation *invocation,
           const char           *argument)
{
  echo_wait_start (invocation, argument, FALSE);
}

static void
echo_wait (RuntimeUseInvocation *invocation,
           const char           *argument)
{
  echo_wait_start (invocation, argument, TRUE);
}

static const struct
{
  const char *prefix;
  EchoVerb    verb;
} echo_verbs[] = {
  { "ECHO:", echo },
  { "STRUCTURED:", echo_structured },
  { "STREAM:", echo_stream },
  { "SLOW:", echo_slow },
  { "WAIT:", echo_wait },
  { "ERROR:", echo_error },
};

static gboolean
runtime_use_echo_handler_run (RuntimeUseAgentHandler  *handler,
                              RuntimeUseInvocation    *invocation,
                              GError                 **error)
{
  const char *prompt = runtime_use_invocation_get_user_prompt (invocation);

  for (size_t i = 0; i < G_N_ELEMENTS (echo_verbs); i++)
    {
      if (!g_str_has_prefix (prompt, echo_verbs[i].prefix))
        continue;

      echo_verbs[i].verb (invocation, prompt + strlen (echo_verbs[i].prefix));
      return TRUE;
    }

  runtime_use_invocation_return_text (invocation, prompt, NULL);

  return TRUE;
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = runtime_use_echo_handler_run;
}

static void
runtime_use_echo_handler_class_init (RuntimeUseEchoHandlerClass *klass)
{
}

static void
runtime_use_echo_handler_init (RuntimeUseEchoHandler *self)
{
}

/**
 * runtime_use_echo_handler_new:
 *
 * Makes an agent that does what its prompt says.
 *
 * Returns: (transfer full) (type RuntimeUse.EchoHandler): a new handler
 *
 * Since: 0.1
 */
RuntimeUseAgentHandler *
runtime_use_echo_handler_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_ECHO_HANDLER, NULL);
}
