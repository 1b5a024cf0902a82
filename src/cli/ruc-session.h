/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a service tells about a session, in the order in which it is shown. */
typedef enum
{
  RUC_SESSION_ID,
  RUC_SESSION_KIND,
  RUC_SESSION_PEER,
  RUC_SESSION_STATE,
  RUC_SESSION_REQUEST_KIND,
  RUC_SESSION_SOURCE_ID,
  RUC_SESSION_AGENT,
  RUC_SESSION_MODEL,
  RUC_SESSION_PHASE,
  RUC_SESSION_COMMAND,
  RUC_SESSION_CONNECTED_AT,
  RUC_SESSION_REQUEST_STARTED_AT,
  RUC_SESSION_REQUESTS_DONE,
  RUC_SESSION_REQUESTS_FAILED,
  RUC_SESSION_OUTPUT_BYTES,
  RUC_SESSION_ARTIFACTS_PENDING,
  RUC_SESSION_ARTIFACTS_UPLOADED,
  RUC_SESSION_ARTIFACTS_FAILED,
  RUC_SESSION_LAST_ERROR,

  RUC_SESSION_N_FIELDS
} RucSessionField;

typedef enum
{
  RUC_SESSION_TEXT,
  RUC_SESSION_TIME,      /* microseconds since the epoch, 0 for none */
  RUC_SESSION_NUMBER,
  RUC_SESSION_BYTES,
} RucSessionType;

typedef struct
{
  const char     *property;   /* its name on the bus */
  const char     *member;     /* and in JSON */
  const char     *label;      /* and for people, to be translated */
  RucSessionType  type;
} RucSessionFieldInfo;

typedef struct
{
  char     *path;
  gboolean  gone;                           /* it is none of its service any more */
  GVariant *values[RUC_SESSION_N_FIELDS];   /* (nullable): not told */
} RucSession;

extern const RucSessionFieldInfo ruc_session_fields[RUC_SESSION_N_FIELDS];

RucSession *ruc_session_new        (const char       *path);
RucSession *ruc_session_ref        (RucSession       *self);
void        ruc_session_unref      (RucSession       *self);

/* Takes what is in @properties, of type a{sv}. Returns a bit for each field that is different. */
guint       ruc_session_update     (RucSession       *self,
                                    GVariant         *properties);

/* An empty text, or 0, when it was not told. Texts are as they came; only those that show() returns
 * are fit for a terminal.
 */
const char *ruc_session_get_id     (const RucSession *self);
const char *ruc_session_get_text   (const RucSession *self,
                                    RucSessionField   field);
char       *ruc_session_show_id    (const RucSession *self);
char       *ruc_session_show_text  (const RucSession *self,
                                    RucSessionField   field);
guint64     ruc_session_get_number (const RucSession *self,
                                    RucSessionField   field);
gboolean    ruc_session_is_busy    (const RucSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RucSession, ruc_session_unref)

G_END_DECLS
