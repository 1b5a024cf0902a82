/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-host-private.h"

#include "runtime-use-json-lines-process-private.h"
#include "runtime-use-source-private.h"

/* How long a host may take to end after its input has, in milliseconds. */
#define HANG_UP_PATIENCE 2000

struct _RuntimeUseHost
{
  GObject                     parent_instance;

  char                       *name;
  guint                       start_timeout;
  const RuntimeUseHostEvents *events;      /* (nullable): nobody listens any more */
  gpointer                    user_data;

  RuntimeUseJsonLinesProcess *process;
  RuntimeUseHostAbilities     abilities;
  GSource                    *deadline;    /* (nullable): until it is ready */
  gboolean                    ready;
};

G_DEFINE_FINAL_TYPE (RuntimeUseHost, _runtime_use_host, G_TYPE_OBJECT)

static gboolean
start_timeout_cb (gpointer user_data)
{
  RuntimeUseHost *self = user_data;

  _runtime_use_clear_source (&self->deadline);
  _runtime_use_json_lines_process_fail (self->process, RUNTIME_USE_ERROR_TIMED_OUT,
                                        "it was not ready within %u s", self->start_timeout);

  return G_SOURCE_REMOVE;
}

static void
set_deadline (RuntimeUseHost *self)
{
  self->deadline = g_timeout_source_new (self->start_timeout * 1000);
  g_source_set_static_name (self->deadline, "RuntimeUseHost deadline");
  g_source_set_callback (self->deadline, start_timeout_cb, self, NULL);
  g_source_attach (self->deadline, g_main_context_get_thread_default ());
}

/* Ends the host with all that it has started. Takes the reason; the first one counts. */
void
_runtime_use_host_kill (RuntimeUseHost *self,
                        GError         *why)
{
  _runtime_use_clear_source (&self->deadline);
  _runtime_use_json_lines_process_kill (self->process, why);
}

/* What it writes */

static void
take_ready (RuntimeUseHost              *self,
            const RuntimeUseHostMessage *message)
{
  /* Who is to end anyway is not waited for any longer. */
  if (self->ready || _runtime_use_host_is_ending (self))
    return;

  self->ready = TRUE;
  _runtime_use_clear_source (&self->deadline);
  _runtime_use_json_lines_process_set_stage (self->process, NULL);
  _runtime_use_host_message_get_abilities (message, &self->abilities);
  if (self->events != NULL)
    self->events->ready (self, self->user_data);
}

/* The words of a host that cannot work are the whole error. */
static void
take_fatal (RuntimeUseHost              *self,
            const RuntimeUseHostMessage *message)
{
  g_autofree char *text = NULL;

  text = _runtime_use_host_message_dup_member (message, RUNTIME_USE_HOST_MEMBER_ERROR);
  _runtime_use_clear_source (&self->deadline);
  if (text != NULL)
    _runtime_use_json_lines_process_kill_plain (
      self->process,
      g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, text));
  else
    _runtime_use_json_lines_process_fail (self->process, RUNTIME_USE_ERROR_AGENT_FAILED,
                                          "it cannot work, and did not say why");
}

static void
line_cb (RuntimeUseJsonLinesProcess *process,
         const char                 *line,
         gsize                       length,
         gpointer                    user_data)
{
  RuntimeUseHost *self = user_data;
  RuntimeUseHostMessage message;
  g_autoptr(GError) error = NULL;

  if (!_runtime_use_host_message_read (&message, line, length, &error))
    _runtime_use_json_lines_process_refuse_line (process, line, length, error);
  else if (message.kind == RUNTIME_USE_HOST_MESSAGE_READY)
    take_ready (self, &message);
  else if (message.kind == RUNTIME_USE_HOST_MESSAGE_FATAL)
    take_fatal (self, &message);
  else if (self->ready && self->events != NULL)
    self->events->message (self, &message, line, length, self->user_data);
}

/* While its output is left alone, a host that goes on writing has to wait. */
void
_runtime_use_host_set_paused (RuntimeUseHost *self,
                              gboolean        paused)
{
  _runtime_use_json_lines_process_set_paused (self->process, paused);
}

/* What it reads */

/* What it does not take now waits. Prompts are bounded, and so are those who may ask. Returns the
 * place of @lines among all that was sent. */
guint64
_runtime_use_host_send (RuntimeUseHost *self,
                        const GString  *lines)
{
  return _runtime_use_json_lines_process_send (self->process, lines);
}

/* How much of what was sent a host that is gone had read. */
guint64
_runtime_use_host_get_taken (RuntimeUseHost *self)
{
  return _runtime_use_json_lines_process_get_taken (self->process);
}

/* Its end */

/* Asks it to end, which it is given time for. */
void
_runtime_use_host_hang_up (RuntimeUseHost *self)
{
  _runtime_use_clear_source (&self->deadline);
  _runtime_use_json_lines_process_hang_up (
    self->process,
    g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "%s: the handler was stopped",
                 self->name),
    HANG_UP_PATIENCE);
}

static void
gone_cb (RuntimeUseJsonLinesProcess *process,
         const GError               *error,
         gpointer                    user_data)
{
  g_autoptr(RuntimeUseHost) self = user_data;

  _runtime_use_clear_source (&self->deadline);
  if (self->events != NULL)
    self->events->gone (self, error, self->user_data);
  self->events = NULL;
}

static const RuntimeUseJsonLinesEvents process_events = {
  .line = line_cb,
  .gone = gone_cb,
};

void
_runtime_use_host_disown (RuntimeUseHost *self)
{
  self->events = NULL;
}

/* Keeps itself until its process is gone. */
gboolean
_runtime_use_host_start (RuntimeUseHost     *self,
                         RuntimeUseCommand  *command,
                         GError            **error)
{
  if (!_runtime_use_json_lines_process_start (self->process, command, NULL, error))
    return FALSE;

  g_object_ref (self);
  set_deadline (self);

  return TRUE;
}

gboolean
_runtime_use_host_is_ready (RuntimeUseHost *self)
{
  return self->ready;
}

gboolean
_runtime_use_host_is_ending (RuntimeUseHost *self)
{
  return _runtime_use_json_lines_process_is_ending (self->process);
}

const RuntimeUseHostAbilities *
_runtime_use_host_get_abilities (RuntimeUseHost *self)
{
  return &self->abilities;
}

void
_runtime_use_host_hide (RuntimeUseHost     *self,
                        RuntimeUseRedactor *redactor)
{
  _runtime_use_json_lines_process_hide (self->process, redactor);
}

/* For what is said of no invocation. Knows the secrets of all. */
RuntimeUseLogger *
_runtime_use_host_get_logger (RuntimeUseHost *self)
{
  return _runtime_use_json_lines_process_get_logger (self->process);
}

static void
_runtime_use_host_finalize (GObject *object)
{
  RuntimeUseHost *self = RUNTIME_USE_HOST (object);

  _runtime_use_clear_source (&self->deadline);
  g_clear_object (&self->process);
  g_free (self->name);

  G_OBJECT_CLASS (_runtime_use_host_parent_class)->finalize (object);
}

static void
_runtime_use_host_class_init (RuntimeUseHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _runtime_use_host_finalize;
}

static void
_runtime_use_host_init (RuntimeUseHost *self)
{
  self->abilities.concurrent = 1;
}

RuntimeUseHost *
_runtime_use_host_new (const char                 *name,
                       const RuntimeUseHostLimits *limits,
                       const RuntimeUseHostEvents *events,
                       gpointer                    user_data)
{
  const RuntimeUseJsonLinesTraits traits = {
    .input = "descriptor 3",
    .output = "descriptor 4",
    .max_line_size = limits->max_line_size,
    .max_unsent = G_MAXSIZE,
  };
  RuntimeUseHost *self = g_object_new (RUNTIME_USE_TYPE_HOST, NULL);

  self->name = g_strdup (name);
  self->start_timeout = limits->start_timeout;
  self->events = events;
  self->user_data = user_data;
  self->process = _runtime_use_json_lines_process_new (name, NULL, &traits, &process_events,
                                                       self);
  _runtime_use_json_lines_process_set_stage (self->process, " before it was ready");

  return self;
}
