/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-host-program-private.h"

#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-helper-private.h"

/* Where our hosts lie in a build tree. */
#define HOST_FOLDER "handler-hosts"

#define MAX_PROGRAMS 2

/* Whoever is run this way knows that descriptors 3 and 4 are meant for it. */
static const char * const host_env[] = { "RUNTIMEUSE_HANDLER_PROTOCOL=1", NULL };

typedef struct
{
  const char *suffix;
  const char *host;
  const char *programs[MAX_PROGRAMS];   /* the first that there is */
  const char *advice;
} Language;

#define JAVASCRIPT \
  "runtimeuse-host.mjs", { "bun", "node" }, \
  "install bun, or Node.js with: apt-get install nodejs"

static const Language languages[] = {
  { ".js", JAVASCRIPT },
  { ".mjs", JAVASCRIPT },
  { ".cjs", JAVASCRIPT },
  { ".ts", JAVASCRIPT },
  { ".py", "runtimeuse-host.py", { "python3" }, "install it with: apt-get install python3" },
};

static const Language *
find_language (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (languages); i++)
    if (g_str_has_suffix (path, languages[i].suffix))
      return &languages[i];

  return NULL;
}

static char *
find_interpreter (const Language  *language,
                  const char      *path,
                  GError         **error)
{
  g_autoptr(GString) names = g_string_new (NULL);

  for (gsize i = 0; i < MAX_PROGRAMS && language->programs[i] != NULL; i++)
    {
      char *program = g_find_program_in_path (language->programs[i]);

      if (program != NULL)
        return program;
      g_string_append_printf (names, "%s%s", i > 0 ? " or " : "", language->programs[i]);
    }

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
               "%s needs %s, which is not in PATH; %s", path, names->str, language->advice);

  return NULL;
}

/* A shell starts it, and is gone at once. */
static RuntimeUseCommand *
make_command (const char *program,
              const char *host,
              const char *path)
{
  g_autoptr(GString) line = g_string_new ("exec");
  const char *words[] = { program, host, path };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (words[i] != NULL)
      {
        g_autofree char *quoted = g_shell_quote (words[i]);

        g_string_append_printf (line, " %s", quoted);
      }

  return runtime_use_command_new (line->str, NULL, host_env);
}

RuntimeUseCommand *
_runtime_use_host_program_find (const char  *path,
                                GError     **error)
{
  const Language *language = find_language (path);
  g_autofree char *interpreter = NULL;
  g_autofree char *host = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   g_file_test (path, G_FILE_TEST_EXISTS) ? "the handler %s is not a file"
                                                          : "the handler %s does not exist",
                   path);
      return NULL;
    }

  if (language == NULL)
    {
      if (access (path, X_OK) == 0)
        return make_command (NULL, NULL, path);

      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "the handler %s is not executable, and its name does not end in .js, .mjs, "
                   ".cjs, .ts or .py; use chmod +x if it is a program", path);
      return NULL;
    }

  interpreter = find_interpreter (language, path, error);
  if (interpreter == NULL)
    return NULL;
  host = _runtime_use_helper_find (HOST_FOLDER, language->host, error);
  if (host == NULL)
    return NULL;

  return make_command (interpreter, host, path);
}
