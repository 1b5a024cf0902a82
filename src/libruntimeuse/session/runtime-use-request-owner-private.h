/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-manager.h"
#include "runtime-use-command-handler.h"
#include "runtime-use-message.h"

G_BEGIN_DECLS

/* Where a request reports to. */
typedef struct
{
  /* Something happened; already redacted, small enough for a client. */
  void     (* event)   (gpointer                  owner,
                        RuntimeUseMessage        *message);

  /* A command printed something; the same, but encoded already. */
  void     (* output)  (gpointer                  owner,
                        GBytes                   *message);
  gboolean (* is_full) (gpointer                  owner);

  /* What a command left running lives until the session ends. */
  void     (* adopt)   (gpointer                  owner,
                        RuntimeUseCommandHandler *command);

  /* What watches the artifact folders of the session, or NULL if there are none and none is to be
   * made. */
  RuntimeUseArtifactManager *
           (* get_artifacts) (gpointer            owner,
                              gboolean            make);

  /* It went on to another phase; another command runs, or none. */
  void     (* phase_changed)   (gpointer          owner);
  void     (* command_changed) (gpointer          owner);

  /* Called once, as the last thing, with the one terminal. */
  void     (* ended)   (gpointer                  owner,
                        RuntimeUseMessage        *terminal);
} RuntimeUseRequestOwner;

G_END_DECLS
