/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-dbus.h"
#include "runtimeuse.h"

G_BEGIN_DECLS

#define RUD_TYPE_SESSION_OBJECT (rud_session_object_get_type ())

G_DECLARE_FINAL_TYPE (RudSessionObject, rud_session_object, RUD, SESSION_OBJECT,
                      RudDbusSessionSkeleton)

/* Who ticks. */
typedef struct
{
  void     (* wake)  (gpointer          owner,   /* tick from now on, four times a second */
                      RudSessionObject *object);
  void     (* hurry) (gpointer          owner);  /* let it tell after this turn of the main loop */
  gboolean (* spend) (gpointer          owner);  /* whether something may be told between ticks */
} RudSessionObjectOwner;

RudSessionObject  *rud_session_object_new         (RuntimeUseSession           *session,
                                                   const char                  *agent,
                                                   const RudSessionObjectOwner *vtable,
                                                   gpointer                     owner);
void               rud_session_object_exported    (RudSessionObject            *self);
void               rud_session_object_tell_last   (RudSessionObject            *self);
void               rud_session_object_leave       (RudSessionObject            *self);
void               rud_session_object_set_silent  (RudSessionObject            *self,
                                                   gboolean                     silent);
void               rud_session_object_tell        (RudSessionObject            *self);
gboolean           rud_session_object_tick        (RudSessionObject            *self);

G_END_DECLS
