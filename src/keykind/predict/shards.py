"""Predictions for any number of photos -> a folder of shards, each written atomically; resumable.

In:    photos in a fixed order; a recogniser
Out:   FOLDER/part-000000.jsonl (or .csv, .parquet) and so on; FOLDER/_manifest.json, which lists what is done
Needs: numpy, pillow, ai-edge-litert; pyarrow for .parquet, fsspec for addresses [scale]

A shard, called a part in file names and messages, is done if the manifest lists it and its photos and file
are unchanged: photos by name, size and modification time or version, the file by SHA-256. So a photo that was
replaced is processed again, and so are all photos after an added one. The manifest is written after each
shard.
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
from keykind.core.files import READ_ERRORS, UNFINISHED, clear_unfinished
from keykind.core.lock import lock_folder
from keykind.model.decision import Decision
from keykind.photo.source import NamedPhoto, Source, name_of
from keykind.photo.storage import (
    Address,
    Location,
    list_names,
    read_if_exists,
    remove,
    write_atomically,
)
from keykind.predict import writers
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.writers import Tally

MANIFEST = "_manifest.json"  # Parquet readers skip files whose names begin with _
PREFIX = "part-"

Entry = dict[str, Any]  # of a shard in the manifest
MEANINGS = {"finder": "detector", "ending": "format", "photos_a_part": "photos per part"}  # in messages
Recognise = Callable[[Iterable[Source]], Iterator[Prediction]]  # in the order of the photos


@dataclass(frozen=True, slots=True)
class ShardedOutput:
    """Where predictions are written: a folder of shards, or a file if the location has an extension."""

    location: Location
    suffix: str  # of the shards: .jsonl, .csv or .parquet
    shard_size: int  # photos per shard; at most this many have to be repeated when a command is killed

    def write(self, photos: Iterable[Source], recogniser: Recogniser, recognise: Recognise) -> Tally:
        """Write the predictions for photos and return their verdicts, those of finished shards included.

        Raises what `write_shards` and `writers.write` raise.
        """
        if not self.location.suffix:
            return self.write_shards(photos, recogniser, recognise)
        writers.check_replaceable(self.location)
        tally = Tally()
        writers.write(self.location, tally.counted(recognise(photos)), recogniser.kinds)
        return tally

    def write_shards(self, photos: Iterable[Source], recogniser: Recogniser, recognise: Recognise) -> Tally:
        """Write the shards that are not done, and return the verdicts of all.

        Raises CannotWrite if the folder holds other files or the predictions of another model.
        """
        with ExitStack() as stack:
            if isinstance(self.location, Path):
                if self.location.is_file():
                    fault = "is a file, but predictions in several parts need a folder"
                    remedy = "give another name, or one with an extension"
                    raise CannotWrite(self.location, fault=fault, remedy=remedy)
                stack.enter_context(lock_folder(self.location))
                clear_unfinished(self.location)
            writer = _ShardWriter(self, _identity(self, recogniser), recogniser.kinds)
            writer.run(photos, recognise)
            return writer.tally

    def shard_name(self, index: int) -> str:
        """Return the name of a shard's file."""
        return f"{PREFIX}{index:06}{self.suffix}"


@dataclass(slots=True)
class _Shard:
    """A shard that is still to be written."""

    index: int
    count: int  # photos
    photos: str  # hash of what identifies them


class _ShardWriter:
    """One command writing to a folder."""

    def __init__(self, output: ShardedOutput, identity: dict[str, Any], kinds: Sequence[str]) -> None:
        self._output, self._identity, self._kinds = output, identity, kinds
        self._previous = {entry["part"]: entry for entry in _read_entries(output.location, identity)}
        self._done: dict[int, Entry] = {}
        self._pending: deque[_Shard] = deque()
        self._fully_listed = True
        self.tally = Tally()

    def run(self, photos: Iterable[Source], recognise: Recognise) -> None:
        """Write the missing shards, one after another."""
        self._write_manifest(self._previous)  # or a command killed now would leave shards without one
        predictions = recognise(self._missing(photos))
        for first in predictions:  # by now `_missing` has appended the shard that it belongs to
            shard = self._pending.popleft()
            self._write(shard, chain([first], islice(predictions, shard.count - 1)))
        if not self._fully_listed:  # the photos of later shards may still exist
            return
        self._write_manifest(self._done)  # shards beyond the last are obsolete: their photos are gone
        files = {entry["file"] for entry in self._done.values()}
        for name in list_names(self._output.location):
            if name.startswith(PREFIX) and name not in files:
                remove(self._output.location / name)

    def _missing(self, photos: Iterable[Source]) -> Iterator[Source]:
        """Yield the photos of the shards that are not done."""
        remaining = iter(photos)
        index = 0
        while sources := list(islice(remaining, self._output.shard_size)):
            self._fully_listed &= not any(isinstance(source, BadPhoto) for source in sources)
            shard = _Shard(index, len(sources), _hash_of(sources))
            entry = self._previous.get(index)
            if entry and self._is_done(entry, shard):
                self._done[index] = entry
                self.tally.add(entry["verdicts"])
            else:
                self._pending.append(shard)
                yield from sources
            index += 1

    def _is_done(self, entry: Entry, shard: _Shard) -> bool:
        if entry["photos"] != shard.photos or entry["may_pass"]:
            return False
        data = read_if_exists(self._output.location / entry["file"])
        return data is not None and hashlib.sha256(data).hexdigest() == entry["sha256"]

    def _write(self, shard: _Shard, predictions: Iterator[Prediction]) -> None:
        name, tally, transient = self._output.shard_name(shard.index), Tally(), 0

        def counted() -> Iterator[Prediction]:
            nonlocal transient
            for prediction in tally.counted(predictions):
                transient += prediction.transient
                yield prediction

        location = self._output.location / name
        writers.write(location, counted(), self._kinds)
        data = read_if_exists(location)
        if data is None:
            fault, remedy = "was written, but no longer exists", "find out which program removes it"
            raise CannotWrite(str(location), fault=fault, remedy=remedy)
        self._done[shard.index] = {
            "part": shard.index,
            "file": name,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "photos": shard.photos,
            "may_pass": transient,  # photos with a transient error: the shard is not done
            "verdicts": tally.as_json(),
        }
        self.tally.add(tally.as_json())
        self._write_manifest(self._previous | self._done)  # shards not yet checked may be done, too

    def _write_manifest(self, entries: dict[int, Entry]) -> None:
        manifest = self._identity | {"parts": [entries[index] for index in sorted(entries)]}
        with write_atomically(self._output.location / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _identity(output: ShardedOutput, recogniser: Recogniser) -> dict[str, Any]:
    """Return the manifest's entries that must agree for a command to resume an earlier one."""
    return {
        "keykind": __version__,
        "model": recogniser.model.digest,
        "finder": recogniser.detector and recogniser.detector.digest,
        "decision": _digest(recogniser.decision),
        "ending": output.suffix,
        "photos_a_part": output.shard_size,
    }


def _digest(decision: Decision | None) -> str | None:
    """Return a hash of a decision; None for the default one of the model's card."""
    if decision is None:
        return None
    return hashlib.sha256(json.dumps(decision.as_json(), sort_keys=True).encode()).hexdigest()


def _read_entries(location: Location, identity: dict[str, Any]) -> list[Entry]:
    """Return the entries of an earlier command's manifest. Raises CannotWrite if the commands differ."""
    names = [name for name in list_names(location) if not name.startswith(UNFINISHED)]
    if not names:
        return []
    try:
        manifest = json.loads(read_if_exists(location / MANIFEST) or b"")
        entries: list[Entry] = manifest["parts"]
    except (TypeError, *READ_ERRORS) as error:
        fault = f"holds {len(names):,} other files and no {MANIFEST} of keykind"
        raise CannotWrite(str(location), fault=fault, remedy="give another folder") from error
    for key, value in identity.items():
        if key == "decision" and key not in manifest:  # begun before decisions were recorded
            continue
        if manifest.get(key) != value:
            fault = f"holds predictions of {MEANINGS.get(key, key)} {manifest.get(key)}, not {value}"
            remedy = "repeat the command that began it, or give another folder"
            raise CannotWrite(str(location), fault=fault, remedy=remedy)
    return entries


def _hash_of(sources: Sequence[Source]) -> str:
    """Return a hash of the photos' current state, without opening files."""
    return hashlib.sha256("\n".join(map(_state, sources)).encode("utf-8", "surrogateescape")).hexdigest()


def _state(source: Source) -> str:
    """Return a text that identifies a photo and changes when it is modified."""
    match source:
        case Path() | str():
            try:
                status = Path(source).stat()
            except (OSError, ValueError) as error:
                return f"{source} {error}"
            return f"{source} {status.st_size} {status.st_mtime_ns}"
        case Address():
            return f"{source} {source.size} {source.version}"
        case NamedPhoto(name=name, content=bytes() as data):
            return f"{name} {hashlib.sha256(data).hexdigest()}"
    return name_of(source)
