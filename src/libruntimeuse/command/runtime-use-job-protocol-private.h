/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the library and the program that owns one command's process tree say to each other. Plain
 * C, because that program does without GLib. */

#pragma once

#include <stdint.h>

/* Descriptors that the program is started with. */
#define RUNTIME_USE_JOB_SOCKET 3
#define RUNTIME_USE_JOB_MEMORY 4

/* The grace period when the library itself is gone and nobody can name one. */
#define RUNTIME_USE_JOB_ORPHAN_GRACE 2000

/* Descriptors that travel with an order to run: the first ones with each, all of them when the
 * command is a host, which speaks with the library by two more. */
typedef enum
{
  RUNTIME_USE_JOB_DESCRIPTOR_STDOUT,
  RUNTIME_USE_JOB_DESCRIPTOR_STDERR,
  RUNTIME_USE_JOB_DESCRIPTOR_DIRECTORY,
  RUNTIME_USE_JOB_N_DESCRIPTORS,
  RUNTIME_USE_JOB_DESCRIPTOR_HOST_INPUT = RUNTIME_USE_JOB_N_DESCRIPTORS,
  RUNTIME_USE_JOB_DESCRIPTOR_HOST_OUTPUT,
  RUNTIME_USE_JOB_N_HOST_DESCRIPTORS,
} RuntimeUseJobDescriptor;

/* What these two are called in a host. */
#define RUNTIME_USE_JOB_HOST_INPUT 3
#define RUNTIME_USE_JOB_HOST_OUTPUT 4

typedef enum
{
  RUNTIME_USE_JOB_ORDER_RUN = 1,
  RUNTIME_USE_JOB_ORDER_END,
} RuntimeUseJobOrderKind;

typedef struct
{
  uint32_t kind;
  uint32_t grace; /* from TERM to KILL, milliseconds */
} RuntimeUseJobOrder;

/* The shared memory begins with this. Behind it: the working directory (may be empty), the shell
 * with its arguments, the command, and the variables, each with its terminating NUL. */
typedef struct
{
  uint64_t size;             /* of all this; the memory may be larger */
  uint64_t descriptor_limit; /* soft RLIMIT_NOFILE of the command */
  uint32_t n_shell;          /* at least 1; what comes before "-c" and the command */
  uint32_t n_variables;
  int32_t  leader;           /* written back, for the case that the program itself is killed */
  uint32_t padding;
} RuntimeUseJobHeader;

typedef enum
{
  RUNTIME_USE_JOB_REPORT_FAILED = 1 << 0, /* nothing was started; error, stage and length count */
  RUNTIME_USE_JOB_REPORT_LEADER = 1 << 1, /* the shell ended; status counts */
  RUNTIME_USE_JOB_REPORT_EMPTY = 1 << 2,  /* nothing of the job is left */
} RuntimeUseJobReportFlags;

typedef enum
{
  RUNTIME_USE_JOB_STAGE_SUPERVISOR, /* the program could not set itself up */
  RUNTIME_USE_JOB_STAGE_CHILDREN,   /* nor see the children of processes in /proc */
  RUNTIME_USE_JOB_STAGE_SETUP,
  RUNTIME_USE_JOB_STAGE_DIRECTORY,
  RUNTIME_USE_JOB_STAGE_START,
} RuntimeUseJobStage;

typedef struct
{
  uint32_t flags;
  int32_t  status; /* as from waitpid */
  int32_t  error;
  uint32_t stage;
  uint32_t length; /* how much of the working directory's name the error is about */
} RuntimeUseJobReport;
