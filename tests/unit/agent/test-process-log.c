/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-process-log-private.h"

#include <string.h>

static void
hide (RuntimeUseProcessLog *log,
      const char        *secret)
{
  const char *secrets[] = { secret, NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);

  _runtime_use_process_log_hide (log, redactor);
}

static void
push (RuntimeUseProcessLog *log,
      const char        *text)
{
  _runtime_use_process_log_push (log, RUNTIME_USE_OUTPUT_STREAM_STDERR, text, strlen (text));
}

static void
assert_tail (RuntimeUseProcessLog *log,
             const char        *wanted)
{
  g_autofree char *tail = _runtime_use_process_log_dup_tail (log);

  g_assert_cmpstr (tail, ==, wanted);
}

static void
test_pieces (void)
{
  RuntimeUseProcessLog *log = _runtime_use_process_log_new ("test", NULL);

  g_test_summary ("A secret in pieces is hidden, also when another one is added between");

  hide (log, "hunter-s3cret!");
  push (log, "one: hunter-s3");
  push (log, "cret!\n");
  assert_tail (log, "one: [REDACTED]");

  push (log, "two: hunter-s3");
  hide (log, "another");
  hide (log, "a third one");
  push (log, "cret! and ano");
  hide (log, "a fourth one");
  push (log, "ther\n");
  assert_tail (log, "one: [REDACTED]\ntwo: [REDACTED] and [REDACTED]");
  _runtime_use_process_log_finish (log);
  _runtime_use_process_log_free (log);
}

static void
test_rest (void)
{
  RuntimeUseProcessLog *log = _runtime_use_process_log_new ("test", NULL);

  g_test_summary ("What only began like a secret is not lost");

  hide (log, "hunter-s3cret!");
  push (log, "three: hunter");
  assert_tail (log, "three:");
  hide (log, "another");
  _runtime_use_process_log_finish (log);
  assert_tail (log, "three: hunter");
  _runtime_use_process_log_free (log);
}

static void
test_gone (void)
{
  RuntimeUseProcessLog *log = _runtime_use_process_log_new ("test", NULL);

  g_test_summary ("Nobody needs to wait for what was held back");

  hide (log, "hunter-s3cret!");
  push (log, "four: hunter");
  hide (log, "another");
  assert_tail (log, "four:");
  _runtime_use_process_log_free (log);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/process-log/pieces", test_pieces);
  g_test_add_func ("/process-log/rest", test_rest);
  g_test_add_func ("/process-log/gone", test_gone);

  return g_test_run ();
}
