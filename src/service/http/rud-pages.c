/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-pages.h"

#include "rud-metrics-text.h"
#include "rud-metrics.h"

#include <string.h>

/* What can be asked for with a plain request: whether the service is well, and
 * its numbers. For programs, so nothing is translated.
 */

static guint
answer (GBytes     **content,
        guint        status,
        const char  *text)
{
  *content = g_bytes_new_static (text, strlen (text));

  return status;
}

/* Whoever gets this knows that the process is there and its main loop turns. */
static guint
health_cb (RuntimeUseServer  *server,
           char             **content_type,
           GBytes           **content,
           gpointer           user_data)
{
  return answer (content, 200, "ok\n");
}

static guint
readiness_cb (RuntimeUseServer  *server,
              char             **content_type,
              GBytes           **content,
              gpointer           user_data)
{
  if (runtime_use_server_is_draining (server))
    return answer (content, 503, "draining\n");

  return answer (content, 200, "ok\n");
}

static guint
metrics_cb (RuntimeUseServer  *server,
            char             **content_type,
            GBytes           **content,
            gpointer           user_data)
{
  g_autoptr(RudStatus) status = g_weak_ref_get (user_data);
  char *text;

  if (status == NULL)
    return answer (content, 503, "stopping\n");

  text = rud_metrics_dup_text (status);
  *content_type = g_strdup (RUD_METRICS_CONTENT_TYPE);
  *content = g_bytes_new_take (text, strlen (text));

  return 200;
}

static void
reference_free (gpointer data)
{
  GWeakRef *reference = data;

  g_weak_ref_clear (reference);
  g_free (reference);
}

/* Adds the pages to the server of @status. The numbers are for those who could
 * open a WebSocket, the rest for everybody.
 */
void
rud_pages_add (RudStatus *status,
               gboolean   with_metrics)
{
  RuntimeUseServer *server = rud_status_get_server (status);
  GWeakRef *reference;

  runtime_use_server_add_page (server, "/healthz", RUNTIME_USE_PAGE_FLAGS_OPEN, health_cb, NULL,
                               NULL);
  runtime_use_server_add_page (server, "/readyz", RUNTIME_USE_PAGE_FLAGS_OPEN, readiness_cb, NULL,
                               NULL);
  if (!with_metrics)
    return;

  /* @status has the server, which has the page. */
  reference = g_new0 (GWeakRef, 1);
  g_weak_ref_init (reference, status);
  runtime_use_server_add_page (server, "/metrics", RUNTIME_USE_PAGE_FLAGS_NONE, metrics_cb,
                               reference, reference_free);
}
