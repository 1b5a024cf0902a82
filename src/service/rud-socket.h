/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

int rud_socket_try (const char *path);
