/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <string.h>

/* Fails with both of them if @part is not in @text, which may be NULL. */
#define assert_contains(text, part)                                            \
  G_STMT_START                                                                 \
    {                                                                          \
      const char *contains_text = (text);                                      \
      const char *contains_part = (part);                                      \
                                                                               \
      g_assert_nonnull (contains_text);                                        \
      if (strstr (contains_text, contains_part) == NULL)                       \
        g_error ("%s: no “%s” in “%.400s”", G_STRLOC, contains_part,           \
                 contains_text);                                               \
    }                                                                          \
  G_STMT_END
