/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-claude-events-private.h"
#include "runtime-use-json-reader-private.h"

#include <string.h>

static void
check_text (const char *text)
{
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
}

static void
check_object (const char *json)
{
  if (json == NULL)
    return;

  g_assert_true (json[0] == '{');
  g_assert_true (_runtime_use_json_validate (json, strlen (json), NULL));
}

static void
text_cb (const char *text,
         gpointer    user_data)
{
  check_text (text);
}

static void
output_cb (const char             *command,
           RuntimeUseOutputStream  stream,
           const char             *text,
           gpointer                user_data)
{
  check_text (command);
  check_text (text);
}

/* Once at most, and exactly one of text, object and error. */
static void
ended_cb (RuntimeUseOutcome *outcome,
          gpointer           user_data)
{
  guint *n_ends = user_data;

  g_assert_cmpuint (++*n_ends, ==, 1);
  g_assert_cmpint ((outcome->text != NULL) + (outcome->structured_output != NULL) +
                   (outcome->error != NULL), ==, 1);
  check_text (outcome->text);
  check_text (outcome->error != NULL ? outcome->error->message : NULL);
  check_object (outcome->structured_output);
  check_object (outcome->metadata);
  _runtime_use_outcome_free (outcome);
}

static const RuntimeUseClaudeEventFuncs funcs = {
  .started = text_cb,
  .text = text_cb,
  .delta = text_cb,
  .output = output_cb,
  .running = text_cb,
  .asked = text_cb,
  .log = text_cb,
  .ended = ended_cb,
};

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *text = (const char *) data;
  const char *end = text + size;
  guint n_ends = 0;
  g_autoptr(RuntimeUseClaudeEvents) events = _runtime_use_claude_events_new (&funcs, &n_ends);

  if (size % 2 == 1)
    _runtime_use_claude_events_want_object (events);
  while (text < end)
    {
      const char *newline = memchr (text, '\n', (gsize) (end - text));
      const char *line_end = newline != NULL ? newline : end;
      g_autoptr(GError) error = NULL;

      if (!_runtime_use_claude_events_take (events, text, (gsize) (line_end - text), &error))
        check_text (error->message);
      text = line_end + 1;
    }
  check_text (_runtime_use_claude_events_get_problem (events));

  return 0;
}
