"""Where the network looks: Grad-CAM beside the photo, and saliency on rendered photos.

In:    ReportData
Out:   Section
Needs: keras, tensorflow, matplotlib, scikit-learn, scipy                                  [train]
"""

from collections.abc import Iterable, Iterator

from keykind.core.html import Content, Html, Tile, image, table, tag
from keykind.core.parallel import parallel_map
from keykind.evaluate.report.data import FigureWriter, ReportData, Section, gallery_state
from keykind.evaluate.report.galleries import by_kind, kind_row, kind_rows, strip
from keykind.evaluate.thumbnails import PhotoPrediction, examples_per_kind
from keykind.train.saliency import Saliency


def grad_cam_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return photos of each kind, each beside the evidence for the predicted kind."""
    chosen = examples_per_kind(data.plain, lambda prediction: prediction.sample)
    drawn = list(parallel_map(lambda one: data.explainer.explain(one, [one.kind]), chosen))
    figures.save_tiles("grad-cam", [tile for tiles in drawn for tile in tiles])
    items = [(one.sample.kind, _pair(one, *tiles)) for one, tiles in zip(chosen, drawn, strict=True)]
    groups = by_kind(data.dataset.kinds, items)
    rows = [kind_row(kind, "", [strip(pairs)]) for kind, pairs in groups.items() if pairs]
    content: list[Content | Iterable[Content]] = [
        tag(
            "p",
            "Test photos as the network is shown them, and Grad-CAM: the evidence for the predicted kind.",
        ),
        tag("p", tag("span", "none"), tag("i"), tag("span", "strongest in the photo"), class_="scale"),
        kind_rows(rows, 2 * max(map(len, groups.values()))),
    ]
    if data.saliency:
        content += [tag("h3", "Evidence by part"), *saliency_table(data.saliency)]
    line = "Grad-CAM for photos of each kind"
    return Section("grad-cam", "Where the network looks", line, content, gallery_state(data))


def _pair(prediction: PhotoPrediction, original: Tile, evidence: Tile) -> Html:
    right = prediction.correct
    answer = f"{prediction.kind} {prediction.probability:.2f}"
    nothing = ", no evidence" if evidence.caption.startswith("no evidence") else ""
    name = tag("span", prediction.sample.name.rsplit("/", 1)[-1], class_="soft")
    caption = tag(
        "figcaption", "✓ " if right else "✗ ", answer, nothing, " ", name, title=prediction.sample.name
    )
    pictures = tag("div", image(original.picture, "photo"), image(evidence.picture, evidence.caption))
    aligned = " stacked" if prediction.sample.region else ""
    return tag("figure", pictures, caption, class_=f"two {'right' if right else 'wrong'}{aligned}")


def saliency_table(saliency: Saliency) -> Iterator[Html]:
    """Yield how much of the evidence is on each part of the key."""
    yield tag(
        "p",
        f"Share of the evidence on each part of the key in {saliency.photos} rendered test photos with "
        "labels, and the share of the crop that the part covers.",
    )
    rows = [(part, f"{share:.0%}", f"{saliency.area[part]:.0%}") for part, share in saliency.energy.items()]
    yield table(("part", "of the evidence", "of the crop"), rows)
