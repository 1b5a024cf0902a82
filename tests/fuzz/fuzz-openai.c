/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-error.h"
#include "runtime-use-openai-turn-private.h"

#include <string.h>

/* The first byte chooses the API; each line is the data of one event. */

static void
say (const char *text,
     gboolean    is_whole,
     gpointer    user_data)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static gboolean
take_lines (const RuntimeUseOpenaiDialect  *dialect,
            RuntimeUseOpenaiTurn           *turn,
            const char                     *text,
            gsize                           length,
            GError                        **error)
{
  const char *end = text + length;

  while (text < end)
    {
      const char *stop = memchr (text, '\n', (gsize) (end - text));

      if (stop == NULL)
        stop = end;
      if (!dialect->take (turn, text, (gsize) (stop - text), error))
        return FALSE;
      text = stop + 1;
    }

  return dialect->end (turn, error);
}

/* What is repeated to the model is a list that it can read. */
static void
check_items (const RuntimeUseOpenaiTurn *turn)
{
  g_autofree char *list = g_strdup_printf ("[%s]", turn->items->str);

  if (strlen (turn->items->str) == turn->items->len)
    g_assert_true (_runtime_use_json_validate (list, strlen (list), NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const RuntimeUseOpenaiDialect *dialect;
  g_autoptr(RuntimeUseOpenaiTurn) turn = _runtime_use_openai_turn_new (say, NULL);
  g_autoptr(GError) error = NULL;

  if (size == 0)
    return 0;

  dialect = data[0] == 'c' ? &_runtime_use_openai_chat : &_runtime_use_openai_responses;
  if (take_lines (dialect, turn, (const char *) data + 1, size - 1, &error))
    {
      g_assert_true (turn->is_complete);
      check_items (turn);
      for (guint i = 0; i < turn->calls->len; i++)
        {
          const RuntimeUseShellCall *call = g_ptr_array_index (turn->calls, i);

          g_assert_nonnull (call->id);
          g_assert_nonnull (call->commands[0]);
        }
    }
  else
    {
      g_assert_true (error->domain == RUNTIME_USE_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }

  return 0;
}
