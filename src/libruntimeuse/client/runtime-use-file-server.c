/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-server-private.h"

#include <libsoup/soup.h>
#include <string.h>

#include "runtime-use-file-receipt-private.h"
#include "runtime-use-random-name-private.h"

/* Microseconds between two reports about one file. */
#define REPORT_INTERVAL (100 * 1000)

typedef struct
{
  GBytes                  *content;    /* (nullable): it takes a file */
  RuntimeUseReceiptFolder *folder;     /* (nullable): where that is to go */
  char                    *path;       /* beneath that */
  guint                    index;
  gboolean                 is_taken;   /* somebody is sending it */
} Place;

struct _RuntimeUseFileServer
{
  gatomicrefcount     ref_count;
  guint64             max_size;
  char               *base_url;
  char               *token;
  GMainContext       *context;
  GMainLoop          *loop;
  SoupServer         *server;      /* of the thread, once that runs */

  GMutex              lock;
  GHashTable         *places;      /* char * → Place *: by path */
  guint               n_places;
  RuntimeUseFileFunc  func;        /* (nullable): nobody listens any more */
  gpointer            user_data;
  GDestroyNotify      destroy;
};

/* One file that arrives; it belongs to its message. */
typedef struct
{
  RuntimeUseFileServer  *server;
  char                  *path;       /* of the place */
  guint                  index;
  RuntimeUseFileReceipt *receipt;
  guint64                total;      /* 0: not known */
  gint64                 reported;   /* when */
} Arrival;

static void
place_free (Place *place)
{
  g_clear_pointer (&place->content, g_bytes_unref);
  g_clear_pointer (&place->folder, _runtime_use_receipt_folder_unref);
  g_free (place->path);
  g_free (place);
}

static void
server_unref (RuntimeUseFileServer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_hash_table_unref (self->places);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->base_url);
  g_free (self->token);
  g_free (self);
}

static void
report (RuntimeUseFileServer *self,
        guint                 index,
        RuntimeUseFileEvent   event,
        guint64               received,
        guint64               total,
        const char           *error)
{
  g_mutex_lock (&self->lock);
  if (self->func != NULL)
    self->func (self->user_data, index, event, received, total, error);
  g_mutex_unlock (&self->lock);
}

/* --- a file arrives --- */

static void
arrival_free (Arrival *self)
{
  Place *place;

  /* Whoever was cut off may try again. */
  g_mutex_lock (&self->server->lock);
  place = g_hash_table_lookup (self->server->places, self->path);
  if (place != NULL)
    place->is_taken = FALSE;
  g_mutex_unlock (&self->server->lock);

  _runtime_use_file_receipt_free (self->receipt);
  g_free (self->path);
  server_unref (self->server);
  g_free (self);
}

static void
got_chunk_cb (SoupServerMessage *message,
              GBytes            *chunk,
              Arrival           *self)
{
  gint64 now = g_get_monotonic_time ();
  gsize length;
  const void *data = g_bytes_get_data (chunk, &length);

  _runtime_use_file_receipt_write (self->receipt, data, length);
  if (now - self->reported < REPORT_INTERVAL)
    return;

  self->reported = now;
  report (self->server, self->index, RUNTIME_USE_FILE_PROGRESS,
          _runtime_use_file_receipt_get_size (self->receipt), self->total, NULL);
}

/* Returns whether a file is expected at @path, which then is nobody else's. */
static gboolean
take_place (RuntimeUseFileServer *self,
            const char           *path,
            Place                *copy)
{
  gboolean taken;
  Place *place;

  g_mutex_lock (&self->lock);
  place = g_hash_table_lookup (self->places, path);
  taken = place != NULL && place->content == NULL && !place->is_taken;
  if (taken)
    {
      place->is_taken = TRUE;
      *copy = *place;
      copy->folder = _runtime_use_receipt_folder_ref (place->folder);
      copy->path = g_strdup (place->path);
    }
  g_mutex_unlock (&self->lock);

  return taken;
}

static void
begin_arrival (RuntimeUseFileServer *self,
               SoupServerMessage    *message,
               const char           *path,
               const Place          *place)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  Arrival *arrival = g_new0 (Arrival, 1);

  g_atomic_ref_count_inc (&self->ref_count);
  arrival->server = self;
  arrival->path = g_strdup (path);
  arrival->index = place->index;
  arrival->receipt = _runtime_use_file_receipt_new (place->folder, place->path, self->max_size);
  arrival->total = (guint64) MAX (soup_message_headers_get_content_length (headers), 0);

  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect (message, "got-chunk", G_CALLBACK (got_chunk_cb), arrival);
  g_object_set_data_full (G_OBJECT (message), "arrival", arrival, (GDestroyNotify) arrival_free);
}

static void
early_cb (SoupServer        *server,
          SoupServerMessage *message,
          const char        *path,
          GHashTable        *query,
          gpointer           user_data)
{
  RuntimeUseFileServer *self = user_data;
  Place place;

  if (soup_server_message_get_method (message) != SOUP_METHOD_PUT ||
      !take_place (self, path, &place))
    {
      /* What nobody asked for is not kept. */
      soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
      return;
    }

  begin_arrival (self, message, path, &place);
  _runtime_use_receipt_folder_unref (place.folder);
  g_free (place.path);
}

static void
finish_arrival (RuntimeUseFileServer *self,
                SoupServerMessage    *message,
                Arrival              *arrival)
{
  g_autoptr(GError) error = NULL;
  guint64 size = _runtime_use_file_receipt_get_size (arrival->receipt);

  if (!_runtime_use_file_receipt_complete (arrival->receipt, &error))
    {
      soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
      report (self, arrival->index, RUNTIME_USE_FILE_FAILED, size, arrival->total, error->message);
      return;
    }

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->places, arrival->path);
  g_mutex_unlock (&self->lock);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  report (self, arrival->index, RUNTIME_USE_FILE_RECEIVED, size, size, NULL);
}

/* --- a file leaves --- */

static GBytes *
find_content (RuntimeUseFileServer *self,
              const char           *path)
{
  GBytes *content = NULL;
  Place *place;

  g_mutex_lock (&self->lock);
  place = g_hash_table_lookup (self->places, path);
  if (place != NULL && place->content != NULL)
    content = g_bytes_ref (place->content);
  g_mutex_unlock (&self->lock);

  return content;
}

static void
serve_content (SoupServerMessage *message,
               GBytes            *content)
{
  SoupMessageBody *body = soup_server_message_get_response_body (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_set_content_type (headers, "application/zip", NULL);
  soup_message_body_append_bytes (body, content);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

static void
request_cb (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  RuntimeUseFileServer *self = user_data;
  const char *method = soup_server_message_get_method (message);
  Arrival *arrival = g_object_get_data (G_OBJECT (message), "arrival");
  g_autoptr(GBytes) content = NULL;

  if (arrival != NULL)
    {
      finish_arrival (self, message, arrival);
      return;
    }

  content = find_content (self, path);
  if (content == NULL)
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
  else if (method != SOUP_METHOD_GET && method != SOUP_METHOD_HEAD)
    soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
  else
    serve_content (message, content);
}

/* --- the server --- */

static gpointer
run (gpointer user_data)
{
  RuntimeUseFileServer *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  soup_server_disconnect (self->server);
  g_clear_object (&self->server);
  /* What was being sent is ended by sources of the context. */
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_main_context_pop_thread_default (self->context);
  server_unref (self);

  return NULL;
}

static gboolean
listen_local (RuntimeUseFileServer  *self,
              GError               **error)
{
  GSList *uris = NULL;
  gboolean listening;

  /* The sources go where the thread is going to look for them. */
  g_main_context_push_thread_default (self->context);
  self->server = soup_server_new (NULL, NULL);
  listening = soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, error);
  g_main_context_pop_thread_default (self->context);
  if (!listening)
    return FALSE;

  soup_server_add_early_handler (self->server, NULL, early_cb, self, NULL);
  soup_server_add_handler (self->server, NULL, request_cb, self, NULL);
  uris = soup_server_get_uris (self->server);
  self->base_url = g_strdup_printf ("http://127.0.0.1:%d", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);

  return TRUE;
}

/* @destroy is called for @user_data once nothing is left of the server, in any thread. If there is
 * none to begin with, it is called as well.
 */
RuntimeUseFileServer *
_runtime_use_file_server_new (guint64              max_size,
                              RuntimeUseFileFunc   func,
                              gpointer             user_data,
                              GDestroyNotify       destroy,
                              GError             **error)
{
  RuntimeUseFileServer *self = g_new0 (RuntimeUseFileServer, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->max_size = max_size;
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) place_free);

  self->token = _runtime_use_random_name ();

  if (!listen_local (self, error))
    {
      g_clear_object (&self->server);
      server_unref (self);
      return NULL;
    }

  g_atomic_ref_count_inc (&self->ref_count);
  g_thread_unref (g_thread_new ("files", run, self));

  return self;
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);

  return G_SOURCE_REMOVE;
}

void
_runtime_use_file_server_free (RuntimeUseFileServer *self)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_mutex_lock (&self->lock);
  self->func = NULL;
  g_mutex_unlock (&self->lock);

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, quit_cb, g_main_loop_ref (self->loop),
                         (GDestroyNotify) g_main_loop_unref);
  g_source_attach (source, self->context);
  server_unref (self);
}

/* Takes @place. */
static char *
add_place (RuntimeUseFileServer *self,
           Place                *place,
           const char           *name)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  char *url;

  g_mutex_lock (&self->lock);
  url = g_strdup_printf ("%s/%s/%u/%s", self->base_url, self->token, self->n_places, escaped);
  /* Handlers are told the decoded path. */
  g_hash_table_insert (self->places,
                       g_strdup_printf ("/%s/%u/%s", self->token, self->n_places++, name), place);
  g_mutex_unlock (&self->lock);

  return url;
}

char *
_runtime_use_file_server_offer (RuntimeUseFileServer *self,
                                GBytes               *content,
                                const char           *name)
{
  Place *place = g_new0 (Place, 1);

  place->content = g_bytes_ref (content);

  return add_place (self, place, name);
}

char *
_runtime_use_file_server_expect (RuntimeUseFileServer    *self,
                                 RuntimeUseReceiptFolder *folder,
                                 const char              *path,
                                 guint                    index)
{
  Place *place = g_new0 (Place, 1);

  place->folder = _runtime_use_receipt_folder_ref (folder);
  place->path = g_strdup (path);
  place->index = index;

  return add_place (self, place, "file");
}

char *
_runtime_use_file_server_refuse (RuntimeUseFileServer *self)
{
  return g_strdup_printf ("%s/%s/refused", self->base_url, self->token);
}
