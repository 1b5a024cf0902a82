/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a scope may use, in the words of systemd. */
typedef struct
{
  const char *memory_max;   /* (nullable): such as 512M */
  const char *tasks_max;    /* (nullable) */
  const char *cpu_quota;    /* (nullable): such as 50% */
} RudScopeLimits;

char     **rud_scopes_dup_shell  (const RudScopeLimits  *limits,
                                  GError               **error);
void       rud_scopes_try_async  (const char * const    *shell,
                                  GCancellable          *cancellable,
                                  GAsyncReadyCallback    callback,
                                  gpointer               user_data);
gboolean   rud_scopes_try_finish (GAsyncResult          *result,
                                  GError               **error);

G_END_DECLS
