"""The zip at the end of a model file, with its labels and its card.

In:    the bytes of a file, from an untrusted source; members by name
Out:   members and the offset of the zip, or BadModel; the bytes of a zip
Needs: nothing beyond Python
"""

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

from keykind.core.errors import BadModel
from keykind.core.files import READ_ERRORS
from keykind.model.card import CARD

MAX_ZIP = 1_000_000  # bytes; enough for 1000 kinds and a long card

_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
_VERSION = 20  # of the zip format: 2.0
_MADE_BY = 3 << 8 | _VERSION  # Unix: the file has permissions
_DATE = 1 << 5 | 1  # 1 January 1980, the earliest of a zip: the same model always gives the same bytes
_PERMISSIONS = 0o100644 << 16  # a regular file, rw-r--r--


def read_zip(data: bytes, name: str | Path) -> tuple[dict[str, bytes], int]:
    """Return the members of the zip at the end of a file, and the offset of the zip. Raises BadModel."""
    before = max(0, len(data) - MAX_ZIP)  # bounds the time for a hostile list of members
    try:
        with zipfile.ZipFile(BytesIO(data[before:])) as archive:
            infos = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos):  # it could expand to any size
                raise ValueError("a member is compressed")
            if CARD not in archive.namelist() or len(set(archive.namelist())) < len(infos):
                raise ValueError(f"it does not hold exactly one {CARD}")
            members = {info.filename: archive.read(info) for info in infos}
            return members, before + min(info.header_offset for info in infos)
    except READ_ERRORS as error:
        fault = f"has no card at its end, or is truncated ({len(data):,} bytes; {str(error)[:100]})"
        remedy = "use a .tflite file that keykind exported, or copy it again"
        raise BadModel(name, fault=fault, remedy=remedy) from error


def build_zip(members: dict[str, bytes], offset: int) -> bytes:
    """Return the zip for byte `offset` of a file, in the only form that keykind writes.

    Not by zipfile: a file that is read is compared with this, so it must not depend on the version of Python.
    """
    bodies, entries = b"", b""
    for name, data in members.items():
        common = (_VERSION, 0, 0, 0, _DATE, zlib.crc32(data), len(data), len(data), len(name), 0)
        position = offset + len(bodies)
        entries += (
            _CENTRAL.pack(b"PK\1\2", _MADE_BY, *common, 0, 0, 0, _PERMISSIONS, position) + name.encode()
        )
        bodies += _LOCAL.pack(b"PK\3\4", *common) + name.encode() + data
    count, directory = len(members), offset + len(bodies)
    return bodies + entries + _END.pack(b"PK\5\6", 0, 0, count, count, len(entries), directory, 0)
