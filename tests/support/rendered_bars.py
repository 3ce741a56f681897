"""A rendered dataset, photos without keys, and a hand, all drawn in a moment."""

import json

import numpy as np
from PIL import Image, ImageDraw

from keykind.core.geometry import encode_rle
from keykind.core.kinds import NAMES

SIZE = (160, 120)
BOW, BLADE, REMOTE = (250, 10, 10), (10, 250, 10), (10, 10, 250)


def draw_set(folder, count=4, *, by_kind=False):
    """Write a dataset of photos with a key from left to right (red bow, green blade) and a blue remote.

    The kinds take turns. by_kind: the photos are in folders of their kinds, as those of one key.
    """
    (folder / "labels").mkdir(parents=True)
    for i in range(count):
        kind = NAMES[i % len(NAMES)]
        name = kind if by_kind else "bar"
        (folder / name).mkdir(exist_ok=True)
        bow, blade, remote = np.zeros((3, *SIZE[::-1]), bool)
        top = 12 + 3 * (i % 10)
        bow[top : top + 24, 20:50], blade[top + 6 : top + 18, 50:130] = True, True
        remote[80:110, 60:110] = True
        pixels = np.full((*SIZE[::-1], 3), 200, np.uint8)
        if by_kind:  # else they are duplicates of each other
            blocks = np.random.default_rng(i).integers(100, 250, (12, 16), np.uint8)
            pixels[:] = blocks.repeat(10, axis=0).repeat(10, axis=1)[..., None]
        pixels[bow], pixels[blade], pixels[remote] = BOW, BLADE, REMOTE
        Image.fromarray(pixels).save(folder / name / f"{name}-{i:06}.jpg", quality=95, subsampling=0)
        masks = {"bow": encode_rle(bow), "blade": encode_rle(blade), "mask": encode_rle(bow | blade)}
        ends = {"head": [20, top + 12], "tip": [130, top + 12]}
        key = {"kind": kind, **ends, "occluded": 0.02, "cut_off": 0, **masks}
        other = {
            "head": [60, 95],
            "tip": [110, 95],
            "occluded": 0.5,
            "cut_off": 0,
            "mask": encode_rle(remote),
        }
        label = {"keys": [key], "remotes": [other]}
        (folder / "labels" / f"{name}-{i:06}.json").write_text(json.dumps(label), "utf-8")
    return folder


def draw_backgrounds(folder, count=2):
    (folder / "inner").mkdir(parents=True)
    for i in range(count):
        Image.new("RGB", (300, 200), (90, 90 + i, 90)).save(folder / "inner" / f"{i}.jpg")
    return folder


def draw_hand(folder):
    """Write a hand whose arm ends at the lower side."""
    folder.mkdir(parents=True)
    hand = Image.new("RGBA", (200, 260), (0, 0, 0, 0))
    pen = ImageDraw.Draw(hand)
    pen.ellipse((20, 0, 180, 160), fill=(220, 180, 150, 255))
    pen.rectangle((70, 120, 130, 260), fill=(220, 180, 150, 255))
    hand.save(folder / "hand.png")
    return folder


def draw_things(folder):
    """Write a round and a long thing, both violet."""
    folder.mkdir(parents=True)
    for name, size in (("coin_1", (90, 90)), ("screw_1", (30, 120))):
        thing = Image.new("RGBA", size, (0, 0, 0, 0))
        ImageDraw.Draw(thing).ellipse((0, 0, *size), fill=(150, 0, 200, 255))
        thing.save(folder / f"{name}.png")
    return folder
