/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-credential.h"

#include "runtimeuse.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_VARIABLE "RUNTIMEUSE_TOKEN"
#define TOKEN_FILE_VARIABLE "RUNTIMEUSE_TOKEN_FILE"
#define CREDENTIAL_NAME "runtimeuse.token"

/* Longer than any token, so that nobody reads a disk by mistake. */
#define TOKEN_LIMIT 4096

/* Shorter ones can be guessed. */
#define TOKEN_SHORTEST 16

void
rud_credential_free (char *token)
{
  if (token != NULL)
    explicit_bzero (token, strlen (token));
  g_free (token);
}

/* The block that a process was started with stays readable in /proc for root,
 * and is handed to children, so the value is overwritten there.
 */
static char *
take_variable (const char *name)
{
  const char *value = g_getenv (name);
  char *copy;

  if (value == NULL)
    return NULL;

  copy = g_strdup (value);
  explicit_bzero ((char *) value, strlen (value));
  g_unsetenv (name);

  return copy;
}

static void
warn_if_shared (int         fd,
                const char *path)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && (info.st_mode & 077) != 0)
    g_warning (_("The token in %s can be read by others. Better: chmod 600 %s"), path, path);
}

/* Reads to the end, since a pipe gives what it has in pieces. */
static gssize
read_all (int   fd,
          char *buffer,
          gsize size)
{
  gsize length = 0;

  while (length < size)
    {
      gssize n_read = read (fd, buffer + length, size - length);

      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read < 0)
        return -1;
      if (n_read == 0)
        break;
      length += n_read;
    }

  return length;
}

static char *
read_token_file (const char  *path,
                 GError     **error)
{
  char buffer[TOKEN_LIMIT + 1];
  gssize length = -1;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
  char *token;

  if (fd >= 0)
    {
      warn_if_shared (fd, path);
      length = read_all (fd, buffer, TOKEN_LIMIT);
    }

  if (length < 0)
    {
      int saved_errno = errno;

      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("Cannot read the token from %s: %s"), path, g_strerror (saved_errno));
      if (fd >= 0)
        g_close (fd, NULL);
      return NULL;
    }

  g_close (fd, NULL);
  buffer[length] = '\0';
  token = g_strdup (buffer);
  explicit_bzero (buffer, sizeof buffer);

  return token;
}

static gboolean
check_token (char        *token,
             const char  *source,
             GError     **error)
{
  g_strstrip (token);

  if (strlen (token) < TOKEN_SHORTEST || strlen (token) >= TOKEN_LIMIT)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("The token from %s must have %d to %d characters"),
                   source, TOKEN_SHORTEST, TOKEN_LIMIT - 1);
      return FALSE;
    }

  for (const char *c = token; *c != '\0'; c++)
    {
      if (g_ascii_isgraph (*c))
        continue;

      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("The token from %s must be one word of plain ASCII characters"), source);
      return FALSE;
    }

  return TRUE;
}

/* Whether the environment has the token itself, which no file of the configuration changes. */
gboolean
rud_credential_in_variable (void)
{
  return g_getenv (TOKEN_VARIABLE) != NULL;
}

/* Finds the token in @token_file, the environment, @other_file, or where systemd has put it, in
 * this order. None is no error.
 */
gboolean
rud_credential_read_token (const char  *token_file,
                           const char  *other_file,
                           char       **token,
                           GError     **error)
{
  g_autofree char *from_variable = take_variable (TOKEN_VARIABLE);
  const char *file_variable = g_getenv (TOKEN_FILE_VARIABLE);
  const char *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *credential = NULL;
  const char *source = token_file;

  if (credentials != NULL)
    credential = g_build_filename (credentials, CREDENTIAL_NAME, NULL);

  if (source == NULL && from_variable != NULL)
    {
      *token = g_steal_pointer (&from_variable);
      source = TOKEN_VARIABLE;
    }
  else
    {
      if (from_variable != NULL)
        explicit_bzero (from_variable, strlen (from_variable));
      if (source == NULL)
        source = file_variable != NULL ? file_variable : other_file;
      if (source == NULL && credential != NULL && g_file_test (credential, G_FILE_TEST_EXISTS))
        source = credential;
      if (source == NULL)
        return TRUE;

      *token = read_token_file (source, error);
      if (*token == NULL)
        return FALSE;
    }

  if (check_token (*token, source, error))
    return TRUE;

  rud_credential_free (g_steal_pointer (token));

  return FALSE;
}
