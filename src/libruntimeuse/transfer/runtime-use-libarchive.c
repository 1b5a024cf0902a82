/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-libarchive-private.h"

#include <dlfcn.h>

#include "runtime-use-error.h"

/* The interface that libarchive has had since version 3. */
#define LIBRARY "libarchive.so.13"

RuntimeUseLibarchive _runtime_use_libarchive;

static gboolean
find_functions (void)
{
  void *library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
  gboolean success = library != NULL;

#define FIND(name) \
  if (success) \
    success = (*(void **) &_runtime_use_libarchive.name = dlsym (library, #name)) != NULL;

  RUNTIME_USE_LIBARCHIVE_FUNCTIONS (FIND)
#undef FIND

  return success;
}

gboolean
_runtime_use_libarchive_load (GError **error)
{
  static GMutex mutex;
  static gboolean is_loaded;
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);

  if (!is_loaded)
    is_loaded = find_functions ();
  if (!is_loaded)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
                 "%s; archives need libarchive 3.6, on Debian: apt-get install libarchive13",
                 dlerror ());

  return is_loaded;
}
