"""Pools -> training views: a scene or a background with pasted keys, things and hands, as in phone photos.

In:    Pools; a random generator
Out:   View: image (HEIGHT, WIDTH, 3) uint8 and its keys
Needs: numpy, opencv                                                                       [train]

A view is a photo of a common aspect ratio, turned to landscape, in the upper left of the network's input, as
the detector makes it of any photo. It begins with a photo without keys or a plain ground, with a rendered
scene, or with a real photo whose keys are marked.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.detect.align import PAD_VALUE
from keykind.detect.postprocess import HEIGHT, WIDTH
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector.clutter import Thing, litter
from keykind.train.detector.copy_paste import paste_key, random_poses
from keykind.train.detector.holding import Hand, choose, hold_keys
from keykind.train.detector.keys import Affine, View, move_keys, no_keys, truncate_keys
from keykind.train.detector.photometric import degrade, recolour
from keykind.train.detector.plain import plain_ground
from keykind.train.detector.pool import CutOut, ScenePool
from keykind.train.detector.warp import fills, log_uniform, random_framing, warp, warp_labels

ASPECT_RATIOS = (4 / 3, 4 / 3, 3 / 2, 16 / 9, 1.0, 1.2)  # of photos, each as probable
BACKGROUND_ZOOM, SCENE_ZOOM, SMALL_ZOOM = (1.0, 2.5), (1.0, 2.6), (0.3, 1.0)  # relative to fitting the frame
SMALL_SHARE = 0.25  # of scenes that do not fill the frame, so that keys are small
BACKGROUND_UPRIGHT_SHARE, SCENE_UPRIGHT_SHARE = 0.85, 0.6  # turned by quarter turns only
KEYLESS_SHARE = 0.3  # of backgrounds into which no key is pasted
PLAIN_KEYLESS_SHARE, PLAIN_KEYS = 0.1, (1, 1, 1, 2, 3, 5, 8)  # on plain grounds; each number as probable
BACKGROUND_KEYS, SCENE_KEYS = (1, 8), (1, 6)  # number of pasted keys, upper limit excluded
RECOLOURED_SHARE, RECOLOURED_STRENGTH = 0.5, 0.4  # of views with pasted keys: all of it once more
MEAN_FILL_SHARE = 0.6  # of views whose empty areas have the scene's mean colour; a random one otherwise
FILLED_SHARE, MIN_EMPTY = 0.6, 0.02  # of views with empty areas of at least this share, filled with a photo
SCENE_HAND_SHARE = 0.05  # of views of scenes with a hand
HAND_RECOLOURED_SHARE = 0.4  # of views with a hand that are recoloured once more


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """What training views are made of."""

    scenes: ScenePool  # rendered, with cut-out keys
    backgrounds: ScenePool  # photos without keys
    hands: tuple[Hand, ...] = ()
    marked: ScenePool | None = None  # real photos with marked keys
    things: tuple[Thing, ...] = ()  # small objects other than keys

    def draw_cut(self, rng: np.random.Generator) -> CutOut:
        """Return a random cut-out key."""
        return self.scenes.cut(int(rng.integers(self.scenes.cut_count)))


def training_view(pools: Pools, recipe: DetectorRecipe, rng: np.random.Generator) -> View:
    """Return a random view."""
    size = _random_size(rng)
    on_background = bool(rng.random() < recipe.background_share)
    plain = on_background and bool(rng.random() < recipe.plain_share)
    if plain:
        view = View(recolour(plain_ground(size, rng), rng), np.zeros(size[::-1], np.uint8), no_keys())
    else:
        view = _background(pools, size, rng) if on_background else _scene(pools, size, recipe, rng)
    truncate_keys(view.keys, size)
    if pools.things and rng.random() < recipe.clutter_share:
        litter(view, pools.things, rng)
    if plain:
        count = 0 if rng.random() < PLAIN_KEYLESS_SHARE else int(rng.choice(PLAIN_KEYS))
    elif on_background:
        count = 0 if rng.random() < KEYLESS_SHARE else int(rng.integers(*BACKGROUND_KEYS))
    else:
        count = int(rng.integers(*SCENE_KEYS)) if rng.random() < recipe.paste_share else 0
    _paste(view, pools, count, rng, large=plain)
    hand_share = recipe.hand_share if on_background else SCENE_HAND_SHARE
    if pools.hands and pools.scenes.cut_count and rng.random() < hand_share:
        hold_keys(view, choose(pools.hands, rng), lambda: pools.draw_cut(rng), rng)
        if rng.random() < HAND_RECOLOURED_SHARE:
            view.image = recolour(view.image, rng, RECOLOURED_STRENGTH)
    return _padded(View(degrade(view.image, rng), view.parts, view.keys, view.boxed))


def _random_size(rng: np.random.Generator) -> tuple[int, int]:
    """Return width and height of the photo within the view; the rest is padding."""
    ratio = float(rng.choice(ASPECT_RATIOS))
    if ratio >= WIDTH / HEIGHT:
        return WIDTH, min(round(WIDTH / ratio), HEIGHT)
    return round(HEIGHT * ratio), HEIGHT


def _background(pools: Pools, size: tuple[int, int], rng: np.random.Generator) -> View:
    photo = _draw(pools.backgrounds, rng)
    zoom = log_uniform(rng, *BACKGROUND_ZOOM)
    upright = bool(rng.random() < BACKGROUND_UPRIGHT_SHARE)
    return _framed(
        photo, random_framing(photo.parts.shape, size, zoom, rng, upright=upright), size, pools, rng
    )


def _scene(pools: Pools, size: tuple[int, int], recipe: DetectorRecipe, rng: np.random.Generator) -> View:
    marked = pools.marked if rng.random() < recipe.marked_share else None
    scene = _draw(marked or pools.scenes, rng)
    scene.boxed = len(scene.keys) if marked else 0
    zoom = log_uniform(rng, *(SMALL_ZOOM if rng.random() < SMALL_SHARE else SCENE_ZOOM))
    upright = bool(rng.random() < SCENE_UPRIGHT_SHARE)
    return _framed(
        scene, random_framing(scene.parts.shape, size, zoom, rng, upright=upright), size, pools, rng
    )


def _draw(pool: ScenePool, rng: np.random.Generator) -> View:
    return pool.scene(int(rng.integers(len(pool))))


def _framed(
    scene: View, matrix: Affine, size: tuple[int, int], pools: Pools, rng: np.random.Generator
) -> View:
    """Return a scene mapped into a frame of a size (width, height), recoloured; empty areas are filled."""
    fill = cv2.mean(scene.image)[:3] if rng.random() < MEAN_FILL_SHARE else rng.uniform(0, 255, 3)
    colour = tuple(int(level) for level in fill)
    image = recolour(warp(scene.image, matrix, size, cv2.BORDER_CONSTANT, colour), rng)
    if rng.random() < FILLED_SHARE and not fills(matrix, scene.size, size):
        inside = np.full(scene.parts.shape, 255, np.uint8)
        empty = cv2.bitwise_not(warp_labels(inside, matrix, size))
        if cv2.countNonZero(empty) > MIN_EMPTY * empty.size:
            cv2.copyTo(_other(pools, size, rng), empty, image)
    parts = np.zeros(size[::-1], np.uint8)
    if len(scene.keys):
        parts = warp_labels(scene.parts, matrix, size)
    return View(image, parts, move_keys(scene.keys, matrix), scene.boxed)


def _other(pools: Pools, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a photo without keys that fills the frame."""
    photo = _draw(pools.backgrounds, rng).image
    zoom = log_uniform(rng, *BACKGROUND_ZOOM)
    matrix = random_framing(photo.shape, size, zoom, rng, upright=True)
    return recolour(warp(photo, matrix, size, cv2.BORDER_REFLECT_101), rng)


def _paste(view: View, pools: Pools, count: int, rng: np.random.Generator, *, large: bool) -> None:
    """Paste a number of random keys into the view; large: as in photos of few keys, if they are few."""
    if not count or not pools.scenes.cut_count:
        return
    for pose in random_poses(count, view.size, rng, large=large):
        paste_key(view, pools.draw_cut(rng), pose, rng)
    if rng.random() < RECOLOURED_SHARE:
        view.image = recolour(view.image, rng, RECOLOURED_STRENGTH)


def _padded(view: View) -> View:
    """Return the view in the upper left of the network's input."""
    image = np.full((HEIGHT, WIDTH, 3), PAD_VALUE, np.uint8)
    parts = np.zeros((HEIGHT, WIDTH), np.uint8)
    width, height = view.size
    image[:height, :width], parts[:height, :width] = view.image, view.parts
    return View(image, parts, view.keys, view.boxed)
