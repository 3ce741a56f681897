"""Tests of serve/settings.py."""

import pytest

from keykind.cli.main import parser
from keykind.core.errors import BadSettings
from keykind.serve.settings import (
    SETTINGS_VARIABLE,
    Settings,
    hash_api_key,
    read_api_keys,
    settings_from_environment,
    settings_from_options,
)

KEY = "a-key-that-is-long-enough"


def parse(*options):
    return settings_from_options(parser().parse_args(["serve", *map(str, options)]))


def test_settings_reach_a_worker_through_the_environment(tmp_path):
    (tmp_path / "keys.txt").write_text(KEY)
    settings = parse("--api-keys", tmp_path / "keys.txt", "--cors", "https://shop.example", "--wait", 0.5)
    assert settings_from_environment({SETTINGS_VARIABLE: settings.as_text()}) == settings
    assert settings_from_environment({}) == Settings()


def test_options_change_only_their_own_settings():
    assert parse() == Settings()
    assert parse("--seconds", 5, "--most-mb", 2, "--most-megapixels", 12) == Settings(
        timeout=5, max_request_bytes=2_000_000, max_pixels=12_000_000
    )


def test_the_largest_allowed_request_fits_into_memory():
    assert parse("--most-mb", 500).max_buffered_bytes >= 500_000_000


def test_an_unknown_setting_is_an_error():
    with pytest.raises(BadSettings, match="has unknown settings: colour"):
        settings_from_environment({SETTINGS_VARIABLE: '{"colour": "red"}'})


def test_only_hashes_of_api_keys_are_kept(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(f"# of the shop\n\n{KEY}\n  another-{KEY}  \n")
    assert read_api_keys(path) == (hash_api_key(KEY), hash_api_key(f"another-{KEY}"))
    assert KEY not in Settings(api_key_hashes=read_api_keys(path)).as_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"# none yet\n", "has 0 keys"),
        (f"{KEY}\nsecret\n".encode(), "fewer than 16 characters or not in ASCII (number 2)"),
        ("schlüssel-für-den-laden".encode(), "not in ASCII (number 1)"),
    ],
)
def test_a_file_without_strong_keys_is_rejected(tmp_path, content, message):
    if content is not None:
        (tmp_path / "keys.txt").write_bytes(content)
    with pytest.raises(BadSettings) as caught:
        read_api_keys(tmp_path / "keys.txt")
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("origin", ["*", "https://shop.example", "http://localhost:5173", "http://[::1]:80"])
def test_valid_origins_are_accepted(origin):
    assert parse("--cors", origin).cors_origins == (origin,)


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "https://a b", "null", ""])
def test_invalid_origins_are_rejected(origin):
    with pytest.raises(BadSettings, match="is not an origin"):
        parse("--cors", origin)


@pytest.mark.parametrize(
    "options",
    [["--port", "65536"], ["--port", "x"], ["--workers", "0"], ["--wait", "0"], ["--wait", "nan"]],
)
def test_invalid_numbers_are_usage_errors(options):
    with pytest.raises(SystemExit):
        parse(*options)


def test_the_removed_limit_on_requests_names_its_replacement(capsys):
    with pytest.raises(SystemExit):
        parse("--queue", "16")
    assert "removed in 0.9.0; use --wait SECONDS" in capsys.readouterr().err
