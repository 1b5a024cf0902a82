/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-events-private.h"

#include "runtime-use-claude-result-private.h"
#include "runtime-use-json-pick-private.h"

#include <string.h>

/* Tools that the model has called and that have not answered yet. They are few; who calls more is
 * not shown the output of the oldest. */
#define MAX_TOOLS 256

/* Digits of a number, and bytes of a line that is no event, that are shown. */
#define MAX_NUMBER 32
#define MAX_STRAY 4096

struct _RuntimeUseClaudeEvents
{
  const RuntimeUseClaudeEventFuncs *funcs;
  gpointer                          user_data;

  RuntimeUseClaudeSession           session;
  GHashTable                       *tools;   /* char *: the command or NULL, by the id of its use */
  gboolean                          ended;
};

typedef enum
{
  MEMBER_TYPE,
  MEMBER_SUBTYPE,
  MEMBER_MESSAGE,
  MEMBER_PARENT,
  MEMBER_ERROR,
  MEMBER_EVENT,
  MEMBER_REQUEST_ID,
  MEMBER_RESPONSE,
  MEMBER_TOOL_USE_RESULT,
  MEMBER_VERSION,
  MEMBER_MODEL,
  MEMBER_ATTEMPT,
  MEMBER_MAX_RETRIES,
  MEMBER_RETRY_DELAY,
  MEMBER_ERROR_STATUS,
  N_MEMBERS,
} Member;

static const char * const member_names[N_MEMBERS] = {
  [MEMBER_TYPE] = "type",
  [MEMBER_SUBTYPE] = "subtype",
  [MEMBER_MESSAGE] = "message",
  [MEMBER_PARENT] = "parent_tool_use_id",
  [MEMBER_ERROR] = "error",
  [MEMBER_EVENT] = "event",
  [MEMBER_REQUEST_ID] = "request_id",
  [MEMBER_RESPONSE] = "response",
  [MEMBER_TOOL_USE_RESULT] = "tool_use_result",
  [MEMBER_VERSION] = "claude_code_version",
  [MEMBER_MODEL] = "model",
  [MEMBER_ATTEMPT] = "attempt",
  [MEMBER_MAX_RETRIES] = "max_retries",
  [MEMBER_RETRY_DELAY] = "retry_delay_ms",
  [MEMBER_ERROR_STATUS] = "error_status",
};

/* An event, with places in its line. */
typedef struct
{
  RuntimeUseJsonValue members[N_MEMBERS];
  const char         *line;
  gsize               length;
} Event;

typedef void (* EventFunc) (RuntimeUseClaudeEvents *self,
                            const Event            *event);

static gboolean
is_there (const RuntimeUseJsonValue *value)
{
  return value->token != RUNTIME_USE_JSON_END;
}

static void
replace (char **place,
         char  *text)
{
  if (text == NULL)
    return;

  g_free (*place);
  *place = text;
}

/* Takes the outcome. */
static void
end (RuntimeUseClaudeEvents *self,
     RuntimeUseOutcome      *outcome)
{
  self->ended = TRUE;
  self->funcs->ended (outcome, self->user_data);
}

/* What it says of itself */

static void
take_init (RuntimeUseClaudeEvents *self,
           const Event            *event)
{
  replace (&self->session.version,
           _runtime_use_json_pick_string (&event->members[MEMBER_VERSION]));
  replace (&self->session.model,
           _runtime_use_json_pick_string (&event->members[MEMBER_MODEL]));
  g_hash_table_remove_all (self->tools);
  self->funcs->started (self->session.version, self->user_data);
}

static void
append_shown (GString                   *text,
              const char                *before,
              const RuntimeUseJsonValue *value,
              const char                *after)
{
  g_autofree char *shown = NULL;

  if (value->token == RUNTIME_USE_JSON_STRING)
    shown = _runtime_use_json_value_show (value);
  else if (value->token == RUNTIME_USE_JSON_NUMBER && value->length < MAX_NUMBER)
    shown = g_strndup (value->text, value->length);
  /* A delay has fifteen decimals. */
  if (shown != NULL && value->token == RUNTIME_USE_JSON_NUMBER)
    shown[strcspn (shown, ".")] = '\0';
  if (shown != NULL)
    g_string_append_printf (text, "%s%s%s", before, shown, after);
}

static void
take_retry (RuntimeUseClaudeEvents *self,
            const Event            *event)
{
  g_autoptr(GString) text = g_string_new ("a request to the service failed");

  append_shown (text, ": HTTP ", &event->members[MEMBER_ERROR_STATUS], "");
  append_shown (text, ", ", &event->members[MEMBER_ERROR], "");
  append_shown (text, "; retry ", &event->members[MEMBER_ATTEMPT], "");
  append_shown (text, " of ", &event->members[MEMBER_MAX_RETRIES], "");
  append_shown (text, " in ", &event->members[MEMBER_RETRY_DELAY], " ms");
  self->funcs->log (text->str, self->user_data);
}

static void
take_system (RuntimeUseClaudeEvents *self,
             const Event            *event)
{
  const RuntimeUseJsonValue *subtype = &event->members[MEMBER_SUBTYPE];

  if (_runtime_use_json_pick_is (subtype, "init"))
    take_init (self, event);
  else if (_runtime_use_json_pick_is (subtype, "api_retry"))
    take_retry (self, event);
}

/* What the model says */

typedef enum
{
  BLOCK_TYPE,
  BLOCK_TEXT,
  BLOCK_ID,
  BLOCK_NAME,
  BLOCK_INPUT,
  BLOCK_TOOL_USE_ID,
  BLOCK_CONTENT,
  N_BLOCK_MEMBERS,
} BlockMember;

static const char * const block_names[N_BLOCK_MEMBERS] = {
  [BLOCK_TYPE] = "type",
  [BLOCK_TEXT] = "text",
  [BLOCK_ID] = "id",
  [BLOCK_NAME] = "name",
  [BLOCK_INPUT] = "input",
  [BLOCK_TOOL_USE_ID] = "tool_use_id",
  [BLOCK_CONTENT] = "content",
};


typedef void (* BlockFunc) (RuntimeUseClaudeEvents    *self,
                            const Event               *event,
                            const RuntimeUseJsonValue *block);

static void
for_each_block (RuntimeUseClaudeEvents    *self,
                const Event               *event,
                const RuntimeUseJsonValue *content,
                BlockFunc                  func)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue value;

  if (content->token != RUNTIME_USE_JSON_ARRAY)
    return;

  _runtime_use_json_value_open (content, &reader);
  while (!self->ended && _runtime_use_json_reader_read_value (&reader, &value))
    {
      RuntimeUseJsonValue block[N_BLOCK_MEMBERS];

      _runtime_use_json_pick_from (&value, block_names, block, N_BLOCK_MEMBERS);
      func (self, event, block);
    }
}

/* Of several commands one is told; which of them makes no difference. */
static void
tell_running (RuntimeUseClaudeEvents *self)
{
  GHashTableIter iter;
  gpointer command = NULL;

  g_hash_table_iter_init (&iter, self->tools);
  while (command == NULL && g_hash_table_iter_next (&iter, NULL, &command))
    ;
  self->funcs->running (command, self->user_data);
}

/* Of tools that run no command it is of interest only that they are at work. */
static void
remember_tool (RuntimeUseClaudeEvents    *self,
               const RuntimeUseJsonValue *block)
{
  static const char * const names[] = { "command" };
  RuntimeUseJsonValue command;
  char *text = NULL;

  if (block[BLOCK_ID].token != RUNTIME_USE_JSON_STRING)
    return;

  _runtime_use_json_pick_from (&block[BLOCK_INPUT], names, &command, G_N_ELEMENTS (names));
  if (_runtime_use_json_pick_is (&block[BLOCK_NAME], "Bash"))
    text = _runtime_use_json_pick_string (&command);

  if (g_hash_table_size (self->tools) >= MAX_TOOLS)
    g_hash_table_remove_all (self->tools);
  g_hash_table_replace (self->tools, _runtime_use_json_pick_string (&block[BLOCK_ID]), text);
  if (text != NULL)
    self->funcs->running (text, self->user_data);
}

/* What an agent says to the agent that called it is not meant for the client; what it runs is
 * shown all the same. */
static void
take_assistant_block (RuntimeUseClaudeEvents    *self,
                      const Event               *event,
                      const RuntimeUseJsonValue *block)
{
  g_autofree char *text = NULL;

  if (_runtime_use_json_pick_is (&block[BLOCK_TYPE], "tool_use"))
    remember_tool (self, block);
  else if (_runtime_use_json_pick_is (&block[BLOCK_TYPE], "text") &&
           !is_there (&event->members[MEMBER_PARENT]))
    text = _runtime_use_json_pick_string (&block[BLOCK_TEXT]);

  if (text != NULL && text[0] != '\0')
    self->funcs->text (text, self->user_data);
}

static void
take_problem_block (RuntimeUseClaudeEvents    *self,
                    const Event               *event,
                    const RuntimeUseJsonValue *block)
{
  if (_runtime_use_json_pick_is (&block[BLOCK_TYPE], "text"))
    replace (&self->session.problem, _runtime_use_json_pick_string (&block[BLOCK_TEXT]));
}

/* The program puts words of its own into the mouth of the model when the service fails. */
static void
take_assistant (RuntimeUseClaudeEvents *self,
                const Event            *event)
{
  static const char * const names[] = { "model", "content" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];

  _runtime_use_json_pick_from (&event->members[MEMBER_MESSAGE], names, values,
                               G_N_ELEMENTS (names));
  if (!_runtime_use_json_pick_is (&values[0], "<synthetic>"))
    {
      for_each_block (self, event, &values[1], take_assistant_block);
      return;
    }

  if (!is_there (&event->members[MEMBER_ERROR]))
    return;
  replace (&self->session.problem_kind,
           _runtime_use_json_pick_string (&event->members[MEMBER_ERROR]));
  for_each_block (self, event, &values[1], take_problem_block);
}

static void
take_stream_event (RuntimeUseClaudeEvents *self,
                   const Event            *event)
{
  static const char * const names[] = { "type", "delta" };
  static const char * const delta_names[] = { "type", "text" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  RuntimeUseJsonValue delta[G_N_ELEMENTS (delta_names)];
  g_autofree char *text = NULL;

  if (is_there (&event->members[MEMBER_PARENT]))
    return;

  _runtime_use_json_pick_from (&event->members[MEMBER_EVENT], names, values,
                               G_N_ELEMENTS (names));
  if (!_runtime_use_json_pick_is (&values[0], "content_block_delta"))
    return;

  _runtime_use_json_pick_from (&values[1], delta_names, delta, G_N_ELEMENTS (delta_names));
  if (_runtime_use_json_pick_is (&delta[0], "text_delta"))
    text = _runtime_use_json_pick_string (&delta[1]);
  if (text != NULL && text[0] != '\0')
    self->funcs->delta (text, self->user_data);
}

/* What tools say */

static void
show_output (RuntimeUseClaudeEvents    *self,
             const char                *command,
             RuntimeUseOutputStream     stream,
             const RuntimeUseJsonValue *value)
{
  g_autofree char *text = _runtime_use_json_pick_string (value);

  if (text != NULL && text[0] != '\0')
    self->funcs->output (command, stream, text, self->user_data);
}

static void
show_parts (RuntimeUseClaudeEvents    *self,
            const char                *command,
            const RuntimeUseJsonValue *parts)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue value;

  _runtime_use_json_value_open (parts, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &value))
    {
      RuntimeUseJsonValue part[N_BLOCK_MEMBERS];

      _runtime_use_json_pick_from (&value, block_names, part, N_BLOCK_MEMBERS);
      if (_runtime_use_json_pick_is (&part[BLOCK_TYPE], "text"))
        show_output (self, command, RUNTIME_USE_OUTPUT_STREAM_STDOUT, &part[BLOCK_TEXT]);
    }
}

/* A command that failed tells both its streams as one. */
static void
show_result (RuntimeUseClaudeEvents    *self,
             const Event               *event,
             const RuntimeUseJsonValue *content,
             const char                *command)
{
  static const char * const names[] = { "stdout", "stderr" };
  RuntimeUseJsonValue streams[G_N_ELEMENTS (names)];

  _runtime_use_json_pick_from (&event->members[MEMBER_TOOL_USE_RESULT], names, streams,
                               G_N_ELEMENTS (names));
  if (is_there (&streams[0]) || is_there (&streams[1]))
    {
      show_output (self, command, RUNTIME_USE_OUTPUT_STREAM_STDOUT, &streams[0]);
      show_output (self, command, RUNTIME_USE_OUTPUT_STREAM_STDERR, &streams[1]);
    }
  else if (content->token == RUNTIME_USE_JSON_ARRAY)
    show_parts (self, command, content);
  else
    show_output (self, command, RUNTIME_USE_OUTPUT_STREAM_STDOUT, content);
}

static void
take_tool_result (RuntimeUseClaudeEvents    *self,
                  const Event               *event,
                  const RuntimeUseJsonValue *block)
{
  g_autofree char *id = NULL;
  g_autofree char *command = NULL;

  if (!_runtime_use_json_pick_is (&block[BLOCK_TYPE], "tool_result"))
    return;
  id = _runtime_use_json_pick_string (&block[BLOCK_TOOL_USE_ID]);
  if (id == NULL)
    return;

  command = g_strdup (g_hash_table_lookup (self->tools, id));
  g_hash_table_remove (self->tools, id);
  if (command == NULL)
    return;

  show_result (self, event, &block[BLOCK_CONTENT], command);
  tell_running (self);
}

static void
take_user (RuntimeUseClaudeEvents *self,
           const Event            *event)
{
  static const char * const names[] = { "content" };
  RuntimeUseJsonValue content;

  _runtime_use_json_pick_from (&event->members[MEMBER_MESSAGE], names, &content,
                               G_N_ELEMENTS (names));
  for_each_block (self, event, &content, take_tool_result);
}

/* What goes on between the program and us */

static void
take_control_request (RuntimeUseClaudeEvents *self,
                      const Event            *event)
{
  g_autofree char *id = _runtime_use_json_pick_string (&event->members[MEMBER_REQUEST_ID]);

  if (id != NULL)
    self->funcs->asked (id, self->user_data);
}

static void
take_control_response (RuntimeUseClaudeEvents *self,
                       const Event            *event)
{
  static const char * const names[] = {
    "subtype", "request_id", "error",
  };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  g_autofree char *text = NULL;

  _runtime_use_json_pick_from (&event->members[MEMBER_RESPONSE], names, values,
                               G_N_ELEMENTS (names));
  if (!_runtime_use_json_pick_is (&values[0], "error") ||
      !_runtime_use_json_pick_is (&values[1], RUNTIME_USE_CLAUDE_INITIALIZE_ID))
    return;

  text = _runtime_use_json_pick_string (&values[2]);
  end (self, _runtime_use_claude_result_new_refused (text));
}

static void
take_result (RuntimeUseClaudeEvents *self,
             const Event            *event)
{
  end (self, _runtime_use_claude_result_read (&self->session, event->line, event->length));
}

typedef struct
{
  const char *type;
  EventFunc   func;
} EventKind;

static const EventKind event_kinds[] = {
  { "assistant", take_assistant },
  { "stream_event", take_stream_event },
  { "user", take_user },
  { "result", take_result },
  { "system", take_system },
  { "control_request", take_control_request },
  { "control_response", take_control_response },
};

/* Takes a line without its end. There are many kinds of events that say nothing to us, and there
 * may be more some day. A line that is no object comes from something that prints where it should
 * not, and is logged. */
gboolean
_runtime_use_claude_events_take (RuntimeUseClaudeEvents  *self,
                                 const char              *line,
                                 gsize                    length,
                                 GError                 **error)
{
  Event event = { .line = line, .length = length };

  if (self->ended || length == 0)
    return TRUE;
  if (line[0] != '{')
    {
      g_autofree char *text = g_utf8_make_valid (line, (gssize) MIN (length, MAX_STRAY));

      self->funcs->log (text, self->user_data);
      return TRUE;
    }
  if (!_runtime_use_json_pick (line, length, member_names, event.members, N_MEMBERS, error))
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (event_kinds); i++)
    if (_runtime_use_json_pick_is (&event.members[MEMBER_TYPE], event_kinds[i].type))
      {
        event_kinds[i].func (self, &event);
        break;
      }

  return TRUE;
}

const char *
_runtime_use_claude_events_get_problem (RuntimeUseClaudeEvents *self)
{
  return self->session.problem;
}

gboolean
_runtime_use_claude_events_has_tools (RuntimeUseClaudeEvents *self)
{
  return g_hash_table_size (self->tools) > 0;
}

void
_runtime_use_claude_events_want_object (RuntimeUseClaudeEvents *self)
{
  self->session.wants_object = TRUE;
}

gboolean
_runtime_use_claude_events_lacks_object (RuntimeUseClaudeEvents *self)
{
  return self->session.lacks_object;
}

void
_runtime_use_claude_events_go_on (RuntimeUseClaudeEvents *self)
{
  self->session.n_corrections++;
  self->session.earlier = self->session.last;
  self->ended = FALSE;
}

RuntimeUseClaudeEvents *
_runtime_use_claude_events_new (const RuntimeUseClaudeEventFuncs *funcs,
                                gpointer                          user_data)
{
  RuntimeUseClaudeEvents *self = g_new0 (RuntimeUseClaudeEvents, 1);

  self->funcs = funcs;
  self->user_data = user_data;
  self->tools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return self;
}

void
_runtime_use_claude_events_free (RuntimeUseClaudeEvents *self)
{
  g_hash_table_unref (self->tools);
  g_free (self->session.version);
  g_free (self->session.model);
  g_free (self->session.problem);
  g_free (self->session.problem_kind);
  g_free (self);
}
