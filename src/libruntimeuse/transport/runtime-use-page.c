/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-page-private.h"

#include <libsoup/soup.h>
#include <string.h>

/*
 * A page, and what it answers.
 */

/* It is kept in memory until the client has taken it. */
#define MAX_CONTENT (1024 * 1024)

#define DEFAULT_CONTENT_TYPE "text/plain; charset=utf-8"

RuntimeUsePage *
_runtime_use_page_new (const char          *path,
                       RuntimeUsePageFlags  flags,
                       RuntimeUsePageFunc   func,
                       gpointer             user_data,
                       GDestroyNotify       destroy)
{
  RuntimeUsePage *self = g_rc_box_new0 (RuntimeUsePage);

  self->path = g_strdup (path);
  self->flags = flags;
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;

  return self;
}

RuntimeUsePage *
_runtime_use_page_ref (RuntimeUsePage *self)
{
  return g_rc_box_acquire (self);
}

static void
page_clear (RuntimeUsePage *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->path);
}

void
_runtime_use_page_unref (RuntimeUsePage *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) page_clear);
}

/* What cannot be put into a header must not get there. */
static gboolean
is_header_value (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (*c < ' ' || *c > '~')
      return FALSE;

  return *text != '\0';
}

/* Returns why not. */
static const char *
check_answer (guint       status,
              const char *content_type,
              GBytes     *content)
{
  if (status < 200 || status > 599)
    return "gave no HTTP status";

  if (content_type != NULL && !is_header_value (content_type))
    return "gave a content type that cannot be sent";

  if (content != NULL && g_bytes_get_size (content) > MAX_CONTENT)
    return "gave more than 1 MiB";

  return NULL;
}

/*
 * _runtime_use_page_answer:
 * @is_head: whether the content is only announced
 *
 * Returns: the bytes to send
 */
GBytes *
_runtime_use_page_answer (RuntimeUsePage   *self,
                          RuntimeUseServer *server,
                          RuntimeUseLogger *logger,
                          gboolean          is_head)
{
  g_autofree char *content_type = NULL;
  g_autoptr(GBytes) content = NULL;
  GByteArray *answer = g_byte_array_new ();
  g_autofree char *header = NULL;
  const char *trouble;
  guint status;

  status = self->func (server, &content_type, &content, self->user_data);
  trouble = check_answer (status, content_type, content);
  if (trouble != NULL)
    {
      g_autofree char *text = g_strdup_printf ("The page %s %s", self->path, trouble);

      runtime_use_logger_warning (logger, text);
      status = SOUP_STATUS_INTERNAL_SERVER_ERROR;
      g_clear_pointer (&content_type, g_free);
      g_clear_pointer (&content, g_bytes_unref);
    }

  header = g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                            "Connection: close\r\n"
                            "Cache-Control: no-store\r\n"
                            "X-Content-Type-Options: nosniff\r\n"
                            "Content-Type: %s\r\n"
                            "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                            "\r\n",
                            status, soup_status_get_phrase (status),
                            content_type != NULL ? content_type : DEFAULT_CONTENT_TYPE,
                            content != NULL ? g_bytes_get_size (content) : 0);
  g_byte_array_append (answer, (const guint8 *) header, strlen (header));
  if (content != NULL && !is_head)
    g_byte_array_append (answer, g_bytes_get_data (content, NULL), g_bytes_get_size (content));

  return g_byte_array_free_to_bytes (answer);
}
