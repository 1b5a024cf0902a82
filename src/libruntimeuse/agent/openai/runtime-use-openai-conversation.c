/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-openai-conversation-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-error-name-private.h"
#include "runtime-use-invocation-private.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-model-request-private.h"
#include "runtime-use-outcome-private.h"
#include "runtime-use-output-format-private.h"
#include "runtime-use-shell-tool-private.h"
#include "runtime-use-token-usage-private.h"

/* So often in a row it may answer with nothing. */
#define MAX_EMPTY 2

/* A piece of a message does not get longer than this before it is sent. */
#define MAX_DELTA (16 * 1024)

typedef struct
{
  RuntimeUseInvocation           *invocation;
  SoupSession                    *session;
  RuntimeUseOpenaiService         service;             /* strings are ours */
  RuntimeUseOpenaiSettings        settings;
  const RuntimeUseOpenaiDialect  *dialect;
  RuntimeUseOutputFormat         *format;              /* (nullable): text is asked for */
  RuntimeUseOpenaiFoundFunc       found;
  gpointer                        user_data;
  GDestroyNotify                  destroy;
  GCancellable                   *cancellable;
  gulong                          drained_id;

  GPtrArray                      *pieces;              /* GBytes: of the body, but for its end */
  GBytes                         *tail;                /* that end */
  guint64                         size;

  RuntimeUseModelRequest         *request;             /* (nullable): none is under way */
  RuntimeUseOpenaiTurn           *turn;                /* (nullable) */
  GString                        *delta;               /* said, but not sent */
  guint                           n_calls;             /* of the turn that were carried out */
  guint                           n_turns;
  guint                           n_corrections;
  guint                           n_empty;
  RuntimeUseTokenUsage            usage;
} Conversation;

static void take_turn (Conversation *self);

static void
end_turn (Conversation *self)
{
  g_clear_pointer (&self->request, _runtime_use_model_request_free);
  g_clear_pointer (&self->turn, _runtime_use_openai_turn_free);
}

static void
conversation_free (Conversation *self)
{
  end_turn (self);
  g_clear_signal_handler (&self->drained_id, self->invocation);
  g_clear_pointer (&self->format, _runtime_use_output_format_free);
  g_clear_pointer (&self->pieces, g_ptr_array_unref);
  g_clear_pointer (&self->tail, g_bytes_unref);
  g_clear_object (&self->cancellable);
  _runtime_use_token_usage_clear (&self->usage);
  g_string_free (self->delta, TRUE);
  _runtime_use_openai_service_clear (&self->service);
  g_object_unref (self->session);
  g_object_unref (self->invocation);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

/* --- the end --- */

static void
set_string (JsonObject *object,
            const char *name,
            const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
}

static JsonNode *
describe_success (Conversation *self)
{
  JsonObject *metadata = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (metadata, "usage", _runtime_use_token_usage_to_node (&self->usage));
  json_object_set_int_member (metadata, "turns", self->n_turns);
  set_string (metadata, "model", self->turn->model);
  set_string (metadata, "responseId", self->turn->id);
  json_node_take_object (node, metadata);

  return node;
}

/* Either the status or the answer told of the error, if the service did at all. */
static void
add_failure (Conversation *self,
             JsonObject   *metadata)
{
  const RuntimeUseModelFailure *failure;

  if (self->request == NULL)
    return;

  failure = _runtime_use_model_request_get_failure (self->request);
  if (failure->status != 0)
    json_object_set_int_member (metadata, "status", failure->status);
  set_string (metadata, "type", failure->type);
  set_string (metadata, "type", self->turn->error_type);
  set_string (metadata, "code", failure->code);
  set_string (metadata, "code", self->turn->error_code);
  set_string (metadata, "param", failure->param);
  set_string (metadata, "param", self->turn->error_param);
  set_string (metadata, "request_id", failure->request_id);
}

static JsonNode *
describe_failure (Conversation *self,
                  const GError *error)
{
  JsonObject *metadata = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (metadata, "error_name", _runtime_use_error_get_name (error));
  json_object_set_member (metadata, "usage", _runtime_use_token_usage_to_node (&self->usage));
  json_object_set_int_member (metadata, "turns", self->n_turns);
  add_failure (self, metadata);
  json_node_take_object (node, metadata);

  return node;
}

/* Takes the error, and ends it all. */
static void
fail (Conversation *self,
      GError       *error)
{
  g_autoptr(JsonNode) metadata = describe_failure (self, error);

  _runtime_use_invocation_return_outcome (self->invocation,
                                          _runtime_use_outcome_new_error (error, metadata));
  g_error_free (error);
  conversation_free (self);
}

static void
fail_with (Conversation *self,
           const char   *text)
{
  fail (self, g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, text));
}

static gboolean
fail_if_cancelled (Conversation *self)
{
  g_autoptr(GError) error = NULL;

  if (!g_cancellable_set_error_if_cancelled (self->cancellable, &error))
    return FALSE;

  fail (self, g_steal_pointer (&error));

  return TRUE;
}

static void
succeed (Conversation      *self,
         RuntimeUseOutcome *outcome)
{
  _runtime_use_invocation_return_outcome (self->invocation, outcome);
  conversation_free (self);
}

/* --- what is sent --- */

static void
add_piece (Conversation *self,
           GString      *piece)
{
  self->size += piece->len;
  g_ptr_array_add (self->pieces, g_string_free_to_bytes (piece));
}

static void
begin (Conversation *self)
{
  const RuntimeUseOpenaiPrompt prompt = {
    .model = runtime_use_invocation_get_model (self->invocation),
    .system_prompt = runtime_use_invocation_get_system_prompt (self->invocation),
    .user_prompt = runtime_use_invocation_get_user_prompt (self->invocation),
    .schema = self->format != NULL ? _runtime_use_output_format_get_schema (self->format) : NULL,
    .is_strict = self->format != NULL && _runtime_use_output_format_is_strict (self->format),
  };
  GString *head = g_string_new (NULL);
  GString *items = g_string_new (NULL);
  GString *tail = g_string_new (NULL);

  self->dialect->begin (&prompt, head, items, tail);
  g_clear_pointer (&self->pieces, g_ptr_array_unref);
  g_clear_pointer (&self->tail, g_bytes_unref);
  self->pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->size = 0;
  add_piece (self, head);
  add_piece (self, items);
  self->tail = g_string_free_to_bytes (tail);
}

/* --- what is said --- */

static void
send_delta (Conversation *self)
{
  if (self->delta->len > 0)
    runtime_use_invocation_send_assistant_delta (self->invocation, self->delta->str);
  g_string_truncate (self->delta, 0);
}

static void
say (const char *text,
     gboolean    is_whole,
     gpointer    user_data)
{
  Conversation *self = user_data;
  const char *blocks[] = { text, NULL };

  if (!is_whole)
    {
      if (runtime_use_invocation_get_stream_deltas (self->invocation))
        g_string_append (self->delta, text);
      if (self->delta->len > MAX_DELTA)
        send_delta (self);
      return;
    }

  send_delta (self);
  if (*text != '\0')
    runtime_use_invocation_send_assistant_message (self->invocation, blocks);
}

static gboolean
event_cb (const RuntimeUseSseEvent  *event,
          gpointer                   user_data,
          GError                   **error)
{
  Conversation *self = user_data;

  return self->dialect->take (self->turn, event->data, event->data_length, error);
}

static void
pause_cb (gpointer user_data)
{
  send_delta (user_data);
}

static gboolean
is_full_cb (gpointer user_data)
{
  Conversation *self = user_data;

  return runtime_use_invocation_is_full (self->invocation);
}

static gboolean
is_complete_cb (gpointer user_data)
{
  Conversation *self = user_data;

  return self->turn->is_complete;
}

static const RuntimeUseModelRequestOwner request_owner = {
  .event = event_cb,
  .pause = pause_cb,
  .is_full = is_full_cb,
  .is_complete = is_complete_cb,
};

static void
drained_cb (RuntimeUseInvocation *invocation,
            Conversation         *self)
{
  if (self->request != NULL)
    _runtime_use_model_request_resume (self->request);
}

/* --- what is done --- */

static void run_next_call (Conversation *self);

static void
call_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Conversation *self = user_data;
  g_autoptr(GPtrArray) outputs = _runtime_use_shell_tool_run_finish (result, NULL);
  const RuntimeUseShellCall *call;
  GString *piece;

  if (fail_if_cancelled (self))
    return;

  piece = g_string_new (NULL);
  call = g_ptr_array_index (self->turn->calls, self->n_calls);
  self->dialect->append_outputs (piece, call, outputs);
  add_piece (self, piece);
  self->n_calls++;
  run_next_call (self);
}

static void
run_next_call (Conversation *self)
{
  const RuntimeUseShellToolSettings settings = {
    .timeout_ms = self->settings.tool_timeout,
    .max_output = self->settings.max_tool_output,
    .hidden = self->settings.keys_for_tools ? NULL : "OPENAI_API_KEY",
  };

  if (self->n_calls == self->turn->calls->len)
    take_turn (self);
  else
    _runtime_use_shell_tool_run_async (self->invocation,
                                       g_ptr_array_index (self->turn->calls, self->n_calls),
                                       &settings, self->cancellable, call_cb, self);
}

/* The same in both dialects. */
static void
append_prompt (GString    *items,
               const char *text)
{
  g_string_append (items, ",{\"role\":\"user\",");
  _runtime_use_openai_append (items, "content", text);
  g_string_append_c (items, '}');
}

/* A model can often mend its answer when it is told what is wrong with it. */
static void
correct (Conversation *self,
         GError       *error)
{
  g_autofree char *text = NULL;
  GString *piece;

  /* A check that went beyond its limits says nothing about the answer. */
  if (self->n_corrections == RUNTIME_USE_OUTPUT_FORMAT_MAX_CORRECTIONS ||
      g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE))
    {
      g_prefix_error (&error, "The model gave no usable structured output%s: ",
                      self->n_corrections > 0 ? ", also when it was told what was wrong" : "");
      fail (self, error);
      return;
    }

  self->n_corrections++;
  text = g_strdup_printf ("%s Answer again, with nothing but a JSON object that follows the "
                          "schema.", error->message);
  piece = g_string_new (NULL);
  append_prompt (piece, text);
  add_piece (self, piece);
  g_error_free (error);
  take_turn (self);
}

static void
answer (Conversation *self)
{
  g_autoptr(JsonNode) metadata = describe_success (self);
  g_autofree char *json = NULL;
  GError *error = NULL;
  RuntimeUseOutcome *outcome;

  if (self->format == NULL)
    {
      succeed (self, _runtime_use_outcome_new_text (self->turn->text, metadata));
      return;
    }

  json = _runtime_use_output_format_read (self->format, self->turn->text, &error);
  if (json == NULL)
    {
      correct (self, error);
      return;
    }

  outcome = _runtime_use_outcome_new_json (json);
  if (outcome->error == NULL)
    outcome->metadata = _runtime_use_json_from_node (metadata, NULL);
  succeed (self, outcome);
}

static void
keep_items (Conversation *self)
{
  GString *piece;

  if (self->turn->items->len == 0)
    return;

  piece = g_string_sized_new (self->turn->items->len + 1);
  g_string_append_c (piece, ',');
  g_string_append_len (piece, self->turn->items->str, (gssize) self->turn->items->len);
  add_piece (self, piece);
}

static void
refuse (Conversation *self)
{
  g_autofree char *text = g_strdup_printf ("The model refused: %s", self->turn->refusal);

  fail_with (self, text);
}

static void
go_on (Conversation *self)
{
  keep_items (self);
  self->n_calls = 0;
  self->n_empty = self->turn->calls->len > 0 ? 0 : self->n_empty + 1;

  if (self->turn->refusal != NULL)
    refuse (self);
  else if (self->turn->calls->len > 0)
    run_next_call (self);
  else if (self->turn->text != NULL && *self->turn->text != '\0')
    answer (self);
  else if (self->n_empty >= MAX_EMPTY)
    fail_with (self, "The model answered with nothing");
  else
    take_turn (self);
}

/* A server that knows only the other API has nothing at the address of this one. A model that is
 * not there is something else.
 */
static gboolean
try_other_api (Conversation *self)
{
  const RuntimeUseModelFailure *failure = _runtime_use_model_request_get_failure (self->request);

  if (!self->service.may_be_chat || self->dialect == &_runtime_use_openai_chat ||
      failure->status != SOUP_STATUS_NOT_FOUND ||
      g_strcmp0 (failure->code, "model_not_found") == 0)
    return FALSE;

  runtime_use_logger_info (runtime_use_invocation_get_logger (self->invocation),
                           "the service has no Responses API; trying Chat Completions");
  self->dialect = &_runtime_use_openai_chat;
  self->n_turns = 0;
  begin (self);
  take_turn (self);

  return TRUE;
}

static void
requested_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Conversation *self = user_data;
  GError *error = NULL;
  gboolean is_good;

  send_delta (self);
  is_good = _runtime_use_model_request_run_finish (self->request, result, &error) &&
            self->dialect->end (self->turn, &error);
  if (self->turn->usage != NULL)
    _runtime_use_token_usage_add (&self->usage, self->turn->usage);
  if (!is_good)
    {
      if (g_cancellable_is_cancelled (self->cancellable) || !try_other_api (self))
        fail (self, error);
      else
        g_error_free (error);
      return;
    }

  if (self->service.may_be_chat)
    self->found (self->service.base_url, self->dialect, self->user_data);
  self->service.may_be_chat = FALSE;
  go_on (self);
}

static GPtrArray *
make_body (Conversation *self)
{
  GPtrArray *body = g_ptr_array_copy (self->pieces, (GCopyFunc) (void *) g_bytes_ref, NULL);

  g_ptr_array_add (body, g_bytes_ref (self->tail));

  return body;
}

static void
ask (Conversation *self)
{
  g_autoptr(GPtrArray) body = make_body (self);
  g_autofree char *url = g_strconcat (self->service.base_url, self->dialect->path, NULL);
  RuntimeUseModelQuestion question = {
    .url = url,
    .key = self->service.key,
    .organization = self->service.organization,
    .project = self->service.project,
    .logger = runtime_use_invocation_get_logger (self->invocation),
    .body = body,
    .policy = RUNTIME_USE_RETRY_POLICY_INIT,
    .connect_timeout = self->settings.connect_timeout,
    .idle_timeout = self->settings.idle_timeout,
  };

  question.policy.max_retries = self->settings.max_retries;
  self->turn = _runtime_use_openai_turn_new (say, self);
  self->request = _runtime_use_model_request_new (self->session, &question, &request_owner, self);
  _runtime_use_model_request_run_async (self->request, self->cancellable, requested_cb, self);
}

static void
take_turn (Conversation *self)
{
  g_autofree char *text = NULL;

  end_turn (self);
  if (fail_if_cancelled (self))
    return;

  if (self->n_turns == self->settings.max_turns)
    text = g_strdup_printf ("Max turns (%u) exceeded", self->settings.max_turns);
  else if (self->size > self->settings.max_size)
    text = g_strdup_printf ("The conversation has grown to more than %" G_GUINT64_FORMAT " bytes",
                            self->settings.max_size);

  if (text != NULL)
    {
      fail_with (self, text);
      return;
    }

  self->n_turns++;
  ask (self);
}

void
_runtime_use_openai_service_clear (RuntimeUseOpenaiService *self)
{
  g_clear_pointer (&self->base_url, g_free);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  g_clear_pointer (&self->key, g_free);
  g_clear_pointer (&self->organization, g_free);
  g_clear_pointer (&self->project, g_free);
}

/* Takes what is in @service, and @format. */
void
_runtime_use_openai_converse (RuntimeUseInvocation           *invocation,
                              SoupSession                    *session,
                              RuntimeUseOpenaiService        *service,
                              const RuntimeUseOpenaiSettings *settings,
                              const RuntimeUseOpenaiDialect  *dialect,
                              RuntimeUseOutputFormat         *format,
                              RuntimeUseOpenaiFoundFunc       found,
                              gpointer                        user_data,
                              GDestroyNotify                  destroy)
{
  Conversation *self = g_new0 (Conversation, 1);
  GCancellable *cancellable = runtime_use_invocation_get_cancellable (invocation);

  self->invocation = g_object_ref (invocation);
  self->session = g_object_ref (session);
  self->service = *service;
  memset (service, 0, sizeof *service);
  self->settings = *settings;
  self->dialect = dialect;
  self->format = format;
  self->found = found;
  self->user_data = user_data;
  self->destroy = destroy;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : g_cancellable_new ();
  self->drained_id = g_signal_connect (invocation, "drained", G_CALLBACK (drained_cb), self);
  self->delta = g_string_new (NULL);
  _runtime_use_token_usage_init (&self->usage);
  begin (self);
  take_turn (self);
}
