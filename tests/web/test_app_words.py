"""Tests of web/src/words, one file a language, and of the kinds that the app finds in src/keykind/kinds."""

import json
import re
import shutil
from pathlib import Path

import pytest

from app_build import WEB, build_module, node
from app_pages import KEY_WORDS, LANGUAGES, messages
from keykind.core.kind_pages import read_pages
from keykind.core.kinds import KINDS

TEXTS = "texts.ts"
ANY = ".any"  # suffix of a message for a model of any classes
KINDS_FOLDER = WEB.parent / "src" / "keykind" / "kinds"
MARKS = {name: page.texts["en"].mark for name, page in read_pages().items()}
# Messages whose keys are composed at run time.
COMPOSED = re.compile(
    r"(cause|reason|measure|error|modelError|address|storage|camera\.hint|kinds\.view|answer\.mark"
    r"|import\.oneKeyProblem)\.\w+|history\.(empty|off)(Text)?|import\.(waiting|working)"
    r"|myKeys\.(noKey|severalKeys)"
)
NOT_TRANSLATED = ("key.answer", "about.version")  # of values and names only
IN_BROWSER = """
Object.assign(globalThis, { document: { documentElement: {} }, localStorage: { getItem: () => null } });
localStorage.setItem = () => undefined;
Object.defineProperty(globalThis, 'navigator', { value: { languages: ['eo-XX', 'en'] } });
const app = await import(process.argv[1]);
await app.loadLanguage();
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_messages_in_the_same_order(language):
    assert list(messages(language)) == list(messages("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_uses_the_same_placeholders(language):
    english = messages("en")
    for key, text in messages(language).items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty_or_has_stray_spaces(language):
    for key, text in messages(language).items():
        assert text == text.strip() != "", key
        assert "  " not in text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_technical_reasons_stand_only_after_a_whole_sentence(language):
    """They are in English; `storage` and `corrections` quote other messages, `address` hosts and numbers."""
    quoting = [key for key, text in messages(language).items() if "{why}" in text]
    others = ("details", "storage.notKept", "corrections.failed")
    assert [key for key in quoting if key not in others and not key.startswith("address.")] == []


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"en"}))
def test_sentences_are_translated(language):
    english = messages("en")
    words = {key: re.sub(r"\{\w+\}|[\W\d]", " ", text).split() for key, text in english.items()}
    same = [key for key, text in messages(language).items() if text == english[key] and len(words[key]) > 1]
    assert [key for key in same if key not in NOT_TRANSLATED] == []


def test_every_message_is_used():
    source = "\n".join(path.read_text("utf-8") for path in (WEB / "src").rglob("*.ts*"))
    named = set(re.findall(r"""['"]([\w.]+)['"]""", source))
    keys = {key.removesuffix(ANY) for key in messages("en")}
    assert sorted(key for key in keys - named if not COMPOSED.fullmatch(key)) == []


def test_words_for_classes_that_are_not_keys_take_the_place_of_others():
    assert {key.removesuffix(ANY) for key in messages("en") if key.endswith(ANY)} <= messages("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_for_classes_that_are_not_keys_do_not_mention_keys(language):
    words = {key: text for key, text in messages(language).items() if key.endswith(ANY)}
    assert words
    assert [key for key, text in words.items() if KEY_WORDS.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_for_a_key_is_known_in_every_language(language):
    """Otherwise the tests that no key is mentioned could not fail."""
    assert KEY_WORDS.search(messages(language)["home.title"])


def copied_sources(root):
    """Copy what the app's texts are built from; TEXTS is the module of words and kinds."""
    for folder in (WEB / "src", KINDS_FOLDER):
        shutil.copytree(folder, root / folder.relative_to(WEB.parent))
    (root / "web" / "node_modules").symlink_to(WEB / "node_modules")
    (root / "web" / "generated").mkdir()
    (root / "web" / "src" / TEXTS).write_text(
        "export * from './app/kinds/kinds';\nexport * from './words';\n", "utf-8"
    )
    return root


@pytest.fixture
def repository(tmp_path):
    return copied_sources(tmp_path)


def evaluate(module: Path, expression: str):
    """Return the value of an expression with the module `app`, in a browser that prefers Esperanto."""
    code = f"{IN_BROWSER}console.log(JSON.stringify(await ({expression})));"
    return json.loads(node(code, module.as_uri()))


def test_a_language_is_offered_once_its_file_is_there(repository):
    esperanto = {"language.name": "Esperanto", "home.title": "Kia ŝlosilo ĝi estas?"}
    (repository / "web" / "src" / "words" / "eo.json").write_text(json.dumps(esperanto), "utf-8")
    app = build_module(repository, TEXTS)
    assert ["eo", "Esperanto"] in evaluate(app, "app.languageNames()")
    assert len(evaluate(app, "app.languageNames()")) == len(LANGUAGES) + 1
    assert evaluate(app, "[app.currentLanguage(), app.t('home.title')]") == ["eo", "Kia ŝlosilo ĝi estas?"]
    assert evaluate(app, "app.t('home.choose')") == messages("en")["home.choose"]  # not translated yet
    assert evaluate(app, "app.setLanguage('de-CH').then(() => document.documentElement.lang)") == "de"


def test_a_kind_is_shown_once_its_folder_is_there(repository):
    folder = repository / "src" / "keykind" / "kinds" / "star_shaped"
    shutil.copytree(KINDS_FOLDER / "dimple", folder)
    (folder / "sketch.svg").write_text("<svg>a star</svg>", "utf-8")
    kind = {"name": "star_shaped", "label": {"en": "star", "eo": "stelo"}, "hint": {"en": "a star"}}
    (repository / "web" / "generated" / "kinds.json").write_text(json.dumps([kind]), "utf-8")
    (repository / "web" / "src" / "words" / "eo.json").write_text("{}", "utf-8")
    app = build_module(repository, TEXTS)
    assert evaluate(app, "app.kindLabel('star_shaped')") == "stelo"
    assert evaluate(app, "app.kindHint('star_shaped')") == "a star"  # English where there is no translation
    assert evaluate(app, "app.kindLabel('my_own_kind')") == "my own kind"
    assert evaluate(app, "app.sketchSource('star_shaped')") == "<svg>a star</svg>"


@pytest.fixture(scope="module")
def kinds_module(tmp_path_factory):
    """The module of the kinds, with the texts and views of the repository."""
    root = copied_sources(tmp_path_factory.mktemp("kinds"))
    pages = read_pages()
    entries = [
        {"name": kind.name, "label": kind.labels, "hint": kind.hints} | pages[kind.name].as_json()
        for kind in KINDS
    ]
    (root / "web" / "generated" / "kinds.json").write_text(json.dumps(entries), "utf-8")
    return build_module(root, TEXTS)


def test_every_two_kinds_have_a_text_about_their_difference(kinds_module):
    names = json.dumps([kind.name for kind in KINDS])
    rows = evaluate(
        kinds_module, f"{names}.map((a) => {names}.map((b) => a === b || app.kindDifference(a, b)))"
    )
    assert all(text for row in rows for text in row)
    texts = {frozenset((i, j)): row[j] for i, row in enumerate(rows) for j in range(i)}
    assert len(set(texts.values())) == len(KINDS) * (len(KINDS) - 1) / 2
    assert rows[0][3] == f"{MARKS['cylinder']} {MARKS['mortice']}"  # not often confused: both marks
    assert rows[0][1] == rows[1][0] == read_pages()["dimple"].texts["en"].differs["cylinder"]


def test_a_class_that_is_not_a_kind_has_no_page(kinds_module):
    assert evaluate(kinds_module, "app.kindPage('my_own_kind') ?? null") is None
    assert evaluate(
        kinds_module, "[app.kindDifference('my_own_kind', 'dimple'), app.kindViews('my_own_kind')]"
    ) == ["", []]


def test_every_kind_has_a_sketch():
    sketches = {path.parent.name for path in KINDS_FOLDER.glob("*/sketch.svg")}
    assert sketches == {kind.name for kind in KINDS}
