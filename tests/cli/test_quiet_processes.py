"""Commands and imports as processes: TensorFlow's messages never reach the terminal."""

import os
import re
import subprocess
import sys

import pytest

from commands import keykind

pytest.importorskip("keras", reason="the extra train is not installed")

MESSAGE = re.compile(
    r"^(WARNING: All log messages before absl::InitializeLog"
    r"|[IWE]\d{4} \d\d:\d\d"  # the log of absl: level and date, time
    r"|\d{4}-\d\d-\d\d \d\d:\d\d.*: [IWE] "  # the log of older versions of TensorFlow
    r"|To enable the following instructions"
    r"|INFO: Created TensorFlow Lite"
    r"|WARNING:(absl|tensorflow):).*",
    re.MULTILINE,
)
RECIPE = """
name = "quick"
views = ["plain"]
folds = 2
epochs = 1
fine_tune_layers = 2
fine_tune_epochs = 1
bootstrap = 100
"""
IMPORT = """
import importlib, sys
from keykind.core.quiet import quiet
with quiet():  # what a library prints that the user imports is not ours
    for name in sys.argv[1].split():
        importlib.import_module(name)
import keykind.export.onnx, keykind.train.loop
from keykind.train.backbone import converter
from keykind.train.backend import tf
converter(lambda pixels: 2 * pixels, tf.float32)
print("done")
"""


def environment() -> dict[str, str]:
    """Return the variables without those that an earlier test's import of TensorFlow has set."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}


def assert_quiet(process: subprocess.CompletedProcess[str]) -> None:
    assert process.returncode == 0, process.stderr
    assert not MESSAGE.findall(process.stderr + process.stdout), process.stderr


@pytest.mark.slow
def test_train_export_and_demo_print_no_message_of_tensorflow(drawn_photos, tmp_path):
    (tmp_path / "quick.toml").write_text(RECIPE)
    out, recipe = tmp_path / "run", tmp_path / "quick.toml"
    commands = [
        ("train", drawn_photos, "--recipe", recipe, "--weights", "random", "--out", out),
        ("export", out, "--force", "--out", tmp_path / "keys.tflite"),
        ("demo", "--no-open", "--out", tmp_path / "demo"),
    ]
    for command in commands:
        assert_quiet(keykind(*command, env=environment()))


@pytest.mark.slow
@pytest.mark.parametrize("first", ["mitsuba", "tf2onnx", "mediapipe"])
def test_importing_prints_no_message_of_tensorflow_whatever_was_imported_first(first):
    for name in ("tf2onnx", first):  # the code below imports tf2onnx, too
        pytest.importorskip(name)
    process = subprocess.run(
        [sys.executable, "-c", IMPORT, first], capture_output=True, text=True, check=False, env=environment()
    )
    assert_quiet(process)
    assert process.stderr == ""


def test_the_messages_are_recognised():
    """As TensorFlow 2.21 prints them."""
    messages = [
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "I0000 00:00:1795918379.179648   29877 port.cc:153] oneDNN custom operations are on.",
        "I0000 00:00:1795918379.463012   29877 cpu_feature_guard.cc:227] This TensorFlow binary is optimized",
        "W0000 00:00:1795918390.158900   29877 tf_tfl_flatbuffer_helpers.cc:364] Ignored output_format.",
    ]
    assert MESSAGE.findall("\n".join(messages)) != []
    assert all(map(MESSAGE.match, messages))
    assert not MESSAGE.findall("drawn-00.png: cannot be read\nW: 3 photos")
