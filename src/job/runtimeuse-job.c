/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Owns the process tree of one command at a time. It is a program of its own because the kernel
 * hands orphans to the nearest subreaper: with one per command it is certain to which command an
 * orphan belongs, and waitpid() saying ECHILD means that nothing of the command is left. */

#include "config.h"

#include "runtime-use-job-protocol-private.h"
#include "runtimeuse-job-spawn.h"
#include "runtimeuse-job-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* After how many milliseconds to look again at a tree that is being ended, at first and at most. A
 * request to end is repeated rarely; killing goes on whenever a process dies, too. */
#define FIRST_SWEEP_INTERVAL 2
#define LAST_SWEEP_INTERVAL 256
#define ASK_INTERVAL_FACTOR 8
#define KILL_INTERVAL_FACTOR 2

/* So many processes are reaped before orders are looked at again. */
#define MAX_REAPED 256

/* What fits into the room for the control data of an order. */
#define MAX_DESCRIPTORS 8

typedef enum
{
  ENDING_NOT,
  ENDING_TERMINATED,
  ENDING_KILLED,
} Ending;

typedef struct
{
  int     signals;
  int     set_up_error; /* no job can be run, for this reason */
  int     set_up_stage;
  bool    owner_gone;
  bool    more_dead; /* perhaps; not all of them were reaped */
  bool    busy; /* there is a job, and not all of it is gone */
  pid_t   leader; /* 0 once it is reaped */
  pid_t   group;  /* 0 once nobody is in it */
  Ending  ending;
  int64_t kill_time;
  int64_t sweep_time;
  int     sweep_interval;
} State;

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void
send_report (const RuntimeUseJobReport *report)
{
  /* Fails only when the owner is gone, which the next poll tells. */
  while (send (RUNTIME_USE_JOB_SOCKET, report, sizeof *report, MSG_NOSIGNAL) < 0 &&
         errno == EINTR)
    continue;
}

/* The number of the leader is also that of its process group, and free for others as soon as both
 * are gone; the owner must not kill by it then. */
static void
forget_group (State *state)
{
  const int32_t nobody = 0;
  ssize_t result = 0;

  if (state->leader > 0 || state->group == 0 ||
      kill (-state->group, 0) == 0 || errno != ESRCH)
    return;

  state->group = 0;
  result = pwrite (RUNTIME_USE_JOB_MEMORY, &nobody, sizeof nobody,
                   offsetof (RuntimeUseJobHeader, leader));
  (void) result;
}

static void
reap (State *state)
{
  RuntimeUseJobReport report = { 0 };
  int n_reaped = 0;
  bool empty;
  pid_t pid = 0;
  int status;

  if (!state->busy)
    return;

  while (n_reaped++ < MAX_REAPED && (pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (pid == state->leader)
      {
        state->leader = 0;
        report.flags |= RUNTIME_USE_JOB_REPORT_LEADER;
        report.status = status;
      }

  empty = pid < 0 && errno == ECHILD;
  state->more_dead = pid > 0;
  forget_group (state);
  if (empty)
    {
      state->busy = false;
      state->ending = ENDING_NOT;
      report.flags |= RUNTIME_USE_JOB_REPORT_EMPTY;
    }

  if (report.flags != 0)
    send_report (&report);
}

static void
begin_stage (State  *state,
             Ending  ending)
{
  state->ending = ending;
  state->sweep_time = 0;
  state->sweep_interval = FIRST_SWEEP_INTERVAL;
}

static void
end_job (State    *state,
         uint32_t  grace)
{
  /* The clock is rounded down; nobody is killed too early. */
  int64_t kill_time = now () + grace + 1;

  /* A late order finds nothing; it must not end the next job. */
  if (!state->busy || state->ending == ENDING_KILLED)
    return;

  if (state->ending == ENDING_NOT || kill_time < state->kill_time)
    state->kill_time = kill_time;
  if (grace == 0)
    begin_stage (state, ENDING_KILLED);
  else if (state->ending == ENDING_NOT)
    begin_stage (state, ENDING_TERMINATED);
}

static void
report_failure (RuntimeUseJobReport *report)
{
  report->flags = RUNTIME_USE_JOB_REPORT_FAILED | RUNTIME_USE_JOB_REPORT_EMPTY;
  send_report (report);
}

static void
refuse_job (int stage,
            int error)
{
  RuntimeUseJobReport report = { .stage = (uint32_t) stage, .error = error };
  int result;

  /* It will not be read, so nobody else wipes it. */
  result = ftruncate (RUNTIME_USE_JOB_MEMORY, 0);
  (void) result;
  report_failure (&report);
}

static void
run_job (State     *state,
         const int *descriptors,
         size_t     n_descriptors)
{
  RuntimeUseJobReport report = { 0 };

  state->leader = job_spawn (descriptors, n_descriptors, &report);
  state->group = state->leader > 0 ? state->leader : 0;
  if (state->leader > 0 && report.error == 0)
    {
      state->busy = true;
      return;
    }

  if (state->leader > 0)
    waitpid (state->leader, NULL, 0);
  state->leader = 0;
  forget_group (state);
  report_failure (&report);
}

/* Returns their number. */
static size_t
get_descriptors (struct msghdr *message,
                 int           *descriptors)
{
  struct cmsghdr *header = CMSG_FIRSTHDR (message);
  size_t n;

  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
    return 0;

  n = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
  memcpy (descriptors, CMSG_DATA (header), n * sizeof (int));

  return n;
}

static void
take_run_order (State         *state,
                struct msghdr *message)
{
  int descriptors[MAX_DESCRIPTORS];
  size_t n = get_descriptors (message, descriptors);

  /* Only one job at a time; the report would be taken for one about the other. */
  if (!state->busy)
    {
      if (state->set_up_error != 0)
        refuse_job (state->set_up_stage, state->set_up_error);
      else if (message->msg_flags & MSG_CTRUNC)
        refuse_job (RUNTIME_USE_JOB_STAGE_SETUP, EMFILE);
      else if (n != RUNTIME_USE_JOB_N_DESCRIPTORS && n != RUNTIME_USE_JOB_N_HOST_DESCRIPTORS)
        refuse_job (RUNTIME_USE_JOB_STAGE_SETUP, EBADMSG);
      else
        run_job (state, descriptors, n);
    }

  for (size_t i = 0; i < n; i++)
    close (descriptors[i]);
}

static void
take_order (State *state)
{
  RuntimeUseJobOrder order = { 0 };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (MAX_DESCRIPTORS * sizeof (int))];
  } control;
  struct iovec data = { &order, sizeof order };
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1,
    .msg_control = &control, .msg_controllen = sizeof control,
  };
  ssize_t length;

  length = recvmsg (RUNTIME_USE_JOB_SOCKET, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  /* Short of memory, or reports were not read by an owner that is gone: another look tells. */
  if (length < 0)
    return;
  if (length == 0)
    {
      state->owner_gone = true;
      end_job (state, RUNTIME_USE_JOB_ORPHAN_GRACE);
      return;
    }

  if (order.kind == RUNTIME_USE_JOB_ORDER_END)
    end_job (state, order.grace);
  else
    take_run_order (state, &message);
}

static int
get_wait (State *state)
{
  int64_t time = state->sweep_time;
  int64_t left;

  if (state->more_dead)
    return 0;
  if (!state->busy || state->ending == ENDING_NOT)
    return -1;

  if (state->ending == ENDING_TERMINATED && state->kill_time < time)
    time = state->kill_time;
  left = time - now ();

  return left > 0 ? (int) left : 0;
}

static void
sweep (State   *state,
       int64_t  time)
{
  state->sweep_time = time + state->sweep_interval;
  if (state->ending == ENDING_KILLED)
    {
      job_tree_kill ();
      if (state->sweep_interval < LAST_SWEEP_INTERVAL)
        state->sweep_interval *= KILL_INTERVAL_FACTOR;
    }
  else
    {
      if (state->sweep_interval == FIRST_SWEEP_INTERVAL)
        job_tree_terminate ();
      else
        job_tree_terminate_orphans (state->leader);
      state->sweep_interval *= ASK_INTERVAL_FACTOR;
    }
}

static void
advance_end (State *state,
             bool   someone_died)
{
  int64_t time;

  if (!state->busy || state->ending == ENDING_NOT)
    return;

  time = now ();
  if (state->ending == ENDING_TERMINATED && state->kill_time <= time)
    begin_stage (state, ENDING_KILLED);
  if (state->sweep_time <= time || (someone_died && state->ending == ENDING_KILLED))
    sweep (state, time);
}

static void
iterate (State *state)
{
  struct pollfd fds[] = {
    { .fd = state->signals, .events = POLLIN },
    { .fd = state->owner_gone ? -1 : RUNTIME_USE_JOB_SOCKET, .events = POLLIN },
  };
  struct signalfd_siginfo info;
  bool ready;

  ready = poll (fds, 2, get_wait (state)) > 0;
  if (ready && fds[0].revents != 0)
    while (read (state->signals, &info, sizeof info) > 0)
      continue;

  reap (state);
  if (ready && fds[1].revents != 0)
    take_order (state);
  advance_end (state, ready && fds[0].revents != 0);
}

/* For kernels, and containers, without close_range(). */
static int
close_others (void)
{
  struct dirent *entry;
  DIR *dir;

  if (close_range (RUNTIME_USE_JOB_MEMORY + 1, ~0U, 0) == 0)
    return 0;

  dir = opendir ("/proc/self/fd");
  if (dir == NULL)
    return errno;
  while ((entry = readdir (dir)) != NULL)
    {
      int fd = strtol (entry->d_name, NULL, 10);

      if (fd > RUNTIME_USE_JOB_MEMORY && fd != dirfd (dir))
        close (fd);
    }
  closedir (dir);

  return 0;
}

/* Without it a tree could not be ended, which nobody would notice until then. */
static int
check_children (void)
{
  int fd = open ("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return errno;

  close (fd);
  return 0;
}

static int
set_up (State *state)
{
  sigset_t signals;
  int error;

  /* Nobody but the owner may stop this program, so every signal that can be held back is; the
   * command gets an empty mask again. */
  sigfillset (&signals);
  sigprocmask (SIG_SETMASK, &signals, NULL);
  sigemptyset (&signals);
  sigaddset (&signals, SIGCHLD);

  state->signals = -1;
  state->set_up_stage = RUNTIME_USE_JOB_STAGE_SUPERVISOR;
  /* The shared memory holds the command's environment: keep other processes of this user out. */
  if (prctl (PR_SET_DUMPABLE, 0) != 0 ||
      prctl (PR_SET_CHILD_SUBREAPER, 1) != 0 ||
      fcntl (RUNTIME_USE_JOB_SOCKET, F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl (RUNTIME_USE_JOB_MEMORY, F_SETFD, FD_CLOEXEC) != 0 ||
      chdir ("/") != 0)
    return errno;

  error = close_others ();
  if (error != 0)
    return error;
  state->signals = signalfd (-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (state->signals < 0)
    return errno;

  state->set_up_stage = RUNTIME_USE_JOB_STAGE_CHILDREN;
  return check_children ();
}

int
main (void)
{
  State state = { 0 };

  /* The first order is answered with what is missing. */
  state.set_up_error = set_up (&state);
  while (!state.owner_gone || state.busy)
    iterate (&state);

  /* No clean-up that could be of use, and leak checkers cannot look into this process. */
  _exit (0);
}
