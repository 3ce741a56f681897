"""The ASGI application of the review desk.

In:    Desk, Access, the files of the page
Out:   create_app(): /api/state, queues, photos, decisions, undo, training; the page at /
Needs: fastapi    [serve]
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp

from keykind.core.errors import BadDataset, BadPhoto, BadRun, CannotWrite, KeykindError, Unreachable
from keykind.core.parallel import cpu_count, thread_pool
from keykind.dataset.label_file import LabelConflict
from keykind.review.access import Access, AccessMiddleware
from keykind.review.decisions import Busy, NothingToUndo, NotUndone
from keykind.review.desk import Desk, NotHere
from keykind.review.schemas import DecisionIn
from keykind.serve.app_files import AppFiles

MAX_ITEMS = 1000  # of a queue in one answer
MAX_PHOTOS = 500  # in one answer
MAX_TEXT = 300  # characters to search for
IMMUTABLE = "private, max-age=31536000, immutable"
Json = dict[str, Any]
# The first class that an error is of decides; other errors of keykind are 422.
STATUS: Mapping[type[KeykindError], int] = {
    NotHere: 404,
    Unreachable: 404,
    NothingToUndo: 409,
    NotUndone: 409,
    Busy: 503,
    BadPhoto: 422,
    BadDataset: 422,
    BadRun: 409,
    CannotWrite: 507,
}


def create_app(desk: Desk, access: Access, page: Mapping[str, bytes | Path]) -> ASGIApp:
    """Return the desk as an ASGI application, which closes the desk when it shuts down."""
    routes = Routes(desk)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        desk.start()
        yield
        await asyncio.to_thread(desk.close)
        routes.close()

    app = FastAPI(openapi_url=None, redirect_slashes=False, lifespan=lifespan)
    for path, method, route in routes.table():
        app.add_api_route(path, route, methods=[method], response_model=None)
    app.router.default = AppFiles(page)
    handlers: dict[type[Exception], Any] = {RequestValidationError: _invalid, KeykindError: routes.failed}
    for error_type, handler in handlers.items():
        app.add_exception_handler(error_type, handler)
    return AccessMiddleware(app, access)


class Routes:
    """The routes of a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pool = thread_pool(cpu_count() + 1, "image")

    def close(self) -> None:
        """Drop the pictures that are still waiting."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def table(self) -> list[tuple[str, str, Any]]:
        """Return path, method and function of each route."""
        return [
            ("/api/state", "GET", self.state),
            ("/api/queues/{queue}", "GET", self.queue),
            ("/api/photos", "GET", self.photos),
            ("/api/photos", "POST", self._desk.look_again),
            ("/api/photos/{photo}", "GET", self.photo),
            ("/api/photos/{photo}/image", "GET", self.image),
            ("/api/search", "GET", self.search),
            ("/api/decisions", "POST", self.decide),
            ("/api/undo", "POST", self.undo),
            ("/api/queues", "POST", self.rebuild),
            ("/api/training", "GET", self._desk.training_state),
            ("/api/training", "POST", self._desk.train),
            ("/api/training/stop", "POST", self._desk.stop_training),
            ("/api/training/keep", "POST", self._desk.keep),
            ("/api/training/discard", "POST", self._desk.discard),
        ]

    # Functions without `async` run in a thread, because they may wait for a disk.

    def state(self) -> Json:
        """Return the state of the desk."""
        return self._desk.state()

    def queue(
        self,
        queue: str,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_ITEMS)] = 200,
    ) -> Json:
        """Return some items of a queue."""
        return self._desk.queue(queue, offset, limit)

    def rebuild(self) -> Json:
        """Compute all queues again."""
        return self._desk.rebuild()

    def photos(self, ids: str) -> list[Json]:
        """Return some photos. ids: separated by commas."""
        parts = [part for part in ids.split(",") if part]
        if len(parts) > MAX_PHOTOS or not all(part.isdecimal() and len(part) < 10 for part in parts):
            fault, remedy = "is not a list of ids", f"give up to {MAX_PHOTOS} numbers, separated by commas"
            raise BadPhoto(f"ids {ids[:40]!r}", fault=fault, remedy=remedy)
        return self._desk.photos([int(part) for part in parts])

    def photo(self, photo: int) -> Json:
        """Return a photo."""
        return self._desk.photos([photo])[0]

    def search(self, text: Annotated[str, Query(max_length=MAX_TEXT)] = "") -> Json:
        """Return photos and physical keys by name."""
        return self._desk.search(text)

    async def image(
        self, photo: int, side: Literal["256", "640", "1280", "2560"] = "1280", v: str = ""
    ) -> Response:
        """Return a photo as a JPEG. v: any text; browsers keep the JPEG of an address that has one."""
        self._desk.check([photo])
        data = self._desk.images.kept(photo, int(side))
        if data is None:
            loop = asyncio.get_running_loop()
            data = await loop.run_in_executor(self._pool, self._desk.image, photo, int(side))
        headers = {"cache-control": IMMUTABLE if v else "no-cache"}
        return Response(data, media_type="image/jpeg", headers=headers)

    def decide(self, decision: DecisionIn) -> Json:
        """Write a decision."""
        try:
            changes = [change.as_change() for change in decision.changes]
        except ValueError as error:
            raise BadPhoto("decision", fault=str(error), remedy="mark two different points") from error
        try:
            return self._desk.decide(decision.queue, decision.item, changes)
        except LabelConflict as error:
            raise Conflict(error, [change.photo for change in changes]) from error

    def undo(self) -> Json:
        """Take back the last decision."""
        return self._desk.undo()

    async def failed(self, _: Request, error: KeykindError) -> Response:
        """Return what is wrong, and for a conflict the photos as they are now."""
        body: Json = {"detail": str(error)}
        if isinstance(error, Conflict):
            body["photos"] = await asyncio.to_thread(self._desk.photos, error.photos)
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
        return JSONResponse(body, 409 if isinstance(error, Conflict) else status)


class Conflict(KeykindError):
    """Somebody else decided about the same photos meanwhile."""

    def __init__(self, error: LabelConflict, photos: list[int]) -> None:
        super().__init__(error.subject, fault=error.fault, remedy=error.remedy)
        self.photos = photos


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    details = (f"{'.'.join(map(str, detail['loc'][1:]))}: {detail['msg']}" for detail in error.errors())
    return JSONResponse({"detail": "; ".join(details)}, 422)
