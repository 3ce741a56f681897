"""A static host for the built app, with the service's content security policy and a log of what it sends.

`python tests/support/app_server.py FOLDER [PORT]` serves a folder by hand.
"""

import functools
import http.server
import io
import sys
import threading
from pathlib import Path

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
FIRST_SCRIPT = "/first-script.js"  # path of the script that a test adds
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
        if self.server.isolates:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def _send_policy(self) -> None:
        is_page = self.path.partition("?")[0].endswith(("/", "/index.html"))
        self.send_header("Content-Security-Policy", PAGE_POLICY if is_page else POLICY)

    def send_head(self):
        """Let documents run the host's own script before theirs. Nothing that the browser caches has it."""
        script = self.server.first_script
        if script is not None and self.path == FIRST_SCRIPT:
            return self._send(script.encode(), "text/javascript")
        if script is None or self.headers.get("Sec-Fetch-Dest") != "document":
            return super().send_head()
        path = Path(self.translate_path(self.path))
        document = (path / "index.html" if path.is_dir() else path).read_text("utf-8")
        tag = f'<script src="{FIRST_SCRIPT}"></script>'
        return self._send(document.replace("<head>", f"<head>{tag}", 1).encode(), "text/html")

    def _send(self, body: bytes, content_type: str) -> io.BytesIO:
        self.send_response(200)
        for name, value in (("Content-Type", content_type), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        return io.BytesIO(body)

    def copyfile(self, source, outputfile) -> None:
        data = source.read()
        self.server.sent.append((self.path, len(data)))
        outputfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Host:
    """A server in a thread; `sent` lists the path and the bytes of each body sent.

    allows_origins: whether pages of other hosts may read its files (CORS).
    isolates: whether its pages are cross-origin isolated, so that they may measure their memory.
    has_policy: whether it sends a content security policy.
    first_script: JavaScript that documents run before their own, unless a service worker answers.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        allows_origins: bool = False,
        isolates: bool = False,
        has_policy: bool = True,
        first_script: str | None = None,
    ) -> None:
        handler = functools.partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.sent = []
        self._server.allows_origins = allows_origins
        self._server.isolates = isolates
        self._server.has_policy = has_policy
        self._server.first_script = first_script
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
