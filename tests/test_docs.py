"""Tests of README and docs: every promise in them is kept."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from keykind import __version__
from keykind.cli import main
from keykind.train import recipe

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^\$ (keykind .*)$", re.MULTILINE)
MODULES = sorted((ROOT / "src" / "keykind").glob("*.py"))
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)?(#[^)]*)?\)")


def test_generated_pages_are_up_to_date():
    check = [sys.executable, ROOT / "docs" / "generate.py", "--check"]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_is_understood(page):
    for command in COMMAND.findall(page.read_text("utf-8")):
        options = main.parser().parse_args(shlex.split(command)[1:])
        assert callable(options.verb), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_is_named_exists(page):
    known = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for option in re.findall(r"`(--[a-z][a-z-]+)", page.read_text("utf-8")):
        assert option in known or option in (
            "--constraint",
            "--check",
            "--write",
            "--most",
            "--seeds",
            "--keep",
        ), option


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target, anchor in LINK.findall(page.read_text("utf-8")):
        place = page.parent / target if target else page
        assert place.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.MULTILINE)
            assert anchor[1:] in [head.lower().replace(" ", "-") for head in heads]


def test_recipes_that_are_shown_are_valid():
    shown = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "train.md").read_text("utf-8"), re.DOTALL)
    assert shown
    for text in shown:
        recipe.from_values(tomllib.loads(text))


def test_the_first_command_of_the_readme_is_the_demo_and_the_second_the_test():
    commands = re.findall(r"^\$ (.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


def test_the_changelog_tells_of_this_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


def test_every_module_has_its_room():
    rooms = (ROOT / "docs" / "rooms.md").read_text("utf-8")
    modules = {path.stem for path in (ROOT / "src" / "keykind").rglob("*.py")} - {"__init__", "__main__"}
    assert modules == {name for name in re.findall(r"`(\w+)`", rooms) if name in modules}


def test_every_module_opens_with_what_goes_in_and_what_comes_out():
    for path in (ROOT / "src" / "keykind").glob("*.py"):
        if not path.name.startswith("__"):
            text = path.read_text("utf-8")
            assert re.match(r'""".+?\n\nIn: .+?\nOut: .+?\nNeeds: ', text, re.DOTALL), path.name


def test_every_light_module_is_under_the_contract():
    text = (ROOT / ".importlinter").read_text("utf-8")
    listed = set(re.findall(r"^    keykind\.(\w+)$", text, re.MULTILINE))
    needs = {path.stem: path.read_text("utf-8").split('"""')[1] for path in MODULES}
    heavy = {name for name, words in needs.items() if "[train]" in words or "[render]" in words}
    assert listed == {path.stem for path in MODULES} - heavy - {"__init__", "__main__", "cli", "scale"}
