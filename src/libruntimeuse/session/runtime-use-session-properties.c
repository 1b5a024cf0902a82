/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-private.h"

/*
 * What a session tells about itself, to its owner and to those who watch.
 */

typedef enum
{
  PROP_CHANNEL = 1,
  PROP_HANDLER,
  PROP_ID,
  PROP_STATE,
  PROP_PEER,
  PROP_CONNECTED_AT,
  PROP_REQUEST_KIND,
  PROP_SOURCE_ID,
  PROP_MODEL,
  PROP_PHASE,
  PROP_COMMAND,
  PROP_REQUEST_STARTED_AT,
  PROP_REQUESTS_DONE,
  PROP_REQUESTS_FAILED,
  PROP_REQUESTS_CANCELLED,
  PROP_OUTPUT_BYTES,
  PROP_LAST_ERROR,
  PROP_LAST_ERROR_NAME,
  PROP_LAST_DURATION,
  PROP_UPLOAD_TRACKER,
  PROP_ARTIFACTS_PENDING,
  PROP_ARTIFACTS_UPLOADED,
  PROP_ARTIFACTS_FAILED,
  PROP_FIRST_SETTING,
} RuntimeUseSessionProperty;

static GParamSpec *properties[PROP_ARTIFACTS_FAILED + 1];

static guint64
get_artifacts_count (RuntimeUseSession         *self,
                     RuntimeUseSessionProperty  property)
{
  RuntimeUseArtifactManager *manager;

  if (self->artifacts == NULL)
    return 0;

  manager = _runtime_use_session_artifacts_get_manager (self->artifacts);
  if (property == PROP_ARTIFACTS_PENDING)
    return runtime_use_artifact_manager_get_n_pending (manager);
  if (property == PROP_ARTIFACTS_UPLOADED)
    return runtime_use_artifact_manager_get_n_uploaded (manager);

  return runtime_use_artifact_manager_get_n_failed (manager);
}

static const char *
get_string (RuntimeUseSession         *self,
            RuntimeUseSessionProperty  property)
{
  if (property == PROP_ID)
    return self->id;
  if (property == PROP_PEER)
    return self->peer;
  if (property == PROP_REQUEST_KIND)
    return runtime_use_session_get_request_kind (self);
  if (property == PROP_SOURCE_ID)
    return runtime_use_session_get_source_id (self);
  if (property == PROP_MODEL)
    return runtime_use_session_get_model (self);
  if (property == PROP_COMMAND)
    return runtime_use_session_get_command (self);
  if (property == PROP_LAST_ERROR)
    return self->last_error;

  return self->last_error_name;
}

static gint64
get_time (RuntimeUseSession         *self,
          RuntimeUseSessionProperty  property)
{
  if (property == PROP_CONNECTED_AT)
    return self->connected_at;
  if (property == PROP_REQUEST_STARTED_AT)
    return self->request_started_at;

  return self->last_duration;
}

static guint64
get_count (RuntimeUseSession         *self,
           RuntimeUseSessionProperty  property)
{
  if (property == PROP_REQUESTS_DONE)
    return self->n_done;
  if (property == PROP_REQUESTS_FAILED)
    return self->n_failed;
  if (property == PROP_REQUESTS_CANCELLED)
    return self->n_cancelled;
  if (property == PROP_OUTPUT_BYTES)
    return runtime_use_session_get_output_bytes (self);

  return get_artifacts_count (self, property);
}

static void
runtime_use_session_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_session_settings_get_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                  value);
      return;
    }

  switch ((RuntimeUseSessionProperty) prop_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, self->channel);
      break;

    case PROP_HANDLER:
      g_value_set_object (value, self->handler);
      break;

    case PROP_UPLOAD_TRACKER:
      g_value_set_object (value, self->tracker);
      break;

    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;

    case PROP_PHASE:
      g_value_set_enum (value, runtime_use_session_get_phase (self));
      break;

    case PROP_ID:
    case PROP_PEER:
    case PROP_REQUEST_KIND:
    case PROP_SOURCE_ID:
    case PROP_MODEL:
    case PROP_COMMAND:
    case PROP_LAST_ERROR:
    case PROP_LAST_ERROR_NAME:
      g_value_set_string (value, get_string (self, prop_id));
      break;

    case PROP_CONNECTED_AT:
    case PROP_REQUEST_STARTED_AT:
    case PROP_LAST_DURATION:
      g_value_set_int64 (value, get_time (self, prop_id));
      break;

    case PROP_REQUESTS_DONE:
    case PROP_REQUESTS_FAILED:
    case PROP_REQUESTS_CANCELLED:
    case PROP_OUTPUT_BYTES:
    case PROP_ARTIFACTS_PENDING:
    case PROP_ARTIFACTS_UPLOADED:
    case PROP_ARTIFACTS_FAILED:
      g_value_set_uint64 (value, get_count (self, prop_id));
      break;

    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_session_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_session_settings_set_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                  value);
      return;
    }

  /* The others are read-only, and GObject sees to that. */
  if (prop_id == PROP_CHANNEL)
    self->channel = g_value_dup_object (value);
  else if (prop_id == PROP_HANDLER)
    self->handler = g_value_dup_object (value);
  else if (prop_id == PROP_UPLOAD_TRACKER)
    self->tracker = g_value_dup_object (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

/**
 * RuntimeUseSession:heartbeat-interval:
 *
 * How often the client is told that its request is still running, in
 * milliseconds.
 *
 * The default is 15,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:cancel-grace:
 *
 * How long a cancelled agent may take to stop before its request ends
 * without it, in milliseconds.
 *
 * A built-in agent's script is first given its own period, so at least
 * [property@RuntimeUse.Session:kill-grace] and half a second are waited. The
 * default is 5,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:kill-grace:
 *
 * How long a command may take to stop after `SIGTERM` before it is killed, in
 * milliseconds.
 *
 * The default is 2,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:invocation-timeout:
 *
 * How long an agent may take to answer, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:command-timeout:
 *
 * How long a command may run, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:artifact-quiet:
 *
 * How long nothing must have happened to a file in an artifact folder that its
 * last writer has closed before it is offered, in milliseconds.
 *
 * The default is 40.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:artifact-hold:
 *
 * How long the answer to a request is held back at most until the files that
 * were just written are on their way, in milliseconds.
 *
 * A client that has its answer reads no offers any more. Nothing is held back
 * when nothing has changed, and after a cancel. The default is 5,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:artifact-wait:
 *
 * How long the end of a session waits for answers to offers, in seconds.
 *
 * What was answered by then is sent, within 50 seconds in all. The default is
 * 45.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:post-invocation-delay:
 *
 * How long an invocation waits before its result, in milliseconds.
 *
 * The default is 0: files are waited for anyway.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:allow-local-downloads:
 *
 * Whether files may be fetched from this machine and from networks that are not
 * public.
 *
 * Clients that run on the same machine serve files there, so the default is
 * `TRUE`. If not, see [property@RuntimeUse.DownloadHandler:allow-local].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:download-connect-timeout:
 *
 * How long it may take to look up the host of a file that is downloaded, and to
 * connect to it, in seconds.
 *
 * The default is 30.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:download-timeout:
 *
 * How long the download of a file may take, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:download-idle-timeout:
 *
 * How long nothing may arrive of a file that is downloaded, in seconds.
 *
 * The default is 60.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:max-download-size:
 *
 * How large a file may be that is downloaded, in bytes.
 *
 * The default is 64 GiB.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:max-extracted-size:
 *
 * How many bytes the members of an archive may have in all.
 *
 * The default is 64 GiB.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:max-download-entries:
 *
 * How many members an archive may have that is downloaded and unpacked.
 *
 * The default is 500,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:redact-env:
 *
 * Which values of a request's environment variables are treated as secrets,
 * besides those that the request names.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:shell:
 *
 * The program that commands are given to, by its absolute path, and what that program gets before
 * `-c` and the command.
 *
 * `NULL`, the default, is `/bin/sh` alone. It runs the commands of requests, those of the built-in
 * agents, and the program of [class@RuntimeUse.ClaudeHandler]. A request that has begun keeps what
 * it began with.
 *
 * Since: 0.1
 */

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)
#define NOTIFYING (READABLE | G_PARAM_EXPLICIT_NOTIFY)

static void
install_identity (void)
{
  /**
   * RuntimeUseSession:channel:
   *
   * How the session speaks to its client.
   *
   * Since: 0.1
   */
  properties[PROP_CHANNEL] =
    g_param_spec_object ("channel", NULL, NULL,
                         RUNTIME_USE_TYPE_CHANNEL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseSession:handler:
   *
   * The agent that answers invocations.
   *
   * Since: 0.1
   */
  properties[PROP_HANDLER] =
    g_param_spec_object ("handler", NULL, NULL,
                         RUNTIME_USE_TYPE_AGENT_HANDLER,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseSession:id:
   *
   * A name that nobody can guess.
   *
   * Since: 0.1
   */
  properties[PROP_ID] =
    g_param_spec_string ("id", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseSession:state:
   *
   * What the session is doing.
   *
   * Since: 0.1
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL,
                       RUNTIME_USE_TYPE_SESSION_STATE,
                       RUNTIME_USE_SESSION_STATE_IDLE,
                       (G_PARAM_READABLE |
                        G_PARAM_EXPLICIT_NOTIFY |
                        G_PARAM_STATIC_STRINGS));
}

static void
install_artifacts (void)
{
  /**
   * RuntimeUseSession:upload-tracker:
   *
   * What sends the artifacts. Sessions may share one; without one a session
   * makes its own when it needs it.
   *
   * Since: 0.1
   */
  properties[PROP_UPLOAD_TRACKER] =
    g_param_spec_object ("upload-tracker", NULL, NULL,
                         RUNTIME_USE_TYPE_UPLOAD_TRACKER,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseSession:artifacts-pending:
   *
   * How many files were offered to the client and are not sent yet.
   *
   * Since: 0.1
   */
  properties[PROP_ARTIFACTS_PENDING] =
    g_param_spec_uint64 ("artifacts-pending", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseSession:artifacts-uploaded:
   *
   * How many files were sent.
   *
   * Since: 0.1
   */
  properties[PROP_ARTIFACTS_UPLOADED] =
    g_param_spec_uint64 ("artifacts-uploaded", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseSession:artifacts-failed:
   *
   * How many files could not be sent although the client had said where to.
   *
   * Since: 0.1
   */
  properties[PROP_ARTIFACTS_FAILED] =
    g_param_spec_uint64 ("artifacts-failed", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_connection (void)
{
  /**
   * RuntimeUseSession:peer:
   *
   * Who is at the other end, for people: `127.0.0.1:50312`, `[::1]:50312`,
   * `unix:pid=1234,uid=1000`; `NULL` if the channel does not know.
   *
   * It stays the same when the channel is closed.
   *
   * Since: 0.1
   */
  properties[PROP_PEER] =
    g_param_spec_string ("peer", NULL, NULL, NULL, READABLE);

  /**
   * RuntimeUseSession:connected-at:
   *
   * When the session began, in microseconds since the epoch.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECTED_AT] =
    g_param_spec_int64 ("connected-at", NULL, NULL, 0, G_MAXINT64, 0, READABLE);
}

static void
install_request (void)
{
  /**
   * RuntimeUseSession:request-kind:
   *
   * What kind of request is running: `invocation` (of the agent) or `command`
   * (a list of commands); `NULL` if none is.
   *
   * This and the other properties of a request have no notification:
   * [signal@RuntimeUse.Session::request-started] and
   * [signal@RuntimeUse.Session::request-finished] tell when they change. Of
   * what changes in between, the phase and the command, there is one.
   *
   * Since: 0.1
   */
  properties[PROP_REQUEST_KIND] =
    g_param_spec_string ("request-kind", NULL, NULL, NULL, READABLE);

  /**
   * RuntimeUseSession:source-id:
   *
   * The client's own name for the request that is running, or `NULL` if none is
   * or it has none.
   *
   * Without secrets, and cut to 256 bytes between characters. It may hold control
   * characters all the same.
   *
   * Since: 0.1
   */
  properties[PROP_SOURCE_ID] =
    g_param_spec_string ("source-id", NULL, NULL, NULL, READABLE);

  /**
   * RuntimeUseSession:model:
   *
   * The model that the invocation that is running names, or `NULL` if none is.
   *
   * Without secrets, and cut to 256 bytes between characters.
   *
   * Since: 0.1
   */
  properties[PROP_MODEL] =
    g_param_spec_string ("model", NULL, NULL, NULL, READABLE);

  /**
   * RuntimeUseSession:request-started-at:
   *
   * When the request that is running was accepted, in microseconds since the
   * epoch, or 0 if none is running.
   *
   * Since: 0.1
   */
  properties[PROP_REQUEST_STARTED_AT] =
    g_param_spec_int64 ("request-started-at", NULL, NULL, 0, G_MAXINT64, 0, READABLE);
}

static void
install_progress (void)
{
  /**
   * RuntimeUseSession:phase:
   *
   * How far the request that is running has come.
   *
   * Since: 0.1
   */
  properties[PROP_PHASE] =
    g_param_spec_enum ("phase", NULL, NULL,
                       RUNTIME_USE_TYPE_REQUEST_PHASE,
                       RUNTIME_USE_REQUEST_PHASE_NONE,
                       NOTIFYING);

  /**
   * RuntimeUseSession:command:
   *
   * The command that is running: one of the request or one that the agent runs
   * as a tool; `NULL` if none is.
   *
   * Without secrets, and cut to 1,024 bytes between characters. The script that
   * the agent `shell` is given as its prompt is not shown, and of several tools
   * at a time it is one of them.
   *
   * Since: 0.1
   */
  properties[PROP_COMMAND] =
    g_param_spec_string ("command", NULL, NULL, NULL, NOTIFYING);
}

static void
install_counters (void)
{
  /**
   * RuntimeUseSession:requests-done:
   *
   * How many requests came to their end, however they ended.
   *
   * Requests that were refused, because they were malformed or another one was
   * running, count nowhere. There is no notification:
   * [signal@RuntimeUse.Session::request-finished] tells when it changes.
   *
   * Since: 0.1
   */
  properties[PROP_REQUESTS_DONE] =
    g_param_spec_uint64 ("requests-done", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);

  /**
   * RuntimeUseSession:requests-failed:
   *
   * How many of [property@RuntimeUse.Session:requests-done] ended with an error
   * and were not cancelled.
   *
   * There is no notification.
   *
   * Since: 0.1
   */
  properties[PROP_REQUESTS_FAILED] =
    g_param_spec_uint64 ("requests-failed", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);

  /**
   * RuntimeUseSession:requests-cancelled:
   *
   * How many of [property@RuntimeUse.Session:requests-done] were cancelled, be it
   * that their client went away.
   *
   * There is no notification.
   *
   * Since: 0.1
   */
  properties[PROP_REQUESTS_CANCELLED] =
    g_param_spec_uint64 ("requests-cancelled", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);

  /**
   * RuntimeUseSession:output-bytes:
   *
   * How many bytes of command output and of the agent's messages were sent to the
   * client since the session began, before they were encoded.
   *
   * Results do not count. There is no notification: read it when you need it.
   *
   * Since: 0.1
   */
  properties[PROP_OUTPUT_BYTES] =
    g_param_spec_uint64 ("output-bytes", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
}

static void
install_last_request (void)
{
  /**
   * RuntimeUseSession:last-duration:
   *
   * How long the last request took from its acceptance to its terminal message,
   * in microseconds; 0 before the first.
   *
   * There is no notification.
   *
   * Since: 0.1
   */
  properties[PROP_LAST_DURATION] =
    g_param_spec_int64 ("last-duration", NULL, NULL, 0, G_MAXINT64, 0, READABLE);

  /**
   * RuntimeUseSession:last-error:
   *
   * What went wrong with the last request that failed, or `NULL` if none has.
   *
   * It is the text that the client got: without secrets, but cut to 512 bytes
   * between characters. It may hold what the agent says.
   *
   * Since: 0.1
   */
  properties[PROP_LAST_ERROR] =
    g_param_spec_string ("last-error", NULL, NULL, NULL, NOTIFYING);

  /**
   * RuntimeUseSession:last-error-name:
   *
   * The name of [property@RuntimeUse.Session:last-error], as in the `error_name` of
   * the client's message: `timed-out`, `command-failed`…
   *
   * If the agent reported the error it is `agent-failed`, even if the message to
   * the client has another name, or none: then the text is the agent's.
   *
   * Since: 0.1
   */
  properties[PROP_LAST_ERROR_NAME] =
    g_param_spec_string ("last-error-name", NULL, NULL, NULL, NOTIFYING);
}

void
_runtime_use_session_install_properties (GObjectClass *object_class)
{
  object_class->get_property = runtime_use_session_get_property;
  object_class->set_property = runtime_use_session_set_property;

  install_identity ();
  install_connection ();
  install_request ();
  install_progress ();
  install_counters ();
  install_last_request ();
  install_artifacts ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_session_settings_install (object_class, PROP_FIRST_SETTING);
}

void
_runtime_use_session_clear_properties (RuntimeUseSession *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->peer, g_free);
  g_clear_pointer (&self->last_error, g_free);
  _runtime_use_session_settings_clear (&self->settings);
}

static void
notify (RuntimeUseSession         *self,
        RuntimeUseSessionProperty  property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
_runtime_use_session_notify_state (RuntimeUseSession *self)
{
  notify (self, PROP_STATE);
}

void
_runtime_use_session_notify_phase (RuntimeUseSession *self)
{
  notify (self, PROP_PHASE);
}

void
_runtime_use_session_notify_command (RuntimeUseSession *self)
{
  notify (self, PROP_COMMAND);
}

void
_runtime_use_session_notify_last_error (RuntimeUseSession *self)
{
  notify (self, PROP_LAST_ERROR);
  notify (self, PROP_LAST_ERROR_NAME);
}
