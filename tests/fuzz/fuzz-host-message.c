/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-host-message-private.h"

#include <string.h>

static void
check_text (const char *text)
{
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
}

static void
check_json_object (const char *json)
{
  if (json == NULL)
    return;

  g_assert_true (json[0] == '{');
  g_assert_true (_runtime_use_json_validate (json, strlen (json), NULL));
}

/* Whatever a host says, exactly one of text, object and error comes of it. */
static void
check_outcome (const RuntimeUseHostMessage *message)
{
  g_autoptr(RuntimeUseOutcome) outcome = _runtime_use_host_message_to_outcome (message);

  g_assert_cmpint ((outcome->text != NULL) + (outcome->structured_output != NULL) +
                   (outcome->error != NULL), ==, 1);
  check_text (outcome->text);
  check_text (outcome->error != NULL ? outcome->error->message : NULL);
  check_json_object (outcome->structured_output);
  check_json_object (outcome->metadata);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  RuntimeUseHostMessage message;
  RuntimeUseHostAbilities abilities;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) blocks_error = NULL;
  g_auto(GStrv) blocks = NULL;

  if (!_runtime_use_host_message_read (&message, (const char *) data, size, &error))
    {
      g_assert_true (error->domain == RUNTIME_USE_ERROR);
      check_text (error->message);
      return 0;
    }

  for (guint i = 0; i < RUNTIME_USE_HOST_N_MEMBERS; i++)
    {
      g_autofree char *text = _runtime_use_host_message_dup_member (&message, i);

      check_text (text);
    }

  _runtime_use_host_message_get_abilities (&message, &abilities);
  g_assert_cmpuint (abilities.concurrent, >=, 1);

  blocks = _runtime_use_host_message_dup_blocks (&message, &blocks_error);
  g_assert_true ((blocks == NULL) == (blocks_error != NULL));
  for (gsize i = 0; blocks != NULL && blocks[i] != NULL; i++)
    check_text (blocks[i]);

  check_outcome (&message);

  return 0;
}
