# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where artifacts go: an HTTP server on loopback that keeps what is put there."""

import http.server
import threading
from urllib.parse import unquote, urlsplit


class Receiver:
    """Answers PUT with a status, and keeps the bodies by their path."""

    def __init__(self):
        self.files = {}
        self.requests = []
        self.statuses = {}
        self.arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_PUT(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                path = unquote(urlsplit(self.path).path)
                with receiver.arrived:
                    receiver.requests.append((path, dict(self.headers)))
                    status = receiver.statuses.get(path, 200)
                    if status == 200:
                        receiver.files[path] = body
                    receiver.arrived.notify_all()
                self.send_response(status)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f'http://127.0.0.1:{self.server.server_port}'

    def wait_for(self, path, timeout):
        with self.arrived:
            assert self.arrived.wait_for(lambda: path in self.files, timeout), \
                f'{path} did not arrive; there is {list(self.files)}'
            return self.files[path]

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
