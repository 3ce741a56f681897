"""Tests of the README and docs: what they promise is true."""

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
PACKAGE = ROOT / "src" / "keykind"
MODULES = sorted(PACKAGE.rglob("*.py"))
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)?(#[^)]*)?\)")


def test_generated_pages_are_up_to_date():
    check = [sys.executable, ROOT / "docs" / "generate.py", "--check"]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_is_valid(page):
    for command in COMMAND.findall(page.read_text("utf-8")):
        options = main.parser().parse_args(shlex.split(command)[1:])
        assert callable(options.verb), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_named_exists(page):
    known = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for option in re.findall(r"`(--[a-z][a-z-]+)", page.read_text("utf-8")):
        assert option in known or option in (
            "--constraint",
            "--check",
            "--write",
            "--most",
            "--seeds",
            "--keep",
            "--nothing",  # former name of --negatives
        ), option


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_has_a_target(page):
    for target, anchor in LINK.findall(page.read_text("utf-8")):
        path = page.parent / target if target else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor[1:] in [heading.lower().replace(" ", "-") for heading in headings]


def test_recipes_shown_are_valid():
    recipes = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "train.md").read_text("utf-8"), re.DOTALL)
    assert recipes
    for text in recipes:
        recipe.from_values(tomllib.loads(text))


def test_the_first_commands_of_the_readme_are_the_demo_and_the_tests():
    commands = re.findall(r"^\$ (.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


def test_the_changelog_starts_with_this_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


def packages() -> dict[str, bool]:
    """Return the packages in the table of docs/architecture.md, and whether each is marked as light."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    return {
        name: bool(mark) for name, mark in re.findall(r"^\| `(\w+)` \|.*\| (✓?) ?\|$", text, re.MULTILINE)
    }


def test_every_package_is_in_the_architecture():
    inside = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert packages().keys() == inside | modules


def test_every_module_opens_with_what_goes_in_and_what_comes_out():
    for path in MODULES:
        if not path.name.startswith("__"):
            text = path.read_text("utf-8")
            assert re.match(r'""".+?\n\nIn: .+?\nOut: .+?\nNeeds: ', text, re.DOTALL), path.name


def test_every_light_package_is_under_the_contract():
    text = (ROOT / ".importlinter").read_text("utf-8")
    listed = set(re.findall(r"^    keykind\.(\w+)$", text, re.MULTILINE))
    assert listed == {name for name, light in packages().items() if light}
