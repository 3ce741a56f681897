"""Names of splits -> train, validation or test; what becomes of validation photos.

In:    names of folders, cells of a column; listed photos
Out:   the part that a name means; photos in "train" and "test" only
Needs: nothing beyond Python

keykind selects by cross-validation and needs no validation photos. Where there are test photos, it trains on
them; where there are none, they are the test photos, because somebody set them apart to measure on.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from keykind.dataset.listing import PhotoEntry, counted
from keykind.dataset.table_text import visible, without_accents

TRAIN, VALIDATION, TEST = PARTS = "train", "validation", "test"
NAMES = {
    TRAIN: (
        "train",
        "training",
        "trainings",
        "trn",
        "trening",
        "trenings",
        "entrenamiento",
        "entrainement",
        "apprentissage",
        "addestramento",
        "treino",
        "treinamento",
    ),
    VALIDATION: (
        "val",
        "valid",
        "validation",
        "validate",
        "validating",
        "validierung",
        "validierungs",
        "validacion",
        "validazione",
        "validacao",
        "dev",
        "eval",
        "evaluation",
    ),
    TEST: ("test", "testing", "tests", "teste", "testes", "prueba", "pruebas", "holdout", "heldout"),
}  # English, German, Norwegian, Spanish, French, Italian, Portuguese; without accents
ENDINGS = (
    "",
    "set",
    "sets",
    "data",
    "dataset",
    "daten",
    "split",
    "images",
    "imgs",
    "photos",
)  # trainset, train_images
NUMBER = re.compile(r"(?<=\D)\d{1,4}$")  # train2017, test_1
_PARTS = {f"{name}{ending}": part for part, names in NAMES.items() for name in names for ending in ENDINGS}


def part_of(name: str) -> str | None:
    """Return the part that the name of a folder or a cell means, in any case; None: it is no split."""
    folded = re.sub(r"[\s_.-]+", "", without_accents(visible(name)).casefold())
    return _PARTS.get(NUMBER.sub("", folded))


def place_validation(
    photos: Sequence[PhotoEntry], *, has_test: bool
) -> tuple[tuple[PhotoEntry, ...], list[str]]:
    """Return the photos with those of the validation split in another, and a sentence about it.

    has_test: whether there are test photos elsewhere.
    """
    count = sum(photo.split == VALIDATION for photo in photos)
    if not count:
        return tuple(photos), []
    has_test = has_test or any(photo.split == TEST for photo in photos)
    split = TRAIN if has_test else TEST
    reason = (
        "trained on, because there are test photos and keykind selects by cross-validation"
        if has_test
        else "used as the test photos, because there are no others"
    )
    moved = (replace(photo, split=split) if photo.split == VALIDATION else photo for photo in photos)
    return tuple(moved), [f"{counted(count, 'validation photo')}: {reason}."]
