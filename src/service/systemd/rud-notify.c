/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-notify.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESS_VARIABLE "NOTIFY_SOCKET"
#define WATCHDOG_VARIABLE "WATCHDOG_USEC"
#define WATCHDOG_PID_VARIABLE "WATCHDOG_PID"

/* The manager may be busy; what it has to know is sent again after that. */
#define RETRY_MS 50

/* Seconds for requests when we end, if nobody says how many. The manager is told of them, and its
 * unit is made for that; whoever else sends a signal expects us to be gone.
 */
#define DRAIN_TIMEOUT 20

/* Seconds from when requests have ended, or are cancelled, to the end of the process. */
#define STOP_MARGIN 10

/* How soon a state that changes all the time is told again. */
#define FOLLOW_MS 1000

/* For the longest text that is shown in one line. */
#define STATUS_LIMIT 256

/* What is not sent yet. */
typedef enum
{
  NEWS_READY = 1 << 0,
  NEWS_STATUS = 1 << 1,
  NEWS_STOPPING = 1 << 2,
} News;

struct _RudNotify
{
  int                 fd;          /* -1: nobody asked */
  struct sockaddr_un  address;
  socklen_t           address_size;
  guint               unsent;      /* News */
  char               *status;      /* (nullable) */
  guint               seconds;     /* that requests have when we stop */
  gint64              watchdog;    /* µs between two signs of life; 0: none are wanted */
  guint               watchdog_id;
  guint               retry_id;
  RudStatus          *followed;    /* (nullable) */
  gulong              changed_id;
  guint               follow_id;
};

static char *
take_variable (const char *name)
{
  char *value = g_strdup (g_getenv (name));

  g_unsetenv (name);

  return value;
}

/* Names that begin with "@" are not in the file system. */
static gboolean
set_address (RudNotify  *self,
             const char *name)
{
  gsize length = strlen (name);

  if ((name[0] != '/' && name[0] != '@') || length < 2 ||
      length >= sizeof self->address.sun_path)
    return FALSE;

  self->address.sun_family = AF_UNIX;
  memcpy (self->address.sun_path, name, length);
  if (name[0] == '@')
    self->address.sun_path[0] = '\0';
  self->address_size = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length);
  /* That of a file ends with its NUL. */
  if (name[0] == '/')
    self->address_size++;

  return TRUE;
}

static void
open_socket (RudNotify *self)
{
  g_autofree char *name = take_variable (ADDRESS_VARIABLE);

  if (name == NULL || *name == '\0')
    return;

  if (!set_address (self, name))
    {
      g_warning (_("%s: %s is no address that can be told anything; it must begin with / or @ and "
                   "be shorter than %zu bytes"),
                 ADDRESS_VARIABLE, name, sizeof self->address.sun_path);
      return;
    }

  self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->fd < 0)
    g_warning ("%s: %s", ADDRESS_VARIABLE, g_strerror (errno));
}

/* Another process that was started with our environment is not watched. */
static void
read_watchdog (RudNotify *self)
{
  g_autofree char *pid_text = take_variable (WATCHDOG_PID_VARIABLE);
  g_autofree char *text = take_variable (WATCHDOG_VARIABLE);
  g_autoptr(GError) error = NULL;
  guint64 pid = 0;
  guint64 interval = 0;

  if (text == NULL || self->fd < 0)
    return;
  if (pid_text != NULL &&
      (!g_ascii_string_to_unsigned (pid_text, 10, 1, G_MAXINT, &pid, NULL) ||
       pid != (guint64) getpid ()))
    return;

  if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &interval, &error))
    self->watchdog = (gint64) interval;
  else
    g_warning ("%s: %s", WATCHDOG_VARIABLE, error->message);
}

/* Reads, and removes, what the service manager has put into the environment. Never fails: without
 * a manager there is nobody to tell. */
RudNotify *
rud_notify_new (void)
{
  RudNotify *self = g_new0 (RudNotify, 1);

  self->fd = -1;
  open_socket (self);
  read_watchdog (self);

  return self;
}

static void
stop_following (RudNotify *self)
{
  g_clear_handle_id (&self->follow_id, g_source_remove);
  if (self->followed != NULL)
    g_clear_signal_handler (&self->changed_id, self->followed);
  g_clear_object (&self->followed);
}

void
rud_notify_free (RudNotify *self)
{
  stop_following (self);
  g_clear_handle_id (&self->watchdog_id, g_source_remove);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->status);
  g_free (self);
}

gboolean
rud_notify_is_wanted (RudNotify *self)
{
  return self->fd >= 0;
}

/* What is different, unless it is set in @config, where a manager asked to be told. */
void
rud_notify_set_defaults (RudNotify *self,
                         RudConfig *config)
{
  if (rud_notify_is_wanted (self))
    rud_config_set_default (config, "drain-timeout", DRAIN_TIMEOUT, ADDRESS_VARIABLE);
}

static gboolean
send_text (RudNotify  *self,
           const char *text)
{
  gssize sent;

  do
    sent = sendto (self->fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT,
                   (struct sockaddr *) &self->address, self->address_size);
  while (sent < 0 && errno == EINTR);

  return sent >= 0;
}

static char *
write_news (RudNotify *self)
{
  GString *text = g_string_new (NULL);

  if (self->unsent & NEWS_READY)
    g_string_append (text, "READY=1\n");
  if (self->unsent & NEWS_STOPPING)
    g_string_append (text, "STOPPING=1\n");
  if ((self->unsent & NEWS_STOPPING) && self->seconds > 0)
    g_string_append_printf (text, "EXTEND_TIMEOUT_USEC=%" G_GUINT64_FORMAT "\n",
                            ((guint64) self->seconds + STOP_MARGIN) * G_TIME_SPAN_SECOND);
  if ((self->unsent & NEWS_STATUS) && self->status != NULL)
    g_string_append_printf (text, "STATUS=%s\n", self->status);

  return g_string_free (text, FALSE);
}

static gboolean flush_cb (gpointer user_data);

/* What cannot be sent now is sent, with what came since, a little later. */
static void
flush (RudNotify *self)
{
  g_autofree char *text = NULL;

  if (self->fd < 0 || self->unsent == 0 || self->retry_id != 0)
    return;

  text = write_news (self);
  if (send_text (self, text))
    {
      self->unsent = 0;
      return;
    }

  if (errno == EAGAIN || errno == ENOBUFS)
    {
      self->retry_id = g_timeout_add (RETRY_MS, flush_cb, self);
      return;
    }

  g_warning (_("Cannot tell the service manager: %s"), g_strerror (errno));
  self->unsent = 0;
}

static gboolean
flush_cb (gpointer user_data)
{
  RudNotify *self = user_data;

  self->retry_id = 0;
  flush (self);

  return G_SOURCE_REMOVE;
}

/* A line break would begin another message. */
static gboolean
set_status (RudNotify  *self,
            const char *status)
{
  g_autofree char *line = NULL;

  if (status == NULL)
    return FALSE;

  line = g_utf8_make_valid (status, (gssize) strnlen (status, STATUS_LIMIT));
  g_strdelimit (line, "\n\r", ' ');
  if (g_strcmp0 (line, self->status) == 0)
    return FALSE;

  g_free (self->status);
  self->status = g_steal_pointer (&line);
  self->unsent |= NEWS_STATUS;

  return TRUE;
}

static gboolean
watchdog_cb (gpointer user_data)
{
  RudNotify *self = user_data;

  /* The next one comes in time, so this one may be lost. */
  if (!send_text (self, "WATCHDOG=1\n"))
    g_debug ("Cannot tell the service manager that we live: %s", g_strerror (errno));

  return G_SOURCE_CONTINUE;
}

/* From now on the manager is shown @status, and the signs of life that it asked for: as often
 * again, so that one may be late. They come from the main context, so one that hangs is noticed. */
void
rud_notify_ready (RudNotify  *self,
                  const char *status)
{
  set_status (self, status);
  self->unsent |= NEWS_READY;
  flush (self);

  if (self->watchdog > 0 && self->watchdog_id == 0)
    {
      gint64 interval = CLAMP (self->watchdog / 2 / 1000, 1, G_MAXINT);

      self->watchdog_id = g_timeout_add ((guint) interval, watchdog_cb, self);
    }
}

/* One line that people see, for example: 2 sessions. Costs nothing when it has not changed. */
void
rud_notify_status (RudNotify  *self,
                   const char *status)
{
  if (self->fd >= 0 && set_status (self, status))
    flush (self);
}

static void
tell_numbers (RudNotify *self)
{
  guint n_sessions = rud_status_get_n_sessions (self->followed);
  guint n_requests = rud_status_get_n_active_requests (self->followed);
  g_autofree char *sessions = NULL;
  g_autofree char *requests = NULL;
  g_autofree char *text = NULL;

  sessions = g_strdup_printf (ngettext ("%u session", "%u sessions", n_sessions), n_sessions);
  requests = g_strdup_printf (ngettext ("%u request at work", "%u requests at work", n_requests),
                              n_requests);
  text = g_strconcat (sessions, ", ", requests, NULL);
  rud_notify_status (self, text);
}

static gboolean
follow_cb (gpointer user_data)
{
  RudNotify *self = user_data;

  self->follow_id = 0;
  tell_numbers (self);

  return G_SOURCE_REMOVE;
}

static void
changed_cb (RudStatus *status,
            RudNotify *self)
{
  if (self->follow_id == 0)
    self->follow_id = g_timeout_add (FOLLOW_MS, follow_cb, self);
}

/* Tells how many sessions there are, and how many requests, once a second at most and until we
 * stop. Without anybody who asked, nothing is followed. */
void
rud_notify_follow (RudNotify *self,
                   RudStatus *status)
{
  stop_following (self);
  if (self->fd < 0)
    return;

  self->followed = g_object_ref (status);
  self->changed_id = g_signal_connect (status, "changed", G_CALLBACK (changed_cb), self);
  tell_numbers (self);
}

/* To be called as the first thing when we begin to end. What runs is given @seconds; with 0 the end
 * takes no longer than the manager expects anyway. */
void
rud_notify_stopping (RudNotify  *self,
                     const char *status,
                     guint       seconds)
{
  stop_following (self);
  set_status (self, status);
  self->unsent |= NEWS_STOPPING;
  self->seconds = seconds;
  flush (self);
}
