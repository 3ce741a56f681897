"""A service that tells what kinds of keys photos show.

In:    Settings
Out:   create_app(): /v1/recognise, /v1/explain, /v1/health, /v1/card, /metrics, /openapi.json, the app at /
Needs: fastapi, python-multipart, prometheus-client    [serve]
"""

import hashlib
from dataclasses import asdict
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp

import keykind
from keykind.app import FOLDER
from keykind.core.errors import BadPhoto
from keykind.model.gradcam import Explanation
from keykind.model.model import load_file
from keykind.predict.figure import ALL, draw
from keykind.predict.recogniser import SHIPPED, Recogniser
from keykind.serve import schemas
from keykind.serve.app_files import AppFiles
from keykind.serve.metrics import ServiceMetrics
from keykind.serve.middleware import FAILED, HEALTH, METRICS, Guard, Keys
from keykind.serve.settings import Settings, from_environment
from keykind.serve.uploads import GONE, Refusal, photos_of
from keykind.serve.work_queue import Busy, Wanted, WorkQueue


def create_app(settings: Settings | None = None, app_folder: Path = FOLDER) -> ASGIApp:
    """Return the service; None: with the settings of the environment. Raises BadModel, BadSettings."""
    settings = settings or from_environment()
    service = Service(settings)
    app = FastAPI(
        title="keykind",
        version=keykind.__version__,
        description="Tells what kinds of keys photos show. No photo is kept.",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # to wherever the Host header says
    )
    for path, method, route, facts in service.routes():
        app.add_api_route(path, route, methods=[method], **facts)
    app.router.default = AppFiles(app_folder)
    for kind, answer in service.problems().items():
        app.add_exception_handler(kind, answer)
    if settings.key_hashes:
        app.add_middleware(Keys, hashes=settings.key_hashes)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "x-api-key", "authorization", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    return Guard(app, service.numbers.answered)


class Service:
    """One worker's model, and what its routes do with it."""

    def __init__(self, settings: Settings) -> None:
        """Load the model. Raises BadModel."""
        path = Path(settings.model) if settings.model else None
        self.settings, self.numbers = settings, ServiceMetrics()
        self.recogniser = Recogniser.load(path, whole=settings.whole)
        self.digest = hashlib.sha256(load_file(path or SHIPPED)).hexdigest()
        self.desk = WorkQueue(settings.most_waiting, settings.most_held, settings.seconds)

    def routes(self) -> list[tuple[str, str, Any, dict[str, Any]]]:
        """Return path, method, function and description of each route."""
        guarded = {"dependencies": schemas.SECURITY if self.settings.key_hashes else []}
        asked = guarded | {"responses": schemas.PROBLEMS, "openapi_extra": schemas.BODY}
        return [
            ("/v1/recognise", "POST", self.recognise, asked | {"response_model": schemas.Answers}),
            ("/v1/explain", "POST", self.explain, asked | schemas.PICTURE),
            (HEALTH, "GET", self.health, {"response_model": schemas.Health}),
            ("/v1/card", "GET", self.card, guarded | {"response_model": dict[str, Any]}),
            (METRICS, "GET", self.metrics, {"include_in_schema": False}),
        ]

    def problems(self) -> dict[type[Exception], Any]:
        """Return what is answered in place of each error."""
        return {
            Refusal: _refused,
            BadPhoto: _unprocessable,
            RequestValidationError: _unprocessable,
            Busy: self._busy,
            Exception: _failed,
        }

    async def recognise(self, request: Request) -> Any:
        """Say what each photo shows; one that cannot be read carries its error, the others are answered."""
        with self.desk.claim(_still_there(request)) as claim:
            photos = await photos_of(request, claim.hold, self.settings)
            async with claim.place():
                with self.numbers.accepted.track_inprogress():
                    said = [await claim.work(partial(self.recogniser.attempt, one)) for one in photos]
        for one in said:
            self.numbers.recognised(one.verdict)
        request.state.facts |= {"photos": len(said), "keys": sum(len(one.keys) for one in said)}
        return JSONResponse({"photos": [one.as_json() for one in said]}, headers=self._farewell())

    async def explain(
        self,
        request: Request,
        key: Annotated[int, Query(ge=1, le=1000, description="which key, 1 is the surest")] = 1,
        kind: Annotated[str | None, Query(description="a kind, or `all`; none: the most probable")] = None,
    ) -> Response:
        """Show why: the evidence for the answer, or for another kind, as a PNG."""
        self._check_kind(kind)
        with self.desk.claim(_still_there(request)) as claim:
            one, *more = await photos_of(request, claim.hold, self.settings)
            if more:
                raise Refusal(422, f"the request holds {1 + len(more)} photos", "send one")
            async with claim.place():
                with self.numbers.accepted.track_inprogress():
                    picture = await claim.work(lambda: _drawn(self.recogniser.explain(one, key - 1), kind))
        return Response(picture, media_type="image/png", headers=self._farewell())

    async def health(self) -> dict[str, str]:
        """Say that the service answers."""
        return {"status": "ok", "version": keykind.__version__, "model": self.digest}

    async def card(self) -> dict[str, Any]:
        """Return what the model says of itself."""
        return asdict(self.recogniser.model.card)

    async def metrics(self) -> Response:
        """Return the numbers of all workers, for Prometheus."""
        return Response(self.numbers.text(), media_type=self.numbers.content_type)

    def _check_kind(self, kind: str | None) -> None:
        """Raise Refusal for a question that this model cannot answer whatever the photo."""
        if not self.recogniser.model.card.maps:
            raise Refusal(501, "the model gives no class maps, so it cannot show why", "ask /v1/recognise")
        if kind not in (None, ALL, *self.recogniser.kinds):
            known = ", ".join(self.recogniser.kinds)
            raise Refusal(422, "the model does not know that kind", f"ask for one of {known}, or {ALL}")

    def _farewell(self) -> dict[str, str]:
        """Return the header that ends a connection where others wait: the next may find a free worker."""
        return {"connection": "close"} if self.desk.waiting else {}

    async def _busy(self, _: Request, __: Exception) -> Response:
        wait = self.desk.wait
        said = {"detail": f"there is too much to do; come again in {wait} s"}
        return JSONResponse(said, 503, {"retry-after": str(wait)})


def _still_there(request: Request) -> Wanted:
    async def check() -> None:
        if await request.is_disconnected():
            raise Refusal(GONE, "whoever asked has left", "ask again")

    return check


def _drawn(explanation: Explanation, kind: str | None) -> bytes:
    stream = BytesIO()
    draw(explanation, kind).save(stream, "PNG")
    return stream.getvalue()


async def _refused(_: Request, error: Refusal) -> Response:
    return JSONResponse({"detail": str(error)}, error.status)


async def _unprocessable(_: Request, error: BadPhoto | RequestValidationError) -> Response:
    if isinstance(error, RequestValidationError):
        told = (f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
        return JSONResponse({"detail": "; ".join(told)}, 422)
    return JSONResponse({"detail": str(error)}, 422)


async def _failed(_: Request, __: Exception) -> Response:
    return JSONResponse(
        {"detail": "the service failed; its log says where, under the id of this answer"}, FAILED
    )
