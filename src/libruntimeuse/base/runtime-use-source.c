/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-source-private.h"

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs ready_source_funcs = {
  .dispatch = dispatch,
};

GSource *
_runtime_use_ready_source_new (const char     *name,
                               GSourceFunc     callback,
                               gpointer        user_data,
                               GDestroyNotify  notify)
{
  GSource *source = g_source_new (&ready_source_funcs, sizeof (GSource));

  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, user_data, notify);

  return source;
}

void
_runtime_use_clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
