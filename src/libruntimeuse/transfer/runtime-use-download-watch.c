/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-watch-private.h"

void
_runtime_use_download_watch_init (RuntimeUseDownloadWatch *self)
{
  g_mutex_init (&self->lock);
}

void
_runtime_use_download_watch_clear (RuntimeUseDownloadWatch *self)
{
  g_mutex_clear (&self->lock);
}

/* From now on there is a limit to how long it may take until something is received, or the next
 * wait begins. @waits_for of NULL ends that. */
void
_runtime_use_download_watch_wait (RuntimeUseDownloadWatch *self,
                                  const char              *waits_for,
                                  guint                    limit)
{
  g_mutex_lock (&self->lock);
  self->waits_for = waits_for;
  self->waits_since = g_get_monotonic_time ();
  self->limit = limit;
  g_mutex_unlock (&self->lock);
}

void
_runtime_use_download_watch_expect (RuntimeUseDownloadWatch *self,
                                    guint64                  total)
{
  g_mutex_lock (&self->lock);
  self->total = total;
  g_mutex_unlock (&self->lock);
}

void
_runtime_use_download_watch_received (RuntimeUseDownloadWatch *self,
                                      guint64                  n)
{
  g_mutex_lock (&self->lock);
  self->received += n;
  self->waits_since = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

void
_runtime_use_download_watch_get (RuntimeUseDownloadWatch *self,
                                 guint64                 *received,
                                 guint64                 *total)
{
  g_mutex_lock (&self->lock);
  *received = self->received;
  *total = self->total;
  g_mutex_unlock (&self->lock);
}

/* Says what did not come in time, if that is so. */
char *
_runtime_use_download_watch_dup_late (RuntimeUseDownloadWatch *self)
{
  char *text = NULL;

  g_mutex_lock (&self->lock);
  if (self->waits_for != NULL &&
      g_get_monotonic_time () - self->waits_since > self->limit * G_TIME_SPAN_SECOND)
    text = g_strdup_printf ("%s within %u s", self->waits_for, self->limit);
  g_mutex_unlock (&self->lock);

  return text;
}
