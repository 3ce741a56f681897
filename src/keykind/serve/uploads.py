"""A request -> the photos in it, in memory and nowhere else.

In:    a request whose body is a photo, or a form with several
Out:   Named photos; Refusal where there are none, too many, too much of them, or they come too slowly
Needs: starlette, python-multipart    [serve]
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from keykind.serve.desk import Ticket
from keykind.serve.settings import MEGABYTE, Settings
from keykind.sources import Named

FORM = "multipart/form-data"
BARE = ("image/", "application/octet-stream")
FIELD = "photo"  # of a form: may be there several times
UNNAMED = "photo"
LONGEST_NAME = 200


class Refusal(Exception):
    """A request that is not answered."""

    def __init__(self, status: int, fault: str, remedy: str) -> None:
        """Take the HTTP status, and what is said."""
        super().__init__(f"{fault}; {remedy}")
        self.status = status


class _InMemory(MultiPartParser):
    """A parser that writes nothing to the disk."""

    spool_max_size = 2**62


async def photos_of(request: Request, ticket: Ticket, settings: Settings) -> list[Named]:
    """Return the photos of a request. Raises Refusal, BusyError where there is no room for them."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM and not kind.startswith(BARE):
        fault = f"the content type is {kind[:80] or 'missing'}"
        raise Refusal(415, fault, f"send image/jpeg or another photo, or {FORM} with fields named {FIELD}")
    _check_length(request, settings)
    try:
        async with asyncio.timeout(settings.seconds):
            photos = await (_form if kind == FORM else _bare)(request, ticket, settings)
    except TimeoutError as error:
        raise Refusal(
            408, f"the request took more than {settings.seconds:g} s", "send less at once"
        ) from error
    except ClientDisconnect as error:
        raise Refusal(400, "the request ended too early", "send it again") from error
    if not any(photo.photo for photo in photos):
        raise Refusal(422, "the request holds no photo", f"send one, or a form with fields named {FIELD}")
    return photos


def _check_length(request: Request, settings: Settings) -> None:
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > settings.most_bytes:
        raise _too_large(settings)


def _too_large(settings: Settings) -> Refusal:
    most = settings.most_bytes / MEGABYTE
    return Refusal(413, f"the request is larger than {most:g} MB", "send fewer or smaller photos")


async def _counted(request: Request, ticket: Ticket, settings: Settings) -> AsyncIterator[bytes]:
    """Yield the body as it comes."""
    async for chunk in request.stream():
        ticket.hold(len(chunk))
        if ticket.held > settings.most_bytes:
            raise _too_large(settings)
        yield chunk


async def _bare(request: Request, ticket: Ticket, settings: Settings) -> list[Named]:
    return [Named(UNNAMED, b"".join([chunk async for chunk in _counted(request, ticket, settings)]))]


async def _form(request: Request, ticket: Ticket, settings: Settings) -> list[Named]:
    parser = _InMemory(
        request.headers, _counted(request, ticket, settings), max_files=settings.most_photos, max_fields=8
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError, LookupError) as error:
        said = getattr(error, "message", "it is not as the content type says")
        raise Refusal(
            400, f"the form cannot be read: {said}", f"send {FORM} with fields named {FIELD}"
        ) from error
    files = [value for name, value in form.multi_items() if name == FIELD and isinstance(value, UploadFile)]
    photos = [Named((file.filename or UNNAMED)[:LONGEST_NAME], await file.read()) for file in files]
    await form.close()
    return photos
