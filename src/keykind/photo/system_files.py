"""Names that file servers, file managers and photo programs leave beside photos.

In:    names of files and folders; a folder
Out:   whether a name is one of theirs; PassedOver, the files passed over, counted by name; videos;
       annotated pictures
Needs: nothing beyond Python

Thumbnails are the reason: a Synology server keeps a small JPEG of each photo in `@eaDir`, and each would
count as a photo, or as a near duplicate of its own original.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

# Folders, casefolded. Synology, QNAP, Windows, macOS (as written to shares and archives), Linux, programs.
FOLDERS = frozenset(
    {
        "@eadir",
        "@tmp",
        "@sharebin",
        "@database",
        "#recycle",
        "#snapshot",
        "@recycle",
        "@recently-snapshot",
        "@__thumb",
        ".@__thumb",
        ".@upload_cache",
        "$recycle.bin",
        "recycler",
        "recycled",
        "system volume information",
        "__macosx",
        ".appledouble",
        ".appledb",
        ".appledesktop",
        ".documentrevisions-v100",
        ".fseventsd",
        ".spotlight-v100",
        ".temporaryitems",
        ".trashes",
        "network trash folder",
        "temporary items",
        "lost+found",
        "lost.dir",
        "found.000",
        "~snapshot",
        "captureone",
        ".thumbnails",
        ".thumbs",
        ".thumb",
        "_thumb",
        "_thumbs",
        ".xvpics",
        ".picasaoriginals",
        "ipod photo cache",
        ".ipynb_checkpoints",
        "__pycache__",
        ".dropbox.cache",
        ".stfolder",
        ".stversions",
        ".sync",
    }
)
FOLDER_PREFIXES = (".trash-", "appdata_")  # of Linux, followed by the user's number; previews of Nextcloud
FOLDER_SUFFIXES = (".lrdata",)  # previews of Lightroom
LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary", ".migratedaplibrary")
THUMBNAILS = frozenset({"thumb", "thumbs", "thumbnail", "thumbnails"})  # may also be a class of the user
IN_LIBRARIES = THUMBNAILS | {"derivatives", "data.noindex"}  # smaller versions of what else is in the library
FILES = frozenset(
    {
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "picasa.ini",
        ".picasa.ini",
        ".ds_store",
        ".localized",
        ".nomedia",
        ".directory",
        ".apdisk",
        "icon\r",
        "zbthumbnail.info",
        "pspbrwse.jbf",
        "wpsettings.dat",
        "indexervolumeguid",
    }
)
FILE_PREFIXES = ("._", "synophoto_thumb_", "synoindex_media_", "synofile_thumb_", "~$")
FILE_SUFFIXES = (":zone.identifier", "@synoeastream", "@synoresource", "~")  # ~: an editor's backup
MAX_NAMES = 5  # names in the sentence


def is_system_folder(name: str, parents: Iterable[str] = ()) -> bool:
    """Return whether a folder of this name holds no photos of the user: thumbnails, deleted files, ...

    parents: names of the folders that it is in; in a photo library of macOS more names are known.
    """
    folded = name.casefold()
    if folded in IN_LIBRARIES and any(parent.casefold().endswith(LIBRARIES) for parent in parents):
        return True
    return folded in FOLDERS or folded.startswith(FOLDER_PREFIXES) or folded.endswith(FOLDER_SUFFIXES)


def is_system_file(name: str) -> bool:
    """Return whether a file of this name was written by a file server, file manager or photo program."""
    folded = name.casefold()
    return folded in FILES or folded.startswith(FILE_PREFIXES) or folded.endswith(FILE_SUFFIXES)


class PassedOver:
    """What was passed over: thumbnails and system files, counted by the name they go by, and videos."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # name, e.g. "@eaDir" or "Thumbs.db" -> files
        self.videos = 0
        self.annotated = 0  # pictures that keykind made of photos

    def skips(
        self, name: str, path: Path | None, *, is_folder: bool, parents: Sequence[str] | None = None
    ) -> bool:
        """Return whether to pass over an entry of a folder; if so, count it, or the files in it.

        path: where it is on this disk; None: it is not on this disk, and a folder counts as one file.
        parents: names of the folders that it is in; None: those of the path.
        """
        if is_folder and parents is None and path and name.casefold() in IN_LIBRARIES:
            parents = path.absolute().parts[:-1]
        if is_folder and (is_system_folder(name, parents or ()) or (path and _repeats_its_parent(path))):
            self.counts[name] += count_files(path) if path else 1
            return True
        if not is_folder and is_system_file(name):
            self.counts[_title(name)] += 1
            return True
        return False

    @property
    def total(self) -> int:
        """Return the number of files passed over."""
        return self.counts.total()

    def sentence(self) -> str | None:
        """Return one sentence, e.g. "36 thumbnails and system files were passed over (36 in @eaDir)"."""
        if not self.total:
            return None
        listed = [f"{count:,} {name}" for name, count in self.counts.most_common(MAX_NAMES)]
        more = len(self.counts) - len(listed)
        names = ", ".join(listed) + (f" and {more:,} more names" if more else "")
        if self.total == 1:
            return f"1 thumbnail or system file was passed over ({names})."
        return f"{self.total:,} thumbnails and system files were passed over ({names})."

    def video_sentence(self, remedy: str = "") -> str | None:
        """Return one sentence, e.g. "3 videos were passed over; name them." with that remedy, or None."""
        if not self.videos:
            return None
        counted = "1 video was" if self.videos == 1 else f"{self.videos:,} videos were"
        return f"{counted} passed over{remedy and f'; {remedy}'}."

    def annotated_sentence(self) -> str | None:
        """Return one sentence, e.g. "3 pictures that keykind annotated were passed over.", or None."""
        if not self.annotated:
            return None
        counted = "1 picture" if self.annotated == 1 else f"{self.annotated:,} pictures"
        return f"{counted} that keykind annotated {'was' if self.annotated == 1 else 'were'} passed over."


def count_files(folder: Path) -> int:
    """Return the number of files in a folder and below; links are not followed."""
    return sum(len(files) for _, _, files in os.walk(folder))


def _repeats_its_parent(folder: Path) -> bool:
    """Return whether a folder is named like thumbnails, and each of its files like one beside the folder."""
    if folder.name.casefold() not in THUMBNAILS:
        return False
    try:
        inside = {path.name for path in folder.iterdir()}
        return bool(inside) and inside <= {path.name for path in folder.parent.iterdir()}
    except OSError:
        return False


def _title(name: str) -> str:
    """Return the name that a file is counted by: files named after a photo share one."""
    folded = name.casefold()
    prefix = next((prefix for prefix in FILE_PREFIXES if folded.startswith(prefix)), "")
    return f"{name[: len(prefix)]}*" if prefix else name
