/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-check.h"

RudCheck *
rud_check_new (const char *name,
               const char *purpose)
{
  RudCheck *self = g_new0 (RudCheck, 1);

  self->name = name;
  self->purpose = purpose;

  return self;
}

/* Returns: (transfer none): one that @checks has from now on */
RudCheck *
rud_check_add (GPtrArray  *checks,
               const char *name,
               const char *purpose)
{
  RudCheck *self = rud_check_new (name, purpose);

  g_ptr_array_add (checks, self);

  return self;
}

void
rud_check_free (RudCheck *self)
{
  g_free (self->value);
  g_free (self->advice);
  g_free (self);
}

/* For programs, so not translated. */
const char *
rud_check_state_get_name (RudCheckState state)
{
  switch (state)
    {
    case RUD_CHECK_OK:
      return "ok";
    case RUD_CHECK_LIMITED:
      return "limited";
    case RUD_CHECK_MISSING:
    default:
      return "missing";
    }
}
