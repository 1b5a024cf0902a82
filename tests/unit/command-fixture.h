/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-command-handler.h"

/* What a test may take in all. Nothing here waits for time to pass; this only ends what hangs. */
#define COMMAND_DEADLINE 25

typedef struct
{
  RuntimeUseCommandHandler *handler;
  GCancellable             *cancellable;
  GAsyncResult             *result;
  GString                  *output[2];
  guint                     n_descriptors; /* that this process had before */
  guint                     deadline_id;
} CommandFixture;

void  command_fixture_set_up          (CommandFixture      *self,
                                       gconstpointer        test_data);
void  command_fixture_tear_down       (CommandFixture      *self,
                                       gconstpointer        test_data);

void  command_fixture_prepare         (CommandFixture      *self,
                                       const char          *command,
                                       const char          *cwd,
                                       const char * const  *env);
void  command_fixture_start           (CommandFixture      *self);
int   command_fixture_finish          (CommandFixture      *self,
                                       GError             **error);
int   command_fixture_run             (CommandFixture      *self,
                                       const char          *command,
                                       GError             **error);
void  command_fixture_end             (CommandFixture      *self);
void  command_fixture_wait_for_output (CommandFixture      *self,
                                       const char          *text);
void  command_fixture_drop            (CommandFixture      *self);

guint command_fixture_count_children  (void);
