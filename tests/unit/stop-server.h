/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtimeuse.h"

#include "wait-for.h"

static void
stop_server_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  gboolean *is_stopped = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_true (runtime_use_server_stop_finish (RUNTIME_USE_SERVER (object), result, &error));
  g_assert_no_error (error);
  *is_stopped = TRUE;
}

/* Waits for its end, too. */
static void
stop_server (RuntimeUseServer *server)
{
  gboolean is_stopped = FALSE;

  runtime_use_server_stop_async (server, NULL, stop_server_cb, &is_stopped);
  wait_for (is_stopped);
  g_assert_false (runtime_use_server_is_running (server));
}
