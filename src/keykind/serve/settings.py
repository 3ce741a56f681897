"""Every choice of a service, and how its workers are told of them.

In:    what the command line said
Out:   Settings, frozen; the same as text, for processes that begin anew
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

VARIABLE = "KEYKIND_SERVE"  # of the environment, in which workers read their settings
NUMBERS = "PROMETHEUS_MULTIPROC_DIR"  # of the environment: the folder of the workers' counts
MEGABYTE = 1_000_000  # bytes
MOST_HELD = 96 * MEGABYTE  # of photos that a worker holds at the same time, if a request may not be larger
SHORTEST_KEY = 16  # signs of an API key
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service works."""

    model: str | None = None  # a model file; None: the one that comes with keykind
    whole: bool = False  # look at whole photos as one key
    most_waiting: int = 16  # requests that a worker has accepted and not yet answered; more are sent away
    most_held: int = MOST_HELD
    most_bytes: int = 40 * MEGABYTE  # of one request
    most_photos: int = 32  # in one request
    most_pixels: int = 52_000_000  # of a photo, 8160 x 6144 among them; each takes up to 17 bytes in memory
    seconds: float = 30.0  # in which a request must have arrived, and again in which it must be answered
    key_hashes: tuple[str, ...] = ()  # SHA-256 of the API keys; none: whoever reaches the service may ask
    origins: tuple[str, ...] = ()  # of other sites whose pages may ask (CORS)

    def as_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))


def settings_of(options: Namespace) -> Settings:
    """Return what the command line says. Raises BadSettings."""
    return Settings(
        model=str(options.model.absolute()) if options.model else None,
        whole=options.whole,
        most_waiting=options.queue,
        most_held=max(options.most_mb * MEGABYTE, MOST_HELD),
        most_bytes=options.most_mb * MEGABYTE,
        most_pixels=options.most_megapixels * 1_000_000,
        seconds=options.seconds,
        key_hashes=read_keys(options.api_keys) if options.api_keys else (),
        origins=checked_origins(options.cors),
    )


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that the environment tells; the usual ones where it tells none."""
    told = json.loads(environment.get(VARIABLE, "{}"))
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(told.keys() - known):
        remedy = f"use {', '.join(sorted(known))}"
        raise BadSettings(VARIABLE, fault=f"names {', '.join(unknown)}", remedy=remedy)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    return Settings(**values)


def read_keys(path: Path) -> tuple[str, ...]:
    """Return the hashes of a file's API keys, one a line; empty lines and those after # are left out.

    Raises BadSettings if it cannot be read, holds none, or one that is easily guessed.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(path, fault=f"cannot be read ({error})", remedy="give a text file") from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise BadSettings(path, fault="holds 0 keys", remedy="write one a line")
    if weak := [number for number, key in enumerate(keys, 1) if len(key) < SHORTEST_KEY or not key.isascii()]:
        fault = f"has a key that is shorter than {SHORTEST_KEY} signs or not ASCII (number {weak[0]})"
        raise BadSettings(path, fault=fault, remedy="make one with `openssl rand -hex 24`")
    return tuple(hash_of(key) for key in keys)


def hash_of(key: str) -> str:
    """Return what is kept of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()


def checked_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """Return the sites as browsers name them. Raises BadSettings for what is no site."""
    for origin in origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            remedy = "give https://shop.example, without a path, or *"
            raise BadSettings(origin, fault="is not a site as browsers name them", remedy=remedy)
    return tuple(origins)
