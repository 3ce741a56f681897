"""Tests of serve/settings.py."""

import pytest

from keykind.cli.main import parser
from keykind.core.errors import BadSettings
from keykind.serve.settings import VARIABLE, Settings, from_environment, hash_of, read_keys, settings_of

KEY = "a-key-of-enough-signs"


def told(*options):
    return settings_of(parser().parse_args(["serve", *map(str, options)]))


def test_settings_reach_a_worker_through_the_environment(tmp_path):
    (tmp_path / "keys.txt").write_text(KEY)
    settings = told("--api-keys", tmp_path / "keys.txt", "--cors", "https://shop.example", "--queue", 3)
    assert from_environment({VARIABLE: settings.as_text()}) == settings
    assert from_environment({}) == Settings()


def test_the_command_line_changes_what_it_names_and_nothing_else():
    assert told() == Settings()
    assert told("--seconds", 5, "--most-mb", 2, "--most-megapixels", 12) == Settings(
        seconds=5, most_bytes=2_000_000, most_pixels=12_000_000
    )


def test_a_request_that_is_allowed_finds_room():
    assert told("--most-mb", 500).most_held >= 500_000_000


def test_an_unknown_setting_is_an_error():
    with pytest.raises(BadSettings, match="names colour"):
        from_environment({VARIABLE: '{"colour": "red"}'})


def test_of_keys_only_their_hashes_are_kept(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(f"# of the shop\n\n{KEY}\n  another-{KEY}  \n")
    assert read_keys(path) == (hash_of(KEY), hash_of(f"another-{KEY}"))
    assert KEY not in Settings(key_hashes=read_keys(path)).as_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"# none yet\n", "holds 0 keys"),
        (f"{KEY}\nsecret\n".encode(), "shorter than 16 signs or not ASCII (number 2)"),
        ("schlüssel-für-den-laden".encode(), "not ASCII (number 1)"),
    ],
)
def test_a_file_of_keys_that_would_protect_nothing_is_refused(tmp_path, content, said):
    if content is not None:
        (tmp_path / "keys.txt").write_bytes(content)
    with pytest.raises(BadSettings) as caught:
        read_keys(tmp_path / "keys.txt")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("origin", ["*", "https://shop.example", "http://localhost:5173", "http://[::1]:80"])
def test_a_site_is_named_as_browsers_name_it(origin):
    assert told("--cors", origin).origins == (origin,)


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "https://a b", "null", ""])
def test_what_no_browser_sends_is_no_site(origin):
    with pytest.raises(BadSettings, match="is not a site"):
        told("--cors", origin)


@pytest.mark.parametrize(
    "options", [["--port", "65536"], ["--port", "x"], ["--workers", "0"], ["--queue", "0"]]
)
def test_impossible_numbers_are_wrong_usage(options):
    with pytest.raises(SystemExit):
        told(*options)
