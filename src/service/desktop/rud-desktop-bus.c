/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-desktop-bus.h"

/* The session bus, for what we ask of the desktop.
 *
 * A connection of our own: the one that GIO shares, and that a GApplication
 * takes, is opened while the program stands still, and ends the program when the
 * bus goes away.
 */

#define OPEN_DEADLINE_MS 3000

typedef struct
{
  GCancellable *opening;
  GCancellable *outer;       /* (nullable): of the caller */
  gulong        handler;
  guint         deadline;
  gboolean      too_late;
} OpenData;

static void
open_data_free (OpenData *data)
{
  g_clear_handle_id (&data->deadline, g_source_remove);
  g_cancellable_disconnect (data->outer, data->handler);
  g_clear_object (&data->outer);
  g_object_unref (data->opening);
  g_free (data);
}

/* The address of the session bus, or NULL when there is none. A bus is never
 * started for this.
 */
char *
rud_desktop_bus_find_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;

  if (address != NULL && address[0] != '\0')
    return g_str_has_prefix (address, "autolaunch:") ? NULL : g_strdup (address);

  path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;

  escaped = g_dbus_address_escape_value (path);

  return g_strconcat ("unix:path=", escaped, NULL);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  OpenData *data = g_task_get_task_data (task);
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  g_clear_handle_id (&data->deadline, g_source_remove);
  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else if (data->too_late)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                             "the message bus did not answer within %d seconds",
                             OPEN_DEADLINE_MS / 1000);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static gboolean
deadline_cb (gpointer user_data)
{
  OpenData *data = user_data;

  data->deadline = 0;
  data->too_late = TRUE;
  g_cancellable_cancel (data->opening);

  return G_SOURCE_REMOVE;
}

static void
cancelled_cb (GCancellable *outer,
              GCancellable *opening)
{
  g_cancellable_cancel (opening);
}

/* Fails when there is no connection within three seconds. */
void
rud_desktop_bus_open_async (const char          *address,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  OpenData *data = g_new0 (OpenData, 1);

  g_task_set_source_tag (task, rud_desktop_bus_open_async);
  g_task_set_task_data (task, data, (GDestroyNotify) open_data_free);

  data->opening = g_cancellable_new ();
  if (cancellable != NULL)
    {
      data->outer = g_object_ref (cancellable);
      data->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                             g_object_ref (data->opening), g_object_unref);
    }
  data->deadline = g_timeout_add (OPEN_DEADLINE_MS, deadline_cb, data);

  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, data->opening, opened_cb, g_steal_pointer (&task));
}

GDBusConnection *
rud_desktop_bus_open_finish (GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
