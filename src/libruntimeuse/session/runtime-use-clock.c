/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-clock-private.h"

G_DEFINE_ABSTRACT_TYPE (RuntimeUseClock, _runtime_use_clock, G_TYPE_OBJECT)

static void
_runtime_use_clock_class_init (RuntimeUseClockClass *klass)
{
}

static void
_runtime_use_clock_init (RuntimeUseClock *self)
{
}

gint64
_runtime_use_clock_get_time (RuntimeUseClock *self)
{
  return RUNTIME_USE_CLOCK_GET_CLASS (self)->get_time (self);
}

RuntimeUseAlarm *
_runtime_use_clock_set_alarm (RuntimeUseClock     *self,
                              gint64               milliseconds,
                              RuntimeUseClockFunc  func,
                              gpointer             user_data)
{
  RuntimeUseClockClass *klass = RUNTIME_USE_CLOCK_GET_CLASS (self);

  return klass->set_alarm (self, klass->get_time (self) + milliseconds * 1000, func, user_data);
}

void
_runtime_use_clock_clear_alarm (RuntimeUseClock  *self,
                                RuntimeUseAlarm **alarm)
{
  if (*alarm != NULL)
    RUNTIME_USE_CLOCK_GET_CLASS (self)->clear_alarm (self, g_steal_pointer (alarm));
}
