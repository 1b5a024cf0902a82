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
  char                     *folder;
  char                     *fifo_path;     /* $FIFO of the command */
  int                       fifo;
  int                       directory;     /* the folder, open */
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

/* The fifo is read here. Its end of file says that nobody is left who inherited it. */
void     command_fixture_wait_for_fifo   (CommandFixture *self);
gboolean command_fixture_is_fifo_closed  (CommandFixture *self);
void     command_fixture_wait_for_close  (CommandFixture *self);

/* The same, but without a look at anything else. */
void     command_fixture_sleep_until_close (CommandFixture *self);

/* Puts a reference to the result where a GAsyncResult pointer is NULL. */
void command_fixture_keep_result_cb (GObject      *object,
                                     GAsyncResult *result,
                                     gpointer      user_data);

guint command_fixture_count_children  (void);
