/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtimeuse.h"

#include "fuzz.h"
#include "runtime-use-message-private.h"

/* What was read is written so that it reads back as the same. */
static void
check_round_trip (RuntimeUseMessage *message)
{
  g_autoptr(GBytes) bytes = runtime_use_message_to_bytes (message);
  g_autoptr(RuntimeUseMessage) again = NULL;
  g_autoptr(GBytes) bytes_again = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_utf8_validate_len (g_bytes_get_data (bytes, NULL),
                                      g_bytes_get_size (bytes), NULL));
  again = runtime_use_message_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_true (G_OBJECT_TYPE (again) == G_OBJECT_TYPE (message));

  bytes_again = runtime_use_message_to_bytes (again);
  g_assert_true (g_bytes_equal (bytes, bytes_again));
}

static void
check_redaction (RuntimeUseMessage *message)
{
  const char * const secrets[] = { "secret", "message", "text", "std", "1", "e", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(RuntimeUseMessage) redacted = _runtime_use_message_redact (message, redactor);
  g_autoptr(RuntimeUseMessage) again = _runtime_use_message_redact (redacted, redactor);

  g_assert_true (redacted == again);
  check_round_trip (redacted);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) bytes = g_bytes_new (data, size);
  g_autoptr(GError) error = NULL;
  g_autofree char *message_type = NULL;
  g_autoptr(RuntimeUseMessage) message = _runtime_use_message_parse (bytes, &message_type, &error);

  if (message == NULL)
    {
      g_assert_true (error->domain == RUNTIME_USE_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_true (error->code != RUNTIME_USE_ERROR_INVALID_FIELD || message_type != NULL);
      return 0;
    }

  g_assert_cmpstr (runtime_use_message_get_message_type (message), ==, message_type);
  check_round_trip (message);
  check_redaction (message);

  return 0;
}
