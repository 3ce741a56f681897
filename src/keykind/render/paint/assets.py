"""Folders of environment maps, textures and photos -> the files that scenes are rendered with.

In:    folders (any of them may be missing)
Out:   Assets: paths, sorted by name, and a digest of each folder; decoded where they are used
Needs: nothing beyond Python

Files are recognised by their extensions, anything else in the folders is ignored. Maps of one texture share
the beginning of their names, as Poly Haven's and ambientCG's do: oak_diff_1k.jpg, oak_nor_gl_1k.jpg,
oak_rough_1k.jpg; a picture without such an ending is a texture by itself.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from keykind.core.errors import KeykindError
from keykind.photo.decode import SUFFIXES

LIGHT_SUFFIXES = frozenset({".exr", ".hdr"})
ROLES = {  # end of a file name -> what the map holds; None: not used
    "colour": r"colou?r|col|diff|diffuse|albedo|base_?colou?r",
    "normal": r"normal|normal_?gl|nor_gl|nor",
    "rough": r"rough|roughness",
    "arm": r"arm",  # ambient occlusion, roughness, metallic as red, green, blue
    None: r"ao|disp|displacement|height|metalness|metallic|metal|normal_?dx|nor_dx|spec|opacity|mask",
}
ENDING = re.compile(
    r"(?i)^(?P<base>.+)[_-](?:"
    + "|".join(f"(?P<{role or 'unused'}>{names})" for role, names in ROLES.items())
    + r")(?:[_-]\d+k)?$"
)
RESOLUTION = re.compile(r"(?i)[_-]\d+k(?:[_-](?:jpe?g|png))?$")  # ambientCG: Wood051_1K-JPG_Color


@dataclass(frozen=True, slots=True)
class Texture:
    """The maps of one texture."""

    colour: Path  # sRGB
    normal: Path | None = None  # tangent space, +y up (OpenGL)
    rough: Path | None = None  # grey
    arm: Path | None = None

    def paths(self) -> list[Path]:
        """Return the files of the texture."""
        return [path for path in (self.colour, self.normal, self.rough, self.arm) if path]


@dataclass(frozen=True, slots=True)
class Assets:
    """The files to render with; none of them: what keykind draws itself."""

    lights: tuple[Path, ...] = ()  # environment maps
    grounds: tuple[Texture, ...] = ()
    behind: tuple[Path, ...] = ()  # photos without keys
    clutter: tuple[Path, ...] = ()  # cut-out pictures with transparency
    digests: tuple[tuple[str, str], ...] = ()  # (folder's role, SHA-256 of names and contents)

    def as_json(self) -> dict[str, str | None]:
        """Return what identifies the contents of each folder, or None where there is no folder."""
        roles = [field.name for field in fields(self) if field.name != "digests"]
        return dict.fromkeys(roles) | dict(self.digests)


NO_ASSETS = Assets()


def find_assets(
    lights: Path | None = None,
    grounds: Path | None = None,
    behind: Path | None = None,
    clutter: Path | None = None,
) -> Assets:
    """Return the files of the folders. Raises KeykindError if a folder is missing or holds no such file."""
    found = {
        "lights": _files(lights, LIGHT_SUFFIXES, "environment maps (.exr or .hdr)"),
        "grounds": _files(grounds, SUFFIXES, "textures (pictures such as oak_color.jpg)"),
        "behind": _files(behind, SUFFIXES, "photos"),
        "clutter": _files(clutter, frozenset({".png", ".webp"}), "cut-out pictures (.png or .webp)"),
    }
    textures = _textures(found["grounds"])
    if grounds and not textures:
        fault = f"holds {len(found['grounds']):,} pictures, but no colour map"
        raise KeykindError(grounds, fault=fault, remedy="add pictures such as oak_color.jpg")
    digests = tuple((role, _digest(files)) for role, files in found.items() if files)
    return Assets(found["lights"], textures, found["behind"], found["clutter"], digests)


def _files(folder: Path | None, suffixes: Iterable[str], wanted: str) -> tuple[Path, ...]:
    if folder is None:
        return ()
    try:
        paths = [path for path in Path(folder).iterdir() if path.is_file()]
    except OSError as error:
        fault = f"cannot be listed ({error.strerror})"
        raise KeykindError(folder, fault=fault, remedy="give a folder that exists") from error
    matching = [
        path.absolute() for path in paths if path.suffix.lower() in suffixes and not path.name.startswith(".")
    ]
    if not matching:
        fault = f"holds no {wanted} among its {len(paths):,} files"
        raise KeykindError(folder, fault=fault, remedy="add some, or omit the option")
    return tuple(sorted(matching, key=lambda path: path.name))


def _textures(paths: Sequence[Path]) -> tuple[Texture, ...]:
    """Return the textures that have a colour map, each with its other maps."""
    maps: dict[str, dict[str, Path]] = {}
    for path in paths:
        name, role = _role(path.stem)
        if role:
            maps.setdefault(name, {}).setdefault(role, path)
    return tuple(Texture(**found) for _, found in sorted(maps.items()) if "colour" in found)


def _role(stem: str) -> tuple[str, str | None]:
    """Return the name of the texture that a map belongs to, and its role; None: not used."""
    match = ENDING.match(stem)
    if match is None:
        return stem, "colour"
    role = next((role for role in ROLES if role and match[role]), None)
    return RESOLUTION.sub("", match["base"]), role


def _digest(paths: Sequence[Path]) -> str:
    """Return the number of files, and a digest of their names and contents."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
        digest.update(path.name.encode("utf-8", "surrogateescape") + b"\0" + content)
    return f"{len(paths)} files, sha256 {digest.hexdigest()[:16]}"
