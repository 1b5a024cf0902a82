/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-environment-proxy-private.h"

#include "runtime-use-error.h"

#include <string.h>

static const char * const names[] = {
  "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy",
  "NO_PROXY",
};

/* Of assignments with spaces between them. */
static GProxyResolver *
new_for (const char  *assignments,
         GError     **error)
{
  g_auto(GStrv) items = g_strsplit (assignments, " ", -1);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_unsetenv (names[i]);
  for (gsize i = 0; items[i] != NULL && items[i][0] != '\0'; i++)
    {
      g_auto(GStrv) pair = g_strsplit (items[i], "=", 2);

      g_setenv (pair[0], pair[1], TRUE);
    }

  return _runtime_use_environment_proxy_new (error);
}

static void
test_choice (void)
{
  static const struct
  {
    const char *environment;
    const char *uri;
    const char *proxy;
  } cases[] = {
    { "", "https://api.example/v1", "direct://" },
    { "https_proxy=http://p:1", "https://api.example/v1", "http://p:1" },
    { "https_proxy=p:1", "https://api.example/v1", "http://p:1" },
    { "https_proxy=http://user:word@p:1", "https://api.example", "http://user:word@p:1" },
    { "HTTPS_PROXY=http://p:1", "https://api.example/v1", "http://p:1" },
    { "https_proxy=http://p:1 HTTPS_PROXY=http://q:1", "https://api.example", "http://p:1" },
    { "https_proxy= HTTPS_PROXY=http://q:1", "https://api.example", "http://q:1" },
    { "https_proxy=http://p:1", "http://api.example/v1", "direct://" },
    { "http_proxy=http://p:1", "http://api.example/v1", "http://p:1" },
    { "HTTP_PROXY=http://p:1", "http://api.example/v1", "direct://" },
    { "all_proxy=socks5h://p:1", "https://api.example", "socks5://p:1" },
    { "ALL_PROXY=http://p:1 https_proxy=http://q:1", "https://api.example", "http://q:1" },
    { "ALL_PROXY=http://p:1 https_proxy=http://q:1", "http://api.example", "http://p:1" },
    { "all_proxy=http://p:1", "http://127.0.0.1:8080/v1", "direct://" },
    { "all_proxy=http://p:1", "http://127.9.9.9/v1", "direct://" },
    { "all_proxy=http://p:1", "http://localhost:11434/v1", "direct://" },
    { "all_proxy=http://p:1", "http://[::1]:11434/v1", "direct://" },
    { "all_proxy=http://p:1 no_proxy=api.example,x", "https://api.example", "direct://" },
    { "all_proxy=http://p:1 no_proxy=.example", "https://api.example", "direct://" },
    { "all_proxy=http://p:1 NO_PROXY=10.0.0.0/8,[fd00::1]", "http://10.1.2.3/", "direct://" },
    { "all_proxy=http://p:1 NO_PROXY=10.0.0.0/8,[fd00::1]", "http://[fd00::1]/", "direct://" },
    { "all_proxy=http://p:1 NO_PROXY=10.0.0.0/8,[fd00::1]", "http://11.1.2.3/", "http://p:1" },
    { "all_proxy=http://p:1 no_proxy=other.example", "https://api.example", "http://p:1" },
    { "all_proxy=http://p:1 no_proxy=*", "https://api.example", "direct://" },
  };

  g_test_summary ("The variables choose as they do for other programs, and never for loopback");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GProxyResolver) resolver = new_for (cases[i].environment, &error);
      g_auto(GStrv) proxies = NULL;

      g_test_message ("%s: %s", cases[i].environment, cases[i].uri);
      g_assert_no_error (error);
      proxies = g_proxy_resolver_lookup (resolver, cases[i].uri, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (proxies[0], ==, cases[i].proxy);
      g_assert_null (proxies[1]);
    }
}

static void
test_wrong (void)
{
  static const char * const wrong[] = {
    "https_proxy=http://", "HTTPS_PROXY=ftp://user:word@p", "http_proxy=://word", "all_proxy=a:b:c",
  };

  g_test_summary ("What is no proxy is an error that names the variable, without a password");

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *name = g_strndup (wrong[i], strcspn (wrong[i], "="));

      g_assert_null (new_for (wrong[i], &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_prefix (error->message, name));
      g_assert_null (strstr (error->message, "word"));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/environment-proxy/choice", test_choice);
  g_test_add_func ("/environment-proxy/wrong", test_wrong);

  return g_test_run ();
}
