/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-model-request-private.h"

#include "tls-server.h"

#define DEADLINE 25

typedef struct
{
  TlsServer    *server;
  SoupSession  *session;
  GPtrArray    *body;
  GAsyncResult *result;
  guint         deadline_id;
} Fixture;

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("The test took longer than %d s", DEADLINE);
  return G_SOURCE_REMOVE;
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  g_autofree char *authority = tls_server_dup_certificate_path ("authority");
  g_autoptr(GTlsDatabase) database = NULL;
  g_autoptr(GError) error = NULL;

  /* What GLib keeps from the first use of TLS on is no leak. */
  g_object_unref (g_tls_backend_get_default_database (g_tls_backend_get_default ()));
  g_main_context_iteration (NULL, FALSE);
  database = g_tls_file_database_new (authority, &error);
  g_assert_no_error (error);

  self->server = tls_server_new ("127.0.0.1", "server");
  self->session = soup_session_new_with_options ("tls-database", database, NULL);
  self->body = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (self->body, g_bytes_new_static ("{}", 2));
  self->deadline_id = g_timeout_add_seconds (DEADLINE, deadline_cb, NULL);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_source_remove (self->deadline_id);
  g_object_unref (self->session);
  g_ptr_array_unref (self->body);
  tls_server_free (self->server);
}

static gboolean
event_cb (const RuntimeUseSseEvent  *event,
          gpointer                   user_data,
          GError                   **error)
{
  return TRUE;
}

static void
pause_cb (gpointer user_data)
{
}

static gboolean
never_cb (gpointer user_data)
{
  return FALSE;
}

static void
keep_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Fixture *self = user_data;

  self->result = g_object_ref (result);
}

static void
ask (Fixture *self)
{
  static const RuntimeUseModelRequestOwner owner = { event_cb, pause_cb, never_cb, never_cb };
  g_autofree char *url = tls_server_url (self->server, "/v1/responses");
  const RuntimeUseModelQuestion question = {
    .url = url,
    .body = self->body,
    .policy = RUNTIME_USE_RETRY_POLICY_INIT,
    .connect_timeout = DEADLINE,
    .idle_timeout = DEADLINE,
  };
  g_autoptr(RuntimeUseModelRequest) request = NULL;
  g_autoptr(GError) error = NULL;

  request = _runtime_use_model_request_new (self->session, &question, &owner, self);
  _runtime_use_model_request_run_async (request, NULL, keep_result_cb, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  _runtime_use_model_request_run_finish (request, self->result, &error);
  g_assert_no_error (error);
  g_clear_object (&self->result);
}

static void
test_protocol (Fixture       *self,
               gconstpointer  data)
{
  g_autofree char *protocol = NULL;
  g_autofree char *requests = NULL;

  g_test_summary ("A service that has HTTP/2 as well is spoken to with HTTP/1.1");

  self->server->has_http2 = TRUE;
  ask (self);
  protocol = tls_server_dup_protocol (self->server);
  requests = tls_server_dup_requests (self->server);
  g_assert_cmpstr (protocol, ==, "http/1.1");
  g_assert_true (g_str_has_prefix (requests, "POST /v1/responses HTTP/1.1\r\n"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add ("/model-request/protocol", Fixture, NULL, set_up, test_protocol, tear_down);

  return g_test_run ();
}
