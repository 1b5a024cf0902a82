/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-mailbox-private.h"

/*
 * What the thread of a file server tells is carried to the main context of who wants to know, one
 * letter for each piece of news, in their order. The thread outlives its reader at times, so what
 * it holds of that is weak.
 */

/* What the thread of the server knows of its owner. */
typedef struct
{
  GMainContext                     *context;
  const RuntimeUseFileMailboxOwner *owner;
  GWeakRef                          owner_data;
} Mailbox;

typedef struct
{
  Mailbox             *mailbox;
  guint                index;
  RuntimeUseFileEvent  event;
  guint64              received;
  guint64              total;
  char                *error;     /* (nullable) */
} Letter;

static void
mailbox_clear (gpointer data)
{
  Mailbox *mailbox = data;

  g_weak_ref_clear (&mailbox->owner_data);
  g_main_context_unref (mailbox->context);
}

static void
mailbox_release (gpointer data)
{
  g_atomic_rc_box_release_full (data, mailbox_clear);
}

static void
letter_free (Letter *letter)
{
  mailbox_release (letter->mailbox);
  g_free (letter->error);
  g_free (letter);
}

static void
post (Mailbox        *mailbox,
      GSourceFunc     func,
      gpointer        data,
      GDestroyNotify  destroy)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_set_static_name (source, "RuntimeUseFileExchange");
  g_source_attach (source, mailbox->context);
}

static gboolean
deliver_cb (gpointer user_data)
{
  Letter *letter = user_data;
  g_autoptr(GObject) owner_data = g_weak_ref_get (&letter->mailbox->owner_data);

  if (owner_data != NULL)
    letter->mailbox->owner->file (owner_data, letter->index, letter->event, letter->received,
                                  letter->total, letter->error);

  return G_SOURCE_REMOVE;
}

static void
file_event (gpointer             user_data,
            guint                index,
            RuntimeUseFileEvent  event,
            guint64              received,
            guint64              total,
            const char          *error)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->mailbox = g_atomic_rc_box_acquire (user_data);
  letter->index = index;
  letter->event = event;
  letter->received = received;
  letter->total = total;
  letter->error = g_strdup (error);
  post (user_data, deliver_cb, letter, (GDestroyNotify) letter_free);
}

static gboolean
gone_cb (gpointer user_data)
{
  Mailbox *mailbox = user_data;
  g_autoptr(GObject) owner_data = g_weak_ref_get (&mailbox->owner_data);

  if (owner_data != NULL)
    mailbox->owner->gone (owner_data);

  return G_SOURCE_REMOVE;
}

/* In whatever thread was the last. */
static void
server_gone (gpointer user_data)
{
  post (user_data, gone_cb, user_data, mailbox_release);
}

RuntimeUseFileServer *
_runtime_use_file_mailbox_new_server (guint64                            max_size,
                                      GMainContext                      *context,
                                      const RuntimeUseFileMailboxOwner  *owner,
                                      gpointer                           owner_data,
                                      GError                           **error)
{
  Mailbox *mailbox = g_atomic_rc_box_new0 (Mailbox);

  mailbox->context = g_main_context_ref (context);
  mailbox->owner = owner;
  g_weak_ref_init (&mailbox->owner_data, owner_data);

  return _runtime_use_file_server_new (max_size, file_event, mailbox, server_gone, error);
}
