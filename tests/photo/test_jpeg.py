"""Tests of photo/jpeg.py and jpeg_layout.py: which damage of a JPEG is noticed."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo.decode import decode_photo, read_photo

CASES = Path(__file__).parents[3] / "shared" / "cases"
END = b"\xff\xd9"
BLOCK = 1024  # bytes

ENCODINGS = {
    "baseline": {},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restart markers": {"restart_marker_rows": 1},
    "many restart markers": {"restart_marker_blocks": 1},
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
}


def picture(mode: str = "RGB", size: tuple[int, int] = (480, 360), grain: int = 12) -> Image.Image:
    """Return shapes with noise, which take some 60 KB."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)).astype(int)
    noisy = smooth + rng.integers(-grain, grain + 1, smooth.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).convert(mode)


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    buffer = BytesIO()
    (picture() if image is None else image).save(buffer, "JPEG", **{"quality": 90} | options)
    return buffer.getvalue()


def damage_of(data: bytes, min_side: int | None = None) -> str | None:
    return decode_photo(data, "a.jpg", min_side=min_side).damage


def middle(data: bytes) -> int:
    return len(data) * 6 // 10


DAMAGES = {
    "cut off, then an end marker": lambda data: data[: middle(data)] + END,
    "a block lost": lambda data: data[: middle(data)] + data[middle(data) + BLOCK :],
    "a block doubled": lambda data: data[: middle(data) + BLOCK] + data[middle(data) :],
    "a block zero": lambda data: data[: middle(data)] + bytes(BLOCK) + data[middle(data) + BLOCK :],
    "a block of another place": lambda data: (
        data[: middle(data)] + data[-2 - BLOCK : -2] + data[middle(data) + BLOCK :]
    ),
    "everything zero from there": lambda data: data[: middle(data)] + bytes(len(data) - middle(data)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("encoding", ["baseline", "optimised", "progressive", "restart markers", "4:2:2"])
def test_lost_data_is_noted_or_refused(encoding, damage):
    data = DAMAGES[damage](jpeg(**ENCODINGS[encoding]))
    for min_side in (None, 90):
        try:
            assert damage_of(data, min_side)
        except BadPhoto as error:
            assert "is cut off" in str(error) or "cannot be decoded" in str(error)  # noqa: PT017


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_sound_jpeg_has_the_same_pixels_as_from_pillow_and_no_note(encoding, mode):
    for size in ((480, 360), (97, 61), (8, 8)):
        data = jpeg(picture(mode, size), **ENCODINGS[encoding])
        photo = decode_photo(data, "a.jpg")
        assert photo.damage is None
        np.testing.assert_array_equal(photo.pixels, np.asarray(Image.open(BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize("colour", ["white", "black", (128, 128, 128), (255, 0, 0)])
@pytest.mark.parametrize("encoding", ["baseline", "optimised", "progressive", "restart markers"])
def test_a_flat_photo_has_no_note(encoding, colour):
    assert damage_of(jpeg(Image.new("RGB", (300, 200), colour), **ENCODINGS[encoding])) is None


@pytest.mark.parametrize("quality", [1, 30, 75, 100])
def test_no_quality_leads_to_a_note(quality):
    for subsampling in (0, 1, 2):
        assert damage_of(jpeg(quality=quality, subsampling=subsampling)) is None


TRAILERS = {
    "another photo": jpeg(picture(size=(160, 120))),
    "a video with bytes like markers": b"\0\0\0\x18ftypmp42" + b"\xff\xda\xff\xd9\xff\xd0" * 3000,
    "zeros": bytes(70_000),
    "zeros, then text": bytes(70_000) + b"SEFT",
    "one byte": b"\0",
}


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("encoding", ["baseline", "progressive", "restart markers"])
def test_what_follows_a_photo_is_not_damage(encoding, trailer):
    data = jpeg(**ENCODINGS[encoding])
    photo = decode_photo(data + TRAILERS[trailer], "a.jpg")
    assert photo.damage is None
    np.testing.assert_array_equal(photo.pixels, decode_photo(data, "a.jpg").pixels)


def test_damage_before_a_trailer_is_noted():
    data = DAMAGES["a block lost"](jpeg())
    assert all(damage_of(data + trailer) for trailer in TRAILERS.values())


def test_thumbnails_and_comments_with_markers_are_not_damage():
    assert damage_of(jpeg(comment=b"\xff\xd9\xff\xda\xff\xd0" * 100)) is None
    exif = Image.Exif()
    exif[0x010E] = "\xff" * 10
    assert damage_of(jpeg(exif=exif.tobytes() + jpeg(picture(size=(64, 48))))) is None


def test_an_mpo_is_read_without_a_note():
    buffer = BytesIO()
    picture().save(buffer, "MPO", save_all=True, append_images=[picture(size=(160, 120))])
    photo = decode_photo(buffer.getvalue(), "a.jpg", min_side=90)
    assert (photo.format, photo.damage) == ("MPO", None)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("ending", [b"", b"\xff", bytes(40), bytes(9000)])
def test_a_jpeg_that_lacks_only_its_end_marker_is_read_completely(encoding, ending):
    data = jpeg(**ENCODINGS[encoding])
    photo = decode_photo(data[:-2] + ending, "a.jpg")
    assert photo.damage is None
    np.testing.assert_array_equal(photo.pixels, decode_photo(data, "a.jpg").pixels)


def test_the_note_says_how_much_of_the_photo_is_blank():
    data = jpeg()
    note = damage_of(data[: len(data) // 2] + END)
    assert note.startswith("JPEG data is missing: ")
    assert 40 <= int(note.removeprefix("JPEG data is missing: ").partition("%")[0]) <= 60


@pytest.mark.parametrize("encoding", ["baseline", "progressive", "restart markers"])
def test_a_file_cut_off_in_the_middle_is_refused(encoding):
    data = jpeg(**ENCODINGS[encoding])
    with pytest.raises(BadPhoto, match=r"is cut off: its [\d,]+ bytes end before the JPEG image does"):
        damage_of(data[: middle(data)])


def test_a_file_of_which_a_few_rows_are_cut_off_is_read_with_a_note():
    data = jpeg()
    assert "JPEG data is" in damage_of(data[: len(data) * 98 // 100])


def test_a_file_with_an_end_marker_but_hardly_any_data_is_refused():
    data = jpeg()
    with pytest.raises(BadPhoto, match="is cut off"):
        damage_of(data[: len(data) // 8] + END)


def test_a_progressive_jpeg_without_its_last_scans_is_noted():
    data = jpeg(progressive=True)
    scans = [i for i in range(len(data)) if data[i : i + 2] == b"\xff\xc4"]
    assert "scans with finer detail are missing" in damage_of(data[: scans[-2]] + END)


def test_a_lost_restart_marker_is_noted():
    data = jpeg(restart_marker_rows=1)
    at = data.index(b"\xff\xd3")
    assert "restart markers" in damage_of(data[:at] + data[at + 2 :])


@pytest.mark.parametrize(
    ("name", "note"), [("half-then-eoi", "50%"), ("gap-middle", "JPEG data is damaged"), ("no-eoi", None)]
)
def test_the_cases_that_were_read_wrongly_are_read_right(name, note):
    path = CASES / f"{name}.jpg"
    if not path.exists():
        pytest.skip("needs ../shared/cases")
    for min_side in (None, 224, 480):
        damage = read_photo(path, min_side=min_side).damage
        assert damage is None if note is None else note in damage
