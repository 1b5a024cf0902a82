/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-session-bus.h"

#include "rud-socket.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The session bus, as a client of it.
 *
 * Each connection is one of our own: the one that GIO shares, and that a
 * GApplication takes, is opened while the program stands still, and ends the
 * program when the bus goes away.
 */

/* GLib would start a bus where there is none, which nobody could find. */
#define START_ONE "autolaunch:"

#define SOCKET "unix:path="

typedef struct
{
  GCancellable *opening;
  GCancellable *outer;          /* (nullable): of the caller */
  gulong        handler;
  GSource      *deadline;       /* (nullable) */
  guint         milliseconds;
  GIOStream    *stream;         /* (nullable): to the bus */
  gboolean      too_late;
} OpenData;

/* Where the bus is that systemd starts for the user. */
static char *
find_socket (void)
{
  const char *folder = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;
  struct stat status;

  if (folder == NULL || folder[0] != '/')
    return NULL;

  path = g_build_filename (folder, "bus", NULL);
  if (stat (path, &status) != 0 || !S_ISSOCK (status.st_mode) || status.st_uid != getuid ())
    return NULL;

  escaped = g_dbus_address_escape_value (path);

  return g_strconcat (SOCKET, escaped, NULL);
}

/* Returns: (transfer full) (nullable): the address, or NULL where there is no session bus */
char *
rud_session_bus_find_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");

  if (address != NULL && address[0] != '\0')
    return g_str_has_prefix (address, START_ONE) ? NULL : g_strdup (address);

  return find_socket ();
}

/* Whether the bus can be expected to answer. Only the address of a socket in the
 * file system can be told from the outside.
 * @name: (out) (nullable): what to call it, also when it does not answer
 */
gboolean
rud_session_bus_is_there (char **name)
{
  g_autofree char *address = rud_session_bus_find_address ();
  const char *path = address != NULL ? strstr (address, SOCKET) : NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *socket = NULL;

  if (path != NULL)
    {
      path += strlen (SOCKET);
      escaped = g_strndup (path, strcspn (path, ",;"));
      socket = g_uri_unescape_string (escaped, NULL);
    }

  if (name != NULL)
    *name = g_strdup (socket != NULL ? socket : address);

  return socket != NULL ? rud_socket_try (socket) == 0 : address != NULL;
}

static void
open_data_stop (OpenData *data)
{
  if (data->deadline != NULL)
    g_source_destroy (data->deadline);
  g_clear_pointer (&data->deadline, g_source_unref);
  g_cancellable_disconnect (data->outer, data->handler);
  data->handler = 0;
  g_clear_object (&data->stream);
}

static void
open_data_free (OpenData *data)
{
  open_data_stop (data);
  g_clear_object (&data->outer);
  g_object_unref (data->opening);
  g_free (data);
}

/* The first call on a connection does not care for its cancellable, but it ends
 * with the stream.
 */
static void
give_up (OpenData *data)
{
  g_cancellable_cancel (data->opening);
  if (data->stream != NULL)
    rud_session_bus_shut (data->stream);
}

static void
cancelled_cb (GCancellable *outer,
              OpenData     *data)
{
  give_up (data);
}

static gboolean
deadline_cb (gpointer user_data)
{
  GTask *task = user_data;
  OpenData *data = g_task_get_task_data (task);

  data->too_late = TRUE;
  give_up (data);

  return G_SOURCE_REMOVE;
}

static void
open_failed (GTask  *task,
             GError *error)
{
  OpenData *data = g_task_get_task_data (task);

  open_data_stop (data);
  if (data->too_late)
    {
      g_clear_error (&error);
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           _("the session bus did not answer in time (%u s)"),
                           data->milliseconds / 1000);
    }

  g_task_return_error (task, error);
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  OpenData *data = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) connection = g_dbus_connection_new_finish (result, &error);

  if (connection == NULL || data->too_late)
    {
      open_failed (task, g_steal_pointer (&error));
      return;
    }

  open_data_stop (data);
  g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
}

static void
stream_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  OpenData *data = g_task_get_task_data (task);
  GError *error = NULL;

  data->stream = g_dbus_address_get_stream_finish (result, NULL, &error);
  if (data->stream == NULL)
    {
      open_failed (task, error);
      return;
    }

  g_dbus_connection_new (data->stream, NULL,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                         G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                         NULL, data->opening, connected_cb, g_steal_pointer (&task));
}

/* Fails with G_IO_ERROR_TIMED_OUT when there is no connection after @milliseconds.
 * Is to be cancelled by this thread only.
 */
void
rud_session_bus_open_async (const char          *address,
                            guint                milliseconds,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  OpenData *data = g_new0 (OpenData, 1);

  g_task_set_source_tag (task, rud_session_bus_open_async);
  g_task_set_task_data (task, data, (GDestroyNotify) open_data_free);

  data->opening = g_cancellable_new ();
  data->milliseconds = milliseconds;
  data->deadline = g_timeout_source_new (milliseconds);
  g_task_attach_source (task, data->deadline, deadline_cb);
  if (cancellable != NULL)
    {
      data->outer = g_object_ref (cancellable);
      data->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), data, NULL);
    }

  g_dbus_address_get_stream (address, data->opening, stream_cb, g_steal_pointer (&task));
}

GDBusConnection *
rud_session_bus_open_finish (GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Whoever reads from @stream, which leads to a bus, or writes to it finds it closed. */
void
rud_session_bus_shut (GIOStream *stream)
{
  if (G_IS_SOCKET_CONNECTION (stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), TRUE, TRUE,
                       NULL);
}
