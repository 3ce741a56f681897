"""How fast photos are predicted, from the start of the program: keykind and its peers, alternating.

    python benchmarks/predict.py RUN [--rounds 5] [--photos 200] [--many 10000] [--write]

In:    RUN: a finished run
Out:   one photo, folders of large and of small photos, memory; with --write also in docs/benchmarks.md
Needs: Linux, for the memory; keykind[train,onnx], mediapipe, onnxruntime; optionally openvino and opencv

Targets: one 12-megapixel photo in 0.6 s, 10 times as fast as the Keras script and ahead of every peer; 60
photos/s of 12 megapixels, 4 times the fastest peer; on small photos 90% of the bare runtime; 250 MB for one
photo, 600 MB for 10,000. Ultralytics is not among the peers because of its licence, AGPL-3.0.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from keykind.core.parallel import cpu_count, parallel_map
from keykind.export.export import ExportOptions, export_model
from keykind.model.model import read_model_file, unpack
from keykind.photo.decode import read_photo, resize
from memory import peak
from synthetic_photos import make_photos
from table import markdown, section, write_section

PEERS = Path(__file__).parent / "peers"
LARGE, SMALL = (4000, 3000), (224, 224)  # px
BARE_CROPS = 400  # for the bare runtime
POLL = 0.01  # seconds between two measurements of a command's memory
PACKAGES = ("ai-edge-litert", "pillow", "keras", "tensorflow-cpu", "mediapipe", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to run the same network."""

    name: str
    script: tuple[str, ...]  # command up to the photos
    packages: tuple[str, ...] = ()  # that it needs

    @property
    def available(self) -> bool:
        """Whether its packages are installed."""
        return all(find_spec(package) for package in self.packages)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one command."""

    seconds: float
    memory: int  # peak bytes


def peers(run: Path, folder: Path) -> list[Peer]:
    """Return keykind, then its peers, each with the run's model in its own format."""
    files = {
        name: export_model(run, ExportOptions(None, bare, folder / name, force=False)).path
        for name, bare in (("keys.tflite", False), ("bare.tflite", True), ("keys.onnx", False))
    }

    def script(name: str, model: Path) -> tuple[str, ...]:
        return sys.executable, str(PEERS / f"{name}.py"), str(model)

    own = (sys.executable, "-m", "keykind", "predict", "--json", "--model", str(files["keys.tflite"]))
    return [
        Peer("keykind predict", own),
        Peer("Keras script", script("keras_script", run / "model.keras")),
        Peer("MediaPipe ImageClassifier", script("mediapipe_client", files["bare.tflite"]), ("mediapipe",)),
        Peer("ONNX Runtime, Pillow", script("onnx_pillow", files["keys.onnx"]), ("onnxruntime",)),
        Peer("OpenVINO, OpenCV", script("openvino_opencv", files["keys.onnx"]), ("openvino", "cv2")),
    ]


def measure(command: Sequence[str], photos: int) -> Cost:
    """Run a command to its end. Raises RuntimeError unless it prints at least one line per photo."""
    memory = 0
    with TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        while process.poll() is None:  # not getrusage, which includes this process's own memory
            memory = max(memory, peak(process.pid))
            time.sleep(POLL)
        seconds = time.perf_counter() - start
        output.seek(0)
        lines = sum(1 for _ in output)
    if process.returncode or lines < photos:
        raise RuntimeError(f"{' '.join(command[:5])} ... printed {lines} of {photos} predictions")
    return Cost(seconds, memory)


def measure_alternating(all_peers: Sequence[Peer], photos: Sequence[str], rounds: int) -> list[list[Cost]]:
    """Return the costs on the same photos: a row per peer, a column per round."""
    costs: list[list[Cost]] = [[] for _ in all_peers]
    for _ in range(rounds):
        for row, peer in zip(costs, all_peers, strict=True):
            row.append(measure([*peer.script, *photos], len(photos)))
    return costs


def compare(all_peers: Sequence[Peer], photos: Sequence[str], rounds: int) -> str:
    """Return a table of all peers on the same photos: seconds, photos/s, relative time, memory."""
    costs = measure_alternating(all_peers, photos, rounds)
    rows = []
    for peer, row in zip(all_peers, costs, strict=True):
        seconds = median(cost.seconds for cost in row)
        ratio = median(cost.seconds / own.seconds for cost, own in zip(row, costs[0], strict=True))
        memory = max(cost.memory for cost in row) / 1e6
        rows.append(
            [peer.name, f"{seconds:.2f}", f"{len(photos) / seconds:.1f}", f"{ratio:.1f}", f"{memory:.0f}"]
        )
    return markdown(["whole process", "s", "photos/s", "relative to keykind", "peak MB"], rows)


def decoding_rate(paths: Sequence[Path]) -> float:
    """Return the photos/s of decoding at reduced scale and resizing alone, on all cores."""
    start = time.perf_counter()
    for _ in parallel_map(lambda path: resize(read_photo(path, min_side=224).pixels, 224), paths):
        pass
    return len(paths) / (time.perf_counter() - start)


def bare_rate(model: Path) -> float:
    """Return the photos/s of the bare runtime on prepared tensors: the better of its threads and ours."""
    flatbuffer, _ = unpack(read_model_file(model), model)
    crop = np.zeros((1, *SMALL, 3), np.uint8)

    def loop(threads: int) -> Callable[[], None]:
        interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
        interpreter.allocate_tensors()
        index = interpreter.get_input_details()[0]["index"]

        def run() -> None:
            for _ in range(BARE_CROPS):
                interpreter.set_tensor(index, crop)
                interpreter.invoke()

        return run

    def rate(loops: Sequence[Callable[[], None]]) -> float:
        threads = [threading.Thread(target=each) for each in loops]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return BARE_CROPS * len(loops) / (time.perf_counter() - start)

    return max(rate([loop(cpu_count())]), rate([loop(1) for _ in range(cpu_count())]))


def warm_rate(model: Path, paths: Sequence[Path]) -> float:
    """Return keykind's photos/s after start-up."""
    from keykind.predict.recogniser import Recogniser  # noqa: PLC0415 - after the peers

    recogniser = Recogniser.load(model)
    for _ in recogniser.recognise_many(paths[: 4 * cpu_count()]):
        pass
    start = time.perf_counter()
    for _ in recogniser.recognise_many(paths):
        pass
    return len(paths) / (time.perf_counter() - start)


def text(options: argparse.Namespace, folder: Path) -> str:
    """Measure everything and return it as Markdown."""
    make_photos(folder, {"large": {"cylinder": options.photos}}, {"large": LARGE}, 0)
    make_photos(folder, {"small": {"cylinder": options.many}}, {"small": SMALL}, 1)
    large, small = (sorted((folder / size).rglob("*.jpg")) for size in ("large", "small"))
    available = [peer for peer in peers(options.run, folder) if peer.available]
    single = compare(available, [str(large[0])], options.rounds)
    folders = compare(available, [str(path) for path in large], 2)
    model = folder / "keys.tflite"
    limit, large_rate = decoding_rate(large), warm_rate(model, large)
    runtime, small_rate = bare_rate(model), warm_rate(model, small[:2000])
    cost = measure([*available[0].script, str(folder / "small")], len(small))
    return f"""### One photo of 12 megapixels

{single}

### A folder of {len(large)} photos of 12 megapixels

{folders}

After start-up keykind answers {large_rate:.1f} photos/s; decoding at reduced scale and resizing alone reach
{limit:.1f} photos/s on all cores, so keykind reaches {large_rate / limit:.0%} of the decoder's limit.

### A folder of 224 px photos

After start-up keykind answers {small_rate:.0f} photos/s; the bare runtime, in a loop on prepared tensors,
{runtime:.0f}: {small_rate / runtime:.0%}. All {len(small):,} photos in one command: {cost.seconds:.0f} s,
peak memory {cost.memory / 1e6:.0f} MB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument("--rounds", type=int, default=5, help="with one photo (default: %(default)s)")
    parser.add_argument("--photos", type=int, default=200, help="12-megapixel photos (default: %(default)s)")
    parser.add_argument("--many", type=int, default=10_000, help="small photos (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        page = section(
            "Predicting",
            text(options, Path(folder)),
            command="python benchmarks/predict.py RUN",
            packages=PACKAGES,
        )
    print(page)
    if options.write:
        write_section("predict", page)


if __name__ == "__main__":
    main()
