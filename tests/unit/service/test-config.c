/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-address.h"
#include "rud-config-file.h"
#include "rud-config.h"
#include "runtimeuse.h"

#include <glib/gstdio.h>
#include <string.h>

#define MANY_LINES 20000

static gboolean
add_text (RudConfig   *config,
          const char  *path,
          const char  *text,
          gssize       length,
          GError     **error)
{
  g_autoptr(GBytes) content = g_bytes_new (text, length >= 0 ? (gsize) length : strlen (text));

  return rud_config_add_content (config, path, content, error);
}

static void
check_error (const char *text,
             gssize      length,
             const char *where,
             const char *word)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (add_text (config, "/d/x.conf", text, length, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, where));
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_errors (void)
{
  static const struct
  {
    const char *text;
    const char *where;
    const char *word;
  } cases[] = {
    { "port = 1\n", "/d/x.conf:1: ", "[runtimeuse]" },
    { "[runtimeuse]\nprot = 1\n", "/d/x.conf:2: ", "no key prot in [runtimeuse]" },
    { "[runtimeuse]\n\n# x\nPort = 1\n", "/d/x.conf:4: ", "no key Port" },
    { "[runtimeuse]\nport[de] = 1\n", "/d/x.conf:2: ", "no key port[de]" },
    { "[runtimeuse]\nmax-connections = 1\n", "/d/x.conf:2: ", "[limits]" },
    { "[limits]\nport = 1\n", "/d/x.conf:2: ", "[runtimeuse]" },
    { "\n[limit]\nport = 1\n", "/d/x.conf:2: ", "no group [limit]" },
    { "[limit]", "/d/x.conf:1: ", "no group [limit]" },
    { "[runtimeuse\n", "/d/x.conf:1: ", "[NAME]" },
    { "[]\n", "/d/x.conf:1: ", "[NAME]" },
    { "[a]b]\n", "/d/x.conf:1: ", "[NAME]" },
    { "[runtimeuse] # x\n", "/d/x.conf:1: ", "[NAME]" },
    { "[runtimeuse]\nport\n", "/d/x.conf:2: ", "KEY=VALUE" },
    { "[runtimeuse]\n= 1\n", "/d/x.conf:2: ", "KEY=VALUE" },
    { "[runtimeuse]\nport: 1\n", "/d/x.conf:2: ", "KEY=VALUE" },
    { "[runtimeuse]\nport = 1\nport = 1\n", "/d/x.conf:3: ", "/d/x.conf:2" },
    { "[runtimeuse]\nport = 1\n[limits]\n[runtimeuse]\nport=1", "/d/x.conf:5: ", "/d/x.conf:2" },
    { "[runtimeuse]\nport =\n", "/d/x.conf:2: port: ", "from 0 to 65535" },
    { "[runtimeuse]\nport = 65536\n", "/d/x.conf:2: port: ", "\"65536\"" },
    { "[runtimeuse]\nport = -1\n", "/d/x.conf:2: port: ", "from 0 to 65535" },
    { "[runtimeuse]\nport = 0x10\n", "/d/x.conf:2: port: ", "from 0 to 65535" },
    { "[runtimeuse]\nport = 80 # x\n", "/d/x.conf:2: port: ", "\"80 # x\"" },
    { "[runtimeuse]\nport = \xc3\xa4\xe2\x80\x8b[\n", "/d/x.conf:2: port: ", "\xc3\xa4?[" },
    { "[runtimeuse]\nhost = \x1b[31m\n", "/d/x.conf:2: ", "control" },
    { "[runtimeuse]\rport = 1\n", "/d/x.conf:1: ", "control" },
    { "[runtimeuse]\nscopes = maybe\n", "/d/x.conf:2: scopes: ", "true or false" },
    { "[runtimeuse]\nscopes = TRUE\n", "/d/x.conf:2: scopes: ", "true or false" },
    { "[runtimeuse]\nnotify = sometimes\n", "/d/x.conf:2: notify: ", "unwatched, always, never" },
    { "[runtimeuse]\nhost =\n", "/d/x.conf:2: host: ", "empty" },
    { "[runtimeuse]\nhandler =\n", "/d/x.conf:2: handler: ", "empty" },
    { "[runtimeuse]\nhandler = a\\b\n", "/d/x.conf:2: handler: ", "\\\\" },
    { "[runtimeuse]\nhandler = a\\\n", "/d/x.conf:2: handler: ", "\\\\" },
    { "[runtimeuse]\nallow-origin = a;;b\n", "/d/x.conf:2: allow-origin: ", "semicolons" },
    { "[runtimeuse]\nallow-origin = ;\n", "/d/x.conf:2: allow-origin: ", "semicolons" },
    { "[runtimeuse]\nlisten = 8080\n", "/d/x.conf:2: listen: ", "unix:PATH" },
    { "[runtimeuse]\nscope-memory-max = 2 G\n", "/d/x.conf:2: scope-memory-max: ", "512M" },
    { "[runtimeuse]\nscope-cpu-quota = 2\n", "/d/x.conf:2: scope-cpu-quota: ", "50%" },
    { "[limits]\nartifact-wait = 51\n", "/d/x.conf:2: artifact-wait: ", "from 0 to 50" },
    { "[limits]\nupload-timeout = 0\n", "/d/x.conf:2: upload-timeout: ", "from 1" },
    { "[agent-limits]\nmax-turns = x\n", "/d/x.conf:2: max-turns: ", "must be a number" },
    { "[runtimeuse]\nhost = \xff\n", "/d/x.conf:2: ", "UTF-8" },
    { "# \xc3\n[runtimeuse]\n", "/d/x.conf:1: ", "UTF-8" },
  };
  static const char with_nul[] = "[runtimeuse]\nhost = a\0b\n";

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_error (cases[i].text, -1, cases[i].where, cases[i].word);
  check_error (with_nul, sizeof with_nul - 1, "/d/x.conf:2: ", "control");
}

/* What a file that may be a secret holds is not repeated unless it looks like a setting. */
static void
test_secret (void)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (add_text (config, "x", "hunter2 and more\n", -1, &error));
  g_assert_null (strstr (error->message, "hunter2"));

  g_clear_error (&error);
  g_assert_false (add_text (config, "x", "[runtimeuse]\ntoken = hunter2\n", -1, &error));
  g_assert_null (strstr (error->message, "hunter2"));
  g_assert_nonnull (strstr (error->message, "token"));
}

/* A long word does not make a long message. */
static void
test_long_words (void)
{
  g_autofree char *word = g_strnfill (100000, 'x');
  g_autofree char *text = g_strdup_printf ("[runtimeuse]\nport = %s\n", word);
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (add_text (config, "x", text, -1, &error));
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static void
test_values (void)
{
  static const char text[] =
    "\n"
    "  # comment\n"
    "[runtimeuse]\r\n"
    "  host  =  a = b  \r\n"
    "handler = /a b\\s\\\\;c\n"
    "openai-api=chat\n"
    "\t port=0\n"
    "keys-for-tools = yes\n"
    "metrics = 0\n"
    "allow-origin = http://a ; http://b\\;c;\n"
    "allowed-host =\n"
    "listen = unix:s; unix:/t; [::1]:80; 1.2.3.4:5\n"
    "token-file = ~/t\n"
    "[limits]\n"
    "max-message-size = 7\n"
    "[runtimeuse]\n"
    "agent = \xc3\xa4";
  g_autofree char *token_file = g_build_filename (g_get_home_dir (), "t", NULL);
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;
  const char * const *list;

  g_assert_true (add_text (config, "/d/x.conf", text, -1, &error));
  g_assert_no_error (error);

  g_assert_cmpstr (rud_config_get_string (config, "host"), ==, "a = b");
  g_assert_cmpstr (rud_config_get_string (config, "handler"), ==, "/a b \\;c");
  g_assert_cmpstr (rud_config_get_string (config, "openai-api"), ==, "chat");
  g_assert_cmpstr (rud_config_get_string (config, "agent"), ==, "\xc3\xa4");
  g_assert_cmpstr (rud_config_get_string (config, "token-file"), ==, token_file);
  g_assert_cmpuint (rud_config_get_number (config, "port"), ==, 0);
  g_assert_true (rud_config_get_boolean (config, "keys-for-tools"));
  g_assert_false (rud_config_get_boolean (config, "metrics"));
  g_assert_true (rud_config_is_set (config, "allowed-host"));
  g_assert_false (rud_config_is_set (config, "scopes"));
  g_assert_null (rud_config_get_strv (config, "allowed-host")[0]);

  list = rud_config_get_strv (config, "allow-origin");
  g_assert_cmpuint (g_strv_length ((char **) list), ==, 2);
  g_assert_cmpstr (list[0], ==, "http://a");
  g_assert_cmpstr (list[1], ==, "http://b;c");

  list = rud_config_get_strv (config, "listen");
  g_assert_cmpuint (g_strv_length ((char **) list), ==, 4);
  g_assert_cmpstr (list[0], ==, "unix:/d/s");
  g_assert_cmpstr (list[1], ==, "unix:/t");

  g_assert_cmpuint (rud_config_lookup (config, "limits", "max-message-size")->number, ==, 7);
  g_assert_cmpstr (rud_config_lookup (config, "limits", "max-message-size")->where, ==,
                   "/d/x.conf:15");
  g_assert_null (rud_config_lookup (config, "limits", "port"));
}

/* A key is what it is when nobody sets it. */
static void
test_defaults (void)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  GArray *keys = rud_config_get_keys (config);

  for (guint i = 0; i < keys->len; i++)
    {
      const RudConfigKey *key = &g_array_index (keys, RudConfigKey, i);
      const RudConfigValue *value = rud_config_lookup (config, key->group, key->name);

      g_assert_true (value->key == key);
      g_assert_cmpint (value->source, ==, RUD_CONFIG_DEFAULT);
      g_assert_null (value->where);
      if (g_str_equal (key->group, RUD_CONFIG_LIMITS))
        g_assert_true (key->number >= key->minimum && key->number <= key->maximum);
      g_assert_true (rud_config_keys_has_group (key->group));
    }

  g_assert_cmpuint (rud_config_get_number (config, "port"), ==, 8080);
  g_assert_cmpstr (rud_config_get_string (config, "agent"), ==, "openai");
  g_assert_cmpstr (rud_config_get_string (config, "notify"), ==, "unwatched");
  g_assert_null (rud_config_get_string (config, "host"));
  g_assert_null (rud_config_get_strv (config, "listen")[0]);
  g_assert_true (rud_config_get_boolean (config, "metrics"));
}

/* Places */

static void
write_file (const char *folder,
            const char *text)
{
  g_autofree char *place = g_build_filename (folder, "runtimeuse", NULL);
  g_autofree char *path = g_build_filename (place, "runtimeuse.conf", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_no_errno (g_mkdir_with_parents (place, 0700));
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
remove_file (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "runtimeuse", "runtimeuse.conf", NULL);

  g_unlink (path);
}

/* What of the five places sets a key, and which one has to win. */
static void
test_order (void)
{
  static const struct
  {
    const char      *system;
    const char      *user;
    const char      *variable;
    const char      *option;
    guint64          port;
    RudConfigSource  source;
  } cases[] = {
    { NULL, NULL, NULL, NULL, 8080, RUD_CONFIG_DEFAULT },
    { "1", NULL, NULL, NULL, 1, RUD_CONFIG_FILE },
    { "1", "2", NULL, NULL, 2, RUD_CONFIG_FILE },
    { "1", "2", "3", NULL, 3, RUD_CONFIG_ENVIRONMENT },
    { "1", "2", "3", "4", 4, RUD_CONFIG_OPTION },
    { NULL, "2", NULL, "4", 4, RUD_CONFIG_OPTION },
    { "1", NULL, "3", NULL, 3, RUD_CONFIG_ENVIRONMENT },
    { "1", NULL, NULL, "8080", 8080, RUD_CONFIG_OPTION },
  };
  const char *system = g_get_system_config_dirs ()[0];
  const char *user = g_get_user_config_dir ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RudConfig) config = rud_config_new ();
      g_autofree char *system_text = g_strdup_printf ("[runtimeuse]\nport=%s", cases[i].system);
      g_autofree char *user_text = g_strdup_printf ("[runtimeuse]\nport=%s", cases[i].user);
      g_autoptr(GError) error = NULL;

      write_file (system, cases[i].system != NULL ? system_text : "");
      write_file (user, cases[i].user != NULL ? user_text : "");
      if (cases[i].variable != NULL)
        g_setenv ("RUNTIMEUSE_PORT", cases[i].variable, TRUE);
      if (cases[i].option != NULL)
        rud_config_add_option (config, RUD_CONFIG_MAIN, "port", cases[i].option);

      g_assert_true (rud_config_load (config, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (rud_config_get_number (config, "port"), ==, cases[i].port);
      g_assert_cmpint (rud_config_lookup (config, RUD_CONFIG_MAIN, "port")->source, ==,
                       cases[i].source);
      g_assert_cmpint (rud_config_is_set (config, "port"), ==,
                       cases[i].source != RUD_CONFIG_DEFAULT);
      g_unsetenv ("RUNTIMEUSE_PORT");
    }

  remove_file (system);
  remove_file (user);
}

static void
load_pair (const char *file,
           const char *variable,
           const char *option,
           const char *handler)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;

  write_file (g_get_user_config_dir (), file);
  if (variable != NULL)
    g_setenv ("RUNTIMEUSE_AGENT", variable, TRUE);
  if (option != NULL)
    rud_config_add_option (config, RUD_CONFIG_MAIN, "agent", option);

  g_assert_true (rud_config_load (config, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rud_config_get_string (config, "handler"), ==, handler);
  g_unsetenv ("RUNTIMEUSE_AGENT");
  remove_file (g_get_user_config_dir ());
}

/* A handler counts more than an agent of the same place, but not than one of a later place. */
static void
test_handler (void)
{
  load_pair ("[runtimeuse]\nhandler=/a\nagent=echo", NULL, NULL, "/a");
  load_pair ("[runtimeuse]\nagent=echo\nhandler=/a", NULL, NULL, "/a");
  load_pair ("[runtimeuse]\nhandler=/a", "echo", NULL, NULL);
  load_pair ("[runtimeuse]\nhandler=/a", NULL, "echo", NULL);
  load_pair ("[runtimeuse]\nhandler=/a", NULL, NULL, "/a");
}

static void
test_lists (void)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;
  const char * const *list;

  write_file (g_get_user_config_dir (),
              "[runtimeuse]\nallow-origin = x://a; x://b\nallowed-host = c");
  g_setenv ("RUNTIMEUSE_ALLOWED_HOST", "", TRUE);
  rud_config_add_option (config, RUD_CONFIG_MAIN, "allow-origin", "x://d;e");
  rud_config_add_option (config, RUD_CONFIG_MAIN, "allow-origin", "null");

  g_assert_true (rud_config_load (config, &error));
  g_assert_no_error (error);
  list = rud_config_get_strv (config, "allow-origin");
  g_assert_cmpuint (g_strv_length ((char **) list), ==, 2);
  g_assert_cmpstr (list[0], ==, "x://d;e");
  g_assert_cmpstr (list[1], ==, "null");
  g_assert_null (rud_config_get_strv (config, "allowed-host")[0]);

  g_unsetenv ("RUNTIMEUSE_ALLOWED_HOST");
  remove_file (g_get_user_config_dir ());
}

static void
test_variables (void)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;

  g_setenv ("RUNTIMEUSE_LIMIT_MAX_CONNECTIONS", "5", TRUE);
  g_setenv ("RUNTIMEUSE_AGENT_LIMIT_MAX_TURNS", "6", TRUE);
  g_setenv ("RUNTIMEUSE_HANDLER", "a\\b", TRUE);
  g_setenv ("RUNTIMEUSE_PORT", "tcp://10.0.0.1:8080", TRUE);
  g_setenv ("RUNTIMEUSE_PORT_8080_TCP", "tcp://10.0.0.1:8080", TRUE);
  g_setenv ("RUNTIMEUSE_LITMI", "1", TRUE);

  g_assert_true (rud_config_load (config, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (rud_config_lookup (config, "limits", "max-connections")->number, ==, 5);
  g_assert_cmpuint (rud_config_lookup (config, "agent-limits", "max-turns")->number, ==, 6);
  g_assert_cmpstr (rud_config_lookup (config, "limits", "max-connections")->where, ==,
                   "RUNTIMEUSE_LIMIT_MAX_CONNECTIONS");
  g_assert_cmpstr (rud_config_get_string (config, "handler"), ==, "a\\b");
  g_assert_cmpuint (rud_config_get_number (config, "port"), ==, 8080);
  g_assert_cmpuint (rud_config_get_notices (config)->len, ==, 2);
  g_assert_nonnull (strstr (rud_config_get_notices (config)->pdata[0], "RUNTIMEUSE_PORT "));
  g_assert_nonnull (strstr (rud_config_get_notices (config)->pdata[1], "RUNTIMEUSE_LITMI"));

  g_unsetenv ("RUNTIMEUSE_LIMIT_MAX_CONNECTIONS");
  g_unsetenv ("RUNTIMEUSE_AGENT_LIMIT_MAX_TURNS");
  g_unsetenv ("RUNTIMEUSE_HANDLER");
  g_unsetenv ("RUNTIMEUSE_PORT");
  g_unsetenv ("RUNTIMEUSE_PORT_8080_TCP");
  g_unsetenv ("RUNTIMEUSE_LITMI");
}

static void
test_limits (void)
{
  static const char * const wrong[] = { "", "=", "max-turns", "max-connections=1", "x=1" };
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (rud_config_add_limit (config, RUD_CONFIG_AGENT_LIMITS, wrong[i], &error));
      g_assert_true (g_str_has_prefix (error->message, "--agent-limit: takes NAME=NUMBER"));
      g_clear_error (&error);
    }

  g_assert_true (rud_config_add_limit (config, RUD_CONFIG_AGENT_LIMITS, "max-turns=1", &error));
  g_assert_true (rud_config_add_limit (config, RUD_CONFIG_AGENT_LIMITS, "max-turns=x", &error));
  g_assert_false (rud_config_load (config, &error));
  g_assert_cmpstr (error->message, ==, "--agent-limit max-turns: must be a number, not \"x\"");
}

static void
test_addresses (void)
{
  static const struct
  {
    const char *text;
    gboolean    good;
  } cases[] = {
    { "unix:/run/x", TRUE },
    { "unix:x", TRUE },
    { "127.0.0.1:0", TRUE },
    { "0.0.0.0:65535", TRUE },
    { "[::1]:80", TRUE },
    { "[::]:80", TRUE },
    { "", FALSE },
    { ":", FALSE },
    { ":80", FALSE },
    { "[]:80", FALSE },
    { "unix:", FALSE },
    { "::1:80", FALSE },
    { "[::1]", FALSE },
    { "[::1]80", FALSE },
    { "[127.0.0.1:80", FALSE },
    { "127.0.0.1", FALSE },
    { "127.0.0.1:", FALSE },
    { "127.0.0.1:65536", FALSE },
    { "127.0.0.1:-1", FALSE },
    { "127.0.0.1:+1", FALSE },
    { "localhost:80", FALSE },
    { "8080", FALSE },
    { "tcp://127.0.0.1:80", FALSE },
    { "unix:/a123456789b123456789c123456789d123456789e123456789"
      "f123456789g123456789h123456789i123456789j123456789k1234567", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GSocketAddress) address = rud_address_new (cases[i].text, &error);

      g_test_message ("%s", cases[i].text);
      g_assert_true ((address != NULL) == cases[i].good);
      g_assert_true ((error == NULL) == cases[i].good);
    }
}

/* A large file takes no longer than its size. */
static void
test_many_lines (void)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(GString) text = g_string_new ("[runtimeuse]\nallow-origin = ");
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < MANY_LINES; i++)
    g_string_append (text, "x://y;");
  g_assert_false (add_text (config, "x", text->str, -1, &error));
  g_assert_nonnull (strstr (error->message, "more than 1000"));

  g_clear_error (&error);
  g_string_assign (text, "");
  for (guint i = 0; i < MANY_LINES; i++)
    g_string_append (text, "# x\n[runtimeuse]\n\n");
  g_assert_true (add_text (config, "x", text->str, -1, &error));
  g_assert_no_error (error);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/config/errors", test_errors);
  g_test_add_func ("/config/secret", test_secret);
  g_test_add_func ("/config/long-words", test_long_words);
  g_test_add_func ("/config/values", test_values);
  g_test_add_func ("/config/defaults", test_defaults);
  g_test_add_func ("/config/order", test_order);
  g_test_add_func ("/config/handler", test_handler);
  g_test_add_func ("/config/lists", test_lists);
  g_test_add_func ("/config/variables", test_variables);
  g_test_add_func ("/config/limits", test_limits);
  g_test_add_func ("/config/addresses", test_addresses);
  g_test_add_func ("/config/many-lines", test_many_lines);

  return g_test_run ();
}
