/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-openai-turn-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-writer-private.h"

/* More than any model has good use for. */
#define MAX_COMMANDS 256

RuntimeUseShellCall *
_runtime_use_shell_call_new (void)
{
  RuntimeUseShellCall *self = g_new0 (RuntimeUseShellCall, 1);

  self->timeout_ms = -1;
  self->max_output_length = -1;

  return self;
}

void
_runtime_use_shell_call_free (RuntimeUseShellCall *self)
{
  g_free (self->id);
  g_strfreev (self->commands);
  g_free (self);
}

static gboolean
fail_call (const char  *what,
           GError     **error)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
               "The model called the shell in a way that cannot be understood: %s", what);

  return FALSE;
}

static gboolean
read_commands (RuntimeUseShellCall        *self,
               const RuntimeUseJsonValue  *list,
               GError                    **error)
{
  g_autoptr(GStrvBuilder) commands = g_strv_builder_new ();
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue value;
  guint n = 0;

  if (list->token != RUNTIME_USE_JSON_ARRAY)
    return fail_call ("its commands are no list", error);

  _runtime_use_json_value_open (list, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &value))
    {
      g_autofree char *command = _runtime_use_json_pick_string (&value);

      if (command == NULL || *command == '\0' || value.has_nul)
        return fail_call ("one of its commands is no text, or empty", error);
      if (++n > MAX_COMMANDS)
        return fail_call ("it has too many commands", error);
      g_strv_builder_add (commands, command);
    }
  self->commands = g_strv_builder_end (commands);

  return n > 0 || fail_call ("it has no commands", error);
}

/* {"commands": […], "timeout_ms": …, "max_output_length": …} */
gboolean
_runtime_use_shell_call_read (RuntimeUseShellCall        *self,
                              const RuntimeUseJsonValue  *action,
                              GError                    **error)
{
  static const char * const names[] = { "commands", "timeout_ms", "max_output_length" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  gint64 number;

  _runtime_use_json_pick_from (action, names, values, G_N_ELEMENTS (names));
  if (_runtime_use_json_pick_integer (&values[1], &number) && number > 0)
    self->timeout_ms = number;
  if (_runtime_use_json_pick_integer (&values[2], &number) && number >= 0)
    self->max_output_length = number;

  return read_commands (self, &values[0], error);
}

RuntimeUseShellOutput *
_runtime_use_shell_output_new (gsize limit)
{
  RuntimeUseShellOutput *self = g_new0 (RuntimeUseShellOutput, 1);

  /* Half of it for each of beginning and end. */
  self->out = _runtime_use_output_capture_new ((limit + 1) / 2);
  self->err = _runtime_use_output_capture_new ((limit + 1) / 2);

  return self;
}

void
_runtime_use_shell_output_free (RuntimeUseShellOutput *self)
{
  _runtime_use_output_capture_free (self->out);
  _runtime_use_output_capture_free (self->err);
  g_free (self);
}

/* Appends `"key":"text"`. */
void
_runtime_use_openai_append (GString    *json,
                            const char *key,
                            const char *text)
{
  _runtime_use_json_append_string (json, key, strlen (key));
  g_string_append_c (json, ':');
  _runtime_use_json_append_string (json, text, strlen (text));
}

static void
append_capture (GString                 *json,
                RuntimeUseOutputCapture *capture)
{
  g_autoptr(GString) text = NULL;

  _runtime_use_output_capture_trim (capture);
  text = _runtime_use_output_capture_join (capture);

  _runtime_use_json_append_string (json, text->str, text->len);
}

/* As the Responses API has it; in the other one this is what we say in a text. */
void
_runtime_use_shell_output_append (GString                     *json,
                                  const RuntimeUseShellOutput *output)
{
  g_string_append (json, "{\"stdout\":");
  append_capture (json, output->out);
  g_string_append (json, ",\"stderr\":");
  append_capture (json, output->err);
  if (output->is_late)
    g_string_append (json, ",\"outcome\":{\"type\":\"timeout\"}}");
  else
    g_string_append_printf (json, ",\"outcome\":{\"type\":\"exit\",\"exit_code\":%d}}",
                            output->exit_code);
}

static void
free_string (GString *string)
{
  g_string_free (string, TRUE);
}

static void
call_part_free (RuntimeUseCallPart *part)
{
  g_free (part->id);
  g_free (part->name);
  free_string (part->arguments);
  g_free (part);
}

RuntimeUseCallPart *
_runtime_use_openai_turn_add_part (RuntimeUseOpenaiTurn *self,
                                   gint64                index)
{
  RuntimeUseCallPart *part = g_new0 (RuntimeUseCallPart, 1);

  part->index = index;
  part->arguments = g_string_new (NULL);
  g_ptr_array_add (self->parts, part);

  return part;
}

RuntimeUseOpenaiTurn *
_runtime_use_openai_turn_new (RuntimeUseSayFunc say,
                              gpointer          user_data)
{
  RuntimeUseOpenaiTurn *self = g_new0 (RuntimeUseOpenaiTurn, 1);

  self->say = say;
  self->user_data = user_data;
  self->items = g_string_new (NULL);
  self->content = g_string_new (NULL);
  self->calls = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_shell_call_free);
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) call_part_free);

  return self;
}

void
_runtime_use_openai_turn_free (RuntimeUseOpenaiTurn *self)
{
  free_string (self->items);
  free_string (self->content);
  g_ptr_array_unref (self->calls);
  g_ptr_array_unref (self->parts);
  g_clear_pointer (&self->usage, json_node_unref);
  g_free (self->text);
  g_free (self->refusal);
  g_free (self->id);
  g_free (self->model);
  g_free (self->error_type);
  g_free (self->error_code);
  g_free (self->error_param);
  g_free (self->cut);
  g_free (self);
}

/* A message is complete; takes @text. An empty one is no answer, and takes the place of none. */
void
_runtime_use_openai_turn_say (RuntimeUseOpenaiTurn *self,
                              char                 *text)
{
  self->say (text, TRUE, self->user_data);
  if (*text == '\0' && self->text != NULL)
    {
      g_free (text);
      return;
    }

  g_free (self->text);
  self->text = text;
}

/* What it took, whatever became of it. */
void
_runtime_use_openai_turn_take_usage (RuntimeUseOpenaiTurn      *self,
                                     const RuntimeUseJsonValue *usage)
{
  g_autofree char *text = NULL;

  if (usage->token != RUNTIME_USE_JSON_OBJECT)
    return;

  text = g_strndup (usage->text, usage->length);
  g_clear_pointer (&self->usage, json_node_unref);
  self->usage = _runtime_use_json_to_node (text, NULL);
}

static void
replace_word (char                      **word,
              const RuntimeUseJsonValue  *value)
{
  g_free (*word);
  *word = value->token == RUNTIME_USE_JSON_NUMBER ? g_strndup (value->text, value->length)
                                                  : _runtime_use_json_pick_string (value);
}

/* {"type": …, "code": …, "param": …}; some servers have numbers for codes. */
void
_runtime_use_openai_turn_take_failure (RuntimeUseOpenaiTurn      *self,
                                       const RuntimeUseJsonValue *failure)
{
  static const char * const names[] = { "type", "code", "param" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];

  _runtime_use_json_pick_from (failure, names, values, G_N_ELEMENTS (names));
  replace_word (&self->error_type, &values[0]);
  replace_word (&self->error_code, &values[1]);
  replace_word (&self->error_param, &values[2]);
}

void
_runtime_use_openai_turn_repeat (RuntimeUseOpenaiTurn *self,
                                 const char           *item,
                                 gsize                 length)
{
  if (self->items->len > 0)
    g_string_append_c (self->items, ',');
  g_string_append_len (self->items, item, (gssize) length);
}
