"""A run or a model file -> the model file that was asked for.

In:    RUN/, a .tflite file of keykind's, or nothing: the model that comes with keykind; a ExportOptions
Out:   a .tflite or .onnx file; Exported says how well it answers
Needs: what its kind needs: for a run keras and tensorflow [train], for ONNX tf2onnx [onnx]
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.core.errors import BadModel, KeykindError
from keykind.core.extras import require
from keykind.core.files import write_bytes
from keykind.model.model import load_file, pack, unpack
from keykind.predict.recogniser import shipped_model

if TYPE_CHECKING:
    from keykind.export.from_run import ParityReport

ENDINGS = (".tflite", ".onnx")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is asked for."""

    precision: str | None  # None: fp32 of a run, that of a file as it is
    mediapipe: bool  # probabilities alone
    out: Path | None  # None: in the run's folder, for a file in the current one, named by what is in it
    force: bool  # write a file that loses more than is allowed


@dataclass(frozen=True, slots=True)
class Exported:
    """A written file."""

    path: Path
    size: int  # bytes
    compared: "ParityReport | KeykindError | None"  # or why not; None: it was made of a file, not of a run

    def lines(self) -> Iterator[str]:
        """Yield what a person wants to know of it."""
        if isinstance(self.compared, KeykindError):
            yield f"not compared with Keras: {self.compared}"
        elif self.compared:
            one = self.compared
            yield (
                f"compared as .tflite: the same kind as Keras on {100 * one.agreement:.1f}% of "
                f"{one.photos} test photos, "
                f"probabilities differ by at most {one.largest:.1e}; "
                f"weighted F1 {one.weighted_f1:.3f}, Keras {one.keras_f1:.3f}"
            )
        yield f"{self.path}  {self.size / 1e6:.1f} MB"


def export_model(source: Path | None, wish: ExportOptions) -> Exported:
    """Write the model file that was asked for.

    Raises BadRun or BadModel for a source that cannot be read or a file that loses too much, MissingExtra.
    """
    if wish.out and wish.out.suffix not in ENDINGS:
        raise BadModel(wish.out, fault=f"ends in {wish.out.suffix!r}", remedy=f"use {' or '.join(ENDINGS)}")
    onnx = wish.out is not None and wish.out.suffix == ".onnx"
    if onnx:
        require("onnx")
        require("train")
        if wish.precision not in (None, "fp32"):
            raise BadModel(
                wish.precision, fault="is no precision of an .onnx file", remedy="leave it away: it is fp32"
            )
    source = source or shipped_model()
    data, compared = _of_run(source, wish) if source.is_dir() else (_of_file(source, wish), None)
    precision = unpack(data, source)[1].precision
    folder = source if source.is_dir() else Path()
    name = f"keys-{precision}{'-mediapipe' if wish.mediapipe else ''}.tflite"
    path = wish.out or folder / name
    if onnx:
        from keykind.export.onnx import to_onnx  # noqa: PLC0415 - heavy

        data = to_onnx(data)
    write_bytes(path, data)
    return Exported(path, len(data), compared)


def _of_run(run: Path, wish: ExportOptions) -> "tuple[bytes, ParityReport | KeykindError]":
    require("train")
    from keykind.export.from_run import export_run  # noqa: PLC0415 - heavy

    return export_run(run, wish.precision or "fp32", maps=not wish.mediapipe, force=wish.force)


def _of_file(path: Path, wish: ExportOptions) -> bytes:
    flatbuffer, card = unpack(load_file(path), path)
    if wish.precision not in (None, card.precision):
        raise BadModel(
            path,
            fault=f"is {card.precision}, and {wish.precision} is not made of it",
            remedy="give the folder of its run",
        )
    if not wish.mediapipe:
        return pack(flatbuffer, card)
    from keykind.model.tflite_metadata import with_metadata  # noqa: PLC0415 - a quarter of a second

    bare = replace(card, maps=False, ood_threshold=None)
    return pack(with_metadata(flatbuffer, bare), bare)
