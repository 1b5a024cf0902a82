# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where artifacts go: an HTTP server on loopback that keeps what is put there."""

import http.server
import threading
from urllib.parse import unquote, urlsplit


class Receiver:
    """Answers PUT with a status, and keeps the bodies by their path.

    A body that does not come whole is none, as with any storage service. The callable begin is told
    before a body is read. The callable trouble is asked before each answer, and gives its status or
    None to close the connection instead.
    """

    def __init__(self, trouble=None, begin=None):
        self.files = {}
        self.bodies = []
        self.requests = []
        self.statuses = {}
        self.headers = {}
        self.running = 0
        self.most_running = 0
        self.trouble = trouble or (lambda path, status: status)
        self.begin = begin or (lambda path: None)
        self.arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_PUT(self):
                path = unquote(urlsplit(self.path).path)
                with receiver.arrived:
                    receiver.requests.append((path, dict(self.headers)))
                    receiver.running += 1
                    receiver.most_running = max(receiver.most_running, receiver.running)
                status = receiver.take(path, self.rfile, int(self.headers['Content-Length']))
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                for header in receiver.headers.items():
                    self.send_header(*header)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f'http://127.0.0.1:{self.server.server_port}'

    def read(self, stream, length):
        """Return what is to be kept of a body, or None if it does not come whole."""
        body = stream.read(length)
        return body if len(body) == length else None

    def take(self, path, stream, length):
        """Return the status of the answer, or None for none."""
        self.begin(path)
        try:
            body = self.read(stream, length)
        except ConnectionError:
            body = None
        status = self.trouble(path, self.statuses.get(path, 200))
        with self.arrived:
            self.running -= 1
            if body is None:
                status = None
            if status == 200:
                self.files[path] = body
                self.bodies.append((path, body))
            self.arrived.notify_all()
        return status

    def wait_for(self, path, timeout):
        with self.arrived:
            assert self.arrived.wait_for(lambda: path in self.files, timeout), \
                f'{path} did not arrive; there is {list(self.files)}'
            return self.files[path]

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
