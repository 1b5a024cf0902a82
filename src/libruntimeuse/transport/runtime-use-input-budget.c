/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-input-budget-private.h"

struct _RuntimeUseInputBudget
{
  guint64 limit;
  guint64 used;    /* small messages may make it more than the limit */
};

RuntimeUseInputBudget *
_runtime_use_input_budget_new (guint64 limit)
{
  RuntimeUseInputBudget *self = g_rc_box_new0 (RuntimeUseInputBudget);

  self->limit = limit;

  return self;
}

RuntimeUseInputBudget *
_runtime_use_input_budget_ref (RuntimeUseInputBudget *self)
{
  return g_rc_box_acquire (self);
}

void
_runtime_use_input_budget_unref (RuntimeUseInputBudget *self)
{
  g_rc_box_release (self);
}

/*
 * _runtime_use_input_budget_take:
 * @held: bytes that the message has taken so far
 * @more: bytes of it that have come
 *
 * Returns: `FALSE` when there is no room for @more; nothing is taken then
 */
gboolean
_runtime_use_input_budget_take (RuntimeUseInputBudget *self,
                                guint64                held,
                                guint64                more)
{
  guint64 room = self->limit - MIN (self->limit, self->used);

  if (more > room && held + more > RUNTIME_USE_SMALL_MESSAGE)
    return FALSE;

  self->used += more;

  return TRUE;
}

/*
 * _runtime_use_input_budget_give_back:
 * @held: all that one message has taken
 */
void
_runtime_use_input_budget_give_back (RuntimeUseInputBudget *self,
                                     guint64                held)
{
  g_assert (held <= self->used);

  self->used -= held;
}

guint64
_runtime_use_input_budget_get_used (RuntimeUseInputBudget *self)
{
  return self->used;
}
