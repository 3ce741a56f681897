"""Run the service in worker processes until it is stopped.

In:    Settings; address and port; the number of workers
Out:   responses on that port; lines of JSON on standard error
Needs: uvicorn, starlette    [serve]

Workers share nothing but the port. One that dies is replaced; only its accepted requests are lost.
"""

import contextlib
import errno
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from keykind.core.errors import BadSettings, KeykindError
from keykind.core.process import prepare_process
from keykind.predict.recogniser import Recogniser
from keykind.serve.connections import LimitedHttpProtocol
from keykind.serve.logs import LOGGER, LOGGING
from keykind.serve.settings import METRICS_VARIABLE, SETTINGS_VARIABLE, Settings

LOG = logging.getLogger(LOGGER)
SHUTDOWN_TIMEOUT = 30  # seconds to finish accepted requests after the signal to stop
BACKLOG = 2048  # connections that the system queues until a worker accepts them
KEEP_ALIVE = 15  # seconds that an idle connection is kept open
# All addresses of this machine -> the one for itself, and one elsewhere, which is reserved for documentation.
ANY = {"0.0.0.0": ("127.0.0.1", "192.0.2.1"), "::": ("::1", "2001:db8::1")}  # noqa: S104
HEALTHCHECK_TIMEOUT = 15  # seconds after which an unresponsive worker is replaced

Announce = Callable[[str, str | None], None]


def run_service(
    settings: Settings, host: str, port: int, workers: int, announce: Announce = lambda *_: None
) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish the accepted requests.

    announce: called once the port is open, with the address for this machine, and with the one for others.
    Raises BadModel for an unusable model, BadSettings for an unavailable port.
    """
    prepare_process()  # also for what workers inherit
    Recogniser.load(Path(settings.model) if settings.model else None, whole=settings.whole)
    listener = listen(host, port)
    _raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="keykind-serve-") as folder:
        os.environ |= {METRICS_VARIABLE: folder, SETTINGS_VARIABLE: settings.as_text()}
        config = uvicorn.Config(
            f"{__name__}:create_worker_app",
            factory=True,
            workers=workers,
            http=LimitedHttpProtocol,
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=LOGGING,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
            timeout_worker_healthcheck=HEALTHCHECK_TIMEOUT,
        )
        LOG.info("listening", extra={"fields": {"url": _url(listener), "workers": workers}})
        announce(*addresses(listener))
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        remedy = "see the log above"
        raise BadSettings("service", fault="stopped because a worker failed to start", remedy=remedy)


def create_worker_app() -> ASGIApp:
    """Return the application of one worker process, which exits when its parent does."""
    prepare_process()
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
    from keykind.serve.app import create_app  # noqa: PLC0415 - needs the environment set by run_service

    try:
        return create_app()
    except KeykindError as error:
        LOG.error(str(error))  # noqa: TRY400 - its message is enough
        sys.exit(STARTUP_FAILURE)


def _exit_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0: any free one. Raises BadSettings."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise BadSettings(f"port {port}", fault="is in use", remedy="choose another --port") from error
        reason = getattr(error, "strerror", None) or error
        remedy = "choose another --host or --port"
        raise BadSettings(f"{host}:{port}", fault=f"cannot listen there ({reason})", remedy=remedy) from error
    listener.set_inheritable(True)
    return listener


def addresses(listener: socket.socket) -> tuple[str, str | None]:
    """Return the address to open on this machine, and another one for other machines; None: there is none."""
    host, port = listener.getsockname()[:2]
    if host not in ANY:
        return _url_of(host, port), None
    here, probe = ANY[host]
    other = _own_address(listener.family, probe)
    return _url_of(here, port), other and _url_of(other, port)


def _own_address(family: socket.AddressFamily, probe: str) -> str | None:
    """Return the address from which this machine would reach `probe`; None: it has no network.

    Nothing is sent.
    """
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((probe, 9))
        return str(datagrams.getsockname()[0])
    return None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return _url_of(host, port)


def _url_of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _raise_file_limit() -> None:
    """Raise the limit on open files, and so on connections, to the maximum that the system allows."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # ImportError: exists on POSIX only
        import resource  # noqa: PLC0415

        _, maximum = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (maximum, maximum))
