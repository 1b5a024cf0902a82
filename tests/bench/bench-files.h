/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* A web server for files that costs next to nothing: what it hands out comes from memory without a
 * copy, and what is put there is compared if it is small, and only counted otherwise. It is there
 * until the process ends.
 */

#define BENCH_FILE_SIZE 4096

typedef struct BenchFiles BenchFiles;

typedef struct
{
  int n_whole;       /* small ones with the content that belongs to their name, and large ones */
  int n_wrong;
  long long n_bytes;
  int64_t last;      /* when the last one was answered */
} BenchPuts;

BenchFiles *bench_files_new      (void);
int         bench_files_get_port (BenchFiles *files);
BenchPuts   bench_files_get_puts (BenchFiles *files);
void        bench_files_serve    (BenchFiles *files,
                                  const void *content,
                                  size_t      size,
                                  long long   length);
void        bench_fill_file      (char        content[BENCH_FILE_SIZE],
                                  const char *name);
