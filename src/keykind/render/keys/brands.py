"""What is stamped on keys: invented makers, codes and logos.

In:    rng
Out:   texts
Needs: numpy    [render]

No name here is a maker's: they were made up for these pictures.
"""

import numpy as np

MAKERS = (
    "ORVEX", "TALMAR", "BRULK", "NORVEK", "VESKA", "KELMO", "ZANTIC", "HARVEKK", "LUMORA", "SERDIX",
    "CAVELLO", "MIRTON", "DOLVEK", "PRAXIN", "ALBRIK", "TORVIL", "GENDOR", "KASTIL", "WENDRA", "RIVOLT",
    "FERNUV", "ISOLDA", "BOLTERA", "QUINTAR", "SOLVERN", "ARKEDA", "NIMRAK", "OSTREL", "VULMAN", "TEKLOR",
    "JUNOVA", "PELMAC",
)  # fmt: skip
PLACES = ("ITALIA", "GERMANY", "FRANCE", "ENGLAND", "USA", "SPAIN", "CHINA", "JAPAN", "FINLAND", "TAIWAN")
LOGOS = ("star", "crown", "ring", "bolt", "wing", "arrow", "lion", "peak", "wave", "cross")
LETTERS = "ABCDEFGHJKLMNPRSTUVXYZ"


def maker(rng: np.random.Generator) -> str:
    """Return an invented maker's name, in capitals or as a name is written."""
    name = str(rng.choice(MAKERS))
    return name if rng.random() < 0.8 else name.capitalize()


def code(rng: np.random.Generator) -> str:
    """Return a key number, blank number or bitting code in one of the usual forms."""
    digits = str(rng.integers(0, 10 ** int(rng.integers(3, 7))))
    letters = "".join(rng.choice(list(LETTERS), int(rng.integers(1, 3))))
    return str(rng.choice([digits, letters + digits[:4], f"{letters} {digits}", f"{digits[:2]}{letters}"]))


def origin(rng: np.random.Generator) -> str:
    """Return small print: where the key was made, or not to copy it."""
    if rng.random() < 0.2:
        return "DO NOT DUPLICATE"
    place = str(rng.choice(PLACES))
    return place if rng.random() < 0.4 else f"MADE IN {place}"


def logo(rng: np.random.Generator) -> str:
    """Return a stamp text naming a drawn shape, as "logo:star"."""
    return f"logo:{rng.choice(LOGOS)}"
