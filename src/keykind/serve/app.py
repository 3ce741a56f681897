"""A service that tells what kinds of keys photos show.

In:    Settings
Out:   create_app(): /v1/recognise, /v1/explain, /v1/health, /v1/card, /metrics, /openapi.json, and the app at /
Needs: fastapi, python-multipart, prometheus-client    [serve]
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

import keykind
from keykind.errors import BadPhoto
from keykind.model import load_file
from keykind.panels import draw
from keykind.predict import SHIPPED, Recogniser
from keykind.serve import shapes
from keykind.serve.counts import Numbers
from keykind.serve.desk import BusyError, Desk
from keykind.serve.guard import Guard
from keykind.serve.settings import Settings, from_environment
from keykind.serve.uploads import FIELD, FORM, Refusal, photos_of

APP = Path(keykind.__file__).parent / "web"  # the app, built
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {FIELD: {"type": "array", "items": {"type": "string", "format": "binary"}}},
                    "required": [FIELD],
                }
            },
            **{
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/jpeg", "image/png")
            },
        },
    }
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": shapes.Problem, "description": "the form cannot be read"},
    401: {"model": shapes.Problem, "description": "an API key is needed"},
    408: {"model": shapes.Problem, "description": "the request came too slowly"},
    413: {"model": shapes.Problem, "description": "the request is too large"},
    415: {"model": shapes.Problem, "description": "neither a photo nor a form"},
    422: {"model": shapes.Problem, "description": "no photo, or one that cannot be read"},
    503: {"model": shapes.Problem, "description": "busy; Retry-After tells when to come again"},
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service; None: with the settings that the environment tells. Raises BadModel, BadSettings."""
    settings = settings or from_environment()
    service = Service(settings)
    app = FastAPI(
        title="keykind",
        version=keykind.__version__,
        description="Tells what kinds of keys photos show. No photo is kept.",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        lifespan=service.lifespan,
    )
    for path, method, route, facts in service.routes():
        app.add_api_route(path, route, methods=[method], **facts)
    for error, answer in ((Refusal, _refused), (BadPhoto, _unreadable), (BusyError, service.busy)):
        app.add_exception_handler(error, answer)
    if APP.is_dir():
        app.mount("/", StaticFiles(directory=APP, html=True), name="app")
    app.add_middleware(Guard, key_hashes=settings.key_hashes, noted=service.numbers.answered)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "x-api-key", "authorization", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    return app


class Service:
    """One worker's model, and what its routes do with it."""

    def __init__(self, settings: Settings) -> None:
        """Load the model. Raises BadModel."""
        path = Path(settings.model) if settings.model else None
        self.settings, self.numbers = settings, Numbers()
        self.recogniser = Recogniser.load(path, whole=settings.whole)
        self.digest = hashlib.sha256(load_file(path or SHIPPED)).hexdigest()
        self.desk = Desk(settings.most_at_once, settings.most_held, settings.seconds)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """End with the work that has begun."""
        yield
        self.desk.close()

    def routes(self) -> list[tuple[str, str, Any, dict[str, Any]]]:
        """Return path, method, function and description of each route."""
        png = {200: {"content": {"image/png": {}}, "description": "the photo and the evidence, side by side"}}
        explained = {"responses": png | PROBLEMS, "openapi_extra": BODY, "response_class": Response}
        asked = {"responses": PROBLEMS, "openapi_extra": BODY, "response_model": shapes.Answers}
        return [
            ("/v1/recognise", "POST", self.recognise, asked),
            ("/v1/explain", "POST", self.explain, explained),
            ("/v1/health", "GET", self.health, {"response_model": shapes.Health}),
            ("/v1/card", "GET", self.card, {"responses": {401: PROBLEMS[401]}}),
            ("/metrics", "GET", self.metrics, {"include_in_schema": False}),
        ]

    async def recognise(self, request: Request) -> Any:
        """Say what each photo shows; one that cannot be read carries its error, the others are answered."""
        with self.desk.admitted() as ticket:
            photos = await photos_of(request, ticket, self.settings)
            said = await self.desk.work(lambda: list(self.recogniser.recognise_many(photos)))
        for one in said:
            self.numbers.recognised(one.verdict)
        request.state.noted |= {"photos": len(said), "keys": sum(len(one.keys) for one in said)}
        return JSONResponse({"photos": [one.as_json() for one in said]})

    async def explain(
        self,
        request: Request,
        key: Annotated[int, Query(ge=1, le=1000, description="which key, 1 is the surest")] = 1,
        kind: Annotated[str | None, Query(description="a kind, or `all`")] = None,
    ) -> Response:
        """Show why: the evidence for the answer, or for another kind, as a PNG."""
        with self.desk.admitted() as ticket:
            photo, *more = await photos_of(request, ticket, self.settings)
            if more:
                raise Refusal(422, f"there are {1 + len(more)} photos", "send one")
            picture = await self.desk.work(lambda: self._drawn(photo, key, kind))
        return Response(picture, media_type="image/png")

    def _drawn(self, photo: Any, key: int, kind: str | None) -> bytes:
        explanation = self.recogniser.explain(photo, key - 1)
        stream = BytesIO()
        draw(explanation, kind).save(stream, "PNG")
        return stream.getvalue()

    async def health(self) -> dict[str, str]:
        """Say that the service answers."""
        return {"status": "ok", "version": keykind.__version__, "model": self.digest}

    async def card(self) -> dict[str, Any]:
        """Return what the model says of itself."""
        return asdict(self.recogniser.model.card)

    async def metrics(self) -> Response:
        """Return the numbers of all workers, for Prometheus."""
        return Response(self.numbers.text(), media_type=self.numbers.content_type)

    async def busy(self, _: Request, __: Exception) -> Response:
        """Send a request away."""
        wait = self.desk.wait
        said = {"detail": f"there is too much to do; come again in {wait} s"}
        return JSONResponse(said, 503, {"retry-after": str(wait)})


async def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, getattr(error, "status", 400))


async def _unreadable(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)
