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

  if (handshake->page != NULL)
    {
      g_assert_cmpuint (handshake->status, ==, 200);
      g_assert_cmpuint (answer->len, ==, 0);
      return;
    }

  g_assert_true (g_str_has_prefix (answer->str, start));
  g_assert_cmpuint (strlen (answer->str), ==, answer->len);

  /* Nobody can put a header of his own into the answer. */
  if (handshake->protocol != NULL)
    g_assert_null (strpbrk (handshake->protocol, "\r\n \t,"));
  if (handshake->status != 101)
    g_assert_null (handshake->protocol);
}

static guint
page_cb (RuntimeUseServer  *server,
         char             **content_type,
         GBytes           **content,
         gpointer           user_data)
{
  g_assert_not_reached ();
}

static GPtrArray *
make_pages (void)
{
  GPtrArray *pages = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_page_unref);

  g_ptr_array_add (pages, _runtime_use_page_new ("/open", RUNTIME_USE_PAGE_FLAGS_OPEN, page_cb,
                                                 NULL, NULL));
  g_ptr_array_add (pages, _runtime_use_page_new ("/closed", RUNTIME_USE_PAGE_FLAGS_NONE, page_cb,
                                                 NULL, NULL));

  return pages;
}

/* Only who has shown the token, or is known, sees what is not for everybody. */
static void
check_page (const RuntimeUseHandshakePolicy *policy,
            const RuntimeUseVisitor         *visitor,
            const RuntimeUsePage            *page,
            const char                      *request,
            gsize                            length)
{
  if (page == NULL || (page->flags & RUNTIME_USE_PAGE_FLAGS_OPEN) ||
      visitor->peer == RUNTIME_USE_PEER_USER)
    return;

  if (visitor->peer == RUNTIME_USE_PEER_LOOPBACK && policy->token_digest == NULL)
    return;

  g_assert_nonnull (policy->token_digest);
  g_assert_true (memmem (request, length, TOKEN, strlen (TOKEN)) != NULL ||
                 memchr (request, '%', length) != NULL);
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
  g_autoptr(GPtrArray) pages = make_pages ();
  g_autofree char *bytes = g_malloc (size + 1);
  g_autoptr(GString) answer = g_string_new (NULL);
  RuntimeUseHandshake handshake;
  RuntimeUseVisitor visitor = { 0 };
  gssize end;

  if (size == 0)
    return 0;

  /* The first byte says whether there is a token, who asks, and whether anybody is let in. */
  if (*data & 1)
    policy.token_digest = digest;
  visitor.peer = *data >> 1 & 3;
  if (*data & 8)
    visitor.closed = "Closed";
  policy.pages = pages;
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
  _runtime_use_handshake_answer (&policy, &visitor, bytes, end, &handshake, answer);
  check_answer (&handshake, answer);
  check_page (&policy, &visitor, handshake.page, (const char *) data, size);
  _runtime_use_handshake_clear (&handshake);

  return 0;
}
