/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-doctor-agents.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <unistd.h>

static gboolean
is_set (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && *value != '\0';
}

static RudCheck *
add_check (GPtrArray  *checks,
           const char *name,
           const char *purpose)
{
  RudCheck *check = rud_check_new (name, purpose);

  g_ptr_array_add (checks, check);

  return check;
}

/* A key that a request brings does as well, so without one it is not missing. */
static void
check_openai (GPtrArray *checks)
{
  RudCheck *check = add_check (checks, RUD_AGENT_PREFIX "openai",
                               _("models of OpenAI, and of servers that are spoken to likewise"));

  check->value = g_strdup (is_set ("OPENAI_BASE_URL") ? g_getenv ("OPENAI_BASE_URL")
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

void
rud_doctor_judge_claude (RudCheck *check)
{
  if (check->state != RUD_CHECK_OK || geteuid () != 0 ||
      g_strcmp0 (g_getenv ("IS_SANDBOX"), "1") == 0)
    return;

  check->state = RUD_CHECK_LIMITED;
  check->advice = g_strdup (_("It does not work for root. Run as another user, or, where nothing "
                              "can be harmed, set IS_SANDBOX=1"));
}

void
rud_doctor_add_agent_checks (GPtrArray *checks)
{
  check_openai (checks);
  add_check (checks, RUD_AGENT_PREFIX "shell", _("prompts that are scripts"));
  add_check (checks, RUD_AGENT_PREFIX "echo", _("tests and measurements"));
}
