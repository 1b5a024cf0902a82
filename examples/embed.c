/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A web server with a page of its own, and with an agent at ws://localhost:PORT/agent. */

#include <glib-unix.h>
#include <runtimeuse.h>

typedef struct
{
  SoupServer              *server;
  RuntimeUseAgentHandler  *handler;
  RuntimeUseUploadTracker *uploads;  /* of all sessions: so many at once, not for each */
  GPtrArray               *sessions;
  GMainLoop               *loop;
  gboolean                 is_stopping;
} Site;

static void
closed_cb (RuntimeUseSession *session, Site *site)
{
  g_ptr_array_remove_fast (site->sessions, session);
  if (site->is_stopping && site->sessions->len == 0)
    g_main_loop_quit (site->loop);
}

static void
connected_cb (SoupServer *server, SoupServerMessage *message, const char *path,
              SoupWebsocketConnection *connection, gpointer user_data)
{
  Site *site = user_data;
  g_autoptr(RuntimeUseWebsocketChannel) channel = runtime_use_websocket_channel_new (connection);
  RuntimeUseSession *session;

  session = runtime_use_session_new (RUNTIME_USE_CHANNEL (channel), site->handler, site->uploads);
  g_signal_connect (session, "closed", G_CALLBACK (closed_cb), site);
  g_ptr_array_add (site->sessions, session);
}

/* Web pages of others may not talk to the agent: their browsers say where they are from. */
static void
handshake_cb (SoupServer *server, SoupServerMessage *message, const char *path,
              GHashTable *query, gpointer user_data)
{
  if (soup_message_headers_get_one (soup_server_message_get_request_headers (message), "Origin"))
    soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
}

static void
page_cb (SoupServer *server, SoupServerMessage *message, const char *path,
         GHashTable *query, gpointer user_data)
{
  Site *site = user_data;
  char *text = g_strdup_printf ("%u sessions, %" G_GUINT64_FORMAT " files sent\n",
                                site->sessions->len,
                                runtime_use_upload_tracker_get_n_uploaded (site->uploads));

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_TAKE, text, strlen (text));
}

static gboolean
signal_cb (gpointer user_data)
{
  Site *site = user_data;

  /* Sessions are connections of their own by now; they end with all that they have started. */
  site->is_stopping = TRUE;
  soup_server_disconnect (site->server);
  for (guint i = site->sessions->len; i > 0; i--)
    runtime_use_session_end (site->sessions->pdata[i - 1]);
  if (site->sessions->len == 0)
    g_main_loop_quit (site->loop);
  return G_SOURCE_CONTINUE;
}

int
main (void)
{
  g_autoptr(SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr(RuntimeUseAgentHandler) handler = runtime_use_shell_handler_new ();
  g_autoptr(RuntimeUseUploadTracker) uploads = runtime_use_upload_tracker_new ();
  g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Site site = { server, handler, uploads, sessions, loop, FALSE };
  g_autoslist(GUri) uris = NULL;
  g_autoptr(GError) error = NULL;

  soup_server_add_handler (server, "/", page_cb, &site, NULL);
  soup_server_add_early_handler (server, "/agent", handshake_cb, NULL, NULL);
  soup_server_add_websocket_handler (server, "/agent", NULL, NULL, connected_cb, &site, NULL);
  if (!soup_server_listen_local (server, 0, 0, &error))
    g_error ("%s", error->message);

  uris = soup_server_get_uris (server);
  g_print ("listening on port %d\n", g_uri_get_port (uris->data));
  g_unix_signal_add (SIGTERM, signal_cb, &site);
  g_main_loop_run (loop);
  return 0;
}
