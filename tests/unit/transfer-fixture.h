/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/*
 * For tests of what fetches, unpacks and stores files: a folder `outside` with a victim in it that
 * nobody may touch, and beside it the folder `target`.
 */
typedef struct
{
  char *root;
  char *target;
  char *outside;
  char *outside_before;
  guint n_descriptors;
} TransferFixture;

/* Moves this process to name spaces of its own, so that it may mount, and give the loopback
 * interface addresses. Before anything else, for it must have one thread only. */
void     transfer_isolate              (void);

/* Whether that worked; else the test at hand is skipped. */
gboolean transfer_is_isolated          (void);
void     transfer_add_address          (const char *ipv4);

/* Writes all archives that make-archives knows, or those of @names, and returns the folder. */
char    *transfer_make_archives        (const char * const *names);
void     transfer_remove               (const char *path);

void     transfer_fixture_set_up       (TransferFixture *self,
                                        gconstpointer    test_data);

/* Fails when anything outside has changed, is left in the target, or is still open. */
void     transfer_fixture_tear_down    (TransferFixture *self,
                                        gconstpointer    test_data);
void     transfer_fixture_assert_clean (TransferFixture *self);

/* Lets the target be a file system of @size bytes. */
gboolean transfer_fixture_mount        (TransferFixture *self,
                                        const char      *size);
void     transfer_fixture_lock         (TransferFixture *self);
void     transfer_fixture_unmount      (TransferFixture *self);

/* All that is in a folder, with types, modes, content and targets, as one text. */
char    *transfer_list                 (const char      *folder);

void     transfer_write                (TransferFixture *self,
                                        const char      *name,
                                        const char      *content);
void     transfer_assert_file          (TransferFixture *self,
                                        const char      *name,
                                        const char      *content);
gboolean transfer_exists               (TransferFixture *self,
                                        const char      *name);
