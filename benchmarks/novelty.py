"""Which measure tells photos without a key from photos of keys?

    python benchmarks/novelty.py RENDERS --photos labels.csv --weights WEIGHTS [--scaling unit] [--write]

In:    RENDERS/<kind>/*.jpg, learned from; real photos as a CSV table (path, label), those labelled `not_key`
       show none; the rendered photos without a key that come with keykind; a network's weights
Out:   AUROC and FPR at 95% of each measure on both sorts of negatives; docs/benchmarks.md
Needs: keykind[train]

Nothing is chosen here by itself: the measure in keykind.model.ood was, by this table.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from keykind.core.cache import Cache, default_folder
from keykind.core.parallel import ordered
from keykind.dataset.bundled import bundled_negatives
from keykind.dataset.csv_table import read_table
from keykind.evaluate.metrics import score_ood
from keykind.model.head import Floats, Labels
from keykind.model.ood import learn_prototypes, ood_scores
from keykind.model.preprocess import to_unit
from keykind.photo import decode
from keykind.train.backbone import load_backbone, to_network
from keykind.train.features import Network
from table import markdown, section, write_section

KINDS = ("cylinder", "dimple", "laser_track", "mortice")
EACH = 150  # renders of each kind
SHRINKAGE = 0.1  # of the covariance, towards a sphere
NEIGHBOURS = 5
PACKAGES = ("keras", "tensorflow-cpu", "ai-edge-litert", "numpy")

Measure = Callable[[Floats], Floats]


def features(network: Network, paths: Iterable[Path]) -> Floats:
    """Return the pooled features of photos, (n, k)."""

    def one(path: Path) -> Floats:
        crop = decode.resize(decode.read(path, at_least=network.size).pixels, network.size)
        return network.run(to_unit(crop))[0]

    return np.stack(list(ordered(one, paths)))


def directions(vectors: Floats) -> Floats:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def mahalanobis(learned: Floats, labels: Labels, before: Callable[[Floats], Floats]) -> Measure:
    """Return the distance to the nearest kind's mean by the covariance within kinds (Lee et al. 2018)."""
    mine = before(learned)
    means = np.stack([mine[labels == kind].mean(axis=0) for kind in range(len(KINDS))])
    covariance = np.cov((mine - means[labels]).T)
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    inverse = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)

    def measure(asked: Floats) -> Floats:
        away = before(asked)[:, None] - means
        return np.einsum("ncj,jk,nck->nc", away, inverse, away).min(axis=1)

    return measure


def energy(logits: Floats) -> Floats:
    """Return the free energy of logits (n, c) (Liu et al. 2020)."""
    top = logits.max(axis=1)
    return -top - np.log(np.exp(logits - top[:, None]).sum(axis=1))


def measures(learned: Floats, labels: Labels) -> dict[str, Measure]:
    """Return the measures by name; large is strange."""
    head = LogisticRegression(max_iter=1000).fit(learned, labels)
    prototypes, known = learn_prototypes(learned, labels, len(KINDS)), directions(learned)
    return {
        "cosine to the nearest prototype (keykind.model.ood)": lambda asked: ood_scores(asked, prototypes),
        f"cosine to the {NEIGHBOURS}th nearest photo": lambda asked: (
            1 - np.sort(directions(asked) @ known.T, axis=1)[:, -NEIGHBOURS]
        ),
        "Mahalanobis": mahalanobis(learned, labels, lambda vectors: vectors),
        "Mahalanobis of directions": mahalanobis(learned, labels, directions),
        "energy of a linear head": lambda asked: energy(head.decision_function(asked)),
        "probability of its best kind": lambda asked: -head.predict_proba(asked).max(axis=1),
        "length of the features": lambda asked: -np.linalg.norm(asked, axis=1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("renders", type=Path)
    parser.add_argument("--photos", type=Path, required=True, help="real photos, a CSV table")
    parser.add_argument("--weights", required=True, help="as for keykind train")
    parser.add_argument("--scaling", default="unit", help="what the weights see (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    backbone = load_backbone("mobilenet_v2", options.weights, scaling=options.scaling, seed=0)
    with Cache(default_folder()) as cache:
        network = to_network(backbone, cache)
    renders = [sorted((options.renders / kind).glob("*.jpg"))[:EACH] for kind in KINDS]
    learned = features(network, [path for paths in renders for path in paths])
    labels = np.repeat(np.arange(len(KINDS)), [len(paths) for paths in renders])
    rows = [row.cells for row in read_table(options.photos, ("path", "label"))]
    folder = options.photos.parent
    keys = features(network, [folder / row["path"] for row in rows if row["label"] in KINDS])
    negatives = {
        "real": features(network, [folder / row["path"] for row in rows if row["label"] == "not_key"]),
        "rendered": features(network, sorted(bundled_negatives().glob("*.jpg"))),
    }
    table = []
    for name, measure in measures(learned, labels).items():
        scores = [score_ood(measure(keys), measure(each), 0.0) for each in negatives.values()]
        table.append([name, *(cell for one in scores for cell in (f"{one.auroc:.3f}", f"{one.fpr95:.0%}"))])
    head = ["measure", *(f"{what}, {which}" for which in negatives for what in ("AUROC", "FPR at 95%"))]
    real, rendered = map(len, negatives.values())
    text = f"""Learned from {len(learned)} renders; {len(keys)} real photos of keys against {real} real and
{rendered} rendered photos without one.

{markdown(head, table)}"""
    weights = Path(options.weights).name
    command = f"python benchmarks/novelty.py RENDERS --photos labels.csv --weights {weights}"
    page = section("Telling what is no key", text, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("novelty", page)


if __name__ == "__main__":
    main()
