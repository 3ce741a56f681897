"""The name that a client gives a file, in the form in which people read it.

In:    the value of a Content-Disposition header, of a part of a form or of a request
Out:   the file's name; None if it gives none
Needs: nothing beyond Python

Browsers and curl send `filename="..."` in UTF-8. Other clients send `filename*=UTF-8''...` (RFC 5987, RFC
6266), some of them beside a `filename` whose characters are replaced. So `filename*` wins, although RFC 7578
does not allow it in forms.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
ESCAPED = re.compile(rb"\\(.)")
MAX_DISPOSITION = 4096  # bytes that are searched: the time grows with their square
ENCODINGS = {b"utf-8": "utf-8", b"utf8": "utf-8", b"us-ascii": "ascii", b"iso-8859-1": "latin-1"}


def file_name(disposition: bytes) -> str | None:
    """Return the file name in a header's value, `filename*` before `filename`; None if it has neither."""
    parameters = _parameters(disposition)
    extended, plain = _extended(parameters), parameters.get(b"filename")
    if extended is not None or plain is None:
        return extended
    if plain.startswith(b'"') and plain.endswith(b'"'):
        plain = ESCAPED.sub(rb"\1", plain[1:-1])
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("latin-1")  # which HTTP/1.1 once meant


def extended_file_name(disposition: bytes) -> str | None:
    """Return the file name in `filename*`; None if there is none, or none that can be decoded."""
    return _extended(_parameters(disposition))


def _parameters(disposition: bytes) -> dict[bytes, bytes]:
    """Return the parameters of a header's value; of several with one name, the first."""
    found = PARAMETER.findall(disposition[:MAX_DISPOSITION])
    return {name.lower(): value.strip() for name, value in reversed(found)}


def _extended(parameters: Mapping[bytes, bytes]) -> str | None:
    charset, *rest = parameters.get(b"filename*", b"").strip(b'"').split(b"'", 2)
    encoding = ENCODINGS.get(charset.lower())
    if encoding is None or len(rest) != 2:
        return None
    try:
        return unquote_to_bytes(rest[1]).decode(encoding)
    except UnicodeDecodeError:
        return None
