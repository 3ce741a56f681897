"""Tests of app.py and its verb: the app around keykind's models or one's own, written for a static host."""

import hashlib
import json
from pathlib import Path

import pytest

from keykind.app import APP_FOLDER, MAX_TITLE, app_files, title_of, write_app
from keykind.app_folder import INDEX
from keykind.cli import main
from keykind.core.errors import BadModel, CannotWrite, NoApp
from keykind.model.packed import pack_file, unpack_file
from keykind.predict.recogniser import shipped_model
from tiny_model import tiny_file

MODELS = {
    "classifier": "assets/classifier-0123456789.bin",
    "detector": "assets/detector-0123456789.bin",
    "refiner": "assets/refiner-0123456789.bin",
    "decision": {"classifier": hashlib.sha256(shipped_model().read_bytes()).hexdigest()},
    "title": None,
    "ofKeys": True,
    "selfTest": True,
}
PAGE = """<title>keykind</title><meta name="description" content="of keys" />
<script type="application/json" id="keykind-model">{}</script><noscript>keykind needs JavaScript</noscript>"""
URLS = ("./", "selftest.html", "manifest.webmanifest", "golden/golden.json", "icons/icon.svg")
WORKER = [{"url": url, "sha256": "0", "bytes": 0} for url in URLS]
WORKER += [{"url": "assets/runtime-compat.bin", "sha256": "0", "bytes": 0, "only": "compat"}]
WORKER += [{"url": "licences.txt", "sha256": "0", "bytes": 0, "onDemand": True}]
FILES = {
    INDEX: PAGE.format(json.dumps(MODELS)).encode(),
    "selftest.html": PAGE.format(json.dumps(MODELS)).encode(),
    "sw.js": f"self.FILES={json.dumps(WORKER)};\n(function(){{}})();".encode(),
    "manifest.webmanifest": json.dumps({"id": "./", "name": "keykind", "icons": []}).encode(),
    "licences.txt": b"keykind and its models: Apache-2.0. The app contains the following packages.",
    "golden/golden.json": b"[]",
    "icons/icon.svg": b"a key",
    "assets/1-side-01234567.avif": b"a view of a kind of key",
    "assets/runtime-compat.bin": b"runtime",
    **{MODELS[name]: pack_file(name.encode()) for name in ("classifier", "detector", "refiner")},
}
CLASSES = ("red cup", "blue_plate", "</script><b>")


@pytest.fixture
def built(tmp_path):
    """A built app, with an icon for classes that are not keys, which is no file of the app itself."""
    for name, data in (FILES | {"neutral/icons/icon.svg": b"a dot"}).items():
        path = tmp_path / "built" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "built"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_folder_has_every_file_of_the_app(built, tmp_path):
    assert write_app(tmp_path / "new" / "site", built) == tmp_path / "new" / "site" / "index.html"
    assert files(tmp_path / "new" / "site") == FILES
    assert write_app(str(tmp_path / "text"), str(built)) == tmp_path / "text" / "index.html"


def test_an_existing_empty_folder_is_used(built, tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    monkeypatch.chdir(tmp_path / "site")
    write_app(Path(), built)
    assert files(tmp_path / "site") == FILES


def test_a_folder_with_files_is_left_unchanged(built, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "own.txt").write_text("own")
    with pytest.raises(
        CannotWrite, match=r"already exists and is not empty, .* --force replaces nothing but an app"
    ):
        write_app(tmp_path / "site", built)
    assert files(tmp_path / "site") == {"own.txt": b"own"}


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_without_an_app_is_refused_even_with_force(built, tmp_path, force):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sw.js").write_text('self.FILES=[{"url":"./"},{"url":"../own.txt"}];')
    (tmp_path / "site" / INDEX).write_text("own")
    (tmp_path / "own.txt").write_text("own")
    before = files(tmp_path)
    with pytest.raises(CannotWrite, match="holds no app that keykind wrote; give another folder"):
        write_app(tmp_path / "site", built, force=force)
    assert files(tmp_path) == before


def test_an_app_is_replaced_with_force_and_other_files_stay(built, tmp_path):
    site = tmp_path / "site"
    write_app(site, built, model=tiny_file(tmp_path / "cups.tflite", kinds=CLASSES))
    (site / "CNAME").write_text("example.org")
    before = files(site)
    with pytest.raises(
        CannotWrite, match="already holds an app; give another folder, or --force to replace it"
    ):
        write_app(site, built)
    assert files(site) == before
    write_app(site, built, force=True)
    assert files(site) == FILES | {"CNAME": b"example.org"}


def test_a_file_of_others_in_the_way_of_the_app_stays(built, tmp_path):
    site = tmp_path / "site"
    write_app(site, built, model=tiny_file(tmp_path / "cups.tflite", kinds=CLASSES))
    (site / MODELS["detector"]).write_text("own")
    before = files(site)
    with pytest.raises(CannotWrite, match="in the way of a file of the app"):
        write_app(site, built, force=True)
    assert files(site) == before


def test_an_app_is_replaced_through_no_link(built, tmp_path):
    site = tmp_path / "site"
    write_app(site, built)
    (site / "assets").rename(tmp_path / "elsewhere")
    (site / "assets").symlink_to(tmp_path / "elsewhere")
    before = files(tmp_path / "elsewhere")
    with pytest.raises(CannotWrite, match="holds no app"):
        write_app(site, built, force=True)
    assert files(tmp_path / "elsewhere") == before


def test_a_file_in_place_of_the_folder_is_an_error(built, tmp_path):
    (tmp_path / "site").write_text("own")
    with pytest.raises(CannotWrite, match="cannot be written"):
        write_app(tmp_path / "site", built)
    assert (tmp_path / "site").read_text() == "own"


def test_without_a_built_app_the_error_names_the_command_that_builds_it(tmp_path):
    with pytest.raises(NoApp, match="run `make app`"):
        write_app(tmp_path / "site", tmp_path / "nothing")
    assert not (tmp_path / "site").exists()


def test_the_command_prints_the_page_or_why_there_is_none(tmp_path, capsys):
    status = main.main(["app", str(tmp_path / "site")])
    output = capsys.readouterr()
    if (APP_FOLDER / INDEX).is_file():
        assert (status, output.out) == (0, f"{tmp_path / 'site' / INDEX}\n")
        built = files(APP_FOLDER).items()
        assert files(tmp_path / "site") == {k: data for k, data in built if not k.startswith("neutral/")}
    else:
        assert (status, output.out) == (2, "")
        assert "run `make app`" in output.err


def test_a_failed_copy_leaves_nothing(built, tmp_path, monkeypatch):
    def full(_, target):
        target.write_text("the first")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(CannotWrite, match="MB free"):
        write_app(tmp_path / "site", built)
    assert files(tmp_path / "site") == {}


def contents(*arguments, **options):
    """Return the content of each file of `app_files`."""
    return {
        name: content if isinstance(content, bytes) else content.read_bytes()
        for name, content in app_files(*arguments, **options).items()
    }


def page_model(site, name=INDEX):
    text = site[name].decode()
    return json.loads(text.split('id="keykind-model">')[1].split("</script>")[0])


def test_around_a_model_of_other_classes_the_app_has_no_detector_and_no_picture_of_a_key(built, tmp_path):
    model = tiny_file(tmp_path / "own.tflite", kinds=CLASSES)
    site = contents(model, folder=built)
    entry = page_model(site)
    assert (entry["detector"], entry["refiner"], entry["decision"], entry["ofKeys"]) == (
        None,
        None,
        None,
        False,
    )
    assert unpack_file(site[entry["classifier"]]) == model.read_bytes()
    assert [name for name in site if name.startswith("assets/")] == [
        "assets/runtime-compat.bin",
        entry["classifier"],
    ]
    assert site["icons/icon.svg"] == b"a dot"
    assert "key" not in json.loads(site["manifest.webmanifest"])["description"]


def test_around_a_model_of_other_keys_the_app_keeps_its_detector(built, tmp_path):
    model = tiny_file(tmp_path / "own.tflite", crop="key")
    site = contents(model, folder=built)
    entry = page_model(site)
    assert (entry["detector"], entry["refiner"]) == (MODELS["detector"], MODELS["refiner"])
    assert "assets/1-side-01234567.avif" in site
    assert (entry["decision"], entry["ofKeys"], entry["selfTest"]) == (None, True, False)


def test_around_the_bundled_classifier_the_app_keeps_its_decision(built):
    entry = page_model(contents(shipped_model(), folder=built, self_test=False))
    assert entry["decision"] == MODELS["decision"]


def test_the_service_worker_lists_every_file_with_its_hash(built, tmp_path):
    site = contents(tiny_file(tmp_path / "own.tflite"), folder=built)
    line = site["sw.js"].decode().splitlines()[0]
    entries = json.loads(line.removeprefix("self.FILES=").removesuffix(";"))
    hashes = {entry["url"]: (entry["sha256"], entry["bytes"]) for entry in entries}
    assert hashes == {
        "./" if name == INDEX else name: (hashlib.sha256(data).hexdigest(), len(data))
        for name, data in site.items()
        if name != "sw.js"
    }
    assert [entry["url"] for entry in entries if "only" in entry] == ["assets/runtime-compat.bin"]
    on_demand = [entry["url"] for entry in entries if "onDemand" in entry]
    assert on_demand == sorted(name for name in site if name.startswith(("golden/", "licences")))


def test_the_title_is_the_classes_or_as_given(built, tmp_path):
    model = tiny_file(tmp_path / "own.tflite", kinds=CLASSES)
    for title, expected in (
        (None, "red cup, blue plate, </script><b>"),
        ("Crockery & co.", "Crockery & co."),
    ):
        site = contents(model, title=title, folder=built)
        assert json.loads(site["manifest.webmanifest"])["name"] == expected
        assert page_model(site)["title"] == expected
        assert "</script><b>" not in site[INDEX].decode()
    assert (
        json.loads(contents(title="Locksmith", folder=built)["manifest.webmanifest"])["name"] == "Locksmith"
    )
    with pytest.raises(ValueError, match="1 to 60 characters, not 61"):
        app_files(title="x" * 61, folder=built)


def test_a_title_of_many_or_long_classes_is_cut(tmp_path):
    from keykind.model.model import load_model

    for kinds in (tuple(f"class {i}" for i in range(99)), ("x" * 200, "y")):
        card = load_model(tiny_file(tmp_path / "own.tflite", kinds=kinds, maps=False)).card
        assert len(title_of(card)) <= MAX_TITLE
        assert title_of(card).endswith("…")


def test_the_self_test_of_other_classes_has_pythons_probabilities_of_drawings(built, tmp_path):
    site = contents(tiny_file(tmp_path / "own.tflite", kinds=CLASSES), folder=built)
    entries = json.loads(site["golden/golden.json"])
    assert len(entries) == 3
    for entry in entries:
        assert f"golden/{entry['photo']}" in site
        assert sum(entry["classes"].values()) == pytest.approx(1, abs=1e-3)


def test_without_results_there_is_no_self_test(built, tmp_path):
    site = contents(tiny_file(tmp_path / "own.tflite"), folder=built, self_test=False)
    assert not page_model(site)["selfTest"]
    assert not any(name.startswith(("golden/", "selftest")) for name in site)


def test_the_licence_of_a_model_is_its_own(built, tmp_path):
    for about, text in (
        ({"licence": "CC0-1.0"}, "CC0-1.0"),
        ({}, "not stated"),
        ({"licence": ["MIT"]}, "not stated"),
    ):
        site = contents(tiny_file(tmp_path / "own.tflite", about=about), folder=built)
        assert site["licences.txt"].startswith(f"keykind: Apache-2.0. The model's licence: {text}.".encode())


def test_a_file_that_is_no_model_is_refused_before_anything_is_written(built, tmp_path):
    (tmp_path / "text.tflite").write_text("text")
    with pytest.raises(BadModel, match="is not a model file"):
        write_app(tmp_path / "site", built, model=tmp_path / "text.tflite")
    assert not (tmp_path / "site").exists()


def test_the_app_of_another_version_is_not_changed(built, tmp_path):
    (built / INDEX).write_text("<title>keykind</title>")
    with pytest.raises(NoApp, match="another version"):
        app_files(tiny_file(tmp_path / "own.tflite"), folder=built)


def test_the_command_writes_the_app_around_a_model(tmp_path, capsys):
    if not (APP_FOLDER / INDEX).is_file():
        pytest.skip("the app is not built: make app")
    model = tiny_file(tmp_path / "own.tflite", kinds=CLASSES)
    assert main.main(["app", str(tmp_path / "site"), "--model", str(model), "--title", "Crockery"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'site' / INDEX}\n"
    assert "<title>Crockery</title>" in (tmp_path / "site" / INDEX).read_text("utf-8")
    with pytest.raises(SystemExit):
        main.main(["app", str(tmp_path / "other"), "--title", " "])
