/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-doctor.h"

#include "rud-doctor-agents.h"
#include "rud-doctor-desktop.h"
#include "rud-doctor-system.h"
#include "rud-scopes.h"
#include "rud-session-bus.h"
#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* Seconds that a program has to say its version. */
#define ANSWER_DEADLINE 3

/* Milliseconds to end after that. */
#define ANSWER_GRACE 100

/* Longer than any version. */
#define ANSWER_LIMIT 256

typedef struct
{
  const char *name;
  const char *purpose;
  guint       oldest;    /* major version; 0: any will do */
  const char *package;   /* (nullable): what Debian calls it */
  const char *install;   /* (nullable): how to get it where there is no package */
  const char *check;     /* (nullable): what the check is called if not like the program */
  void        (* judge) (RudCheck *check);   /* (nullable) */
} Program;

static const Program programs[] = {
  { "node", N_("handlers in JavaScript"), 18, "nodejs", NULL },
  { "bun", N_("handlers in TypeScript"), 0, NULL, "npm install --global bun" },
  { "python3", N_("handlers in Python"), 3, "python3", NULL },
  { "claude", N_("the agent of Anthropic"), 2, NULL, RUD_INSTALL_CLAUDE,
    RUD_AGENT_PREFIX "claude", rud_doctor_judge_claude },
};

/* What is still being asked, and what is known. */
typedef struct
{
  GPtrArray *checks;
  guint      n_pending;
} Examination;

/* A program that was asked for something. */
typedef struct
{
  GTask         *task;
  RudCheck      *check;     /* owned by the list */
  const Program *program;   /* (nullable): only a shell, which has nothing to say */
  GString       *answer;
  char         **shell;     /* (nullable): what was tried, when a scope was asked for */
} Question;

static void
examination_free (Examination *self)
{
  g_ptr_array_unref (self->checks);
  g_free (self);
}

static void
question_free (Question *self)
{
  g_string_free (self->answer, TRUE);
  g_strfreev (self->shell);
  g_object_unref (self->task);
  g_free (self);
}

static gboolean
is_debian (void)
{
  g_autofree char *id = g_get_os_info (G_OS_INFO_KEY_ID);
  g_autofree char *apt = g_find_program_in_path ("apt-get");

  /* Whoever has it derives from Debian, whatever it calls itself. */
  return apt != NULL || g_strcmp0 (id, "debian") == 0;
}

static char *
dup_install_advice (const Program *program)
{
  if (program->package == NULL)
    return g_strdup (program->install);

  if (is_debian ())
    return g_strdup_printf ("%sapt-get install %s", geteuid () == 0 ? "" : "sudo ",
                            program->package);

  return g_strdup_printf (_("Install the package %s"), program->package);
}

static gboolean
is_graph (const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isgraph (*text))
      return FALSE;

  return TRUE;
}

/* The first word that begins with a digit, or with a v before one, whatever is around it. */
static char *
dup_version (const char *answer)
{
  g_autofree char *line = g_strndup (answer, strcspn (answer, "\n"));
  g_auto(GStrv) words = g_strsplit_set (line, " \t\r", -1);

  for (gsize i = 0; words[i] != NULL; i++)
    {
      const char *word = words[i][0] == 'v' ? words[i] + 1 : words[i];

      if (g_ascii_isdigit (word[0]))
        return is_graph (word) ? g_strdup (word) : NULL;
    }

  return NULL;
}

/* npm leaves programs behind that cannot run when it may not run the scripts of packages. */
static void
judge_program (Question     *question,
               const GError *error)
{
  const Program *program = question->program;
  RudCheck *check = question->check;
  g_autofree char *version = error == NULL ? dup_version (question->answer->str) : NULL;

  if (version != NULL && g_ascii_strtoull (version, NULL, 10) >= program->oldest)
    {
      check->value = g_steal_pointer (&version);
      if (program->judge != NULL)
        program->judge (check);
      return;
    }

  check->state = RUD_CHECK_LIMITED;
  if (version != NULL)
    {
      check->value = g_steal_pointer (&version);
      check->advice = g_strdup_printf (_("Version %u or later is needed"), program->oldest);
    }
  else if (g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT))
    check->advice = g_strdup_printf (_("It did not say its version within %d seconds"),
                                     ANSWER_DEADLINE);
  else if (program->install != NULL)
    {
      check->state = RUD_CHECK_MISSING;
      check->advice = g_strdup_printf (_("It cannot say its version; install it again with: %s"),
                                       program->install);
    }
  else
    check->advice = g_strdup (_("It cannot say its version"));
}

static void
judge_commands (RudCheck     *check,
                int           status,
                const GError *error)
{
  if (error == NULL && status == 0)
    return;

  check->state = RUD_CHECK_MISSING;
  check->advice = error != NULL ? g_strdup (error->message)
                                : g_strdup_printf (_("/bin/sh ended with status %d"), status);
}

static void
question_over (Question *self)
{
  Examination *examination = g_task_get_task_data (self->task);

  examination->n_pending--;
  if (examination->n_pending == 0)
    g_task_return_pointer (self->task, g_ptr_array_ref (examination->checks),
                           (GDestroyNotify) g_ptr_array_unref);

  question_free (self);
}

static void
answered_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RuntimeUseCommandHandler *command = RUNTIME_USE_COMMAND_HANDLER (object);
  Question *question = user_data;
  g_autoptr(GError) error = NULL;
  int status = runtime_use_command_handler_run_finish (command, result, &error);

  if (question->program != NULL)
    judge_program (question, error);
  else
    judge_commands (question->check, status, error);

  g_signal_handlers_disconnect_by_data (command, question);
  question_over (question);
}

static void
output_cb (RuntimeUseCommandHandler *command,
           RuntimeUseOutputStream    stream,
           const char               *text,
           Question                 *question)
{
  if (question->answer->len < ANSWER_LIMIT && stream == RUNTIME_USE_OUTPUT_STREAM_STDOUT)
    g_string_append_len (question->answer, text, MIN (strlen (text), ANSWER_LIMIT));
}

static Question *
question_new (GTask    *task,
              RudCheck *check)
{
  Examination *examination = g_task_get_task_data (task);
  Question *self = g_new0 (Question, 1);

  self->task = g_object_ref (task);
  self->check = check;
  self->answer = g_string_new (NULL);
  examination->n_pending++;

  return self;
}

/* Runs @line as any command is run here, so that nothing of it is left. */
static void
ask (GTask         *task,
     RudCheck      *check,
     const Program *program,
     const char    *line)
{
  g_autoptr(RuntimeUseCommand) command = runtime_use_command_new (line, NULL, NULL);
  g_autoptr(RuntimeUseCommandHandler) handler = runtime_use_command_handler_new (command);
  Question *question = question_new (task, check);

  question->program = program;

  runtime_use_command_handler_set_timeout (handler, ANSWER_DEADLINE);
  runtime_use_command_handler_set_grace (handler, ANSWER_GRACE);
  g_signal_connect (handler, "output", G_CALLBACK (output_cb), question);
  runtime_use_command_handler_run_async (handler, g_task_get_cancellable (task), answered_cb,
                                         question);
}

static void
ask_program (GTask         *task,
             const Program *program)
{
  Examination *examination = g_task_get_task_data (task);
  RudCheck *check = rud_check_new (program->check != NULL ? program->check : program->name,
                                   _(program->purpose));
  g_autofree char *path = g_find_program_in_path (program->name);
  g_autofree char *quoted = path != NULL ? g_shell_quote (path) : NULL;
  g_autofree char *line = NULL;

  g_ptr_array_add (examination->checks, check);
  if (path == NULL)
    {
      check->state = RUD_CHECK_MISSING;
      check->advice = dup_install_advice (program);
      return;
    }

  line = g_strdup_printf ("exec %s --version", quoted);
  ask (task, check, program, line);
}

static void
ask_shell (GTask *task)
{
  Examination *examination = g_task_get_task_data (task);
  RudCheck *check = rud_check_new ("commands", _("running commands"));

  check->essential = TRUE;
  g_ptr_array_add (examination->checks, check);
  ask (task, check, NULL, "exit 0");
}

static void
bus_opened_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  Question *question = user_data;
  g_autoptr(GError) error = NULL;
  G_GNUC_UNUSED g_autoptr(GDBusConnection) bus = rud_session_bus_open_finish (result, &error);

  rud_doctor_judge_bus (question->check, error);
  question_over (question);
}

static void
ask_bus (GTask *task)
{
  Examination *examination = g_task_get_task_data (task);
  RudCheck *check;
  g_autofree char *address = rud_doctor_add_bus_check (examination->checks, &check);

  if (address != NULL)
    rud_session_bus_open_async (address, ANSWER_DEADLINE * 1000, g_task_get_cancellable (task),
                                bus_opened_cb, question_new (task, check));
}

static void
scopes_tried_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Question *question = user_data;
  g_autoptr(GError) error = NULL;

  rud_scopes_try_finish (result, &error);
  rud_doctor_judge_scopes (question->check, question->shell, error);
  question_over (question);
}

static void
ask_systemd (GTask *task)
{
  Examination *examination = g_task_get_task_data (task);
  RudCheck *check;
  char **shell = rud_doctor_add_scopes_check (examination->checks, &check);
  Question *question;

  if (shell == NULL)
    return;

  question = question_new (task, check);
  question->shell = shell;
  rud_scopes_try_async ((const char * const *) shell, g_task_get_cancellable (task),
                        scopes_tried_cb, question);
}

/* Looks at what this machine has; takes no longer than the slowest program may. */
void
rud_doctor_examine_async (GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Examination *examination = g_new0 (Examination, 1);

  g_task_set_source_tag (task, rud_doctor_examine_async);
  examination->checks = g_ptr_array_new_with_free_func ((GDestroyNotify) rud_check_free);
  g_task_set_task_data (task, examination, (GDestroyNotify) examination_free);

  /* It ends after the others were asked, since that is heard from the main context. */
  ask_shell (task);
  rud_doctor_add_system_checks (examination->checks);
  ask_bus (task);
  rud_doctor_add_desktop_checks (examination->checks);
  ask_systemd (task);
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    ask_program (task, &programs[i]);
  rud_doctor_add_agent_checks (examination->checks);
  rud_doctor_add_host_checks (examination->checks);
  rud_doctor_add_kernel_checks (examination->checks);
}

/* Returns: (transfer full) (element-type RudCheck): what was found, in the order to show it in */
GPtrArray *
rud_doctor_examine_finish (GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
rud_doctor_can_serve (GPtrArray *checks)
{
  for (guint i = 0; i < checks->len; i++)
    {
      const RudCheck *check = g_ptr_array_index (checks, i);

      if (check->essential && check->state == RUD_CHECK_MISSING)
        return FALSE;
    }

  return TRUE;
}
