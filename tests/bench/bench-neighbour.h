/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "bench-websocket.h"

/* Another session that asks for an echo over and over again, and so notices when the server does
 * not come round to it.
 */

typedef struct BenchNeighbour BenchNeighbour;

BenchNeighbour *bench_neighbour_new   (BenchLoop      *loop);
void            bench_neighbour_free  (BenchNeighbour *neighbour);
void            bench_neighbour_start (BenchNeighbour *neighbour);
double          bench_neighbour_stop  (BenchNeighbour *neighbour);
