/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* A case for each of an array of examples, which @func gets; its name is the example's path. */
#define add_examples(folder, examples, func)                                                  \
  G_STMT_START                                                                                \
    {                                                                                         \
      for (gsize example_i = 0; example_i < G_N_ELEMENTS (examples); example_i++)             \
        {                                                                                     \
          g_autofree char *example_path = g_strconcat ((folder), "/",                         \
                                                       (examples)[example_i].path, NULL);     \
                                                                                              \
          g_test_add_data_func (example_path, &(examples)[example_i], (func));                \
        }                                                                                     \
    }                                                                                         \
  G_STMT_END
