/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-session-object.h"

#include "wait-for.h"

#include <string.h>

/* It goes on until it is cancelled. */
#define LONG \
  "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\",\"model\":\"\"," \
  "\"user_prompt\":\"WAIT:60000\",\"secrets_to_redact\":[],\"artifacts_dirs\":[]}"

typedef struct
{
  RuntimeUseMemoryChannel *client;
  RuntimeUseSession       *session;
  RudSessionObject        *object;
  GString                 *told;
  gboolean                 may_spend;
  gboolean                 closed;
} Fixture;

static void
wake (gpointer          owner,
      RudSessionObject *object)
{
}

static void
hurry (gpointer owner)
{
}

static gboolean
spend (gpointer owner)
{
  Fixture *fixture = owner;

  return fixture->may_spend;
}

static const RudSessionObjectOwner vtable = {
  wake,
  hurry,
  spend,
};

static void
started_cb (RudDbusSession *object,
            const char     *kind,
            const char     *source_id,
            Fixture        *fixture)
{
  g_string_append (fixture->told, "started ");
}

static void
finished_cb (RudDbusSession *object,
             const char     *outcome,
             GVariant       *details,
             Fixture        *fixture)
{
  g_string_append_printf (fixture->told, "%s ", outcome);
}

static void
closed_cb (RuntimeUseSession *session,
           Fixture           *fixture)
{
  fixture->closed = TRUE;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(RuntimeUseAgentHandler) echo = runtime_use_agent_handler_new_for_name ("echo", NULL);
  g_autoptr(RuntimeUseMemoryChannel) ours = NULL;

  runtime_use_memory_channel_new_pair (&ours, &fixture->client);
  fixture->session = runtime_use_session_new (RUNTIME_USE_CHANNEL (ours), echo, NULL);
  g_signal_connect (fixture->session, "closed", G_CALLBACK (closed_cb), fixture);
  fixture->told = g_string_new (NULL);
  fixture->may_spend = TRUE;
  fixture->object = rud_session_object_new (fixture->session, "echo", &vtable, fixture);
  rud_session_object_exported (fixture->object);
  g_signal_connect (fixture->object, "request-started", G_CALLBACK (started_cb), fixture);
  g_signal_connect (fixture->object, "request-finished", G_CALLBACK (finished_cb), fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rud_session_object_leave (fixture->object);
  g_object_unref (fixture->object);
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (fixture->client), 1000);
  wait_for (fixture->closed);
  g_object_unref (fixture->session);
  g_object_unref (fixture->client);
  g_string_free (fixture->told, TRUE);
}

static void
begin (Fixture *fixture)
{
  g_autoptr(GBytes) message = g_bytes_new_static (LONG, strlen (LONG));

  runtime_use_channel_send (RUNTIME_USE_CHANNEL (fixture->client), message);
  wait_for (runtime_use_session_get_state (fixture->session) == RUNTIME_USE_SESSION_STATE_BUSY);
}

static void
end (Fixture *fixture)
{
  g_assert_true (runtime_use_session_cancel (fixture->session));
  wait_for (runtime_use_session_get_state (fixture->session) == RUNTIME_USE_SESSION_STATE_IDLE);
}

static void
test_told (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Begin and end of a request are told as they happen");

  begin (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started ");
  end (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled ");
}

static void
test_end_in_silence (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("The end of a request that was told of is told even while the bus takes nothing");

  begin (fixture);
  rud_session_object_set_silent (fixture->object, TRUE);
  g_assert_cmpstr (fixture->told->str, ==, "started ");
  end (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled ");

  /* And only that one: who does not read is told one thing more by each session at most. */
  begin (fixture);
  end (fixture);
  rud_session_object_set_silent (fixture->object, FALSE);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled ");

  begin (fixture);
  end (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled started cancelled ");
}

static void
test_begin_in_silence (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A request that began in silence is told of by the next tick, and then its end");

  rud_session_object_set_silent (fixture->object, TRUE);
  begin (fixture);
  rud_session_object_tick (fixture->object);
  g_assert_cmpstr (fixture->told->str, ==, "");
  rud_session_object_set_silent (fixture->object, FALSE);
  rud_session_object_tick (fixture->object);
  g_assert_cmpstr (fixture->told->str, ==, "started ");
  end (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled ");
}

static void
test_end_without_room (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("Where others have told enough for now, the end of what was told is told still");

  begin (fixture);
  fixture->may_spend = FALSE;
  end (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled ");
  begin (fixture);
  end (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "started cancelled ");
}

#define add(name, function) \
  g_test_add ("/session-object/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("told", test_told);
  add ("end-in-silence", test_end_in_silence);
  add ("begin-in-silence", test_begin_in_silence);
  add ("end-without-room", test_end_without_room);

  return g_test_run ();
}
