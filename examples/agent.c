/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server with an agent of its own, and a client that asks it. */

#include <runtimeuse.h>

/* An agent that counts the words of its prompt. */
#define WORD_TYPE_COUNTER (word_counter_get_type ())
G_DECLARE_FINAL_TYPE (WordCounter, word_counter, WORD, COUNTER, GObject)

struct _WordCounter { GObject parent_instance; };

static gboolean
answer_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseInvocation) invocation = user_data;
  g_auto(GStrv) words = g_strsplit (runtime_use_invocation_get_user_prompt (invocation), " ", -1);
  g_autofree char *saying = g_strdup_printf ("counting %u words", g_strv_length (words));
  g_autofree char *answer = g_strdup_printf ("%u words", g_strv_length (words));

  runtime_use_invocation_send_assistant_message (invocation, (const char *[]) { saying, NULL });
  runtime_use_invocation_return_text (invocation, answer, NULL);

  return G_SOURCE_REMOVE;
}

static gboolean
word_counter_run (RuntimeUseAgentHandler *self, RuntimeUseInvocation *invocation, GError **error)
{
  /* The answer may come at any time later; this returns at once. */
  g_idle_add (answer_cb, g_object_ref (invocation));

  return TRUE;
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = word_counter_run;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (WordCounter, word_counter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

static void word_counter_class_init (WordCounterClass *klass) { }
static void word_counter_init (WordCounter *self) { }

static void
assistant_cb (RuntimeUseClient *client, const char * const *blocks, gpointer user_data)
{
  for (size_t i = 0; blocks[i] != NULL; i++)
    g_print ("%s\n", blocks[i]);
}

static void
result_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

int
main (int argc, char **argv)
{
  g_autoptr(RuntimeUseServer) server = runtime_use_server_new ();
  g_autoptr(WordCounter) counter = g_object_new (WORD_TYPE_COUNTER, NULL);
  g_autoptr(RuntimeUseClient) client = NULL;
  g_autoptr(RuntimeUseInvocationMessage) message = NULL;
  g_autoptr(RuntimeUseQueryResult) answer = NULL;
  g_autoptr(GAsyncResult) asked = NULL, stopped = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *url = NULL;

  g_object_set (server, "handler", counter, "port", 0, NULL);
  if (!runtime_use_server_start (server, &error))
    g_error ("%s", error->message);

  url = g_strdup_printf ("ws://localhost:%u", runtime_use_server_get_port (server));
  client = runtime_use_client_new (url);
  g_signal_connect (client, "assistant-message", G_CALLBACK (assistant_cb), NULL);
  message = g_object_new (RUNTIME_USE_TYPE_INVOCATION_MESSAGE,
                          "user-prompt", argc > 1 ? argv[1] : "how many words are these",
                          "system-prompt", "", "model", "", NULL);
  runtime_use_client_query_async (client, message, NULL, result_cb, &asked);
  while (asked == NULL)
    g_main_context_iteration (NULL, TRUE);
  answer = runtime_use_client_query_finish (client, asked, &error);
  g_print ("%s\n", answer != NULL ? runtime_use_query_result_get_text (answer) : error->message);

  runtime_use_server_stop_async (server, NULL, result_cb, &stopped);
  while (stopped == NULL)
    g_main_context_iteration (NULL, TRUE);

  return answer != NULL && runtime_use_server_stop_finish (server, stopped, NULL) ? 0 : 1;
}
