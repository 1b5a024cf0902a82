/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Tells the time and wakes people up. Sessions know no other source of time,
 * so that a test can run hours of a session's life in a moment.
 */
#define RUNTIME_USE_TYPE_CLOCK (_runtime_use_clock_get_type ())

G_DECLARE_DERIVABLE_TYPE (RuntimeUseClock, _runtime_use_clock, RUNTIME_USE, CLOCK, GObject)

typedef void (* RuntimeUseClockFunc) (gpointer user_data);

/* An alarm that is set; invalid once it rang or was cleared. */
typedef struct _RuntimeUseAlarm RuntimeUseAlarm;

struct _RuntimeUseClockClass
{
  GObjectClass parent_class;

  /* Microseconds on a monotonic scale. */
  gint64            (* get_time)    (RuntimeUseClock     *self);
  RuntimeUseAlarm * (* set_alarm)   (RuntimeUseClock     *self,
                                     gint64               time,
                                     RuntimeUseClockFunc  func,
                                     gpointer             user_data);
  void              (* clear_alarm) (RuntimeUseClock     *self,
                                     RuntimeUseAlarm     *alarm);
};

gint64           _runtime_use_clock_get_time    (RuntimeUseClock      *self);
RuntimeUseAlarm *_runtime_use_clock_set_alarm   (RuntimeUseClock      *self,
                                                 gint64                milliseconds,
                                                 RuntimeUseClockFunc   func,
                                                 gpointer              user_data);
void             _runtime_use_clock_clear_alarm (RuntimeUseClock      *self,
                                                 RuntimeUseAlarm     **alarm);

/* The clock of the thread-default main context. */
RuntimeUseClock *_runtime_use_main_clock_new    (void);

G_END_DECLS
