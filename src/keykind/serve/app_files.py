"""The files of the web app -> HTTP responses with cache headers.

In:    the folder that the app was built into; the model that it is to run
Out:   an ASGI application that sends the file at a path as it is (large ones are compressed already), or 404
Needs: starlette    [serve]

The files are listed once at start-up; a request's path is looked up in that list, never on the disk.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from keykind.app import app_files
from keykind.app_folder import INDEX
from keykind.core.errors import NoApp

HASHED = "/assets/"  # files there have a hash of their content in their name
IMMUTABLE, REVALIDATE = "public, max-age=31536000, immutable", "no-cache"
TYPES = {  # that not every system knows
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
NO_APP_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>keykind</title>
<h1>keykind is running</h1>
<p>The app is not part of this installation: it comes with the releases of keykind (<code>pip install
'keykind[serve]'</code>); in a source folder, <code>make app</code> builds it.</p>
<p>Programs can use the service now: see <a href="docs">its description</a>.</p>
</html>
"""


FAST = 1  # effort of compression: every worker compresses the model when it starts
Contents = Mapping[str, bytes | Path]  # path below the page -> content, or the file that has it


def app_contents(folder: str | Path, model: str | None) -> Contents:
    """Return the files of the app in a folder, around a model file (None: keykind's own); none without it.

    The app does not compare itself with Python's results: that is for those who publish it.
    Raises BadModel.
    """
    try:
        return app_files(model, folder=folder, self_test=False, effort=FAST)
    except NoApp:
        return {}


@dataclass(frozen=True, slots=True)
class File:
    """A file of the web app."""

    content: bytes | Path
    etag: str


class AppFiles:
    """The ASGI application for all paths that are not routes of the service."""

    def __init__(self, contents: Contents) -> None:
        """Take the app's files, none if there is no app."""
        self._files = {f"/{path}": File(content, _etag(content)) for path, content in contents.items()}

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
    if isinstance(file.content, bytes):
        return Response(file.content, headers=headers, media_type=_media_type(path))
    return FileResponse(file.content, headers=headers, media_type=_media_type(path))


def _media_type(path: str) -> str:
    suffix = Path(path).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _etag(content: bytes | Path) -> str:
    """Return a hash of the content, quoted: the time of a file may stay when its content changes."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'
