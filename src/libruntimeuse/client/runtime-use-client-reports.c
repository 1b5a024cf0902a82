/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-reports-private.h"

#include "runtime-use-assistant-message.h"
#include "runtime-use-command-output-message.h"
#include "runtime-use-download-progress-message.h"
#include "runtime-use-heartbeat-message.h"

/*
 * What a server tells while a request runs, as signals of the session. Whether somebody wants to
 * hear it is known to the session alone.
 */

typedef enum
{
  SIGNAL_ASSISTANT_MESSAGE,
  SIGNAL_COMMAND_OUTPUT,
  SIGNAL_HEARTBEAT,
  SIGNAL_DOWNLOAD_PROGRESS,
} RuntimeUseClientReport;

static guint signals[SIGNAL_DOWNLOAD_PROGRESS + 1];

void
_runtime_use_client_reports_install (GType session_type)
{
  /**
   * RuntimeUseClientSession::assistant-message:
   * @self: the session
   * @text_blocks: (array zero-terminated=1): what the agent says
   *
   * The agent said something while it worked.
   *
   * Since: 0.1
   */
  signals[SIGNAL_ASSISTANT_MESSAGE] =
    g_signal_new ("assistant-message", session_type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_STRV | G_SIGNAL_TYPE_STATIC_SCOPE);

  /**
   * RuntimeUseClientSession::command-output:
   * @self: the session
   * @message: what it printed, and where
   *
   * A command printed something.
   *
   * Since: 0.1
   */
  signals[SIGNAL_COMMAND_OUTPUT] =
    g_signal_new ("command-output", session_type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, RUNTIME_USE_TYPE_COMMAND_OUTPUT_MESSAGE);

  /**
   * RuntimeUseClientSession::heartbeat:
   * @self: the session
   * @phase: what the server is doing
   * @elapsed_ms: milliseconds since it accepted the request
   *
   * The server is alive and still working.
   *
   * Since: 0.1
   */
  signals[SIGNAL_HEARTBEAT] =
    g_signal_new ("heartbeat", session_type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_INT64);

  /**
   * RuntimeUseClientSession::download-progress:
   * @self: the session
   * @index: which download of the request, counted from 0; those of
   *   [property@RuntimeUse.ClientSession:file-exchange] come first
   * @received: how many bytes the server has
   * @total: how many there will be, or 0 if that is not known
   *
   * The server fetches a file. Only for a request with
   * [property@RuntimeUse.RequestMessage:report-progress], and from a server
   * that can tell.
   *
   * Since: 0.1
   */
  signals[SIGNAL_DOWNLOAD_PROGRESS] =
    g_signal_new ("download-progress", session_type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT64, G_TYPE_UINT64);
}

void
_runtime_use_client_reports_emit (RuntimeUseClientSession *session,
                                  RuntimeUseMessage       *message)
{
  if (RUNTIME_USE_IS_COMMAND_OUTPUT_MESSAGE (message))
    {
      g_signal_emit (session, signals[SIGNAL_COMMAND_OUTPUT], 0, message);
    }
  else if (RUNTIME_USE_IS_ASSISTANT_MESSAGE (message))
    {
      RuntimeUseAssistantMessage *assistant = RUNTIME_USE_ASSISTANT_MESSAGE (message);

      g_signal_emit (session, signals[SIGNAL_ASSISTANT_MESSAGE], 0,
                     runtime_use_assistant_message_get_text_blocks (assistant));
    }
  else if (RUNTIME_USE_IS_HEARTBEAT_MESSAGE (message))
    {
      RuntimeUseHeartbeatMessage *heartbeat = RUNTIME_USE_HEARTBEAT_MESSAGE (message);

      g_signal_emit (session, signals[SIGNAL_HEARTBEAT], 0,
                     runtime_use_heartbeat_message_get_phase (heartbeat),
                     runtime_use_heartbeat_message_get_elapsed_ms (heartbeat));
    }
  else if (RUNTIME_USE_IS_DOWNLOAD_PROGRESS_MESSAGE (message))
    {
      RuntimeUseDownloadProgressMessage *progress = RUNTIME_USE_DOWNLOAD_PROGRESS_MESSAGE (message);

      g_signal_emit (session, signals[SIGNAL_DOWNLOAD_PROGRESS], 0,
                     runtime_use_download_progress_message_get_index (progress),
                     runtime_use_download_progress_message_get_received (progress),
                     runtime_use_download_progress_message_get_total (progress));
    }
}
