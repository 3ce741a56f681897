"""Text that can be drawn on pictures, in any script that a font on this machine has.

In:    text, a size in pixels
Out:   a font that has its characters, and the text as that font can draw it
Needs: pillow; its FreeType support, as in every wheel

The font that ships with keykind (fonts/labels.ttf) is a subset of DejaVu Sans Condensed Bold: Latin with all
accents, Greek and Cyrillic. Pillow's own has only ASCII. Other scripts need a font of the system, or the file
that the environment variable KEYKIND_FONT names. Without one, accents are dropped, and what still cannot be
drawn becomes MISSING.
"""

import os
import unicodedata
from functools import cache, lru_cache
from importlib import resources

from PIL import ImageFont

VARIABLE = "KEYKIND_FONT"  # environment variable: path or name of a font file
MISSING = "?"
_ABSENT = "\uffff"  # no font has this character; it is drawn as each font draws what it lacks
_PROBE_SIZE = 24  # px, at which a character is compared with an absent one
# Names of files in the font folders of Linux, macOS and Windows, those with the most scripts first.
SYSTEM_FONTS = (
    *("NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "SourceHanSans-Regular.ttc", "wqy-zenhei.ttc"),
    *("wqy-microhei.ttc", "DroidSansFallbackFull.ttf", "ipag.ttf", "NanumGothic.ttf"),
    *("Arial Unicode.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc"),
    *("msyh.ttc", "YuGothM.ttc", "msgothic.ttc", "malgun.ttf", "Nirmala.ttc", "Nirmala.ttf", "LeelawUI.ttf"),
    *("segoeui.ttf", "seguisym.ttf", "arial.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "FreeSans.ttf"),
    *(
        "NotoSans-Bold.ttf",
        "NotoSans-Regular.ttf",
        "NotoSansArabic-Regular.ttf",
        "NotoNaskhArabic-Regular.ttf",
    ),
    *("NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "NotoSansThai-Regular.ttf"),
    *("NotoSansBengali-Regular.ttf", "NotoSansTamil-Regular.ttf", "NotoSansGeorgian-Regular.ttf"),
)


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont:
    """Return the font that draws `drawable(text)`, size in px. Fonts are kept for the next call."""
    return _load(_chosen(text)[0], size)


def drawable(text: str) -> str:
    """Return the text with what no font can draw replaced: é by e, a character of a missing script by '?'."""
    return _chosen(text)[1]


@lru_cache(1000)
def _chosen(text: str) -> tuple[str, str]:
    """Return the font's file, and the text that it draws."""
    text = unicodedata.normalize("NFC", text)
    own = _own_font()
    if _has_all(own, text):
        return own, text
    for name in (os.environ.get(VARIABLE, ""), *SYSTEM_FONTS):
        if name and _exists(name) and _has_all(name, text):
            return name, text
    return own, "".join(char if _has(own, char) else _plain(own, char) for char in text)


def _plain(own: str, char: str) -> str:
    """Return a character without its accents, or MISSING."""
    base = unicodedata.normalize("NFKD", char)
    kept = "".join(part for part in base if not unicodedata.combining(part))
    return kept if kept and _has_all(own, kept) else MISSING


@cache
def _own_font() -> str:
    return str(resources.files("keykind.predict") / "fonts" / "labels.ttf")


@lru_cache(64)
def _load(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(name, size)


@cache
def _exists(name: str) -> bool:
    try:
        _load(name, _PROBE_SIZE)
    except OSError:
        return False
    return True


def _has_all(name: str, text: str) -> bool:
    return all(_has(name, char) for char in text)


@lru_cache(10_000)
def _has(name: str, char: str) -> bool:
    """Return whether a font has a character: whether it draws it unlike one that no font has."""
    if char.isspace():
        return True
    font = _load(name, _PROBE_SIZE)
    return bytes(font.getmask(char)) != bytes(font.getmask(_ABSENT))
