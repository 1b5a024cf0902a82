/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-options.h"

G_BEGIN_DECLS

int ruc_serve (RucOptions  *options,
               GError     **error);

G_END_DECLS
