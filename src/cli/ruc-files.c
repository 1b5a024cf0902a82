/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-files.h"

#include "ruc-options.h"
#include "ruc-text.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean
is_utf8 (const char *command,
         const char *option,
         const char *text)
{
  if (g_utf8_validate (text, -1, NULL))
    return TRUE;

  ruc_options_fail (command, _("%s is not UTF-8, and cannot be sent as it is"), option);

  return FALSE;
}

/* The equals sign before the folder, or NULL if there is none: a query has some of its own, so
 * behind one a folder must look like a path.
 */
static const char *
find_folder (const char *download)
{
  const char *equals = strrchr (download, '=');

  if (equals == NULL || strchr (download, '?') == NULL ||
      equals[1] == '/' || equals[1] == '.')
    return equals;

  return NULL;
}

/* Neither what gives access nor what a terminal obeys. */
static char *
dup_shown_url (const char *url)
{
  g_autofree char *plain = g_strndup (url, strcspn (url, "?#"));
  char *host = strstr (plain, "://");
  char *at = host != NULL ? strchr (host, '@') : NULL;

  if (at != NULL && memchr (host + 3, '/', (gsize) (at - host - 3)) == NULL)
    memmove (host + 3, at + 1, strlen (at + 1) + 1);

  return ruc_text_show_name (plain);
}

static gboolean
read_download (RucFiles   *self,
               const char *command,
               const char *download)
{
  const char *equals = find_folder (download);
  g_autofree char *url = equals != NULL ? g_strndup (download, equals - download)
                                        : g_strdup (download);
  const char *folder = equals != NULL ? equals + 1 : ".";
  g_autofree char *shown = dup_shown_url (url);

  if (!is_utf8 (command, "--download", download))
    return FALSE;
  if (*url == '\0' || *folder == '\0')
    {
      ruc_options_fail (command, _("--download takes URL or URL=DIR"));
      return FALSE;
    }

  g_ptr_array_add (self->downloadables, runtime_use_downloadable_new (url, folder));
  g_ptr_array_add (self->labels, g_strdup_printf (_("fetching %s"), shown));

  return TRUE;
}

static gboolean
split (const char  *command,
       const char  *option,
       const char  *form,
       const char  *text,
       char       **first,
       char       **second)
{
  const char *equals = strchr (text, '=');

  if (equals == NULL || equals == text || equals[1] == '\0')
    {
      ruc_options_fail (command, _("%s takes %s, not \"%s\""), option, form, text);
      return FALSE;
    }

  *first = g_strndup (text, equals - text);
  *second = g_strdup (equals + 1);

  return TRUE;
}

static RuntimeUseFileExchange *
need_exchange (RucFiles *self)
{
  if (self->exchange == NULL)
    self->exchange = runtime_use_file_exchange_new ();

  return self->exchange;
}

static gboolean
read_upload (RucFiles   *self,
             const char *command,
             const char *upload)
{
  g_autofree char *local = NULL;
  g_autofree char *remote = NULL;
  g_autofree char *shown = NULL;

  if (!split (command, "--upload", _("HERE=THERE"), upload, &local, &remote) ||
      !is_utf8 (command, "--upload", remote))
    return FALSE;

  shown = ruc_text_show_name (local);
  runtime_use_file_exchange_add_upload (need_exchange (self), local, remote);
  g_ptr_array_add (self->labels, g_strdup_printf (_("sending %s"), shown));

  return TRUE;
}

static gboolean
read_artifacts (RucFiles   *self,
                const char *command,
                const char *artifacts)
{
  g_autofree char *remote = NULL;
  g_autofree char *local = NULL;

  if (!split (command, "--artifacts", _("THERE=HERE"), artifacts, &remote, &local) ||
      !is_utf8 (command, "--artifacts", remote))
    return FALSE;

  /* Here both ends have one working directory, and the exchange can see what it does. */
  if (self->runtime_is_here && !g_path_is_absolute (remote))
    {
      char *absolute = g_canonicalize_filename (remote, NULL);

      g_free (remote);
      remote = absolute;
    }
  runtime_use_file_exchange_add_artifacts (need_exchange (self), remote, local);

  return TRUE;
}

static gboolean
read_all (RucFiles    *self,
          const char  *command,
          char       **texts,
          gboolean   (*read) (RucFiles *, const char *, const char *))
{
  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    if (!read (self, command, texts[i]))
      return FALSE;

  return TRUE;
}

/* Reads what the options mean; says so if one cannot be used. */
gboolean
ruc_files_complete (RucFiles   *self,
                    const char *command,
                    gboolean    runtime_is_here)
{
  self->runtime_is_here = runtime_is_here;
  self->downloadables = g_ptr_array_new_with_free_func (g_object_unref);
  self->labels = g_ptr_array_new_with_free_func (g_free);

  /* In the order in which they are fetched. */
  return (read_all (self, command, self->uploads, read_upload) &&
          read_all (self, command, self->downloads, read_download) &&
          read_all (self, command, self->artifacts, read_artifacts));
}

void
ruc_files_clear (RucFiles *self)
{
  g_strfreev (self->downloads);
  g_strfreev (self->uploads);
  g_strfreev (self->artifacts);
  g_clear_pointer (&self->downloadables, g_ptr_array_unref);
  g_clear_pointer (&self->labels, g_ptr_array_unref);
  if (self->exchange != NULL)
    g_signal_handlers_disconnect_by_data (self->exchange, self);
  g_clear_object (&self->exchange);
}

static void
progress_cb (RuntimeUseFileExchange *exchange,
             const char             *filepath,
             guint64                 received,
             guint64                 total,
             RucFiles               *self)
{
  g_autofree char *name = ruc_text_show_name (filepath);
  g_autofree char *label = g_strdup_printf (_("receiving %s"), name);

  ruc_show_progress (self->show, label, received, total);
}

static void
received_cb (RuntimeUseFileExchange *exchange,
             const char             *filepath,
             const char             *local_path,
             guint64                 n_bytes,
             RucFiles               *self)
{
  g_autofree char *shown = ruc_text_show_name (local_path);
  g_autofree char *size = g_format_size (n_bytes);
  g_autofree char *line = g_strdup_printf (_("received %s (%s)"), shown, size);

  ruc_show_event (self->show, line);
}

static void
failed_cb (RuntimeUseFileExchange *exchange,
           const char             *filepath,
           const char             *error,
           RucFiles               *self)
{
  g_autofree char *name = ruc_text_show_name (filepath);
  g_autofree char *reason = ruc_text_show_name (error);
  g_autofree char *line = g_strdup_printf (_("Error: did not receive %s: %s\n"), name, reason);

  ruc_show_end (self->show);
  ruc_call_fail_later (self->show->call, line);
}

void
ruc_files_show (RucFiles *self,
                RucShow  *show)
{
  self->show = show;
  if (self->exchange == NULL)
    return;

  g_signal_connect (self->exchange, "progress", G_CALLBACK (progress_cb), self);
  g_signal_connect (self->exchange, "received", G_CALLBACK (received_cb), self);
  g_signal_connect (self->exchange, "failed", G_CALLBACK (failed_cb), self);
}

static void
download_progress_cb (RuntimeUseClientSession *session,
                      guint                    index,
                      guint64                  received,
                      guint64                  total,
                      RucFiles                *self)
{
  if (index < self->labels->len)
    ruc_show_progress (self->show, g_ptr_array_index (self->labels, index), received, total);
}

void
ruc_files_watch (RucFiles                *self,
                 RuntimeUseClientSession *session)
{
  g_signal_connect (session, "download-progress", G_CALLBACK (download_progress_cb), self);
}
