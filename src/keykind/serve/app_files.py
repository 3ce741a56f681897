"""The app's files -> answers that browsers keep as long as they may.

In:    a folder that the app was built into
Out:   an ASGI app: the file that a path names, as it is, for what is large in it is packed already; or 404
Needs: starlette    [serve]

The files are listed once, at the start: a path is looked up in that list and never reaches the disk.
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

HASHED = "/assets/"  # what lies there has a hash of its content in its name
FOR_EVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
TYPES = {".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".js": "text/javascript"}
NONE_HERE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>keykind</title>
<h1>keykind answers here</h1>
<p>The app is not part of this installation: it comes with the releases of keykind (<code>pip install
'keykind[serve]'</code>); in a source folder <code>make app</code> builds it.</p>
<p>Programs can ask now: <a href="openapi.json">openapi.json</a> says how.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the app."""

    path: Path
    etag: str


class AppFiles:
    """What is answered where no route of the service is."""

    def __init__(self, folder: Path) -> None:
        """List the folder's files; it need not be there."""
        self._files = dict(_listed(folder))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        place = scope["path"] + (INDEX if scope["path"].endswith("/") else "")
        file = self._files.get(place)
        if file is None and scope["path"] != "/":
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        if file is None:
            return HTMLResponse(NONE_HERE)
        return _response(place, file, Headers(scope=scope).get("if-none-match", ""))


def _response(place: str, file: File, tags: str) -> Response:
    """Return a file, or that it is the one which the client has by these tags."""
    headers = {"cache-control": FOR_EVER if place.startswith(HASHED) else ASK_AGAIN, "etag": file.etag}
    if file.etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]:
        return Response(status_code=304, headers=headers)
    return FileResponse(file.path, headers=headers, media_type=_type(place))


def _type(place: str) -> str:
    suffix = Path(place).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(place)[0] or "application/octet-stream"


def _listed(folder: Path) -> Iterator[tuple[str, File]]:
    """Yield each file and its place in the app; tags tell its content: times may not change with it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            tag = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
            yield f"/{path.relative_to(folder).as_posix()}", File(path, f'"{tag}"')
