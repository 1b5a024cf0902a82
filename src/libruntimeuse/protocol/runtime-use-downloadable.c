/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-downloadable.h"

#include "runtime-use-codecs-private.h"

/**
 * RuntimeUseDownloadable:
 *
 * A file that a client wants to be fetched before a request does its work.
 *
 * It is only a description, and immutable.
 *
 * Since: 0.1
 */

struct _RuntimeUseDownloadable
{
  GObject parent_instance;

  char *download_url;
  char *working_dir;
  guint extract;   /* a RuntimeUseExtract */
};

G_DEFINE_FINAL_TYPE (RuntimeUseDownloadable, runtime_use_downloadable, G_TYPE_OBJECT)

/* In the order of RuntimeUseExtract, whose first is said by leaving the member out. */
static const char * const extracts[] = { "auto", "never", NULL };

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("download_url"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseDownloadable, download_url),
  },
  {
    RUNTIME_USE_FIELD_NAME ("working_dir"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseDownloadable, working_dir),
  },
  {
    RUNTIME_USE_FIELD_NAME ("extract"),
    .kind = RUNTIME_USE_FIELD_WORD,
    .offset = G_STRUCT_OFFSET (RuntimeUseDownloadable, extract),
    .words = extracts,
  },
};

const RuntimeUseCodec _runtime_use_downloadable_codec = {
  .get_type = runtime_use_downloadable_get_type,
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_downloadable_finalize (GObject *object)
{
  _runtime_use_codec_clear (&_runtime_use_downloadable_codec, object);

  G_OBJECT_CLASS (runtime_use_downloadable_parent_class)->finalize (object);
}

static void
runtime_use_downloadable_class_init (RuntimeUseDownloadableClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_downloadable_finalize;
}

static void
runtime_use_downloadable_init (RuntimeUseDownloadable *self)
{
}

/**
 * runtime_use_downloadable_new:
 * @download_url: where the file comes from
 * @working_dir: the folder it goes to
 *
 * Describes a download; nothing is fetched yet. Of what is fetched, files whose name ends in
 * `.zip` are unpacked.
 *
 * Returns: (transfer full): a new downloadable
 *
 * Since: 0.1
 */
RuntimeUseDownloadable *
runtime_use_downloadable_new (const char *download_url,
                              const char *working_dir)
{
  return runtime_use_downloadable_new_full (download_url, working_dir, RUNTIME_USE_EXTRACT_ZIP);
}

/**
 * runtime_use_downloadable_new_full:
 * @download_url: where the file comes from
 * @working_dir: the folder it goes to
 * @extract: whether it is unpacked
 *
 * Describes a download; nothing is fetched yet. Runtimes other than this one may ignore @extract.
 *
 * Returns: (transfer full): a new downloadable
 *
 * Since: 0.1
 */
RuntimeUseDownloadable *
runtime_use_downloadable_new_full (const char        *download_url,
                                   const char        *working_dir,
                                   RuntimeUseExtract  extract)
{
  RuntimeUseDownloadable *self;

  g_return_val_if_fail (download_url != NULL, NULL);
  g_return_val_if_fail (working_dir != NULL, NULL);
  g_return_val_if_fail (extract <= RUNTIME_USE_EXTRACT_NEVER, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_DOWNLOADABLE, NULL);
  self->download_url = _runtime_use_dup_utf8 (download_url);
  self->working_dir = _runtime_use_dup_utf8 (working_dir);
  self->extract = extract;

  return self;
}

/**
 * runtime_use_downloadable_get_download_url:
 * @self: a downloadable
 *
 * Gets where the file comes from.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_downloadable_get_download_url (RuntimeUseDownloadable *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOADABLE (self), NULL);

  return self->download_url;
}

/**
 * runtime_use_downloadable_get_working_dir:
 * @self: a downloadable
 *
 * Gets the folder that the file goes to.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_downloadable_get_working_dir (RuntimeUseDownloadable *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOADABLE (self), NULL);

  return self->working_dir;
}

/**
 * runtime_use_downloadable_get_extract:
 * @self: a downloadable
 *
 * Gets whether what was fetched is unpacked.
 *
 * Returns: what is unpacked
 *
 * Since: 0.1
 */
RuntimeUseExtract
runtime_use_downloadable_get_extract (RuntimeUseDownloadable *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_DOWNLOADABLE (self), RUNTIME_USE_EXTRACT_ZIP);

  return self->extract;
}
