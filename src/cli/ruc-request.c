/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-request.h"

#include "ruc-options.h"

#include <glib/gi18n.h>
#include <string.h>

/* A year; longer is a mistake. */
#define MAX_SECONDS 31536000

/* JSON has no way to say it. */
gboolean
ruc_request_is_utf8 (RucRequest *self,
                     const char *what,
                     const char *text)
{
  if (text == NULL || g_utf8_validate (text, -1, NULL))
    return TRUE;

  ruc_options_fail (self->command, _("%s is not UTF-8, and cannot be sent as it is"), what);

  return FALSE;
}

static gboolean
read_timeout (RucRequest *self)
{
  guint64 seconds;

  if (self->timeout == NULL)
    return TRUE;

  if (!g_ascii_string_to_unsigned (self->timeout, 10, 1, MAX_SECONDS, &seconds, NULL))
    {
      ruc_options_fail (self->command,
                        _("--timeout must be a number of seconds from 1 to %d, not \"%s\""),
                        MAX_SECONDS, self->timeout);
      return FALSE;
    }

  self->seconds = (guint) seconds;

  return TRUE;
}

/* The value is not repeated: it may be a secret. */
static gboolean
read_variables (RucRequest *self)
{
  for (gsize i = 0; self->env != NULL && self->env[i] != NULL; i++)
    {
      const char *equals = strchr (self->env[i], '=');
      g_autofree char *name = NULL;

      if (equals == NULL || equals == self->env[i])
        {
          ruc_options_fail (self->command, _("--env takes NAME=VALUE"));
          return FALSE;
        }

      name = g_strndup (self->env[i], equals - self->env[i]);
      if (!ruc_request_is_utf8 (self, "--env", self->env[i]))
        return FALSE;
      self->environment = g_environ_setenv (self->environment, name, equals + 1, TRUE);
    }

  return TRUE;
}

/* Only the name is on the command line, which everybody on the machine can read. */
static gboolean
read_secrets (RucRequest *self)
{
  g_autoptr(GStrvBuilder) secrets = g_strv_builder_new ();

  for (gsize i = 0; self->secret_names != NULL && self->secret_names[i] != NULL; i++)
    {
      const char *name = self->secret_names[i];
      const char *value = strchr (name, '=') == NULL ? g_getenv (name) : NULL;

      if (value == NULL || value[0] == '\0')
        {
          /* What comes after an equals sign may be the secret itself. */
          ruc_options_fail (self->command,
                            _("--secret takes the name of a variable that is set and not empty, "
                              "not \"%.*s\""), (int) strcspn (name, "="), name);
          return FALSE;
        }

      if (!ruc_request_is_utf8 (self, name, value))
        return FALSE;
      g_strv_builder_add (secrets, value);
      self->environment = g_environ_setenv (self->environment, name, value, TRUE);
    }

  self->secrets = g_strv_builder_end (secrets);

  return TRUE;
}

/* Reads what the options mean; says so if one cannot be used. */
gboolean
ruc_request_complete (RucRequest *self)
{
  if (self->token_file != NULL && self->url == NULL)
    {
      ruc_options_fail (self->command, _("--token-file is for a runtime elsewhere, with --url"));
      return FALSE;
    }

  return read_timeout (self) && read_variables (self) && read_secrets (self);
}

void
ruc_request_clear (RucRequest *self)
{
  g_free (self->url);
  g_free (self->token_file);
  g_free (self->timeout);
  g_strfreev (self->env);
  g_strfreev (self->secret_names);
  g_strfreev (self->environment);
  g_strfreev (self->secrets);
}
