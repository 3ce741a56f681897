"""What stands before every route: who may ask, what every answer carries, what is noted of it.

In:    requests
Out:   the same with an id; answers with headers that browsers heed; a line of the log and numbers for each
Needs: starlette    [serve]
"""

import hmac
import logging
import re
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keykind.serve.logs import NAME
from keykind.serve.settings import hash_of

LOG = logging.getLogger(NAME)
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API = "/v1/"
METRICS = "/metrics"
HEALTH = f"{API}health"
METHODS = ("GET", "HEAD", "OPTIONS", "POST")
OTHER = "other"  # in the log and the numbers: a path without a route, a method without a use
FAILED = 500

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
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

Noted = Callable[[str, str, int, float], None]  # method, route, status, seconds


class Guard:
    """The outermost layer of the service."""

    def __init__(self, app: ASGIApp, noted: Noted) -> None:
        """Take what is guarded, and what is told of each answer."""
        self._app, self._noted = app, noted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, facts = time.monotonic(), {"id": _id_of(scope)}
        scope.setdefault("state", {})["facts"] = facts
        status = 0  # no answer

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(message, scope["path"], facts["id"])
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            if status != FAILED:  # an answer was begun: the server ends the connection
                raise
            LOG.exception("a request failed", extra={"facts": {"id": facts["id"]}})
        finally:
            self._note(scope, status, time.monotonic() - start, facts)

    def _note(self, scope: Scope, status: int, seconds: float, facts: dict[str, Any]) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        route = getattr(scope.get("route"), "path", OTHER)
        self._noted(method, route, status, seconds)
        told = {"method": method, "route": route, "status": status, "ms": round(1e3 * seconds, 1)}
        LOG.info("answered", extra={"facts": told | facts})


class Keys:
    """Lets through what needs no API key, and who has one."""

    def __init__(self, app: ASGIApp, hashes: Sequence[str]) -> None:
        """Take what is guarded, and the hashes of the keys."""
        self._app, self._hashes = app, hashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 401."""
        if scope["type"] == "http" and not self._may(scope["path"], Headers(scope=scope)):
            said = {"detail": "this service asks for an API key; send it as X-API-Key or as a bearer token"}
            await JSONResponse(said, 401, {"www-authenticate": "Bearer"})(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may(self, path: str, given: Headers) -> bool:
        if path == HEALTH or not path.startswith((API, METRICS)):
            return True
        scheme, _, token = given.get("authorization", "").partition(" ")
        mine = hash_of(given.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else ""))
        return any([hmac.compare_digest(mine, one) for one in self._hashes])  # noqa: C419 - each takes its time


def _id_of(scope: Scope) -> str:
    """Return the id that a request brings along, if it may be one, or a new one."""
    asked = Headers(scope=scope).get("x-request-id", "")
    return asked if ID.fullmatch(asked) else uuid.uuid4().hex


def _complete(message: Message, path: str, name: str) -> None:
    """Add to an answer what every answer carries."""
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = name
    for key, value in HEADERS.items():
        headers.setdefault(key, value)
    if path.startswith((API, METRICS)):
        headers["cache-control"] = "no-store"
