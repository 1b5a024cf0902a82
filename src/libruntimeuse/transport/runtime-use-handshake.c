/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-handshake-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define HEADER_END      "\r\n\r\n"
#define MAX_METHOD      32
#define MAX_TARGET      (16 * 1024)
#define ACCEPT_GUID     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LENGTH      24
#define KEY_DIGITS      22
#define TOKEN_PARAMETER "token="

/* What may stand once only: a second one would leave open which of them counts. */
typedef enum
{
  HEADER_HOST,
  HEADER_ORIGIN,
  HEADER_AUTHORIZATION,
  HEADER_KEY,
  HEADER_VERSION,
  HEADER_CONTENT_LENGTH,
  N_SINGLE_HEADERS
} SingleHeader;

static const struct
{
  const char   *name;
  SingleHeader  header;
} single_headers[] = {
  { "Host", HEADER_HOST },
  { "Origin", HEADER_ORIGIN },
  { "Sec-WebSocket-Origin", HEADER_ORIGIN },   /* what version 8 calls it */
  { "Authorization", HEADER_AUTHORIZATION },
  { "Sec-WebSocket-Key", HEADER_KEY },
  { "Sec-WebSocket-Version", HEADER_VERSION },
  { "Content-Length", HEADER_CONTENT_LENGTH },
};

typedef struct
{
  const char *method;
  const char *target;
  const char *values[N_SINGLE_HEADERS];
  const char *protocols;          /* (nullable) */
  gboolean    is_http_1_0;
  gboolean    has_body;
  gboolean    upgrade;            /* Upgrade names websocket */
  gboolean    connection;         /* Connection names upgrade */
} Request;

static gboolean
is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

static gboolean
is_token (const char *text)
{
  gsize length = 0;

  while (is_token_char (text[length]))
    length++;

  return length > 0 && text[length] == '\0';
}

/* Tabs are white space; other control characters have no place in a header. */
static gboolean
is_field_value (const char *text)
{
  for (; *text != '\0'; text++)
    if (((guchar) *text < ' ' && *text != '\t') || *text == 0x7f)
      return FALSE;

  return TRUE;
}

/* Tells whether @wanted is one of the elements of a comma-separated list. */
static gboolean
list_contains (const char *list,
               const char *wanted)
{
  gsize length = strlen (wanted);

  while (*list != '\0')
    {
      gsize n;

      list += strspn (list, " \t,");
      n = strcspn (list, " \t,");
      if (n == length && g_ascii_strncasecmp (list, wanted, n) == 0)
        return TRUE;

      list += n;
    }

  return FALSE;
}

/* Takes the next line off @text and ends it with a NUL. */
static char *
next_line (char **text)
{
  char *line = *text;
  char *end = strstr (line, "\r\n");

  g_assert (end != NULL);
  *end = '\0';
  *text = end + strlen ("\r\n");

  return line;
}

static gboolean
parse_request_line (Request *request,
                    char    *line)
{
  char *target = strchr (line, ' ');
  char *version = target != NULL ? strchr (target + 1, ' ') : NULL;

  if (version == NULL)
    return FALSE;

  *target++ = '\0';
  *version++ = '\0';

  request->method = line;
  request->target = target;
  request->is_http_1_0 = strcmp (version, "HTTP/1.0") == 0;

  return is_token (line) && is_field_value (target) && *target != '\0' &&
         (request->is_http_1_0 || strcmp (version, "HTTP/1.1") == 0);
}

static gboolean
parse_header_line (Request *request,
                   char    *line)
{
  char *value = strchr (line, ':');

  if (value == NULL)
    return FALSE;

  *value++ = '\0';
  g_strstrip (value);
  if (!is_token (line) || !is_field_value (value))
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (single_headers); i++)
    {
      if (g_ascii_strcasecmp (line, single_headers[i].name) != 0)
        continue;

      if (request->values[single_headers[i].header] != NULL)
        return FALSE;

      request->values[single_headers[i].header] = value;
      return TRUE;
    }

  if (g_ascii_strcasecmp (line, "Upgrade") == 0)
    request->upgrade |= list_contains (value, "websocket");
  else if (g_ascii_strcasecmp (line, "Connection") == 0)
    request->connection |= list_contains (value, "upgrade");
  else if (g_ascii_strcasecmp (line, "Transfer-Encoding") == 0)
    request->has_body = TRUE;
  else if (g_ascii_strcasecmp (line, "Sec-WebSocket-Protocol") == 0 && request->protocols == NULL)
    request->protocols = value;

  return TRUE;
}

static gboolean
parse_request (Request *request,
               char    *text)
{
  char *line = next_line (&text);

  *request = (Request) { 0 };
  if (!parse_request_line (request, line))
    return FALSE;

  for (line = next_line (&text); *line != '\0'; line = next_line (&text))
    if (!parse_header_line (request, line))
      return FALSE;

  if (request->values[HEADER_CONTENT_LENGTH] != NULL)
    request->has_body |= strcmp (request->values[HEADER_CONTENT_LENGTH], "0") != 0;

  return request->values[HEADER_HOST] != NULL || request->is_http_1_0;
}

/* A target may name the host once more; then both have to agree. */
static const char *
find_path (const Request *request)
{
  static const char * const schemes[] = { "http://", "ws://" };
  const char *host = request->values[HEADER_HOST];

  if (*request->target == '/')
    return request->target;

  for (guint i = 0; i < G_N_ELEMENTS (schemes) && host != NULL; i++)
    {
      gsize length = strlen (schemes[i]);
      const char *authority = request->target + length;
      gsize n;

      if (g_ascii_strncasecmp (request->target, schemes[i], length) != 0)
        continue;

      n = strcspn (authority, "/?#");
      if (n == strlen (host) && g_ascii_strncasecmp (authority, host, n) == 0)
        return authority + n;
    }

  return NULL;
}

static gboolean
is_origin_allowed (const RuntimeUseHandshakePolicy *policy,
                   const char                      *origin)
{
  if (*origin == '\0' || policy->allowed_origins == NULL)
    return FALSE;

  for (guint i = 0; policy->allowed_origins[i] != NULL; i++)
    if (g_ascii_strcasecmp (origin, policy->allowed_origins[i]) == 0)
      return TRUE;

  return FALSE;
}

/* Splits "name:port" and "[address]:port"; the name of the latter is without brackets. */
static char *
split_host (const char *host,
            gboolean   *is_bracketed)
{
  const char *end;
  const char *port;

  *is_bracketed = *host == '[';
  if (*is_bracketed)
    host++;

  end = host + strcspn (host, *is_bracketed ? "]" : ":");
  port = *is_bracketed && *end == ']' ? end + 1 : end;
  if ((*is_bracketed && *end != ']') || end == host)
    return NULL;

  if (*port == ':' && strspn (port + 1, "0123456789") <= 5)
    port += 1 + strspn (port + 1, "0123456789");

  return *port == '\0' ? g_strndup (host, end - host) : NULL;
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
  guint8 bound[sizeof (struct in6_addr)];
  gsize size = family == AF_INET ? sizeof (struct in_addr) : sizeof (struct in6_addr);

  if (inet_pton (family, text, address) != 1)
    return FALSE;

  if (family == AF_INET ? address[0] == 127
                        : memcmp (address, &in6addr_loopback, sizeof in6addr_loopback) == 0)
    return TRUE;

  if (policy->bound_host == NULL)
    return FALSE;

  if (strcmp (policy->bound_host, "0.0.0.0") == 0 || strcmp (policy->bound_host, "::") == 0)
    return TRUE;

  return inet_pton (family, policy->bound_host, bound) == 1 && memcmp (address, bound, size) == 0;
}

static gboolean
is_host_allowed (const RuntimeUseHandshakePolicy *policy,
                 const char                      *host)
{
  g_autofree char *name = NULL;
  gboolean is_bracketed;

  name = split_host (host, &is_bracketed);
  if (name == NULL)
    return FALSE;

  if (is_address_allowed (policy, is_bracketed ? AF_INET6 : AF_INET, name))
    return TRUE;

  if (!is_bracketed && (g_ascii_strcasecmp (name, "localhost") == 0 ||
                        (policy->bound_host != NULL &&
                         g_ascii_strcasecmp (name, policy->bound_host) == 0)))
    return TRUE;

  for (guint i = 0; policy->allowed_hosts != NULL && policy->allowed_hosts[i] != NULL; i++)
    if (g_ascii_strcasecmp (name, policy->allowed_hosts[i]) == 0 ||
        g_ascii_strcasecmp (host, policy->allowed_hosts[i]) == 0)
      return TRUE;

  return FALSE;
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

static gboolean
has_token_in_query (const RuntimeUseHandshakePolicy *policy,
                    const char                      *path)
{
  const char *parameter = strchr (path, '?');
  gboolean is_right = FALSE;
  guint n_tokens = 0;

  while (parameter != NULL)
    {
      const char *value = parameter + 1 + strlen (TOKEN_PARAMETER);
      const char *next = strchr (parameter + 1, '&');

      if (g_str_has_prefix (parameter + 1, TOKEN_PARAMETER))
        {
          gsize length = next != NULL ? (gsize) (next - value) : strlen (value);
          g_autofree char *token = g_uri_unescape_segment (value, value + length, NULL);

          n_tokens++;
          is_right = token != NULL && is_token_right (policy, token, strlen (token));
          if (token != NULL)
            explicit_bzero (token, strlen (token));
        }

      parameter = next;
    }

  return is_right && n_tokens == 1;
}

static gboolean
has_right_token (const RuntimeUseHandshakePolicy *policy,
                 const Request                   *request,
                 const char                      *path)
{
  const char *authorization = request->values[HEADER_AUTHORIZATION];
  const char *token;

  if (authorization == NULL)
    return has_token_in_query (policy, path);

  if (g_ascii_strncasecmp (authorization, "Bearer ", strlen ("Bearer ")) != 0)
    return FALSE;

  token = authorization + strlen ("Bearer ");
  token += strspn (token, " ");

  return is_token_right (policy, token, strlen (token));
}

static gboolean
is_key (const char *key)
{
  if (key == NULL || strlen (key) != KEY_LENGTH || strcmp (key + KEY_DIGITS, "==") != 0)
    return FALSE;

  for (guint i = 0; i < KEY_DIGITS; i++)
    if (!g_ascii_isalnum (key[i]) && key[i] != '+' && key[i] != '/')
      return FALSE;

  return TRUE;
}

static guint
judge_client (const RuntimeUseHandshakePolicy *policy,
              const Request                   *request,
              const char                      *path,
              const char                     **why)
{
  const char *origin = request->values[HEADER_ORIGIN];
  const char *host = request->values[HEADER_HOST];

  if (origin != NULL && !is_origin_allowed (policy, origin))
    {
      *why = "The origin of this request is not allowed";
      return 403;
    }

  if (policy->token_digest != NULL)
    {
      *why = "This server asks for a token";
      return has_right_token (policy, request, path) ? 0 : 401;
    }

  if (host != NULL && !is_host_allowed (policy, host))
    {
      *why = "The host name of this request is not allowed";
      return 403;
    }

  return 0;
}

static guint
judge_upgrade (const Request  *request,
               const char    **why)
{
  const char *version = request->values[HEADER_VERSION];

  if (strcmp (request->method, "GET") != 0)
    {
      *why = "Only GET is served here";
      return 405;
    }

  if (!request->upgrade || !request->connection || request->is_http_1_0)
    {
      *why = "Only WebSocket connections are served here";
      return 426;
    }

  if (!is_key (request->values[HEADER_KEY]))
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

  return request->has_body ? 400 : 0;
}

/* The first one that the client offers, whatever it is, as existing clients expect. */
static guint
choose_protocol (const Request  *request,
                 char          **protocol,
                 const char    **why)
{
  const char *start;

  *protocol = NULL;
  if (request->protocols == NULL)
    return 0;

  start = request->protocols + strspn (request->protocols, " \t,");

  /* libsoup's clients write an empty header for an empty list. */
  if (*start == '\0')
    return 0;

  *protocol = g_strndup (start, strcspn (start, " \t,"));
  if (is_token (*protocol))
    return 0;

  g_clear_pointer (protocol, g_free);
  *why = "The WebSocket sub-protocol is malformed";

  return 400;
}

static void
append_upgrade (GString    *answer,
                const char *key,
                const char *protocol)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *accept = NULL;
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) key, strlen (key));
  g_checksum_update (checksum, (const guchar *) ACCEPT_GUID, strlen (ACCEPT_GUID));
  g_checksum_get_digest (checksum, digest, &length);
  accept = g_base64_encode (digest, length);

  g_string_append (answer, "HTTP/1.1 101 Switching Protocols\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: ");
  g_string_append (answer, accept);
  if (protocol != NULL)
    {
      g_string_append (answer, "\r\nSec-WebSocket-Protocol: ");
      g_string_append (answer, protocol);
    }
  g_string_append (answer, HEADER_END);
}

static const char *
reason_phrase (guint status)
{
  switch (status)
    {
    case 401:
      return "Unauthorized";

    case 403:
      return "Forbidden";

    case 405:
      return "Method Not Allowed";

    case 408:
      return "Request Timeout";

    case 426:
      return "Upgrade Required";

    case 431:
      return "Request Header Fields Too Large";

    case 503:
      return "Service Unavailable";

    default:
      return "Bad Request";
    }
}

static const char *
extra_headers (guint status)
{
  switch (status)
    {
    case 400:
      return "Sec-WebSocket-Version: 13, 8\r\n";

    case 401:
      return "WWW-Authenticate: Bearer\r\n";

    case 405:
      return "Allow: GET\r\n";

    case 426:
      return "Upgrade: websocket\r\n";

    case 503:
      return "Retry-After: 1\r\n";

    default:
      return "";
    }
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
  const char *line_end;
  const char *end;
  gsize n = 0;

  while (n < length && n <= MAX_METHOD && is_token_char (bytes[n]))
    n++;

  if (n > MAX_METHOD || (n < length && (n == 0 || bytes[n] != ' ')))
    return -1;

  line_end = memchr (bytes, '\n', MIN (length, MAX_TARGET));
  if (line_end == NULL)
    return length < MAX_TARGET ? 0 : -1;

  if (line_end - bytes < (gssize) strlen ("G / HTTP/1.1\r") ||
      strncmp (line_end - strlen ("HTTP/1.1\r"), "HTTP/1.", strlen ("HTTP/1.")) != 0 ||
      line_end[-1] != '\r')
    return -1;

  end = memmem (bytes + from, length - from, HEADER_END, strlen (HEADER_END));

  return end != NULL ? end + strlen (HEADER_END) - bytes : 0;
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
  g_string_append_printf (answer,
                          "HTTP/1.1 %u %s\r\n"
                          "%s"
                          "Connection: close\r\n"
                          "Content-Type: text/plain\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                          "\r\n"
                          "%s.\n",
                          status, reason_phrase (status),
                          extra_headers (status),
                          strlen (why) + strlen (".\n"), why);
}

/*
 * _runtime_use_handshake_answer:
 * @header: a whole request header with its empty line; overwritten
 * @result: (out caller-allocates): what was decided
 * @answer: gets the bytes to send
 *
 * Decides about a request to open a WebSocket. Who is not let in by @policy
 * learns nothing else, so that is looked at first.
 */
void
_runtime_use_handshake_answer (const RuntimeUseHandshakePolicy *policy,
                               char                            *header,
                               gsize                            length,
                               RuntimeUseHandshake             *result,
                               GString                         *answer)
{
  g_autofree char *text = g_strndup (header, length);
  const char *why = "This is not an HTTP request that can be served";
  const char *path = NULL;
  g_autofree char *protocol = NULL;
  Request request;
  guint status = 400;

  *result = (RuntimeUseHandshake) { 0 };

  /* A NUL would end the text early. */
  if (strlen (text) == length && parse_request (&request, text))
    path = find_path (&request);

  if (path != NULL)
    status = judge_client (policy, &request, path, &why);
  if (status == 0)
    status = judge_upgrade (&request, &why);
  if (status == 0)
    status = choose_protocol (&request, &protocol, &why);

  if (status == 0)
    {
      result->origin = g_strdup (request.values[HEADER_ORIGIN]);
      append_upgrade (answer, request.values[HEADER_KEY], protocol);
      result->protocol = g_steal_pointer (&protocol);
      result->status = 101;
    }
  else
    {
      _runtime_use_handshake_refuse (status, why, answer);
      result->status = status;
      result->reason = why;
    }

  /* Both copies may hold a token. */
  explicit_bzero (text, length);
  explicit_bzero (header, length);
}

void
_runtime_use_handshake_clear (RuntimeUseHandshake *self)
{
  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->origin, g_free);
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
