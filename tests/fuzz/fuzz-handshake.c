/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-handshake-private.h"

#include <string.h>

#include "fuzz.h"

#define TOKEN "secret"

static void
check_answer (const RuntimeUseHandshake *handshake,
              const GString             *answer)
{
  g_autofree char *start = g_strdup_printf ("HTTP/1.1 %u ", handshake->status);

  g_assert_true (g_str_has_prefix (answer->str, start));
  g_assert_cmpuint (strlen (answer->str), ==, answer->len);

  /* Nobody can put a header of his own into the answer. */
  if (handshake->protocol != NULL)
    g_assert_null (strpbrk (handshake->protocol, "\r\n \t,"));
  if (handshake->status != 101)
    g_assert_null (handshake->protocol);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  char *origins[] = { (char *) "https://good.example", NULL };
  char *hosts[] = { (char *) "box", NULL };
  char *bound[] = { (char *) "192.0.2.7", NULL };
  guint8 digest[RUNTIME_USE_TOKEN_DIGEST_LENGTH];
  RuntimeUseHandshakePolicy policy = {
    .allowed_origins = origins,
    .allowed_hosts = hosts,
    .bound_hosts = bound,
  };
  g_autofree char *bytes = g_malloc (size + 1);
  g_autoptr(GString) answer = g_string_new (NULL);
  RuntimeUseHandshake handshake;
  RuntimeUsePeer peer;
  gssize end;

  if (size == 0)
    return 0;

  /* The first byte says whether there is a token, and who asks. */
  if (*data & 1)
    policy.token_digest = digest;
  peer = *data >> 1 & 3;
  _runtime_use_token_digest (TOKEN, strlen (TOKEN), digest);
  data++;
  size--;

  memcpy (bytes, data, size);
  end = _runtime_use_handshake_find_end (bytes, size, 0);
  g_assert_cmpint (end, >=, -1);
  g_assert_cmpint (end, <=, (gssize) size);
  if (end <= 0)
    return 0;

  g_assert_cmpint (_runtime_use_handshake_find_end (bytes, size, end - 1), ==, end);
  _runtime_use_handshake_answer (&policy, peer, bytes, end, &handshake, answer);
  check_answer (&handshake, answer);
  _runtime_use_handshake_clear (&handshake);

  return 0;
}
