/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "runtime-use-enums.h"
#include "runtime-use-error.h"
#include "runtime-use-version-macros.h"
