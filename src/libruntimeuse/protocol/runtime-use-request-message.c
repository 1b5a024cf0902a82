/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-request-message-private.h"

#include <string.h>

#include "runtime-use-downloadable.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseRequestMessage:
 *
 * What a client asks for: an invocation of an agent, or commands alone.
 *
 * A session runs one request at a time.
 *
 * A request is built with [ctor@GObject.Object.new] and the properties of its class. Languages that
 * cannot set a property that is a list write it as JSON instead, for
 * [ctor@RuntimeUse.Message.new_from_bytes].
 *
 * Since: 0.1
 */

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (RuntimeUseRequestMessage,
                                     runtime_use_request_message,
                                     RUNTIME_USE_TYPE_MESSAGE)

/* For the properties. What is read and written is in the tables of the classes of requests. */
static const RuntimeUseField fields[] = {
  /**
   * RuntimeUseRequestMessage:source-id:
   *
   * A name for the lines that the runtime logs about the request, or `NULL`.
   *
   * Since: 0.1
   */
  { RUNTIME_USE_REQUEST_SOURCE_ID, .property = "source-id" },

  /**
   * RuntimeUseRequestMessage:secrets-to-redact:
   *
   * What must not appear in anything that the runtime says about the request.
   *
   * Since: 0.1
   */
  { RUNTIME_USE_REQUEST_SECRETS_TO_REDACT, .property = "secrets-to-redact" },

  /**
   * RuntimeUseRequestMessage:artifacts-dirs:
   *
   * Folders whose files the runtime offers to the client.
   *
   * Since: 0.1
   */
  { RUNTIME_USE_REQUEST_ARTIFACTS_DIRS, .property = "artifacts-dirs" },

  /**
   * RuntimeUseRequestMessage:artifacts-ignore-content:
   *
   * Ignore rules for these folders, in the syntax of `.gitignore`, or `NULL` for the default ones.
   * An empty text ignores nothing.
   *
   * Since: 0.1
   */
  { RUNTIME_USE_REQUEST_ARTIFACTS_IGNORE_CONTENT, .property = "artifacts-ignore-content" },

  /**
   * RuntimeUseRequestMessage:downloadables: (type GPtrArray(RuntimeUseDownloadable))
   *
   * What is to be fetched before anything else is done.
   *
   * Since: 0.1
   */
  { RUNTIME_USE_REQUEST_DOWNLOADABLES, .property = "downloadables" },

  /**
   * RuntimeUseRequestMessage:report-progress:
   *
   * Whether the runtime tells how far a download has come, see
   * [class@RuntimeUse.DownloadProgressMessage].
   *
   * Since: 0.1
   */
  { RUNTIME_USE_REQUEST_REPORT_PROGRESS, .property = "report-progress" },
};

static const RuntimeUseCodec codec = {
  .get_type = runtime_use_request_message_get_type,
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_request_message_class_init (RuntimeUseRequestMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass), &codec);
}

static void
runtime_use_request_message_init (RuntimeUseRequestMessage *self)
{
}

RuntimeUseRequestMessagePrivate *
_runtime_use_request_message_get_members (gpointer self)
{
  return runtime_use_request_message_get_instance_private (self);
}

/* Merges the deprecated single folder in front of the others and drops repetitions. */
gboolean
_runtime_use_request_message_check (gpointer   self,
                                    GError   **error)
{
  RuntimeUseRequestMessagePrivate *members = _runtime_use_request_message_get_members (self);
  g_auto(GStrv) dirs = g_steal_pointer (&members->artifacts_dirs);
  g_autofree char *first = g_steal_pointer (&members->artifacts_dir);
  g_autoptr(GHashTable) seen = NULL;
  g_autoptr(GStrvBuilder) merged = NULL;

  if (first == NULL && dirs == NULL)
    return TRUE;

  seen = g_hash_table_new (g_str_hash, g_str_equal);
  merged = g_strv_builder_new ();
  if (first != NULL && g_hash_table_add (seen, first))
    g_strv_builder_add (merged, first);
  for (gsize i = 0; dirs != NULL && dirs[i] != NULL; i++)
    {
      if (g_hash_table_add (seen, dirs[i]))
        g_strv_builder_add (merged, dirs[i]);
    }

  members->artifacts_dirs = g_strv_builder_end (merged);

  return TRUE;
}

GPtrArray *
_runtime_use_list_or_empty (GPtrArray *list)
{
  static gsize empty;

  if (list != NULL)
    return list;

  if (g_once_init_enter (&empty))
    g_once_init_leave (&empty, (gsize) g_ptr_array_new ());

  return (GPtrArray *) empty;
}

static GPtrArray *
join_lists (GPtrArray *one,
            GPtrArray *other)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < one->len; i++)
    g_ptr_array_add (list, g_object_ref (g_ptr_array_index (one, i)));
  for (guint i = 0; i < other->len; i++)
    g_ptr_array_add (list, g_object_ref (g_ptr_array_index (other, i)));

  return list;
}

static char **
join_dirs (const char * const *one,
           const char * const *other)
{
  g_autoptr(GStrvBuilder) dirs = g_strv_builder_new ();

  g_strv_builder_addv (dirs, (const char **) one);
  for (gsize i = 0; other[i] != NULL; i++)
    if (!g_strv_contains (one, other[i]))
      g_strv_builder_add (dirs, other[i]);

  return g_strv_builder_end (dirs);
}

static void
get_changed_property (RuntimeUseRequestMessage *self,
                      GParamSpec               *pspec,
                      GPtrArray                *downloadables,
                      const char * const       *artifacts_dirs,
                      GValue                   *value)
{
  g_value_init (value, pspec->value_type);

  if (g_str_equal (pspec->name, "downloadables"))
    g_value_take_boxed (value, join_lists (downloadables,
                                           runtime_use_request_message_get_downloadables (self)));
  else if (g_str_equal (pspec->name, "artifacts-dirs"))
    g_value_take_boxed (value, join_dirs (runtime_use_request_message_get_artifacts_dirs (self),
                                          artifacts_dirs));
  else
    g_object_get_property (G_OBJECT (self), pspec->name, value);
}

/* All that a request holds are properties that are set when it is made. */
RuntimeUseRequestMessage *
_runtime_use_request_message_add_files (RuntimeUseRequestMessage *self,
                                        GPtrArray                *downloadables,
                                        const char * const       *artifacts_dirs)
{
  RuntimeUseRequestMessage *copy;
  guint n_properties;
  g_autofree GParamSpec **pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (self),
                                                                   &n_properties);
  g_autofree const char **names = g_new (const char *, n_properties);
  g_autofree GValue *values = g_new0 (GValue, n_properties);
  guint n = 0;

  for (guint i = 0; i < n_properties; i++)
    {
      if ((pspecs[i]->flags & G_PARAM_WRITABLE) == 0)
        continue;

      names[n] = pspecs[i]->name;
      get_changed_property (self, pspecs[i], downloadables, artifacts_dirs, &values[n++]);
    }

  copy = RUNTIME_USE_REQUEST_MESSAGE (g_object_new_with_properties (G_OBJECT_TYPE (self), n, names,
                                                                    values));
  for (guint i = 0; i < n; i++)
    g_value_unset (&values[i]);

  return copy;
}

/**
 * runtime_use_request_message_get_source_id:
 * @self: a message
 *
 * Gets a name for what is logged about a request.
 *
 * Returns: (transfer none) (nullable): a name, or `NULL`
 *
 * Since: 0.1
 */
const char *
runtime_use_request_message_get_source_id (RuntimeUseRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REQUEST_MESSAGE (self), NULL);

  return _runtime_use_request_message_get_members (self)->source_id;
}

/**
 * runtime_use_request_message_get_secrets_to_redact:
 * @self: a message
 *
 * Gets what must not appear in anything that is said about a request.
 *
 * Returns: (transfer none) (array zero-terminated=1): secrets, maybe none, maybe empty ones
 *
 * Since: 0.1
 */
const char * const *
runtime_use_request_message_get_secrets_to_redact (RuntimeUseRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REQUEST_MESSAGE (self), NULL);

  return _runtime_use_strv_or_empty
    (_runtime_use_request_message_get_members (self)->secrets_to_redact);
}

/**
 * runtime_use_request_message_get_artifacts_dirs:
 * @self: a message
 *
 * Gets the folders whose files are to be offered to the client.
 *
 * Returns: (transfer none) (array zero-terminated=1): paths without repetition, maybe none
 *
 * Since: 0.1
 */
const char * const *
runtime_use_request_message_get_artifacts_dirs (RuntimeUseRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REQUEST_MESSAGE (self), NULL);

  return _runtime_use_strv_or_empty
    (_runtime_use_request_message_get_members (self)->artifacts_dirs);
}

/**
 * runtime_use_request_message_get_artifacts_ignore_content:
 * @self: a message
 *
 * Gets the rules for files of the artifact folders that are not offered.
 *
 * An empty text ignores nothing, which is not the same as `NULL`.
 *
 * Returns: (transfer none) (nullable): text in the syntax of `.gitignore`, or `NULL`
 *   for the default rules
 *
 * Since: 0.1
 */
const char *
runtime_use_request_message_get_artifacts_ignore_content (RuntimeUseRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REQUEST_MESSAGE (self), NULL);

  return _runtime_use_request_message_get_members (self)->artifacts_ignore_content;
}

/**
 * runtime_use_request_message_get_downloadables:
 * @self: a message
 *
 * Gets what is to be fetched before anything else is done.
 *
 * Returns: (transfer none) (element-type RuntimeUseDownloadable): downloads in order, maybe none
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_request_message_get_downloadables (RuntimeUseRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REQUEST_MESSAGE (self), NULL);

  return _runtime_use_list_or_empty
    (_runtime_use_request_message_get_members (self)->downloadables);
}

/**
 * runtime_use_request_message_get_report_progress:
 * @self: a message
 *
 * Gets whether the client wants to know how far a download has come.
 *
 * Returns: `TRUE` if the runtime is to tell
 *
 * Since: 0.1
 */
gboolean
runtime_use_request_message_get_report_progress (RuntimeUseRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_REQUEST_MESSAGE (self), FALSE);

  return _runtime_use_request_message_get_members (self)->report_progress;
}
