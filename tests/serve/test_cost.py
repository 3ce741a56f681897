"""Tests of serve/cost.py."""

from io import BytesIO

import pytest
from PIL import Image

from keykind.photo.source import NamedPhoto
from keykind.serve.cost import INITIAL_SECONDS, NOT_DECODED, TYPICAL, CostEstimate, photo_weight


def weight(side, file_format="JPEG", max_pixels=52_000_000, **options):
    stream = BytesIO()
    Image.new("RGB", (side, side)).save(stream, file_format, **options)
    return photo_weight(NamedPhoto("photo", stream.getvalue(), max_pixels))


def test_a_jpeg_costs_the_same_whatever_its_size():
    assert weight(16) == weight(2000) == TYPICAL


FULLY_DECODED = {
    "PNG": {},
    "GIF": {},
    "WEBP": {},
    "WEBP with metadata": {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0"},
}


@pytest.mark.parametrize("case", FULLY_DECODED)
def test_a_photo_that_is_decoded_in_full_costs_by_its_pixels(case):
    weights = [weight(side, case.split()[0], **FULLY_DECODED[case]) for side in (500, 1000, 2000)]
    assert weights[2] - weights[1] == pytest.approx(4 * (weights[1] - weights[0]))
    assert weights[0] > TYPICAL


@pytest.mark.parametrize(
    ("file_format", "options"), [("TIFF", {}), ("BMP", {}), ("WEBP", {"lossless": True})]
)
def test_a_photo_whose_size_is_not_known_costs_like_a_usual_one(file_format, options):
    assert weight(16, file_format, **options) > weight(2000, "PNG")
    assert weight(16, file_format, max_pixels=1_000_000, **options) > NOT_DECODED


def test_what_is_not_decoded_costs_little():
    for data in (b"", b"\x89PNG"[:2], b"<html>"):
        assert photo_weight(NamedPhoto("photo", data)) == NOT_DECODED
    assert weight(200, "PNG", max_pixels=100) == NOT_DECODED


def test_the_estimate_approaches_what_photos_take_and_one_outlier_changes_it_little():
    estimate = CostEstimate()
    assert estimate.seconds == pytest.approx(INITIAL_SECONDS)
    for _ in range(200):
        estimate.add(0.05, 1)
        estimate.add(0.20, 4)
    assert estimate.seconds == pytest.approx(0.05, rel=1e-3)
    estimate.add(0.5, 1)
    assert estimate.seconds < 0.08
