/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#define WAIT_PATIENCE (20 * G_USEC_PER_SEC)

/* So that what no source tells of is seen, and the wait has an end. */
G_GNUC_UNUSED static gboolean
wait_tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Iterates the default main context until @condition holds, and fails if it does not in time. */
#define wait_for(condition)                                               \
  G_STMT_START                                                            \
    {                                                                     \
      gint64 wait_deadline = g_get_monotonic_time () + WAIT_PATIENCE;     \
      guint wait_tick = g_timeout_add (1, wait_tick_cb, NULL);            \
                                                                          \
      while (!(condition))                                                \
        {                                                                 \
          g_main_context_iteration (NULL, TRUE);                          \
          if (g_get_monotonic_time () > wait_deadline)                    \
            g_error ("%s: waited in vain for: %s", G_STRLOC, #condition); \
        }                                                                 \
      g_source_remove (wait_tick);                                        \
    }                                                                     \
  G_STMT_END
