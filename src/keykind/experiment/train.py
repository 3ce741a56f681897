"""`keykind.train` and `keykind train`: photos and a recipe -> a finished run.

In:    photos; a recipe and other options, or the folder of a run to resume
Out:   Run: its folder, metrics, report and model
Needs: keras, tensorflow, scikit-learn, scipy, matplotlib [train]; for renders [render]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadDataset, BadRun, KeykindError
from keykind.core.extras import require
from keykind.core.files import place_outside
from keykind.core.parallel import Engine, parallel_map
from keykind.dataset.dataset import hold_out, read_dataset, read_negative_sets
from keykind.dataset.listing import ReadError
from keykind.dataset.samples import Dataset, Sample
from keykind.experiment.experiment import SCHEMA, Experiment, silent
from keykind.experiment.run_folder import RunFolder
from keykind.train.recipe import AUTO, Recipe, from_values, load_recipe, with_fine_tuning, with_renders

DEFAULT_RECIPE, DEFAULT_WEIGHTS = "default", "keykind"
NAMED_WEIGHTS = ("keykind", "imagenet", "random")  # other weights are files


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    path: Path  # its folder
    metrics: dict[str, Any]  # what metrics.json holds
    read_errors: tuple[ReadError, ...] = ()  # photos that could not be read and were left out
    warnings: tuple[str, ...] = ()  # about the photos, one sentence each

    @property
    def report(self) -> Path:
        """The report, an HTML page."""
        return self.path / "report.html"

    @property
    def model(self) -> Path:
        """The model file, for `Recogniser.load`."""
        return self.path / "keys.tflite"


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `train` that recipe.json keeps, so that a run is resumed without repeating them."""

    photos: str | None = None
    test: str | None = None
    kinds: list[str] | None = None
    group_pattern: str | None = None
    keep_leaks: bool | None = None
    negatives: str | None = None
    weights: str | None = None
    devices: str | None = None
    engine: str | None = None
    split_of: str | None = None

    def given(self) -> dict[str, Any]:
        """Return the options that are not None."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def train(  # noqa: PLR0913 - the options of a command
    photos: str | Path | Dataset | None = None,
    *,
    out: str | Path | None = None,
    recipe: str | Path | Recipe | None = None,
    test: str | Path | None = None,
    kinds: Sequence[str] | None = None,
    group_pattern: str | None = None,
    keep_leaks: bool = False,
    negatives: str | Path | None = None,
    weights: str | Path | None = None,
    renders: int | None = None,
    fine_tune: int | None = None,
    seed: int | None = None,
    resume: bool = False,
    force: bool = False,
    devices: str | None = None,
    engine: str | Engine | None = None,
    split_of: str | Path | None = None,
    notify: Callable[[str], None] = silent,
    announce: Callable[[str], None] = silent,
) -> Run:
    """Train on photos, test, and write the run folder `out`; return the finished run.

    photos: a folder with one subfolder per kind, a CSV table, or a Dataset. out: None: see `default_out`.
    test: test photos, if kept separately; without any, the recipe's share is held out. kinds, group_pattern,
    keep_leaks: see `read_dataset`. negatives: a folder of photos of anything else, to test how well they are
    rejected. recipe: `default` (None), `report`, a TOML file, or a Recipe. renders, fine_tune: in place of
    the recipe's `renders` and `fine_tune_layers`. weights: `keykind` (None; no network is needed), `imagenet`
    (a download), `random`, or a file. seed: of all random choices; None: 0. devices: see `find_devices`.
    engine: `local` (None), `ray`, or a function like `parallel_map`. split_of: the folder of an earlier run
    whose test photos are the test photos again; photos that it did not have are for training. notify: called
    with each problem found in the photos, before training starts. announce: called with each decision of the
    run, one sentence.

    resume: continue an interrupted run in `out`, to the same result. Whatever is not given is as in the run;
    what is given must not change the result. A finished run is returned as it is. force: replace the run in
    `out`, but nothing that keykind did not write.

    Raises BadRun if `out` is not empty and neither resumed nor replaced, or holds another run; BadDataset,
    BadRecipe, BadWeights, BadDevices; MissingExtra without keykind[train]; CannotWrite for a full disk.
    """
    require("train")
    given = Options(
        photos=None if isinstance(photos, Dataset) else _text(photos),
        test=_text(test),
        kinds=None if kinds is None else sorted(kinds),
        group_pattern=group_pattern,
        keep_leaks=keep_leaks or None,
        negatives=_text(negatives),
        weights=_text(weights),
        devices=devices,
        engine=engine if isinstance(engine, str) else None,
        split_of=_text(split_of),
    )
    folder = RunFolder(_out(out, photos, test))
    _check_split(split_of, folder, photos)
    if force:
        folder.check_replaceable()
    else:
        folder.check(resume=resume)
    record = folder.read_record(SCHEMA) if resume else None
    if resume and record is None and photos is None:
        fault = "has no run to resume"
        raise BadRun(
            folder.path, fault=fault, remedy="name the folder of the run, or give photos to start one"
        )
    options = _resume_options(folder, record, given) if record else given
    chosen = with_renders(with_fine_tuning(_base_recipe(record, recipe), fine_tune), renders)
    options = replace(options, weights=options.weights or DEFAULT_WEIGHTS)
    seed = record["seed"] if record and seed is None else seed or 0
    dataset = photos if isinstance(photos, Dataset) else _read_dataset(options)
    if not dataset.subset("test") and not options.split_of:
        dataset = hold_out(dataset, chosen.hold_out, np.random.default_rng(seed))
    negative_sets, negative_errors = read_negative_sets(options.negatives)
    read_errors = dataset.read_errors + negative_errors
    for problem in [f"{error.name}: {error.reason}" for error in read_errors] + list(dataset.warnings):
        notify(problem)
    experiment = Experiment(
        dataset,
        chosen,
        options.weights or "",
        seed,
        folder.path,
        negatives=negative_sets,
        renders=_render(chosen.renders, dataset.kinds, seed),
        engine=engine if callable(engine) else _engine(options.engine),
        devices=options.devices,
        announce=announce,
        options={"cwd": str(Path.cwd()), "recipe": chosen.name, **options.given()},
    )
    from keykind.experiment.run import run  # noqa: PLC0415 - imports Keras, which must not precede rendering

    if force:
        folder.clear()
    return Run(folder.path, run(experiment, resume=resume), read_errors, dataset.warnings)


def default_out(photos: str | Path, test: str | Path | None = None) -> Path:
    """Return the folder of a run if none is chosen: PHOTOS-run in the current folder, or beside PHOTOS.

    It is never inside the photos, where the next run would take its figures for photos.
    Raises BadRun if there is no such place.
    """
    place = place_outside([path for path in (photos, test) if path is not None], "-run")
    if place is None:
        raise BadRun(photos, fault="leaves no place beside it for the run", remedy="add --out FOLDER")
    return place


def _out(out: str | Path | None, photos: str | Path | Dataset | None, test: str | Path | None) -> Path:
    """Return the folder of the run. Raises BadRun if it is not given, and the photos suggest none."""
    if out is not None:
        return Path(out)
    if photos is None or isinstance(photos, Dataset):
        raise BadRun("out", fault="not given", remedy="name the folder of the run")
    return default_out(photos, test)


def _check_split(split_of: str | Path | None, folder: RunFolder, photos: str | Path | Dataset | None) -> None:
    """Raise BadRun if the run that gives its split is the one to write, BadDataset for a Dataset."""
    if split_of is None:
        return
    if isinstance(photos, Dataset):
        fault, remedy = "a Dataset is split already", "give split_of to read_dataset instead"
        raise BadDataset("split_of", fault=fault, remedy=remedy)
    if Path(split_of).resolve() == folder.path.resolve():
        fault = "is the run to write and also the one whose split it should have"
        raise BadRun(folder.path, fault=fault, remedy="write the new run to another folder")


def _resume_options(folder: RunFolder, record: Mapping[str, Any], given: Options) -> Options:
    """Return the options of a run, with those that are given in their place.

    Raises BadRun if other photos would be selected. Photos at another path are compared by content later.
    """
    stored = _stored_options(record)
    new = given.given()
    changed = [
        key
        for key in ("kinds", "group_pattern", "keep_leaks")
        if key in new and new[key] != getattr(stored, key)
    ]
    if changed:
        raise BadRun(
            folder.path,
            fault=f"holds a run with other {', '.join(changed)}",
            remedy="omit these options to resume it, or name another folder",
        )
    return replace(stored, **new)


def _stored_options(record: Mapping[str, Any]) -> Options:
    """Return the options that recipe.json holds, with paths that are valid in the current folder."""
    stored = record.get("options", {})
    names = {field.name for field in fields(Options)}
    options = Options(**{key: value for key, value in stored.items() if key in names})
    base = Path(stored.get("cwd", Path.cwd()))
    if base == Path.cwd():
        return options
    paths = {key: getattr(options, key) for key in ("photos", "test", "negatives", "weights", "split_of")}
    moved: dict[str, Any] = {
        key: str(base / path) for key, path in paths.items() if path and path not in NAMED_WEIGHTS
    }
    return replace(options, **moved)


def _base_recipe(record: Mapping[str, Any] | None, choice: str | Path | Recipe | None) -> Recipe:
    """Return the chosen recipe, or else that of the run, or the default one."""
    if record is None or choice is not None:
        recipe = load_recipe(choice or DEFAULT_RECIPE)
        decided = record["recipe"]["crop"] if record and recipe.crop == AUTO else AUTO
        return recipe if decided == AUTO else replace(recipe, crop=decided)  # `default` cropped keys till 0.9
    name = record.get("options", {}).get("recipe", "resumed")
    return from_values({**record["recipe"], "name": name}, "recipe.json")


def _read_dataset(options: Options) -> Dataset:
    if options.photos is None:
        fault = "not given, and not recorded in the run"
        raise BadDataset("photos", fault=fault, remedy="give the folder or table of photos")
    return read_dataset(
        options.photos,
        options.test,
        kinds=options.kinds,
        group_pattern=options.group_pattern,
        keep_leaks=bool(options.keep_leaks),
        split_of=options.split_of,
    )


def _render(count: int, kinds: Sequence[str], seed: int) -> tuple[Sample, ...]:
    """Return `count` rendered photos of the kinds."""
    if not count:
        return ()
    require("render")
    from keykind.train.synthetic import rendered_photos  # noqa: PLC0415 - needs [render]

    return rendered_photos(kinds, count, seed)


def _engine(name: str | None) -> Engine:
    if name in (None, "local"):
        return parallel_map
    if name != "ray":
        raise KeykindError(f"engine {name!r}", fault="is not known", remedy="use local or ray")
    require("scale")
    from keykind import scale  # noqa: PLC0415 - needs [scale]

    return scale.engine()


def _text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)
