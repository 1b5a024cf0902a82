# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTTP server on loopback, in threads of its own."""

import http.server
import io
import threading
import zipfile

from .processes import PATIENCE

SIZE = 3000000
HALF = SIZE // 2


class HttpServer(http.server.ThreadingHTTPServer):
    """Serves until the end of its with block."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(('127.0.0.1', 0), handler)
        self.url = f'http://127.0.0.1:{self.server_port}'
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def __exit__(self, *arguments):
        self.shutdown()
        self.thread.join()
        super().__exit__(*arguments)


class Halves(HttpServer):
    """Sends half of a file, and the rest when it is told to."""

    def __init__(self):
        super().__init__(HalvesHandler)
        self.go_on = threading.Event()

    def __exit__(self, *arguments):
        self.go_on.set()
        super().__exit__(*arguments)


class HalvesHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', str(SIZE))
        self.end_headers()
        self.wfile.write(b'x' * HALF)
        assert self.server.go_on.wait(20 * PATIENCE)
        self.wfile.write(b'x' * (SIZE - HALF))

    def log_message(self, *arguments):
        pass


class ZipServer(HttpServer):
    """Has an archive that takes a while to unpack, for it has many members."""

    def __init__(self, n_members):
        super().__init__(ZipHandler)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, 'w') as members:
            for number in range(n_members):
                members.writestr(f'{number % 100}/{number}', str(number))
        self.content = archive.getvalue()


class ZipHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *arguments):
        pass
