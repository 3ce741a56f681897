"""Tests of photo/system_files.py."""

from pathlib import Path

import pytest

import drawn
from keykind.photo.inputs import iter_photos
from keykind.photo.source import name_of
from keykind.photo.system_files import PassedOver, is_system_file, is_system_folder


@pytest.fixture
def share(tmp_path) -> Path:
    """A photo beside thumbnails and deleted photos that are readable JPEGs, and files of a NAS."""
    for name in (
        "cylinder/1.jpg",
        "cylinder/@eaDir/1.jpg/SYNOPHOTO_THUMB_S.jpg",
        "cylinder/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        "#recycle/2.jpg",
        "$RECYCLE.BIN/3.jpg",
        "__MACOSX/cylinder/._1.jpg",
        "cylinder/._1.jpg",
        ".thumbnails/4.jpg",
    ):
        drawn.save(drawn.key(1), tmp_path / name)
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (tmp_path / "cylinder" / name).write_bytes(b"\0")
    return tmp_path


def test_thumbnails_and_system_files_in_a_folder_are_passed_over_and_counted(share):
    passed_over = PassedOver()
    assert [Path(name_of(source)).name for source in iter_photos([share], passed_over)] == ["1.jpg"]
    assert passed_over.total == 10
    assert passed_over.counts["@eaDir"] == 2
    assert passed_over.sentence().startswith("10 thumbnails and system files were passed over (2 @eaDir, ")


def test_a_pattern_passes_them_over_too(share):
    assert [Path(name_of(source)).name for source in iter_photos([f"{share}/**/*.jpg"])] == ["1.jpg"]


def test_names_that_a_shell_expanded_are_passed_over_but_a_single_name_is_read(share):
    names = sorted(share.joinpath("cylinder").iterdir())
    assert [Path(name_of(source)).name for source in iter_photos(names)] == ["1.jpg"]
    assert len(list(iter_photos([share / "#recycle"]))) == 1


def test_one_file_is_counted_in_the_singular():
    passed_over = PassedOver()
    assert passed_over.sentence() is None
    passed_over.skips("Thumbs.db", None, is_folder=False)
    assert passed_over.sentence() == "1 thumbnail or system file was passed over (1 Thumbs.db)."


@pytest.mark.parametrize(
    "name",
    ["@eaDir", "@EADIR", "__MACOSX", "lost+found", "LOST.DIR", ".Trash-1000", "Previews.lrdata", "~snapshot"],
)
def test_folders_of_file_servers_and_programs_are_known_in_any_case(name):
    assert is_system_folder(name)


@pytest.mark.parametrize("name", ["eaDir", "recycle", "cylinder", "thumbs", "MACOSX", "lost", "@home"])
def test_folders_that_people_make_are_not_passed_over(name):
    assert not is_system_folder(name)


@pytest.mark.parametrize(
    ("name", "expected"), [("._IMG_1.jpg", True), ("thumbs.DB", True), ("thumbs.jpg", False)]
)
def test_files_are_judged_by_their_whole_name(name, expected):
    assert is_system_file(name) is expected


@pytest.mark.parametrize(
    "thumbnails",
    [
        "My.photoslibrary/resources/derivatives/masters/1/1_1_105_c.jpeg",
        "Old.photolibrary/Thumbnails/2010/1.jpg",
        "Old.photolibrary/2010/thumbs/1.jpg",
        "_thumb/1.jpg",
        "originals/Thumbs/1.jpg",
    ],
)
def test_thumbnails_of_photo_libraries_are_passed_over_and_counted(tmp_path, thumbnails):
    drawn.save(drawn.key(1), tmp_path / "originals" / "1.jpg")
    drawn.save(drawn.key(1), tmp_path / thumbnails)
    passed_over = PassedOver()
    assert list(iter_photos([tmp_path], passed_over)) == [tmp_path / "originals" / "1.jpg"]
    assert passed_over.total == 1


def test_a_class_named_thumbs_is_read(tmp_path):
    for name in ("cylinder/1.jpg", "thumbs/1.jpg", "derivatives/1.jpg"):
        drawn.save(drawn.key(1), tmp_path / name)
    assert len(list(iter_photos([tmp_path]))) == 3
