/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-progress-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseDownloadProgressMessage:
 *
 * How far a download of a request has come.
 *
 * The runtime sends it at most ten times a second, and only for a request with
 * [property@RuntimeUse.RequestMessage:report-progress].
 *
 * Since: 0.1
 */

struct _RuntimeUseDownloadProgressMessage
{
  RuntimeUseMessage parent_instance;

  gint64  index;
  gint64  received;
  gint64  total;
};

G_DEFINE_FINAL_TYPE (RuntimeUseDownloadProgressMessage,
                     runtime_use_download_progress_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("index"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseDownloadProgressMessage, index),
    .min_integer = 0,
    .max_integer = G_MAXINT,
  },
  {
    RUNTIME_USE_FIELD_NAME ("received"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseDownloadProgressMessage, received),
    .min_integer = 0,
    .max_integer = G_MAXINT64,
  },
  {
    RUNTIME_USE_FIELD_NAME ("total"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseDownloadProgressMessage, total),
    .min_integer = 0,
    .max_integer = G_MAXINT64,
  },
};

const RuntimeUseCodec _runtime_use_download_progress_message_codec = {
  .get_type = runtime_use_download_progress_message_get_type,
  .message_type = "download_progress_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_download_progress_message_class_init (RuntimeUseDownloadProgressMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_download_progress_message_codec);
}

static void
runtime_use_download_progress_message_init (RuntimeUseDownloadProgressMessage *self)
{
}

/**
 * runtime_use_download_progress_message_new:
 * @index: which download of the request, counted from 0
 * @received: the bytes that are there, at most `G_MAXINT64`
 * @total: how many there will be, at most `G_MAXINT64`, or 0 if that is not known
 *
 * Tells how far a download has come.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_download_progress_message_new (guint   index,
                                           guint64 received,
                                           guint64 total)
{
  RuntimeUseDownloadProgressMessage *self;

  g_return_val_if_fail (index <= G_MAXINT, NULL);
  g_return_val_if_fail (received <= G_MAXINT64 && total <= G_MAXINT64, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_DOWNLOAD_PROGRESS_MESSAGE, NULL);
  self->index = index;
  self->received = (gint64) received;
  self->total = (gint64) total;

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_download_progress_message_get_index:
 * @self: a message
 *
 * Gets which download of the request this is about.
 *
 * Returns: a position in [property@RuntimeUse.RequestMessage:downloadables]
 *
 * Since: 0.1
 */
guint
runtime_use_download_progress_message_get_index (RuntimeUseDownloadProgressMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOAD_PROGRESS_MESSAGE (self), 0);

  return (guint) self->index;
}

/**
 * runtime_use_download_progress_message_get_received:
 * @self: a message
 *
 * Gets how much of the file is there.
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
runtime_use_download_progress_message_get_received (RuntimeUseDownloadProgressMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOAD_PROGRESS_MESSAGE (self), 0);

  return (guint64) self->received;
}

/**
 * runtime_use_download_progress_message_get_total:
 * @self: a message
 *
 * Gets how large the file is.
 *
 * Returns: a number of bytes, or 0 if it is not known
 *
 * Since: 0.1
 */
guint64
runtime_use_download_progress_message_get_total (RuntimeUseDownloadProgressMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOAD_PROGRESS_MESSAGE (self), 0);

  return (guint64) self->total;
}
