/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"
#include "file-server.h"
#include "tls-server.h"
#include "transfer-fixture.h"

#define DEADLINE 25
#define TRUST "SSL_CERT_FILE"

typedef struct
{
  TransferFixture  files;
  TlsServer       *server;
  GAsyncResult    *result;
  guint            deadline_id;
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
  g_main_context_iteration (NULL, FALSE);
  transfer_fixture_set_up (&self->files, NULL);
  self->server = tls_server_new ("127.0.0.1", data != NULL ? data : "server");
  self->deadline_id = g_timeout_add_seconds (DEADLINE, deadline_cb, NULL);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  tls_server_free (self->server);
  /* libsoup says goodbye on a connection with TLS before it closes that. */
  while (descriptors_count () > self->files.n_descriptors)
    g_main_context_iteration (NULL, FALSE);
  g_source_remove (self->deadline_id);
  transfer_fixture_tear_down (&self->files, NULL);
}

static void
keep_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Fixture *self = user_data;

  self->result = g_object_ref (result);
}

static GError *
download_within (Fixture    *self,
                 const char *url,
                 guint       connect_timeout)
{
  g_autoptr(RuntimeUseDownloadable) downloadable =
    runtime_use_downloadable_new (url, self->files.target);
  g_autoptr(RuntimeUseDownloadHandler) handler = runtime_use_download_handler_new (downloadable);
  g_autofree char *path = NULL;
  GError *error = NULL;

  g_object_set (handler, "connect-timeout", connect_timeout, NULL);
  runtime_use_download_handler_run_async (handler, NULL, keep_result_cb, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  path = runtime_use_download_handler_run_finish (handler, self->result, &error);
  g_clear_object (&self->result);
  g_assert_true ((path == NULL) == (error != NULL));

  return error;
}

static GError *
download (Fixture    *self,
          const char *url)
{
  return download_within (self, url, DEADLINE);
}

static GError *
upload (Fixture    *self,
        const char *url,
        off_t       size)
{
  g_autofree char *path = g_build_filename (self->files.target, "sent", NULL);
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  GError *error = NULL;

  g_assert_no_errno (ftruncate (fd, size));
  close (fd);
  runtime_use_upload_file_async (path, url, "a/b", NULL, keep_result_cb, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  runtime_use_upload_file_finish (self->result, &error);
  g_clear_object (&self->result);
  g_unlink (path);

  return error;
}

static void
assert_error (GError     *error,
              const char *text)
{
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, "secret"));
  if (strstr (error->message, text) == NULL)
    g_error ("“%s” is not in “%s”", text, error->message);
  g_error_free (error);
}

/* Nothing was sent, and nothing tried again. */
static void
assert_both_fail (Fixture    *self,
                  const char *text)
{
  g_autofree char *url = tls_server_url (self->server, "/f?secret");
  g_autofree char *requests = NULL;
  guint n_connections = tls_server_get_n_connections (self->server);

  assert_error (download (self, url), text);
  assert_error (upload (self, url, 10), text);
  assert_error (upload (self, url, 1 << 20), text);
  requests = tls_server_dup_requests (self->server);
  g_assert_cmpstr (requests, ==, "");
  g_assert_cmpuint (tls_server_get_n_connections (self->server), <=, n_connections + 3);
}

static void
test_trusted (Fixture       *self,
              gconstpointer  data)
{
  g_autofree char *url = tls_server_url (self->server, "/f");
  g_autofree char *named = g_strdup_printf ("https://localhost:%u/g", self->server->port);

  g_test_summary ("With a certificate of a known issuer files are fetched and sent");

  g_assert_no_error (download (self, url));
  transfer_assert_file (&self->files, "f", "hello");
  g_assert_no_error (download (self, named));
  transfer_assert_file (&self->files, "g", "hello");
  g_assert_no_error (upload (self, url, 1000));
  g_assert_no_error (upload (self, url, 1 << 20));
  g_assert_cmpuint (tls_server_get_n_body (self->server), ==, 1000 + (1 << 20));
}

static void
test_protocol (Fixture       *self,
               gconstpointer  data)
{
  g_autofree char *url = tls_server_url (self->server, "/f");
  g_autofree char *protocol = NULL;
  g_autofree char *requests = NULL;

  g_test_summary ("A server that has HTTP/2 as well is spoken to with HTTP/1.1");

  self->server->has_http2 = TRUE;
  g_assert_no_error (download (self, url));
  g_assert_no_error (upload (self, url, 1000));
  protocol = tls_server_dup_protocol (self->server);
  requests = tls_server_dup_requests (self->server);
  g_assert_cmpstr (protocol, ==, "http/1.1");
  g_assert_nonnull (strstr (requests, "GET /f HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (requests, "PUT /f HTTP/1.1\r\n"));
}

static void
test_credentials (Fixture       *self,
                  gconstpointer  data)
{
  g_autofree char *url = g_strdup_printf ("https://me:secret@localhost:%u/redirect/f",
                                          self->server->port);
  g_autofree char *requests = NULL;
  const char *second;

  g_test_summary ("User and password are not taken along to another name of the same machine");

  self->server->location = tls_server_url (self->server, "/f");
  g_assert_no_error (download (self, url));
  requests = tls_server_dup_requests (self->server);
  second = strstr (requests, "GET /f HTTP/1.1\r\n");
  g_assert_nonnull (second);
  g_assert_nonnull (g_strstr_len (requests, second - requests, "\r\nAuthorization: Basic "));
  g_assert_null (strstr (second, "Authorization"));
}

static void
test_wrong (Fixture       *self,
            gconstpointer  data)
{
  g_test_summary ("A certificate that is not good is refused, and the error says why");

  assert_both_fail (self, strcmp (data, "expired") == 0
                          ? "the certificate of 127.0.0.1 is not accepted: it has expired"
                          : "the certificate of 127.0.0.1 is not accepted: it is for another host");
}

static void
test_no_tls (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(FileServer) plain = file_server_new ("127.0.0.1");
  g_autofree char *url = g_strdup_printf ("https://127.0.0.1:%u/hello/f?secret", plain->port);
  g_autofree char *wrong = g_strdup_printf ("http://127.0.0.1:%u/f?secret", self->server->port);

  g_test_summary ("Where one end speaks TLS and the other does not, that is an error");

  /* Each of them waits for the other to speak. */
  assert_error (download_within (self, url, 1), "there was no connection within 1 s");
  assert_error (download (self, wrong), "fetch failed: ");
  g_assert_false (transfer_exists (&self->files, "f"));
}

/* What is believed is found out once in the life of a process. */
static gboolean
run_alone (void)
{
  if (g_test_subprocess ())
    return FALSE;

  g_test_trap_subprocess (NULL, 30 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();

  return TRUE;
}

static void
test_untrusted (Fixture       *self,
                gconstpointer  data)
{
  g_test_summary ("A certificate of an unknown issuer is refused, and the error says what to do");

  if (run_alone ())
    return;

  g_unsetenv (TRUST);
  assert_both_fail (self, "the certificate of 127.0.0.1 is not accepted: its issuer is not known; "
                          "add that to the certificates of the system, or to a file that "
                          "SSL_CERT_FILE names");
}

static void
test_no_file (Fixture       *self,
              gconstpointer  data)
{
  g_test_summary ("A file of certificates that cannot be read is an error that names it");

  if (run_alone ())
    return;

  g_setenv (TRUST, "/nonexistent/certificates", TRUE);
  assert_both_fail (self, "cannot read the certificates in /nonexistent/certificates, which "
                          "SSL_CERT_FILE names: ");
  g_assert_cmpuint (tls_server_get_n_connections (self->server), ==, 0);
}

static void
add (const char    *name,
     gconstpointer  data,
     void        (* test) (Fixture       *self,
                           gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/https/", name, NULL);

  g_test_add (path, Fixture, data, set_up, test, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *authority = tls_server_dup_certificate_path ("authority");

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_setenv (TRUST, authority, TRUE);

  add ("trusted", NULL, test_trusted);
  add ("protocol", NULL, test_protocol);
  add ("credentials", NULL, test_credentials);
  add ("expired", "expired", test_wrong);
  add ("other-host", "other", test_wrong);
  add ("no-tls", NULL, test_no_tls);
  add ("untrusted", NULL, test_untrusted);
  add ("no-file", NULL, test_no_file);

  return g_test_run ();
}
