"""What the page of a finished run was made from, one of a hundred kinds, and a browser."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.evaluate.metrics import score
from keykind.evaluate.thumbnails import PhotoPrediction
from keykind.experiment import artifacts
from keykind.experiment.run import run

KINDS = 100


@pytest.fixture(scope="session")
def report_data(finished, tmp_path_factory):
    """The ReportData of a finished run."""
    experiment, _ = finished
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "write_report", lambda data, _: seen.append(data) or "")
        run(replace(experiment, out=tmp_path_factory.mktemp("again") / "run"))
    return seen[0]


@pytest.fixture(scope="session")
def many_kinds(report_data):
    """The same photos as of a hundred kinds, with long and foreign names, predicted at random."""
    rng = np.random.default_rng(0)
    kinds = [f"鍵 <b> {i} {'very ' * 12 if i % 9 == 0 else ''}long" for i in range(KINDS)]
    originals = report_data.dataset.samples
    samples = [
        replace(originals[i % len(originals)], kind=kinds[i % KINDS], split=split, name=f"{split}/{i}.png")
        for split in ("train", "test")
        for i in range(3 * KINDS)
    ]
    dataset = replace(report_data.dataset, kinds=tuple(kinds), samples=tuple(samples))
    labels = np.array([kinds.index(sample.kind) for sample in dataset.subset("test")])
    probabilities = rng.dirichlet(np.full(KINDS, 0.1), len(labels)).astype(np.float32)
    groups = [str(i) for i in range(len(labels))]
    scores = score(probabilities, labels, groups, kinds, resamples=100, rng=rng)
    predictions = tuple(
        PhotoPrediction(sample, kinds[row.argmax()], float(row.max()))
        for sample, row in zip(dataset.subset("test"), probabilities, strict=True)
    )
    explainer = report_data.explainer
    head = explainer.head
    wide = replace(head, w2=np.resize(head.w2, (len(head.w2), KINDS)), b2=np.resize(head.b2, KINDS))
    return replace(
        report_data,
        dataset=dataset,
        scores=dict.fromkeys(report_data.scores, scores),
        calibrated=scores,
        predictions=dict.fromkeys(report_data.scores, predictions),
        explainer=replace(explainer, head=wide, kinds=tuple(kinds)),
    )
