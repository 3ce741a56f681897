"""A run or a model file -> a model file in the requested format.

In:    RUN/, a .tflite file written by keykind, or nothing: the shipped model; ExportOptions
Out:   a .tflite or .onnx file; Exported: its path, size and parity with Keras
Needs: for a run keras and tensorflow [train], for ONNX tf2onnx [onnx]
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.core.errors import BadModel, KeykindError
from keykind.core.extras import require
from keykind.core.files import check_new, check_not_input, write_bytes
from keykind.model.model import pack, read_model_file, unpack
from keykind.predict.recogniser import shipped_model

if TYPE_CHECKING:
    from keykind.export.from_run import ParityReport

SUFFIXES = (".tflite", ".onnx")
DEFAULT_PRECISION = "fp32"  # of a run's file, and the only one of .onnx


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export."""

    precision: str | None  # None: fp32 for a run, unchanged for a file
    mediapipe: bool  # probabilities only
    out: str | Path | None  # None: in the run's folder, or the current one for a file; named by content
    force: bool  # write the file even if it loses more accuracy than allowed
    calibrate: bool = True  # int8: activations too, calibrated on the run's photos; False: weights only
    replace: bool = True  # write over a file that exists


@dataclass(frozen=True, slots=True)
class Exported:
    """A written file."""

    path: Path
    size: int  # bytes
    parity: "ParityReport | KeykindError | None"  # or why it could not be measured; None: not made from a run

    def lines(self) -> Iterator[str]:
        """Yield a summary for a terminal."""
        if isinstance(self.parity, KeykindError):
            yield f"not compared with Keras: {self.parity}"
        elif self.parity:
            parity = self.parity
            yield (
                f".tflite compared with Keras on {parity.photos} test photos: same kind for "
                f"{parity.agreement:.1%}, probabilities differ by at most {parity.max_difference:.1e}, "
                f"weighted F1 {parity.weighted_f1:.3f} (Keras {parity.keras_f1:.3f})"
            )
            if parity.is_too_lossy:  # forced
                yield f"warning: that is {100 * parity.f1_loss:.1f} points of weighted F1 below Keras"
        yield f"{self.path}  {self.size / 1e6:.1f} MB"


def export_model(source: str | Path | None, options: ExportOptions) -> Exported:
    """Write the model of a run, a model file or (None) the shipped model in the requested format.

    Raises BadRun or BadModel if the source cannot be read or the file loses too much accuracy; MissingExtra;
    CannotWrite if the file exists and must not be replaced, or is the source.
    """
    source = Path(source) if source else shipped_model()
    path = _output(source, options)
    onnx = path.suffix == ".onnx"
    if onnx:
        _check_onnx(options)
    check_not_input(path, [source])
    check_new(path, force=options.replace)
    data, parity = _from_run(source, options) if source.is_dir() else (_from_file(source, options), None)
    if onnx:
        from keykind.export.onnx import to_onnx  # noqa: PLC0415 - heavy

        data = to_onnx(data)
    write_bytes(path, data)
    return Exported(path, len(data), parity)


def _output(source: Path, options: ExportOptions) -> Path:
    """Return the file to write. Raises BadModel for another extension, or if the source cannot be read."""
    if options.out is not None:
        out = Path(options.out)
        if out.suffix not in SUFFIXES:
            raise BadModel(out, fault=f"ends in {out.suffix!r}", remedy=f"use {' or '.join(SUFFIXES)}")
        return out
    is_run = source.is_dir()
    default = DEFAULT_PRECISION if is_run else unpack(read_model_file(source), source)[1].precision
    client = "-mediapipe" if options.mediapipe else ""
    return (source if is_run else Path()) / f"keys-{options.precision or default}{client}.tflite"


def _check_onnx(options: ExportOptions) -> None:
    """Raise MissingExtra or BadModel if an .onnx file cannot be written."""
    require("onnx")
    require("train")
    if options.precision not in (None, DEFAULT_PRECISION):
        raise BadModel(
            options.precision,
            fault="is not available for .onnx files",
            remedy="omit the precision: they are always fp32",
        )


def _from_run(run: Path, options: ExportOptions) -> "tuple[bytes, ParityReport | KeykindError]":
    require("train")
    from keykind.export.from_run import export_run  # noqa: PLC0415 - heavy

    return export_run(
        run,
        options.precision or DEFAULT_PRECISION,
        maps=not options.mediapipe,
        calibrate=options.calibrate,
        force=options.force,
    )


def _from_file(path: Path, options: ExportOptions) -> bytes:
    flatbuffer, card = unpack(read_model_file(path), path)
    if options.precision not in (None, card.precision):
        raise BadModel(
            path,
            fault=f"is {card.precision} and cannot be converted to {options.precision}",
            remedy="give the folder of its run",
        )
    if not options.mediapipe:
        return pack(flatbuffer, card)
    from keykind.model.tflite_metadata import with_metadata  # noqa: PLC0415 - a quarter of a second

    bare = replace(card, maps=False, ood_threshold=None, features=None)
    return pack(with_metadata(flatbuffer, bare), bare)
