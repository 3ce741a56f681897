"""Answers of any number of photos -> a folder of files, each whole; a stopped command goes on.

In:    photos in a fixed order; what answers them
Out:   FOLDER/part-000000.jsonl (or .csv, .parquet) and so on; FOLDER/_manifest.json, which says what is done
Needs: nothing beyond Python; for other endings and addresses what `answers` and `addresses` need

A part counts as done when the manifest holds its number, its photos and its file as they are now: photos by
name, size and time or version, the file by its SHA-256. So a photo that was replaced is answered again, and
so are all behind one that came new. The manifest is written anew after each part.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from keykind import __version__
from keykind.core.errors import BadPhoto, CannotWrite
from keykind.core.files import DAMAGE, UNFINISHED, clear_unfinished
from keykind.core.lock import lock_folder
from keykind.photo.source import NamedPhoto, Source, name_of
from keykind.photo.storage import Address, names_in, read_if_there, remove, whole_at
from keykind.predict import writers
from keykind.predict.recogniser import Prediction, Recogniser
from keykind.predict.writers import Tally

MANIFEST = "_manifest.json"  # readers of folders of Parquet pass over what begins with _
PART = "part-"

Entry = dict[str, Any]  # of a part, in the manifest
Recognise = Callable[[Iterable[Source]], Iterator[Prediction]]


@dataclass(frozen=True, slots=True)
class PartFolder:
    """FOLDER/, and what its parts are."""

    place: Path | Address
    ending: str  # .jsonl, .csv or .parquet
    size: int  # photos in a part: what is lost at most when a command is killed

    def write(self, photos: Iterable[Source], recogniser: Recogniser, recognise: Recognise) -> Tally:
        """Answer photos into the folder; into one file, whole or absent, where the place has an ending.

        Raises what `fill` and `writers.write` raise.
        """
        if not self.place.suffix:
            return self.fill(photos, recogniser, recognise)
        tally = Tally()
        writers.write(self.place, tally.counted(recognise(photos)), recogniser.kinds)
        return tally

    def fill(self, photos: Iterable[Source], recogniser: Recogniser, recognise: Recognise) -> Tally:
        """Answer the photos of all parts that are not done, and write these; return what was said of all.

        recognise: answers photos in their order.
        Raises CannotWrite for a folder that holds anything else or the answers of another model.
        """
        with ExitStack() as stack:
            if isinstance(self.place, Path):
                if self.place.is_file():
                    fault = "is a file, but answers in parts need a folder"
                    raise CannotWrite(self.place, fault=fault, remedy="name another, or give it an ending")
                stack.enter_context(lock_folder(self.place))
                clear_unfinished(self.place)
            filling = _Filling(self, _identity(self, recogniser), recogniser.kinds)
            filling.run(photos, recognise)
            return filling.tally

    def file(self, number: int) -> str:
        """Return the name of a part's file."""
        return f"{PART}{number:06}{self.ending}"


@dataclass(slots=True)
class _Planned:
    """A part that is to be answered."""

    number: int
    count: int  # photos
    photos: str  # hash of their names and what tells whether they changed


class _Filling:
    """One command at work on a folder."""

    def __init__(self, folder: PartFolder, identity: dict[str, Any], kinds: Sequence[str]) -> None:
        self._folder, self._identity, self._kinds = folder, identity, kinds
        self._before = {entry["part"]: entry for entry in _begun(folder.place, identity)}
        self._done: dict[int, Entry] = {}
        self._planned: deque[_Planned] = deque()
        self._all_listed = True
        self.tally = Tally()

    def run(self, photos: Iterable[Source], recognise: Recognise) -> None:
        """Answer what is missing, part by part."""
        self._keep(self._before)  # or a command killed now would leave parts without their manifest
        predictions = recognise(self._missing(photos))
        for first in predictions:  # asked for it, `_missing` has planned the part that it belongs to
            part = self._planned.popleft()
            self._write(part, chain([first], islice(predictions, part.count - 1)))
        if not self._all_listed:  # what comes behind may be there yet
            return
        self._keep(self._done)  # parts beyond the last are gone, as photos are
        files = {entry["file"] for entry in self._done.values()}
        for name in names_in(self._folder.place):
            if name.startswith(PART) and name not in files:
                remove(self._folder.place / name)

    def _missing(self, photos: Iterable[Source]) -> Iterator[Source]:
        """Yield the photos of the parts that are not done."""
        left = iter(photos)
        number = 0
        while sources := list(islice(left, self._folder.size)):
            self._all_listed &= not any(isinstance(source, BadPhoto) for source in sources)
            part = _Planned(number, len(sources), _hash_of(sources))
            before = self._before.get(number)
            if (
                before
                and before["photos"] == part.photos
                and not before["transient"]
                and self._is_there(before)
            ):
                self._done[number] = before
                self.tally.add(before["verdicts"])
            else:
                self._planned.append(part)
                yield from sources
            number += 1

    def _is_there(self, entry: Entry) -> bool:
        data = read_if_there(self._folder.place / entry["file"])
        return data is not None and hashlib.sha256(data).hexdigest() == entry["sha256"]

    def _write(self, part: _Planned, predictions: Iterator[Prediction]) -> None:
        name, tally, passing = self._folder.file(part.number), Tally(), 0

        def noted() -> Iterator[Prediction]:
            nonlocal passing
            for one in tally.counted(predictions):
                passing += one.transient
                yield one

        place = self._folder.place / name
        writers.write(place, noted(), self._kinds)
        data = read_if_there(place)
        if data is None:
            raise CannotWrite(str(place), fault="was written and is gone", remedy="look who removes it")
        self._done[part.number] = {
            "part": part.number,
            "file": name,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "photos": part.photos,
            "transient": passing,  # photos that could not be had: they are asked for again
            "verdicts": tally.as_json(),
        }
        self.tally.add(tally.as_json())
        self._keep(self._before | self._done)  # what was not looked at yet may be done, too

    def _keep(self, parts: dict[int, Entry]) -> None:
        """Write the manifest."""
        told = self._identity | {"parts": [parts[number] for number in sorted(parts)]}
        with whole_at(self._folder.place / MANIFEST) as temporary:
            temporary.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _identity(folder: PartFolder, recogniser: Recogniser) -> dict[str, Any]:
    return {
        "keykind": __version__,
        "model": recogniser.model.digest,
        "detector": recogniser.detector and recogniser.detector.digest,
        "ending": folder.ending,
        "photos_a_part": folder.size,
    }


def _begun(place: Path | Address, identity: dict[str, Any]) -> list[Entry]:
    """Return the parts of which an earlier command's manifest tells. Raises CannotWrite for another's."""
    names = [name for name in names_in(place) if not name.startswith(UNFINISHED)]
    if not names:
        return []
    try:
        told = json.loads(read_if_there(place / MANIFEST) or b"")
        entries: list[Entry] = told["parts"]
    except (TypeError, *DAMAGE) as error:
        fault = f"holds {len(names):,} other files, and no {MANIFEST} of ours"
        raise CannotWrite(str(place), fault=fault, remedy="name another folder") from error
    for key, value in identity.items():
        if told.get(key) != value:
            fault = f"holds answers of {key} {told.get(key)}, not {value}"
            remedy = "repeat the command that began it, or name another folder"
            raise CannotWrite(str(place), fault=fault, remedy=remedy)
    return entries


def _hash_of(sources: Sequence[Source]) -> str:
    """Return a hash of photos as they are now, none of them opened."""
    return hashlib.sha256("\n".join(map(_mark, sources)).encode("utf-8", "surrogateescape")).hexdigest()


def _mark(source: Source) -> str:
    """Return what tells a photo from any other, and from itself before it was changed."""
    match source:
        case Path() | str():
            try:
                status = Path(source).stat()
            except (OSError, ValueError) as error:
                return f"{source} {error}"
            return f"{source} {status.st_size} {status.st_mtime_ns}"
        case Address():
            return f"{source} {source.size} {source.mark}"
        case NamedPhoto(name=name, photo=bytes() as data):
            return f"{name} {hashlib.sha256(data).hexdigest()}"
    return name_of(source)
