"""Listed photos -> the same photos with the split of an earlier run, to compare two models on one test set.

In:    PhotoEntry of each photo, the folder of a run with photos.csv (path, split)
Out:   the photos with their splits; one sentence for each thing to know about them
Needs: nothing beyond Python
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from keykind.core.errors import BadDataset, BadRun, printable
from keykind.dataset.csv_table import read_table
from keykind.dataset.listing import PhotoEntry, counted
from keykind.dataset.splits import TEST, TRAIN, part_of

TABLE = "photos.csv"  # in the folder of a run


def with_split_of(entries: Sequence[PhotoEntry], run: str | Path) -> tuple[tuple[PhotoEntry, ...], list[str]]:
    """Return the photos with the split that the run had, and sentences about those that differ.

    Photos are found by their path; if they have moved, by their path within the dataset, or else by the name
    of the file if it is the only one. Photos that the run did not have are for training. If their folder or
    table says that they are for testing, they are left out: the test set stays the same, and nothing is
    trained on that was set apart.
    Raises BadRun if the run has no such table, or none of its test photos is among these.
    """
    run = Path(run)
    paths, parts = _read(run)
    rows = _match(entries, paths)
    found = Counter(parts[row] for row in rows if row is not None)
    had = Counter(parts)
    if not found[TEST]:
        fault = f"{found.total():,} of its {counted(len(parts), 'photo')} are among these {len(entries):,}"
        raise BadRun(
            run,
            fault=f"{fault}, {found[TEST]:,} of its {had[TEST]:,} test photos",
            remedy="give the photos that the run was trained on, or leave out --split-of",
        )
    kept = tuple(
        replace(entry, split=TRAIN if row is None else parts[row])
        for entry, row in zip(entries, rows, strict=True)
        if row is not None or entry.split == TRAIN
    )
    return kept, list(_notes(run, had[TEST] - found[TEST], had[TEST], len(entries) - len(kept)))


def _read(run: Path) -> tuple[list[str], list[str]]:
    """Return the path and the part of each photo of a run. Raises BadRun."""
    table = run / TABLE
    if not table.is_file():
        fault = f"has no {TABLE}, so its split into training and test photos is not known"
        raise BadRun(run, fault=fault, remedy="name the folder of a finished run")
    try:
        rows = read_table(table, needed=("path", "split"))
    except BadDataset as error:
        raise BadRun(table, fault=error.fault, remedy="name the folder of another run") from error
    paths = [printable((run / row.cells.get("path", "")).absolute()) for row in rows]
    return paths, [part_of(row.cells.get("split", "")) or TRAIN for row in rows]


def _match(entries: Sequence[PhotoEntry], paths: Sequence[str]) -> list[int | None]:
    """Return for each photo the index of its path in the run, or None."""
    by_path = {path: i for i, path in enumerate(paths)}
    rows = [by_path.get(printable(entry.path.absolute())) for entry in entries]
    for names in ([entry.relative for entry in entries], [entry.path.name for entry in entries]):
        missing = {i: printable(name) for i, name in enumerate(names) if rows[i] is None}
        for i, row in _match_names(missing, set(rows), paths):
            rows[i] = row
    return rows


def _match_names(
    names: Mapping[int, str], used: set[int | None], paths: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Yield each photo with the only unused path that ends with its name, if no other photo could be it."""
    free = defaultdict[str, list[int]](list)
    for row, path in enumerate(paths):
        if row not in used:
            free[PurePath(path).name].append(row)
    meant = {
        i: [row for row in free[PurePath(name).name] if PurePath(paths[row]).as_posix().endswith(f"/{name}")]
        for i, name in names.items()
    }
    claims = Counter(row for candidates in meant.values() for row in candidates)
    for i, candidates in meant.items():
        if len(candidates) == 1 and claims[candidates[0]] == 1:
            yield i, candidates[0]


def _notes(run: Path, missing: int, had: int, left_out: int) -> Iterator[str]:
    name = printable(run.name)
    if missing:
        yield f"Test photos of {name} that are not here: {missing:,} of {had:,}; compare on the others."
    if left_out:
        yield f"Test photos that {name} did not have: {left_out:,}, left out to keep its test set as it was."
