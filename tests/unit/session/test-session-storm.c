/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <stdlib.h>
#include <string.h>

typedef struct
{
  SessionFixture *f;
  GRand          *rand;
  guint           n_terminals;   /* seen by the client, refusals not counted */
  guint           n_scanned;
  guint           last_ended;    /* number of the last agent run that ended */
  guint           n_started;     /* requests that the session told of */
  guint           n_finished;
} Storm;

static void
storm_started_cb (RuntimeUseSession *session,
                  Storm             *storm)
{
  g_assert_cmpuint (storm->n_started, ==, storm->n_finished);
  storm->n_started++;
}

static void
storm_finished_cb (RuntimeUseSession        *session,
                   RuntimeUseRequestOutcome  outcome,
                   Storm                    *storm)
{
  storm->n_finished++;
  g_assert_cmpuint (storm->n_started, ==, storm->n_finished);
  g_assert_cmpuint (runtime_use_session_get_requests_done (session), ==, storm->n_finished);
  g_assert_cmpint (runtime_use_session_get_state (session), !=, RUNTIME_USE_SESSION_STATE_BUSY);
  g_assert_cmpint (runtime_use_session_get_state (session), !=,
                   RUNTIME_USE_SESSION_STATE_CANCELLING);
}

static void
storm_check_message (Storm      *storm,
                     const char *message)
{
  const char *run = strstr (message, "run-");
  guint number = run != NULL ? strtoul (run + strlen ("run-"), NULL, 10) : 0;

  if (strstr (message, "in flight!") != NULL || strstr (message, "heartbeat_message") != NULL)
    return;

  if (strstr (message, "assistant_message") != NULL)
    {
      /* Nothing of a request after its terminal. */
      g_assert_cmpuint (number, >, storm->last_ended);
      return;
    }

  if (strstr (message, "\"malformed\"") != NULL)
    return;

  if (strstr (message, "result_message") != NULL || strstr (message, "error_message") != NULL)
    {
      storm->n_terminals++;
      storm->last_ended++;
      if (number != 0)
        g_assert_cmpuint (number, ==, storm->last_ended);
    }
}

static void
storm_check (Storm *storm)
{
  SessionFixture *f = storm->f;
  RuntimeUseSessionState state;
  guint n_running;

  session_fixture_settle (f);
  for (; storm->n_scanned < f->received->len; storm->n_scanned++)
    storm_check_message (storm, g_ptr_array_index (f->received, storm->n_scanned));

  state = runtime_use_session_get_state (f->session);
  n_running = state == RUNTIME_USE_SESSION_STATE_BUSY ||
              state == RUNTIME_USE_SESSION_STATE_CANCELLING;
  if (_runtime_use_memory_channel_get_pending (f->client) == 0)
    g_assert_cmpuint (storm->n_terminals, ==, fake_agent_get_n_runs (f->agent) - n_running);
}

static void
storm_agent (Storm *storm)
{
  SessionFixture *f = storm->f;
  g_autofree char *text = NULL;
  g_autoptr(RuntimeUseInvocation) invocation = NULL;
  g_autoptr(GError) error = NULL;
  const char *blocks[] = { NULL, NULL };

  if (fake_agent_peek (f->agent) == NULL)
    return;

  text = g_strdup_printf ("run-%u", fake_agent_get_n_runs (f->agent));
  blocks[0] = text;
  switch (g_rand_int_range (storm->rand, 0, 6))
    {
    case 0:
      invocation = fake_agent_take (f->agent);
      runtime_use_invocation_return_text (invocation, text, NULL);
      runtime_use_invocation_return_text (invocation, text, NULL);
      break;

    case 1:
      invocation = fake_agent_take (f->agent);
      error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, text);
      runtime_use_invocation_return_error (invocation, error);
      runtime_use_invocation_send_assistant_message (invocation, blocks);
      break;

    case 2:
      runtime_use_invocation_send_error_message (fake_agent_peek (f->agent), text, NULL);
      break;

    case 3:
      invocation = fake_agent_take (f->agent);
      break;

    default:
      session_fixture_say (f, text);
      break;
    }
}

static void
storm_step (Storm *storm)
{
  SessionFixture *f = storm->f;

  switch (g_rand_int_range (storm->rand, 0, 9))
    {
    case 0:
    case 1:
      session_fixture_send_prompt (f, "x");
      break;

    case 2:
      session_fixture_cancel (f);
      break;

    case 3:
      session_fixture_send (f, "{ malformed");
      break;

    case 4:
      fake_clock_advance (f->clock, g_rand_int_range (storm->rand, 0, 9000));
      break;

    case 5:
      _runtime_use_memory_channel_set_held (f->client, g_rand_boolean (storm->rand));
      break;

    default:
      storm_agent (storm);
      break;
    }
}

static void
test_storm (void)
{
  g_test_summary ("Whatever comes in whatever order, each request has one terminal, and is told "
                  "of");

  for (guint seed = 0; seed < 300; seed++)
    {
      g_autoptr(SessionFixture) f = session_fixture_new (NULL);
      Storm storm = { f, g_rand_new_with_seed (seed), 0, 0, 0, 0, 0 };

      g_signal_connect (f->session, "request-started", G_CALLBACK (storm_started_cb), &storm);
      g_signal_connect (f->session, "request-finished", G_CALLBACK (storm_finished_cb), &storm);
      for (guint i = 0; i < 60; i++)
        {
          storm_step (&storm);
          storm_check (&storm);
        }

      _runtime_use_memory_channel_set_held (f->client, FALSE);
      session_fixture_end (f);
      fake_clock_advance (f->clock, 5000);
      session_fixture_settle (f);
      g_assert_cmpstr (g_ptr_array_index (f->received, f->received->len - 1), ==, CONFIRM);
      g_ptr_array_set_size (f->received, f->received->len - 1);
      storm_check (&storm);
      g_assert_cmpuint (storm.n_terminals, ==, fake_agent_get_n_runs (f->agent));
      g_assert_cmpuint (storm.n_started, ==, fake_agent_get_n_runs (f->agent));
      g_assert_cmpuint (storm.n_finished, ==, storm.n_started);
      g_signal_handlers_disconnect_by_data (f->session, &storm);
      g_rand_free (storm.rand);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-storm/storm", test_storm);

  return g_test_run ();
}
