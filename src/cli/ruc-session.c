/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-session.h"

#include "ruc-text.h"

#include <glib/gi18n.h>
#include <string.h>

G_STATIC_ASSERT (RUC_SESSION_N_FIELDS <= 32);

/* One session of a service, as the bus tells of it. */

const RucSessionFieldInfo ruc_session_fields[] = {
  [RUC_SESSION_ID] = { "Id", "id", N_("Session"), RUC_SESSION_TEXT },
  [RUC_SESSION_KIND] = { "Kind", "kind", N_("Kind"), RUC_SESSION_TEXT },
  [RUC_SESSION_PEER] = { "Peer", "peer", N_("Client"), RUC_SESSION_TEXT },
  [RUC_SESSION_STATE] = { "State", "state", N_("State"), RUC_SESSION_TEXT },
  [RUC_SESSION_REQUEST_KIND] = { "RequestKind", "request_kind", N_("Request"), RUC_SESSION_TEXT },
  [RUC_SESSION_SOURCE_ID] = { "SourceId", "source_id", N_("Source"), RUC_SESSION_TEXT },
  [RUC_SESSION_AGENT] = { "Agent", "agent", N_("Agent"), RUC_SESSION_TEXT },
  [RUC_SESSION_MODEL] = { "Model", "model", N_("Model"), RUC_SESSION_TEXT },
  [RUC_SESSION_PHASE] = { "Phase", "phase", N_("Phase"), RUC_SESSION_TEXT },
  [RUC_SESSION_COMMAND] = { "Command", "command", N_("Command"), RUC_SESSION_TEXT },
  [RUC_SESSION_CONNECTED_AT] = {
    "ConnectedAt", "connected_at", N_("Connected"), RUC_SESSION_TIME
  },
  [RUC_SESSION_REQUEST_STARTED_AT] = {
    "RequestStartedAt", "request_started_at", N_("Request began"), RUC_SESSION_TIME
  },
  [RUC_SESSION_REQUESTS_DONE] = {
    "RequestsDone", "requests_done", N_("Requests done"), RUC_SESSION_NUMBER
  },
  [RUC_SESSION_REQUESTS_FAILED] = {
    "RequestsFailed", "requests_failed", N_("Requests failed"), RUC_SESSION_NUMBER
  },
  [RUC_SESSION_OUTPUT_BYTES] = {
    "OutputBytes", "output_bytes", N_("Output"), RUC_SESSION_BYTES
  },
  [RUC_SESSION_ARTIFACTS_PENDING] = {
    "ArtifactsPending", "artifacts_pending", N_("Artifacts pending"), RUC_SESSION_NUMBER
  },
  [RUC_SESSION_ARTIFACTS_UPLOADED] = {
    "ArtifactsUploaded", "artifacts_uploaded", N_("Artifacts uploaded"), RUC_SESSION_NUMBER
  },
  [RUC_SESSION_ARTIFACTS_FAILED] = {
    "ArtifactsFailed", "artifacts_failed", N_("Artifacts failed"), RUC_SESSION_NUMBER
  },
  [RUC_SESSION_LAST_ERROR] = {
    "LastError", "last_error", N_("Last error"), RUC_SESSION_TEXT
  },
};

RucSession *
ruc_session_new (const char *path)
{
  RucSession *self = g_rc_box_new0 (RucSession);

  self->path = g_strdup (path);

  return self;
}

RucSession *
ruc_session_ref (RucSession *self)
{
  return g_rc_box_acquire (self);
}

static void
session_clear (gpointer data)
{
  RucSession *self = data;

  for (guint i = 0; i < RUC_SESSION_N_FIELDS; i++)
    g_clear_pointer (&self->values[i], g_variant_unref);
  g_free (self->path);
}

void
ruc_session_unref (RucSession *self)
{
  g_rc_box_release_full (self, session_clear);
}

static gboolean
get_number (GVariant *value,
            guint64  *number)
{
  gint64 with_sign = 0;

  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_UINT64:
      *number = g_variant_get_uint64 (value);
      return TRUE;

    case G_VARIANT_CLASS_UINT32:
      *number = g_variant_get_uint32 (value);
      return TRUE;

    case G_VARIANT_CLASS_INT64:
      with_sign = g_variant_get_int64 (value);
      break;

    case G_VARIANT_CLASS_INT32:
      with_sign = g_variant_get_int32 (value);
      break;

    case G_VARIANT_CLASS_BOOLEAN:
    case G_VARIANT_CLASS_BYTE:
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_DOUBLE:
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      return FALSE;
    }

  *number = with_sign > 0 ? (guint64) with_sign : 0;

  return TRUE;
}

/* What is of another type than it should be was not told. */
static GVariant *
take_value (RucSessionType  type,
            GVariant       *value)
{
  guint64 number;

  if (type == RUC_SESSION_TEXT)
    return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_ref (value) : NULL;

  return get_number (value, &number) ? g_variant_ref_sink (g_variant_new_uint64 (number)) : NULL;
}

static gboolean
set_value (RucSession      *self,
           RucSessionField  field,
           GVariant        *value)
{
  g_autoptr(GVariant) taken = take_value (ruc_session_fields[field].type, value);
  GVariant **present = &self->values[field];

  if (taken == NULL || (*present != NULL && g_variant_equal (*present, taken)))
    return FALSE;

  g_clear_pointer (present, g_variant_unref);
  *present = g_steal_pointer (&taken);

  return TRUE;
}

/* Most often it is the one that comes after the last that was found. */
static gboolean
find_field (const char *property,
            guint      *field)
{
  for (guint i = 0; i < RUC_SESSION_N_FIELDS; i++)
    {
      guint candidate = (*field + i) % RUC_SESSION_N_FIELDS;

      if (g_str_equal (ruc_session_fields[candidate].property, property))
        {
          *field = candidate;
          return TRUE;
        }
    }

  return FALSE;
}

guint
ruc_session_update (RucSession *self,
                    GVariant   *properties)
{
  guint changed = 0;
  guint field = 0;
  GVariantIter iter;
  GVariant *value;
  const char *property;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &property, &value))
    {
      if (find_field (property, &field) && set_value (self, field, value))
        changed |= 1u << field;
      g_variant_unref (value);
    }

  return changed;
}

const char *
ruc_session_get_text (const RucSession *self,
                      RucSessionField   field)
{
  GVariant *value = self->values[field];

  return value != NULL ? g_variant_get_string (value, NULL) : "";
}

guint64
ruc_session_get_number (const RucSession *self,
                        RucSessionField   field)
{
  GVariant *value = self->values[field];

  return value != NULL ? g_variant_get_uint64 (value) : 0;
}

/* Its object is named after it, should it not say so itself. */
const char *
ruc_session_get_id (const RucSession *self)
{
  const char *id = ruc_session_get_text (self, RUC_SESSION_ID);

  return id[0] != '\0' ? id : strrchr (self->path, '/') + 1;
}

/* One word, whatever it is. */
char *
ruc_session_show_id (const RucSession *self)
{
  return g_strdelimit (ruc_text_show (ruc_session_get_id (self)), " ", '?');
}

/* A command may well have several lines. */
char *
ruc_session_show_text (const RucSession *self,
                       RucSessionField   field)
{
  g_autofree char *text = g_strdup (ruc_session_get_text (self, field));

  return ruc_text_show (g_strdelimit (text, "\n\r\t", ' '));
}

gboolean
ruc_session_is_busy (const RucSession *self)
{
  return ruc_session_get_number (self, RUC_SESSION_REQUEST_STARTED_AT) != 0;
}
