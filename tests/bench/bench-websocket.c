/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-measure.h"

#define FIRST_CAPACITY 1024
#define READ_SIZE (256 * 1024)
#define EVENTS_PER_WAIT 256
#define MAX_HEADER 14

#define OPCODE_TEXT 0x1
#define OPCODE_CLOSE 0x8
#define OPCODE_PING 0x9
#define OPCODE_PONG 0xa

struct BenchLoop
{
  int epoll_fd;
  bool stopped;
  char handshake[512];
  size_t handshake_length;
  struct sockaddr_in address;
};

BenchLoop *
bench_loop_new (int port)
{
  BenchLoop *loop = calloc (1, sizeof *loop);

  loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  loop->address.sin_family = AF_INET;
  loop->address.sin_port = htons ((uint16_t) port);
  loop->address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  loop->handshake_length = (size_t) snprintf (loop->handshake, sizeof loop->handshake,
                                              "GET / HTTP/1.1\r\n"
                                              "Host: 127.0.0.1:%d\r\n"
                                              "Upgrade: websocket\r\n"
                                              "Connection: Upgrade\r\n"
                                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                              "Sec-WebSocket-Version: 13\r\n"
                                              "\r\n",
                                              port);

  return loop;
}

void
bench_loop_free (BenchLoop *loop)
{
  close (loop->epoll_fd);
  free (loop);
}

void
bench_loop_stop (BenchLoop *loop)
{
  loop->stopped = true;
}

BenchConnection *
bench_connection_new (BenchLoop         *loop,
                      const BenchEvents *events,
                      void              *data)
{
  BenchConnection *connection = calloc (1, sizeof *connection);
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = connection };
  int on = 1;

  connection->loop = loop;
  connection->events = events;
  connection->data = data;
  connection->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection->fd < 0)
    bench_fail ("cannot make a socket: %s", strerror (errno));
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection->stamp = bench_now ();

  if (connect (connection->fd, (struct sockaddr *) &loop->address, sizeof loop->address) != 0 &&
      errno != EINPROGRESS)
    bench_fail ("cannot connect: %s", strerror (errno));
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);

  return connection;
}

/* Without a closing handshake, and with a reset, so that no port stays in TIME-WAIT. */
void
bench_connection_free (BenchConnection *connection)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  setsockopt (connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close (connection->fd);
  free (connection->buffer);
  free (connection);
}

static void
write_all (BenchConnection *connection,
           const char      *bytes,
           size_t           length)
{
  while (length > 0)
    {
      ssize_t written = send (connection->fd, bytes, length, MSG_NOSIGNAL);

      if (written < 0 && errno == EAGAIN)
        {
          struct pollfd wait = { connection->fd, POLLOUT, 0 };

          poll (&wait, 1, 1000);
          continue;
        }
      if (written < 0)
        bench_fail ("cannot send: %s", strerror (errno));
      bytes += written;
      length -= (size_t) written;
    }
}

static void
send_frame (BenchConnection *connection,
            int              opcode,
            const char      *payload,
            size_t           length)
{
  static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
  char *frame = malloc (MAX_HEADER + length);
  size_t header = 2;

  frame[0] = (char) (0x80 | opcode);
  if (length < 126)
    {
      frame[1] = (char) (0x80 | length);
    }
  else if (length < 65536)
    {
      frame[1] = (char) (0x80 | 126);
      frame[2] = (char) (length >> 8);
      frame[3] = (char) length;
      header = 4;
    }
  else
    {
      frame[1] = (char) (0x80 | 127);
      for (int i = 0; i < 8; i++)
        frame[2 + i] = (char) ((uint64_t) length >> (8 * (7 - i)));
      header = 10;
    }

  memcpy (frame + header, mask, sizeof mask);
  header += sizeof mask;
  for (size_t i = 0; i < length; i++)
    frame[header + i] = (char) (payload[i] ^ mask[i % 4]);

  write_all (connection, frame, header + length);
  free (frame);
}

void
bench_connection_send_text (BenchConnection *connection,
                            const char      *text,
                            size_t           length)
{
  send_frame (connection, OPCODE_TEXT, text, length);
}

static void
make_room (BenchConnection *connection,
           size_t           wanted)
{
  size_t used = connection->end - connection->start;

  if (connection->capacity - connection->end >= wanted)
    return;

  if (connection->start > 0)
    {
      memmove (connection->buffer, connection->buffer + connection->start, used);
      connection->start = 0;
      connection->end = used;
    }
  if (connection->capacity - connection->end < wanted)
    {
      connection->capacity = connection->end + wanted;
      connection->buffer = realloc (connection->buffer, connection->capacity);
    }
}

/* A client that does not read leaves what the server sends in the kernel, until that is full. */
void
bench_connection_set_reading (BenchConnection *connection,
                              bool             reading)
{
  struct epoll_event event = { .events = reading ? EPOLLIN : 0, .data.ptr = connection };

  epoll_ctl (connection->loop->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

/* Whether the buffer held the whole answer to the upgrade. */
static bool
take_handshake (BenchConnection *connection)
{
  static const char ok[] = "HTTP/1.1 101 ";
  char *text = connection->buffer + connection->start;
  size_t length = connection->end - connection->start;
  char *end = memmem (text, length, "\r\n\r\n", 4);

  if (end == NULL)
    return false;
  if (length < sizeof ok - 1 || memcmp (text, ok, sizeof ok - 1) != 0)
    bench_fail ("the server refused the upgrade: %.*s", (int) (end - text), text);

  connection->start += (size_t) (end - text) + 4;
  connection->open = true;
  if (connection->events->opened != NULL)
    connection->events->opened (connection);

  return true;
}

/* Gets the size of the header and of the payload, or false if they are not all there. */
static bool
peek_frame (const BenchConnection *connection,
            size_t                *header,
            size_t                *length)
{
  const unsigned char *bytes = (const unsigned char *) connection->buffer + connection->start;
  size_t available = connection->end - connection->start;

  if (available < 2)
    return false;

  *length = bytes[1] & 0x7f;
  *header = *length == 126 ? 4 : *length == 127 ? 10 : 2;
  if (available < *header)
    return false;

  if (*header > 2)
    {
      *length = 0;
      for (size_t i = 2; i < *header; i++)
        *length = (*length << 8) | bytes[i];
    }

  return true;
}

static bool
take_frame (BenchConnection *connection)
{
  size_t header, length;
  char *frame;
  int opcode;

  if (!peek_frame (connection, &header, &length))
    return false;
  if (connection->end - connection->start < header + length)
    {
      make_room (connection, header + length - (connection->end - connection->start));
      return false;
    }

  frame = connection->buffer + connection->start;
  opcode = frame[0] & 0xf;
  connection->start += header + length;

  if (opcode == OPCODE_TEXT)
    connection->events->message (connection, frame + header, length);
  else if (opcode == OPCODE_PING)
    send_frame (connection, OPCODE_PONG, frame + header, length);
  else if (opcode == OPCODE_CLOSE && connection->events->closed != NULL)
    connection->events->closed (connection);
  else if (opcode == OPCODE_CLOSE)
    bench_fail ("the server closed a connection with code %d",
                length < 2 ? 1005 : (unsigned char) frame[header] * 256 +
                                    (unsigned char) frame[header + 1]);

  return true;
}

/* An idle connection keeps a small buffer; the first full one says that it is busy. */
static void
receive (BenchConnection *connection)
{
  size_t room;
  ssize_t n_read;

  make_room (connection, connection->capacity > FIRST_CAPACITY ? READ_SIZE / 4 : FIRST_CAPACITY);
  room = connection->capacity - connection->end;
  n_read = recv (connection->fd, connection->buffer + connection->end, room, 0);
  if (n_read < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n_read <= 0)
    bench_fail ("the server hung up: %s", n_read < 0 ? strerror (errno) : "end of stream");

  connection->end += (size_t) n_read;
  if ((size_t) n_read == room && connection->capacity < READ_SIZE)
    make_room (connection, READ_SIZE);
  if (!connection->open && !take_handshake (connection))
    return;
  while (take_frame (connection))
    ;
  if (connection->start == connection->end)
    connection->start = connection->end = 0;
}

static void
start_handshake (BenchLoop       *loop,
                 BenchConnection *connection)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
  int error = 0;
  socklen_t size = sizeof error;

  getsockopt (connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    bench_fail ("cannot connect: %s", strerror (error));

  write_all (connection, loop->handshake, loop->handshake_length);
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

/**
 * bench_loop_run:
 * @loop: a loop
 * @timeout_ms: when to give up
 *
 * Serves all connections until bench_loop_stop() is called.
 */
void
bench_loop_run (BenchLoop *loop,
                int        timeout_ms)
{
  struct epoll_event events[EVENTS_PER_WAIT];
  int64_t deadline = bench_now () + (int64_t) timeout_ms * 1000000;

  loop->stopped = false;
  while (!loop->stopped)
    {
      int64_t left = (deadline - bench_now ()) / 1000000;
      int n_events;

      if (left < 0)
        bench_fail ("no end after %d ms", timeout_ms);
      n_events = epoll_wait (loop->epoll_fd, events, EVENTS_PER_WAIT, (int) left + 1);
      for (int i = 0; i < n_events; i++)
        {
          if (events[i].events & EPOLLOUT)
            start_handshake (loop, events[i].data.ptr);
          if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            receive (events[i].data.ptr);
        }
    }
}
