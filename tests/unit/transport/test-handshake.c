/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-handshake-private.h"

#include <string.h>

#define TOKEN "s3cret/token+1"

#define GET     "GET / HTTP/1.1\r\n"
#define HOST    "Host: localhost:8080\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define REST    UPGRADE KEY VERSION "\r\n"
#define END     "\r\n"

typedef struct
{
  const char *name;
  const char *request;
  guint       status;
} Case;

/* Without a token; "https://good.example" and the hosts "box" and "box2:9" are allowed. */
static const Case cases[] = {
  { "plain", GET HOST REST, 101 },
  { "any path and query", "GET /a/b?c=d HTTP/1.1\r\n" HOST REST, 101 },
  { "absolute target", "GET ws://localhost:8080/x HTTP/1.1\r\n" HOST REST, 101 },
  { "lower case", GET "host: LOCALHOST\r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n"
                  KEY VERSION END, 101 },
  { "version 8", GET HOST UPGRADE KEY "Sec-WebSocket-Version: 8\r\n" END, 101 },
  { "no sub-protocols after all",
    GET HOST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: \r\n" END, 101 },
  { "empty body", GET HOST UPGRADE KEY VERSION "Content-Length: 0\r\n" END, 101 },
  { "127.0.0.1", GET "Host: 127.0.0.1:1\r\n" REST, 101 },
  { "127.1.2.3", GET "Host: 127.1.2.3\r\n" REST, 101 },
  { "ipv6 loopback", GET "Host: [::1]:8080\r\n" REST, 101 },
  { "ipv6 loopback long", GET "Host: [0:0:0:0:0:0:0:1]\r\n" REST, 101 },
  { "bound address", GET "Host: 192.0.2.7:8080\r\n" REST, 101 },
  { "allowed host", GET "Host: Box:1234\r\n" REST, 101 },
  { "allowed host and port", GET "Host: box2:9\r\n" REST, 101 },
  { "lists in two headers", GET HOST "Upgrade: h2c\r\nConnection: keep-alive\r\n" REST, 101 },
  { "allowed origin", GET HOST "Origin: https://good.example\r\n" REST, 101 },

  { "get", GET HOST END, 426 },
  { "get 1.0", "GET / HTTP/1.0\r\n" END, 426 },
  { "upgrade with 1.0", "GET / HTTP/1.0\r\n" HOST REST, 426 },
  { "other upgrade", GET HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION END, 426 },
  { "no connection", GET HOST "Upgrade: websocket\r\n" KEY VERSION END, 426 },
  { "post", "POST / HTTP/1.1\r\n" HOST REST, 405 },
  { "options", "OPTIONS / HTTP/1.1\r\n" HOST END, 405 },
  { "lower case method", "get / HTTP/1.1\r\n" HOST REST, 405 },

  { "no key", GET HOST UPGRADE VERSION END, 400 },
  { "short key", GET HOST UPGRADE VERSION "Sec-WebSocket-Key: YWJj\r\n" END, 400 },
  { "bad key", GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBu*25jZQ==\r\n" END,
    400 },
  { "two keys", GET HOST UPGRADE VERSION KEY KEY END, 400 },
  { "no version", GET HOST UPGRADE KEY END, 400 },
  { "other version", GET HOST UPGRADE KEY "Sec-WebSocket-Version: 7\r\n" END, 400 },
  { "with a body", GET HOST UPGRADE KEY VERSION "Content-Length: 3\r\n" END, 400 },
  { "with chunks", GET HOST UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n" END, 400 },
  { "bad protocol", GET HOST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a(b\r\n" END, 400 },

  { "no host", GET REST, 400 },
  { "two hosts", GET HOST "Host: evil.example\r\n" REST, 400 },
  { "two origins", GET HOST "Origin: https://good.example\r\n"
                   "Origin: https://evil.example\r\n" REST, 400 },
  { "two authorizations", GET HOST "Authorization: Bearer a\r\n"
                          "authorization: Bearer b\r\n" REST, 400 },
  { "both kinds of origin", GET HOST "Origin: https://good.example\r\n"
                            "Sec-WebSocket-Origin: https://good.example\r\n" REST, 400 },
  { "two empty hosts", GET "Host:\r\nHost:\r\n" REST, 400 },
  { "space before colon", GET "Host : localhost\r\n" REST, 400 },
  { "folded", GET HOST "X: a\r\n b\r\n" REST, 400 },
  { "no colon", GET HOST "nonsense\r\n" REST, 400 },
  { "bare newline", GET HOST "X: a\nY: b\r\n" REST, 400 },
  { "bare carriage return", GET HOST "X: a\rY: b\r\n" REST, 400 },
  { "bare newline at the end", GET HOST UPGRADE KEY "Sec-WebSocket-Version: 13\n\r\n", 400 },
  { "name that is none", GET HOST "X(y: z\r\n" REST, 400 },
  { "two spaces", "GET  / HTTP/1.1\r\n" HOST REST, 400 },
  { "tab", "GET\t/ HTTP/1.1\r\n" HOST REST, 400 },
  { "space after the version", "GET / HTTP/1.1 \r\n" HOST REST, 400 },
  { "version with zeros", "GET / HTTP/01.01\r\n" HOST REST, 400 },
  { "empty line first", "\r\n" GET HOST REST, 400 },
  { "control character", GET HOST "X: a\x01" "b\r\n" REST, 400 },
  { "other absolute target", "GET http://evil.example/ HTTP/1.1\r\n" HOST REST, 400 },
  { "asterisk", "GET * HTTP/1.1\r\n" HOST REST, 400 },
  { "http 2", "GET / HTTP/2.0\r\n" HOST REST, 400 },
  { "no target", "GET HTTP/1.1\r\n" HOST REST, 400 },

  { "foreign origin", GET HOST "Origin: https://evil.example\r\n" REST, 403 },
  { "origin null", GET HOST "Origin: null\r\n" REST, 403 },
  { "origin empty", GET HOST "Origin:\r\n" REST, 403 },
  { "origin of loopback", GET HOST "Origin: http://localhost:8080\r\n" REST, 403 },
  { "origin with more", GET HOST "Origin: https://good.example.evil\r\n" REST, 403 },
  { "origin of version 8", GET HOST "Sec-WebSocket-Origin: https://evil.example\r\n" REST, 403 },
  { "foreign origin without upgrade", GET HOST "Origin: https://evil.example\r\n" END, 403 },

  { "foreign host", GET "Host: evil.example:8080\r\n" REST, 403 },
  { "trailing dot", GET "Host: localhost.:8080\r\n" REST, 403 },
  { "localhost with more", GET "Host: localhost.evil.example\r\n" REST, 403 },
  { "address with a name behind", GET "Host: 127.0.0.1.evil.example\r\n" REST, 403 },
  { "other ipv6", GET "Host: [::2]\r\n" REST, 403 },
  { "mapped ipv6", GET "Host: [::ffff:127.0.0.1]\r\n" REST, 403 },
  { "ipv6 without brackets", GET "Host: ::1\r\n" REST, 403 },
  { "brackets around a name", GET "Host: [localhost]\r\n" REST, 403 },
  { "open bracket", GET "Host: [::1\r\n" REST, 403 },
  { "short address", GET "Host: 127.1\r\n" REST, 403 },
  { "octal address", GET "Host: 0177.0.0.1\r\n" REST, 403 },
  { "number", GET "Host: 2130706433\r\n" REST, 403 },
  { "other address", GET "Host: 192.0.2.8\r\n" REST, 403 },
  { "unspecified address", GET "Host: 0.0.0.0\r\n" REST, 403 },
  { "port that is none", GET "Host: localhost:80x\r\n" REST, 403 },
  { "long port", GET "Host: localhost:000080\r\n" REST, 403 },
  { "user before host", GET "Host: a@localhost\r\n" REST, 403 },
  { "path behind host", GET "Host: localhost/a\r\n" REST, 403 },
  { "escaped host", GET "Host: %6cocalhost\r\n" REST, 403 },
  { "zone", GET "Host: [::1%25lo]\r\n" REST, 403 },
  { "empty host", GET "Host:\r\n" REST, 403 },
  { "allowed host, other port", GET "Host: box2:10\r\n" REST, 403 },
};

/* With a token. */
static const Case token_cases[] = {
  { "bearer", GET HOST "Authorization: Bearer " TOKEN "\r\n" REST, 101 },
  { "bearer in other case", GET HOST "Authorization: bearer  " TOKEN " \r\n" REST, 101 },
  { "query", "GET /?token=s3cret%2Ftoken%2B1 HTTP/1.1\r\n" HOST REST, 101 },
  { "query among others", "GET /?a=b&token=" TOKEN "&c HTTP/1.1\r\n" HOST REST, 101 },
  { "query behind one without a value", "GET /?a&token=" TOKEN " HTTP/1.1\r\n" HOST REST, 101 },
  { "foreign host", GET "Host: evil.example\r\nAuthorization: Bearer " TOKEN "\r\n" REST, 101 },

  { "none", GET HOST REST, 401 },
  { "none without upgrade", GET HOST END, 401 },
  { "none and foreign host", GET "Host: evil.example\r\n" REST, 401 },
  { "wrong", GET HOST "Authorization: Bearer s3cret/token+2\r\n" REST, 401 },
  { "short", GET HOST "Authorization: Bearer s3cret/token+\r\n" REST, 401 },
  { "long", GET HOST "Authorization: Bearer " TOKEN "1\r\n" REST, 401 },
  { "empty", GET HOST "Authorization: Bearer \r\n" REST, 401 },
  { "other scheme", GET HOST "Authorization: Basic " TOKEN "\r\n" REST, 401 },
  { "wrong header, right query", "GET /?token=" TOKEN " HTTP/1.1\r\n" HOST
                                 "Authorization: Bearer x\r\n" REST, 401 },
  { "wrong query", "GET /?token=x HTTP/1.1\r\n" HOST REST, 401 },
  { "other parameter", "GET /?xtoken=" TOKEN " HTTP/1.1\r\n" HOST REST, 401 },
  { "two in the query", "GET /?token=x&token=" TOKEN " HTTP/1.1\r\n" HOST REST, 401 },
  { "foreign origin", GET HOST "Origin: https://evil.example\r\n"
                      "Authorization: Bearer " TOKEN "\r\n" REST, 403 },
};

static guint
answer_peer (RuntimeUsePeer   peer,
             const char      *request,
             gboolean         with_token,
             char           **text)
{
  char *origins[] = { (char *) "https://good.example", (char *) "", NULL };
  char *hosts[] = { (char *) "box", (char *) "box2:9", NULL };
  char *bound[] = { (char *) "192.0.2.7", NULL };
  guint8 digest[RUNTIME_USE_TOKEN_DIGEST_LENGTH];
  RuntimeUseHandshakePolicy policy = {
    .allowed_origins = origins,
    .allowed_hosts = hosts,
    .bound_hosts = bound,
    .token_digest = with_token ? digest : NULL,
  };
  RuntimeUseVisitor visitor = { .peer = peer };
  g_autofree char *header = g_strdup (request);
  g_autoptr(GString) out = g_string_new (NULL);
  RuntimeUseHandshake handshake;
  guint status;

  _runtime_use_token_digest (TOKEN, strlen (TOKEN), digest);
  _runtime_use_handshake_answer (&policy, &visitor, header, strlen (header), &handshake, out);
  status = handshake.status;
  _runtime_use_handshake_clear (&handshake);

  if (text != NULL)
    *text = g_strdup (out->str);

  return status;
}

static guint
answer (const char  *request,
        gboolean     with_token,
        char       **text)
{
  return answer_peer (RUNTIME_USE_PEER_LOOPBACK, request, with_token, text);
}

static void
check_case (const Case *test,
            gboolean    with_token)
{
  g_autofree char *text = NULL;
  g_autofree char *start = g_strdup_printf ("HTTP/1.1 %u ", test->status);
  gssize end = _runtime_use_handshake_find_end (test->request, strlen (test->request), 0);

  g_assert_cmpint (answer (test->request, with_token, &text), ==, test->status);
  g_assert_true (g_str_has_prefix (text, start));
  g_assert_null (strstr (text, TOKEN));
  if (test->status != 101)
    g_assert_nonnull (strstr (text, "\r\nConnection: close\r\n"));
  if (test->status != 400)
    g_assert_cmpint (end, ==, strlen (test->request));
}

static void
test_handshake_case (gconstpointer test_data)
{
  g_test_summary ("A request gets the answer that the rules ask for");

  check_case (test_data, FALSE);
}

static void
test_handshake_token_case (gconstpointer test_data)
{
  g_test_summary ("A token that is set has to be shown, and stands for a host name");

  check_case (test_data, TRUE);
}

static void
test_handshake_upgrade (void)
{
  g_autofree char *text = NULL;

  g_test_summary ("The answer has the accept key of RFC 6455 and no extension");

  g_assert_cmpuint (answer (GET HOST UPGRADE KEY VERSION
                            "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                            "Sec-WebSocket-Protocol: chat, superchat\r\n" END, FALSE, &text),
                    ==, 101);
  g_assert_cmpstr (text, ==,
                   "HTTP/1.1 101 Switching Protocols\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                   "Sec-WebSocket-Protocol: chat\r\n"
                   "\r\n");
}

static void
test_handshake_headers (void)
{
  g_autofree char *version = NULL;
  g_autofree char *token = NULL;
  g_autofree char *method = NULL;

  g_test_summary ("A refusal says what would be accepted");

  answer (GET HOST UPGRADE KEY "Sec-WebSocket-Version: 9\r\n" END, FALSE, &version);
  g_assert_nonnull (strstr (version, "\r\nSec-WebSocket-Version: 13, 8\r\n"));

  answer (GET HOST REST, TRUE, &token);
  g_assert_nonnull (strstr (token, "\r\nWWW-Authenticate: Bearer\r\n"));

  answer ("PUT / HTTP/1.1\r\n" HOST END, FALSE, &method);
  g_assert_nonnull (strstr (method, "\r\nAllow: GET\r\n"));
}

static void
test_handshake_wipes (void)
{
  g_autofree char *header = g_strdup (GET HOST "Authorization: Bearer " TOKEN "\r\n" REST);
  gsize length = strlen (header);
  guint8 digest[RUNTIME_USE_TOKEN_DIGEST_LENGTH];
  RuntimeUseHandshakePolicy policy = { .token_digest = digest };
  RuntimeUseVisitor visitor = { .peer = RUNTIME_USE_PEER_LOOPBACK };
  g_autoptr(GString) out = g_string_new (NULL);
  RuntimeUseHandshake handshake;

  g_test_summary ("Nothing of the request is left");

  _runtime_use_token_digest (TOKEN, strlen (TOKEN), digest);
  _runtime_use_handshake_answer (&policy, &visitor, header, length, &handshake,
                                 out);
  g_assert_cmpuint (handshake.status, ==, 101);
  for (gsize i = 0; i < length; i++)
    g_assert_cmphex (header[i], ==, 0);
  _runtime_use_handshake_clear (&handshake);
}

static void
test_handshake_nul (void)
{
  static const char request[] = GET HOST "X: a\0b\r\n" REST;
  g_autofree char *header = g_memdup2 (request, sizeof request);
  RuntimeUseHandshakePolicy policy = { 0 };
  RuntimeUseVisitor visitor = { .peer = RUNTIME_USE_PEER_LOOPBACK };
  g_autoptr(GString) out = g_string_new (NULL);
  RuntimeUseHandshake handshake;

  g_test_summary ("A NUL cannot hide what follows it");

  _runtime_use_handshake_answer (&policy, &visitor, header, sizeof request - 1,
                                 &handshake, out);
  g_assert_cmpuint (handshake.status, ==, 400);
  _runtime_use_handshake_clear (&handshake);
}

static void
test_handshake_wildcard (void)
{
  char *bound[] = { (char *) "192.0.2.7", (char *) "0.0.0.0", NULL };
  RuntimeUseHandshakePolicy policy = { .bound_hosts = bound };
  RuntimeUseVisitor visitor = { .peer = RUNTIME_USE_PEER_NETWORK };
  static const struct
  {
    const char *request;
    guint       status;
  } tests[] = {
    { GET "Host: 198.51.100.4:8080\r\n" REST, 101 },
    { GET "Host: [2001:db8::1]\r\n" REST, 101 },
    { GET "Host: evil.example\r\n" REST, 403 },
  };

  g_test_summary ("A server on all addresses takes any address for its own, but no name");

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *header = g_strdup (tests[i].request);
      g_autoptr(GString) out = g_string_new (NULL);
      RuntimeUseHandshake handshake;

      _runtime_use_handshake_answer (&policy, &visitor, header, strlen (header),
                                     &handshake, out);
      g_assert_cmpuint (handshake.status, ==, tests[i].status);
      _runtime_use_handshake_clear (&handshake);
    }
}

static void
test_handshake_peers (void)
{
  static const struct
  {
    RuntimeUsePeer  peer;
    gboolean        with_token;
    const char     *request;
    guint           status;
  } tests[] = {
    { RUNTIME_USE_PEER_USER, FALSE, GET HOST REST, 101 },
    { RUNTIME_USE_PEER_USER, FALSE, GET "Host: evil.example\r\n" REST, 101 },
    { RUNTIME_USE_PEER_USER, TRUE, GET HOST REST, 101 },
    { RUNTIME_USE_PEER_USER, TRUE, GET HOST "Authorization: Bearer x\r\n" REST, 101 },
    { RUNTIME_USE_PEER_USER, TRUE, GET HOST "Origin: null\r\n" REST, 403 },
    { RUNTIME_USE_PEER_USER, TRUE, GET HOST "Origin: https://good.example\r\n" REST, 101 },
    { RUNTIME_USE_PEER_USER, TRUE, GET HOST END, 426 },
    { RUNTIME_USE_PEER_STRANGER, FALSE, GET HOST REST, 403 },
    { RUNTIME_USE_PEER_STRANGER, FALSE, GET HOST END, 403 },
    { RUNTIME_USE_PEER_STRANGER, TRUE, GET HOST REST, 403 },
    { RUNTIME_USE_PEER_STRANGER, TRUE, GET HOST "Authorization: Bearer x\r\n" REST, 403 },
    { RUNTIME_USE_PEER_STRANGER, FALSE, GET HOST "Authorization: Bearer " TOKEN "\r\n" REST, 403 },
    { RUNTIME_USE_PEER_STRANGER, TRUE, GET HOST "Authorization: Bearer " TOKEN "\r\n" REST, 101 },
    { RUNTIME_USE_PEER_STRANGER, TRUE, "GET /?token=" TOKEN " HTTP/1.1\r\n" HOST REST, 101 },
    { RUNTIME_USE_PEER_STRANGER, TRUE, GET HOST "Origin: null\r\nAuthorization: Bearer " TOKEN
                                       "\r\n" REST, 403 },
    { RUNTIME_USE_PEER_NETWORK, TRUE, GET HOST REST, 401 },
    { RUNTIME_USE_PEER_NETWORK, FALSE, GET "Host: evil.example\r\n" REST, 403 },
  };

  g_test_summary ("Over a Unix socket the user of the server needs no token, and others do");

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_assert_cmpuint (answer_peer (tests[i].peer, tests[i].request, tests[i].with_token, NULL), ==,
                      tests[i].status);
}

static guint
no_page_cb (RuntimeUseServer  *server,
            char             **content_type,
            GBytes           **content,
            gpointer           user_data)
{
  g_assert_not_reached ();
}

static void
test_handshake_pages (void)
{
  static const struct
  {
    RuntimeUsePeer  peer;
    gboolean        with_token;
    const char     *request;
    guint           status;
  } tests[] = {
    { RUNTIME_USE_PEER_NETWORK, FALSE, "GET /open HTTP/1.1\r\n" HOST END, 200 },
    { RUNTIME_USE_PEER_NETWORK, TRUE, "GET /open HTTP/1.1\r\n" HOST END, 200 },
    { RUNTIME_USE_PEER_NETWORK, FALSE, "GET /closed HTTP/1.1\r\n" HOST END, 403 },
    { RUNTIME_USE_PEER_NETWORK, TRUE, "GET /closed HTTP/1.1\r\n" HOST END, 401 },
    { RUNTIME_USE_PEER_NETWORK, TRUE, "GET /closed HTTP/1.1\r\n" HOST
                                      "Authorization: Bearer " TOKEN "\r\n" END, 200 },
    { RUNTIME_USE_PEER_LOOPBACK, FALSE, "GET /closed HTTP/1.1\r\n" HOST END, 200 },
    { RUNTIME_USE_PEER_LOOPBACK, TRUE, "GET /closed HTTP/1.1\r\n" HOST END, 401 },
    { RUNTIME_USE_PEER_USER, TRUE, "GET /closed HTTP/1.1\r\n" HOST END, 200 },
    { RUNTIME_USE_PEER_STRANGER, FALSE, "GET /open HTTP/1.1\r\n" HOST END, 200 },
    { RUNTIME_USE_PEER_STRANGER, FALSE, "GET /closed HTTP/1.1\r\n" HOST END, 403 },
    { RUNTIME_USE_PEER_LOOPBACK, FALSE, "GET /open HTTP/1.1\r\n" HOST REST, 503 },
    { RUNTIME_USE_PEER_LOOPBACK, FALSE, "GET /open HTTP/1.1\r\n" HOST "Origin: null\r\n" REST,
      403 },
    { RUNTIME_USE_PEER_LOOPBACK, FALSE, GET "Host: evil.example\r\n" REST, 403 },
    { RUNTIME_USE_PEER_LOOPBACK, FALSE, GET HOST END, 426 },
  };
  g_autoptr(GPtrArray) pages = NULL;
  guint8 digest[RUNTIME_USE_TOKEN_DIGEST_LENGTH];

  g_test_summary ("Pages are answered when no WebSocket is opened, and to whom they are for");

  _runtime_use_token_digest (TOKEN, strlen (TOKEN), digest);
  pages = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_page_unref);
  g_ptr_array_add (pages, _runtime_use_page_new ("/open", RUNTIME_USE_PAGE_FLAGS_OPEN, no_page_cb,
                                                 NULL, NULL));
  g_ptr_array_add (pages, _runtime_use_page_new ("/closed", RUNTIME_USE_PAGE_FLAGS_NONE, no_page_cb,
                                                 NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      RuntimeUseHandshakePolicy policy = {
        .token_digest = tests[i].with_token ? digest : NULL,
        .pages = pages,
      };
      RuntimeUseVisitor visitor = { .peer = tests[i].peer, .closed = "Closed for today" };
      g_autofree char *header = g_strdup (tests[i].request);
      g_autoptr(GString) out = g_string_new (NULL);
      RuntimeUseHandshake handshake;

      _runtime_use_handshake_answer (&policy, &visitor, header, strlen (header), &handshake, out);
      g_assert_cmpuint (handshake.status, ==, tests[i].status);
      g_assert_true ((handshake.page != NULL) == (tests[i].status == 200));
      g_assert_true ((out->len == 0) == (tests[i].status == 200));
      g_assert_true ((strstr (out->str, "Closed for today.") != NULL) == (tests[i].status == 503));
      _runtime_use_handshake_clear (&handshake);
    }
}

static void
test_handshake_find_end (void)
{
  static const struct
  {
    const char *bytes;
    gssize      end;
  } tests[] = {
    { "", 0 },
    { "G", 0 },
    { "GET ", 0 },
    { "GET / HTTP/1.1\r", 0 },
    { "GET / HTTP/1.1\r\n", 0 },
    { "GET / HTTP/1.1\r\n\r", 0 },
    { "GET / HTTP/1.1\r\n\r\n", 18 },
    { "GET / HTTP/1.1\r\n\r\nmore", 18 },
    { "GET / HTTP/1.1\r\nA: b\r\nC", 0 },
    { "GET / HTTP/1.1\r\nA: b\r\n\r\n", 24 },
    { "GET / HTTP/1.1\r\nA b\r\n", -1 },
    { "GET / HTTP/1.1\n\n", -1 },
    { "GET /\r\n", -1 },
    { "hello\r\n", -1 },
    { " GET / HTTP/1.1\r\n", -1 },
    { "\r\n", -1 },
    { "\x16\x03\x01", -1 },
    { "PRI * HTTP/2.0\r\n\r\n", -1 },
    { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", -1 },
  };

  g_test_summary ("What cannot become a request is recognised before it is whole");

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      gsize length = strlen (tests[i].bytes);

      g_assert_cmpint (_runtime_use_handshake_find_end (tests[i].bytes, length, 0),
                       ==, tests[i].end);
      if (tests[i].end > 0)
        g_assert_cmpint (_runtime_use_handshake_find_end (tests[i].bytes, length,
                                                          tests[i].end - 1),
                         ==, tests[i].end);
    }
}

static void
add_cases (const char    *folder,
           const Case    *tests,
           guint          n_tests,
           GTestDataFunc  func)
{
  for (guint i = 0; i < n_tests; i++)
    {
      g_autofree char *path = g_strdup_printf ("/handshake/%s/%s", folder, tests[i].name);

      g_test_add_data_func (g_strdelimit (path, " ", '-'), &tests[i], func);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_cases ("answer", cases, G_N_ELEMENTS (cases), test_handshake_case);
  add_cases ("token", token_cases, G_N_ELEMENTS (token_cases), test_handshake_token_case);
  g_test_add_func ("/handshake/upgrade", test_handshake_upgrade);
  g_test_add_func ("/handshake/headers", test_handshake_headers);
  g_test_add_func ("/handshake/wipes", test_handshake_wipes);
  g_test_add_func ("/handshake/nul", test_handshake_nul);
  g_test_add_func ("/handshake/wildcard", test_handshake_wildcard);
  g_test_add_func ("/handshake/peers", test_handshake_peers);
  g_test_add_func ("/handshake/pages", test_handshake_pages);
  g_test_add_func ("/handshake/find-end", test_handshake_find_end);

  return g_test_run ();
}
