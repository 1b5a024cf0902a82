/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-json-reader-private.h"
#include "runtime-use-redactor.h"

G_BEGIN_DECLS

/*
 * What an object of the protocol looks like on the wire and in memory, written once as a table per
 * class: reading, writing, redacting, copying and freeing all follow it, and so do properties.
 *
 * All values are immutable once built, so copies share what can be shared.
 */

typedef struct _RuntimeUseCodec RuntimeUseCodec;
typedef struct _RuntimeUseField RuntimeUseField;

typedef enum
{
  RUNTIME_USE_FIELD_STRING,   /* char *, without NUL */
  RUNTIME_USE_FIELD_TEXT,     /* GBytes *, UTF-8 that may hold NUL, NUL-terminated besides */
  RUNTIME_USE_FIELD_STRV,     /* char ** */
  RUNTIME_USE_FIELD_ENV,      /* char **, “NAME=VALUE”; an object on the wire */
  RUNTIME_USE_FIELD_JSON,     /* char *, the compact text of a JSON object */
  RUNTIME_USE_FIELD_INTEGER,  /* gint64 */
  RUNTIME_USE_FIELD_BOOLEAN,  /* gboolean, usually left out when FALSE */
  RUNTIME_USE_FIELD_WORD,     /* guint, the index of one of .words; one more where the member is
                               * optional, so that 0 is unset */
  RUNTIME_USE_FIELD_LIST,     /* GPtrArray * of objects that follow .codec */
  RUNTIME_USE_FIELD_INLINE,   /* an object on the wire whose members, .codec, are in this object */
} RuntimeUseFieldKind;

typedef enum
{
  RUNTIME_USE_FIELD_REQUIRED      = 1 << 0,
  RUNTIME_USE_FIELD_NOT_EMPTY     = 1 << 1,  /* STRING: "" is an error */
  RUNTIME_USE_FIELD_EMPTY_IS_NULL = 1 << 2,  /* STRING: "" is the same as nothing */
  RUNTIME_USE_FIELD_ALWAYS        = 1 << 3,  /* written even when unset, as "", {}, [] or false */
  RUNTIME_USE_FIELD_REDACT        = 1 << 4,  /* holds what users and handlers said */
  RUNTIME_USE_FIELD_SHARED        = 1 << 5,  /* kept by RuntimeUseRequestMessage */
} RuntimeUseFieldFlags;

struct _RuntimeUseField
{
  const char            *name;
  const char            *key;      /* as written: ,"name": */
  gsize                  name_length;
  const char            *property; /* (nullable): its name, if the field is one */
  RuntimeUseFieldKind    kind;
  RuntimeUseFieldFlags   flags;
  gsize                  offset;
  gsize                  max_items;   /* STRV, ENV, LIST */
  gsize                  max_bytes;   /* STRV: of all items together; 0 is no limit of its own */
  gint64                 min_integer;
  gint64                 max_integer;
  const char * const    *words;       /* ended by NULL */
  const RuntimeUseCodec *codec;
};

#define RUNTIME_USE_FIELD_NAME(literal) \
  .name = literal, .key = ",\"" literal "\":", .name_length = sizeof (literal) - 1
/* No table is longer. */
#define RUNTIME_USE_CODEC_MAX_FIELDS 16

#define RUNTIME_USE_FIELDS(table) .fields = (table), .n_fields = G_N_ELEMENTS (table)

struct _RuntimeUseCodec
{
  GType                (*get_type) (void);
  const char            *message_type;   /* (nullable): not a message */
  const RuntimeUseField *fields;
  guint                  n_fields;

  /* (nullable): a last check after reading, for what a table cannot say */
  gboolean             (*check)    (gpointer object, GError **error);
};

void     _runtime_use_codec_append (const RuntimeUseCodec      *codec,
                                    gpointer                    object,
                                    GString                    *json);
void     _runtime_use_codec_clear  (const RuntimeUseCodec      *codec,
                                    gpointer                    object);
gpointer _runtime_use_codec_redact (const RuntimeUseCodec      *codec,
                                    gpointer                    object,
                                    RuntimeUseRedactor         *redactor);
gboolean _runtime_use_codec_sweep  (const RuntimeUseCodec      *codec,
                                    RuntimeUseJsonReader       *reader,
                                    RuntimeUseJsonValue        *values,
                                    RuntimeUseJsonValue        *type);
gpointer _runtime_use_codec_build  (const RuntimeUseCodec      *codec,
                                    const RuntimeUseJsonValue  *values,
                                    GError                    **error);

/* Properties are set when an object is made; those of a class are the fields of its table that name
 * one, which are a STRING, STRV, ENV, LIST or BOOLEAN. */
void     _runtime_use_codec_install_properties (const RuntimeUseCodec *codec,
                                                GObjectClass          *object_class);
void     _runtime_use_codec_get_property       (const RuntimeUseCodec *codec,
                                                gpointer               object,
                                                guint                  prop_id,
                                                GValue                *value);
void     _runtime_use_codec_set_property       (const RuntimeUseCodec *codec,
                                                gpointer               object,
                                                guint                  prop_id,
                                                const GValue          *value);

gpointer _runtime_use_field_locate (const RuntimeUseField      *field,
                                    gpointer                    object);
void     _runtime_use_field_clear  (const RuntimeUseField      *field,
                                    gpointer                    object);

char       *_runtime_use_dup_utf8        (const char         *text);
char      **_runtime_use_dup_utf8_strv   (const char * const *strv);
const char * const *
            _runtime_use_strv_or_empty   (char              **strv);
GBytes     *_runtime_use_dup_text        (const char         *text,
                                          gsize               length);
char       *_runtime_use_dup_json_object (const char         *json);
GPtrArray  *_runtime_use_dup_list        (GPtrArray          *list);
gboolean    _runtime_use_is_environ      (const char * const *env);

G_END_DECLS
