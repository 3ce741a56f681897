"""Bytes of a table -> text, in the encoding that the program which saved it used.

In:    bytes: UTF-8, UTF-16 or UTF-32 with or without a byte order mark, or one byte a character
Out:   text; bytes that are not UTF-8 as surrogates (`surrogateescape`), as in file names
Needs: nothing beyond Python

Excel saves "CSV" in the encoding of its Windows, which the file does not name. `western` reads text whose
characters are the same in every encoding it may be; all else is refused rather than guessed.
"""

import codecs
import unicodedata
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from keykind.core.errors import BadDataset

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SIGNATURES = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xd8\xff", "a JPEG photo"),
    (b"\x89PNG", "a PNG image"),
    (b"{\\rtf", "an RTF document"),
    (b"<", "a web page or XML"),
)  # first bytes -> what the file is
MISSING = frozenset({"nan", "null", "<na>", "n/a", "#n/a", "nat", "undefined"})  # case folded
PROBE = 4096  # bytes in which the encoding is looked for
MIN_NULS = 0.4  # share of the bytes at odd (or even) places that are 0 in UTF-16 text with a heading in ASCII
SAVE = "save it as CSV UTF-8"
WINDOWS = ("cp1252", "cp1250", "cp1254")  # of Western and Central Europe, and of Turkey
MAC_AND_DOS = range(0x80, 0xC0)  # where these have most of their accented letters, and Windows hardly any


def decode_table(data: bytes, path: str | Path) -> str:
    """Return the text of a table; bytes that are not UTF-8 become surrogates.

    Raises BadDataset if the file is another kind of file, or cut off in UTF-16 or UTF-32.
    """
    for signature, what in SIGNATURES:
        if data.startswith(signature):
            raise BadDataset(path, fault=f"is {what}, not a CSV table", remedy=f"open it and {SAVE}")
    encoding = _unicode_encoding(data)
    if encoding.startswith("utf-8"):
        return data.decode(encoding, "surrogateescape")
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        name = encoding.upper()
        fault = f"starts like {name}, but byte {error.start:,} of {len(data):,} is not {name}"
        raise BadDataset(path, fault=fault, remedy=SAVE) from error


def western(raw: str) -> str | None:
    """Return a cell with its surrogates read as Windows text; None if that would be a guess.

    A character is accepted if it is the same letter in the encodings of Western and Central Europe and of
    Turkey, stands in a word most of whose letters are ASCII, and is lower case among lower case.
    """
    data = raw.encode("utf-8", "surrogateescape")
    if any(ord(character) > 127 and not _is_surrogate(character) for character in raw):
        return None  # partly UTF-8: damaged
    if any(byte in MAC_AND_DOS for byte in data):
        return None
    try:
        texts = {data.decode(encoding) for encoding in WINDOWS}
    except UnicodeDecodeError:
        return None
    if len(texts) > 1:
        return None
    (text,) = texts
    return text if all(map(_is_word, text.replace("_", " ").replace("-", " ").split())) else None


def candidates(raw: str) -> list[str]:
    """Return what a cell with surrogates reads as in the common encodings of one byte a character."""
    data = raw.encode("utf-8", "surrogateescape")
    texts = (data.decode(encoding, "replace") for encoding in (*WINDOWS, "mac_roman", "cp850", "cp1251"))
    return list(dict.fromkeys(text for text in texts if text.isprintable() and "\ufffd" not in text))[:3]


def has_surrogates(text: str) -> bool:
    """Return whether a text has bytes that are not UTF-8."""
    return not text.isascii() and any(map(_is_surrogate, text))


def _is_word(word: str) -> bool:
    """Return whether the letters beyond ASCII fit into a word: no more than the others, and of their case."""
    odd = [character for character in word if not character.isascii()]
    plain = [character for character in word if character.isascii() and character.isalpha()]
    pairs = enumerate(pairwise(word))
    return not odd or (
        len(odd) <= len(plain)
        and all(map(str.isalpha, odd))
        and not any(_case_breaks(a, b, i) for i, (a, b) in pairs if not (a + b).isascii())
    )


def _case_breaks(a: str, b: str, index: int) -> bool:
    """Return whether neighbours in a word differ in case, other than after its first letter."""
    if "ß" in a + b:  # it has no capital
        return False
    return (a.islower() and b.isupper()) or (index > 0 and a.isupper() and b.islower())


def _is_surrogate(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"


def _unicode_encoding(data: bytes) -> str:
    """Return the name of the Unicode encoding by its byte order mark, or by where zero bytes are."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    probe = data[:PROBE]
    zero = [_share_of_zeros(probe[i::4]) for i in range(4)]
    if min(zero[1:]) >= MIN_NULS:
        return "utf-32-le"
    if min(zero[:3]) >= MIN_NULS:
        return "utf-32-be"
    if min(zero[1], zero[3]) >= MIN_NULS > max(zero[0], zero[2]):
        return "utf-16-le"
    if min(zero[0], zero[2]) >= MIN_NULS > max(zero[1], zero[3]):
        return "utf-16-be"
    return "utf-8"


def _share_of_zeros(data: bytes) -> float:
    return data.count(0) / len(data) if data else 0.0


def normal(text: str) -> str:
    """Return a text in Unicode normal form C, in which macOS and Windows spell an accent alike."""
    return unicodedata.normalize("NFC", text)


def is_missing(cell: str) -> bool:
    """Return whether a cell is what pandas, R, Excel or a database write for none; "none" may be a class."""
    return cell == "NA" or cell.casefold() in MISSING


def visible(text: str) -> str:
    """Return a text without characters that are not seen, such as marks of byte order and direction."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def without_accents(text: str) -> str:
    """Return a text with its letters only, e.g. entrainement for entraînement."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def twice_encoded(text: str) -> str | None:
    """Return what a text meant before its UTF-8 was read as Windows or Mac text (`Ã¼` for `ü`), or None."""
    if text.isascii():
        return None
    for encoding in ("cp1252", "mac_roman"):
        with suppress(UnicodeError):
            return b"".join(_byte(character, encoding) for character in text).decode()
    return None


def _byte(character: str, encoding: str) -> bytes:
    """Return the byte of a character; Windows leaves five bytes as they are."""
    if encoding == "cp1252" and character in "\x81\x8d\x8f\x90\x9d":
        return character.encode("latin-1")
    return character.encode(encoding)
