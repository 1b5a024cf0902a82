/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-doctor-agents.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define MANAGED_SETTINGS "/etc/claude-code/managed-settings.json"

/* The last version of claude that is known to ask a model without end which does not hand over the
 * object that was asked for. */
static const guint endless_claude[] = { 2, 1, 73 };

static gboolean
is_set (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && *value != '\0';
}

/* Of several things that are wrong all is told at once. */
static void
limit (RudCheck   *check,
       const char *advice)
{
  g_autofree char *before = g_steal_pointer (&check->advice);

  check->state = RUD_CHECK_LIMITED;
  check->advice = before != NULL ? g_strdup_printf ("%s; %s", before, advice) : g_strdup (advice);
}

/* Without the name and the password that an address may have in it. */
static char *
dup_shown_address (const char *address)
{
  const char *at = strrchr (address, '@');
  g_autoptr(GUri) uri = NULL;

  if (at == NULL)
    return g_strdup (address);

  uri = g_uri_parse (address, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED, NULL);

  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return g_strdup (at + 1);

  return g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO);
}

/* A key that a request brings does as well, so without one it is not missing. */
static void
check_openai (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, RUD_AGENT_PREFIX "openai",
                               _("models of OpenAI, and of servers that are spoken to likewise"));

  check->value = dup_shown_address (is_set ("OPENAI_BASE_URL") ? g_getenv ("OPENAI_BASE_URL")
                                                               : "api.openai.com");
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      check->state = RUD_CHECK_LIMITED;
      check->advice = g_strdup (_("Without TLS only addresses with http: can be used; install the "
                                  "package glib-networking"));
    }
  else if (!is_set ("OPENAI_API_KEY") && !is_set ("OPENAI_BASE_URL"))
    {
      check->state = RUD_CHECK_LIMITED;
      check->advice = g_strdup (_("Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs "
                                  "no key; a request may bring them in agent_env"));
    }
}

static gboolean
is_endless_claude (const char *version)
{
  g_auto(GStrv) numbers = g_strsplit (version, ".", -1);

  for (guint i = 0; i < G_N_ELEMENTS (endless_claude); i++)
    {
      guint64 number = numbers[i] != NULL ? g_ascii_strtoull (numbers[i], NULL, 10) : 0;

      if (number != endless_claude[i])
        return number < endless_claude[i];
      if (numbers[i] == NULL)
        break;
    }

  return TRUE;
}

static gboolean
is_any_set (const char * const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (is_set (names[i]))
      return TRUE;

  return FALSE;
}

/* Good enough for files that only one program writes. */
static gboolean
is_named_in (const char *name,
             const char *path)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", name);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, quoted) != NULL;
}

/* Who has logged in has one of two files. Settings of the user are not asked for a key, those for
 * the whole machine are. */
static gboolean
is_logged_in (void)
{
  gboolean is_moved = is_set ("CLAUDE_CONFIG_DIR");
  const char *home = is_moved ? g_getenv ("CLAUDE_CONFIG_DIR") : g_get_home_dir ();
  g_autofree char *credentials = g_build_filename (home, is_moved ? "" : ".claude",
                                                   ".credentials.json", NULL);
  g_autofree char *account = g_build_filename (home, ".claude.json", NULL);

  return g_file_test (credentials, G_FILE_TEST_EXISTS) ||
         is_named_in ("primaryApiKey", account) ||
         is_named_in ("apiKeyHelper", MANAGED_SETTINGS);
}

/* For claude a variable of the last three says who else has the model. */
static gboolean
has_claude_key (void)
{
  static const char * const names[] = {
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_VERTEX",
    NULL
  };

  return is_any_set (names) || is_logged_in ();
}

void
rud_doctor_judge_claude (RudCheck *check)
{
  if (check->state != RUD_CHECK_OK)
    return;

  if (is_endless_claude (check->value))
    {
      g_autofree char *advice = NULL;

      advice = g_strdup_printf (_("This version may ask the model without end where an object is "
                                  "asked for; update it with: %s"),
                                RUD_INSTALL_CLAUDE "@latest");
      limit (check, advice);
    }
  if (geteuid () == 0 && g_strcmp0 (g_getenv ("IS_SANDBOX"), "1") != 0)
    limit (check, _("It does not work for root. Run as another user, or, where nothing can be "
                    "harmed, set IS_SANDBOX=1"));
  if (!has_claude_key ())
    limit (check, _("Set ANTHROPIC_API_KEY, or log in with claude as the user of the server; a "
                    "request may bring a key in agent_env"));
}

void
rud_doctor_add_agent_checks (GPtrArray *checks)
{
  check_openai (checks);
  rud_check_add (checks, RUD_AGENT_PREFIX "shell", _("prompts that are scripts"));
  rud_check_add (checks, RUD_AGENT_PREFIX "echo", _("tests and measurements"));
}
