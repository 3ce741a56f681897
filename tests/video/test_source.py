"""Tests of source.py."""

import numpy as np
import pytest

from clips import pan, write_clip
from keykind.core import extras
from keykind.core.errors import MissingExtra
from keykind.video import is_video, source
from keykind.video.source import BadVideo, Camera, Video, pyav

pytest.importorskip("av", reason="the extra video is not installed")


@pytest.fixture
def frames():
    ramp = np.linspace(0, 255, 640).astype(np.uint8)
    return pan(np.broadcast_to(ramp[None, :, None], (240, 640, 3)), 12)


def test_frames_come_with_their_time(tmp_path, frames):
    with Video(write_clip(tmp_path / "clip.mp4", frames, rate=10)) as video:
        read = list(video.frames())
    assert [frame.number for frame in read] == list(range(12))
    np.testing.assert_allclose([frame.seconds for frame in read], np.arange(12) / 10, atol=0.02)
    assert video.damaged is None
    np.testing.assert_allclose(read[5].pixels, frames[5], atol=12)


def test_every_third_frame_is_read(tmp_path, frames):
    with Video(write_clip(tmp_path / "clip.avi", frames)) as video:
        assert [frame.number for frame in video.frames(3)] == [0, 3, 6, 9]


def test_a_video_that_ends_early_says_so(tmp_path, frames):
    path = write_clip(tmp_path / "clip.avi", frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Video(path) as video:
        read = len(list(video.frames()))
    assert 0 < read < 12
    assert "ends after" in str(video.damaged)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_video_with_a_damaged_middle_says_so_and_is_read_to_its_end(tmp_path, suffix):
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (12, 40, 3), np.uint8), np.ones((20, 20, 1), np.uint8))
    path = write_clip(tmp_path / f"clip.{suffix}", pan(picture, 60))
    data = bytearray(path.read_bytes())
    start = len(data) // 3
    data[start : start + 4000] = bytes(4000)
    path.write_bytes(data)
    with Video(path) as video:
        read = list(video.frames())
    assert 54 <= len(read) < 60
    assert read[-1].seconds > 1.5
    assert "cannot be decoded" in str(video.damaged) or "are damaged" in str(video.damaged)


def test_a_frame_that_cannot_be_converted_is_passed_over(tmp_path, frames, monkeypatch):
    def fail_once(frame, name, upright=source.upright):
        if round(frame.time * 30) == 4:
            raise pyav().error.InvalidDataError(1, "no such format")
        return upright(frame, name)

    monkeypatch.setattr(source, "upright", fail_once)
    with Video(write_clip(tmp_path / "clip.mp4", frames)) as video:
        assert [frame.number for frame in video.frames()] == [*range(4), *range(5, 12)]
    assert video.damaged == "1 of its 12 frames are damaged"


class FailingContainer:
    """A container whose every third packet is no packet."""

    def __init__(self, container):
        self._packets = container.demux(container.streams.video[0])
        self._container, self._count = container, 0

    def demux(self, stream):
        while True:
            self._count += 1
            if self._count % 3 == 0:
                raise pyav().error.InvalidDataError(1, "no packet")
            packet = next(self._packets, None)
            if packet is None:
                return
            yield packet

    def close(self):
        self._container.close()


def test_a_video_is_read_on_behind_bytes_that_are_no_packet(tmp_path, frames):
    video = Video(write_clip(tmp_path / "clip.mp4", frames))
    video._container = FailingContainer(video._container)
    with video:
        assert len(list(video.frames())) == 12
    assert "packets cannot be decoded" in video.damaged


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(BadVideo, match=f"cannot be read as a video \\({len(content):,} bytes; Invalid data"):
        Video(path)


def test_a_video_with_zeros_inside_says_so(tmp_path, frames):
    path = write_clip(tmp_path / "clip.mp4", frames)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 300] = bytes(300)
    path.write_bytes(data)
    with Video(path) as video:
        assert list(video.frames())
    assert video.damaged


def test_a_video_too_small_to_show_anything_is_refused_by_its_name(tmp_path):
    path = write_clip(tmp_path / "clip.avi", [np.zeros((4, 4, 3), np.uint8)])
    with Video(path) as video, pytest.raises(BadVideo, match=r"clip.avi: has frames of 4 x 4 px"):
        next(video.frames())


def test_a_missing_video_is_refused(tmp_path):
    with pytest.raises(BadVideo, match="does not exist"):
        Video(tmp_path / "clip.mp4")


def test_videos_are_known_by_their_ending():
    assert is_video("Clip.MOV")
    assert not is_video("photo.jpg")


def test_without_opencv_the_extra_is_named(tmp_path, monkeypatch, frames):
    path = write_clip(tmp_path / "clip.mp4", frames)
    monkeypatch.setattr(extras, "is_installed", lambda _: False)
    with pytest.raises(MissingExtra, match=r"keykind\[video\]"):
        Video(path)


class FakeContainer:
    """A camera that sends some frames, then is unplugged."""

    def __init__(self, frames):
        self._frames = frames

    def decode(self, video):
        assert video == 0
        for pixels in self._frames:
            yield pyav().VideoFrame.from_ndarray(pixels, format="rgb24")
        raise OSError("no such device")

    def close(self):
        pass


def test_a_camera_gives_frames_until_it_is_unplugged(monkeypatch, frames):
    monkeypatch.setattr(pyav(), "open", lambda *_, **__: FakeContainer(frames))
    with Camera(0) as camera:
        sent = camera.frames()
        assert next(sent).pixels.shape == frames[0].shape
        with pytest.raises(BadVideo, match="camera 0: sends no more frames, after"):
            list(sent)


def test_a_missing_camera_is_named():
    with pytest.raises(BadVideo, match=r"camera 77: cannot be opened"):
        Camera(77)


def test_no_messages_of_ffmpeg_are_printed(tmp_path, capfd):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0" * 1000)
    with pytest.raises(BadVideo):
        Video(path)
    assert capfd.readouterr().err == ""


def test_a_turned_video_is_upright(tmp_path, frames):
    path = write_clip(tmp_path / "clip.mp4", frames)
    turned = tmp_path / "turned.mp4"
    _turn(path, turned)
    with Video(turned) as video:
        first = next(iter(video.frames()))
    assert first.pixels.shape == (320, 240, 3)
    assert first.pixels[:10].mean() < first.pixels[-10:].mean()  # what was left is above


def _turn(path, out):
    """Write the video again with the display matrix of a quarter turn in its header, as phones do."""
    data = bytearray(path.read_bytes())
    identity = b"".join(value.to_bytes(4) for value in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    quarter = b"".join(
        (value & 0xFFFFFFFF).to_bytes(4) for value in (0, 1 << 16, 0, -1 << 16, 0, 0, 240 << 16, 0, 1 << 30)
    )
    start = data.index(identity, data.index(b"tkhd"))
    data[start : start + 36] = quarter
    out.write_bytes(data)
