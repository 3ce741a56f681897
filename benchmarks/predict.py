"""How fast keys are found and named with the models that ship: keykind and its peers, alternating.

    python benchmarks/predict.py [PHOTOS] [--rounds 5] [--photos 200] [--write]

In:    PHOTOS: a folder of 12-megapixel JPEGs; without it, bundled photos of single keys enlarged to that size
Out:   one photo and a folder, from the start of the program; the rate after start-up beside the decoder's;
       a photo's stages; small photos beside the bare runtime; with --write also in docs/benchmarks.md
Needs: Linux, for the memory; keykind[train,onnx], mediapipe, onnxruntime, opencv

Targets: one photo in 0.40 s and 1.3 times the imports and one decoding; a folder 4 times as fast as by the
fastest peer, and at 60% of the rate of decoding alone. Each peer detects keys, cuts out one and classifies
it, with networks of random weights (peers/networks.py), so only their time is compared. Ultralytics is not
among them because of its licence, AGPL-3.0; the detector in ONNX has the size of its smallest.
"""

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from keykind.core.parallel import cpu_count, parallel_map
from keykind.model.model import read_model_file, unpack
from keykind.predict.recogniser import Recogniser, shipped_model
from profile_photo import profile
from several_keys import compose
from synthetic_photos import make_photos
from table import markdown, section, write_section
from whole_process import Cost, Peer, measure_alternating

PEERS = Path(__file__).parent / "peers"
DISTINCT = 12  # photos, of those that are made; copies of them fill the folder
FOLDER_ROUNDS = 2  # at most, of whole processes over the folder
REDUCED_SIDE = 480  # px; the decoder alone reduces the photo as far as its sides stay that long
PROFILED = 12  # photos
SMALL, SMALL_SIDE = 1000, 224  # photos, px
NETWORKS = {  # name in the output of peers/*networks.py -> in the page
    "detector": "detector in ONNX and Keras",
    "classifier": "classifier",
    "ssd": "MediaPipe's detector",
}
PACKAGES = (
    *("keykind", "ai-edge-litert", "pillow", "keras", "tensorflow-cpu"),
    *("mediapipe", "onnxruntime", "opencv-python-headless"),
)


def fill(folder: Path, photos: Path | None, count: int) -> list[Path]:
    """Return `count` photos in a new folder: copies of the given ones, or of bundled ones enlarged."""
    folder.mkdir()
    if photos is None:
        rng = np.random.default_rng(0)
        sources = [compose(1, rng) for _ in range(min(count, DISTINCT))]
    else:
        sources = [path.read_bytes() for path in sorted(photos.glob("*.jpg"))]
    paths = [folder / f"{i:05}.jpg" for i in range(count)]
    for path, data in zip(paths, cycle(sources), strict=False):
        path.write_bytes(data)
    return paths


def make_peers(folder: Path) -> tuple[list[Peer], str]:
    """Return keykind and those of its peers whose packages are installed, and a text on their networks."""
    folder.mkdir()

    def script(name: str, *options: str) -> tuple[str, ...]:
        return sys.executable, str(PEERS / f"{name}.py"), str(folder), *options

    onnx, mediapipe = ("onnxruntime", "cv2", "tf2onnx", "keras"), ("mediapipe", "tensorflow")
    peers = [
        Peer("keykind predict", (sys.executable, "-m", "keykind", "predict", "--json")),
        Peer("ONNX Runtime, OpenCV", script("onnx_opencv", "1"), onnx),
        Peer("ONNX Runtime, OpenCV, decoded at 1/2", script("onnx_opencv", "2"), onnx),
        Peer("ONNX Runtime, OpenCV, decoded at 1/4", script("onnx_opencv", "4"), onnx),
        Peer("MediaPipe ObjectDetector, ImageClassifier", script("mediapipe_tasks"), mediapipe),
        Peer("Keras script", script("keras_script"), onnx),
    ]
    available = [peer for peer in peers if peer.available]
    needed = {package for peer in available for package in peer.packages}
    sizes: dict[str, dict[str, float]] = {}
    for name, package in (("networks", "tf2onnx"), ("mediapipe_networks", "mediapipe")):
        if package in needed:
            command = [sys.executable, str(PEERS / f"{name}.py"), str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            sizes |= json.loads(done.stdout.splitlines()[-1])
    described = [
        f"{NETWORKS[name]} {size['parameters']:.1f} million, {size['operations']:.1f} GFLOP"
        for name, size in sizes.items()
    ]
    return available, f"Parameters and operations per image: {'; '.join(described)}"


def ratios(costs: Sequence[Sequence[Cost]]) -> list[float]:
    """Return each row's median ratio to the first row, within a round."""
    return [
        median(cost.seconds / own.seconds for cost, own in zip(row, costs[0], strict=True)) for row in costs
    ]


def cost_table(peers: Sequence[Peer], costs: Sequence[Sequence[Cost]], photos: int) -> str:
    """Return a table: seconds or photos/s, time relative to keykind's, memory."""
    rows = []
    for peer, row, ratio in zip(peers, costs, ratios(costs), strict=True):
        seconds, memory = median(cost.seconds for cost in row), max(cost.memory for cost in row) / 1e6
        speed = f"{photos / seconds:.1f}" if photos > 1 else f"{seconds:.2f}"
        rows.append([peer.name, speed, f"{ratio:.2f}", f"{memory:.0f}"])
    header = ["whole process", "photos/s" if photos > 1 else "s", "time relative to keykind", "peak MB"]
    return markdown(header, rows)


def one_photo(peers: Sequence[Peer], path: Path, rounds: int) -> str:
    """Compare whole processes on one photo, also with one that only imports and decodes."""
    least = Peer(
        "imports of LiteRT, NumPy, Pillow; one decoding", (sys.executable, str(PEERS / "decode_once.py"))
    )
    everyone = [peers[0], least, *peers[1:]]
    costs = measure_alternating(everyone, [str(path)], rounds)
    ratio = median(own.seconds / cost.seconds for own, cost in zip(costs[0], costs[1], strict=True))
    return f"""{cost_table(everyone, costs, 1)}

keykind takes **{ratio:.2f} times** as long as imports and one decoding (target: at most 1.3, and 0.40 s)."""


def folder_of_photos(peers: Sequence[Peer], paths: Sequence[Path], rounds: int) -> str:
    """Compare whole processes on a folder."""
    costs = measure_alternating(peers, [str(path) for path in paths], rounds)
    text = cost_table(peers, costs, len(paths))
    if len(peers) == 1:
        return text
    ratio, name = min(zip(ratios(costs)[1:], (peer.name for peer in peers[1:]), strict=True))
    return f"{text}\n\nkeykind is **{ratio:.1f} times** as fast as the fastest peer, {name} (target: 4)."


def decode(path: Path) -> None:
    """Decode a photo at reduced scale with Pillow alone."""
    with Image.open(path) as image:
        image.draft("RGB", (REDUCED_SIDE, REDUCED_SIDE))
        image.load()


def rate(results: Iterable[object], count: int) -> float:
    """Consume `count` results and return how many there are per second."""
    start = time.perf_counter()
    for _ in results:
        pass
    return count / (time.perf_counter() - start)


def beside_decoder(paths: Sequence[Path], rounds: int) -> str:
    """Compare keykind's rate after start-up with that of decoding alone, in as many threads."""
    recogniser = Recogniser.load()
    rate(recogniser.recognise_many(paths[: 4 * cpu_count()]), 1)  # creates the interpreters
    pairs = [
        (rate(recogniser.recognise_many(paths), len(paths)), rate(parallel_map(decode, paths), len(paths)))
        for _ in range(rounds)
    ]
    own, alone = (median(column) for column in zip(*pairs, strict=True))
    share = median(first / second for first, second in pairs)
    return f"""After start-up, in one process of {cpu_count()} threads, {rounds} rounds by turns: keykind
answers {own:.1f} photos/s; Pillow alone, decoding at the same reduced scale, reaches {alone:.1f}. That is
**{share:.0%}** of the decoder's rate (target: 60%)."""


def invoke_loop(flatbuffer: bytes, threads: int, crops: int) -> Callable[[], None]:
    """Return a function that runs the classifier alone on `crops` prepared tensors."""
    interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
    interpreter.allocate_tensors()
    index = interpreter.get_input_details()[0]["index"]
    crop = np.zeros((1, SMALL_SIDE, SMALL_SIDE, 3), np.uint8)

    def run() -> None:
        for _ in range(crops):
            interpreter.set_tensor(index, crop)
            interpreter.invoke()

    return run


def bare_rate(count: int) -> float:
    """Return the bare runtime's crops/s: the better of its own threads and one interpreter per thread."""
    flatbuffer, _ = unpack(read_model_file(shipped_model()), shipped_model())

    def rate_of(loops: Sequence[Callable[[], None]]) -> float:
        threads = [threading.Thread(target=loop) for loop in loops]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return count / (time.perf_counter() - start)

    cores = cpu_count()
    each = [invoke_loop(flatbuffer, 1, count // cores) for _ in range(cores)]
    return max(rate_of([invoke_loop(flatbuffer, cores, count)]), rate_of(each))


def small_photos(folder: Path, rounds: int) -> str:
    """Compare keykind --whole on small photos with the bare runtime."""
    make_photos(folder, {"": {"cylinder": SMALL}}, {"": (SMALL_SIDE, SMALL_SIDE)}, 1)
    paths = sorted(folder.rglob("*.jpg"))
    recogniser = Recogniser.load(whole=True)
    rate(recogniser.recognise_many(islice(paths, 4 * cpu_count())), 1)
    pairs = [(rate(recogniser.recognise_many(paths), SMALL), bare_rate(SMALL)) for _ in range(rounds)]
    own, bare = (median(column) for column in zip(*pairs, strict=True))
    share = median(first / second for first, second in pairs)
    return f"""{SMALL:,} photos of {SMALL_SIDE} px, each classified as a whole (`--whole`): {own:.0f} photos/s
after start-up. The bare runtime, in a loop on prepared tensors, reaches {bare:.0f}: {share:.0%}."""


def text(options: argparse.Namespace, folder: Path) -> str:
    """Measure everything and return it as Markdown."""
    paths = fill(folder / "photos", options.folder, options.photos)
    kind = "bundled photos of one key, enlarged" if options.folder is None else "real photos"
    peers, networks = make_peers(folder / "networks")
    single = one_photo(peers, paths[0], options.rounds)
    many = folder_of_photos(peers, paths, min(options.rounds, FOLDER_ROUNDS))
    shutil.rmtree(folder / "networks")
    stages = profile(Recogniser.load(), paths[:PROFILED], options.rounds)
    return f"""All find every key and name each: keykind with the models that ship; the peers, scripts as in
the documentation of their libraries, with float32 networks of random weights, which show the time only, and
one key per photo. {networks}.

### One photo of 12 megapixels

{single}

### A folder of {len(paths)} photos of 12 megapixels

{kind[0].upper()}{kind[1:]}.

{many}

{beside_decoder(paths, options.rounds)}

### Where the time of a photo goes

{stages}

### Small photos

{small_photos(folder / "small", options.rounds)}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    help_text = "folder of 12-megapixel JPEGs (default: bundled photos, enlarged)"
    parser.add_argument("folder", type=Path, nargs="?", metavar="PHOTOS", help=help_text)
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--photos", type=int, default=200, help="in the folder (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        page = section(
            "Predicting",
            text(options, Path(folder)),
            command="python benchmarks/predict.py" + (" PHOTOS" if options.folder else ""),
            packages=PACKAGES,
        )
    print(page)
    if options.write:
        write_section("predict", page)


if __name__ == "__main__":
    main()
