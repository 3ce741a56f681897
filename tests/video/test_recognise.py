"""Tests of recognise.py and recording.py: a camera that moves over two keys."""

import numpy as np
import pytest
from PIL import Image

from clips import pan, write_clip
from keykind.core.errors import CannotWrite
from keykind.dataset.bundled import bundled_photos
from keykind.predict.recogniser import Recogniser
from keykind.predict.wording import KEYS
from keykind.video.recognise import attempt_video, recognise_video, watch, watch_camera
from keykind.video.recording import recording, save
from keykind.video.source import Frame, Video

pytest.importorskip("av", reason="the extra video is not installed")
SIZE = (640, 480)  # px of a frame


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser.load()


@pytest.fixture(scope="module")
def frames():
    """Frames that first show a cylinder key, then a mortice key."""
    photos = (bundled_photos() / "train" / kind for kind in ("cylinder", "mortice"))
    images = [Image.open(min(folder.iterdir())).convert("RGB").resize(SIZE) for folder in photos]
    return pan(np.hstack([np.asarray(image) for image in images]), 18, SIZE)


@pytest.fixture(scope="module")
def clip(frames, tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "two.mp4", frames, rate=6)


def test_a_video_shows_each_key_once(recogniser, clip):
    prediction = recognise_video(recogniser, clip)
    assert [key.kind for key in prediction.keys] == ["cylinder", "mortice"]
    assert (prediction.width, prediction.height) == SIZE
    first, second = (key.seconds for key in prediction.keys)
    assert first[0] == 0.0
    assert first[1] < second[1] == pytest.approx(17 / 6, abs=0.05)


def test_every_nth_frame_is_predicted(recogniser, clip):
    assert watch(recogniser, clip, every=5).frames == 4


def test_json_of_a_video_says_when_a_key_is_seen(recogniser, clip):
    keys = recognise_video(recogniser, clip, every=4).as_json()["keys"]
    assert all(0 <= start <= end < 3 for start, end in (key["seconds"] for key in keys))


def test_a_video_that_ends_early_is_answered_and_says_so(recogniser, frames, tmp_path):
    path = write_clip(tmp_path / "clip.avi", frames, rate=6)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    prediction = attempt_video(recogniser, path).prediction
    assert prediction.keys
    assert prediction.error is None
    assert prediction.damaged.startswith("ends after ")
    assert prediction.as_json()["damaged"] == prediction.damaged


def test_a_video_that_cannot_be_read_is_an_answer_with_its_error(recogniser, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"nothing")
    assert "cannot be read as a video" in attempt_video(recogniser, path).prediction.error


def test_the_answer_to_a_video_that_ends_early_has_a_note(recogniser, frames, tmp_path):
    path = write_clip(tmp_path / "clip.avi", frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "ends after" in recognise_video(recogniser, path).damaged


def test_a_recording_has_every_frame_with_its_keys(recogniser, clip, frames, tmp_path):
    watched = watch(recogniser, clip, every=6)
    out = tmp_path / "out.mp4"
    save(clip, watched, out, KEYS)
    with Video(out) as video:
        recorded = list(video.frames())
    assert len(recorded) == len(frames)
    np.testing.assert_allclose([frame.seconds for frame in recorded], np.arange(18) / 6, atol=0.02)
    changed = [
        np.abs(frame.pixels.astype(int) - pixels).max()
        for frame, pixels in zip(recorded, frames, strict=True)
    ]
    assert min(changed[:3]) > 100  # a box is drawn
    assert list(tmp_path.iterdir()) == [out]


def test_nothing_is_left_of_a_recording_that_fails(tmp_path):
    def record():
        with recording(tmp_path / "out.mp4", 30, KEYS) as add:
            add(np.zeros((100, 100, 3), np.uint8), 0.0, ())
            raise KeyError

    with pytest.raises(KeyError):
        record()
    assert list(tmp_path.iterdir()) == []


def test_a_recording_needs_the_ending_of_its_format(tmp_path):
    with pytest.raises(CannotWrite, match=r"written as \.mp4"), recording(tmp_path / "out.avi", 30, KEYS):
        pass


def test_odd_sizes_can_be_recorded(tmp_path):
    with recording(tmp_path / "out.mp4", 30, KEYS) as add:
        for i in range(3):
            add(np.full((101, 203, 3), 80 * i, np.uint8), i / 30, ())
    with Video(tmp_path / "out.mp4") as video:
        assert next(video.frames()).pixels.shape == (100, 202, 3)


class FakeCamera:
    """A camera that sends given frames."""

    def __init__(self, frames):
        self._frames = frames

    def frames(self):
        yield from (Frame(i, i / 6, pixels) for i, pixels in enumerate(self._frames))


def test_a_camera_shows_the_tracks_of_each_frame(recogniser, frames):
    numbers = [
        {track.number for track in tracks} for _, tracks in watch_camera(recogniser, FakeCamera(frames))
    ]
    assert numbers[0] == numbers[3]
    assert numbers[-1] - numbers[0]
