/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The rules of one file in the syntax of gitignore. They mean exactly what they
 * mean to git with core.ignoreCase off. They never change once made, and any
 * number of threads may share them.
 *
 * Such a file may come from the very program whose files are watched, so it has
 * limits. What is over them is left out as if it were not there. A match takes
 * at most as many steps as the bytes of the path times those of the rules. */
typedef struct _RuntimeUseIgnoreRules RuntimeUseIgnoreRules;

/* Bytes of the text; a line that ends behind them is left out, as are all after it. */
#define RUNTIME_USE_LIMIT_IGNORE_TEXT ((gsize) 32 * 1024)

/* Bytes of one rule; a longer one is left out. */
#define RUNTIME_USE_LIMIT_IGNORE_RULE ((gsize) 4096)

/* Rules; those after them are left out. */
#define RUNTIME_USE_LIMIT_IGNORE_RULES 4096

typedef enum
{
  RUNTIME_USE_IGNORE_UNDECIDED,   /* no rule is about this path */
  RUNTIME_USE_IGNORE_IGNORED,
  RUNTIME_USE_IGNORE_KEPT,        /* a rule with "!" is the last one about it */
} RuntimeUseIgnoreVerdict;

/* @text may be any bytes. */
RuntimeUseIgnoreRules *_runtime_use_ignore_rules_new         (const char            *text,
                                                              gsize                  length);

/* Those that hold where nobody has said anything: build results and caches.
 * They belong to this function. */
RuntimeUseIgnoreRules *_runtime_use_ignore_rules_get_default (void);

RuntimeUseIgnoreRules *_runtime_use_ignore_rules_ref         (RuntimeUseIgnoreRules *self);
void                   _runtime_use_ignore_rules_unref       (RuntimeUseIgnoreRules *self);

/* Whether the limits left out nothing. */
gboolean               _runtime_use_ignore_rules_is_complete (RuntimeUseIgnoreRules *self);

/* What the last rule that matches says about @path, which is relative to the
 * folder of the rules, has no slash at either end, and may be any bytes. Its
 * parents are not looked at: what lies in an ignored folder is ignored too, so
 * walk from the top, do not enter ignored folders, and of several files ask the
 * nearest one first. */
RuntimeUseIgnoreVerdict
                       _runtime_use_ignore_rules_match       (RuntimeUseIgnoreRules *self,
                                                              const char            *path,
                                                              gboolean               is_directory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseIgnoreRules, _runtime_use_ignore_rules_unref)

G_END_DECLS
