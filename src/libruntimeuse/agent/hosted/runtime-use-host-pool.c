/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-host-pool-private.h"

/*
 * Knows which hosts there are, which of them can serve one more invocation, and ends them
 * together. When to start another one, and who is served first, is decided elsewhere.
 */

/* A host and how many it serves. */
typedef struct
{
  RuntimeUseHost *host;
  guint           n_running;
} HostSlot;

struct _RuntimeUseHostPool
{
  GPtrArray *slots;   /* HostSlot */
};

static void
host_slot_free (HostSlot *slot)
{
  _runtime_use_host_disown (slot->host);
  g_object_unref (slot->host);
  g_free (slot);
}

RuntimeUseHostPool *
_runtime_use_host_pool_new (void)
{
  RuntimeUseHostPool *self = g_new0 (RuntimeUseHostPool, 1);

  self->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) host_slot_free);

  return self;
}

void
_runtime_use_host_pool_free (RuntimeUseHostPool *self)
{
  g_ptr_array_unref (self->slots);
  g_free (self);
}

static HostSlot *
find_slot (RuntimeUseHostPool *self,
           RuntimeUseHost     *host)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      if (slot->host == host)
        return slot;
    }

  return NULL;
}

void
_runtime_use_host_pool_add (RuntimeUseHostPool *self,
                            RuntimeUseHost     *host)
{
  HostSlot *slot = g_new0 (HostSlot, 1);

  slot->host = host;
  g_ptr_array_add (self->slots, slot);
}

void
_runtime_use_host_pool_remove (RuntimeUseHostPool *self,
                               RuntimeUseHost     *host)
{
  g_ptr_array_remove (self->slots, find_slot (self, host));
}

/* @host may be NULL, or gone. */
gboolean
_runtime_use_host_pool_contains (RuntimeUseHostPool *self,
                                 RuntimeUseHost     *host)
{
  return find_slot (self, host) != NULL;
}

guint
_runtime_use_host_pool_get_size (RuntimeUseHostPool *self)
{
  return self->slots->len;
}

guint
_runtime_use_host_pool_count_starting (RuntimeUseHostPool *self)
{
  guint n_starting = 0;

  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      if (!_runtime_use_host_is_ready (slot->host) && !_runtime_use_host_is_ending (slot->host))
        n_starting++;
    }

  return n_starting;
}

gboolean
_runtime_use_host_pool_has_live (RuntimeUseHostPool *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      if (!_runtime_use_host_is_ending (slot->host))
        return TRUE;
    }

  return FALSE;
}

gboolean
_runtime_use_host_pool_has_ready (RuntimeUseHostPool *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      if (_runtime_use_host_is_ready (slot->host) && !_runtime_use_host_is_ending (slot->host))
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_room (HostSlot *slot)
{
  return _runtime_use_host_is_ready (slot->host) && !_runtime_use_host_is_ending (slot->host) &&
         slot->n_running < _runtime_use_host_get_abilities (slot->host)->concurrent;
}

/* The host that has most room left serves one more. NULL if none has room. */
RuntimeUseHost *
_runtime_use_host_pool_occupy (RuntimeUseHostPool *self)
{
  HostSlot *best = NULL;

  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      if (has_room (slot) && (best == NULL || slot->n_running < best->n_running))
        best = slot;
    }

  if (best == NULL)
    return NULL;

  best->n_running++;

  return best->host;
}

/* The host serves one less. Returns FALSE if it is none of ours any more, or NULL. */
gboolean
_runtime_use_host_pool_vacate (RuntimeUseHostPool *self,
                               RuntimeUseHost     *host)
{
  HostSlot *slot = find_slot (self, host);

  if (slot == NULL)
    return FALSE;

  slot->n_running--;

  return TRUE;
}

/* Asks all to end. Each is there until it is removed. */
void
_runtime_use_host_pool_hang_up (RuntimeUseHostPool *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      _runtime_use_host_hang_up (slot->host);
    }
}

/* Ends all, and tells nobody of it. */
void
_runtime_use_host_pool_kill (RuntimeUseHostPool *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      HostSlot *slot = g_ptr_array_index (self->slots, i);

      _runtime_use_host_disown (slot->host);
      _runtime_use_host_kill (slot->host, NULL);
    }
  g_ptr_array_set_size (self->slots, 0);
}
