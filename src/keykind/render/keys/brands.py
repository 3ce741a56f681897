"""Texts on keys: invented brands, codes and logos.

In:    random generator
Out:   texts
Needs: numpy    [render]

The brands are fictitious.
"""

import numpy as np

BRANDS = (
    "ORVEX", "TALMAR", "BRULK", "NORVEK", "VESKA", "KELMO", "ZANTIC", "HARVEKK", "LUMORA", "SERDIX",
    "CAVELLO", "MIRTON", "DOLVEK", "PRAXIN", "ALBRIK", "TORVIL", "GENDOR", "KASTIL", "WENDRA", "RIVOLT",
    "FERNUV", "ISOLDA", "BOLTERA", "QUINTAR", "SOLVERN", "ARKEDA", "NIMRAK", "OSTREL", "VULMAN", "TEKLOR",
    "JUNOVA", "PELMAC",
)  # fmt: skip
COUNTRIES = ("ITALIA", "GERMANY", "FRANCE", "ENGLAND", "USA", "SPAIN", "CHINA", "JAPAN", "FINLAND", "TAIWAN")
LOGOS = ("star", "crown", "ring", "bolt", "wing", "arrow", "lion", "peak", "wave", "cross")
LETTERS = "ABCDEFGHJKLMNPRSTUVXYZ"


def brand(rng: np.random.Generator) -> str:
    """Return an invented brand, mostly in capitals."""
    name = str(rng.choice(BRANDS))
    return name if rng.random() < 0.8 else name.capitalize()


def code(rng: np.random.Generator) -> str:
    """Return a key number, blank number or bitting code."""
    digits = str(rng.integers(0, 10 ** int(rng.integers(3, 7))))
    letters = "".join(rng.choice(list(LETTERS), int(rng.integers(1, 3))))
    return str(rng.choice([digits, letters + digits[:4], f"{letters} {digits}", f"{digits[:2]}{letters}"]))


def origin(rng: np.random.Generator) -> str:
    """Return small print: the country of origin, or "DO NOT DUPLICATE"."""
    if rng.random() < 0.2:
        return "DO NOT DUPLICATE"
    country = str(rng.choice(COUNTRIES))
    return country if rng.random() < 0.4 else f"MADE IN {country}"


def logo(rng: np.random.Generator) -> str:
    """Return the stamp text of a logo, e.g. "logo:star"."""
    return f"logo:{rng.choice(LOGOS)}"
