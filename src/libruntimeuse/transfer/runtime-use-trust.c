/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-trust-private.h"

#include "runtime-use-error.h"

/*
 * Whose certificates are believed. GIO asks those of the system; not each of its TLS backends knows
 * the variable by which others are named, as it is usual in containers.
 */
#define VARIABLE "SSL_CERT_FILE"

static GMutex mutex;
static GTlsDatabase *loaded;   /* (nullable): under the mutex; it is never let go of */

/* To be asked before anything is sent by https. */
gboolean
_runtime_use_trust_check (GError **error)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);
  const char *path = g_getenv (VARIABLE);
  g_autoptr(GError) cause = NULL;

  if (path == NULL || path[0] == '\0' || loaded != NULL)
    return TRUE;

  loaded = g_tls_file_database_new (path, &cause);
  if (loaded != NULL)
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
               "cannot read the certificates in %s, which " VARIABLE " names: %s",
               path, cause->message);

  return FALSE;
}

/* Whether the check has nothing to read. */
gboolean
_runtime_use_trust_is_ready (void)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);
  const char *path = g_getenv (VARIABLE);

  return path == NULL || path[0] == '\0' || loaded != NULL;
}

static void
check_in_thread (GTask        *task,
                 gpointer      source,
                 gpointer      data,
                 GCancellable *cancellable)
{
  GError *error = NULL;

  if (_runtime_use_trust_check (&error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The check for who must not wait while the certificates are read. */
void
_runtime_use_trust_check_async (GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, _runtime_use_trust_check_async);
  g_task_run_in_thread (task, check_in_thread);
}

gboolean
_runtime_use_trust_check_finish (GAsyncResult  *result,
                                 GError       **error)
{
  g_assert (g_async_result_is_tagged (result, _runtime_use_trust_check_async));

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* To be called after the check, for who never speaks https does not need them: they take some
 * milliseconds to read, and some megabytes.
 */
void
_runtime_use_trust_apply (SoupSession *session)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);

  /* To set none would be to believe nobody. */
  if (loaded != NULL)
    soup_session_set_tls_database (session, loaded);
}

static const char *
get_reason (GTlsCertificateFlags flags)
{
  if (flags & G_TLS_CERTIFICATE_BAD_IDENTITY)
    return "it is for another host";
  if (flags & G_TLS_CERTIFICATE_EXPIRED)
    return "it has expired";
  if (flags & G_TLS_CERTIFICATE_NOT_ACTIVATED)
    return "it is not valid yet";
  if (flags & G_TLS_CERTIFICATE_REVOKED)
    return "it was revoked";
  if (flags & G_TLS_CERTIFICATE_INSECURE)
    return "it is too weak";
  if (flags & G_TLS_CERTIFICATE_UNKNOWN_CA)
    return "its issuer is not known; add that to the certificates of the system, or to a file "
           "that " VARIABLE " names";

  return "no reason is known";
}

/* Says why a message could not be sent. */
char *
_runtime_use_trust_explain (SoupMessage  *message,
                            const GError *error)
{
  if (!g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return g_strdup (error->message);

  return g_strdup_printf ("the certificate of %s is not accepted: %s",
                          g_uri_get_host (soup_message_get_uri (message)),
                          get_reason (soup_message_get_tls_peer_certificate_errors (message)));
}
