/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-clock-private.h"

G_BEGIN_DECLS

#define FAKE_TYPE_CLOCK (fake_clock_get_type ())

G_DECLARE_FINAL_TYPE (FakeClock, fake_clock, FAKE, CLOCK, RuntimeUseClock)

FakeClock *fake_clock_new        (void);
void       fake_clock_advance    (FakeClock *self,
                                  gint64     milliseconds);
guint      fake_clock_get_alarms (FakeClock *self);

G_END_DECLS
