"""Middleware around every route: request IDs, security headers, API keys, log lines and metrics.

In:    requests
Out:   the same with an ID; responses with headers for browsers; a log line and metrics for each
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

from keykind.serve.logs import LOGGER
from keykind.serve.settings import hash_api_key

LOG = logging.getLogger(LOGGER)
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API_PREFIX = "/v1/"
METRICS_PATH = "/metrics"
HEALTH_PATH = f"{API_PREFIX}health"
METHODS = ("GET", "HEAD", "OPTIONS", "POST")
OTHER = "other"  # in logs and metrics: a path without a route, or an unsupported method
FIRST_ERROR, SERVER_ERROR = 400, 500

CONTENT_SECURITY_POLICY = "; ".join(
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
# The app's page may fetch a model from another host (?model=), and then narrows its policy to its own.
PAGE_POLICY = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", "connect-src 'self' http: https:")
PAGES = ("/", "/index.html")
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

OnResponse = Callable[[str, str, int, float], None]  # method, route, status, seconds


class RequestMiddleware:
    """The outermost middleware: sets request ID and headers; logs and counts every request."""

    def __init__(self, app: ASGIApp, on_response: OnResponse) -> None:
        """Wrap an app; `on_response` is called after each request."""
        self._app, self._on_response = app, on_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, fields = time.monotonic(), {"id": _request_id(scope)}
        scope.setdefault("state", {})["log_fields"] = fields
        status = 0  # no response yet

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope["path"], fields["id"])
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            if status != SERVER_ERROR:  # a response was started: the server closes the connection
                raise
            LOG.exception("a request failed", extra={"fields": {"id": fields["id"]}})
        finally:
            self._record(scope, status, time.monotonic() - start, fields)

    def _record(self, scope: Scope, status: int, seconds: float, fields: dict[str, Any]) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        route = getattr(scope.get("route"), "path", OTHER)
        self._on_response(method, route, status, seconds)
        common = {"method": method, "route": route, "status": status, "ms": round(1e3 * seconds, 1)}
        LOG.info("answered", extra={"fields": common | fields})


class ApiKeyMiddleware:
    """Rejects requests without a valid API key, except those that need none."""

    def __init__(self, app: ASGIApp, hashes: Sequence[str]) -> None:
        """Wrap an app; hashes: of the valid keys, as from `hash_api_key`."""
        self._app, self._hashes = app, hashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with 401."""
        if scope["type"] == "http" and not self._is_allowed(scope["path"], Headers(scope=scope)):
            detail = "this service requires an API key; send it as X-API-Key or as a bearer token"
            response = JSONResponse({"detail": detail}, 401, {"www-authenticate": "Bearer"})
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_allowed(self, path: str, headers: Headers) -> bool:
        if path == HEALTH_PATH or not path.startswith((API_PREFIX, METRICS_PATH)):
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        actual = hash_api_key(headers.get("x-api-key") or bearer)
        # A list: comparing with every hash takes the same time for any key.
        return any([hmac.compare_digest(actual, valid) for valid in self._hashes])  # noqa: C419


def _request_id(scope: Scope) -> str:
    """Return the client's X-Request-Id if it is valid, otherwise a new ID."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _add_headers(message: Message, path: str, request_id: str) -> None:
    """Add the headers that every response has."""
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = request_id
    if path in PAGES and message["status"] < FIRST_ERROR:
        headers.setdefault("content-security-policy", PAGE_POLICY)
    for key, value in SECURITY_HEADERS.items():
        headers.setdefault(key, value)
    if path.startswith((API_PREFIX, METRICS_PATH)):
        headers["cache-control"] = "no-store"
