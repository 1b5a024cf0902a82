/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-job-request-private.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-job-protocol-private.h"

/* What Linux allows for one argument or variable, with its NUL, whatever the other limits are. */
#define MAX_STRING (32 * 4096)

/* Linux gives arguments and environment a quarter of the stack limit, and no more than this. */
#define MAX_TOTAL (6 * 1024 * 1024)

/* More than anybody may hand over; see MAX_TOTAL. */
#define MAX_RESERVED (64 * 1024 * 1024)

/* Room for what the kernel itself puts there, and the name of the shell. */
#define TOTAL_RESERVE 8192

static const char * const private_variables[] = {
  "CREDENTIALS_DIRECTORY",
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
};

static guint64 descriptor_limit = 1024;

/* Programs raise the limit for their own connections once they run. Commands get the one that was
 * there when the library was loaded. */
static void __attribute__ ((constructor))
remember_descriptor_limit (void)
{
  struct rlimit found;

  if (getrlimit (RLIMIT_NOFILE, &found) == 0)
    descriptor_limit = found.rlim_cur;
}

static gboolean
is_private (const char *variable)
{
  gsize length = strcspn (variable, "=");

  if (g_str_has_prefix (variable, "RUNTIMEUSE_TOKEN") ||
      g_str_has_prefix (variable, "LISTEN_") ||
      g_str_has_prefix (variable, "DBUS_STARTER_"))
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (private_variables); i++)
    if (strlen (private_variables[i]) == length &&
        memcmp (private_variables[i], variable, length) == 0)
      return TRUE;

  return FALSE;
}

static gsize
get_max_total (void)
{
  long limit = sysconf (_SC_ARG_MAX);

  return MIN (limit > 0 ? (gsize) limit : MAX_TOTAL, MAX_TOTAL) - TOTAL_RESERVE;
}

static void
append_string (GByteArray *self,
               const char *string)
{
  g_byte_array_append (self, (const guint8 *) string, (guint) strlen (string) + 1);
}

static gboolean
append_shell (GByteArray          *self,
              const char * const  *shell,
              guint32             *n_shell,
              GError             **error)
{
  /* A relative one would be looked for in the command's directory. */
  if (!g_path_is_absolute (shell[0]))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "shell: %s is not an absolute path", shell[0]);
      return FALSE;
    }

  for (*n_shell = 0; shell[*n_shell] != NULL; (*n_shell)++)
    append_string (self, shell[*n_shell]);

  return TRUE;
}

static gboolean
append_command (GByteArray  *self,
                const char  *command,
                GError     **error)
{
  gsize length = strlen (command);

  /* "--" before the command is not understood by every shell; a space is. */
  const char *guard = command[0] == '-' || command[0] == '+' ? " " : "";

  if (length + strlen (guard) >= MAX_STRING)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                   "spawn E2BIG: command has %" G_GSIZE_FORMAT " bytes, but the system allows "
                   "%d; put the script into a file", length, MAX_STRING - 1);
      return FALSE;
    }

  g_byte_array_append (self, (const guint8 *) guard, (guint) strlen (guard));
  append_string (self, command);

  return TRUE;
}

static gboolean
append_variable (GByteArray  *self,
                 const char  *variable,
                 GError     **error)
{
  gsize name_length = strcspn (variable, "=");

  if (name_length == 0 || variable[name_length] == '\0')
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "env: an entry must have the form NAME=VALUE");
      return FALSE;
    }
  if (strlen (variable) >= MAX_STRING)
    {
      /* The value may be a secret, the name is none. */
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                   "spawn E2BIG: env.%.*s has %" G_GSIZE_FORMAT " bytes with its name, but the "
                   "system allows %d",
                   (int) MIN (name_length, 256), variable, strlen (variable), MAX_STRING - 1);
      return FALSE;
    }

  append_string (self, variable);
  return TRUE;
}

static guint
hash_name (gconstpointer variable)
{
  guint hash = 5381;

  for (const char *p = variable; *p != '\0' && *p != '='; p++)
    hash = hash * 33 + (guchar) *p;

  return hash;
}

static gboolean
equal_names (gconstpointer a,
             gconstpointer b)
{
  gsize length = strcspn (a, "=");

  return length == strcspn (b, "=") && memcmp (a, b, length) == 0;
}

/* The variables of @base that @overlay does not set, then those of @overlay; of two entries with
 * the same name the last wins. */
static gboolean
append_environment (GByteArray          *self,
                    const char * const  *base,
                    const char * const  *overlay,
                    guint32             *n_variables,
                    GError             **error)
{
  g_autoptr(GHashTable) names = NULL;

  if (overlay != NULL && overlay[0] != NULL)
    names = g_hash_table_new (hash_name, equal_names);
  for (gsize i = 0; overlay != NULL && overlay[i] != NULL; i++)
    g_hash_table_replace (names, (gpointer) overlay[i], (gpointer) overlay[i]);

  for (gsize i = 0; base[i] != NULL; i++)
    if (names == NULL || !g_hash_table_contains (names, base[i]))
      {
        if (!append_variable (self, base[i], error))
          return FALSE;
        (*n_variables)++;
      }

  for (gsize i = 0; names != NULL && overlay[i] != NULL; i++)
    if (g_hash_table_lookup (names, overlay[i]) == overlay[i])
      {
        if (!append_variable (self, overlay[i], error))
          return FALSE;
        (*n_variables)++;
      }

  return TRUE;
}

static char **
dup_own_environment (void)
{
  char **variables = g_get_environ ();
  gsize kept = 0;

  for (gsize i = 0; variables[i] != NULL; i++)
    if (is_private (variables[i]) || strchr (variables[i], '=') == NULL || variables[i][0] == '=')
      g_free (variables[i]);
    else
      variables[kept++] = variables[i];
  variables[kept] = NULL;

  return variables;
}

static gboolean
check_total (const GByteArray  *self,
             guint32            n_variables,
             GError           **error)
{
  gsize total = self->len + ((gsize) n_variables + 8) * sizeof (char *);
  gsize max_total = get_max_total ();

  if (total <= max_total)
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
               "spawn E2BIG: command and env have %" G_GSIZE_FORMAT " bytes together, but the "
               "system allows %" G_GSIZE_FORMAT, total, max_total);

  return FALSE;
}

static gsize
get_length (const char * const *variables)
{
  gsize length = 0;

  for (gsize i = 0; variables != NULL && variables[i] != NULL; i++)
    length += strlen (variables[i]) + 1;

  return length;
}

/* Room for all that is to be written: an array that grew would leave copies of secrets behind. */
static GByteArray *
reserve (RuntimeUseCommand  *command,
         const char * const *shell,
         const char * const *base_environ)
{
  const char *cwd = runtime_use_command_get_cwd (command);
  gsize length = sizeof (RuntimeUseJobHeader);

  length += cwd != NULL ? strlen (cwd) + 1 : 1;
  length += strlen (runtime_use_command_get_command (command)) + 2;
  length += get_length (shell);
  length += get_length (base_environ) + get_length (runtime_use_command_get_env (command));

  return g_byte_array_sized_new ((guint) MIN (length, MAX_RESERVED));
}

/* Wipes it first, because the environment may hold secrets. */
void
_runtime_use_job_request_free (GByteArray *request)
{
  if (request->len > 0)
    explicit_bzero (request->data, request->len);
  g_byte_array_unref (request);
}

/* Writes down a command for the program that runs it, or says why it cannot run. @shell is the
 * program that it is given to and what that gets before "-c", or NULL for /bin/sh. @base_environ is
 * what the command's own variables are laid over; without it, the environment of this process less
 * what is meant for this process alone. To be freed with _runtime_use_job_request_free(). */
GByteArray *
_runtime_use_job_request_new (RuntimeUseCommand   *command,
                              const char * const  *shell,
                              const char * const  *base_environ,
                              GError             **error)
{
  static const char * const default_shell[] = { RUNTIME_USE_DEFAULT_SHELL, NULL };
  GByteArray *self;
  g_auto(GStrv) own_environ = NULL;
  RuntimeUseJobHeader header = { .descriptor_limit = descriptor_limit };
  const char *cwd = runtime_use_command_get_cwd (command);

  if (base_environ == NULL)
    base_environ = (const char * const *) (own_environ = dup_own_environment ());

  if (shell == NULL || shell[0] == NULL)
    shell = default_shell;

  self = reserve (command, shell, base_environ);
  g_byte_array_append (self, (const guint8 *) &header, sizeof header);
  append_string (self, cwd != NULL ? cwd : "");
  if (!append_shell (self, shell, &header.n_shell, error) ||
      !append_command (self, runtime_use_command_get_command (command), error) ||
      !append_environment (self, base_environ, runtime_use_command_get_env (command),
                           &header.n_variables, error) ||
      !check_total (self, header.n_variables, error))
    {
      _runtime_use_job_request_free (self);
      return NULL;
    }

  header.size = self->len;
  memcpy (self->data, &header, sizeof header);

  return self;
}
