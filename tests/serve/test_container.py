"""Tests of Dockerfile and compose.yaml; `make container` runs what they install."""

import fnmatch
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from serve_install import instructions, last

ROOT = Path(__file__).parents[2]


def test_the_dockerfile_passes_the_linter():
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is not installed: it is not available for this system")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_runs_without_root_and_has_a_health_check():
    names = [name for name, _ in instructions()]
    assert names.count("FROM") == 2
    assert {"USER", "HEALTHCHECK", "ENTRYPOINT"} <= set(names[names.index("FROM", 1) :])
    assert int(last("USER").split(":")[0]) >= 10_000
    assert "/v1/health" in last("HEALTHCHECK")


def test_everything_is_installed_in_tested_versions():
    (install,) = (rest for name, rest in instructions() if name == "RUN")
    assert "[serve,heif]" in install
    environment = "".join(rest for name, rest in instructions() if name == "ENV")
    assert "PIP_CONSTRAINT=/source/constraints.txt" in environment
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in project["optional-dependencies"]["serve"]:
        name = requirement.partition(">=")[0].replace("-", "_")
        assert {name, name.replace("_", "-")} & pinned, requirement


def test_the_build_context_holds_only_what_the_wheel_needs():
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    included = {line[1:] for line in lines if line.startswith("!")}
    assert {"src", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "NOTICE"} == included
    assert all((ROOT / name).exists() for name in included)
    assert not any(fnmatch.fnmatch("compose.yaml", name) for name in included)


def test_the_composed_service_has_no_unneeded_privileges():
    yaml = pytest.importorskip("yaml")
    service = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["keykind"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["tmpfs"][0].startswith("/tmp:")
    assert "noexec" in service["tmpfs"][0]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "privileged" not in service
