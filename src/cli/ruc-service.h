/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-session.h"

G_BEGIN_DECLS

#define RUC_SERVICE_MANAGER BUS_NAME ".Manager"
#define RUC_SERVICE_SESSION BUS_NAME ".Session"

/* The service that has our name on the session bus, and its sessions. */
#define RUC_TYPE_SERVICE (ruc_service_get_type ())

G_DECLARE_FINAL_TYPE (RucService, ruc_service, RUC, SERVICE, GObject)

typedef enum
{
  RUC_SERVICE_ABSENT,    /* nobody has the name, so there are no sessions; never is it started */
  RUC_SERVICE_PRESENT,   /* somebody has it, and the sessions are known */
  RUC_SERVICE_ADDED,
  RUC_SERVICE_CHANGED,
  RUC_SERVICE_REMOVED,
  RUC_SERVICE_FAILED,    /* there is an error, and nothing more comes */
} RucServiceEvent;

/* @session is only there when the event is about one; @changed has a bit for each of its fields. */
typedef void (* RucServiceFunc) (RucService      *self,
                                 RucServiceEvent  event,
                                 RucSession      *session,
                                 guint            changed,
                                 gpointer         user_data);

/* @seconds is how long the bus and the service may take for each answer. @func may end @self's
 * being followed, but not free it.
 */
RucService   *ruc_service_new          (guint                 seconds,
                                        RucServiceFunc        func,
                                        gpointer              user_data);
void          ruc_service_set_func     (RucService           *self,
                                        RucServiceFunc        func,
                                        gpointer              user_data);
gboolean      ruc_service_start        (RucService           *self);
const GError *ruc_service_get_error    (RucService           *self);
gboolean      ruc_service_is_present   (RucService           *self);
GPtrArray    *ruc_service_get_sessions (RucService           *self);
void          ruc_service_call_async   (RucService           *self,
                                        const char           *path,
                                        const char           *interface,
                                        const char           *method,
                                        const GVariantType   *reply_type,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
GVariant     *ruc_service_call_finish  (RucService           *self,
                                        GAsyncResult         *result,
                                        GError              **error);

G_END_DECLS
