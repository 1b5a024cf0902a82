/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-random-name-private.h"

#include <errno.h>
#include <unistd.h>

/* GLib's own random numbers can be guessed by who has seen enough of them. */
char *
_runtime_use_random_name (void)
{
  guint8 bytes[16];
  GString *name = g_string_sized_new (2 * sizeof bytes);

  if (getentropy (bytes, sizeof bytes) != 0)
    {
      g_warning ("The system has no random numbers: %s", g_strerror (errno));
      for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = g_random_int ();
    }

  for (size_t i = 0; i < sizeof bytes; i++)
    g_string_append_printf (name, "%02x", bytes[i]);

  return g_string_free (name, FALSE);
}
