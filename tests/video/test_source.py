"""Tests of source.py."""

import sys

import numpy as np
import pytest

from clips import pan, write_clip
from keykind.core.errors import MissingExtra
from keykind.video import source
from keykind.video.opencv import opencv
from keykind.video.source import BadVideo, Camera, Video, is_video

pytest.importorskip("cv2", reason="the extra video is not installed")


@pytest.fixture
def frames():
    ramp = np.linspace(0, 255, 640).astype(np.uint8)
    return pan(np.broadcast_to(ramp[None, :, None], (240, 640, 3)), 12)


def test_frames_come_with_their_time(tmp_path, frames):
    with Video(write_clip(tmp_path / "clip.mp4", frames, rate=10)) as video:
        read = list(video.frames())
    assert [frame.index for frame in read] == list(range(12))
    np.testing.assert_allclose([frame.seconds for frame in read], np.arange(12) / 10, atol=0.02)
    assert video.damaged is None
    np.testing.assert_allclose(read[5].pixels, frames[5], atol=12)


def test_every_third_frame_is_read(tmp_path, frames):
    with Video(write_clip(tmp_path / "clip.avi", frames)) as video:
        assert [frame.index for frame in video.frames(3)] == [0, 3, 6, 9]


def test_a_video_that_ends_early_says_so(tmp_path, frames):
    path = write_clip(tmp_path / "clip.avi", frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Video(path) as video:
        read = len(list(video.frames()))
    assert 0 < read < 12
    assert f"ends after {read} of " in str(video.damaged)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(BadVideo, match=f"cannot be read as a video \\({len(content):,} bytes\\)"):
        Video(path)


def test_a_missing_video_is_refused(tmp_path):
    with pytest.raises(BadVideo, match="does not exist"):
        Video(tmp_path / "clip.mp4")


def test_videos_are_known_by_their_ending():
    assert is_video("Clip.MOV")
    assert not is_video("photo.jpg")


def test_without_opencv_the_extra_is_named(tmp_path, monkeypatch, frames):
    path = write_clip(tmp_path / "clip.mp4", frames)
    opencv.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtra, match=r"keykind\[video\]"):
        Video(path)


class FakeCapture:
    """A camera that sends some frames, then is unplugged."""

    def __init__(self, frames):
        self._frames = list(frames)

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return bool(self._frames)

    def read(self):
        return (True, self._frames.pop(0)) if self._frames else (False, None)

    def release(self):
        pass


def camera(monkeypatch, frames):
    fake = FakeCapture(frames)
    monkeypatch.setattr(opencv(), "VideoCapture", lambda _: fake)
    return Camera(0)


def test_a_camera_gives_frames_until_it_is_unplugged(monkeypatch, frames):
    with camera(monkeypatch, frames) as opened:
        seen = []
        with pytest.raises(BadVideo, match=r"camera 0: was disconnected|camera 0: sends no frames"):
            seen.extend(frame.index for frame in opened.frames())


def test_a_missing_camera_is_named(monkeypatch):
    with pytest.raises(BadVideo, match="camera 0: cannot be opened"):
        camera(monkeypatch, [])


def test_no_messages_of_ffmpeg_are_printed(tmp_path, capfd):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0" * 1000)
    with pytest.raises(BadVideo):
        source.Video(path)
    assert capfd.readouterr().err == ""
