"""Pools -> training views of one key each: framed as by the detector, or loosely, as in a whole photo.

In:    Pools; a recipe; a random generator
Out:   views (SIZE, SIZE, 3) uint8, each with the probabilities of the kinds that are to be learned
Needs: numpy, opencv                                                                       [train]

The key is one of a rendered scene, or was cut out of one and pasted onto a photo without keys or a plain
ground, perhaps into a hand. Some views show no key; there, no kind is to be more probable than another
(outlier exposure: Hendrycks et al. 2019, arXiv:1812.04606).
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import segment_box
from keykind.core.kinds import NAMES
from keykind.detect.align import OrientedCrop, crop_around
from keykind.model.card import SIZE
from keykind.train.classifier_recipe import ClassifierRecipe
from keykind.train.detector.clutter import litter
from keykind.train.detector.copy_paste import MAX_ENLARGEMENT, Pose, enlargement, paste_key, random_poses
from keykind.train.detector.holding import choose, hold_keys
from keykind.train.detector.keys import (
    AREA,
    BLADE,
    HEAD,
    KIND,
    OCCLUSION,
    REMOTE,
    TIP,
    TRUNCATION,
    WIDTH,
    Affine,
    View,
    map_points,
    no_keys,
    part_areas,
)
from keykind.train.detector.photometric import degrade, recolour
from keykind.train.detector.plain import plain_ground
from keykind.train.detector.pool import CutOut
from keykind.train.detector.views import Pools
from keykind.train.detector.warp import extract, log_uniform, matrix_about, warp

MIN_LENGTH = 48.0  # px of a key's image: a shorter one does not show its kind
MIN_VISIBILITY, MIN_BLADE = 0.4, 0.12  # visible share of a key; share of its visible area that is blade
MIN_PASTED_BLADE = 0.5  # share of a pasted key's blade that the photo shows
ATTEMPTS = 8  # to find a key that is visible enough; then it is framed closely, or cut out alone
GROUND_SIZE = 560, 420  # px of plain grounds
PLAIN_SHARE = 0.3  # of pasted keys on plain grounds
CLUTTER_SHARE, NEGATIVE_CLUTTER_SHARE = 0.2, 0.6  # of grounds, and of photos without a key, with small things
PASTED_KEYS = (1, 1, 1, 1, 2, 3)  # number of keys pasted together, each as probable
HELD_KEYS = (1, 1, 1, 2)  # the same of keys in a hand

CLOSE_SHARE = 0.7  # of aligned views whose ends are moved little
CLOSE, FAR = 0.025, 0.07  # standard deviation by which an end is moved, key lengths
WIDTH_NOISE = 0.15  # standard deviation of the logarithm of the width
SWAP_SHARE = 0.05  # of aligned views with head and tip swapped, as by the detector

LOOSE_ASPECT = 1.8  # largest ratio of the sides of a loose frame, either way; it is stretched to a square
LOOSE_EXTENT = (0.25, 1.1)  # of the key, in the side of a loose frame that it fills most
LOOSE_TILT = 0.08  # standard deviation of a frame's rotation beside that by quarter turns, radians
MAX_OTHERS = 0.05  # largest share of a loose frame's keys, by pixels, that may be of another kind

NEGATIVE_WIDTHS = (0.2, 1.0)  # of aligned views of no key, in the photo's longer side
ERASE_SHARE, ERASE_AREA, ERASE_SHAPE = 0.2, (0.02, 0.12), 3.0  # views with a covered patch; its share, sides

Image = NDArray[np.uint8]
Target = NDArray[np.float32]  # (kinds,) probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """Which keys of the pools may be shown, by their kind."""

    in_scenes: tuple[NDArray[np.intp], ...]  # per kind (n, 2): scene and row
    cut_out: tuple[NDArray[np.intp], ...]  # per kind (n,)
    keyless: NDArray[np.intp]  # (n,) scenes without keys
    kinds: tuple[int, ...]  # that have a key in a scene or a cut-out one


def find_keys(pools: Pools) -> Keys:
    """Return the keys of the pools that show their kind."""
    first, rows = pools.scenes.key_rows()
    scenes = np.repeat(np.arange(len(first) - 1), np.diff(first))
    places = np.stack([scenes, np.arange(len(rows)) - first[scenes]], axis=1)
    shown = shows_kind(rows)
    in_scenes = tuple(places[shown & (rows[:, KIND] == kind)] for kind in range(len(NAMES)))
    cuts = pools.scenes.cut_rows()
    shown = shows_kind(cuts)
    cut_out = tuple(np.flatnonzero(shown & (cuts[:, KIND] == kind)) for kind in range(len(NAMES)))
    kinds = [kind for kind in range(len(NAMES)) if len(in_scenes[kind]) or len(cut_out[kind])]
    return Keys(in_scenes, cut_out, np.flatnonzero(np.diff(first) == 0), tuple(kinds))


def shows_kind(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows (n, COLUMNS) are keys that are long and visible enough to show their kind."""
    length = np.linalg.norm(rows[:, TIP] - rows[:, HEAD], axis=1)
    visibility = (1 - rows[:, OCCLUSION]) * (1 - rows[:, TRUNCATION])
    visible = (visibility >= MIN_VISIBILITY) & (rows[:, BLADE] >= MIN_BLADE) & (length >= MIN_LENGTH)
    return np.asarray(visible & (rows[:, KIND] >= 0) & (rows[:, REMOTE] < 0.5))


def classifier_view(
    pools: Pools, keys: Keys, recipe: ClassifierRecipe, rng: np.random.Generator
) -> tuple[Image, Target]:
    """Return a random view and the probabilities of the kinds."""
    loose = bool(rng.random() < recipe.loose_share)
    if rng.random() < recipe.negative_share:
        image = _negative(pools, keys, rng, loose=loose)
        return _changed(image, rng), np.full(len(NAMES), 1 / len(NAMES), np.float32)
    kind = int(rng.choice(keys.kinds))
    image = _positive(pools, keys, kind, recipe, rng, loose=loose)
    return _changed(image, rng), np.eye(len(NAMES), dtype=np.float32)[kind]


def key_region(key: NDArray[np.float64]) -> OrientedCrop:
    """Return the region of a key, a row of KeyRows, that is classified: as of a detection."""
    head, tip = key[HEAD], key[TIP]
    return crop_around(head, tip, segment_box(head, tip, float(key[WIDTH])))


def _positive(
    pools: Pools, keys: Keys, kind: int, recipe: ClassifierRecipe, rng: np.random.Generator, *, loose: bool
) -> Image:
    """Return a view of a key of this kind."""
    pasted = not len(keys.in_scenes[kind]) or (len(keys.cut_out[kind]) and rng.random() < recipe.paste_share)
    for _ in range(ATTEMPTS):
        if pasted:
            found = _pasted(pools, keys, kind, recipe, rng)
            if found is None:
                continue
            view = found
            rows = np.flatnonzero(
                shows_kind(view.keys)
                & (view.keys[:, KIND] == kind)
                & (_blade_shown(view) >= MIN_PASTED_BLADE)
            )
            if not len(rows):
                continue
            row = int(rng.choice(rows))
        else:
            scene, row = rng.choice(keys.in_scenes[kind]).tolist()
            view = pools.scenes.scene(scene)
        if not loose:
            return _aligned(view, row, rng)
        matrix = _loose_matrix(view.keys[row], view.size, rng)
        if _others_share(view, kind, matrix) <= MAX_OTHERS:
            return warp(view.image, matrix, (SIZE, SIZE), cv2.BORDER_REFLECT_101)
    return _aligned(pools.scenes.scene(scene), row, rng) if not pasted else _cut_alone(pools, keys, kind, rng)


def _pasted(
    pools: Pools, keys: Keys, kind: int, recipe: ClassifierRecipe, rng: np.random.Generator
) -> View | None:
    """Return a photo without keys, or a plain ground, into which keys are pasted, the first of this kind.

    None: they would be blurred.
    """
    ground = None
    if rng.random() >= PLAIN_SHARE:
        ground = pools.backgrounds.scene(int(rng.integers(len(pools.backgrounds)))).image
    size = GROUND_SIZE if ground is None else (ground.shape[1], ground.shape[0])
    held = bool(pools.hands) and bool(rng.random() < recipe.hand_share)
    planned = [] if held else _planned(pools, keys, kind, size, rng)
    if not held and not planned:
        return None
    image = recolour(plain_ground(size, rng) if ground is None else ground, rng)
    view = View(image, np.zeros(size[::-1], np.uint8), no_keys())
    if pools.things and rng.random() < CLUTTER_SHARE:
        litter(view, pools.things, rng)
    if held:
        hand = choose(pools.hands, rng)
        hold_keys(view, hand, lambda: _cut(pools, keys, kind, len(view.keys), rng), rng, HELD_KEYS)
    for cut, pose in planned:
        paste_key(view, cut, pose, rng)
    return view


def _planned(
    pools: Pools, keys: Keys, kind: int, size: tuple[int, int], rng: np.random.Generator
) -> list[tuple[CutOut, Pose]]:
    """Return keys and poses on a ground of a size (width, height), without keys that would be blurred."""
    planned: list[tuple[CutOut, Pose]] = []
    for pose in random_poses(int(rng.choice(PASTED_KEYS)), size, rng, large=True):
        cut = _cut(pools, keys, kind, len(planned), rng)
        if enlargement(cut, pose) <= MAX_ENLARGEMENT:
            planned.append((cut, pose))
    return planned


def _cut(pools: Pools, keys: Keys, kind: int, before: int, rng: np.random.Generator) -> CutOut:
    """Return a random cut-out key: of this kind, or of any if others are before it."""
    wanted = int(rng.integers(len(NAMES))) if before else kind
    choices = keys.cut_out[wanted] if len(keys.cut_out[wanted]) else keys.cut_out[kind]
    return pools.scenes.cut(int(rng.choice(choices)))


def _blade_shown(view: View) -> NDArray[np.float64]:
    """Return the share of each key's blade that is neither hidden nor outside the view, (n,)."""
    shown = part_areas(view.parts)[2::2][: len(view.keys)]
    return np.asarray(shown / np.maximum(view.keys[:, BLADE] * view.keys[:, AREA], 1))


def _cut_alone(pools: Pools, keys: Keys, kind: int, rng: np.random.Generator) -> Image:
    """Return an aligned view of a cut-out key on the photo that it was cut out of."""
    cut = pools.scenes.cut(int(rng.choice(keys.cut_out[kind])))
    image = np.ascontiguousarray(cut.pixels[..., :3])
    return _aligned(View(image, np.zeros(image.shape[:2], np.uint8), cut.key[None]), 0, rng)


def _aligned(view: View, row: int, rng: np.random.Generator) -> Image:
    """Return a key of a view as the detector would frame it, at random upside down."""
    key = view.keys[row].copy()
    deviation = CLOSE if rng.random() < CLOSE_SHARE else FAR
    noise = rng.normal(0, deviation * float(np.linalg.norm(key[TIP] - key[HEAD])), 4)
    key[HEAD], key[TIP] = key[HEAD] + noise[:2], key[TIP] + noise[2:]
    key[WIDTH] *= math.exp(rng.normal(0, WIDTH_NOISE))
    if rng.random() < SWAP_SHARE:
        key[HEAD], key[TIP] = key[TIP].copy(), key[HEAD].copy()
    crop = extract(view.image, key_region(key), SIZE)
    return np.ascontiguousarray(crop[::-1] if rng.random() < 0.5 else crop)


def _loose_matrix(key: NDArray[np.float64], size: tuple[int, int], rng: np.random.Generator) -> Affine:
    """Return a random matrix from a photo of a size (width, height) to a loose frame around a key."""
    angle = math.pi / 2 * int(rng.integers(4)) + rng.normal(0, LOOSE_TILT)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    aspect = math.sqrt(log_uniform(rng, 1 / LOOSE_ASPECT, LOOSE_ASPECT))
    shape = np.array([aspect, 1 / aspect])  # width and height of the frame, relative to each other
    photo = np.abs(rotation) @ np.array(size, float)  # its extent in the frame's directions
    corners = segment_box(key[HEAD], key[TIP], float(key[WIDTH])) @ rotation.T
    extent, centre = np.ptp(corners, axis=0), corners.mean(axis=0)
    side = float((extent / shape).max()) / log_uniform(rng, *LOOSE_EXTENT)
    frame = shape * min(side, float((photo / shape).min()))
    frame = np.maximum(frame, np.minimum(extent / LOOSE_EXTENT[1], photo))  # of another shape, if it must be
    centre = centre + rng.uniform(-0.5, 0.5, 2) * np.maximum(frame - extent, 0)
    middle = rotation @ (np.array(size) / 2)
    centre = np.clip(centre, middle - (photo - frame) / 2, middle + (photo - frame) / 2)
    scale = np.array([1.0, 1.0 if rng.random() < 0.5 else -1.0]) * SIZE / frame
    return matrix_about(scale[:, None] * rotation, rotation.T @ centre, np.array([SIZE / 2, SIZE / 2]))


def _others_share(view: View, kind: int, matrix: Affine) -> float:
    """Return the share of the keys in a frame, by their size, that are of another kind."""
    middles = map_points((view.keys[:, HEAD] + view.keys[:, TIP]) / 2, matrix)
    inside = ((middles > 0) & (middles < SIZE)).all(axis=1)
    areas = inside * np.linalg.norm(view.keys[:, TIP] - view.keys[:, HEAD], axis=1) * view.keys[:, WIDTH]
    return float(areas[view.keys[:, KIND] != kind].sum() / max(areas.sum(), 1.0))


def _negative(pools: Pools, keys: Keys, rng: np.random.Generator, *, loose: bool) -> Image:
    """Return a part of a photo or a scene without keys, framed as if it were a key, or loosely."""
    if len(keys.keyless) and rng.random() < 0.5:
        image = pools.scenes.scene(int(rng.choice(keys.keyless))).image
    else:
        photo = pools.backgrounds.scene(int(rng.integers(len(pools.backgrounds))))
        if pools.things and rng.random() < NEGATIVE_CLUTTER_SHARE:
            photo.image = photo.image.copy()  # the pool's is read-only
            litter(photo, pools.things, rng)
        image = photo.image
    size = np.array(image.shape[1::-1], float)
    width = log_uniform(rng, *NEGATIVE_WIDTHS) * float(size.max())
    angle = rng.uniform(0, 2 * math.pi)
    region = OrientedCrop(
        (float(rng.uniform(0.2, 0.8) * size[0]), float(rng.uniform(0.2, 0.8) * size[1])),
        (math.cos(angle), math.sin(angle)),
        width,
    )
    if not loose:
        return extract(image, region, SIZE)
    along = np.array(region.axis) * width / 2
    key = np.zeros(KIND + 1)
    key[HEAD], key[TIP], key[WIDTH] = region.centre - along, region.centre + along, width / 3
    matrix = _loose_matrix(key, (image.shape[1], image.shape[0]), rng)
    return warp(image, matrix, (SIZE, SIZE), cv2.BORDER_REFLECT_101)


def _changed(image: Image, rng: np.random.Generator) -> Image:
    """Return the view recoloured, with the defects of real photos, and perhaps with a covered patch."""
    image = degrade(recolour(image, rng), rng)
    if rng.random() < ERASE_SHARE:
        shape = math.sqrt(log_uniform(rng, 1 / ERASE_SHAPE, ERASE_SHAPE))
        side = math.sqrt(float(rng.uniform(*ERASE_AREA))) * SIZE
        width, height = max(round(side * shape), 1), max(round(side / shape), 1)
        x, y = rng.integers(0, SIZE, 2).tolist()
        image = np.array(image)
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    return np.ascontiguousarray(image)
