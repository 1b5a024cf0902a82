/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-artifacts-private.h"

#include "runtime-use-file-exchange-private.h"

/*
 * Who says where the files are to go that a server found in its artifact folders: the exchange of
 * files does for its folders, whoever listens to the session for all others.
 */

typedef enum
{
  SIGNAL_ARTIFACT_UPLOAD_REQUEST,
  SIGNAL_ARTIFACT_UPLOAD_RESULT,
} RuntimeUseClientArtifactsSignal;

static guint signals[SIGNAL_ARTIFACT_UPLOAD_RESULT + 1];

void
_runtime_use_client_artifacts_install (GType session_type)
{
  /**
   * RuntimeUseClientSession::artifact-upload-result:
   * @self: the session
   * @message: the file
   *
   * The server has sent a file, or could not.
   *
   * Since: 0.1
   */
  signals[SIGNAL_ARTIFACT_UPLOAD_RESULT] =
    g_signal_new ("artifact-upload-result", session_type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_RESULT_MESSAGE);

  /**
   * RuntimeUseClientSession::artifact-upload-request:
   * @self: the session
   * @message: the file
   *
   * The server asks where to put a file that it found in an artifact folder.
   *
   * Say so with [method@RuntimeUse.ClientSession.answer_upload]. Comes at any
   * time, also between requests and while the session is being ended. Files
   * of [property@RuntimeUse.ClientSession:file-exchange] are answered already.
   *
   * Since: 0.1
   */
  signals[SIGNAL_ARTIFACT_UPLOAD_REQUEST] =
    g_signal_new ("artifact-upload-request", session_type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_REQUEST_MESSAGE);
}

/*
 * _runtime_use_client_artifacts_answer:
 * @files: (nullable): the exchange of the session
 */
RuntimeUseArtifactUploadResponseMessage *
_runtime_use_client_artifacts_answer (RuntimeUseClientSession                *session,
                                      RuntimeUseFileExchange                 *files,
                                      RuntimeUseArtifactUploadRequestMessage *message)
{
  RuntimeUseArtifactUploadResponseMessage *answer = NULL;
  g_autoptr(GError) error = NULL;

  if (files != NULL && _runtime_use_file_exchange_is_started (files))
    answer = runtime_use_file_exchange_answer (files, message, &error);

  if (error != NULL &&
      !g_signal_has_handler_pending (session, signals[SIGNAL_ARTIFACT_UPLOAD_REQUEST], 0, TRUE))
    answer = _runtime_use_file_exchange_refuse (files, message, error);

  if (answer == NULL)
    g_signal_emit (session, signals[SIGNAL_ARTIFACT_UPLOAD_REQUEST], 0, message);

  return answer;
}

/*
 * _runtime_use_client_artifacts_take_result:
 * @files: (nullable): the exchange of the session
 */
void
_runtime_use_client_artifacts_take_result (RuntimeUseClientSession               *session,
                                           RuntimeUseFileExchange                *files,
                                           RuntimeUseArtifactUploadResultMessage *message)
{
  if (files != NULL)
    _runtime_use_file_exchange_take_result (files, message);
  g_signal_emit (session, signals[SIGNAL_ARTIFACT_UPLOAD_RESULT], 0, message);
}
