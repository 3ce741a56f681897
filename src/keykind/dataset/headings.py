"""The heading of a table -> which of its columns hold paths, labels, groups and splits.

In:    cells of the heading, in any case; English, German, French, Spanish, Italian or Dutch
Out:   the index of each known column
Needs: nothing beyond Python
"""

import re
from collections.abc import Sequence

from keykind.dataset.table_text import normal

COLUMNS = {
    "path": (
        "path",
        "photo",
        "file",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "image",
        "image_path",
        "image_name",
        "img",
        "picture",
        "datei",
        "dateiname",
        "pfad",
        "bild",
        "foto",
        "fichier",
        "chemin",
        "archivo",
        "ruta",
        "percorso",
        "bestand",
    ),
    "label": (
        "label",
        "kind",
        "class",
        "labels",
        "class_name",
        "classname",
        "category",
        "target",
        "klasse",
        "art",
        "kategorie",
        "bezeichnung",
        "classe",
        "étiquette",
        "catégorie",
        "clase",
        "etiqueta",
        "categoría",
        "etichetta",
        "categoria",
        "soort",
    ),
    "group": ("group", "key_id", "key", "group_id"),
    "split": ("split", "subset", "partition"),
}  # column -> accepted headings, first match wins


def folded(heading: str) -> str:
    """Return a heading in lower case, with _ for spaces and hyphens."""
    return re.sub(r"[\s-]+", "_", normal(heading).casefold())


def column_indices(heading: Sequence[str]) -> dict[str, int]:
    """Return the index of each of COLUMNS that the heading has."""
    names = [folded(name) for name in heading]
    return {
        column: names.index(matches[0])
        for column, aliases in COLUMNS.items()
        if (matches := [alias for alias in aliases if alias in names])
    }
