"""How fast photos are answered, from the start of the program: keykind and its peers, in turns.

    python benchmarks/predict.py RUN [--rounds 5] [--photos 200] [--many 10000] [--write]

In:    RUN: a finished run
Out:   one photo, folders of large and of small photos, memory; docs/benchmarks.md
Needs: Linux, for the memory; keykind[train,onnx], mediapipe, onnxruntime; openvino and opencv to be measured
       beside them

Targets: one 12-megapixel photo in 0.6 s, 10 times as fast as the Keras script and ahead of every peer; 60
photos/s of 12 megapixels, 4 times the fastest peer; of small photos 90% of what the bare runtime does; 250 MB
for one photo, 600 MB for 10,000. Ultralytics is no peer here: its licence, AGPL-3.0, keeps it out.
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

from keykind.core.parallel import ordered, workers
from keykind.export.export import ExportOptions, export_model
from keykind.model.model import load_file, unpack
from keykind.photo import decode
from made_photos import make_photos
from memory import peak
from table import markdown, section, write_section

PEERS = Path(__file__).parent / "peers"
LARGE, SMALL = (4000, 3000), (224, 224)  # px
BARE = 400  # crops that the bare runtime is given
LOOK = 0.01  # seconds between two looks at a command's memory
PACKAGES = ("ai-edge-litert", "pillow", "keras", "tensorflow-cpu", "mediapipe", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Peer:
    """One way of asking the same network."""

    name: str
    script: tuple[str, ...]  # command up to the photos
    needs: tuple[str, ...] = ()  # packages

    @property
    def there(self) -> bool:
        """Whether what it needs is installed."""
        return all(find_spec(package) for package in self.needs)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost."""

    seconds: float
    memory: int  # bytes, at most


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


def cost(command: Sequence[str], answers: int) -> Cost:
    """Run a command to its end. Raises RuntimeError unless it prints so many lines of answers."""
    memory = 0
    with TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        while process.poll() is None:  # not getrusage, which counts this process's own memory in
            memory = max(memory, peak(process.pid))
            time.sleep(LOOK)
        seconds = time.perf_counter() - start
        said.seek(0)
        lines = sum(1 for _ in said)
    if process.returncode or lines < answers:
        raise RuntimeError(f"{' '.join(command[:5])} ... gave {lines} of {answers} answers")
    return Cost(seconds, memory)


def in_turns(all_peers: Sequence[Peer], photos: Sequence[str], rounds: int) -> list[list[Cost]]:
    """Return the costs of each peer on the same photos: a row a peer, a column a round."""
    costs: list[list[Cost]] = [[] for _ in all_peers]
    for _ in range(rounds):
        for mine, peer in zip(costs, all_peers, strict=True):
            mine.append(cost([*peer.script, *photos], len(photos)))
    return costs


def compared(all_peers: Sequence[Peer], photos: Sequence[str], rounds: int) -> str:
    """Return a table of all peers on the same photos: seconds, photos/s, times keykind's, memory."""
    costs = in_turns(all_peers, photos, rounds)
    rows = []
    for peer, mine in zip(all_peers, costs, strict=True):
        seconds = median(one.seconds for one in mine)
        ratio = median(one.seconds / own.seconds for one, own in zip(mine, costs[0], strict=True))
        memory = max(one.memory for one in mine) / 1e6
        rows.append(
            [peer.name, f"{seconds:.2f}", f"{len(photos) / seconds:.1f}", f"{ratio:.1f}", f"{memory:.0f}"]
        )
    return markdown(["whole process", "s", "photos/s", "times keykind's time", "MB at most"], rows)


def decoding(paths: Sequence[Path]) -> float:
    """Return how many photos/s can be decoded at reduced scale and resized, on all cores, and no more."""
    start = time.perf_counter()
    for _ in ordered(lambda path: decode.resize(decode.read(path, at_least=224).pixels, 224), paths):
        pass
    return len(paths) / (time.perf_counter() - start)


def bare(model: Path) -> float:
    """Return the photos/s of the bare runtime on ready tensors: the better of its threads and of ours."""
    flatbuffer, _ = unpack(load_file(model), model)
    crop = np.zeros((1, *SMALL, 3), np.uint8)

    def loop(threads: int) -> Callable[[], None]:
        interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
        interpreter.allocate_tensors()
        place = interpreter.get_input_details()[0]["index"]

        def run() -> None:
            for _ in range(BARE):
                interpreter.set_tensor(place, crop)
                interpreter.invoke()

        return run

    def rate(loops: Sequence[Callable[[], None]]) -> float:
        threads = [threading.Thread(target=each) for each in loops]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return BARE * len(loops) / (time.perf_counter() - start)

    return max(rate([loop(workers())]), rate([loop(1) for _ in range(workers())]))


def warm(model: Path, paths: Sequence[Path]) -> float:
    """Return keykind's photos/s once it has started."""
    from keykind.predict.recogniser import Recogniser  # noqa: PLC0415 - after the peers' turns

    recogniser = Recogniser.load(model)
    for _ in recogniser.recognise_many(paths[: 4 * workers()]):
        pass
    start = time.perf_counter()
    for _ in recogniser.recognise_many(paths):
        pass
    return len(paths) / (time.perf_counter() - start)


def many(peer: Peer, folder: Path, count: int) -> Cost:
    """Return what keykind takes for a folder of many photos."""
    return cost([*peer.script, str(folder)], count)


def text(options: argparse.Namespace, folder: Path) -> str:
    """Measure everything and return it as Markdown."""
    make_photos(folder, {"large": {"cylinder": options.photos}}, {"large": LARGE}, 0)
    make_photos(folder, {"small": {"cylinder": options.many}}, {"small": SMALL}, 1)
    large, small = (sorted((folder / size).rglob("*.jpg")) for size in ("large", "small"))
    there = [peer for peer in peers(options.run, folder) if peer.there]
    one = compared(there, [str(large[0])], options.rounds)
    folders = compared(there, [str(path) for path in large], 2)
    model = folder / "keys.tflite"
    limit, own = decoding(large), warm(model, large)
    runtime, ours = bare(model), warm(model, small[:2000])
    memory = many(there[0], folder / "small", len(small))
    return f"""### One photo of 12 megapixels

{one}

### A folder of {len(large)} photos of 12 megapixels

{folders}

Once started keykind answers {own:.1f} photos/s; decoding at reduced scale and resizing alone take
{limit:.1f} photos/s on all cores, so {own / limit:.0%} of the decoder's own limit is reached.

### A folder of 224 px photos

Once started keykind answers {ours:.0f} photos/s; the bare runtime, in a loop on ready tensors, {runtime:.0f}:
{ours / runtime:.0%}. All {len(small):,} photos in one command: {memory.seconds:.0f} s, at most
{memory.memory / 1e6:.0f} MB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument("--rounds", type=int, default=5, help="of one photo (default: %(default)s)")
    parser.add_argument("--photos", type=int, default=200, help="of 12 megapixels (default: %(default)s)")
    parser.add_argument("--many", type=int, default=10_000, help="small ones (default: %(default)s)")
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
