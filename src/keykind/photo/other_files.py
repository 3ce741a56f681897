"""The first bytes of a file that is no photo -> what it is, and what to do.

In:    bytes
Out:   a noun phrase and a remedy, for an error
Needs: nothing beyond Python

Such files get photos' names by saving a page instead of its picture, by `git clone` without LFS, by copying
shortcuts, and by renaming.
"""

import re

HEAD = 512  # bytes that are looked at
GIVE_A_PHOTO = "give a JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC, AVIF or JPEG 2000 file"

_VIDEO = "name it as a video (e.g. clip.mp4) for `keykind predict`, or save a frame of it as JPEG"
_UNPACK = "unpack it and give the photos in it"
_EXPORT = "open it in the program that made it and export it as JPEG"
_PAGE = "open the address in a browser, log in if it asks, and save the photo itself"
_ANSWER = "if it was downloaded, it may say why there is no photo; get the photo itself"
_LFS = "run `git lfs pull` in its repository, which gets the photo"
_TARGET = "give the photo that it points to"
_KINDS = (  # compiled when needed: it takes 9 ms
    (rb"....ftyp(iso|mp4|avc1|qt|M4|3g|mmp4|dash|f4v|XAVC|MSNV)", "a video (MP4 or QuickTime)", _VIDEO),
    (rb"[\0-\x1f]...(moov|mdat|wide)", "a video (QuickTime)", _VIDEO),
    (rb"RIFF....AVI ", "a video (AVI)", _VIDEO),
    (rb"\x1a\x45\xdf\xa3", "a video (Matroska or WebM)", _VIDEO),
    (rb"\0\0\x01[\xb3\xba]", "a video (MPEG)", _VIDEO),
    (rb"G.{187}G.{187}G|.{4}G.{191}G.{191}G", "a video (MPEG transport stream)", _VIDEO),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a video (Windows Media)", _VIDEO),
    (rb"FLV\x01", "a video (Flash)", _VIDEO),
    (rb"version https://git-lfs", "a Git LFS pointer", _LFS),
    (rb"L\0\0\0\x01\x14\x02\0", "a Windows shortcut", _TARGET),
    (rb"(?i)\s*\[(InternetShortcut|Desktop Entry)", "a shortcut", _TARGET),
    (rb"book\0\0\0\0mark|bplist00", "a macOS alias or property list", _TARGET),
    (rb"\0\x05\x16[\0\x07]", "the macOS data about a file", "give the file without `._` before its name"),
    (rb"\x1f\x8b", "a gzip archive", _UNPACK),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive or an office document", _UNPACK),
    (rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\xfd7zXZ\0|BZh[1-9]|\x28\xb5\x2f\xfd", "an archive", _UNPACK),
    (rb"%PDF", "a PDF", "save its page or picture as JPEG"),
    (rb"8BPS", "a Photoshop file", _EXPORT),
    (rb"gimp xcf", "a GIMP file", _EXPORT),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL image", "save it as JPEG or PNG"),
    (rb"(?i)\s*(<\?xml.*?)?(<!--.*?)?<svg", "an SVG drawing", "export it as PNG"),
    (
        rb"(?i)\s*(<\?xml.*?)?(<!--.*?)?<(!doctype html|html|head|body|script|title|meta)\b",
        "a web page",
        _PAGE,
    ),
    (rb"\s*<\?xml", "XML", _ANSWER),
    (rb'\s*(\{\s*"|\[\s*[{"])', "JSON", _ANSWER),
    (rb"data:image/", "a data address as text", "decode its Base64 part, or save the picture itself"),
    (rb"https?://\S+\s*$", "a web address as text", "download that, and give the file"),
)  # first bytes -> what it is, what to do


def other_file(data: bytes) -> tuple[str, str] | None:
    """Return what a file is that is no photo, e.g. "a PDF", and what to do; None if it is unknown."""
    head = data[:HEAD].removeprefix(b"\xef\xbb\xbf")
    return next(((what, remedy) for start, what, remedy in _KINDS if re.match(start, head, re.DOTALL)), None)
