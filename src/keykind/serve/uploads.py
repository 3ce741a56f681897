"""A request -> the photos in it, kept in memory only.

In:    a request whose body is a photo, or a form with several
Out:   NamedPhotos; RequestError if there are none, too many or too large ones, or they arrive too slowly
Needs: starlette, python-multipart    [serve]
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from io import BytesIO
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from keykind.photo.source import UNNAMED, NamedPhoto
from keykind.serve.file_names import extended_file_name, file_name
from keykind.serve.settings import MEGABYTE, Settings

FORM = "multipart/form-data"
PHOTO_TYPES = ("image/", "application/octet-stream")
FIELD = "photo"  # of a form, in examples: any name is accepted, and may be repeated
MAX_NAME_LENGTH = 200  # characters of a file name that are repeated in the response
MAX_FIELD_BYTES = 1_000  # of a form field that is not a file; such fields are ignored
CHARSETS = (b"utf-8", b"utf8", b"us-ascii")  # of a form

CLIENT_CLOSED_REQUEST = 499  # status code from nginx; appears in the log only

AddBytes = Callable[[int], None]


class RequestError(Exception):
    """An error in a request, which is returned to the client."""

    def __init__(self, status: int, fault: str, remedy: str) -> None:
        """Take the HTTP status, what is wrong, and what to do."""
        super().__init__(f"{fault}; {remedy}")
        self.status = status


class _InMemoryParser(MultiPartParser):
    """A parser that writes nothing to disk, and records whether the form was complete.

    Each file is collected in one buffer whose bytes become the photo's: with Starlette's own way, receiving a
    large photo takes twice the CPU time.
    """

    spool_max_size = 2**62
    is_complete = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Start without files."""
        super().__init__(*arguments, **options)
        self.buffers: defaultdict[UploadFile, BytesIO] = defaultdict(BytesIO)

    def on_headers_finished(self) -> None:
        """Start a part. One with a `filename*`, or with the type of a photo, is a file, too."""
        part = self._current_part
        disposition = part.content_disposition or b""
        name = extended_file_name(disposition)
        if name is None and file_name(disposition) is None and _is_photo(part.item_headers):
            name = UNNAMED
        if name is not None:
            part.content_disposition = disposition + b'; filename=""'
        super().on_headers_finished()
        if name is not None and part.file is not None:
            part.file.filename = name

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Keep a chunk of a file; handle other fields as usual."""
        if self._current_part.file is None:
            super().on_part_data(data, start, end)
        else:
            self.buffers[self._current_part.file].write(memoryview(data)[start:end])

    def on_end(self) -> None:
        """Record that the form is complete."""
        self.is_complete = True


def _is_photo(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Return whether the content type of a form's part is that of a photo."""
    return dict(headers).get(b"content-type", b"").decode("latin-1").strip().lower().startswith(PHOTO_TYPES)


async def receive_photos(request: Request, add_bytes: AddBytes, settings: Settings) -> list[NamedPhoto]:
    """Return the photos of a request; call `add_bytes` with the size of each chunk of the body.

    Raises RequestError, and what `add_bytes` raises.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM and not content_type.startswith(PHOTO_TYPES):
        remedy = f"send image/jpeg or another image type, or {FORM} with files"
        raise RequestError(415, "the content type is neither an image nor a form", remedy)
    # The server accepts only digits in this header.
    if int(request.headers.get("content-length", "0")) > settings.max_request_bytes:
        raise _too_large(settings)
    try:
        async with asyncio.timeout(settings.timeout):
            receive = _from_form if content_type == FORM else _from_body
            photos = await receive(request, add_bytes, settings)
    except TimeoutError as error:
        fault = f"the request took more than {settings.timeout:g} s to arrive"
        raise RequestError(408, fault, "send fewer or smaller photos") from error
    except ClientDisconnect as error:
        raise RequestError(CLIENT_CLOSED_REQUEST, "the request ended too early", "send it again") from error
    if not photos:
        raise RequestError(422, "the form has no file, so the request has no photo", f"send {FIELD}=@key.jpg")
    return photos


def _too_large(settings: Settings) -> RequestError:
    limit = settings.max_request_bytes / MEGABYTE
    return RequestError(413, f"the request is larger than {limit:g} MB", "send fewer or smaller photos")


async def _chunks(request: Request, add_bytes: AddBytes, settings: Settings) -> AsyncGenerator[bytes, None]:
    """Yield the body as it arrives."""
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > settings.max_request_bytes:
            raise _too_large(settings)
        add_bytes(len(chunk))
        yield chunk


async def _from_body(request: Request, add_bytes: AddBytes, settings: Settings) -> list[NamedPhoto]:
    buffer = BytesIO()  # a list of chunks of one byte each would need many times their size
    async for chunk in _chunks(request, add_bytes, settings):
        buffer.write(chunk)
    disposition = request.headers.get("content-disposition", "").encode("latin-1")
    return [_to_photo(file_name(disposition), buffer, settings.max_pixels)]


async def _from_form(request: Request, add_bytes: AddBytes, settings: Settings) -> list[NamedPhoto]:
    body = _chunks(request, add_bytes, settings)
    limit = settings.max_photos
    parser = _InMemoryParser(
        request.headers, body, max_files=limit, max_fields=limit, max_part_size=MAX_FIELD_BYTES
    )
    remedy = f"send {FORM} with at most {limit} photos"
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() not in CHARSETS:  # some others take minutes to decode
        raise RequestError(400, "the form's charset is not UTF-8", remedy)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RequestError(400, f"the form cannot be read: {error.message.rstrip('.')}", remedy) from error
    except ValueError as error:  # older versions of Starlette do not wrap the parser's own errors
        raise RequestError(400, "the form does not match its content type", remedy) from error
    if not parser.is_complete:
        raise RequestError(400, "the form is cut off: its last boundary is missing", remedy)
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    # A browser sends a nameless part of 0 bytes for a field in which no file was chosen.
    chosen = [file for file in files if file.filename or parser.buffers[file].getbuffer().nbytes]
    return [_to_photo(file.filename, parser.buffers[file], settings.max_pixels) for file in chosen]


def _to_photo(name: str | None, buffer: BytesIO, max_pixels: int) -> NamedPhoto:
    """Return a file as a photo."""
    return NamedPhoto((name or UNNAMED)[:MAX_NAME_LENGTH], buffer.getvalue(), max_pixels)
