"""A file or folder of another program -> the marks in it.

In:    a JSON file of COCO keypoints, a YOLO pose dataset, or a folder with either
Out:   Marks
Needs: numpy, pillow, ai-edge-litert
"""

from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.dataset.formats.coco_reader import is_coco, read_coco
from keykind.dataset.formats.marks import Marks
from keykind.dataset.formats.yolo_reader import data_file, read_yolo
from keykind.dataset.listing import first_few

ANNOTATIONS = "annotations"  # folder in which COCO and CVAT keep their files
JSON, YAML = ".json", (".yaml", ".yml")


def read_marks(source: Path, file_format: str | None = None) -> Marks:
    """Return the marks in a source. file_format: "coco" or "yolo"; None: as it looks.

    Raises BadDataset if it is neither, or both.
    """
    if not source.exists():
        raise BadDataset(source, fault="does not exist", remedy="check the name and the folder")
    files = _coco_files(source) if file_format != "yolo" else []
    is_yolo = file_format == "yolo" or (not file_format and _is_yolo(source))
    if is_yolo and files:
        fault = f"has a data.yaml of YOLO and COCO's {first_few(printable(path.name) for path in files)}"
        raise BadDataset(source, fault=fault, remedy="choose one with --format")
    if is_yolo:
        return read_yolo(source)
    if not files:
        fault = "is neither COCO keypoints (JSON) nor a YOLO pose dataset (a folder with data.yaml)"
        remedy = "unpack it if it is an archive, and give the JSON file or the folder"
        raise BadDataset(source, fault=fault, remedy=remedy)
    parts = [read_coco(path) for path in files]
    return Marks(
        tuple(photo for part in parts for photo in part.photos),
        sum(part.unmarked for part in parts),
        tuple(problem for part in parts for problem in part.problems),
    )


def _coco_files(source: Path) -> list[Path]:
    """Return the JSON file, or those in a folder that have the lists of COCO."""
    if source.is_file():
        return [source] if source.suffix.lower() == JSON else []
    files = [*source.glob(f"*{JSON}"), *(source / ANNOTATIONS).glob(f"*{JSON}")]
    return [path for path in sorted(files) if is_coco(path)]


def _is_yolo(source: Path) -> bool:
    return source.suffix.lower() in YAML if source.is_file() else data_file(source) is not None
