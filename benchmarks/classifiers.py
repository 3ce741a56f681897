"""Model files compared on real photos: predictions, calibration, rejection, location of the evidence.

    python benchmarks/classifiers.py labels.csv NAME=FILE [NAME=FILE ...] [--average NAME+NAME]
                                     [--renders RENDERS] [--write]

In:    real photos as a CSV table (path, label, key_id), those labelled `not_key` without a key; model files
       of any kinds, for whole photos or aligned crops; a rendered set with labels
Out:   a row per file: weighted F1 over physical keys and recall of the report's four kinds, calibration,
       rejection of photos without a key, the evidence's share on blades; with --write also in docs/models.md
Needs: keykind[train]

No file may have been trained on these photos. A prediction of a fifth kind counts as wrong, and so does a
photo without a detection. Of several keys the one with the highest score counts.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keykind.core.parallel import parallel_map
from keykind.dataset.csv_table import read_table
from keykind.dataset.dataset import read_dataset
from keykind.dataset.samples import Sample
from keykind.detect.crops import crop_all
from keykind.detect.detector import SCORE_THRESHOLD, load_detector
from keykind.evaluate.metrics import OODMetrics, Scores, score, score_ood
from keykind.model.card import SIZE, WHOLE
from keykind.model.head import Floats
from keykind.model.model import Answer, Model, load_model
from keykind.model.ood import MAX_OOD_SCORE
from keykind.model.preprocess import Crop
from keykind.photo.decode import read_photo, resize
from keykind.train.key_regions import with_key_crops
from keykind.train.saliency import Saliency, measure_saliency
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
NO_KEY = "no key"  # the prediction if nothing is detected
RESAMPLES = 2000
SALIENCY_RENDERS = 400
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")
HEADER = (
    *("model", "input", "kinds", "weighted F1", *KINDS),
    *("ECE", "AUROC", "keys rejected", "others rejected", "blade", "bow", "background", "MB"),
)


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's predictions for photos; the last kind is NO_KEY."""

    kinds: tuple[str, ...]
    probabilities: Floats  # (n, c + 1)
    ood_scores: Floats  # (n,)
    ood_threshold: float


def predict(model: Model, paths: Sequence[Path]) -> Predictions:
    """Return a model's predictions for the key with the highest score in each photo."""
    detector = None if model.card.crop == WHOLE else load_detector()

    def answer(path: Path) -> Answer | None:
        if detector is None:
            return model.run(resize(read_photo(path, min_side=SIZE).pixels, SIZE))
        crops = crop_all(lambda min_side: read_photo(path, min_side=min_side), detector, SCORE_THRESHOLD)
        keys = [key for key in crops if not key.detection.remote]
        return model.predict([keys[0].crop])[0] if keys else None

    no_key = np.eye(len(model.card.kinds) + 1, dtype=np.float32)[-1]
    rows, ood_scores = [], []
    for output in parallel_map(answer, paths):
        rows.append(no_key if output is None else np.append(output.probabilities, np.float32(0)))
        ood_scores.append(MAX_OOD_SCORE if output is None or output.ood_score is None else output.ood_score)
    threshold = model.card.ood_threshold
    return Predictions(
        (*model.card.kinds, NO_KEY),
        np.stack(rows),
        np.array(ood_scores, np.float32),
        MAX_OOD_SCORE if threshold is None else threshold,
    )


def score_predictions(predictions: Predictions, samples: Sequence[Sample]) -> Scores:
    """Return the scores over the kinds that the photos show and all kinds that were predicted."""
    labels = np.array([predictions.kinds.index(sample.kind) for sample in samples])
    groups = [sample.group for sample in samples]
    rng = np.random.default_rng(0)
    return score(predictions.probabilities, labels, groups, predictions.kinds, resamples=RESAMPLES, rng=rng)


def locate_evidence(model: Model, renders: Path | None) -> Saliency | None:
    """Return where a model's evidence is in a rendered set; None without one."""
    if renders is None:
        return None
    samples = read_dataset(renders, kinds=KINDS).samples
    samples = samples[:: max(len(samples) // SALIENCY_RENDERS, 1)]
    if model.card.crop != WHOLE:
        samples = [sample for sample in with_key_crops(samples, load_detector()) if sample.region]

    def class_map(crop: Crop) -> Floats:
        (output,) = model.predict([crop])
        assert output.maps is not None
        return output.maps[..., int(output.probabilities.argmax())]

    return measure_saliency(samples, class_map)


def row(
    name: str,
    crop: str,
    keys: Predictions,
    negatives: Predictions,
    samples: Sequence[Sample],
    other: Sequence[str],
) -> list[str]:
    """Return a model's row; `other` are its last cells."""
    scores = score_predictions(keys, samples)
    rejection: OODMetrics = score_ood(keys.ood_scores, negatives.ood_scores, keys.ood_threshold)
    low, high = scores.intervals["weighted_f1"]
    recall = {kind.kind: kind.recall for kind in scores.per_kind}
    return [
        *(name, crop, str(len(keys.kinds) - 1), f"{scores.weighted_f1:.3f} [{low:.2f}, {high:.2f}]"),
        *(f"{recall[kind]:.2f}" for kind in KINDS),
        *(f"{scores.calibration.error:.3f}", f"{rejection.auroc:.3f}"),
        *(f"{share:.0%}" for share in (1 - rejection.keys_passed, rejection.negatives_rejected)),
        *other,
    ]


def average(first: Predictions, second: Predictions) -> Predictions:
    """Return the mean of the predictions of two models of the same kinds."""
    assert first.kinds == second.kinds
    return Predictions(
        first.kinds,
        (first.probabilities + second.probabilities) / 2,
        (first.ood_scores + second.ood_scores) / 2,
        (first.ood_threshold + second.ood_threshold) / 2,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a CSV table")
    parser.add_argument("models", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--average", action="append", default=[], metavar="NAME+NAME")
    parser.add_argument("--renders", type=Path, help="a rendered set with labels")
    parser.add_argument("--write", action="store_true", help="also write docs/models.md")
    options = parser.parse_args()
    samples = read_dataset(options.photos, kinds=KINDS, keep_leaks=True).samples
    table = [line.cells for line in read_table(options.photos, ("path", "label"))]
    negatives = [options.photos.parent / cells["path"] for cells in table if cells["label"] == "not_key"]
    predictions: dict[str, tuple[str, Predictions, Predictions]] = {}
    rows = []
    for name, path in (model.split("=", 1) for model in options.models):
        model = load_model(Path(path))
        on_keys = predict(model, [sample.path for sample in samples])
        predictions[name] = model.card.crop, on_keys, predict(model, negatives)
        saliency = locate_evidence(model, options.renders)
        shares = [""] * 3 if saliency is None else [f"{share:.0%}" for share in saliency.energy.values()]
        size = f"{Path(path).stat().st_size / 1e6:.2f}"
        rows.append(row(name, *predictions[name], samples, [*shares, size]))
    for pair in options.average:
        (crop, keys, others), (crop_2, keys_2, others_2) = (predictions[name] for name in pair.split("+"))
        means = average(keys, keys_2), average(others, others_2)
        rows.append(row(pair, f"{crop} + {crop_2}", *means, samples, [""] * 4))
    summary = (
        f"{len(samples)} real photos of {len({sample.group for sample in samples})} physical keys, none of "
        f"them trained on, and {len(negatives)} photos without a key. F1 with the 95% interval over physical "
        "keys; recall of each kind; ECE: expected calibration error; AUROC: photos without a key against "
        "photos of keys, by out-of-distribution score; rejected: by the file's own threshold. Blade, bow, "
        "background: shares of the evidence (Grad-CAM) for the answer, mean over renders."
    )
    page = section(
        "Classifiers on real photos",
        f"{summary}\n\n{markdown(HEADER, rows)}",
        command="python benchmarks/classifiers.py labels.csv NAME=FILE ... --renders RENDERS --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("classifiers", page, PAGE)


if __name__ == "__main__":
    main()
