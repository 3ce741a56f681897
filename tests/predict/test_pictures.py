"""Tests of pictures.py and what it uses: file_names, saving, sorting, gallery, evidence; of the commands."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from commands import keykind
from drawings import draw_key
from keykind.core.errors import BadPhoto, CannotWrite
from keykind.photo.annotated import MARK, is_annotated
from keykind.photo.source import NamedPhoto
from keykind.predict import gallery
from keykind.predict.evidence import Shown
from keykind.predict.file_names import RelativeNames, Taken, check_apart, safe_name
from keykind.predict.gallery import Gallery, Picture
from keykind.predict.pictures import Pictures, Targets
from keykind.predict.prediction import Candidate, Key, Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.saving import check_own, picture_name, save_picture
from keykind.predict.sorting import Sorter
from keykind.predict.wording import CLASSES, KEYS
from tiny_model import KINDS, tiny_file

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def key(kind=None, probability=0.9, reason=None) -> Key:
    probabilities = dict.fromkeys(KINDS, 0.01) | {kind or KINDS[0]: probability}
    return Key(kind, probability, probabilities, BOX, BOX[0], BOX[1], reason)


@pytest.fixture
def photos(tmp_path) -> Path:
    """Photos in two folders, two of the same name, and one that cannot be read."""
    folder, rng = tmp_path / "photos", np.random.default_rng(0)
    for name in ("a.jpg", "shop/a.png", "shop/b.webp", "shop/b.jpg"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_key("dimple", rng).convert("RGB").save(path)
    (folder / "torn.jpg").write_bytes(b"")
    return folder


@pytest.fixture
def model(tmp_path) -> Path:
    return tiny_file(tmp_path / "tiny.tflite")


def make(photos, model, evidence=None, **targets) -> tuple[Pictures, list[Prediction]]:
    targets = Targets(**targets)
    targets.check([str(photos)])
    with Pictures(targets, [str(photos)], Recogniser.load(model), evidence) as pictures:
        sources = sorted(path for path in photos.rglob("*") if path.is_file())
        return pictures, list(pictures.recognise(sources))


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_everything_is_made_in_one_pass_and_the_predictions_are_the_same(photos, model, tmp_path):
    pictures, predictions = make(
        photos, model, save=tmp_path / "saved", html=tmp_path / "page.html", sort=tmp_path / "sorted"
    )
    assert [prediction.photo for prediction in predictions] == sorted(map(str, photos.rglob("*.*")))
    assert predictions == [Recogniser.load(model).attempt(Path(each.photo)) for each in predictions]
    assert names(tmp_path / "saved") == ["a.jpg", "shop/a.png", "shop/b-2.jpg", "shop/b.jpg"]
    assert len(names(tmp_path / "sorted")) == 5
    assert "unreadable/torn.jpg" in names(tmp_path / "sorted")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<figure") == 5
    assert "is empty (0 bytes)" in page
    assert (pictures.saved, pictures.copied) == (4, 5)
    assert len(names(photos)) == 5  # nothing was moved


def test_the_names_of_pictures_do_not_depend_on_the_run(photos, model, tmp_path):
    made = []
    for i in range(3):
        make(photos, model, save=tmp_path / str(i))
        made.append({name: (tmp_path / str(i) / name).read_bytes() for name in names(tmp_path / str(i))})
    assert made[0] == made[1] == made[2]


def test_a_picture_is_upright_without_metadata_and_keeps_its_colour_profile(model, tmp_path):
    photo = tmp_path / "in" / "a.jpg"
    photo.parent.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (600, 400), "teal").save(photo, exif=exif, icc_profile=profile)
    make(photo.parent, model, save=tmp_path / "out")
    with Image.open(tmp_path / "out" / "a.jpg") as image:
        assert (image.size, dict(image.getexif())) == ((400, 600), {})
        assert image.info["icc_profile"] == profile


def test_pictures_replace_only_pictures_that_keykind_wrote(photos, model, tmp_path):
    for _ in range(2):  # its own are replaced
        make(photos, model, save=tmp_path / "out")
    shutil.copy(photos / "a.jpg", tmp_path / "out" / "a.jpg")
    with pytest.raises(CannotWrite, match=r"exists, and is no picture that keykind wrote; .*--force"):
        make(photos, model, save=tmp_path / "out")
    make(photos, model, save=tmp_path / "out", force=True)
    check_own(tmp_path / "out" / "a.jpg")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_saved_picture_is_marked(tmp_path, suffix):
    save_picture(Image.new("RGB", (20, 20)), tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert MARK in str(image.info)


def test_pictures_are_png_of_png_and_jpeg_of_everything_else():
    made = [str(picture_name(PurePath(name))) for name in ("x/a.PNG", "b.jpeg", "c.heic", "d")]
    assert made == ["x/a.PNG", "b.jpeg", "c.jpg", "d.jpg"]


@pytest.mark.parametrize("out", [".", "photos", "photos/shop/new", "photos/shop"])
def test_an_output_folder_is_apart_from_the_photos(photos, out, tmp_path):
    with pytest.raises(CannotWrite, match="which is read by the same command"):
        check_apart(tmp_path / out, [str(photos)])
    check_apart(tmp_path / "photos-2", [str(photos)])


def test_a_folder_that_holds_a_photo_of_the_command_is_refused(photos):
    for pattern in (photos / "a.jpg", f"{photos}/*.jpg"):
        with pytest.raises(CannotWrite, match="read by the same command"):
            check_apart(photos, [str(pattern)])


def test_two_results_do_not_share_a_folder(tmp_path):
    with pytest.raises(CannotWrite, match="two results"):
        Targets(save=tmp_path / "a", sort=tmp_path / "x" / ".." / "a").check([])


def test_of_several_folders_each_keeps_its_name(photos, tmp_path):
    one, several = RelativeNames([str(photos)]), RelativeNames([str(photos), str(photos / "shop")])
    assert one.of(photos / "shop" / "a.png") == PurePath("shop/a.png")
    assert several.of(photos / "a.jpg") == PurePath("photos/a.jpg")
    assert one.of(NamedPhoto("-", b"")) == PurePath("stdin")
    assert one.of(tmp_path / "other.jpg") == PurePath("other.jpg")


def test_folders_of_the_same_name_are_told_apart_by_those_above_them(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("A/in", "B/IN", "C/out")]
    for folder in folders:
        folder.mkdir(parents=True)
    several = RelativeNames(list(map(str, folders)))
    assert [several.of(folder / "x" / "1.jpg").as_posix() for folder in folders] == [
        *("A/in/x/1.jpg", "B/IN/x/1.jpg", "C/out/x/1.jpg")
    ]
    monkeypatch.chdir(folders[0])
    relative = RelativeNames([".", "../../B/IN", str(folders[0])])
    assert relative.of(Path("1.jpg")) == PurePath("A/in/1.jpg")
    assert relative.of(Path("../../B/IN/1.jpg")) == PurePath("B/IN/1.jpg")


def test_names_are_taken_once_whatever_their_case_or_normal_form():
    taken = Taken()
    made = [str(taken.unique(PurePath(name))) for name in ("x/Ü.jpg", "x/u\u0308.JPG", "x/ü.jpg", "y/ü.jpg")]
    assert made == ["x/Ü.jpg", "x/u\u0308-2.JPG", "x/ü-3.jpg", "y/ü.jpg"]


@pytest.mark.parametrize(
    "text", ["a/b", "../x", "con", "CON.txt", "a:b*?", " . ", "", "x" * 300, "a\nb", ".git"]
)
def test_safe_names_are_names_on_any_system(text, tmp_path):
    name = safe_name(text)
    assert re.fullmatch(r'[^<>:"/\\|?*\x00-\x1f]{1,100}', name)
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert name.lower() not in ("con", "con.txt")


def test_photos_are_sorted_by_what_is_known_of_them(tmp_path):
    sorter = Sorter(tmp_path / "out", KINDS, KEYS)
    for keys, folder in [
        ((), "not a key"),
        ((key(),), "not sure"),
        ((key("dimple"), key()), "dimple"),
        ((key("dimple"), key("mortice")), "several kinds"),
    ]:
        assert sorter.folder_of(Prediction("a", keys)) == folder
    assert sorter.folder_of(Prediction("a", (), "error")) == "unreadable"
    assert Sorter(tmp_path / "out", KINDS, CLASSES).folder_of(Prediction("a", ())) == "none of the classes"


def test_kinds_whose_names_are_alike_on_a_disk_have_folders_of_their_own(tmp_path):
    kinds = ("a/b", "a:b", "A_B", "not sure")
    sorter = Sorter(tmp_path / "out", kinds, KEYS)
    made = [
        sorter.folder_of(Prediction("x", (Key(kind, 1.0, dict.fromkeys(kinds, 0.0), BOX, None, None),)))
        for kind in kinds
    ]
    assert made == ["a_b", "a_b-2", "A_B-3", "not sure-2"]


def test_copies_of_the_same_name_are_numbered_and_the_same_photo_is_copied_once(tmp_path):
    sorter = Sorter(tmp_path / "out", KINDS, KEYS)
    for data in (b"1", b"2", b"1"):
        sorter.copy(NamedPhoto("a.jpg", data), "a.jpg", Prediction("a", ()))
    assert names(tmp_path / "out") == ["not a key/a-2.jpg", "not a key/a.jpg"]
    sorter.copy(BadPhoto("gone.jpg", fault="x", remedy="y"), "gone.jpg", Prediction("a", (), "x"))
    sorter.copy(tmp_path / "gone.jpg", "gone.jpg", Prediction("a", (), "x"))
    assert len(names(tmp_path / "out")) == 2


def test_sorting_adds_to_a_folder_only_when_asked_to(photos, model, tmp_path):
    make(photos, model, sort=tmp_path / "out")
    before = names(tmp_path / "out")
    with pytest.raises(CannotWrite, match=r"not empty; .*--force"):
        make(photos, model, sort=tmp_path / "out")
    make(photos, model, sort=tmp_path / "out", force=True)
    assert names(tmp_path / "out") == before
    assert (tmp_path / "out" / "unreadable" / "torn.jpg").stat().st_size == 0


def jpeg() -> bytes:
    return b"\xff\xd8\xff"


def test_the_page_shows_what_needs_a_look_first(tmp_path):
    page = Gallery(KINDS, KEYS)
    refused = Candidate(
        None, 0.1, {"dimple": 0.1}, BOX, BOX[0], BOX[1], why="low_score", key_probability=0.31, score=0.4
    )
    answers = {
        "sure": Prediction("x", (key("dimple", 0.97),)),
        "nothing": Prediction("x", (), candidates=(refused,)),
        "torn": Prediction("x", (), "is empty; copy it again"),
        "doubtful": Prediction("x", (key("dimple", 0.6),)),
        "unsure": Prediction("x", (key("mortice", 0.9), key(None, 0.4, "blurred"))),
    }
    for name, prediction in answers.items():
        page.add(name, prediction, [Picture(jpeg())] if prediction.error is None else [])
    page.write(tmp_path / "page.html", "5 photos")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert re.findall(r'class="name">(.*?)<', text) == ["unsure", "torn", "doubtful", "sure", "nothing"]
    assert "refused: low detection score</b>; 31% a key" in text
    assert "not sure: blurred</b>; cylinder 40%" in text
    assert "3 keys of 2 kinds" in text
    gallery.check_own(tmp_path / "page.html")


def test_the_page_is_one_file_and_escapes_everything(tmp_path):
    kind = "<i>&\"'"
    page = Gallery((kind, "other"), KEYS)
    page.add(
        f"{kind}.jpg",
        Prediction("x", (Key(kind, 0.9, {kind: 0.9}, BOX, None, None),)),
        [Picture(jpeg(), kind)],
    )
    page.write(tmp_path / "page.html", "1 photo")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert kind not in text
    assert "<i>" not in text
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:|#)\s*(?:https?:|//|\.|/)""", text)


def test_a_page_of_a_model_without_keys_does_not_speak_of_keys(tmp_path):
    page = Gallery(("apple", "pear"), CLASSES)
    page.add(
        "a.jpg", Prediction("a", (Key("apple", 0.9, {"apple": 0.9}, BOX, None, None),)), [Picture(jpeg())]
    )
    page.add("b.jpg", Prediction("b", ()), [Picture(jpeg())])
    page.write(tmp_path / "page.html", "2 photos")
    text = re.sub(
        r"<(script|style)>.*?</\1>|<!--.*?-->", "", (tmp_path / "page.html").read_text("utf-8"), flags=re.S
    )
    assert "none of the classes" in text
    assert not re.search(r"\bkeys?\b", text)


def test_a_page_of_very_many_photos_shows_those_that_need_a_look(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "MAX_SHOWN", 2)
    page = Gallery(KINDS, KEYS)
    for i, probability in enumerate((0.99, 0.6, 0.98, 0.7)):
        page.add(str(i), Prediction("x", (key("dimple", probability),)), [Picture(jpeg())])
    page.write(tmp_path / "page.html", "4 photos")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert re.findall(r'class="name">(.*?)<', text) == ["1", "3"]
    assert "2 of 4 photos" in text
    assert "4 keys of 1 kind<" in text


def test_a_page_replaces_only_pages_that_keykind_wrote(tmp_path):
    (tmp_path / "mine.html").write_text("<html>")
    with pytest.raises(CannotWrite, match="no gallery that keykind wrote"):
        Targets(html=tmp_path / "mine.html").check([])
    Targets(html=tmp_path / "mine.html", force=True).check([])


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can write")
@pytest.mark.parametrize("option", ["--save", "--html", "--sort", "--out"])
def test_what_cannot_be_written_is_refused_before_any_photo_is_read(model, option):
    out = {"--save": "new", "--html": "x.html", "--sort": "new/sorted", "--out": "x.csv"}[option]
    result = keykind("predict", "missing.jpg", "--model", model, option, f"/proc/{out}")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"keykind: /proc/{out}: cannot be written")
    assert result.stderr.count("\n") == 1


def test_a_foreign_file_in_the_place_of_a_picture_is_the_only_thing_reported(photos, model, tmp_path):
    (tmp_path / "out").mkdir()
    shutil.copy(photos / "a.jpg", tmp_path / "out")
    result = keykind(
        "predict", photos / "shop" / "b.jpg", photos / "a.jpg", "--model", model, "--save", tmp_path / "out"
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert names(tmp_path / "out") == ["a.jpg"]


def test_after_an_interruption_every_picture_in_the_folder_is_counted(photos, model, tmp_path):
    sources = sorted(path for path in photos.rglob("*") if path.is_file())
    with (
        suppress(KeyboardInterrupt),
        Pictures(Targets(save=tmp_path / "out"), [str(photos)], Recogniser.load(model)) as pictures,
    ):
        predictions = pictures.recognise(sources * 5)
        next(predictions)
        raise KeyboardInterrupt
    assert pictures.saved == len(names(tmp_path / "out"))


def test_after_an_interruption_the_page_holds_what_was_finished(photos, model, tmp_path):
    targets = Targets(html=tmp_path / "page.html")
    sources = sorted(path for path in photos.rglob("*") if path.is_file())
    with suppress(KeyboardInterrupt), Pictures(targets, [str(photos)], Recogniser.load(model)) as pictures:
        next(pictures.recognise(sources))
        raise KeyboardInterrupt
    text = (tmp_path / "page.html").read_text("utf-8")
    assert text.count("<figure") == 1
    assert "was stopped before" in text


def test_a_photo_that_vanishes_after_its_answer_does_not_stop_the_others(
    photos, model, tmp_path, monkeypatch
):
    def gone(path):
        raise BadPhoto(path, fault="does not exist", remedy="check the name")

    monkeypatch.setattr("keykind.predict.pictures.read_bytes", gone)
    pictures, predictions = make(photos, model, save=tmp_path / "out", html=tmp_path / "page.html")
    assert (pictures.saved, len(predictions), len(pictures.errors)) == (0, 5, 4)
    assert "does not exist" in (tmp_path / "page.html").read_text("utf-8")


def test_explained_photos_come_with_a_map_for_each_key(photos, model, tmp_path):
    make(photos, model, Shown(), save=tmp_path / "out", html=tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert text.count("<img") == 2 * 4
    with Image.open(tmp_path / "out" / "a.jpg") as image, Image.open(photos / "a.jpg") as photo:
        assert image.width > 2 * photo.width
    make(photos, model, Shown(kind="all"), html=tmp_path / "all.html")
    assert (tmp_path / "all.html").read_text("utf-8").count("<img") == (1 + len(KINDS)) * 4


def test_the_command_makes_pictures_and_prints_the_answers_as_always(photos, model, tmp_path):
    plain = keykind("predict", photos, "--model", model, "--json")
    out = tmp_path / "saved"
    made = keykind(
        "predict", photos, "--model", model, "--json", "--save", out, "--sort", tmp_path / "sorted"
    )
    assert (made.returncode, made.stdout) == (plain.returncode, plain.stdout)
    assert f"4 photos with answers in {out}" in made.stderr
    assert f"5 photos sorted into {tmp_path / 'sorted'}" in made.stderr
    one = keykind(
        "predict", "-", "--model", model, "--save", tmp_path / "one", stdin=(photos / "a.jpg").open()
    )
    assert (one.returncode, names(tmp_path / "one")) == (0, ["stdin.jpg"])
    assert "1 photo with answers in" in one.stderr


def test_annotated_pictures_in_a_folder_of_photos_are_passed_over(photos, model, tmp_path):
    out = photos / "shop" / "out"
    keykind("predict", photos / "a.jpg", photos / "shop" / "a.png", "--model", model, "--save", out)
    (photos / "torn.jpg").unlink()
    result = keykind("predict", photos, "--model", model)
    assert (result.returncode, len(result.stdout.splitlines())) == (0, 4)
    assert result.stderr == "keykind: 2 pictures that keykind annotated were passed over.\n"
    alone = keykind("predict", out, "--model", model)
    assert "holds 0 photos, but 2 pictures that keykind annotated" in alone.stderr
    assert keykind("predict", out / "a.jpg", "--model", model).returncode == 0


def test_a_picture_with_a_large_colour_profile_is_known_as_annotated(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in ("a.jpg", "a.png"):
        save_picture(Image.new("RGB", (20, 20)), tmp_path / name, profile.ljust(3144, b"\0"))
        assert is_annotated(tmp_path / name)
        Image.new("RGB", (20, 20)).save(tmp_path / name, comment="photo annotated by keykind")
        assert not is_annotated(tmp_path / name)


def test_the_command_combines_pictures_with_a_table(photos, model, tmp_path):
    table, page = tmp_path / "answers.csv", tmp_path / "page.html"
    result = keykind("predict", photos, "--model", model, "--out", table, "--html", page)
    assert result.returncode == 1
    assert "5 photos: " in result.stdout
    assert table.exists()
    assert page.exists()


def test_without_a_display_nothing_is_shown_and_the_reason_is_said(photos, model):
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    for verb in ("predict", "explain"):
        result = keykind(verb, photos, "--model", model, "--show", env=environment)
        assert result.returncode == 2
        assert "keykind: --show: needs a display, and there is none" in result.stderr


def test_explain_needs_one_kind_of_output_and_writes_one_image_of_one_photo(photos, model, tmp_path):
    for arguments, message in [
        ((photos / "a.jpg",), "was given no output"),
        ((photos / "a.jpg", "--out", tmp_path / "a.png", "--save", tmp_path / "x"), "--out with --save"),
        ((photos / "a.jpg", photos / "a.jpg", "--out", tmp_path / "a.png"), "2 photos for one image"),
    ]:
        result = keykind("explain", *arguments, "--model", model)
        assert result.returncode == 2
        assert message in result.stderr
    result = keykind("explain", photos, "--html", tmp_path / "page.html", "--model", model)
    assert (result.returncode, len(result.stdout.splitlines())) == (1, 5)
    assert (tmp_path / "page.html").exists()


def test_plain_predictions_import_nothing_that_draws(photos, model):
    code = (
        "import sys; from keykind.cli.main import main; "
        f"main(['predict', {str(photos / 'a.jpg')!r}, '--model', {str(model)!r}]); "
        "print([name for name in ('PIL.ImageFont', 'keykind.predict.pictures') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_filters_and_enlarges(browser, width, tmp_path):
    page = Gallery(KINDS, KEYS)
    data = (Path(__file__).parents[2] / "src/keykind/sample-nothing/nothing-00.jpg").read_bytes()
    sure = Prediction("x", (key("dimple", 0.97),))
    for name, prediction in {
        "a": sure,
        "b": Prediction("x", (key(None, 0.4, "blurred"),)),
        "c": sure,
    }.items():
        page.add(name, replace(prediction, photo=name), [Picture(data)])
    page.write(tmp_path / "page.html", "3 photos")
    tab = browser.new_page(viewport={"width": width, "height": 800})
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto((tmp_path / "page.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.click("text=dimple >> visible=true")
    assert tab.inner_text("#count") == "2 photos"
    tab.click("text=below 90%")
    assert tab.inner_text("#count") == "0 photos"
    tab.click("text=any certainty")
    tab.click("figure:not([hidden]) .frame")
    assert tab.inner_text("dialog nav span") == "1 of 2"
    tab.keyboard.press("ArrowLeft")
    assert tab.inner_text("dialog .name") == "c"
    tab.keyboard.press("Escape")
    assert not tab.evaluate("document.querySelector('dialog').open")
    assert errors == []
    tab.close()
