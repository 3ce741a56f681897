"""Who may use the desk: the browser of the person who started it, and no other page or machine.

In:    requests
Out:   the same, if they have the token, and come from the desk's own page; else 403. Headers for browsers
Needs: starlette    [serve]

A page from elsewhere may send requests to this machine, or lead a browser to it under another host name
(DNS rebinding). It knows no token, and its requests have another Origin, Host or Sec-Fetch-Site.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keykind.serve.middleware import SECURITY_HEADERS

TOKEN_BYTES = 32
TOKEN_HEADER = "x-keykind-token"  # noqa: S105 - the name of a header
TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a parameter
MAX_BODY = 1_000_000  # bytes of a request; decisions about a hundred photos have 50,000
OWN_PAGE = ("same-origin", "none")  # Sec-Fetch-Site of the page's requests, and of an address typed in
HEADERS = SECURITY_HEADERS | {"permissions-policy": "camera=(), geolocation=(), microphone=()"}

REFUSED_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not opened \u2013 keykind review</title>
<h1>The review desk was not opened</h1>
<p>{fault}.</p>
<p>Open the whole address that <code>keykind review</code> printed in the terminal. It ends in
<code>?token=</code> and a random text, which is new each time that the desk is started.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Access:
    """The token, and under which names the desk may be addressed."""

    token: str
    port: int
    hosts: frozenset[str] | None  # values of the header Host; None: any

    @property
    def cookie(self) -> str:
        """The name of the cookie with the token; browsers keep one jar for all ports of a host."""
        return f"keykind-review-{self.port}"

    def refusal(self, path: str, query: str, headers: Headers) -> str | None:
        """Return why a request is refused; None: it is not."""
        host = headers.get("host", "").lower()
        if self.hosts is not None and host not in self.hosts:
            return f"the host {host[:80]!r} is not this service; open the address that keykind review printed"
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            return f"requests from {origin[:80]!r} are refused; use the page that keykind review opened"
        if headers.get("sec-fetch-site", "none") not in OWN_PAGE:
            return "requests from other sites are refused; open the address that keykind review printed"
        if not self._has_token(path, query, headers):
            return "the token is missing or wrong; open the address that keykind review printed"
        return None

    def is_opening(self, path: str, query: str) -> bool:
        """Return whether a request opens the page with the token in its address."""
        return path == "/" and self._is_token(parse_qs(query).get(TOKEN_PARAMETER, [""])[0])

    def _has_token(self, path: str, query: str, headers: Headers) -> bool:
        given = [headers.get(TOKEN_HEADER, ""), *_cookies(headers, self.cookie)]
        return self.is_opening(path, query) or any([self._is_token(value) for value in given])  # noqa: C419

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "replace"), self.token.encode())


def new_access(port: int, names: Iterable[str] | None) -> Access:
    """Return access by a new random token. names: of the hosts that may be addressed; None: any."""
    hosts = None if names is None else frozenset(f"{name}:{port}".lower() for name in names)
    return Access(secrets.token_urlsafe(TOKEN_BYTES), port, hosts)


class AccessMiddleware:
    """The outermost middleware: refuses requests with 403, and sets headers and the cookie."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Wrap an app."""
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        headers = Headers(scope=scope)
        opening = self._access.is_opening(path, query)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                for key, value in HEADERS.items():
                    added.setdefault(key, value)
                added.setdefault("cache-control", "no-store")
                if opening and message["status"] == 200:
                    added.append("set-cookie", self._set_cookie())
            await send(message)

        refusal = self._access.refusal(path, query, headers)
        app: ASGIApp = self._app
        if refusal is not None:
            app = _refused(refusal, headers)
        elif _is_too_large(headers):
            app = JSONResponse({"detail": f"the request has more than {MAX_BODY:,} bytes; send less"}, 413)
        await app(scope, receive, send_with_headers)

    def _set_cookie(self) -> str:
        return f"{self._access.cookie}={self._access.token}; Path=/; HttpOnly; SameSite=Strict"


def _refused(refusal: str, headers: Headers) -> Response:
    """Return the answer to a refused request: a page for a person, JSON for a program."""
    if "text/html" not in headers.get("accept", ""):
        return JSONResponse({"detail": refusal}, 403)
    fault, _, _ = refusal.partition("; ")
    return HTMLResponse(REFUSED_PAGE.format(fault=escape(fault[0].upper() + fault[1:])), 403)


def _cookies(headers: Headers, name: str) -> list[str]:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return []
    return [cookies[name].value] if name in cookies else []


def _is_too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    chunked = "transfer-encoding" in headers
    return chunked or not length.isdecimal() or int(length) > MAX_BODY
