"""A static host for the built app, with the service's content security policy and a log of what it sends.

`python tests/support/app_server.py FOLDER [PORT]` serves a folder by hand.
"""

import functools
import http.server
import sys
import threading
from pathlib import Path

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
PAGE_POLICY = POLICY.replace("connect-src 'self'", "connect-src 'self' http: https:")  # for ?model=


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".webmanifest": "application/manifest+json",
        ".bin": "application/octet-stream",
    }

    def end_headers(self) -> None:
        if self.server.has_policy:
            self._send_policy()
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.server.allows_origins:
            self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def _send_policy(self) -> None:
        is_page = self.path.partition("?")[0].endswith(("/", "/index.html"))
        self.send_header("Content-Security-Policy", PAGE_POLICY if is_page else POLICY)

    def copyfile(self, source, outputfile) -> None:
        data = source.read()
        self.server.sent.append((self.path, len(data)))
        outputfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Host:
    """A server in a thread; `sent` lists the path and the bytes of each body sent.

    allows_origins: whether pages of other hosts may read its files (CORS).
    has_policy: whether it sends a content security policy.
    """

    def __init__(
        self, folder: Path, port: int = 0, *, allows_origins: bool = False, has_policy: bool = True
    ) -> None:
        handler = functools.partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.sent = []
        self._server.allows_origins = allows_origins
        self._server.has_policy = has_policy
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def sent(self) -> list[tuple[str, int]]:
        return self._server.sent

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    host = Host(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(host.url)
    threading.Event().wait()
