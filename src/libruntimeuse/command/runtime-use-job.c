/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-job-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-job-program-private.h"

struct _RuntimeUseJob
{
  pid_t  pid;
  int    pidfd;
  int    socket;
  int    memory;     /* shared with the program, which wipes a job from it once it runs */
  gint64 idle_since; /* microseconds; of use to the pool only */
};

static void
close_descriptor (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Moves a descriptor out of the way of the numbers that the program is given. */
static int
lift (int fd)
{
  int lifted;

  if (fd < 0 || fd > RUNTIME_USE_JOB_MEMORY)
    return fd;

  lifted = fcntl (fd, F_DUPFD_CLOEXEC, RUNTIME_USE_JOB_MEMORY + 1);
  close (fd);

  return lifted;
}

static void
add_file_actions (posix_spawn_file_actions_t *actions,
                  RuntimeUseJob              *self,
                  int                         peer)
{
  /* Its own output goes nowhere: a program that waits must not hold our terminal or pipe open. */
  posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2 (actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_adddup2 (actions, peer, RUNTIME_USE_JOB_SOCKET);
  posix_spawn_file_actions_adddup2 (actions, self->memory, RUNTIME_USE_JOB_MEMORY);
}

static void
set_attributes (posix_spawnattr_t *attributes)
{
  sigset_t signals;

  sigfillset (&signals);
  posix_spawnattr_setsigdefault (attributes, &signals);
  posix_spawnattr_setsigmask (attributes, &signals);
  posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSID);
}

static int
spawn (RuntimeUseJob *self,
       const char    *program,
       int            peer)
{
  char name[] = "runtimeuse-job";
  char *argv[] = { name, NULL };
  char *environ_[] = { NULL };
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int result;

  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  add_file_actions (&actions, self, peer);
  set_attributes (&attributes);

  result = posix_spawn (&self->pid, program, &actions, &attributes, argv, environ_);

  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);

  return result;
}

static int
open_descriptors (RuntimeUseJob *self,
                  int           *peer)
{
  int pair[2];

  self->memory = lift (memfd_create ("runtimeuse-job", MFD_CLOEXEC));
  if (self->memory < 0)
    return errno;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return errno;

  self->socket = pair[0];
  *peer = lift (pair[1]);

  return *peer >= 0 ? 0 : errno;
}

/* Nobody listens to the program, so it ends by itself. */
static void
reap_at_once (RuntimeUseJob *self)
{
  close_descriptor (&self->socket);
  while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
}

RuntimeUseJob *
_runtime_use_job_new (GError **error)
{
  g_autoptr(RuntimeUseJob) self = g_new0 (RuntimeUseJob, 1);
  const char *program;
  int peer = -1;
  int result;

  self->pidfd = self->socket = self->memory = -1;
  program = _runtime_use_job_program_find (error);
  if (program == NULL)
    return NULL;

  result = open_descriptors (self, &peer);
  if (result == 0)
    result = spawn (self, program, peer);
  close_descriptor (&peer);
  if (result == 0)
    {
      /* Free of races, for nobody but us reaps it. */
      self->pidfd = pidfd_open (self->pid, 0);
      result = self->pidfd >= 0 ? 0 : errno;
      if (result != 0)
        reap_at_once (self);
    }

  if (result != 0)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                   "spawn %s: cannot start %s: %s",
                   strerrorname_np (result), program, g_strerror (result));
      return NULL;
    }

  return g_steal_pointer (&self);
}

/* Lets go of the program without looking after it; _runtime_use_job_reap() has to say TRUE first,
 * or a zombie stays behind. */
void
_runtime_use_job_free (RuntimeUseJob *self)
{
  close_descriptor (&self->pidfd);
  close_descriptor (&self->socket);
  close_descriptor (&self->memory);
  g_free (self);
}

int
_runtime_use_job_get_socket (RuntimeUseJob *self)
{
  return self->socket;
}

/* Readable once the program is gone. */
int
_runtime_use_job_get_pidfd (RuntimeUseJob *self)
{
  return self->pidfd;
}

gint64
_runtime_use_job_get_idle_since (RuntimeUseJob *self)
{
  return self->idle_since;
}

void
_runtime_use_job_set_idle_since (RuntimeUseJob *self,
                                 gint64         time)
{
  self->idle_since = time;
}

static int
write_memory (RuntimeUseJob    *self,
              const GByteArray *request)
{
  gsize done = 0;

  while (done < request->len)
    {
      ssize_t n = pwrite (self->memory, request->data + done, request->len - done, (off_t) done);

      if (n < 0 && errno != EINTR)
        return errno;
      if (n > 0)
        done += (gsize) n;
    }

  return 0;
}

/* Hands a job over. Returns 0 or an error number; EPIPE and ECONNRESET mean that the program died
 * while nobody looked, and that another one may be tried. */
int
_runtime_use_job_run (RuntimeUseJob    *self,
                      const GByteArray *request,
                      const int        *descriptors,
                      guint             n_descriptors)
{
  const gsize size = n_descriptors * sizeof (int);
  RuntimeUseJobOrder order = { .kind = RUNTIME_USE_JOB_ORDER_RUN };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (RUNTIME_USE_JOB_N_HOST_DESCRIPTORS * sizeof (int))];
  } control = { 0 };
  struct iovec data = { &order, sizeof order };
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1,
    .msg_control = &control, .msg_controllen = CMSG_SPACE (size),
  };
  struct cmsghdr *header;
  int result;

  g_assert (n_descriptors <= RUNTIME_USE_JOB_N_HOST_DESCRIPTORS);

  result = write_memory (self, request);
  if (result != 0)
    return result;

  header = CMSG_FIRSTHDR (&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (size);
  memcpy (CMSG_DATA (header), descriptors, size);

  if (sendmsg (self->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    return errno;

  return 0;
}

/* Orders the end of the whole tree: TERM, and KILL after @grace milliseconds; KILL at once if that
 * is 0. Further calls can only shorten the wait. */
void
_runtime_use_job_end (RuntimeUseJob *self,
                      guint          grace)
{
  RuntimeUseJobOrder order = { .kind = RUNTIME_USE_JOB_ORDER_END, .grace = grace };

  _runtime_use_job_wake (self);
  /* Fails only when the program is gone, which the next receive tells. */
  if (send (self->socket, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    g_debug ("Cannot order the end of a job: %s", g_strerror (errno));
}

RuntimeUseJobReceived
_runtime_use_job_receive (RuntimeUseJob       *self,
                          RuntimeUseJobReport *report)
{
  ssize_t n = recv (self->socket, report, sizeof *report, MSG_DONTWAIT);

  if (n == (ssize_t) sizeof *report)
    return RUNTIME_USE_JOB_RECEIVED_REPORT;
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return RUNTIME_USE_JOB_RECEIVED_NOTHING;

  return RUNTIME_USE_JOB_RECEIVED_END;
}

/* A command may have stopped the program; it must go on to be of any use. */
void
_runtime_use_job_wake (RuntimeUseJob *self)
{
  pidfd_send_signal (self->pidfd, SIGCONT, NULL, 0);
}

/* What can still be done when the program died before its tree: the shell has ended with it, and
 * what stayed in the shell's process group is killed here. */
void
_runtime_use_job_kill_group (RuntimeUseJob *self)
{
  RuntimeUseJobHeader header;

  if (pread (self->memory, &header, sizeof header, 0) != (ssize_t) sizeof header)
    return;
  if (header.leader > 1)
    kill (-header.leader, SIGKILL);
}

/* The program ends by itself: at once if it has no tree, else when it has ended the tree. */
void
_runtime_use_job_hang_up (RuntimeUseJob *self)
{
  _runtime_use_job_wake (self);
  close_descriptor (&self->socket);
  close_descriptor (&self->memory);
}

/* Waits up to @timeout milliseconds for the end of the program. Returns FALSE if it is still
 * there. */
gboolean
_runtime_use_job_reap (RuntimeUseJob *self,
                       guint          timeout)
{
  struct pollfd fd = { .fd = self->pidfd, .events = POLLIN };
  siginfo_t info = { 0 };

  if (timeout > 0 && poll (&fd, 1, (int) timeout) <= 0)
    return FALSE;

  /* ECHILD: the application ignores SIGCHLD, and the kernel has reaped it. */
  if (waitid (P_PIDFD, (id_t) self->pidfd, &info, WEXITED | WNOHANG) != 0)
    return errno == ECHILD;

  return info.si_pid != 0;
}
