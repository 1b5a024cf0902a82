/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-clock-private.h"

#include "runtime-use-source-private.h"

/* A main context pays for each of its sources in every iteration, so all the
 * alarms of a clock share one.
 */

#define RUNTIME_USE_TYPE_MAIN_CLOCK (_runtime_use_main_clock_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseMainClock, _runtime_use_main_clock,
                      RUNTIME_USE, MAIN_CLOCK, RuntimeUseClock)

struct _RuntimeUseMainClock
{
  RuntimeUseClock  parent_instance;

  GSource         *source;
  GSequence       *alarms;     /* RuntimeUseAlarm, the next one first */
  gint64           wake_time;  /* of the source, or -1 */
};

struct _RuntimeUseAlarm
{
  gint64               time;
  RuntimeUseClockFunc  func;
  gpointer             user_data;
  GSequenceIter       *iter;
};

G_DEFINE_FINAL_TYPE (RuntimeUseMainClock, _runtime_use_main_clock, RUNTIME_USE_TYPE_CLOCK)

static int
compare_alarms (gconstpointer a,
                gconstpointer b,
                gpointer      user_data)
{
  const RuntimeUseAlarm *one = a;
  const RuntimeUseAlarm *other = b;

  return (one->time > other->time) - (one->time < other->time);
}

static RuntimeUseAlarm *
peek_next (RuntimeUseMainClock *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->alarms);

  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

static void
set_wake_time (RuntimeUseMainClock *self,
               gint64               time)
{
  if (self->wake_time == time)
    return;

  self->wake_time = time;
  g_source_set_ready_time (self->source, time);
}

static gboolean
wake_cb (gpointer user_data)
{
  RuntimeUseMainClock *self = user_data;
  G_GNUC_UNUSED g_autoptr(RuntimeUseMainClock) alive = g_object_ref (self);
  gint64 now = g_get_monotonic_time ();
  RuntimeUseAlarm *alarm;

  while ((alarm = peek_next (self)) != NULL && alarm->time <= now)
    {
      RuntimeUseClockFunc func = alarm->func;
      gpointer data = alarm->user_data;

      g_sequence_remove (alarm->iter);
      func (data);
    }

  alarm = peek_next (self);
  set_wake_time (self, alarm != NULL ? alarm->time : -1);

  return G_SOURCE_CONTINUE;
}

static gint64
_runtime_use_main_clock_get_time (RuntimeUseClock *clock)
{
  return g_get_monotonic_time ();
}

static RuntimeUseAlarm *
_runtime_use_main_clock_set_alarm (RuntimeUseClock     *clock,
                                   gint64               time,
                                   RuntimeUseClockFunc  func,
                                   gpointer             user_data)
{
  RuntimeUseMainClock *self = RUNTIME_USE_MAIN_CLOCK (clock);
  RuntimeUseAlarm *alarm = g_new (RuntimeUseAlarm, 1);

  alarm->time = time;
  alarm->func = func;
  alarm->user_data = user_data;
  alarm->iter = g_sequence_insert_sorted (self->alarms, alarm, compare_alarms, NULL);

  /* Waking up once too often is cheaper than setting the source anew each
   * time an alarm is cleared.
   */
  if (self->wake_time == -1 || time < self->wake_time)
    set_wake_time (self, time);

  return alarm;
}

static void
_runtime_use_main_clock_clear_alarm (RuntimeUseClock *clock,
                                     RuntimeUseAlarm *alarm)
{
  g_sequence_remove (alarm->iter);
}

static void
_runtime_use_main_clock_dispose (GObject *object)
{
  RuntimeUseMainClock *self = RUNTIME_USE_MAIN_CLOCK (object);

  _runtime_use_clear_source (&self->source);

  G_OBJECT_CLASS (_runtime_use_main_clock_parent_class)->dispose (object);
}

static void
_runtime_use_main_clock_finalize (GObject *object)
{
  RuntimeUseMainClock *self = RUNTIME_USE_MAIN_CLOCK (object);

  g_clear_pointer (&self->alarms, g_sequence_free);

  G_OBJECT_CLASS (_runtime_use_main_clock_parent_class)->finalize (object);
}

static void
_runtime_use_main_clock_class_init (RuntimeUseMainClockClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RuntimeUseClockClass *clock_class = RUNTIME_USE_CLOCK_CLASS (klass);

  object_class->dispose = _runtime_use_main_clock_dispose;
  object_class->finalize = _runtime_use_main_clock_finalize;
  clock_class->get_time = _runtime_use_main_clock_get_time;
  clock_class->set_alarm = _runtime_use_main_clock_set_alarm;
  clock_class->clear_alarm = _runtime_use_main_clock_clear_alarm;
}

static void
_runtime_use_main_clock_init (RuntimeUseMainClock *self)
{
  self->alarms = g_sequence_new (g_free);
  self->wake_time = -1;

  self->source = _runtime_use_ready_source_new ("RuntimeUseMainClock", wake_cb, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

RuntimeUseClock *
_runtime_use_main_clock_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_MAIN_CLOCK, NULL);
}
