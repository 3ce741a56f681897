"""Tests of names.py: which photo of a folder a name in another program's file means."""

import pytest

from keykind.dataset.formats.names import NoPhotoError, PhotoNames

PHOTOS = ["a/1.jpg", "b/1.jpg", "c/x.heic", "c/y.jpg", "c/y.png", "Öl.jpg", "d/IMG 5.jpg", "d/plain"]


@pytest.mark.parametrize(
    ("name", "photo"),
    [
        ("a/1.jpg", "a/1.jpg"),
        ("images/train/b/1.jpg", "b/1.jpg"),
        ("/data/upload/x.heic", "c/x.heic"),
        (r"C:\photos\b\1.JPG", "b/1.jpg"),
        ("../../b/1.jpg", "b/1.jpg"),
        ("other/IMG 5.jpg", "d/IMG 5.jpg"),
        ("IMG%205.jpg", "d/IMG 5.jpg"),
        ("0a1b2c3d-IMG%205.jpg", "d/IMG 5.jpg"),
        ("o\u0308l.jpg", "Öl.jpg"),
        ("x.heic.jpg", "c/x.heic"),
        ("x.jpg", "c/x.heic"),
        ("train/c/y.png", "c/y.png"),
        ("train/b/1", "b/1.jpg"),
        ("c/y.png.txt", "c/y.png"),
        ("plain.jpg", "d/plain"),
    ],
)
def test_a_photo_is_found_by_its_path_or_else_by_its_name(name, photo):
    assert PhotoNames(PHOTOS).find(name) == photo


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("1.jpg", "may be any of 2 photos: a/1.jpg, b/1.jpg"),
        ("z/1.jpg", "may be any of 2 photos"),
        ("c/y", "may be any of 2 photos: c/y.jpg, c/y.png"),
        ("2.jpg", "is none of the 8 photos"),
        ("", "is none of the 8 photos"),
        ("/", "is none of the 8 photos"),
        ("..", "is none of the 8 photos"),
    ],
)
def test_a_name_of_no_photo_or_of_several_is_an_error(name, fault):
    with pytest.raises(NoPhotoError, match=fault):
        PhotoNames(PHOTOS).find(name)


def test_every_photo_is_found_by_its_own_path():
    names = PhotoNames(PHOTOS)
    assert [names.find(photo) for photo in PHOTOS] == PHOTOS
