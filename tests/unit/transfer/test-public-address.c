/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "download-fixture.h"

#include "runtime-use-error.h"
#include "runtime-use-public-address-private.h"
#include "tls-server.h"

/* Addresses that are not public, and downloads that may not use them. */

/* In the name spaces of this test it is ours. */
#define PUBLIC_ADDRESS "93.184.216.34"

static const struct
{
  const char *address;
  gboolean    is_local;
} addresses[] = {
  { "0.0.0.0", TRUE }, { "0.1.2.3", TRUE }, { "10.0.0.1", TRUE }, { "100.64.0.1", TRUE },
  { "100.127.255.255", TRUE }, { "127.0.0.1", TRUE }, { "127.255.255.254", TRUE },
  { "169.254.169.254", TRUE }, { "172.16.0.1", TRUE }, { "172.31.255.255", TRUE },
  { "192.0.0.1", TRUE }, { "192.168.1.1", TRUE }, { "198.18.0.1", TRUE },
  { "198.19.255.255", TRUE }, { "224.0.0.1", TRUE }, { "239.255.255.250", TRUE },
  { "240.0.0.1", TRUE }, { "255.255.255.255", TRUE },
  { "::", TRUE }, { "::1", TRUE }, { "fe80::1", TRUE }, { "febf::1", TRUE }, { "fec0::1", TRUE },
  { "fc00::1", TRUE }, { "fdff::1", TRUE }, { "ff02::1", TRUE }, { "100::1", TRUE },
  { "::ffff:127.0.0.1", TRUE }, { "::ffff:10.0.0.1", TRUE }, { "::ffff:169.254.169.254", TRUE },
  { "::127.0.0.1", TRUE }, { "::ffff:0:127.0.0.1", TRUE }, { "64:ff9b::10.0.0.1", TRUE },
  { "64:ff9b:1::1", TRUE }, { "2002:7f00:1::", TRUE }, { "2002:a00:1::", TRUE },
  { "2001:0:1::80ff:fffe", TRUE },
  { "1.1.1.1", FALSE }, { "9.255.255.255", FALSE }, { "11.0.0.0", FALSE },
  { "100.63.255.255", FALSE }, { "100.128.0.0", FALSE }, { "172.15.255.255", FALSE },
  { "172.32.0.0", FALSE }, { "192.167.255.255", FALSE }, { "198.20.0.0", FALSE },
  { "223.255.255.255", FALSE }, { "::ffff:8.8.8.8", FALSE }, { "64:ff9b::8.8.8.8", FALSE },
  { "2606:4700::1111", FALSE }, { "2002:808:808::", FALSE }, { "2001:0:1::f7f7:f7f7", FALSE },
};

static void
test_download_handler_addresses (void)
{
  g_test_summary ("Addresses that are not public are known, whatever form they have");

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr(GInetAddress) address = g_inet_address_new_from_string (addresses[i].address);

      g_assert_nonnull (address);
      if (_runtime_use_is_local_address (address) != addresses[i].is_local)
        g_error ("%s", addresses[i].address);
    }
}

/* A resolver that knows what the test wants. */

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())

G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver           parent_instance;

  const char * const *answers;     /* for one look-up each, addresses joined by commas */
  guint               n_lookups;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static GList *
test_resolver_lookup_by_name (GResolver     *resolver,
                              const char    *hostname,
                              GCancellable  *cancellable,
                              GError       **error)
{
  TestResolver *self = TEST_RESOLVER (resolver);
  g_auto(GStrv) words = g_strsplit (self->answers[self->n_lookups], ",", -1);
  GList *list = NULL;

  self->n_lookups++;
  for (gsize i = 0; words[i] != NULL; i++)
    list = g_list_append (list, g_inet_address_new_from_string (words[i]));

  return list;
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  G_RESOLVER_CLASS (klass)->lookup_by_name = test_resolver_lookup_by_name;
}

static void
test_resolver_init (TestResolver *self)
{
}

static TestResolver *
resolve (const char * const *answers)
{
  g_autoptr(TestResolver) resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);

  resolver->answers = answers;
  g_resolver_set_default (G_RESOLVER (resolver));

  return resolver;
}

static void
prepare_public (DownloadFixture *self,
                const char      *url)
{
  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "allow-local", FALSE, NULL);
}

static void
assert_refused (DownloadFixture *self,
                const char      *host,
                guint16          port,
                const char      *path)
{
  g_autofree char *url = g_strdup_printf ("http://%s:%u%s", host, port, path);

  prepare_public (self, url);
  assert_run_fails (self, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "an address that is not public");
}

static void
test_download_handler_refuses_local (DownloadFixture *self,
                                     gconstpointer    test_data)
{
  static const char * const hosts[] = {
    "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0",
  };
  /* Which GLib does not look up. */
  static const char * const numbers[] = { "2130706433", "0x7f.1", "127.1", "0177.0.0.1" };
  static const char * const answers[] = { "127.0.0.1", "10.1.2.3", "::1,127.0.0.1",
                                          "169.254.169.254", "::ffff:127.0.0.1" };
  g_autoptr(GResolver) before = g_resolver_get_default ();

  g_test_summary ("Without allow-local no byte goes to an address that is not public");

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    assert_refused (self, hosts[i], self->server->port, "/hello/f");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *url = g_strdup_printf ("http://%s:%u/hello/f", numbers[i],
                                              self->server->port);

      assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED, "fetch failed: ");
    }

  resolve (answers);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    assert_refused (self, "evil.example", self->server->port, "/hello/f");
  g_resolver_set_default (before);

  g_assert_cmpuint (self->server->connections->len, ==, 0);
}

static void
test_download_handler_refuses_redirect (DownloadFixture *self,
                                        gconstpointer    test_data)
{
  static const char * const answers[] = { PUBLIC_ADDRESS, PUBLIC_ADDRESS, "127.0.0.1",
                                          PUBLIC_ADDRESS, "127.0.0.1" };
  g_autoptr(GResolver) before = g_resolver_get_default ();
  g_autoptr(FileServer) public = NULL;
  g_autofree char *url = NULL;
  TestResolver *resolver;

  g_test_summary ("Each redirect is checked again, and so is what a name means the second time");

  if (!transfer_is_isolated ())
    return;

  transfer_add_address (PUBLIC_ADDRESS);
  public = file_server_new (PUBLIC_ADDRESS);
  resolver = resolve (answers);

  /* What is public may be used, and is looked up once. */
  url = g_strdup_printf ("http://good.example:%u/hello/f", public->port);
  prepare_public (self, url);
  assert_stores (self, url, "f", "hello");
  g_assert_cmpuint (resolver->n_lookups, ==, 1);

  public->location = g_strdup_printf ("http://other.example:%u/hello/f", self->server->port);
  assert_refused (self, "good.example", public->port, "/redirect/f");
  g_free (public->location);
  public->location = g_strdup_printf ("http://good.example:%u/hello/f", self->server->port);
  assert_refused (self, "good.example", public->port, "/redirect/f");
  g_assert_cmpuint (resolver->n_lookups, ==, 5);

  g_free (public->location);
  public->location = g_strdup_printf ("http://127.0.0.1:%u/hello/f", self->server->port);
  assert_refused (self, PUBLIC_ADDRESS, public->port, "/redirect/f");
  g_resolver_set_default (before);

  g_assert_cmpuint (self->server->connections->len, ==, 0);
}

static void
test_download_handler_public_https (DownloadFixture *self,
                                    gconstpointer    test_data)
{
  static const char * const answers[] = { PUBLIC_ADDRESS, PUBLIC_ADDRESS };
  g_autoptr(GResolver) before = g_resolver_get_default ();
  g_autoptr(TlsServer) public = NULL;
  g_autofree char *good = NULL;
  g_autofree char *wrong = NULL;

  g_test_summary ("A certificate has to be for the name, although the address was checked");

  if (!transfer_is_isolated ())
    return;

  transfer_add_address (PUBLIC_ADDRESS);
  public = tls_server_new (PUBLIC_ADDRESS, "server");
  resolve (answers);
  good = g_strdup_printf ("https://good.example:%u/f", public->port);
  prepare_public (self, good);
  assert_stores (self, good, "f", "hello");

  wrong = g_strdup_printf ("https://wrong.example:%u/f", public->port);
  prepare_public (self, wrong);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "it is for another host");
  g_resolver_set_default (before);
}

int
main (int    argc,
      char **argv)
{
  download_tests_init (&argc, &argv, NULL);

  g_test_add_func ("/download-handler/addresses", test_download_handler_addresses);
  download_tests_add ("refuses-local", test_download_handler_refuses_local);
  download_tests_add ("refuses-redirect", test_download_handler_refuses_redirect);
  download_tests_add ("public-https", test_download_handler_public_https);

  return download_tests_run ();
}
