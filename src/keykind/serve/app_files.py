"""The files of the web app -> HTTP responses with cache headers.

In:    the folder that the app was built into
Out:   an ASGI application that sends the file at a path as it is (large ones are compressed already), or 404
Needs: starlette    [serve]

The folder is listed once at start-up; a request's path is looked up in that list, never on the disk.
"""

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from keykind.app import INDEX

HASHED = "/assets/"  # files there have a hash of their content in their name
IMMUTABLE, REVALIDATE = "public, max-age=31536000, immutable", "no-cache"
TYPES = {".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".js": "text/javascript"}
NO_APP_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>keykind</title>
<h1>keykind is running</h1>
<p>The app is not part of this installation: it comes with the releases of keykind (<code>pip install
'keykind[serve]'</code>); in a source folder, <code>make app</code> builds it.</p>
<p>Programs can use the service now: see <a href="openapi.json">openapi.json</a>.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the web app."""

    path: Path
    etag: str


class AppFiles:
    """The ASGI application for all paths that are not routes of the service."""

    def __init__(self, folder: str | Path) -> None:
        """List the folder's files; it may be missing."""
        self._files = dict(_list_files(Path(folder)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        await self._response(scope)(scope, receive, send)

    def _response(self, scope: Scope) -> Response:
        path = scope["path"] + (INDEX if scope["path"].endswith("/") else "")
        file = self._files.get(path)
        if file is None and scope["path"] != "/":
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        if file is None:
            return HTMLResponse(NO_APP_PAGE)
        return _file_response(path, file, Headers(scope=scope).get("if-none-match", ""))


def _file_response(path: str, file: File, tags: str) -> Response:
    """Return the file, or 304 if the client already has it according to its `If-None-Match` tags."""
    headers = {"cache-control": IMMUTABLE if path.startswith(HASHED) else REVALIDATE, "etag": file.etag}
    if file.etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]:
        return Response(status_code=304, headers=headers)
    return FileResponse(file.path, headers=headers, media_type=_media_type(path))


def _media_type(path: str) -> str:
    suffix = Path(path).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _list_files(folder: Path) -> Iterator[tuple[str, File]]:
    """Yield each file with its URL path. ETags are hashes: the time may stay when the content changes."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            tag = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
            yield f"/{path.relative_to(folder).as_posix()}", File(path, f'"{tag}"')
