/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-redactor-stream-private.h"

#include <string.h>

/**
 * RuntimeUseRedactorStream:
 *
 * Hides secrets in one text that arrives in pieces.
 *
 * A secret is found also when it is spread over several pieces. To that end a
 * stream holds back the end of the text as long as it could be the beginning
 * of a secret, and nothing more; put together, what it returns is what
 * [method@RuntimeUse.Redactor.redact] makes of the whole text.
 *
 * If a secret could lie in the marker `[REDACTED]` itself, as `RED` does, the
 * beginning of a marker is held back as well.
 *
 * Since: 0.1
 */

struct _RuntimeUseRedactorStream
{
  GObject               parent_instance;

  RuntimeUseRedactor   *redactor;
  RuntimeUseSecretScan  scan;
};

G_DEFINE_FINAL_TYPE (RuntimeUseRedactorStream, runtime_use_redactor_stream, G_TYPE_OBJECT)

static void
runtime_use_redactor_stream_finalize (GObject *object)
{
  RuntimeUseRedactorStream *self = RUNTIME_USE_REDACTOR_STREAM (object);

  _runtime_use_secret_scan_clear (&self->scan);
  g_clear_object (&self->redactor);

  G_OBJECT_CLASS (runtime_use_redactor_stream_parent_class)->finalize (object);
}

static void
runtime_use_redactor_stream_class_init (RuntimeUseRedactorStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_redactor_stream_finalize;
}

static void
runtime_use_redactor_stream_init (RuntimeUseRedactorStream *self)
{
}

RuntimeUseRedactorStream *
_runtime_use_redactor_stream_new (RuntimeUseRedactor *redactor)
{
  RuntimeUseRedactorStream *self = g_object_new (RUNTIME_USE_TYPE_REDACTOR_STREAM, NULL);

  self->redactor = g_object_ref (redactor);
  _runtime_use_secret_scan_init (&self->scan, _runtime_use_redactor_get_matcher (redactor));

  return self;
}

void
_runtime_use_redactor_stream_append (RuntimeUseRedactorStream *self,
                                     const char               *text,
                                     gsize                     length,
                                     GString                  *out)
{
  _runtime_use_secret_scan_append (&self->scan, text, length, out);
}

void
_runtime_use_redactor_stream_flush (RuntimeUseRedactorStream *self,
                                    GString                  *out)
{
  _runtime_use_secret_scan_flush (&self->scan, out);
}

/**
 * runtime_use_redactor_stream_push:
 * @self: a stream
 * @text: the next piece of the text
 *
 * Takes a piece of the text and gives what can be shown so far.
 *
 * The piece has to end between two characters.
 *
 * Returns: (transfer full): the next piece of the redacted text, which may be
 *   empty
 *
 * Since: 0.1
 */
char *
runtime_use_redactor_stream_push (RuntimeUseRedactorStream *self,
                                  const char               *text)
{
  GString *out;

  g_return_val_if_fail (RUNTIME_USE_IS_REDACTOR_STREAM (self), NULL);
  g_return_val_if_fail (text != NULL, NULL);

  out = g_string_new (NULL);
  _runtime_use_redactor_stream_append (self, text, strlen (text), out);

  return g_string_free (out, FALSE);
}

/**
 * runtime_use_redactor_stream_finish:
 * @self: a stream
 *
 * Says that the text has ended and gives what was held back.
 *
 * The stream can be used for another text afterwards.
 *
 * Returns: (transfer full): the last piece of the redacted text, which may be
 *   empty
 *
 * Since: 0.1
 */
char *
runtime_use_redactor_stream_finish (RuntimeUseRedactorStream *self)
{
  GString *out;

  g_return_val_if_fail (RUNTIME_USE_IS_REDACTOR_STREAM (self), NULL);

  out = g_string_new (NULL);
  _runtime_use_redactor_stream_flush (self, out);

  return g_string_free (out, FALSE);
}
