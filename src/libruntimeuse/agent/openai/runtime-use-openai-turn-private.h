/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

#include "runtime-use-json-pick-private.h"
#include "runtime-use-output-capture-private.h"

G_BEGIN_DECLS

/* What the model wants to have run. */
typedef struct
{
  char    *id;
  char   **commands;
  gint64   timeout_ms;          /* for each; -1: not said */
  gint64   max_output_length;   /* of each stream of each; -1: not said */
} RuntimeUseShellCall;

/* What became of one command of it. */
typedef struct
{
  RuntimeUseOutputCapture *out;
  RuntimeUseOutputCapture *err;
  int                      exit_code;
  gboolean                 is_late;   /* it was ended for that */
} RuntimeUseShellOutput;

/* A call as far as it has come. */
typedef struct
{
  gint64   index;       /* -1: not said */
  char    *id;          /* (nullable) */
  char    *name;        /* (nullable) */
  GString *arguments;   /* JSON, once all of it is there */
} RuntimeUseCallPart;

/* @text is a piece of a message, or all of it. */
typedef void (* RuntimeUseSayFunc) (const char *text,
                                    gboolean    is_whole,
                                    gpointer    user_data);

/* One answer of a model, whatever API it came by. */
typedef struct
{
  RuntimeUseSayFunc  say;
  gpointer           user_data;

  GString           *items;         /* JSON, with commas between: to be repeated to the model */
  GPtrArray         *calls;         /* RuntimeUseShellCall */
  char              *text;          /* (nullable): of the last message that has any */
  char              *refusal;       /* (nullable) */
  JsonNode          *usage;         /* (nullable) */
  char              *id;            /* (nullable) */
  char              *model;         /* (nullable): the one that answers */
  gboolean           is_complete;

  /* What the service says about an error in the middle of it; all may be NULL. */
  char              *error_type;
  char              *error_code;
  char              *error_param;

  /* Of the Chat Completions API, which sends nothing whole. */
  GString           *content;
  GPtrArray         *parts;         /* RuntimeUseCallPart */
  gboolean           has_finished;
  char              *cut;           /* (nullable): why the answer is incomplete */
} RuntimeUseOpenaiTurn;

/* What a conversation begins with. */
typedef struct
{
  const char *model;
  const char *system_prompt;
  const char *user_prompt;
  const char *schema;      /* (nullable): JSON; the answer must follow it */
  gboolean    is_strict;   /* the service may see to that */
} RuntimeUseOpenaiPrompt;

/* One of the two APIs. */
typedef struct
{
  const char *name;
  const char *path;

  /* The body of a request is @head, the items with commas between, and @tail; @items gets the
   * first ones. */
  void     (* begin)          (const RuntimeUseOpenaiPrompt  *prompt,
                               GString                       *head,
                               GString                       *items,
                               GString                       *tail);

  /* Takes the data of one event. */
  gboolean (* take)           (RuntimeUseOpenaiTurn          *turn,
                               const char                    *data,
                               gsize                          length,
                               GError                       **error);

  /* The stream has ended; says whether it may. */
  gboolean (* end)            (RuntimeUseOpenaiTurn          *turn,
                               GError                       **error);

  /* @outputs are RuntimeUseShellOutput. */
  void     (* append_outputs) (GString                       *items,
                               const RuntimeUseShellCall     *call,
                               GPtrArray                     *outputs);
} RuntimeUseOpenaiDialect;

extern const RuntimeUseOpenaiDialect _runtime_use_openai_responses;
extern const RuntimeUseOpenaiDialect _runtime_use_openai_chat;

RuntimeUseOpenaiTurn  *_runtime_use_openai_turn_new    (RuntimeUseSayFunc           say,
                                                        gpointer                    user_data);
void                   _runtime_use_openai_turn_free   (RuntimeUseOpenaiTurn       *self);
void                   _runtime_use_openai_turn_say    (RuntimeUseOpenaiTurn       *self,
                                                        char                       *text);
void                   _runtime_use_openai_turn_repeat (RuntimeUseOpenaiTurn       *self,
                                                        const char                 *item,
                                                        gsize                       length);
void                   _runtime_use_openai_turn_take_usage
                                                       (RuntimeUseOpenaiTurn       *self,
                                                        const RuntimeUseJsonValue  *usage);
void                   _runtime_use_openai_turn_take_failure
                                                       (RuntimeUseOpenaiTurn       *self,
                                                        const RuntimeUseJsonValue  *failure);
RuntimeUseCallPart    *_runtime_use_openai_turn_add_part
                                                       (RuntimeUseOpenaiTurn       *self,
                                                        gint64                      index);
RuntimeUseShellCall   *_runtime_use_shell_call_new     (void);
void                   _runtime_use_shell_call_free    (RuntimeUseShellCall        *self);
gboolean               _runtime_use_shell_call_read    (RuntimeUseShellCall        *self,
                                                        const RuntimeUseJsonValue  *action,
                                                        GError                    **error);
RuntimeUseShellOutput *_runtime_use_shell_output_new   (gsize                       limit);
void                   _runtime_use_shell_output_free  (RuntimeUseShellOutput      *self);

void                   _runtime_use_openai_append      (GString                    *json,
                                                        const char                 *key,
                                                        const char                 *text);
void                   _runtime_use_shell_output_append (GString                     *json,
                                                         const RuntimeUseShellOutput *output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseOpenaiTurn, _runtime_use_openai_turn_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseShellCall, _runtime_use_shell_call_free)

G_END_DECLS
