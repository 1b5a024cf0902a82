/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-handshake-private.h"

#include <arpa/inet.h>
#include <libsoup/soup.h>
#include <netinet/in.h>
#include <string.h>

#define HEADER_END      "\r\n\r\n"
#define ACCEPT_GUID     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_DIGITS      22
#define TOKEN_PARAMETER "token="

#define ALPHANUMERIC \
  "0123456789" "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "abcdefghijklmnopqrstuvwxyz"
#define NAME_CHARACTERS ALPHANUMERIC "!#$%&'*+.^_`|~-"

/*
 * What libsoup may see of a request. It reads more than this: it takes NUL out
 * (before 3.6), lets a bare newline end a line, joins a folded line to the one
 * before, passes over a line without a colon or with a space before it, and
 * takes any number of spaces for one. Who stands between the client and us may
 * read such a request differently, and with it who asks.
 */
#define GRAMMAR \
  "[" NAME_CHARACTERS "]{1,32}+ [\\x21-\\x7e\\x80-\\xff]{1,16384}+ HTTP/1\\.[01]\r\n" \
  "(?:[" NAME_CHARACTERS "]++:[\\t\\x20-\\x7e\\x80-\\xff]*+\r\n)*+" \
  "\r\n"

/* What may stand once only: a second one would leave open which of them counts. */
static const char * const single_headers[] = {
  "Host",
  "Origin",
  "Sec-WebSocket-Origin",   /* what version 8 calls it */
  "Authorization",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
  "Content-Length",
};

/* What a refusal says beside its status; libsoup knows the other phrases. */
static const struct
{
  guint       status;
  const char *phrase;
  const char *headers;
} refusals[] = {
  { 400, NULL, "Sec-WebSocket-Version: 13, 8\r\n" },
  { 401, NULL, "WWW-Authenticate: Bearer\r\n" },
  { 405, NULL, "Allow: GET\r\n" },
  { 426, "Upgrade Required", "Upgrade: websocket\r\n" },
  { 431, "Request Header Fields Too Large", "" },
  { 503, NULL, "Retry-After: 1\r\n" },
};

typedef struct
{
  SoupMessageHeaders *headers;
  SoupHTTPVersion     version;
  char               *method;
  char               *target;
  const char         *path;      /* in target, with the query */
  const char         *host;      /* (nullable) */
  const char         *origin;    /* (nullable) */
} Request;

static GRegex *
get_grammar (void)
{
  static GRegex *grammar = NULL;

  if (g_once_init_enter (&grammar))
    g_once_init_leave (&grammar, g_regex_new (GRAMMAR, G_REGEX_RAW | G_REGEX_ANCHORED, 0, NULL));

  return grammar;
}

/* Returns the length of the header, 0 when it is not whole, or -1 when it cannot become one. */
static gssize
match_header (const char *bytes,
              gsize       length)
{
  g_autoptr(GMatchInfo) match = NULL;
  int end = -1;

  if (g_regex_match_full (get_grammar (), bytes, length, 0, G_REGEX_MATCH_PARTIAL_HARD,
                          &match, NULL))
    g_match_info_fetch_pos (match, 0, NULL, &end);
  else if (length == 0 || g_match_info_is_partial_match (match))
    end = 0;

  return end;
}

static const char *
get_header (const Request *request,
            const char    *name)
{
  return soup_message_headers_get_one (request->headers, name);
}

/* A target may name the host once more; then both have to agree. */
static const char *
find_path (const char *target,
           const char *host)
{
  static const char * const schemes[] = { "http://", "ws://" };

  if (*target == '/')
    return target;

  for (guint i = 0; i < G_N_ELEMENTS (schemes) && host != NULL; i++)
    {
      g_autofree char *ours = g_strconcat (schemes[i], host, NULL);
      gsize length = strlen (ours);

      if (g_ascii_strncasecmp (target, ours, length) == 0 && strchr ("/?#", target[length]) != NULL)
        return target + length;
    }

  return NULL;
}

static gboolean
parse_request (Request    *request,
               const char *header,
               gsize       length)
{
  const char *old_origin;

  /* Of HTTP 1.0 libsoup drops the headers that Connection names; but that is never let in. */
  if (match_header (header, length) != (gssize) length ||
      soup_headers_parse_request (header, length, request->headers, &request->method,
                                  &request->target, &request->version) != SOUP_STATUS_OK)
    return FALSE;

  /* The list of a header that stands once is that one. */
  for (guint i = 0; i < G_N_ELEMENTS (single_headers); i++)
    if (g_strcmp0 (get_header (request, single_headers[i]),
                   soup_message_headers_get_list (request->headers, single_headers[i])) != 0)
      return FALSE;

  request->origin = get_header (request, "Origin");
  old_origin = get_header (request, "Sec-WebSocket-Origin");
  if (request->origin != NULL && old_origin != NULL)
    return FALSE;

  if (request->origin == NULL)
    request->origin = old_origin;

  request->host = get_header (request, "Host");
  request->path = find_path (request->target, request->host);

  return request->path != NULL && (request->host != NULL || request->version == SOUP_HTTP_1_0);
}

/*
 * The target may hold a token. So may the headers, but those are libsoup's,
 * which cannot be overwritten, only given back.
 */
static void
clear_request (Request *request)
{
  if (request->target != NULL)
    explicit_bzero (request->target, strlen (request->target));

  g_free (request->target);
  g_free (request->method);
  soup_message_headers_unref (request->headers);
}

/* Nothing that is empty is ever meant. */
static gboolean
contains (char       **list,
          const char  *text)
{
  for (guint i = 0; list != NULL && list[i] != NULL; i++)
    if (*text != '\0' && g_ascii_strcasecmp (text, list[i]) == 0)
      return TRUE;

  return FALSE;
}

/*
 * Splits "name:port" and "[address]:port"; the name of the latter is without
 * brackets. What GUri would write in another way (a user, a path, escapes,
 * zeros before the port) is no host that a client has reason to send.
 */
static char *
split_host (const char *host)
{
  g_autofree char *uri = g_strconcat ("http://", host, NULL);
  g_autofree char *again = NULL;
  g_autofree char *name = NULL;
  int port;

  if (!g_uri_split_network (uri, G_URI_FLAGS_NONE, NULL, &name, &port, NULL))
    return NULL;

  again = g_uri_join (G_URI_FLAGS_NONE, "http", NULL, name, port, "", NULL, NULL);

  return strcmp (uri, again) == 0 ? g_steal_pointer (&name) : NULL;
}

/*
 * Names are what DNS rebinding works with, so only known ones pass. An address
 * cannot be rebound: it passes when it is a loopback one, the one that we
 * listen on, or when we listen on all of them.
 */
static gboolean
is_address_allowed (const RuntimeUseHandshakePolicy *policy,
                    int                              family,
                    const char                      *text)
{
  guint8 address[sizeof (struct in6_addr)];
  gsize size = family == AF_INET ? sizeof (struct in_addr) : sizeof (struct in6_addr);

  if (inet_pton (family, text, address) != 1)
    return FALSE;

  if (family == AF_INET ? address[0] == 127
                        : memcmp (address, &in6addr_loopback, sizeof in6addr_loopback) == 0)
    return TRUE;

  for (guint i = 0; policy->bound_hosts != NULL && policy->bound_hosts[i] != NULL; i++)
    {
      const char *host = policy->bound_hosts[i];
      guint8 bound[sizeof (struct in6_addr)];

      if (strcmp (host, "0.0.0.0") == 0 || strcmp (host, "::") == 0 ||
          (inet_pton (family, host, bound) == 1 && memcmp (address, bound, size) == 0))
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_host_allowed (const RuntimeUseHandshakePolicy *policy,
                 const char                      *host)
{
  g_autofree char *name = NULL;

  if (contains (policy->allowed_hosts, host))
    return TRUE;

  name = split_host (host);
  if (name == NULL)
    return FALSE;

  if (*host == '[')
    return is_address_allowed (policy, AF_INET6, name);

  return is_address_allowed (policy, AF_INET, name) ||
         contains (policy->allowed_hosts, name) ||
         contains (policy->bound_hosts, name) ||
         g_ascii_strcasecmp (name, "localhost") == 0;
}

/* Takes the same time wherever the two differ. */
static gboolean
is_token_right (const RuntimeUseHandshakePolicy *policy,
                const char                      *token,
                gsize                            length)
{
  guint8 digest[RUNTIME_USE_TOKEN_DIGEST_LENGTH];
  volatile guint8 difference = 0;

  _runtime_use_token_digest (token, length, digest);
  for (guint i = 0; i < sizeof digest; i++)
    difference |= digest[i] ^ policy->token_digest[i];

  explicit_bzero (digest, sizeof digest);

  return difference == 0;
}

/*
 * GUriParamsIter would stop at a parameter without a value, and
 * soup_form_decode() read "+" as a space and hide a second token.
 */
static gboolean
has_token_in_query (const RuntimeUseHandshakePolicy *policy,
                    const char                      *path)
{
  gboolean is_right = FALSE;
  guint n_tokens = 0;

  for (const char *at = strchr (path, '?'); at != NULL; at = strchr (at + 1, '&'))
    {
      const char *value = at + 1 + strlen (TOKEN_PARAMETER);
      g_autofree char *token = NULL;

      if (!g_str_has_prefix (at + 1, TOKEN_PARAMETER))
        continue;

      n_tokens++;
      token = g_uri_unescape_segment (value, value + strcspn (value, "&"), NULL);
      is_right = token != NULL && is_token_right (policy, token, strlen (token));
      if (token != NULL)
        explicit_bzero (token, strlen (token));
    }

  return is_right && n_tokens == 1;
}

static gboolean
has_right_token (const RuntimeUseHandshakePolicy *policy,
                 const Request                   *request)
{
  const char *authorization = get_header (request, "Authorization");
  const char *token;

  if (authorization == NULL)
    return has_token_in_query (policy, request->path);

  if (g_ascii_strncasecmp (authorization, "Bearer ", strlen ("Bearer ")) != 0)
    return FALSE;

  token = authorization + strlen ("Bearer ");
  token += strspn (token, " ");

  return is_token_right (policy, token, strlen (token));
}

static gboolean
is_key (const char *key)
{
  return key != NULL && strspn (key, ALPHANUMERIC "+/") == KEY_DIGITS &&
         strcmp (key + KEY_DIGITS, "==") == 0;
}

static guint
judge_origin (const RuntimeUseHandshakePolicy  *policy,
              const Request                    *request,
              const char                      **why)
{
  *why = "The origin of this request is not allowed";

  return request->origin == NULL || contains (policy->allowed_origins, request->origin) ? 0 : 403;
}

static guint
judge_client (const RuntimeUseHandshakePolicy  *policy,
              RuntimeUsePeer                    peer,
              const Request                    *request,
              const char                      **why)
{
  guint status = judge_origin (policy, request, why);

  /* The kernel has told who it is, and a host name has led nobody there. */
  if (status != 0 || peer == RUNTIME_USE_PEER_USER)
    return status;

  if (peer == RUNTIME_USE_PEER_STRANGER)
    {
      *why = "Other users of this machine are let in with a token only";
      return policy->token_digest != NULL && has_right_token (policy, request) ? 0 : 403;
    }

  if (policy->token_digest != NULL)
    {
      *why = "This server asks for a token";
      return has_right_token (policy, request) ? 0 : 401;
    }

  if (request->host != NULL && !is_host_allowed (policy, request->host))
    {
      *why = "The host name of this request is not allowed";
      return 403;
    }

  return 0;
}

/* Tells whether @wanted is one of the elements of a header that is a list. */
static gboolean
header_contains (const Request *request,
                 const char    *name,
                 const char    *wanted)
{
  const char *list = soup_message_headers_get_list (request->headers, name);

  return list != NULL && soup_header_contains (list, wanted);
}

static gboolean
has_body (const Request *request)
{
  const char *length = get_header (request, "Content-Length");

  return (length != NULL && strcmp (length, "0") != 0) ||
         get_header (request, "Transfer-Encoding") != NULL;
}

static guint
judge_upgrade (const Request  *request,
               const char    **why)
{
  const char *version = get_header (request, "Sec-WebSocket-Version");

  if (strcmp (request->method, "GET") != 0)
    {
      *why = "Only GET is served here";
      return 405;
    }

  if (!header_contains (request, "Upgrade", "websocket") ||
      !header_contains (request, "Connection", "upgrade") ||
      request->version == SOUP_HTTP_1_0)
    {
      *why = "Only WebSocket connections are served here";
      return 426;
    }

  if (!is_key (get_header (request, "Sec-WebSocket-Key")))
    {
      *why = "The WebSocket key is missing or malformed";
      return 400;
    }

  if (version == NULL || (strcmp (version, "13") != 0 && strcmp (version, "8") != 0))
    {
      *why = "This version of the WebSocket protocol is not served here";
      return 400;
    }

  *why = "A WebSocket request has no body";

  return has_body (request) ? 400 : 0;
}

/* WebSockets are served at every path, also that of a page. */
static RuntimeUsePage *
find_page (const RuntimeUseHandshakePolicy *policy,
           const Request                   *request)
{
  gsize length = strcspn (request->path, "?");

  for (guint i = 0; policy->pages != NULL && i < policy->pages->len; i++)
    {
      RuntimeUsePage *page = g_ptr_array_index (policy->pages, i);

      if (strncmp (page->path, request->path, length) == 0 && page->path[length] == '\0' &&
          (strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0) &&
          !header_contains (request, "Upgrade", "websocket"))
        return page;
    }

  return NULL;
}

static guint
judge_page (const RuntimeUseHandshakePolicy  *policy,
            RuntimeUsePeer                    peer,
            const RuntimeUsePage             *page,
            const Request                    *request,
            const char                      **why)
{
  guint status;

  if (page->flags & RUNTIME_USE_PAGE_FLAGS_OPEN)
    status = judge_origin (policy, request, why);
  else
    status = judge_client (policy, peer, request, why);
  if (status != 0)
    return status;

  if (!(page->flags & RUNTIME_USE_PAGE_FLAGS_OPEN) && peer == RUNTIME_USE_PEER_NETWORK &&
      policy->token_digest == NULL)
    {
      *why = "Other machines see this page with a token only, and this server has none";
      return 403;
    }

  *why = "A request for a page has no body";

  return has_body (request) ? 400 : 0;
}

/* The first one that the client offers, whatever it is, as existing clients expect. */
static guint
choose_protocol (const Request  *request,
                 char          **protocol,
                 const char    **why)
{
  const char *offered = soup_message_headers_get_list (request->headers, "Sec-WebSocket-Protocol");
  GSList *protocols = offered != NULL ? soup_header_parse_list (offered) : NULL;

  /* libsoup's clients write an empty header for an empty list. */
  *protocol = protocols != NULL ? g_strdup (protocols->data) : NULL;
  soup_header_free_list (protocols);
  if (*protocol == NULL || (*protocol)[strspn (*protocol, NAME_CHARACTERS)] == '\0')
    return 0;

  g_clear_pointer (protocol, g_free);
  *why = "The WebSocket sub-protocol is malformed";

  return 400;
}

/* libsoup computes this too, but only for a message of a SoupServer. */
static char *
compute_accept (const char *key)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) key, strlen (key));
  g_checksum_update (checksum, (const guchar *) ACCEPT_GUID, strlen (ACCEPT_GUID));
  g_checksum_get_digest (checksum, digest, &length);

  return g_base64_encode (digest, length);
}

static void
append_upgrade (GString    *answer,
                const char *key,
                const char *protocol)
{
  g_autofree char *accept = compute_accept (key);

  g_string_append_printf (answer,
                          "HTTP/1.1 101 Switching Protocols\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n",
                          accept);
  if (protocol != NULL)
    g_string_append_printf (answer, "Sec-WebSocket-Protocol: %s\r\n", protocol);
  g_string_append (answer, "\r\n");
}

/*
 * _runtime_use_handshake_find_end:
 * @searched: how many of @bytes an earlier call has seen
 *
 * Returns: the length of the request header with its empty line; 0 when more
 *   has to come; -1 when this cannot become an HTTP request
 */
gssize
_runtime_use_handshake_find_end (const char *bytes,
                                 gsize       length,
                                 gsize       searched)
{
  gsize from = searched > strlen (HEADER_END) ? searched - strlen (HEADER_END) : 0;

  /* Whoever sends byte by byte is not read from the start each time. */
  if (memchr (bytes, '\n', searched) != NULL &&
      memmem (bytes + from, length - from, HEADER_END, strlen (HEADER_END)) == NULL)
    return 0;

  return match_header (bytes, length);
}

/*
 * _runtime_use_handshake_refuse:
 * @status: an HTTP status
 * @why: a sentence without its full stop
 *
 * Appends to @answer what a client gets that is not let in.
 */
void
_runtime_use_handshake_refuse (guint       status,
                               const char *why,
                               GString    *answer)
{
  const char *phrase = NULL;
  const char *headers = "";

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (refusals[i].status == status)
      {
        phrase = refusals[i].phrase;
        headers = refusals[i].headers;
      }

  g_string_append_printf (answer,
                          "HTTP/1.1 %u %s\r\n"
                          "%s"
                          "Connection: close\r\n"
                          "Content-Type: text/plain\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                          "\r\n"
                          "%s.\n",
                          status, phrase != NULL ? phrase : soup_status_get_phrase (status),
                          headers,
                          strlen (why) + strlen (".\n"), why);
}

static guint
judge_websocket (const RuntimeUseHandshakePolicy  *policy,
                 const RuntimeUseVisitor          *visitor,
                 const Request                    *request,
                 char                            **protocol,
                 const char                      **why)
{
  guint status = judge_client (policy, visitor->peer, request, why);

  if (status == 0)
    status = judge_upgrade (request, why);
  if (status != 0)
    return status;

  if (visitor->closed != NULL)
    {
      *why = visitor->closed;
      return 503;
    }

  return choose_protocol (request, protocol, why);
}

/*
 * _runtime_use_handshake_answer:
 * @header: a whole request header with its empty line; overwritten
 * @result: (out caller-allocates): what was decided
 * @answer: gets the bytes to send; nothing for a page
 *
 * Decides about a request to open a WebSocket or to see a page. Who is not let
 * in by @policy learns nothing else, so that is looked at first.
 */
void
_runtime_use_handshake_answer (const RuntimeUseHandshakePolicy *policy,
                               const RuntimeUseVisitor         *visitor,
                               char                            *header,
                               gsize                            length,
                               RuntimeUseHandshake             *result,
                               GString                         *answer)
{
  Request request = { .headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST) };
  const char *why = "This is not an HTTP request that can be served";
  RuntimeUsePage *page = NULL;
  guint status = 400;

  *result = (RuntimeUseHandshake) { 0 };

  if (parse_request (&request, header, length))
    {
      page = find_page (policy, &request);
      if (page != NULL)
        status = judge_page (policy, visitor->peer, page, &request, &why);
      else
        status = judge_websocket (policy, visitor, &request, &result->protocol, &why);
    }

  if (status != 0)
    {
      _runtime_use_handshake_refuse (status, why, answer);
      result->status = status;
      result->reason = why;
    }
  else if (page != NULL)
    {
      result->status = 200;
      result->page = _runtime_use_page_ref (page);
      result->is_head = strcmp (request.method, "HEAD") == 0;
    }
  else
    {
      result->origin = g_strdup (request.origin);
      append_upgrade (answer, get_header (&request, "Sec-WebSocket-Key"), result->protocol);
      result->status = 101;
    }

  clear_request (&request);
  explicit_bzero (header, length);
}

void
_runtime_use_handshake_clear (RuntimeUseHandshake *self)
{
  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->origin, g_free);
  g_clear_pointer (&self->page, _runtime_use_page_unref);
}

void
_runtime_use_token_digest (const char *token,
                           gsize       length,
                           guint8     *digest)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = RUNTIME_USE_TOKEN_DIGEST_LENGTH;

  g_checksum_update (checksum, (const guchar *) token, length);
  g_checksum_get_digest (checksum, digest, &size);
}
