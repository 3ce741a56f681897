"""Run the review desk until it is stopped.

In:    Settings; address and port
Out:   the page on that port
Needs: uvicorn, starlette    [serve]
"""

import contextlib
import ipaddress
import socket
from collections.abc import Callable

import uvicorn

from keykind.review.access import TOKEN_PARAMETER, new_access
from keykind.review.app import create_app
from keykind.review.desk import Desk, Settings
from keykind.review.page_files import page_files
from keykind.serve.server import KEEP_ALIVE, addresses, listen

SHUTDOWN_TIMEOUT = 5  # seconds to finish requests after Ctrl-C
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")

Announce = Callable[[str, Desk], None]


def run_desk(settings: Settings, host: str, port: int, announce: Announce = lambda *_: None) -> None:
    """Serve the desk until SIGTERM or Ctrl-C.

    announce: called once it serves, with the address of the page including its token, and the desk.
    Raises BadDataset, CannotWrite, BadRun, BadModel as `Desk` does, NoApp without the page, BadSettings for
    an unavailable port.
    """
    page = page_files()
    desk = Desk(settings)
    listener = listen(host, port)
    own_port = listener.getsockname()[1]
    names = {*LOCAL_NAMES, f"[{host}]" if ":" in host else host} if is_loopback(host) else None
    access = new_access(own_port, names)
    config = uvicorn.Config(
        create_app(desk, access, page),
        ws="none",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    address = f"{addresses(listener)[0]}?{TOKEN_PARAMETER}={access.token}"
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after it has shut down
        Server(config, lambda: announce(address, desk)).run(sockets=[listener])
    desk.close()


class Server(uvicorn.Server):
    """A server that says when it is ready, and from then on ends in order on Ctrl-C."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
