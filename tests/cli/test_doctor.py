"""Tests of doctor.py."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from keykind.cli import doctor
from keykind.cli.doctor import examine
from keykind.core import extras
from keykind.core.errors import MissingExtra
from keykind.core.extras import BASE, EXTRAS, require

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]


def packages(requirements):
    """The names in a list of requirements; TensorFlow's processor-only build is TensorFlow."""
    names = {re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in requirements}
    return {"tensorflow" if name == "tensorflow-cpu" else name for name in names}


@pytest.fixture
def without(monkeypatch):
    """Give a function that makes packages seem absent."""

    def hide(*modules):
        monkeypatch.setattr(extras, "find_spec", lambda name: None if name in modules else find_spec(name))

    return hide


def test_doctor_knows_every_extra_and_every_package_of_the_project():
    assert packages(PROJECT["dependencies"]) == set(BASE)
    declared = {extra: packages(names) for extra, names in PROJECT["optional-dependencies"].items()}
    assert declared == {extra: set(names) for extra, names in EXTRAS.items()}


def test_each_package_is_examined_once():
    subjects = [finding.subject for finding in examine()]
    assert len(subjects) == len(set(subjects))
    assert set(subjects) == {
        "keykind",
        "python",
        "feature cache",
        *BASE,
        *(name for names in EXTRAS.values() for name in names),
    }


def test_what_runs_these_tests_is_found_good():
    findings = {finding.subject: finding for finding in examine()}
    assert all(findings[subject].good for subject in ("keykind", "python", *BASE))
    assert re.match(r"\d+\.\d+", findings["numpy"].state)


def test_a_missing_base_package_is_a_fault_and_a_missing_extra_is_none(without):
    without("PIL", "pi_heif")
    findings = {finding.subject: finding for finding in examine()}
    pillow, heif = findings["pillow"], findings["pi-heif"]
    assert (pillow.good, pillow.needed, pillow.remedy) == (False, True, "pip install 'keykind'")
    assert (heif.good, heif.needed, heif.remedy) == (False, False, "pip install 'keykind[heif]'")


def test_every_fault_comes_with_its_remedy(without):
    without(*(module for names in (BASE, *EXTRAS.values()) for module in names.values()))
    missing = [finding for finding in examine() if not finding.good]
    assert len(missing) >= len(BASE) + sum(map(len, EXTRAS.values()))
    assert all(finding.remedy for finding in missing)


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_is_one_line_with_the_command_that_mends_it(without, extra):
    without(*EXTRAS[extra].values())
    with pytest.raises(MissingExtra) as caught:
        require(extra)
    words = str(caught.value)
    assert f"pip install 'keykind[{extra}]'" in words
    assert all(package in words for package in EXTRAS[extra])
    assert "\n" not in words


def test_only_what_is_missing_is_named(without):
    modules = set(EXTRAS["train"].values())
    without("sklearn", *(modules if not all(map(find_spec, modules)) else ()))
    with pytest.raises(MissingExtra, match="scikit-learn"):
        require("train")


def test_an_extra_that_is_there_is_passed_in_silence(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: object())
    for extra in EXTRAS:
        require(extra)


def test_a_package_without_metadata_still_counts_as_installed(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: object())
    monkeypatch.setattr(doctor, "EXTRAS", {"odd": {"no-such-package-anywhere": "odd"}})
    finding = next(finding for finding in examine() if finding.subject == "no-such-package-anywhere")
    assert finding.good
    assert "unknown" in finding.state


def test_the_cache_is_measured_where_it_is_or_would_be(monkeypatch, tmp_path):
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path / "not" / "yet"))
    assert "holds 0 MB" in list(examine())[-1].state
    (tmp_path / "not" / "yet").mkdir(parents=True)
    (tmp_path / "not" / "yet" / "cache.sqlite").write_bytes(bytes(3_000_000))
    assert "holds 3 MB" in list(examine())[-1].state


@pytest.mark.parametrize(("free", "good"), [(499e6, False), (501e6, True)])
def test_too_little_room_for_the_cache_is_told(monkeypatch, free, good):
    monkeypatch.setattr(doctor, "free_space", lambda _: free)
    assert list(examine())[-1].good is good
