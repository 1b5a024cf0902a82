/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-limits.h"

#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean G_GNUC_PRINTF (2, 3)
fail (GError     **error,
      const char  *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, text);

  return FALSE;
}

/* Of @names, those that @object has. */
static char *
join_names (GObject            *object,
            const char * const *names)
{
  g_autoptr(GPtrArray) known = g_ptr_array_new ();

  for (gsize i = 0; names[i] != NULL; i++)
    if (g_object_class_find_property (G_OBJECT_GET_CLASS (object), names[i]) != NULL)
      g_ptr_array_add (known, (gpointer) names[i]);
  g_ptr_array_add (known, NULL);

  return g_strjoinv (", ", (char **) known->pdata);
}

/* The property knows its range, so nothing is said twice. */
static gboolean
apply (GObject             *object,
       const char          *option,
       const char * const  *names,
       const char          *limit,
       GError             **error)
{
  const char *equals = strchr (limit, '=');
  g_autofree char *name = equals != NULL ? g_strndup (limit, equals - limit) : g_strdup (limit);
  g_autofree char *joined = join_names (object, names);
  g_auto(GValue) given = G_VALUE_INIT;
  g_auto(GValue) value = G_VALUE_INIT;
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (object), name);
  guint64 number;

  if (equals == NULL || pspec == NULL || !g_strv_contains (names, name))
    return fail (error, _("%s takes NAME=NUMBER, not \"%s\"; NAME is one of: %s"), option, limit,
                 joined);

  if (!g_ascii_string_to_unsigned (equals + 1, 10, 0, G_MAXINT64, &number, NULL))
    return fail (error, _("%s %s must be a number, not \"%s\""), option, name, equals + 1);

  g_value_init (&given, G_TYPE_UINT64);
  g_value_set_uint64 (&given, number);
  g_value_init (&value, pspec->value_type);
  g_value_transform (&given, &value);

  /* A number too large for the type comes out as another one. */
  if ((pspec->value_type == G_TYPE_UINT && number > G_MAXUINT) ||
      g_param_value_validate (pspec, &value))
    return fail (error, _("%s %s is out of range: %s"), option, name, equals + 1);

  g_object_set_property (object, name, &value);

  return TRUE;
}

gboolean
ruc_limits_apply (GObject             *object,
                  const char          *option,
                  const char * const  *names,
                  char               **limits,
                  GError             **error)
{
  for (gsize i = 0; limits != NULL && limits[i] != NULL; i++)
    if (!apply (object, option, names, limits[i], error))
      return FALSE;

  return TRUE;
}
