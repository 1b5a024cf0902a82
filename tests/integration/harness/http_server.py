# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTTP server on loopback, in threads of its own."""

import http.server
import threading


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
