"""Out-of-distribution scores compared: which one separates photos without a key from photos of keys best?

    python benchmarks/ood.py RENDERS --photos labels.csv --weights WEIGHTS [--scaling unit] [--write]

In:    RENDERS/<kind>/*.jpg, to fit on; real photos as a CSV table (path, label), those labelled `not_key`
       without a key; the bundled rendered photos without a key; a network's weights
Out:   AUROC and FPR at 95% TPR of each score on both sets of negatives; with --write also in
       docs/benchmarks.md
Needs: keykind[train]

The score in keykind.model.ood was chosen by this table.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from keykind.core.cache import Cache, default_folder
from keykind.core.parallel import parallel_map
from keykind.dataset.bundled import bundled_negatives
from keykind.dataset.csv_table import read_table
from keykind.evaluate.metrics import score_ood
from keykind.model.head import Floats, Labels
from keykind.model.ood import fit_prototypes, ood_scores
from keykind.model.preprocess import to_unit
from keykind.photo.decode import read_photo, resize
from keykind.train.backbone import load_backbone, to_network
from keykind.train.features import Network
from table import markdown, section, write_section

KINDS = ("cylinder", "dimple", "laser_track", "mortice")
RENDERS_PER_KIND = 150
SHRINKAGE = 0.1  # of the covariance, towards a multiple of the identity
NEIGHBOURS = 5
PACKAGES = ("keras", "tensorflow-cpu", "ai-edge-litert", "numpy")

OODScore = Callable[[Floats], Floats]  # features (n, k) -> (n,)


def extract_features(network: Network, paths: Iterable[Path]) -> Floats:
    """Return the pooled features of photos, (n, k)."""

    def extract(path: Path) -> Floats:
        crop = resize(read_photo(path, min_side=network.size).pixels, network.size)
        return network.run(to_unit(crop))[0]

    return np.stack(list(parallel_map(extract, paths)))


def unit_vectors(vectors: Floats) -> Floats:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def mahalanobis(features: Floats, labels: Labels, transform: Callable[[Floats], Floats]) -> OODScore:
    """Return the distance to the nearest class mean under the within-class covariance (Lee et al. 2018)."""
    vectors = transform(features)
    means = np.stack([vectors[labels == kind].mean(axis=0) for kind in range(len(KINDS))])
    covariance = np.cov((vectors - means[labels]).T)
    identity = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    inverse = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * identity)

    def score(queries: Floats) -> Floats:
        differences = transform(queries)[:, None] - means
        return np.einsum("ncj,jk,nck->nc", differences, inverse, differences).min(axis=1)

    return score


def energy(logits: Floats) -> Floats:
    """Return the free energy of logits (n, c) (Liu et al. 2020)."""
    top = logits.max(axis=1)
    return -top - np.log(np.exp(logits - top[:, None]).sum(axis=1))


def fit_scores(features: Floats, labels: Labels) -> dict[str, OODScore]:
    """Return the scores by name; high is out of distribution."""
    head = LogisticRegression(max_iter=1000).fit(features, labels)
    prototypes, known = fit_prototypes(features, labels, len(KINDS)), unit_vectors(features)
    return {
        "cosine to the nearest prototype (keykind.model.ood)": lambda queries: ood_scores(
            queries, prototypes
        ),
        f"cosine to the {NEIGHBOURS}th nearest photo": lambda queries: (
            1 - np.sort(unit_vectors(queries) @ known.T, axis=1)[:, -NEIGHBOURS]
        ),
        "Mahalanobis": mahalanobis(features, labels, lambda vectors: vectors),
        "Mahalanobis on unit vectors": mahalanobis(features, labels, unit_vectors),
        "energy of a linear head": lambda queries: energy(head.decision_function(queries)),
        "maximum softmax probability": lambda queries: -head.predict_proba(queries).max(axis=1),
        "feature norm": lambda queries: -np.linalg.norm(queries, axis=1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("renders", type=Path)
    parser.add_argument("--photos", type=Path, required=True, help="real photos, a CSV table")
    parser.add_argument("--weights", required=True, help="as for keykind train")
    parser.add_argument("--scaling", default="unit", help="of the weights' pixels (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    backbone = load_backbone("mobilenet_v2", options.weights, scaling=options.scaling, seed=0)
    with Cache(default_folder()) as cache:
        network = to_network(backbone, cache)
    renders = [sorted((options.renders / kind).glob("*.jpg"))[:RENDERS_PER_KIND] for kind in KINDS]
    features = extract_features(network, [path for paths in renders for path in paths])
    labels = np.repeat(np.arange(len(KINDS)), [len(paths) for paths in renders])
    rows = [row.cells for row in read_table(options.photos, ("path", "label"))]
    folder = options.photos.parent
    keys = extract_features(network, [folder / row["path"] for row in rows if row["label"] in KINDS])
    real = [folder / row["path"] for row in rows if row["label"] == "not_key"]
    negatives = {
        "real": extract_features(network, real),
        "rendered": extract_features(network, sorted(bundled_negatives().glob("*.jpg"))),
    }
    table = []
    for name, score in fit_scores(features, labels).items():
        metrics = [score_ood(score(keys), score(each), 0.0) for each in negatives.values()]
        table.append(
            [name, *(cell for each in metrics for cell in (f"{each.auroc:.3f}", f"{each.fpr95:.0%}"))]
        )
    header = ["measure", *(f"{what}, {which}" for which in negatives for what in ("AUROC", "FPR at 95%"))]
    counts = {name: len(each) for name, each in negatives.items()}
    text = f"""Fitted on {len(features)} renders; {len(keys)} real photos of keys against
{counts["real"]} real and {counts["rendered"]} rendered photos without a key.

{markdown(header, table)}"""
    weights = Path(options.weights).name
    command = f"python benchmarks/ood.py RENDERS --photos labels.csv --weights {weights}"
    page = section("Rejecting photos without a key", text, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("ood", page)


if __name__ == "__main__":
    main()
