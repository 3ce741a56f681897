"""Tests of doctor.py."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from keykind.cli import doctor
from keykind.cli.doctor import LOW, MISSING, OPTIONAL, PASSED, run_checks
from keykind.core import extras
from keykind.core.errors import MissingExtra
from keykind.core.extras import BASE, EXTRAS, require

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]


def packages(requirements):
    """The names in a list of requirements; TensorFlow's CPU-only build is TensorFlow."""
    names = {re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in requirements}
    return {"tensorflow" if name == "tensorflow-cpu" else name for name in names}


def checks_by_subject():
    return {check.subject: check for check in run_checks()}


@pytest.fixture
def without(monkeypatch):
    """Return a function that makes packages appear not to be installed."""

    def hide(*modules):
        monkeypatch.setattr(extras, "find_spec", lambda name: None if name in modules else find_spec(name))

    return hide


def test_doctor_knows_every_extra_and_every_package_of_the_project():
    assert packages(PROJECT["dependencies"]) == set(BASE)
    declared = {extra: packages(names) for extra, names in PROJECT["optional-dependencies"].items()}
    assert declared == {extra: set(names) for extra, names in EXTRAS.items()}


def test_each_package_is_checked_once():
    subjects = [check.subject for check in run_checks()]
    assert len(subjects) == len(set(subjects))
    assert set(subjects) == {
        "keykind",
        "python",
        "feature cache",
        *BASE,
        *(name for names in EXTRAS.values() for name in names),
    }


def test_the_environment_of_these_tests_passes():
    checks = checks_by_subject()
    assert all(checks[subject].status == PASSED for subject in ("keykind", "python", *BASE))
    assert re.match(r"\d+\.\d+", checks["numpy"].state)


def test_a_missing_base_package_is_an_error_and_a_missing_extra_is_not(without, capsys):
    without("pi_heif")
    assert doctor.run(None) == 0
    without("PIL", "pi_heif")
    checks = checks_by_subject()
    pillow, heif = checks["pillow"], checks["pi-heif"]
    assert (pillow.status, pillow.remedy) == (MISSING, "pip install 'keykind'")
    assert (heif.status, heif.remedy) == (OPTIONAL, "pip install 'keykind[heif]'")
    assert doctor.run(None) == 2
    assert f"{MISSING:9} pillow" in capsys.readouterr().out


def test_every_failed_check_has_its_remedy(without):
    without(*(module for names in (BASE, *EXTRAS.values()) for module in names.values()))
    failed = [check for check in run_checks() if check.status != PASSED]
    assert len(failed) >= len(BASE) + len({name for names in EXTRAS.values() for name in names})
    assert all(check.remedy and str(check).endswith(f"-> {check.remedy}") for check in failed)


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_is_one_line_with_the_command_that_installs_it(without, extra):
    without(*EXTRAS[extra].values())
    with pytest.raises(MissingExtra) as caught:
        require(extra)
    message = str(caught.value)
    assert f"pip install 'keykind[{extra}]'" in message
    assert all(package in message for package in EXTRAS[extra])
    assert "\n" not in message


def test_only_missing_packages_are_named(without):
    modules = set(EXTRAS["train"].values())
    without("sklearn", *(modules if not all(map(find_spec, modules)) else ()))
    with pytest.raises(MissingExtra, match="scikit-learn"):
        require("train")


def test_an_installed_extra_passes_silently(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: object())
    for extra in EXTRAS:
        require(extra)


def test_a_package_without_metadata_still_counts_as_installed(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: object())
    monkeypatch.setattr(doctor, "EXTRAS", {"odd": {"no-such-package-anywhere": "odd"}})
    check = checks_by_subject()["no-such-package-anywhere"]
    assert check.status == PASSED
    assert "unknown" in check.state


def test_the_cache_is_measured_where_it_is_or_would_be(monkeypatch, tmp_path):
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path / "not" / "yet"))
    assert "uses 0 MB" in list(run_checks())[-1].state
    (tmp_path / "not" / "yet").mkdir(parents=True)
    (tmp_path / "not" / "yet" / "cache.sqlite").write_bytes(bytes(3_000_000))
    assert "uses 3 MB" in list(run_checks())[-1].state


@pytest.mark.parametrize(("free", "status"), [(499e6, LOW), (501e6, PASSED)])
def test_too_little_space_for_the_cache_is_reported(monkeypatch, free, status):
    monkeypatch.setattr(doctor, "free_space", lambda _: free)
    assert list(run_checks())[-1].status == status
