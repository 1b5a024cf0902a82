/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-scopes.h"

#include "rud-helper.h"
#include "rud-session-bus.h"
#include "rud-socket.h"
#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/*
 * Where systemd is, each command can run in a transient scope: a control group with limits and
 * accounts of its own, which systemd ends with all that is in it. The commands are given to a
 * program of ours that asks for the scope, and becomes the shell inside it.
 */

#define SHELL_NAME "runtimeuse-scope-shell"
#define SYSTEM_SOCKET "/run/systemd/private"

/* Seconds that a scope may take when it is tried. */
#define TRY_DEADLINE 5

/* Milliseconds to end after that. */
#define TRY_GRACE 100

/* Bytes of what went wrong that are of interest. */
#define COMPLAINT_LIMIT 1024

typedef struct
{
  RuntimeUseCommandHandler *handler;
  GString                  *complaint;
} Trial;

static void
trial_free (Trial *self)
{
  g_object_unref (self->handler);
  g_string_free (self->complaint, TRUE);
  g_free (self);
}

/* Returns: (nullable): the option that names the manager to ask */
static const char *
find_manager (GError **error)
{
  const char *runtime_dir = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;
  g_autofree char *reason = NULL;

  if (runtime_dir != NULL && *runtime_dir == '/')
    {
      int result;

      path = g_build_filename (runtime_dir, "systemd", "private", NULL);
      /* Without a socket of its own a manager may still be on the session bus. */
      result = rud_socket_try (path);
      if (result == 0 || rud_session_bus_is_there (NULL))
        return "--user";
      reason = g_strdup_printf ("%s: %s", path, g_strerror (result));
    }

  /* The manager of the machine lets nobody but root make scopes without asking a person. */
  if (geteuid () == 0 && rud_socket_try (SYSTEM_SOCKET) == 0)
    return "--system";

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               _("Scopes need a systemd that runs for this user (%s); log in by a session that "
                 "systemd began, or leave out --scopes"),
               reason != NULL ? reason : _("XDG_RUNTIME_DIR is not set"));

  return NULL;
}

static char *
find_shell (GError **error)
{
  char *path = rud_helper_find ("shells", SHELL_NAME);

  if (path == NULL)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                 _("Scopes need %s/%s, which is not there; install this program again"),
                 LIBEXECDIR, SHELL_NAME);

  return path;
}

/* The unit that this process belongs to, when it is a service of the manager that it asks: what
 * ends the service shall end the scopes, for they are not inside it. */
static char *
find_own_unit (void)
{
  g_autofree char *groups = NULL;
  g_auto(GStrv) lines = NULL;

  if (g_getenv ("INVOCATION_ID") == NULL ||
      !g_file_get_contents ("/proc/self/cgroup", &groups, NULL, NULL))
    return NULL;

  lines = g_strsplit (groups, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      const char *name = strrchr (lines[i], '/');
      gboolean ours = g_str_has_prefix (lines[i], "0::") ||
                      strstr (lines[i], ":name=systemd:") != NULL;

      if (ours && name != NULL && g_str_has_suffix (name, ".service"))
        return g_strdup (name + 1);
    }

  return NULL;
}

static void
add_option (GPtrArray  *shell,
            const char *name,
            const char *value)
{
  if (value != NULL && *value != '\0')
    g_ptr_array_add (shell, g_strconcat (name, value, NULL));
}

static void
add_options (GPtrArray            *shell,
             const RudScopeLimits *limits)
{
  g_autofree char *unit = find_own_unit ();

  add_option (shell, "--runtime-dir=", g_getenv ("XDG_RUNTIME_DIR"));
  add_option (shell, "--bus=", g_getenv ("DBUS_SESSION_BUS_ADDRESS"));
  /* What began later is stopped first, and requests that run while the service ends need theirs. */
  add_option (shell, "--property=BindsTo=", unit);
  add_option (shell, "--property=Before=", unit);
  add_option (shell, "--property=MemoryMax=", limits->memory_max);
  add_option (shell, "--property=TasksMax=", limits->tasks_max);
  add_option (shell, "--property=CPUQuota=", limits->cpu_quota);
}

/**
 * rud_scopes_dup_shell:
 * @limits: what each scope may use
 * @error: return location for an error that names what is missing
 *
 * Finds what is needed to run commands in scopes, without asking for one.
 *
 * Returns: (transfer full) (nullable): what to set the property `shell` of a server to
 */
char **
rud_scopes_dup_shell (const RudScopeLimits  *limits,
                      GError               **error)
{
  g_autoptr(GPtrArray) shell = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *program = g_find_program_in_path ("systemd-run");
  g_autofree char *path = NULL;
  const char *manager;

  if (program == NULL)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           _("Scopes need the program systemd-run, which is not in PATH; install "
                             "systemd, or leave out --scopes"));
      return NULL;
    }

  manager = find_manager (error);
  path = manager != NULL ? find_shell (error) : NULL;
  if (path == NULL)
    return NULL;

  g_ptr_array_add (shell, g_steal_pointer (&path));
  g_ptr_array_add (shell, g_strdup (manager));
  add_option (shell, "--systemd-run=", program);
  add_options (shell, limits);
  g_ptr_array_add (shell, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&shell), FALSE);
}

static void
output_cb (RuntimeUseCommandHandler *handler,
           RuntimeUseOutputStream    stream,
           const char               *text,
           Trial                    *trial)
{
  if (trial->complaint->len < COMPLAINT_LIMIT)
    g_string_append_len (trial->complaint, text,
                         (gssize) MIN (strlen (text), COMPLAINT_LIMIT));
}

static void
tried_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Trial *trial = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  int status;

  status = runtime_use_command_handler_run_finish (trial->handler, result, &error);
  g_signal_handlers_disconnect_by_data (trial->handler, trial);
  g_strstrip (trial->complaint->str);

  if (status == 0)
    g_task_return_boolean (task, TRUE);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (error != NULL)
    g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                             _("systemd makes no scope: %s"), error->message);
  else
    g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                             _("systemd makes no scope: %s"),
                             trial->complaint->str[0] != '\0' ? trial->complaint->str
                                                              : _("it does not say why"));
}

/* Asks for a scope, so that a manager which refuses is known before a command is. Takes a few
 * seconds at most. */
void
rud_scopes_try_async (const char * const  *shell,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr(RuntimeUseCommand) command = runtime_use_command_new ("exit 0", "/", NULL);
  Trial *trial = g_new0 (Trial, 1);

  g_task_set_source_tag (task, rud_scopes_try_async);
  trial->handler = runtime_use_command_handler_new (command);
  trial->complaint = g_string_new (NULL);
  g_task_set_task_data (task, trial, (GDestroyNotify) trial_free);

  runtime_use_command_handler_set_shell (trial->handler, shell);
  runtime_use_command_handler_set_timeout (trial->handler, TRY_DEADLINE);
  runtime_use_command_handler_set_grace (trial->handler, TRY_GRACE);
  g_signal_connect (trial->handler, "output", G_CALLBACK (output_cb), trial);
  runtime_use_command_handler_run_async (trial->handler, cancellable, tried_cb, task);
}

gboolean
rud_scopes_try_finish (GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
