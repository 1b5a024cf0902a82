/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-config-file.h"

#include "rud-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Key files as the desktop has them. GKeyFile reads them too, but does not say in which line a
 * mistake is, and takes the last of several values without a word.
 */

/* Of words of a file that a message repeats. */
#define QUOTED_LENGTH 64

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Makes text from outside fit for a message: short, and without what a terminal obeys. */
char *
rud_config_text_quote (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *quoted = g_string_new (NULL);
  const char *c = valid;

  for (glong n = 0; *c != '\0' && n < QUOTED_LENGTH; n++, c = g_utf8_next_char (c))
    g_string_append_unichar (quoted, g_unichar_isprint (g_utf8_get_char (c))
                                     ? g_utf8_get_char (c) : '?');
  if (*c != '\0')
    g_string_append (quoted, "…");

  return g_string_free (quoted, FALSE);
}

/* Reading */

static GBytes *
read_descriptor (int         fd,
                 const char *path,
                 GError    **error)
{
  g_autoptr(GByteArray) content = g_byte_array_new ();
  guint8 buffer[8192];
  gssize n_read;

  do
    {
      n_read = read (fd, buffer, sizeof buffer);
      if (n_read > 0)
        g_byte_array_append (content, buffer, n_read);
    }
  while (content->len <= RUD_CONFIG_FILE_LIMIT && (n_read > 0 || (n_read < 0 && errno == EINTR)));

  if (n_read < 0)
    {
      rud_fail (error, _("Cannot read the configuration %s: %s"), path, g_strerror (errno));
      return NULL;
    }
  if (content->len > RUD_CONFIG_FILE_LIMIT)
    {
      rud_fail (error, _("The configuration %s is larger than 1 MiB"), path);
      return NULL;
    }

  return g_byte_array_free_to_bytes (g_steal_pointer (&content));
}

/* Without an error nothing is returned when there is no such file and there @may_lack one.
 *
 * @is_open: (out): whether everybody can write it
 */
GBytes *
rud_config_file_read (const char  *path,
                      gboolean     may_lack,
                      gboolean    *is_open,
                      GError     **error)
{
  /* Does not wait for a writer, should it be a pipe. */
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
  g_autofree char *name = g_filename_display_name (path);
  GBytes *content = NULL;
  struct stat info;

  if (fd < 0)
    {
      if (!may_lack || (errno != ENOENT && errno != ENOTDIR))
        rud_fail (error, _("Cannot read the configuration %s: %s"), name, g_strerror (errno));
      return NULL;
    }

  if (fstat (fd, &info) != 0 || (!S_ISREG (info.st_mode) && !S_ISCHR (info.st_mode)))
    {
      rud_fail (error, _("The configuration %s is no regular file"), name);
    }
  else
    {
      *is_open = S_ISREG (info.st_mode) && (info.st_mode & S_IWOTH) != 0;
      content = read_descriptor (fd, name, error);
    }
  g_close (fd, NULL);

  return content;
}

/* Parsing */

typedef struct
{
  const char        *name;
  RudConfigFileFunc  func;
  gpointer           user_data;
  guint              line;
  char              *group;   /* (nullable): none has begun */
} Parser;

static void
parser_clear (Parser *self)
{
  g_free (self->group);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parser, parser_clear)

static gboolean
parse_group (Parser      *self,
             char        *line,
             const char  *where,
             GError     **error)
{
  gsize length = strlen (line);

  if (length < 3 || line[length - 1] != ']' || strpbrk (line + 1, "[]") != line + length - 1)
    return rud_fail (error, _("a group is written [NAME]"));

  g_free (self->group);
  self->group = g_strndup (line + 1, length - 2);

  return self->func (self->group, NULL, NULL, where, self->user_data, error);
}

static gboolean
parse_key (Parser      *self,
           char        *line,
           const char  *where,
           GError     **error)
{
  char *equals = strchr (line, '=');

  /* What stands there is not repeated: it may be a file that is a secret. */
  if (equals == NULL || equals == line)
    return rud_fail (error, _("this is neither KEY=VALUE nor [GROUP] nor a comment, which begins "
                              "with #"));

  if (self->group == NULL)
    return rud_fail (error, _("a group such as [runtimeuse] has to come before the first key"));

  *equals = '\0';

  return self->func (self->group, g_strchomp (line), g_strchug (equals + 1), where,
                     self->user_data, error);
}

/* Whether there is something that nobody sees, but that becomes part of a value. */
static gboolean
has_control (const char *text,
             gsize       length)
{
  if (length > 0 && text[length - 1] == '\r')
    length--;

  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (text[i]) && text[i] != '\t')
      return TRUE;

  return FALSE;
}

static gboolean
parse_line (Parser      *self,
            const char  *text,
            gsize        length,
            GError     **error)
{
  g_autofree char *where = g_strdup_printf ("%s:%u", self->name, ++self->line);
  g_autofree char *line = NULL;
  gboolean good;

  if (has_control (text, length))
    return rud_fail (error, _("%s: there is a control character in this line"), where);
  if (!g_utf8_validate (text, length, NULL))
    return rud_fail (error, _("%s: this line is not UTF-8"), where);

  line = g_strndup (text, length);
  g_strstrip (line);
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;

  good = line[0] == '[' ? parse_group (self, line, where, error)
                        : parse_key (self, line, where, error);
  if (!good)
    g_prefix_error (error, "%s: ", where);

  return good;
}

/* Gives @func all groups and values in their order. */
gboolean
rud_config_file_parse (const char         *name,
                       GBytes             *content,
                       RudConfigFileFunc   func,
                       gpointer            user_data,
                       GError            **error)
{
  g_auto(Parser) self = { name, func, user_data, 0, NULL };
  gsize left;
  const char *text = g_bytes_get_data (content, &left);

  /* Some editors begin what they save with it. */
  if (left >= strlen (BYTE_ORDER_MARK) &&
      memcmp (text, BYTE_ORDER_MARK, strlen (BYTE_ORDER_MARK)) == 0)
    {
      text += strlen (BYTE_ORDER_MARK);
      left -= strlen (BYTE_ORDER_MARK);
    }

  while (left > 0)
    {
      const char *newline = memchr (text, '\n', left);
      gsize length = newline != NULL ? (gsize) (newline - text) : left;

      if (!parse_line (&self, text, length, error))
        return FALSE;

      length = MIN (length + 1, left);
      text += length;
      left -= length;
    }

  return TRUE;
}

/* Values */

static const struct
{
  char letter;
  char meaning;
} escapes[] = {
  { 's', ' ' },
  { 'n', '\n' },
  { 't', '\t' },
  { 'r', '\r' },
  { '\\', '\\' },
};

/* @next follows a backslash; returns NUL for what means nothing. */
static char
find_escaped (char     next,
              gboolean in_list)
{
  for (gsize i = 0; i < G_N_ELEMENTS (escapes); i++)
    if (escapes[i].letter == next)
      return escapes[i].meaning;

  return in_list && next == ';' ? ';' : '\0';
}

static gboolean
take_escaped (GString     *item,
              const char  *backslash,
              gboolean     in_list,
              GError     **error)
{
  char meaning = find_escaped (backslash[1], in_list);

  if (meaning == '\0')
    return rud_fail (error, _("a backslash has to be written \\\\"));

  g_string_append_c (item, meaning);

  return TRUE;
}

/* Returns what a value of a file stands for. */
char *
rud_config_text_unescape (const char  *text,
                          GError     **error)
{
  g_autoptr(GString) item = g_string_new (NULL);

  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c != '\\')
        g_string_append_c (item, *c);
      else if (!take_escaped (item, c++, FALSE, error))
        return NULL;
    }

  return g_string_free (g_steal_pointer (&item), FALSE);
}

static gboolean
end_item (GStrvBuilder *list,
          GString      *item,
          GError      **error)
{
  if (g_strstrip (item->str)[0] == '\0')
    return rud_fail (error, _("there is nothing between two semicolons"));

  g_strv_builder_add (list, item->str);
  g_string_truncate (item, 0);

  return TRUE;
}

/* Returns the values of a list, in which semicolons stand between or behind them. */
char **
rud_config_text_split (const char  *text,
                       GError     **error)
{
  g_autoptr(GStrvBuilder) list = g_strv_builder_new ();
  g_autoptr(GString) item = g_string_new (NULL);
  gboolean good = TRUE;

  for (const char *c = text; good && *c != '\0'; c++)
    {
      if (*c == '\\')
        good = take_escaped (item, c++, TRUE, error);
      else if (*c == ';')
        good = end_item (list, item, error);
      else
        g_string_append_c (item, *c);
    }
  if (good && item->str[strspn (item->str, " ")] != '\0')
    good = end_item (list, item, error);

  return good ? g_strv_builder_end (list) : NULL;
}
