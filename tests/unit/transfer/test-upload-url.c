/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-url-private.h"

#include <string.h>

#include "runtime-use-error.h"

static void
test_upload_urls (void)
{
  static const struct { const char *url, *result; } cases[] = {
    { "http://h", "http://h/" },
    { "https://h:444?q", "https://h:444/?q" },
    { "HtTp://[::1]:8/a b?c\r\nd=\xc3\xa4#f", "http://[::1]:8/a%20b?c%0D%0Ad=%C3%A4" },
    { "ftp://h/secret", NULL },
    { "file:///secret", NULL },
    { "secret", NULL },
    { "http:///secret", NULL },
    { "http://h:x/secret", NULL },
    { "http://u:secret@h/", NULL },
    { "http://h\r\nsecret/", NULL },
    { "", NULL },
  };

  g_test_summary ("Only http and https URLs are used, and errors do not repeat them");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GUri) url = _runtime_use_upload_url_parse (cases[i].url, &error);
      g_autofree char *text = url != NULL ? g_uri_to_string (url) : NULL;

      g_assert_cmpstr (text, ==, cases[i].result);
      if (cases[i].result == NULL)
        {
          g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
          g_assert_null (strstr (error->message, "secret"));
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/upload-url/urls", test_upload_urls);

  return g_test_run ();
}
