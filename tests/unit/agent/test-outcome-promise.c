/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-outcome-promise-private.h"

#include <string.h>

typedef struct
{
  RuntimeUseOutcomePromise  promise;
  GObject                  *owner;      /* (nullable): gone */
  GMainContext             *context;    /* of the owner */
  GString                  *told;       /* to the owner */
  GThread                  *told_in;
} Fixture;

/* Takes the outcome. */
static void
told_cb (GObject           *owner,
         RuntimeUseOutcome *outcome)
{
  Fixture *self = g_object_get_data (owner, "fixture");
  g_autoptr(RuntimeUseOutcome) ours = outcome;

  g_assert_true (owner == self->owner);
  g_string_append_printf (self->told, "%s;", ours->error != NULL ? ours->error->message :
                                                                   ours->text);
  self->told_in = g_thread_self ();
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_object_set_data (self->owner, "fixture", self);
  self->context = g_main_context_new ();
  self->told = g_string_new (NULL);
  _runtime_use_outcome_promise_init (&self->promise);
  _runtime_use_outcome_promise_make (&self->promise, told_cb, self->owner);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  /* With what nobody has run. */
  g_main_context_unref (self->context);
  _runtime_use_outcome_promise_clear (&self->promise);
  if (self->owner != NULL)
    g_assert_finalize_object (self->owner);
  g_string_free (self->told, TRUE);
}

static RuntimeUseOutcome *
text (const char *content)
{
  return _runtime_use_outcome_new_text (content, NULL);
}

static void
run (Fixture *self)
{
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

/* Both steps, as whoever has an answer takes them. */
static void
answer (Fixture    *self,
        const char *content)
{
  g_autoptr(GObject) owner = _runtime_use_outcome_promise_ref_owner (&self->promise);
  g_autoptr(RuntimeUseOutcome) outcome = text (content);

  if (!_runtime_use_outcome_promise_settle (&self->promise))
    {
      g_assert_null (owner);
      return;
    }

  g_assert_true (owner == self->owner);
  _runtime_use_outcome_promise_keep (&self->promise, owner, g_steal_pointer (&outcome));
}

static void
test_once (Fixture       *self,
           gconstpointer  data)
{
  g_test_summary ("The owner hears of one outcome, at once, whoever else answers or drops it");

  g_assert_false (_runtime_use_outcome_promise_is_settled (&self->promise));
  answer (self, "first");
  g_assert_cmpstr (self->told->str, ==, "first;");
  g_assert_true (_runtime_use_outcome_promise_is_settled (&self->promise));
  g_assert_null (_runtime_use_outcome_promise_ref_owner (&self->promise));

  answer (self, "second");
  _runtime_use_outcome_promise_report (&self->promise, text ("reported"));
  _runtime_use_outcome_promise_break (&self->promise, self->context);
  run (self);
  g_assert_cmpstr (self->told->str, ==, "first;");
}

static void
test_reported (Fixture       *self,
               gconstpointer  data)
{
  g_test_summary ("What was reported first counts before what comes at the end");

  _runtime_use_outcome_promise_report (&self->promise, text ("reported"));
  _runtime_use_outcome_promise_report (&self->promise, text ("again"));
  g_assert_false (_runtime_use_outcome_promise_is_settled (&self->promise));
  g_assert_cmpstr (self->told->str, ==, "");
  answer (self, "answered");
  g_assert_cmpstr (self->told->str, ==, "reported;");
  answer (self, "once more");
  g_assert_cmpstr (self->told->str, ==, "reported;");
}

static void
test_unwanted (Fixture       *self,
               gconstpointer  data)
{
  g_test_summary ("Nobody hears of a promise that was settled and not kept");

  _runtime_use_outcome_promise_report (&self->promise, text ("reported"));
  g_assert_true (_runtime_use_outcome_promise_settle (&self->promise));
  g_assert_false (_runtime_use_outcome_promise_settle (&self->promise));
  answer (self, "answered");
  _runtime_use_outcome_promise_break (&self->promise, self->context);
  run (self);
  g_assert_cmpstr (self->told->str, ==, "");
}

static gpointer
break_func (gpointer user_data)
{
  Fixture *self = user_data;

  _runtime_use_outcome_promise_break (&self->promise, self->context);
  _runtime_use_outcome_promise_clear (&self->promise);
  /* Whoever had the promise is gone with it. */
  memset (&self->promise, 0xa5, sizeof self->promise);

  return NULL;
}

static void
test_broken (Fixture       *self,
             gconstpointer  data)
{
  const char *reported = data;

  g_test_summary ("A broken promise is an outcome, of which its owner hears in its own context");

  if (reported != NULL)
    _runtime_use_outcome_promise_report (&self->promise, text (reported));
  g_thread_join (g_thread_new ("break", break_func, self));
  _runtime_use_outcome_promise_init (memset (&self->promise, 0, sizeof self->promise));
  g_assert_cmpstr (self->told->str, ==, "");

  run (self);
  g_assert_true (self->told_in == g_thread_self ());
  if (reported != NULL)
    g_assert_cmpstr (self->told->str, ==, "reported;");
  else
    g_assert_cmpstr (self->told->str, ==,
                     "The agent handler dropped the invocation without answering it;");
}

static void
test_broken_twice (Fixture       *self,
                   gconstpointer  data)
{
  g_test_summary ("What comes between a break and the time when it is told does not count");

  _runtime_use_outcome_promise_report (&self->promise, text ("reported"));
  _runtime_use_outcome_promise_break (&self->promise, self->context);
  g_assert_true (_runtime_use_outcome_promise_is_settled (&self->promise));
  _runtime_use_outcome_promise_break (&self->promise, self->context);
  _runtime_use_outcome_promise_report (&self->promise, text ("late"));
  answer (self, "answered");
  g_assert_cmpstr (self->told->str, ==, "");
  run (self);
  g_assert_cmpstr (self->told->str, ==, "reported;");
}

static void
test_no_owner (Fixture       *self,
               gconstpointer  data)
{
  g_test_summary ("A promise does not keep its owner, and one without an owner is told to nobody");

  _runtime_use_outcome_promise_report (&self->promise, text ("reported"));
  g_assert_finalize_object (g_steal_pointer (&self->owner));
  g_assert_null (_runtime_use_outcome_promise_ref_owner (&self->promise));
  _runtime_use_outcome_promise_break (&self->promise, self->context);
  g_assert_false (g_main_context_pending (self->context));
}

static void
test_owner_leaves (Fixture       *self,
                   gconstpointer  data)
{
  g_test_summary ("Nor is its owner kept by what is on its way to it, or told when it is gone");

  _runtime_use_outcome_promise_break (&self->promise, self->context);
  g_assert_true (g_main_context_pending (self->context));
  g_assert_finalize_object (g_steal_pointer (&self->owner));
  run (self);
  g_assert_cmpstr (self->told->str, ==, "");
}

static void
test_context_ends (Fixture       *self,
                   gconstpointer  data)
{
  g_test_summary ("What a context never got to is let go of with it");

  _runtime_use_outcome_promise_report (&self->promise, text ("reported"));
  _runtime_use_outcome_promise_break (&self->promise, self->context);
}

static void
add (const char    *path,
     gconstpointer  data,
     void        (* func) (Fixture       *self,
                           gconstpointer  data))
{
  g_test_add (path, Fixture, data, set_up, func, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/outcome-promise/once", NULL, test_once);
  add ("/outcome-promise/reported", NULL, test_reported);
  add ("/outcome-promise/unwanted", NULL, test_unwanted);
  add ("/outcome-promise/broken", NULL, test_broken);
  add ("/outcome-promise/broken-reported", "reported", test_broken);
  add ("/outcome-promise/broken-twice", NULL, test_broken_twice);
  add ("/outcome-promise/no-owner", NULL, test_no_owner);
  add ("/outcome-promise/owner-leaves", NULL, test_owner_leaves);
  add ("/outcome-promise/context-ends", NULL, test_context_ends);

  return g_test_run ();
}
