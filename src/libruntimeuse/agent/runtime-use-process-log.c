/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-process-log-private.h"

#include "runtime-use-line-splitter-private.h"
#include "runtime-use-redactor-private.h"

/* A longer line is logged in pieces of this size. */
#define LINE_LIMIT 8192

/* So much of standard error is quoted when the process dies. */
#define TAIL_LIMIT 4096

/* A host serves for long, so the oldest secrets are forgotten some day. */
#define MAX_SECRETS 10000

#define N_STREAMS 2

typedef struct
{
  RuntimeUseRedactorStream *redactor;   /* (nullable): nothing was printed since the last change */
  GString                  *held;       /* (nullable): what the one before has held back */
  RuntimeUseLineSplitter    lines;
} Stream;

struct _RuntimeUseProcessLog
{
  char               *prefix;     /* (nullable): of its lines */
  RuntimeUseLogger   *logger;     /* of what is redacted already */
  RuntimeUseLogger   *redacting;
  GHashTable         *known;      /* char *: the secrets */
  GQueue              secrets;    /* char *: the same, the oldest first; owns them */
  RuntimeUseRedactor *redactor;   /* (nullable): to be made */
  Stream              streams[N_STREAMS];
  GString            *tail;
};

RuntimeUseProcessLog *
_runtime_use_process_log_new (const char *source_id,
                              const char *prefix)
{
  RuntimeUseProcessLog *self = g_new0 (RuntimeUseProcessLog, 1);

  self->prefix = g_strdup (prefix);
  self->logger = runtime_use_logger_new (source_id);
  self->redacting = runtime_use_logger_new (source_id);
  self->known = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->secrets);
  self->tail = g_string_new (NULL);
  for (guint i = 0; i < N_STREAMS; i++)
    _runtime_use_line_splitter_init (&self->streams[i].lines, LINE_LIMIT);

  return self;
}

void
_runtime_use_process_log_free (RuntimeUseProcessLog *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    {
      Stream *stream = &self->streams[i];

      g_clear_object (&stream->redactor);
      if (stream->held != NULL)
        g_string_free (stream->held, TRUE);
      _runtime_use_line_splitter_clear (&stream->lines);
    }
  g_hash_table_unref (self->known);
  g_queue_clear_full (&self->secrets, g_free);
  g_clear_object (&self->redactor);
  g_object_unref (self->logger);
  g_object_unref (self->redacting);
  g_string_free (self->tail, TRUE);
  g_free (self->prefix);
  g_free (self);
}

void
_runtime_use_process_log_say (RuntimeUseProcessLog *self,
                              const char           *text)
{
  g_autofree char *line = NULL;

  if (self->prefix != NULL)
    line = g_strdup_printf ("%s: %s", self->prefix, text);
  runtime_use_logger_info (self->logger, line != NULL ? line : text);
}

static void
line_cb (const char *line,
         gpointer    user_data)
{
  _runtime_use_process_log_say (user_data, line);
}

static void
keep_tail (RuntimeUseProcessLog *self,
           const GString        *text)
{
  gsize excess;

  _runtime_use_append_without_nul (self->tail, text->str, text->len);
  if (self->tail->len <= TAIL_LIMIT)
    return;

  excess = self->tail->len - TAIL_LIMIT;
  while (excess < self->tail->len && ((guchar) self->tail->str[excess] & 0xc0) == 0x80)
    excess++;
  g_string_erase (self->tail, 0, (gssize) excess);
}

static void
pass_on (RuntimeUseProcessLog *self,
         guint                 stream,
         const GString        *text)
{
  if (stream == RUNTIME_USE_OUTPUT_STREAM_STDERR)
    keep_tail (self, text);
  _runtime_use_line_splitter_push (&self->streams[stream].lines, text->str, text->len,
                                   line_cb, self);
}

static void
make_redactor (RuntimeUseProcessLog *self)
{
  g_autoptr(GPtrArray) secrets = NULL;

  if (self->redactor != NULL)
    return;

  secrets = g_ptr_array_new ();
  for (GList *l = self->secrets.head; l != NULL; l = l->next)
    g_ptr_array_add (secrets, l->data);
  g_ptr_array_add (secrets, NULL);
  self->redactor = runtime_use_redactor_new ((const char * const *) secrets->pdata);
  runtime_use_logger_set_redactor (self->redacting, self->redactor);
}

/* What was held back, since it could be the beginning of a secret, is so still when there are more
 * secrets: the next one begins with it. */
static void
close_stream (Stream *stream)
{
  if (stream->redactor == NULL)
    return;

  stream->held = g_string_new (NULL);
  _runtime_use_redactor_stream_flush (stream->redactor, stream->held);
  g_clear_object (&stream->redactor);
}

static void
open_stream (RuntimeUseProcessLog *self,
             Stream               *stream,
             GString              *redacted)
{
  g_autoptr(GString) held = g_steal_pointer (&stream->held);

  make_redactor (self);
  if (stream->redactor == NULL)
    stream->redactor = runtime_use_redactor_open_stream (self->redactor);
  if (held != NULL)
    _runtime_use_redactor_stream_append (stream->redactor, held->str, held->len, redacted);
}

/* Nothing more comes. */
static void
flush (RuntimeUseProcessLog *self,
       guint                 index)
{
  Stream *stream = &self->streams[index];
  g_autoptr(GString) rest = g_string_new (NULL);

  if (stream->redactor == NULL && stream->held == NULL)
    return;

  open_stream (self, stream, rest);
  _runtime_use_redactor_stream_flush (stream->redactor, rest);
  g_clear_object (&stream->redactor);
  if (rest->len > 0)
    pass_on (self, index, rest);
}

static void
add_secret (RuntimeUseProcessLog *self,
            char                 *secret)
{
  if (g_hash_table_contains (self->known, secret))
    {
      g_free (secret);
      return;
    }

  if (self->secrets.length >= MAX_SECRETS)
    {
      g_autofree char *oldest = g_queue_pop_head (&self->secrets);

      g_hash_table_remove (self->known, oldest);
    }
  g_queue_push_tail (&self->secrets, secret);
  g_hash_table_add (self->known, secret);
  g_clear_object (&self->redactor);
}

/* From now on what @redactor hides is hidden here too. */
void
_runtime_use_process_log_hide (RuntimeUseProcessLog *self,
                               RuntimeUseRedactor   *redactor)
{
  g_autoptr(GPtrArray) secrets = NULL;

  if (runtime_use_redactor_is_empty (redactor))
    return;

  secrets = g_ptr_array_new ();
  _runtime_use_redactor_collect (redactor, secrets);
  for (guint i = 0; i < secrets->len; i++)
    add_secret (self, g_ptr_array_index (secrets, i));

  for (guint i = 0; i < N_STREAMS && self->redactor == NULL; i++)
    close_stream (&self->streams[i]);
}

RuntimeUseLogger *
_runtime_use_process_log_get_logger (RuntimeUseProcessLog *self)
{
  make_redactor (self);

  return self->redacting;
}

char *
_runtime_use_process_log_redact (RuntimeUseProcessLog *self,
                                 const char           *text)
{
  make_redactor (self);

  return runtime_use_redactor_redact (self->redactor, text);
}

void
_runtime_use_process_log_push (RuntimeUseProcessLog   *self,
                               RuntimeUseOutputStream  stream,
                               const char             *text,
                               gsize                   length)
{
  g_autoptr(GString) redacted = g_string_new (NULL);

  open_stream (self, &self->streams[stream], redacted);
  _runtime_use_redactor_stream_append (self->streams[stream].redactor, text, length, redacted);
  pass_on (self, stream, redacted);
}

void
_runtime_use_process_log_finish (RuntimeUseProcessLog *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    {
      flush (self, i);
      _runtime_use_line_splitter_finish (&self->streams[i].lines, line_cb, self);
    }
}

char *
_runtime_use_process_log_dup_tail (RuntimeUseProcessLog *self)
{
  char *tail = g_strndup (self->tail->str, self->tail->len);

  return g_strstrip (tail);
}
