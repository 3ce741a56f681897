"""A request -> the photos in it, in memory and nowhere else.

In:    a request whose body is a photo, or a form with several
Out:   NamedPhoto photos; Refusal where there are none, too many, too much of them, or they come too slowly
Needs: starlette, python-multipart    [serve]
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from keykind.photo.source import UNNAMED, NamedPhoto
from keykind.serve.settings import MEGABYTE, Settings

FORM = "multipart/form-data"
BARE = ("image/", "application/octet-stream")
FIELD = "photo"  # of a form: may be there several times
LONGEST_NAME = 200  # signs of a file's name that an answer repeats
LONGEST_FIELD = 1_000  # bytes of a field that is no file; none is asked for
CHARSETS = (b"utf-8", b"utf8", b"us-ascii")  # of a form

GONE = 499  # as nginx has it: whoever asked has left, so nobody reads this status but the log

Hold = Callable[[int], None]


class Refusal(Exception):
    """A request that is not answered."""

    def __init__(self, status: int, fault: str, remedy: str) -> None:
        """Take the HTTP status, and what is said."""
        super().__init__(f"{fault}; {remedy}")
        self.status = status


class _InMemory(MultiPartParser):
    """A parser that writes nothing to the disk, and knows whether it saw the form's end."""

    spool_max_size = 2**62
    whole = False

    def on_end(self) -> None:
        """Note the end."""
        self.whole = True


async def photos_of(request: Request, hold: Hold, settings: Settings) -> list[NamedPhoto]:
    """Return the photos of a request; `hold` is told of their bytes. Raises Refusal, and what that raises."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM and not kind.startswith(BARE):
        remedy = f"send image/jpeg or another photo, or {FORM} with fields named {FIELD}"
        raise Refusal(415, "the content type is neither a photo's nor a form's", remedy)
    if int(request.headers.get("content-length", "0")) > settings.most_bytes:  # digits: the server saw to it
        raise _too_large(settings)
    try:
        async with asyncio.timeout(settings.seconds):
            photos = await (_form if kind == FORM else _bare)(request, hold, settings)
    except TimeoutError as error:
        fault = f"the request took more than {settings.seconds:g} s to arrive"
        raise Refusal(408, fault, "send less at once") from error
    except ClientDisconnect as error:
        raise Refusal(GONE, "the request ended too early", "send it again") from error
    if not any(photo.photo for photo in photos):
        raise Refusal(422, "the request holds no photo", f"send one, or a form with fields named {FIELD}")
    return photos


def _too_large(settings: Settings) -> Refusal:
    most = settings.most_bytes / MEGABYTE
    return Refusal(413, f"the request is larger than {most:g} MB", "send fewer or smaller photos")


async def _counted(request: Request, hold: Hold, settings: Settings) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes."""
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > settings.most_bytes:
            raise _too_large(settings)
        hold(len(chunk))
        yield chunk


async def _bare(request: Request, hold: Hold, settings: Settings) -> list[NamedPhoto]:
    data = b"".join([chunk async for chunk in _counted(request, hold, settings)])
    return [NamedPhoto(UNNAMED, data, settings.most_pixels)]


async def _form(request: Request, hold: Hold, settings: Settings) -> list[NamedPhoto]:
    body = _counted(request, hold, settings)
    most = settings.most_photos
    parser = _InMemory(request.headers, body, max_files=most, max_fields=most, max_part_size=LONGEST_FIELD)
    remedy = f"send {FORM} with at most {most} fields named {FIELD}"
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() not in CHARSETS:  # others may take minutes to read
        raise Refusal(400, "the form's charset is not UTF-8", remedy)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refusal(400, f"the form cannot be read: {error.message.rstrip('.')}", remedy) from error
    except ValueError as error:  # older versions of Starlette let the parser's own errors pass
        raise Refusal(400, "the form is not as its content type says", remedy) from error
    if not parser.whole:
        raise Refusal(400, "the form is cut off: its last boundary is missing", remedy)
    files = [value for name, value in form.multi_items() if name == FIELD and isinstance(value, UploadFile)]
    return [await _taken(file, settings.most_pixels) for file in files]


async def _taken(file: UploadFile, most_pixels: int) -> NamedPhoto:
    """Return a file of a form, and let go of the form's own copy."""
    data = await file.read()
    await file.close()
    return NamedPhoto((file.filename or UNNAMED)[:LONGEST_NAME], data, most_pixels)
