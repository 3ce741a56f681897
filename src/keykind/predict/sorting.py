"""Photos and their predictions -> copies in one folder per answer.

In:    photos: files, or bytes; Prediction(s)
Out:   FOLDER/<kind>/<name>, FOLDER/not sure/<name> and so on; the photos stay where they are
Needs: numpy, pillow
"""

import filecmp
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from keykind.core.errors import CannotWrite
from keykind.core.files import atomic_write, clear_unfinished
from keykind.photo.source import NamedPhoto, Source
from keykind.predict.file_names import Taken, safe_name
from keykind.predict.prediction import NOT_SURE, UNREADABLE, Prediction
from keykind.predict.wording import NOT_A_KEY, Wording

SEVERAL = "several kinds"  # folder of photos with keys of more than one kind


class Sorter:
    """The folder into which photos are copied, and what has been copied."""

    def __init__(self, folder: Path, kinds: Sequence[str], wording: Wording, *, force: bool = False) -> None:
        """Take the kinds of the model. force: the folder may hold files already; none of them is replaced.

        Raises CannotWrite if it holds any and `force` is not set.
        """
        if not force and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            fault = "exists and is not empty" if folder.is_dir() else "is a file"
            remedy = "give a new folder, or add --force to add to this one; no file there is replaced"
            raise CannotWrite(folder, fault=fault, remedy=remedy)
        self.folder = folder
        self.counts: Counter[str] = Counter()  # copies per folder, those that were there already included
        folders = Taken()
        verdicts = {NOT_A_KEY: wording.rejected, **{name: name for name in (NOT_SURE, SEVERAL, UNREADABLE)}}
        self._folders = {key: str(folders.unique(PurePath(name))) for key, name in verdicts.items()}
        self._kind_folders = {kind: str(folders.unique(PurePath(safe_name(kind)))) for kind in kinds}

    def folder_of(self, prediction: Prediction) -> str:
        """Return the name of the folder for a photo: of the kind of its keys that are known."""
        kinds = {key.kind for key in prediction.keys if key.kind is not None}
        if len(kinds) > 1:
            return self._folders[SEVERAL]
        return self._kind_folders[kinds.pop()] if kinds else self._folders[prediction.verdict]

    def copy(self, source: Source, name: str, prediction: Prediction) -> None:
        """Copy a photo into its folder; `name` is that of its file.

        If another photo has the name, the copy gets a number; if the same photo is there, nothing is written.
        What is no file, e.g. a photo that does not exist, is passed over. Raises CannotWrite.
        """
        content = source.content if isinstance(source, NamedPhoto) else source
        if isinstance(content, str):
            content = Path(content)
        if not isinstance(content, bytes) and not (isinstance(content, Path) and content.is_file()):
            return
        folder = self.folder_of(prediction)
        number, target = 1, self.folder / folder / name
        while target.exists() and not _is_copy(target, content):
            number += 1
            target = self.folder / folder / f"{PurePath(name).stem}-{number}{PurePath(name).suffix}"
        if not target.exists():
            _copy(content, target)
        self.counts[folder] += 1

    def clear(self) -> None:
        """Delete what a killed command left unfinished."""
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            if folder.is_dir():
                clear_unfinished(folder)


def _is_copy(target: Path, content: Path | bytes) -> bool:
    if isinstance(content, Path):
        return filecmp.cmp(target, content, shallow=False)
    return target.stat().st_size == len(content) and target.read_bytes() == content


def _copy(content: Path | bytes, target: Path) -> None:
    with atomic_write(target) as temporary:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            shutil.copyfile(content, temporary)
            status = content.stat()
            os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))  # programs sort photos by it
