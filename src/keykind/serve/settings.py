"""The settings of a service, and how they reach its workers.

In:    options of the command line
Out:   Settings, frozen; the same as JSON for an environment variable that worker processes read
Needs: nothing beyond Python
"""

import hashlib
import json
import os
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from keykind.core.errors import BadSettings

SETTINGS_VARIABLE = "KEYKIND_SERVE"  # environment variable from which workers read their settings
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # environment variable with the folder of the workers' metrics
MEGABYTE = 1_000_000  # bytes
MIN_BUFFER = 96 * MEGABYTE  # of photos in a worker's memory; more if one request may be larger
MIN_KEY_LENGTH = 16  # characters of an API key
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a service."""

    model: str | None = None  # path of a model file; None: the one that ships with keykind
    whole: bool = False  # skip key detection: treat the whole photo as one key
    max_wait: float = 0.8  # seconds that a request may be expected to wait for others; else it is rejected
    max_buffered_bytes: int = MIN_BUFFER  # of photos in a worker's memory
    max_request_bytes: int = 40 * MEGABYTE
    max_photos: int = 32  # per request
    max_pixels: int = 52_000_000  # per photo, e.g. 8160 x 6144; a pixel takes up to 17 bytes of memory
    timeout: float = 30.0  # seconds for a request to arrive, and again to be processed
    api_key_hashes: tuple[str, ...] = ()  # SHA-256; none: no API key is required
    cors_origins: tuple[str, ...] = ()  # other sites whose pages may use the service

    def as_text(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(asdict(self))


def settings_from_options(options: Namespace) -> Settings:
    """Return the settings from command-line options. Raises BadSettings."""
    return Settings(
        model=str(options.model.absolute()) if options.model else None,
        whole=options.whole,
        max_wait=options.wait,
        max_buffered_bytes=max(options.most_mb * MEGABYTE, MIN_BUFFER),
        max_request_bytes=options.most_mb * MEGABYTE,
        max_pixels=options.most_megapixels * 1_000_000,
        timeout=options.seconds,
        api_key_hashes=read_api_keys(options.api_keys) if options.api_keys else (),
        cors_origins=check_origins(options.cors),
    )


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in the environment, with defaults for those missing. Raises BadSettings."""
    values: dict[str, Any] = json.loads(environment.get(SETTINGS_VARIABLE, "{}"))
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(values.keys() - known):
        fault = f"has unknown settings: {', '.join(unknown)}"
        raise BadSettings(SETTINGS_VARIABLE, fault=fault, remedy=f"use {', '.join(sorted(known))}")
    arguments: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Settings(**arguments)


def read_api_keys(path: str | Path) -> tuple[str, ...]:
    """Return the hashes of the API keys in a file: one per line; empty lines and comments (#) are skipped.

    Raises BadSettings if the file cannot be read, has no key, or has one that is too weak.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(path, fault=f"cannot be read ({error})", remedy="give a text file") from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise BadSettings(path, fault="has 0 keys", remedy="write one per line")
    if weak := [i for i, key in enumerate(keys, 1) if len(key) < MIN_KEY_LENGTH or not key.isascii()]:
        fault = f"has a key with fewer than {MIN_KEY_LENGTH} characters or not in ASCII (number {weak[0]})"
        raise BadSettings(path, fault=fault, remedy="make one with `openssl rand -hex 24`")
    return tuple(hash_api_key(key) for key in keys)


def hash_api_key(key: str) -> str:
    """Return the SHA-256 of an API key in hex, the only form in which keys are kept."""
    return hashlib.sha256(key.encode()).hexdigest()


def check_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """Return the origins. Raises BadSettings if one is not as browsers send it."""
    for origin in origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            remedy = "give scheme and host, such as https://shop.example, without a path, or *"
            raise BadSettings(origin, fault="is not an origin as browsers send it", remedy=remedy)
    return tuple(origins)
