"""The web app, around keykind's models or one's own -> its files; a folder for any static host.

In:    src/keykind/web, built by `make app`; a model file of any classes, a title
Out:   the pages, the service worker, the runtime and the models, compressed
Needs: nothing beyond Python; with a model: numpy, pillow, ai-edge-litert

The build names its models in its pages, and its files with their hashes in the service worker, both as JSON.
So the app is written around another model without the tools that it is built with.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keykind.app_folder import INDEX, WORKER, WORKER_LIST, check_folder, write_folder
from keykind.core.errors import NoApp

if TYPE_CHECKING:
    from keykind.model.card import Card

APP_FOLDER = Path(str(files("keykind"))) / "web"
SELF_TEST, MANIFEST = "selftest.html", "manifest.webmanifest"
LICENCES, GOLDEN = "licences.txt", "golden/"
ENTRY_FLAGS = ("only", "onDemand")  # of a file in the service worker's list, see web/src/precache.ts
VIEWS = re.compile(r"assets/[^/]+\.avif")  # pictures of the kinds of keys, the only ones in this format
NEUTRAL = "neutral/"  # files that replace those of the same name if the model's classes are not keys
MODEL_JSON = re.compile(r'(<script type="application/json" id="keykind-model">)(.*?)(</script>)', re.DOTALL)
DESCRIPTION = re.compile(r'(<meta name="description" content=")[^"]*')
TITLE = re.compile(r"<title>keykind")
OWN_TEXT = {
    True: "Point the camera at a key to find out what kind it is. Photos never leave this device.",
    False: "Point the camera at something to find out what it is. Photos never leave this device.",
}  # whether the classes are kinds of keys -> the description of the app
MAX_TITLE = 60  # characters; browsers and launchers cut off longer ones
LISTED = 40  # characters of classes in a title made of them

AppFiles = dict[str, bytes | Path]  # path below the page -> content, or the file that has it


def write_app(
    out: str | Path,
    folder: str | Path = APP_FOLDER,
    *,
    model: str | Path | None = None,
    title: str | None = None,
    force: bool = False,
) -> Path:
    """Write the app to `out`, new or empty, and return its page, which is written last.

    model, title: as in `app_files`. force: replace an app that is there; other files beside it stay.
    Raises what `app_files` and `write_folder` raise.
    """
    out = Path(out)
    check_folder(out, force=force)
    write_folder(out, app_files(model, title=title, folder=folder), force=force)
    return out / INDEX


def app_files(
    model: str | Path | None = None,
    *,
    title: str | None = None,
    folder: str | Path = APP_FOLDER,
    self_test: bool = True,
    effort: int = 9,
) -> AppFiles:
    """Return the files of the app as they are to be served, by their path below the page.

    model: a model file of any classes; None: keykind's own. title: of the app; None: its classes, or keykind.
    folder: the built app. self_test: whether an app around `model` compares itself with Python's results,
    which are computed here.
    effort: of the compression of `model`, 1 to 9; 9 takes two seconds and makes it
    6% smaller than 1.
    Raises NoApp if the app was not built, BadModel for a file that cannot be used, ValueError for a title
    that is empty or too long.
    """
    built, neutral = _built_files(Path(folder))
    if title is not None and not 0 < len(title.strip()) <= MAX_TITLE:
        raise ValueError(f"a title has 1 to {MAX_TITLE} characters, not {len(title.strip())}")
    if model is None:
        return built if title is None else built | _renamed(built, _model_json(built) | {"title": title})
    card, data = _read(model)
    contents = dict(built) if card.of_keys else _without_views(built) | neutral
    entry = _model_json(built)
    for name in ("classifier",) if card.crop == "key" else ("classifier", "detector", "refiner"):
        contents.pop(entry[name] or "", None)
    packed = _packed(data, built[entry["detector"]] if card.crop == "key" else None, effort)
    path = f"assets/classifier-{hashlib.sha256(packed).hexdigest()[:10]}.bin"
    entry |= _entry(card, data, entry) | {"classifier": path, "title": title or title_of(card)}
    photos = _self_test(built, model, card) if self_test else {}
    contents = {name: content for name, content in contents.items() if not name.startswith(GOLDEN)}
    contents |= photos | {path: packed}
    if not photos:
        del contents[SELF_TEST]
    entry["selfTest"] = bool(photos)
    contents[LICENCES] = _licences(built, card)
    return contents | _renamed(contents, entry)


def title_of(card: "Card") -> str:
    """Return the title of an app around a model: as many of its classes as there is room for."""
    classes = [kind.replace("_", " ") for kind in card.kinds]
    title = ", ".join(classes)
    while len(title) > LISTED and len(classes) > 1:
        classes.pop()
        title = f"{', '.join(classes)}, …"
    return title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"


def _built_files(folder: Path) -> tuple[AppFiles, AppFiles]:
    """Return the files of the built app, and those that replace some for classes that are not keys."""
    if not (folder / INDEX).is_file():
        remedy = "run `make app` in keykind's source folder, or install a release of keykind"
        raise NoApp("the app", fault="was not built in this installation", remedy=remedy)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    built: AppFiles = {name: path for name, path in names.items() if not name.startswith(NEUTRAL)}
    neutral: AppFiles = {
        name.removeprefix(NEUTRAL): path for name, path in names.items() if name.startswith(NEUTRAL)
    }
    return built, neutral


def _without_views(built: AppFiles) -> AppFiles:
    """Return the files of the app without the pictures of the kinds of keys."""
    return {name: content for name, content in built.items() if not VIEWS.fullmatch(name)}


def _read(model: str | Path) -> tuple["Card", bytes]:
    """Return a model's card and file. Raises BadModel, also if LiteRT cannot run its network."""
    from keykind.model.model import load_model, read_model_file  # noqa: PLC0415 - the app alone needs no numpy

    return load_model(model).card, read_model_file(model)


def _packed(data: bytes, detector: bytes | Path | None, effort: int) -> bytes:
    """Return a model as the app unpacks it; detector: the app's, packed; None: it has none."""
    from keykind.model.packed import pack_file, unpack_file  # noqa: PLC0415 - as above

    return pack_file(data, None if detector is None else unpack_file(_bytes(detector)), effort=effort)


def _entry(card: "Card", data: bytes, built: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the pages are to say about a model; `built`: what they say about keykind's own."""
    entry: dict[str, Any] = {"ofKeys": card.of_keys}
    if (built["decision"] or {}).get("classifier") != hashlib.sha256(data).hexdigest():
        entry["decision"] = None
    return entry if card.crop == "key" else entry | {"detector": None, "refiner": None}


def _self_test(built: AppFiles, model: str | Path, card: "Card") -> AppFiles:
    from keykind.predict.app_test import expected  # noqa: PLC0415 - as above

    photos = {name: _bytes(data) for name, data in built.items() if name.startswith(GOLDEN)}
    del photos[f"{GOLDEN}golden.json"]
    own = expected(model, {name.removeprefix(GOLDEN): data for name, data in photos.items()}, card)
    return {f"{GOLDEN}{name}": data for name, data in own.items()}


def _renamed(contents: AppFiles, entry: Mapping[str, Any]) -> AppFiles:
    """Return pages, manifest and service worker for a model, of which `entry` is the pages' JSON."""
    title, text = entry["title"], OWN_TEXT[entry["ofKeys"]]
    model = json.dumps(entry, ensure_ascii=False).replace("<", "\\u003c")  # it cannot end the element
    changed: AppFiles = {}
    for name in (INDEX, SELF_TEST):
        if name in contents:
            page = _bytes(contents[name]).decode()
            page = MODEL_JSON.sub(lambda match: match[1] + model + match[3], page)
            page = DESCRIPTION.sub(lambda match: match[1] + html.escape(text), page)
            page = TITLE.sub(lambda _: f"<title>{html.escape(title)}", page)
            changed[name] = page.replace("<noscript>keykind", f"<noscript>{html.escape(title)}").encode()
    manifest = json.loads(_bytes(contents[MANIFEST])) | {"name": title, "short_name": title}
    manifest["description"] = text
    changed[MANIFEST] = f"{json.dumps(manifest, indent=2, ensure_ascii=False)}\n".encode()
    changed[WORKER] = _worker({**contents, **changed})
    return changed


def _worker(contents: AppFiles) -> bytes:
    """Return the service worker with the hashes of these files."""
    script = _bytes(contents[WORKER]).decode()
    known = {entry["url"]: entry for entry in json.loads(_found(WORKER_LIST, script, WORKER)[1])}
    entries = []
    for name, content in sorted(contents.items()):
        if name != WORKER:
            url, data = "./" if name == INDEX else name, _bytes(content)
            entry = {"url": url, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            flags = {key: known[url][key] for key in ENTRY_FLAGS if key in known.get(url, {})}
            on_demand = {"onDemand": True} if name.startswith(GOLDEN) else {}
            entries.append(entry | flags | on_demand)
    return WORKER_LIST.sub(lambda _: f"self.FILES={json.dumps(entries)};", script, count=1).encode()


def _model_json(contents: AppFiles) -> dict[str, Any]:
    """Return what the built app's page says about its models."""
    entry: dict[str, Any] = json.loads(_found(MODEL_JSON, _bytes(contents[INDEX]).decode(), INDEX)[2])
    return entry


def _found(pattern: re.Pattern[str], text: str, name: str) -> re.Match[str]:
    match = pattern.search(text)
    if match is None:
        remedy = "run `make app` again, or install keykind again"
        raise NoApp(name, fault="was built by another version of keykind", remedy=remedy)
    return match


def _licences(contents: AppFiles, card: "Card") -> bytes:
    """Return the licences, of which the first line is about keykind and its own models."""
    licence = card.about.get("licence")
    text = licence if isinstance(licence, str) and licence.isprintable() and licence else "not stated"
    own = f"keykind: Apache-2.0. The model's licence: {text}."
    return _bytes(contents[LICENCES]).replace(b"keykind and its models: Apache-2.0.", own.encode(), 1)


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
