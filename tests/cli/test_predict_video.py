"""Tests of `keykind predict` with videos and cameras."""

import json
from itertools import cycle

import numpy as np
import pytest
from PIL import Image

from clips import pan, write_clip
from keykind.cli import camera_output, main
from keykind.dataset.bundled import bundled_photos
from keykind.video import source
from keykind.video.source import BadVideo, Frame, Video

pytest.importorskip("av", reason="the extra video is not installed")


def run(*arguments: object) -> int:
    return main.main(["predict", *map(str, arguments)])


@pytest.fixture(scope="module")
def frames():
    photo = min((bundled_photos() / "train" / "mortice").iterdir())
    picture = np.asarray(Image.open(photo).convert("RGB").resize((480, 320)))
    return pan(np.pad(picture, ((0, 0), (0, 60), (0, 0)), mode="edge"), 6, (480, 320))


@pytest.fixture(scope="module")
def clip(frames, tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "key.mp4", frames, rate=6)


def test_a_video_between_photos_is_answered_in_its_turn(clip, capsys):
    photo = min((bundled_photos() / "train" / "dimple").iterdir())
    assert run(photo, clip, photo) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["dimple", "mortice", "dimple"]
    assert lines[1].endswith("key.mp4  0.0-0.8 s")


def test_videos_in_a_folder_are_counted_once(clip, tmp_path, capsys):
    for name in ("a.mp4", "b/c.mov"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(clip.read_bytes())
    photo = min((bundled_photos() / "train" / "dimple").iterdir())
    (tmp_path / "b" / photo.name).write_bytes(photo.read_bytes())
    assert run(tmp_path) == 0
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 1
    assert output.err == "keykind: 2 videos were passed over; name them to search them.\n"


def test_a_video_that_ends_early_is_answered_with_a_note(frames, tmp_path, capsys):
    path = write_clip(tmp_path / "key.avi", frames, rate=6)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert run(path) == 0
    assert "ends after 1 of 6 frames" in capsys.readouterr().out


def test_a_broken_video_does_not_stop_the_others(clip, tmp_path, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:100])
    assert run(broken, clip, "--json") == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert "cannot be read as a video (100 bytes" in first["error"]
    assert second["keys"][0]["seconds"] == pytest.approx([0, 5 / 6], abs=0.02)


def test_pictures_of_a_video_are_made(clip, tmp_path, capsys):
    folder, page, copies = tmp_path / "saved", tmp_path / "page.html", tmp_path / "sorted"
    assert run(clip, "--save", folder, "--html", page, "--sort", copies) == 0
    with Video(folder / "key.mp4") as video:
        assert len(list(video.frames())) == 6
    said = capsys.readouterr().err
    assert f"1 video with boxes and answers in {folder}" in said
    assert f"1 video sorted into {copies}" in said
    assert "data:image/jpeg" in page.read_text()
    assert (copies / "mortice" / "key.mp4").read_bytes() == clip.read_bytes()
    assert run(clip, "--save", folder) == 0  # keykind wrote it
    (folder / "key.mp4").write_bytes(clip.read_bytes())
    capsys.readouterr()
    assert run(clip, "--save", folder) == 2
    assert "is no video that keykind wrote" in capsys.readouterr().err


class FakeCamera:
    """A camera that sends frames again and again."""

    rate = 6.0
    name = "camera 0"

    def __init__(self, frames):
        self._frames = frames

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def frames(self):
        for i, pixels in enumerate(cycle(self._frames)):
            yield Frame(i, i / 6, pixels)
            if i == 20:
                raise KeyboardInterrupt


@pytest.fixture
def camera(monkeypatch, frames):
    monkeypatch.setattr(camera_output, "Camera", lambda number: FakeCamera(frames[:2]))


def test_a_camera_prints_each_answer_once_and_at_the_end_each_key(camera, capsys):
    assert run("--camera", 0) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "1: mortice" in lines[0]
    assert lines[1].startswith("mortice")
    assert lines[1].endswith("camera 0  0.0-3.3 s")


def test_a_camera_can_be_recorded_for_some_seconds(camera, tmp_path, capsys):
    assert run("--camera", 0, "--seconds", 1, "--json", "--save", tmp_path) == 0
    tracks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry.get("track") for entry in tracks] == [1, None]
    with Video(tmp_path / "camera-0.mp4") as video:
        assert len(list(video.frames())) == 7


def test_a_camera_that_is_missing_is_an_error(monkeypatch, capsys):
    def missing(number):
        raise BadVideo(f"camera {number}", fault="cannot be opened", remedy="connect one")

    monkeypatch.setattr(camera_output, "Camera", missing)
    assert run("--camera", 3) == 2
    assert "camera 3: cannot be opened" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "PHOTO|FOLDER|VIDEO, or --camera N"),
        (("key.jpg", "--every", 3), "--every is for videos"),
        (("key.jpg", "--seconds", 3), "--seconds is for --camera"),
        (("key.jpg", "--camera", 0), "cannot be combined with photos"),
        (("--camera", 0, "--out", "x.csv"), "cannot be combined with --out"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert message in capsys.readouterr().err


def test_without_the_extra_nothing_is_answered(clip, monkeypatch, capsys):
    monkeypatch.setattr("keykind.core.extras.is_installed", lambda name: name != "av")
    assert run(clip) == 2
    assert "pip install 'keykind[video]'" in capsys.readouterr().err
    assert source.pyav  # the module can be imported without it
