"""A refiner that sees keys with a red bow and a green blade, and photos of such keys."""

import math

import numpy as np
from PIL import Image, ImageDraw

from keykind.detect.refiner import MASK_SHAPE, MASK_STRIDE, WIDTH, Refiner
from keykind.photo.decode import Photo
from keykind.photo.reductions import Reductions

BOW, BLADE, REMOTE, GROUND = (230, 20, 20), (20, 230, 20), (20, 20, 230), (200, 200, 200)
SURE = 12.0  # logit


class DrawnRefiner(Refiner):
    """Says where the red bow and the green blade of a crop are; anything blue is a remote."""

    digest = "drawn"

    def __init__(self):
        self.looks = 0

    def outputs(self, crop):
        self.looks += 1
        colours = crop.astype(int)
        bow, blade, remote = (
            (colours[..., i] > 150) & (colours[..., [j for j in range(3) if j != i]].max(axis=2) < 110)
            for i in range(3)
        )
        key, values = bow | blade, np.zeros(9, np.float32)
        values[:2] = (
            SURE if bow.sum() > 20 and blade.sum() > 20 else -SURE,
            SURE if remote.sum() > 100 else -SURE,
        )
        ends = (0.15, 0.25, 0.85, 0.25)
        if bow.any() and blade.any():
            ends = _ends(key, bow, blade)
        values[2:6] = ends
        values[6:] = (-SURE, -SURE, SURE if blade.any() else -SURE)
        return values, np.stack([_pooled(key), _pooled(blade)], axis=-1)


def drawn_key(centre, length, angle, size=(640, 480), remote=False):
    """Return a photo of a key, and its head and tip, px; angle: radians from head to tip."""
    along = np.array([math.cos(angle), math.sin(angle)])
    head, tip = np.array(centre) - along * length / 2, np.array(centre) + along * length / 2
    image = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(image)
    for start, end, width, colour in ((0, 0.3, 0.3, BOW), (0.3, 1, 0.1, BLADE)):
        across = np.array([-along[1], along[0]]) * length * width / 2
        a, b = head + along * length * start, head + along * length * end
        corners = (a + across, b + across, b - across, a - across)
        pen.polygon([tuple(corner) for corner in corners], fill=REMOTE if remote else colour)
    return Photo(Reductions(image), *size, "array"), head, tip


def _ends(key, bow, blade):
    """Return head and tip in widths of the crop: the ends of the key along its axis."""
    rows, columns = np.nonzero(key)
    points = np.stack([columns, rows], axis=1) + 0.5
    middles = [np.argwhere(part)[:, ::-1].mean(axis=0) + 0.5 for part in (bow, blade)]
    along = middles[1] - middles[0]
    along = along / max(np.linalg.norm(along), 1e-6)
    places = (points - middles[0]) @ along
    return [*((middles[0] + places.min() * along) / WIDTH), *((middles[0] + places.max() * along) / WIDTH)]


def _pooled(mask):
    rows, columns, _ = MASK_SHAPE
    blocks = mask.reshape(rows, MASK_STRIDE, columns, MASK_STRIDE)
    return blocks.mean(axis=(1, 3)).astype(np.float32)
