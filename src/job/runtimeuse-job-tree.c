/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse-job-tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* All descendants of this process, nearest first. Because this process is a subreaper, whatever
 * leaves its parent becomes our own child, so nobody can leave the tree; one may only slip away
 * while the list is being made, and is then found by the next one. */
typedef struct
{
  pid_t  *pids;
  size_t  length;
  size_t  allocated;
} PidList;

static void
pid_list_add (PidList *list,
              pid_t    pid)
{
  if (list->length == list->allocated)
    {
      size_t allocated = list->allocated == 0 ? 256 : list->allocated * 2;
      pid_t *pids = realloc (list->pids, allocated * sizeof (pid_t));

      /* What does not fit now is met again by the next walk. */
      if (pids == NULL)
        return;
      list->pids = pids;
      list->allocated = allocated;
    }

  list->pids[list->length++] = pid;
}

static void
add_numbers (PidList *list,
             int      fd)
{
  char buffer[4096];
  long number = 0;
  ssize_t length;

  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    for (ssize_t i = 0; i < length; i++)
      {
        if (buffer[i] >= '0' && buffer[i] <= '9')
          {
            number = number * 10 + (buffer[i] - '0');
            continue;
          }
        /* 0 and 1 stand for our own group and for everybody in what follows. */
        if (number > 1)
          pid_list_add (list, (pid_t) number);
        number = 0;
      }
}

static void
add_children_of_task (PidList    *list,
                      int         tasks,
                      const char *name)
{
  char path[64];
  int fd;

  snprintf (path, sizeof path, "%.32s/children", name);
  fd = openat (tasks, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;

  add_numbers (list, fd);
  close (fd);
}

static void
add_children (PidList *list,
              pid_t    pid)
{
  char path[64];
  struct dirent *entry;
  DIR *tasks;

  snprintf (path, sizeof path, "/proc/%ld/task", (long) pid);
  tasks = opendir (path);
  if (tasks == NULL)
    return;

  while ((entry = readdir (tasks)) != NULL)
    if (entry->d_name[0] != '.')
      add_children_of_task (list, dirfd (tasks), entry->d_name);

  closedir (tasks);
}

static void
walk (PidList *list,
      bool     kill_at_once)
{
  add_children (list, getpid ());
  for (size_t i = 0; i < list->length; i++)
    {
      if (kill_at_once)
        kill (list->pids[i], SIGKILL);
      add_children (list, list->pids[i]);
    }
}

static void
ask (const PidList *list,
     pid_t          except)
{
  for (size_t i = 0; i < list->length; i++)
    if (list->pids[i] != except)
      kill (list->pids[i], SIGTERM);
  /* A stopped process takes notice only when it goes on. */
  for (size_t i = 0; i < list->length; i++)
    if (list->pids[i] != except)
      kill (list->pids[i], SIGCONT);
}

/* Asks every process of the tree to end. Parents come first: a shell whose child ends first would
 * go on to its next line. */
void
job_tree_terminate (void)
{
  PidList list = { 0 };

  walk (&list, false);
  ask (&list, 0);
  free (list.pids);
}

/* Asks those once more whose parent has ended: they may have been started while the list was made,
 * or may have still been copies of a shell that only took a note of the signal. Whoever has a
 * parent is left alone, for it may be cleaning up. */
void
job_tree_terminate_orphans (pid_t leader)
{
  PidList list = { 0 };

  add_children (&list, getpid ());
  ask (&list, leader);
  free (list.pids);
}

/* Kills what can be seen of the tree. To be repeated until no child is left. */
void
job_tree_kill (void)
{
  PidList list = { 0 };

  walk (&list, true);
  free (list.pids);
}
