/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fake-clock.h"

/* Time that passes when a test says so. */
struct _FakeClock
{
  RuntimeUseClock  parent_instance;

  gint64           now;
  GSList          *alarms;
};

struct _RuntimeUseAlarm
{
  gint64               time;
  RuntimeUseClockFunc  func;
  gpointer             user_data;
};

G_DEFINE_FINAL_TYPE (FakeClock, fake_clock, RUNTIME_USE_TYPE_CLOCK)

static gint64
fake_clock_get_time (RuntimeUseClock *clock)
{
  return FAKE_CLOCK (clock)->now;
}

static RuntimeUseAlarm *
fake_clock_set_alarm (RuntimeUseClock     *clock,
                      gint64               time,
                      RuntimeUseClockFunc  func,
                      gpointer             user_data)
{
  FakeClock *self = FAKE_CLOCK (clock);
  RuntimeUseAlarm *alarm = g_new0 (RuntimeUseAlarm, 1);

  alarm->time = time;
  alarm->func = func;
  alarm->user_data = user_data;
  self->alarms = g_slist_prepend (self->alarms, alarm);

  return alarm;
}

static void
fake_clock_clear_alarm (RuntimeUseClock *clock,
                        RuntimeUseAlarm *alarm)
{
  FakeClock *self = FAKE_CLOCK (clock);

  g_assert_nonnull (g_slist_find (self->alarms, alarm));
  self->alarms = g_slist_remove (self->alarms, alarm);
  g_free (alarm);
}

static RuntimeUseAlarm *
find_next (FakeClock *self,
           gint64     until)
{
  RuntimeUseAlarm *next = NULL;

  for (GSList *l = self->alarms; l != NULL; l = l->next)
    {
      RuntimeUseAlarm *alarm = l->data;

      if (alarm->time <= until && (next == NULL || alarm->time < next->time))
        next = alarm;
    }

  return next;
}

/* Rings each alarm at its time, also those that are set on the way. */
void
fake_clock_advance (FakeClock *self,
                    gint64     milliseconds)
{
  gint64 until = self->now + milliseconds * 1000;
  RuntimeUseAlarm *alarm;

  while ((alarm = find_next (self, until)) != NULL)
    {
      g_autofree RuntimeUseAlarm *ringing = alarm;

      self->now = MAX (self->now, alarm->time);
      self->alarms = g_slist_remove (self->alarms, alarm);
      ringing->func (ringing->user_data);
    }
  self->now = until;
}

guint
fake_clock_get_alarms (FakeClock *self)
{
  return g_slist_length (self->alarms);
}

static void
fake_clock_finalize (GObject *object)
{
  FakeClock *self = FAKE_CLOCK (object);

  g_slist_free_full (self->alarms, g_free);

  G_OBJECT_CLASS (fake_clock_parent_class)->finalize (object);
}

static void
fake_clock_class_init (FakeClockClass *klass)
{
  RuntimeUseClockClass *clock_class = RUNTIME_USE_CLOCK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = fake_clock_finalize;
  clock_class->get_time = fake_clock_get_time;
  clock_class->set_alarm = fake_clock_set_alarm;
  clock_class->clear_alarm = fake_clock_clear_alarm;
}

static void
fake_clock_init (FakeClock *self)
{
  self->now = 1000000;
}

FakeClock *
fake_clock_new (void)
{
  return g_object_new (FAKE_TYPE_CLOCK, NULL);
}
