"""What stands before every route: who may ask, what every answer carries, what is noted of it.

In:    requests
Out:   the same with an id; answers with headers that browsers heed; a line of the log and numbers for each
Needs: starlette    [serve]

The log holds no photo, no name of a file, no address and no API key.
"""

import hmac
import json
import logging
import re
import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keykind.serve.settings import hash_of

LOG = logging.getLogger("keykind.serve")
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OPEN = ("/v1/health",)  # of what is guarded by keys
GUARDED = ("/v1/", "/metrics")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """The outermost layer of the service but for CORS."""

    def __init__(
        self, app: ASGIApp, key_hashes: tuple[str, ...], noted: Callable[[str, str, int, float], None]
    ) -> None:
        """Take what is guarded; `noted` is told method, route, status and seconds of each answer."""
        self._app, self._key_hashes, self._noted = app, key_hashes, noted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, given = time.monotonic(), Headers(scope=scope)
        asked = given.get("x-request-id", "")
        name = asked if ID.fullmatch(asked) else uuid.uuid4().hex
        scope.setdefault("state", {})["noted"] = noted = {"id": name}
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = name
                for key, value in HEADERS.items():
                    headers.setdefault(key, value)
                if scope["path"].startswith("/v1/"):
                    headers["cache-control"] = "no-store"
            await send(message)

        try:
            inner = self._app if self._may(scope, given) else _unknown
            await inner(scope, receive, answer)
        finally:
            seconds = time.monotonic() - start
            route = getattr(scope.get("route"), "path", None) or "other"
            self._noted(scope["method"], route, status, seconds)
            facts = {
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(1e3 * seconds, 1),
            }
            LOG.info(json.dumps(noted | facts))

    def _may(self, scope: Scope, given: Headers) -> bool:
        """Tell whether a request may be answered."""
        path = scope["path"]
        if not self._key_hashes or path in OPEN or not path.startswith(GUARDED):
            return True
        key = given.get("x-api-key") or given.get("authorization", "").removeprefix("Bearer ")
        mine = hash_of(key)
        return any([hmac.compare_digest(mine, one) for one in self._key_hashes])  # noqa: C419 - each takes its time


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    said = {"detail": "this service asks for an API key; send it as X-API-Key or as a bearer token"}
    await JSONResponse(said, 401, {"www-authenticate": "Bearer"})(scope, receive, send)
