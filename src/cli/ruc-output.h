/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RucOutput RucOutput;

typedef enum
{
  RUC_OUTPUT_ROOM,     /* it was full and can take more */
  RUC_OUTPUT_BROKEN,   /* one of the two takes nothing any more */
  RUC_OUTPUT_DONE,     /* all was written after ruc_output_finish () */
} RucOutputEvent;

typedef void (* RucOutputFunc) (RucOutput      *self,
                                RucOutputEvent  event,
                                gpointer        user_data);

RucOutput *ruc_output_new       (RucOutputFunc  func,
                                 gpointer       user_data);
void       ruc_output_free      (RucOutput     *self);
void       ruc_output_write     (RucOutput     *self,
                                 int            fd,
                                 GBytes        *bytes);
void       ruc_output_print     (RucOutput     *self,
                                 int            fd,
                                 const char    *text);
gboolean   ruc_output_is_full   (RucOutput     *self);
int        ruc_output_get_error (RucOutput     *self,
                                 int            fd);
void       ruc_output_finish    (RucOutput     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RucOutput, ruc_output_free)

G_END_DECLS
