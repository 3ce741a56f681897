"""The ASGI application of the service.

In:    Settings
Out:   create_app(): /v1/recognise, /v1/explain, /v1/health, /v1/card, /metrics, /docs; the web app at /
Needs: fastapi, python-multipart, prometheus-client    [serve]
"""

from dataclasses import asdict
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp

import keykind
from keykind.app import APP_FOLDER
from keykind.core.errors import BadPhoto
from keykind.model.card import Card
from keykind.model.gradcam import Explanation
from keykind.predict.figure import ALL, draw
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.wording import wording_of
from keykind.serve import reference, schemas
from keykind.serve.app_files import REVALIDATE, AppFiles, app_contents
from keykind.serve.cost import EXPLANATION, photo_weight
from keykind.serve.metrics import ServiceMetrics
from keykind.serve.middleware import (
    HEALTH_PATH,
    METRICS_PATH,
    SERVER_ERROR,
    ApiKeyMiddleware,
    RequestMiddleware,
)
from keykind.serve.settings import Settings, settings_from_environment
from keykind.serve.uploads import CLIENT_CLOSED_REQUEST, RequestError, receive_photos
from keykind.serve.work_queue import Busy, CheckClient, WorkQueue


def create_app(settings: Settings | None = None, app_folder: str | Path = APP_FOLDER) -> ASGIApp:
    """Return the service as an ASGI application. Raises BadModel, BadSettings.

    settings: None for those in the environment, with defaults. app_folder: the built web app, if any; it is
    served around the model of the settings.
    """
    settings = settings or settings_from_environment()
    service = Service(settings)
    app = FastAPI(
        title="keykind",
        version=keykind.__version__,
        description=schemas.describe(service.recogniser.model.card),
        openapi_url=None,  # see _add_reference; FastAPI's own pages load scripts from other sites
        redirect_slashes=False,  # a redirect would trust the Host header
    )
    for path, method, route, options in service.routes():
        app.add_api_route(path, route, methods=[method], **options)
    _add_reference(app, service.recogniser.model.card)
    app.router.default = AppFiles(app_contents(app_folder, settings.model))
    for error_type, handler in service.error_handlers().items():
        app.add_exception_handler(error_type, handler)
    if settings.api_key_hashes:
        app.add_middleware(ApiKeyMiddleware, hashes=settings.api_key_hashes)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["content-type", "x-api-key", "authorization", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    return RequestMiddleware(app, service.metrics.count_response)


def _add_reference(app: FastAPI, card: Card) -> None:
    """Add the description of the routes so far and its page, and let HEAD do for each what GET does."""
    description = schemas.in_words_of(app.openapi(), card)
    page = reference.page(description)
    app.add_route("/openapi.json", lambda _: JSONResponse(description))
    app.add_route(reference.PATH, lambda _: HTMLResponse(page))
    for path, media_type in reference.ASSETS.items():
        content = reference.asset(path)
        app.add_route(path, partial(_static, content, media_type))
    for route in app.routes:  # after the description was made, which would list HEAD as well
        methods = getattr(route, "methods", None) or set()
        if "GET" in methods:
            methods.add("HEAD")


def _static(content: bytes, media_type: str, _: Request) -> Response:
    return Response(content, media_type=media_type, headers={"cache-control": REVALIDATE})


class Service:
    """The model of one worker, and the routes that use it."""

    def __init__(self, settings: Settings) -> None:
        """Load the model. Raises BadModel."""
        path = Path(settings.model) if settings.model else None
        self.settings, self.recogniser = settings, Recogniser.load(path, whole=settings.whole)
        self.metrics = ServiceMetrics(wording_of(self.recogniser.model.card))
        self.queue = WorkQueue(
            settings.max_wait, settings.max_buffered_bytes, settings.timeout, self.metrics.backlog.set
        )

    def routes(self) -> list[tuple[str, str, Any, dict[str, Any]]]:
        """Return path, method, function and FastAPI options of each route."""
        protected = {"dependencies": schemas.SECURITY if self.settings.api_key_hashes else []}
        upload = protected | {"responses": schemas.ERROR_RESPONSES, "openapi_extra": schemas.REQUEST_BODY}
        return [
            ("/v1/recognise", "POST", self.recognise, upload | {"response_model": schemas.Answers}),
            ("/v1/explain", "POST", self.explain, upload | schemas.PNG_RESPONSE),
            (HEALTH_PATH, "GET", self.health, {"response_model": schemas.Health}),
            ("/v1/card", "GET", self.card, protected | {"response_model": dict[str, Any]}),
            (METRICS_PATH, "GET", self.prometheus, {"include_in_schema": False}),
        ]

    def error_handlers(self) -> dict[type[Exception], Any]:
        """Return the handler of each type of error."""
        return {
            RequestError: _request_error,
            BadPhoto: _unprocessable,
            RequestValidationError: _unprocessable,
            Busy: self._busy,
            Exception: _server_error,
        }

    async def recognise(self, request: Request) -> Any:
        """Return the keys in each photo; one that cannot be read gets an error and does not affect others."""
        with self.queue.reserve(_client_check(request)) as reservation:
            photos = await receive_photos(request, reservation.add_bytes, self.settings)
            weights = [photo_weight(photo) for photo in photos]
            async with reservation.accept(weights):
                with self.metrics.pending.track_inprogress():
                    predictions = [
                        await reservation.run(partial(self.recogniser.attempt, photo), _was_read)
                        for photo in photos
                    ]
        for prediction in predictions:
            self.metrics.count_photo(prediction.verdict)
        keys = sum(len(prediction.keys) for prediction in predictions)
        request.state.log_fields |= {"photos": len(predictions), "keys": keys}
        body = {"photos": [prediction.as_json() for prediction in predictions]}
        return JSONResponse(body, headers=self._connection_header())

    async def explain(
        self,
        request: Request,
        key: Annotated[
            int, Query(ge=1, le=1000, description="which key; 1 has the highest detection score")
        ] = 1,
        kind: Annotated[str | None, Query(description="a kind, or `all`; default: the most probable")] = None,
    ) -> Response:
        """Return the evidence for the predicted kind, or another one, as a PNG."""
        self._check_kind(kind)
        with self.queue.reserve(_client_check(request)) as reservation:
            photo, *others = await receive_photos(request, reservation.add_bytes, self.settings)
            if others:
                raise RequestError(422, f"the request has {1 + len(others)} photos", "send one")
            async with reservation.accept([photo_weight(photo) + EXPLANATION]):
                with self.metrics.pending.track_inprogress():
                    png = await reservation.run(
                        lambda: _draw_png(self.recogniser.explain(photo, key - 1), kind)
                    )
        return Response(png, media_type="image/png", headers=self._connection_header())

    async def health(self) -> dict[str, str]:
        """Return the service's state, version and model."""
        return {"status": "ok", "version": keykind.__version__, "model": self.recogniser.model.digest}

    async def card(self) -> dict[str, Any]:
        """Return the model card."""
        return asdict(self.recogniser.model.card)

    async def prometheus(self) -> Response:
        """Return the metrics of all workers."""
        return Response(self.metrics.render(), media_type=self.metrics.content_type)

    def _check_kind(self, kind: str | None) -> None:
        """Raise RequestError if this model cannot explain the kind, whatever the photo."""
        if not self.recogniser.model.card.maps:
            raise RequestError(501, "the model has no class maps, so it cannot explain", "use /v1/recognise")
        if kind not in (None, ALL, *self.recogniser.kinds):
            known = ", ".join(self.recogniser.kinds)
            noun = "kind" if self.recogniser.model.card.of_keys else "class"
            raise RequestError(422, f"the model does not know that {noun}", f"use one of {known}, or {ALL}")

    def _connection_header(self) -> dict[str, str]:
        """Return `connection: close` if requests wait here: the client's next may reach a free worker."""
        return {"connection": "close"} if self.queue.accepted else {}

    async def _busy(self, _: Request, __: Exception) -> Response:
        seconds = self.queue.retry_after
        body = {"detail": f"the service is busy; try again in {seconds} s"}
        return JSONResponse(body, 503, {"retry-after": str(seconds)})


def _client_check(request: Request) -> CheckClient:
    """Return a function that raises RequestError if the client has closed the connection."""

    async def check() -> None:
        if await request.is_disconnected():
            raise RequestError(CLIENT_CLOSED_REQUEST, "the client closed the connection", "send it again")

    return check


def _was_read(prediction: Prediction) -> bool:
    """Return whether a photo was processed in full: others fail in a moment, and say nothing about them."""
    return prediction.error is None


def _draw_png(explanation: Explanation, kind: str | None) -> bytes:
    stream = BytesIO()
    draw(explanation, kind).save(stream, "PNG")
    return stream.getvalue()


async def _request_error(_: Request, error: RequestError) -> Response:
    return JSONResponse({"detail": str(error)}, error.status)


async def _unprocessable(_: Request, error: BadPhoto | RequestValidationError) -> Response:
    if isinstance(error, RequestValidationError):
        details = (f"{detail['loc'][-1]}: {detail['msg']}" for detail in error.errors())
        return JSONResponse({"detail": "; ".join(details)}, 422)
    return JSONResponse({"detail": str(error)}, 422)


async def _server_error(_: Request, __: Exception) -> Response:
    detail = "the service failed; see its log for the X-Request-Id of this response"
    return JSONResponse({"detail": detail}, SERVER_ERROR)
