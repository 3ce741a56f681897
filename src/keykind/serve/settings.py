"""Every choice of a service, and how its workers are told of them.

In:    what the command line said
Out:   Settings, frozen; the same as text, for processes that begin anew
Needs: nothing beyond Python
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from keykind.errors import BadSettings

VARIABLE = "KEYKIND_SERVE"  # of the environment, in which workers read their settings
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service works."""

    model: str | None = None  # a model file; None: the one that comes with keykind
    whole: bool = False  # look at whole photos as one key
    most_at_once: int = 16  # requests that a worker has accepted and not yet answered; more are sent away
    most_held: int = 192 * MEGABYTE  # bytes of photos that a worker holds at the same time
    most_bytes: int = 40 * MEGABYTE  # of one request
    most_photos: int = 32  # in one request
    seconds: float = 10.0  # in which a request must have arrived, and again in which its work must begin
    key_hashes: tuple[str, ...] = ()  # SHA-256 of the API keys; none: whoever reaches the service may ask
    origins: tuple[str, ...] = ()  # of other sites whose pages may ask (CORS)

    def as_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that the environment tells; the usual ones where it tells none."""
    told = json.loads(environment.get(VARIABLE, "{}"))
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(told.keys() - known):
        raise BadSettings(
            VARIABLE, fault=f"names {', '.join(unknown)}", remedy=f"use {', '.join(sorted(known))}"
        )
    return Settings(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    )


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
        raise BadSettings(path, fault="holds no key", remedy="write one a line")
    if short := [number for number, key in enumerate(keys, 1) if len(key) < SHORTEST_KEY]:
        fault = f"has a key of fewer than {SHORTEST_KEY} characters (number {short[0]})"
        raise BadSettings(path, fault=fault, remedy="make one with `openssl rand -hex 24`")
    return tuple(hash_of(key) for key in keys)


SHORTEST_KEY = 16


def hash_of(key: str) -> str:
    """Return what is kept of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()
