/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-run-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-job-pool-private.h"
#include "runtime-use-job-request-private.h"

/* How long to wait for the end of a tree beyond the grace period. Longer takes only a process that
 * the kernel does not let go, or one of another user. */
#define END_PATIENCE (10 * G_TIME_SPAN_SECOND)

/* A command may have stopped the program that supervises it. That program is told to go on after
 * this time, then after twice as long, and so on. */
#define FIRST_WAKE_INTERVAL (1 * G_TIME_SPAN_SECOND)
#define LAST_WAKE_INTERVAL (64 * G_TIME_SPAN_SECOND)

/* After the end of a tree its pipes hold no more than this many reads. */
#define MAX_LAST_READS 16

/* All programs that wait may have been killed. */
#define MAX_TRIES 40

#define N_OUTPUTS 2

/* Why a tree was told to end. */
typedef enum
{
  ENDING_NOT,
  ENDING_WITH_LEADER,
  ENDING_CANCELLED,
  ENDING_TIMED_OUT,
  ENDING_LEFTOVERS,
} Ending;

struct _RuntimeUseCommandRun
{
  GSource                          source;

  const RuntimeUseCommandRunFuncs *funcs;
  gpointer                         user_data;
  RuntimeUseCommand               *command;
  char                            *shell;   /* (nullable): for messages */
  guint                            grace;   /* milliseconds */
  guint                            timeout; /* seconds */
  gboolean                         paused;
  int                              host_pipes[2]; /* its input and output; -1 in other commands */
  gboolean                         keeps_leftovers; /* of a host */

  gboolean                         active;  /* started, and not let go of */
  RuntimeUseJob                   *job;     /* present as long as anything of the command is */
  gpointer                         job_tag;
  RuntimeUseCommandOutput          outputs[N_OUTPUTS];
  guint                            next_output;

  gboolean                         leader_gone;
  gboolean                         tree_gone;
  gboolean                         finished;
  int                              status;
  int                              term_signal; /* 0: none ended the shell */
  Ending                           ending;
  int                              cancelled; /* atomic */

  gint64                           deadline;  /* these in monotonic time, microseconds */
  gint64                           wake_time;
  gint64                           wake_interval;
};

static int n_active; /* atomic */

static void
update_watches (RuntimeUseCommandRun *self)
{
  for (guint i = 0; i < N_OUTPUTS; i++)
    {
      RuntimeUseCommandOutput *output = &self->outputs[i];
      gboolean watched = output->fd >= 0 && !self->paused && self->active;

      /* A descriptor of no interest has to go: its hang-up is reported all the same. */
      if (watched && output->tag == NULL)
        output->tag = g_source_add_unix_fd (&self->source, output->fd, G_IO_IN);
      else if (!watched && output->tag != NULL)
        g_source_remove_unix_fd (&self->source, g_steal_pointer (&output->tag));
    }
}

static void
update_ready_time (RuntimeUseCommandRun *self)
{
  gint64 time = MIN (self->deadline, self->wake_time);

  g_source_set_ready_time (&self->source, time == G_MAXINT64 ? -1 : time);
  /* Another thread may have cancelled in between. */
  if (g_atomic_int_get (&self->cancelled))
    g_source_set_ready_time (&self->source, 0);
}

/* The program has nothing more to tell; what becomes of it from now on does not matter here. */
static void
release_job (RuntimeUseCommandRun *self)
{
  if (self->job == NULL)
    return;

  g_source_remove_unix_fd (&self->source, g_steal_pointer (&self->job_tag));
  _runtime_use_job_pool_give (g_steal_pointer (&self->job));
}

/* Runs may be in several threads. */
static void
set_active (RuntimeUseCommandRun *self,
            gboolean              active)
{
  if (self->active != active)
    g_atomic_int_add (&n_active, active ? 1 : -1);
  self->active = active;
}

/* Lets go of everything. The source takes no part in its context any more. */
static void
let_go (RuntimeUseCommandRun *self)
{
  set_active (self, FALSE);
  if (self->job != NULL)
    _runtime_use_job_pool_retire (g_steal_pointer (&self->job));

  if (!g_source_is_destroyed (&self->source))
    {
      update_watches (self);
      g_source_destroy (&self->source);
    }
  for (guint i = 0; i < N_OUTPUTS; i++)
    _runtime_use_command_output_clear (&self->outputs[i]);
}

static void
conclude (RuntimeUseCommandRun *self,
          GError               *error)
{
  gboolean finished = self->finished;

  let_go (self);
  self->finished = TRUE;
  if (finished)
    self->funcs->gone (self, error, self->user_data);
  else
    self->funcs->finished (self, self->status, error, self->user_data);
}

static void
begin_end (RuntimeUseCommandRun *self,
           Ending                ending,
           guint                 grace)
{
  self->ending = ending;
  self->deadline = g_get_monotonic_time () + grace * G_GINT64_CONSTANT (1000) + END_PATIENCE;
  update_ready_time (self);
  if (self->job != NULL)
    _runtime_use_job_end (self->job, grace);
}

static GError *
new_ending_error (RuntimeUseCommandRun *self)
{
  if (self->ending == ENDING_CANCELLED)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The command was cancelled");
  if (self->ending == ENDING_TIMED_OUT)
    return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                        "The command took longer than %u s and was ended", self->timeout);

  return NULL;
}

static GError *
new_report_error (RuntimeUseCommandRun      *self,
                  const RuntimeUseJobReport *report)
{
  const char *cwd = runtime_use_command_get_cwd (self->command);
  g_autoptr(GString) what = g_string_new (NULL);

  switch ((RuntimeUseJobStage) report->stage)
    {
    case RUNTIME_USE_JOB_STAGE_DIRECTORY:
      g_string_append_printf (what, "cwd %s", cwd != NULL ? cwd : ".");
      if (cwd != NULL && report->length > 0 && report->length < strlen (cwd))
        g_string_append_printf (what, ": cannot create %.*s", (int) report->length, cwd);
      break;

    case RUNTIME_USE_JOB_STAGE_START:
      g_string_append (what, self->shell != NULL ? self->shell : RUNTIME_USE_DEFAULT_SHELL);
      break;

    case RUNTIME_USE_JOB_STAGE_SUPERVISOR:
      g_string_append (what, "the program that supervises commands cannot set itself up");
      break;

    case RUNTIME_USE_JOB_STAGE_CHILDREN:
      g_string_append (what, "/proc/thread-self/children (needs a kernel with "
                             "CONFIG_PROC_CHILDREN, and /proc)");
      break;

    case RUNTIME_USE_JOB_STAGE_SETUP:
    default:
      g_string_append (what, "cannot hand the command over");
      break;
    }

  return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED, "spawn %s: %s: %s",
                      strerrorname_np (report->error), what->str, g_strerror (report->error));
}

static gboolean
has_outputs (RuntimeUseCommandRun *self)
{
  return self->outputs[0].fd >= 0 || self->outputs[1].fd >= 0;
}

/* A last look at the pipes of a tree that is gone: what is in them was written before the end.
 * Somebody else may hold them open, so their end is not waited for. */
static void
read_rest (RuntimeUseCommandRun *self)
{
  for (guint i = 0; i < N_OUTPUTS; i++)
    {
      guint n_reads = 0;

      while (!self->paused && n_reads++ < MAX_LAST_READS &&
             _runtime_use_command_output_read (&self->outputs[i]))
        continue;
      if (!self->paused)
        _runtime_use_command_output_finish (&self->outputs[i]);
    }
}

static gboolean
is_host (RuntimeUseCommandRun *self)
{
  return self->host_pipes[0] >= 0;
}

/* Decides what follows from what is known. */
static void
advance (RuntimeUseCommandRun *self)
{
  if (self->ending != ENDING_NOT || self->finished)
    {
      if (!self->tree_gone)
        return;
      read_rest (self);
      conclude (self, new_ending_error (self));
    }
  else if (self->leader_gone && (is_host (self) || !has_outputs (self)))
    {
      if (self->tree_gone)
        {
          read_rest (self);
          conclude (self, NULL);
        }
      else if (self->status != 0 || (is_host (self) && !self->keeps_leftovers))
        {
          /* Of most hosts nobody is served by what is left, whatever holds its pipes. */
          begin_end (self, ENDING_WITH_LEADER, self->grace);
        }
      else
        {
          self->finished = TRUE;
          self->deadline = self->wake_time = G_MAXINT64;
          update_ready_time (self);
          self->funcs->finished (self, 0, NULL, self->user_data);
        }
    }
}

static void
job_lost (RuntimeUseCommandRun *self)
{
  _runtime_use_job_kill_group (self->job);
  read_rest (self);
  conclude (self, g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                                       "The program that supervises the command was killed; "
                                       "processes of the command may be left"));
}

static void
take_report (RuntimeUseCommandRun      *self,
             const RuntimeUseJobReport *report)
{
  if (report->flags & RUNTIME_USE_JOB_REPORT_LEADER)
    {
      self->leader_gone = TRUE;
      self->status = WIFEXITED (report->status) ? WEXITSTATUS (report->status) : -1;
      self->term_signal = WIFSIGNALED (report->status) ? WTERMSIG (report->status) : 0;
    }
  if (report->flags & RUNTIME_USE_JOB_REPORT_EMPTY)
    {
      self->tree_gone = TRUE;
      release_job (self);
    }
  if (report->flags & RUNTIME_USE_JOB_REPORT_FAILED)
    conclude (self, new_report_error (self, report));
}

static void
read_reports (RuntimeUseCommandRun *self)
{
  RuntimeUseJobReport report;
  RuntimeUseJobReceived received;

  if (self->job == NULL || g_source_query_unix_fd (&self->source, self->job_tag) == 0)
    return;

  received = _runtime_use_job_receive (self->job, &report);
  if (received == RUNTIME_USE_JOB_RECEIVED_REPORT)
    take_report (self, &report);
  else if (received == RUNTIME_USE_JOB_RECEIVED_END)
    job_lost (self);
}

/* One read at most, so that a command with much to say leaves room for others; that there is no
 * more does not count. */
static void
read_outputs (RuntimeUseCommandRun *self)
{
  for (guint i = 0; i < N_OUTPUTS; i++)
    {
      RuntimeUseCommandOutput *output = &self->outputs[(self->next_output + i) % N_OUTPUTS];

      if (output->tag == NULL || g_source_query_unix_fd (&self->source, output->tag) == 0)
        continue;
      if (!_runtime_use_command_output_read (output))
        continue;
      self->next_output = (self->next_output + i + 1) % N_OUTPUTS;
      break;
    }

  update_watches (self);
}

static void
take_cancel (RuntimeUseCommandRun *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->cancelled, TRUE, FALSE))
    return;

  if (self->finished && self->ending == ENDING_LEFTOVERS)
    begin_end (self, ENDING_LEFTOVERS, 0);
  else if (self->ending == ENDING_WITH_LEADER)
    self->ending = ENDING_CANCELLED;
  else if (self->ending == ENDING_NOT && !self->finished)
    begin_end (self, ENDING_CANCELLED, self->grace);
}

static void
check_time (RuntimeUseCommandRun *self)
{
  gint64 now = g_source_get_time (&self->source);

  if (now >= self->wake_time)
    {
      self->wake_interval = MIN (self->wake_interval * 2, LAST_WAKE_INTERVAL);
      self->wake_time = now + self->wake_interval;
      if (self->job != NULL)
        _runtime_use_job_wake (self->job);
    }
  if (now >= self->deadline && self->ending == ENDING_NOT)
    begin_end (self, ENDING_TIMED_OUT, self->grace);
  else if (now >= self->deadline)
    conclude (self, g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                                         "Processes of the command could not be ended"));
}

static gboolean
run_dispatch (GSource     *source,
              GSourceFunc  callback,
              gpointer     user_data)
{
  RuntimeUseCommandRun *self = (RuntimeUseCommandRun *) source;

  take_cancel (self);
  read_reports (self);
  if (self->active)
    read_outputs (self);
  if (self->active)
    advance (self);
  if (self->active)
    check_time (self);
  if (self->active)
    update_ready_time (self);

  return G_SOURCE_CONTINUE;
}

static void
run_finalize (GSource *source)
{
  RuntimeUseCommandRun *self = (RuntimeUseCommandRun *) source;

  g_clear_object (&self->command);
  g_clear_pointer (&self->shell, g_free);
}

static GSourceFuncs run_funcs = {
  .dispatch = run_dispatch,
  .finalize = run_finalize,
};

/* Free it with g_source_unref(), after _runtime_use_command_run_abandon(). */
RuntimeUseCommandRun *
_runtime_use_command_run_new (const RuntimeUseCommandRunFuncs *funcs,
                              gpointer                         user_data)
{
  GSource *source = g_source_new (&run_funcs, sizeof (RuntimeUseCommandRun));
  RuntimeUseCommandRun *self = (RuntimeUseCommandRun *) source;

  g_source_set_static_name (source, "RuntimeUseCommandRun");
  self->funcs = funcs;
  self->user_data = user_data;
  self->deadline = self->wake_time = G_MAXINT64;
  self->host_pipes[0] = self->host_pipes[1] = -1;
  for (guint i = 0; i < N_OUTPUTS; i++)
    _runtime_use_command_output_init (&self->outputs[i],
                                      i == 0 ? RUNTIME_USE_OUTPUT_STREAM_STDOUT
                                             : RUNTIME_USE_OUTPUT_STREAM_STDERR,
                                      funcs->output, user_data);

  return self;
}

static int
open_descriptors (RuntimeUseCommandRun *self,
                  RuntimeUseRedactor   *redactor,
                  int                  *descriptors)
{
  int directory;

  if (!_runtime_use_command_output_open (&self->outputs[0], redactor,
                                         &descriptors[RUNTIME_USE_JOB_DESCRIPTOR_STDOUT]) ||
      !_runtime_use_command_output_open (&self->outputs[1], redactor,
                                         &descriptors[RUNTIME_USE_JOB_DESCRIPTOR_STDERR]))
    return errno;

  /* Our directory may change, and may even be without a name. */
  directory = open (".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  descriptors[RUNTIME_USE_JOB_DESCRIPTOR_DIRECTORY] = directory;

  return directory >= 0 ? 0 : errno;
}

static gboolean
hand_over (RuntimeUseCommandRun  *self,
           const GByteArray      *request,
           const int             *descriptors,
           GError               **error)
{
  int result = EPIPE;

  for (guint n = 0; n < MAX_TRIES && (result == EPIPE || result == ECONNRESET); n++)
    {
      if (self->job != NULL)
        _runtime_use_job_pool_retire (g_steal_pointer (&self->job));
      self->job = _runtime_use_job_pool_take (error);
      if (self->job == NULL)
        return FALSE;
      result = _runtime_use_job_run (self->job, request, descriptors,
                                     is_host (self) ? RUNTIME_USE_JOB_N_HOST_DESCRIPTORS
                                                    : RUNTIME_USE_JOB_N_DESCRIPTORS);
    }

  if (result != 0)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                 "spawn %s: cannot hand the command over: %s",
                 strerrorname_np (result), g_strerror (result));

  return result == 0;
}

static gboolean
open_and_hand_over (RuntimeUseCommandRun  *self,
                    const GByteArray      *request,
                    RuntimeUseRedactor    *redactor,
                    GError               **error)
{
  int descriptors[RUNTIME_USE_JOB_N_HOST_DESCRIPTORS] = {
    -1, -1, -1, self->host_pipes[0], self->host_pipes[1],
  };
  gboolean success = FALSE;
  int result;

  result = open_descriptors (self, redactor, descriptors);
  if (result != 0)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                 "spawn %s: cannot open pipes and the current directory: %s",
                 strerrorname_np (result), g_strerror (result));
  else
    success = hand_over (self, request, descriptors, error);

  for (guint i = 0; i < RUNTIME_USE_JOB_N_DESCRIPTORS; i++)
    if (descriptors[i] >= 0)
      close (descriptors[i]);

  return success;
}

/* Starts @command and attaches the run to the thread-default main context. After a failure there
 * is nothing to wait for. */
gboolean
_runtime_use_command_run_start (RuntimeUseCommandRun  *self,
                                RuntimeUseCommand     *command,
                                const char * const    *shell,
                                const char * const    *base_environ,
                                RuntimeUseRedactor    *redactor,
                                GError               **error)
{
  GByteArray *request;
  gboolean success;
  gint64 now = g_get_monotonic_time ();

  self->command = g_object_ref (command);
  self->shell = shell != NULL ? g_strdup (shell[0]) : NULL;
  request = _runtime_use_job_request_new (command, shell, base_environ, error);
  success = request != NULL && open_and_hand_over (self, request, redactor, error);
  g_clear_pointer (&request, _runtime_use_job_request_free);
  if (!success)
    {
      let_go (self);
      return FALSE;
    }

  set_active (self, TRUE);
  self->job_tag = g_source_add_unix_fd (&self->source, _runtime_use_job_get_socket (self->job),
                                        G_IO_IN);
  self->deadline = now + self->timeout * G_TIME_SPAN_SECOND;
  self->wake_interval = FIRST_WAKE_INTERVAL;
  self->wake_time = now + self->wake_interval;
  update_watches (self);
  update_ready_time (self);
  g_source_attach (&self->source, g_main_context_get_thread_default ());

  return TRUE;
}

/* To be called before the start. */
void
_runtime_use_command_run_set_limits (RuntimeUseCommandRun *self,
                                     guint                 grace,
                                     guint                 timeout)
{
  self->grace = grace;
  self->timeout = timeout;
}

/* Makes the command a host: these become its descriptors 3 and 4, and it is over, with all that it
 * has started, as soon as its shell is. To be called before the start, with descriptors that stay
 * open until then and belong to the caller. */
void
_runtime_use_command_run_set_host_pipes (RuntimeUseCommandRun *self,
                                         int                   input,
                                         int                   output)
{
  self->host_pipes[0] = input;
  self->host_pipes[1] = output;
}

/* What a host that succeeded leaves behind lives on. To be called before the start. */
void
_runtime_use_command_run_set_keeps_leftovers (RuntimeUseCommandRun *self,
                                              gboolean              keeps_leftovers)
{
  self->keeps_leftovers = keeps_leftovers;
}

/* The signal that ended the shell, or 0. */
int
_runtime_use_command_run_get_term_signal (RuntimeUseCommandRun *self)
{
  return self->term_signal;
}

void
_runtime_use_command_run_set_paused (RuntimeUseCommandRun *self,
                                     gboolean              paused)
{
  self->paused = paused;
  if (self->active)
    update_watches (self);
}

/* Whether nothing of the command is left, or nothing more can be done about it. */
gboolean
_runtime_use_command_run_is_gone (RuntimeUseCommandRun *self)
{
  return !self->active;
}

/* Those of all threads of which something is left. */
guint
_runtime_use_command_run_count (void)
{
  return (guint) g_atomic_int_get (&n_active);
}

/* Ends the tree of a running command; shortens the grace period of leftovers that are being ended.
 * May be called from any thread. */
void
_runtime_use_command_run_cancel (RuntimeUseCommandRun *self)
{
  g_atomic_int_set (&self->cancelled, TRUE);
  g_source_set_ready_time (&self->source, 0);
}

/* Ends what a finished command left behind. */
void
_runtime_use_command_run_end (RuntimeUseCommandRun *self)
{
  if (self->active && self->finished && self->ending == ENDING_NOT)
    begin_end (self, ENDING_LEFTOVERS, self->grace);
}

/* Kills what is left, without waiting and without another word. */
void
_runtime_use_command_run_abandon (RuntimeUseCommandRun *self)
{
  if (self->job != NULL)
    _runtime_use_job_end (self->job, 0);
  let_go (self);
}
