"""Model files on real photos, side by side: answers, calibration, refusals, where the evidence stands.

    python benchmarks/models.py labels.csv NAME=FILE [NAME=FILE ...] [--average NAME+NAME]
                                [--renders RENDERS] [--write]

In:    real photos as a CSV table (path, label, key_id), those labelled `not_key` show none; model files
       of any kinds, of whole photos or of keys cut out; a rendered set with labels
Out:   a row a file: weighted F1 over physical keys and recall of the four kinds of the report, calibration,
       how photos without a key are told apart, the evidence's share on blades; docs/models.md
Needs: keykind[train]

No file may have been trained on these photos. An answer of a kind beyond the four counts as wrong, and so
does a photo in which no key is found. Of several keys found the surest counts.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keykind.core.parallel import ordered
from keykind.dataset.csv_table import read_table
from keykind.dataset.dataset import Sample, read_dataset
from keykind.detect.crops import crop_keys
from keykind.detect.detector import load_detector
from keykind.evaluate.metrics import OODMetrics, Scores, score, score_ood
from keykind.model.card import SIZE, WHOLE
from keykind.model.head import Floats
from keykind.model.model import Answer, Model, load_model
from keykind.model.ood import UNLIKE
from keykind.model.preprocess import Crop
from keykind.photo import decode
from keykind.train.features import with_key_crops
from keykind.train.saliency import Saliency, measure_saliency
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
NONE = "no key"  # the answer where none is found
RESAMPLES = 2000
LOOKED_AT = 400  # renders in which it is measured where the evidence stands
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")
HEAD = (
    *("model", "sees", "kinds", "weighted F1", *KINDS),
    *("ECE", "AUROC", "keys refused", "others refused", "blade", "bow", "ground", "MB"),
)


@dataclass(frozen=True, eq=False)
class Told:
    """What a model says of photos: NONE stands behind its kinds."""

    kinds: tuple[str, ...]
    probabilities: Floats  # (n, c + 1)
    novelty: Floats  # (n,)
    most: float


def ask(model: Model, paths: Sequence[Path]) -> Told:
    """Return what a model says of the surest key of each photo."""
    detector = None if model.card.crop == WHOLE else load_detector()

    def answer(path: Path) -> Answer | None:
        if detector is None:
            return model.run(decode.resize(decode.read(path, at_least=SIZE).pixels, SIZE))
        pieces = crop_keys(lambda least: decode.read(path, at_least=least), detector)
        return model.answers([pieces[0].crop])[0] if pieces else None

    nothing = np.eye(len(model.card.kinds) + 1, dtype=np.float32)[-1]
    rows, novelty = [], []
    for one in ordered(answer, paths):
        rows.append(nothing if one is None else np.append(one.probabilities, np.float32(0)))
        novelty.append(UNLIKE if one is None or one.novelty is None else one.novelty)
    most = model.card.ood_threshold
    return Told(
        (*model.card.kinds, NONE),
        np.stack(rows),
        np.array(novelty, np.float32),
        UNLIKE if most is None else most,
    )


def scores(told: Told, samples: Sequence[Sample]) -> Scores:
    """Return the scores over the kinds that the photos show, and all others that were answered."""
    labels = np.array([told.kinds.index(one.kind) for one in samples])
    groups = [one.group for one in samples]
    rng = np.random.default_rng(0)
    return score(told.probabilities, labels, groups, told.kinds, resamples=RESAMPLES, rng=rng)


def look(model: Model, renders: Path | None) -> Saliency | None:
    """Return where a model's evidence stands in a rendered set; None without one."""
    if renders is None:
        return None
    samples = read_dataset(renders, kinds=KINDS).samples
    samples = samples[:: max(len(samples) // LOOKED_AT, 1)]
    if model.card.crop != WHOLE:
        samples = [one for one in with_key_crops(samples, load_detector()) if one.cut]

    def answered(crop: Crop) -> Floats:
        (answer,) = model.answers([crop])
        assert answer.maps is not None
        return answer.maps[..., int(answer.probabilities.argmax())]

    return measure_saliency(samples, answered)


def row(
    name: str, sees: str, told: Told, true: Scores, refusal: OODMetrics, rest: Sequence[str]
) -> list[str]:
    """Return the cells of a model."""
    low, high = true.intervals["weighted_f1"]
    recall = {kind.kind: kind for kind in true.per_kind}
    return [
        *(name, sees, str(len(told.kinds) - 1), f"{true.weighted_f1:.3f} [{low:.2f}, {high:.2f}]"),
        *(f"{recall[kind].recall:.2f}" for kind in KINDS),
        *(f"{true.ece:.3f}", f"{refusal.auroc:.3f}"),
        *(f"{share:.0%}" for share in (1 - refusal.keys_passed, refusal.negatives_rejected)),
        *rest,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a CSV table")
    parser.add_argument("models", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--average", action="append", default=[], metavar="NAME+NAME")
    parser.add_argument("--renders", type=Path, help="a rendered set with labels")
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    options = parser.parse_args()
    samples = read_dataset(options.photos, kinds=KINDS, keep_leaks=True).samples
    table = [line.cells for line in read_table(options.photos, ("path", "label"))]
    negatives = [options.photos.parent / one["path"] for one in table if one["label"] == "not_key"]
    asked: dict[str, tuple[str, Told, Told]] = {}
    rows = []
    for name, path in (one.split("=", 1) for one in options.models):
        model = load_model(Path(path))
        asked[name] = model.card.crop, ask(model, [one.path for one in samples]), ask(model, negatives)
        attention = look(model, options.renders)
        parts = (
            ("",) * 3 if attention is None else tuple(f"{share:.0%}" for share in attention.energy.values())
        )
        size = f"{Path(path).stat().st_size / 1e6:.2f}"
        rows.append(finished(name, *asked[name], samples, (*parts, size)))
    for pair in options.average:
        (crop, one, apart), (other_crop, other, also) = (asked[name] for name in pair.split("+"))
        sees, rest = f"{crop} + {other_crop}", ("",) * 4
        rows.append(finished(pair, sees, averaged(one, other), averaged(apart, also), samples, rest))
    words = (
        f"{len(samples)} real photos of {len({one.group for one in samples})} physical keys, none of them "
        f"trained on, and {len(negatives)} photos without a key. F1 with the 95% interval over physical "
        "keys; recall of each kind; ECE: expected calibration error; AUROC: photos without a key told from "
        "photos of keys by novelty; refused: by the file's own threshold. Blade, bow, ground: shares of the "
        "evidence (Grad-CAM) for the answer, mean over renders."
    )
    page = section(
        "Classifiers on real photos",
        f"{words}\n\n{markdown(HEAD, rows)}",
        command="python benchmarks/models.py labels.csv NAME=FILE ... --renders RENDERS --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("classifiers", page, PAGE)


def finished(
    name: str, sees: str, told: Told, strange: Told, samples: Sequence[Sample], rest: Sequence[str]
) -> list[str]:
    """Return a model's row."""
    refusal = score_ood(told.novelty, strange.novelty, told.most)
    return row(name, sees, told, scores(told, samples), refusal, rest)


def averaged(one: Told, other: Told) -> Told:
    """Return the mean of what two models of the same kinds say."""
    assert one.kinds == other.kinds
    probabilities = (one.probabilities + other.probabilities) / 2
    return Told(one.kinds, probabilities, (one.novelty + other.novelty) / 2, (one.most + other.most) / 2)


if __name__ == "__main__":
    main()
