/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse-job-spawn.h"

#include "runtimeuse-job-directory.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much of the shared memory is kept for the next job. */
#define KEPT_MEMORY 65536

typedef struct
{
  const char    *cwd;
  char         **argv;
  char          *shell;
  char         **environ;
  struct rlimit  descriptor_limit;
  pid_t          parent;
  const int     *descriptors;
  bool           is_host;
} Job;

static char shell_option[] = "-c";

static void
set_descriptor_limit (Job      *job,
                      uint64_t  limit)
{
  if (getrlimit (RLIMIT_NOFILE, &job->descriptor_limit) != 0)
    return;

  job->descriptor_limit.rlim_cur = limit;
  if (job->descriptor_limit.rlim_max < job->descriptor_limit.rlim_cur)
    job->descriptor_limit.rlim_cur = job->descriptor_limit.rlim_max;
}

static char *
next_string (char **position,
             char  *end)
{
  char *string = *position;
  char *nul = memchr (string, '\0', (size_t) (end - string));

  if (nul != NULL)
    *position = nul + 1;

  return nul != NULL ? string : NULL;
}

static bool
job_read_arguments (Job                 *job,
                    RuntimeUseJobHeader *header,
                    char               **position,
                    char                *end)
{
  uint32_t n = header->n_shell;
  char *slash;

  for (uint32_t i = 0; i < n; i++)
    {
      job->argv[i] = next_string (position, end);
      if (job->argv[i] == NULL)
        return false;
    }
  job->argv[n] = shell_option;
  job->argv[n + 1] = next_string (position, end);

  /* Shells call themselves by it in what they say. */
  job->shell = job->argv[0];
  slash = strrchr (job->shell, '/');
  if (slash != NULL)
    job->argv[0] = slash + 1;

  return job->argv[n + 1] != NULL;
}

/* Points into the memory that came from the library; nothing is copied, so that nothing of it
 * stays behind here. */
static int
job_read (Job                 *job,
          RuntimeUseJobHeader *header)
{
  char *position = (char *) (header + 1);
  char *end = (char *) header + header->size;

  /* Each string has its NUL, so there cannot be more of them than bytes. */
  if (header->n_shell == 0 || header->n_shell > header->size || header->n_variables > header->size)
    return EINVAL;

  job->environ = calloc ((size_t) header->n_variables + 1, sizeof (char *));
  job->argv = calloc ((size_t) header->n_shell + 3, sizeof (char *));
  if (job->environ == NULL || job->argv == NULL)
    return ENOMEM;

  job->cwd = next_string (&position, end);
  if (!job_read_arguments (job, header, &position, end))
    return EINVAL;

  for (uint32_t i = 0; i < header->n_variables; i++)
    {
      job->environ[i] = next_string (&position, end);
      if (job->environ[i] == NULL)
        return EINVAL;
    }

  set_descriptor_limit (job, header->descriptor_limit);
  return job->cwd != NULL ? 0 : EINVAL;
}

/* Those that come from the library have higher numbers than all that they are given here. */
static bool
place_descriptors (const Job *job)
{
  const int *from = job->descriptors;

  if (dup2 (from[RUNTIME_USE_JOB_DESCRIPTOR_STDOUT], STDOUT_FILENO) < 0 ||
      dup2 (from[RUNTIME_USE_JOB_DESCRIPTOR_STDERR], STDERR_FILENO) < 0)
    return false;

  return !job->is_host ||
         (dup2 (from[RUNTIME_USE_JOB_DESCRIPTOR_HOST_INPUT], RUNTIME_USE_JOB_HOST_INPUT) >= 0 &&
          dup2 (from[RUNTIME_USE_JOB_DESCRIPTOR_HOST_OUTPUT], RUNTIME_USE_JOB_HOST_OUTPUT) >= 0);
}

/* Runs in the parent's memory while the parent stands still: system calls only. */
static void __attribute__ ((noreturn))
become_command (Job                 *job,
                RuntimeUseJobHeader *header,
                volatile int        *error)
{
  sigset_t none;

  /* Written by the command's own process, which may kill us as soon as it runs. */
  header->leader = (int32_t) getpid ();
  sigemptyset (&none);
  if (setsid () < 0 ||
      prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 ||
      setrlimit (RLIMIT_NOFILE, &job->descriptor_limit) != 0 ||
      !place_descriptors (job) ||
      sigprocmask (SIG_SETMASK, &none, NULL) != 0)
    {
      *error = errno;
      _exit (127);
    }
  /* Killed before the signal was asked for: nobody would end this one. */
  if (getppid () != job->parent)
    _exit (127);

  execve (job->shell, job->argv, job->environ);
  *error = errno;
  _exit (127);
}

static pid_t
start (Job                 *job,
       RuntimeUseJobHeader *header,
       int                 *error)
{
  volatile int child_error = 0;
  pid_t pid;

  job->parent = getpid ();
  pid = vfork ();
  if (pid == 0)
    become_command (job, header, &child_error);

  *error = pid < 0 ? errno : child_error;
  return pid;
}

static int
enter_directory (Job                 *job,
                 RuntimeUseJobReport *report)
{
  size_t length = 0;
  int error = 0;

  report->stage = RUNTIME_USE_JOB_STAGE_DIRECTORY;
  if (fchdir (job->descriptors[RUNTIME_USE_JOB_DESCRIPTOR_DIRECTORY]) != 0)
    error = errno;
  else if (job->cwd[0] != '\0')
    error = job_directory_enter (job->cwd, &length);
  report->length = (uint32_t) length;

  return error;
}

static pid_t
run_mapped (RuntimeUseJobHeader *header,
            const int           *descriptors,
            size_t               n_descriptors,
            RuntimeUseJobReport *report)
{
  Job job = {
    .descriptors = descriptors,
    .is_host = n_descriptors == RUNTIME_USE_JOB_N_HOST_DESCRIPTORS,
  };
  pid_t pid = -1;

  report->stage = RUNTIME_USE_JOB_STAGE_SETUP;
  report->error = job_read (&job, header);
  if (report->error == 0)
    report->error = enter_directory (&job, report);
  if (report->error == 0)
    {
      report->stage = RUNTIME_USE_JOB_STAGE_START;
      pid = start (&job, header, &report->error);
    }

  free (job.environ);
  free (job.argv);
  return pid;
}

static RuntimeUseJobHeader *
map_memory (size_t *size,
            int    *error)
{
  struct stat status;
  void *memory = MAP_FAILED;

  *error = EINVAL;
  if (fstat (RUNTIME_USE_JOB_MEMORY, &status) != 0 ||
      (size_t) status.st_size < sizeof (RuntimeUseJobHeader))
    return NULL;

  *size = (size_t) status.st_size;
  memory = mmap (NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, RUNTIME_USE_JOB_MEMORY, 0);
  *error = memory == MAP_FAILED ? errno : 0;

  return memory == MAP_FAILED ? NULL : memory;
}

static void
forget_memory (RuntimeUseJobHeader *header,
               size_t               size)
{
  int result = 0;

  memset (header + 1, 0, size - sizeof *header);
  munmap (header, size);
  /* A large environment need not stay until the next one. */
  if (size > KEPT_MEMORY)
    result = ftruncate (RUNTIME_USE_JOB_MEMORY, KEPT_MEMORY);

  (void) result;
}

/* Memory that cannot be mapped cannot be overwritten either. */
static void
drop_memory (void)
{
  int result = ftruncate (RUNTIME_USE_JOB_MEMORY, 0);

  (void) result;
}

/* Keeps nobody's file system busy while the command runs or this process waits for the next. */
static void
leave_directory (void)
{
  int result = chdir ("/");

  (void) result;
}

/* Starts the job that lies in the shared memory and wipes it from there. Returns the process, or
 * -1 with @report saying why. A process that could not become the shell is returned too, with the
 * error set: it has to be reaped. */
pid_t
job_spawn (const int           *descriptors,
           size_t               n_descriptors,
           RuntimeUseJobReport *report)
{
  RuntimeUseJobHeader *header;
  size_t size = 0;
  pid_t pid = -1;

  report->stage = RUNTIME_USE_JOB_STAGE_SETUP;
  header = map_memory (&size, &report->error);
  if (header != NULL)
    {
      report->error = header->size <= size ? 0 : EINVAL;
      if (report->error == 0)
        pid = run_mapped (header, descriptors, n_descriptors, report);
      forget_memory (header, size);
    }
  else
    {
      drop_memory ();
    }

  leave_directory ();
  return pid;
}
