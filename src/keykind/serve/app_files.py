"""The app's files -> answers that browsers keep as long as they may.

In:    a folder that the app was built into, with .br and .gz files beside those that are worth it
Out:   an ASGI app: the file that a path names, in the smallest form that the client takes; or 404
Needs: starlette    [serve]

The files are listed once, at the start: a path is looked up in that list and never reaches the disk.
"""

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from keykind.web_app import INDEX

ENCODINGS = {"br": ".br", "gzip": ".gz"}  # the smallest first
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
'keykind[serve]'</code>); in a source folder it must be built first, see docs/serve.md.</p>
<p>Programs can ask now: <a href="openapi.json">openapi.json</a> says how.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Form:
    """A file in one encoding."""

    path: Path
    etag: str


class AppFiles:
    """What is answered where no route of the service is."""

    def __init__(self, folder: Path) -> None:
        """List the folder's files; it need not be there."""
        self._files = {place: forms for place, forms in _listed(folder) if forms}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        place = scope["path"] + (INDEX if scope["path"].endswith("/") else "")
        forms = self._files.get(place)
        if forms is None and scope["path"] != "/":
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        if forms is None:
            return HTMLResponse(NONE_HERE)
        given = Headers(scope=scope)
        encoding = next((one for one in accepted(given.get("accept-encoding", "")) if one in forms), "")
        return _response(place, forms, encoding, given)


def accepted(header: str) -> list[str]:
    """Return those of ENCODINGS that an Accept-Encoding takes, the smallest first."""
    refused = re.compile(r";\s*q=0(\.0*)?\s*$")
    told = [part.strip() for part in header.lower().split(",")]
    taken = {part.partition(";")[0].strip() for part in told if not refused.search(part)}
    return [encoding for encoding in ENCODINGS if encoding in taken]


def _response(place: str, forms: dict[str, Form], encoding: str, given: Headers) -> Response:
    form = forms[encoding]
    headers = {
        "cache-control": FOR_EVER if place.startswith(HASHED) else ASK_AGAIN,
        "etag": form.etag,
        "vary": "Accept-Encoding",
    }
    known = [tag.strip().removeprefix("W/") for tag in given.get("if-none-match", "").split(",")]
    if form.etag in known:
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["content-encoding"] = encoding
    return FileResponse(form.path, headers=headers, media_type=_type(place))


def _type(place: str) -> str:
    suffix = Path(place).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(place)[0] or "application/octet-stream"


def _listed(folder: Path) -> Iterator[tuple[str, dict[str, Form]]]:
    """Yield the place of each file in the app and its forms: as it is ("") and encoded."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in ENCODINGS.values():
            forms = {"": path} | {name: path.with_name(path.name + end) for name, end in ENCODINGS.items()}
            place = f"/{path.relative_to(folder).as_posix()}"
            yield place, {name: _form(one) for name, one in forms.items() if one.is_file()}


def _form(path: Path) -> Form:
    """Return a file with its tag, of its content: times are the same in all installations of some kinds."""
    return Form(path, f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"')
