"""A service -> processes that run until they are told to stop.

In:    Settings; where to listen; how many workers
Out:   answers on that port; lines of JSON on standard error
Needs: uvicorn    [serve]

Workers share the port and nothing else. One that dies is replaced, and takes along only what it had accepted.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from keykind.core.errors import BadSettings, KeykindError
from keykind.predict.recogniser import Recogniser
from keykind.serve.connections import Connection
from keykind.serve.logs import LOGGING, NAME
from keykind.serve.settings import NUMBERS, VARIABLE, Settings

LOG = logging.getLogger(NAME)
GRACE = 30  # seconds in which accepted requests are answered after the signal to stop
BACKLOG = 2048  # connections that the system keeps until a worker takes them
IDLE = 15  # seconds that a connection is kept for another request
SILENT = 15  # seconds after which a worker that shows no life is replaced


def run_service(settings: Settings, host: str, port: int, workers: int) -> None:
    """Answer requests until SIGTERM or Ctrl-C; what was accepted is answered first.

    Raises BadModel for a model that cannot be used, BadSettings for a port that cannot be had.
    """
    Recogniser.load(Path(settings.model) if settings.model else None, whole=settings.whole)
    listener = _listener(host, port)
    _allow_connections()
    with tempfile.TemporaryDirectory(prefix="keykind-serve-") as folder:
        os.environ |= {NUMBERS: folder, VARIABLE: settings.as_text()}
        config = uvicorn.Config(
            f"{__name__}:worker",
            factory=True,
            workers=workers,
            http=Connection,
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=LOGGING,
            backlog=BACKLOG,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=GRACE,
            timeout_worker_healthcheck=SILENT,
        )
        LOG.info("listening", extra={"facts": {"url": _url(listener), "workers": workers}})
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        remedy = "see the lines above"
        raise BadSettings("service", fault="stopped, because a worker could not begin", remedy=remedy)


def worker() -> ASGIApp:
    """Return the app of one worker, which ends with the process that began it."""
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    from keykind.serve.app import create_app  # noqa: PLC0415 - needs the environment that the service sets

    try:
        return create_app()
    except KeykindError as error:
        LOG.error(str(error))  # noqa: TRY400 - its line says it all
        sys.exit(STARTUP_FAILURE)


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        remedy = "choose another --host or --port, or end what listens there"
        raise BadSettings(f"{host}:{port}", fault=f"cannot be listened at ({why})", remedy=remedy) from error
    listener.set_inheritable(True)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _allow_connections() -> None:
    """Let the processes hold as many connections as the system lets them."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # ImportError: only POSIX counts them so
        import resource  # noqa: PLC0415

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
