"""Crop -> a strongly varied view of it, for training that must not lean on colour, pose, light or camera.

In:    crop (s, s, 3) uint8, the side of the view, a random generator
Out:   view (size, size, 3) uint8
Needs: numpy, pillow

Every amount is drawn anew for each view. Ranges are those of the usual recipes (colour jitter, RandAugment,
random erasing), widened where phone photos of keys differ more: keys lie at any angle, exposure is automatic.
"""

import math
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keykind.model.preprocess import GREY, Crop

ZOOM = (0.6, 1.6)  # shrunk: the key small in the photo; grown: cut off by its edge
STRETCH = 1.35  # largest ratio of the two sides' zooms: photos of any shape are stretched to a square
UPRIGHT = 0.3  # share turned by whole quarters: no corner is filled, as in a photo
FLAT = 0.5  # share whose empty corners take the mean colour of the border; the rest mirror the photo
GAMMA = 1.5  # largest exponent, and the inverse of the smallest; so are the next four
BRIGHTNESS = 1.35  # factor
CONTRAST = 1.45  # factor about the middle grey
WARMTH = 1.2  # factor of red and of blue: white balance
SATURATION = (0.3, 1.6)  # 0 is grey
HUE = 0.08  # largest turn of the colour circle to either side, in full turns
COLOURLESS = 0.15  # share without colour
SOFT, SOFTEST = 0.3, 0.35  # share shrunk and grown again, and the smallest share of its side it keeps
BLUR, BLUREST = 0.15, 0.008  # share out of focus, and the largest radius as a share of the side
NOISE, NOISIEST = 0.3, 12.0  # share with noise, and its largest standard deviation, grey levels
JPEG, QUALITY = 0.3, (25, 90)  # share written as JPEG, and its quality
ERASED, AREA = 0.2, (0.02, 0.15)  # share with a patch covered, and the patch's share of the area
WIDER = 1.4  # a cut that straight views are taken from shows so many times what the view does
TURN = math.radians(15)  # largest turn of a key that was laid straight; so far off the detector may be
NEARER = 1.25  # largest ratio by which such a view is nearer or farther
SLIMMER = 1.2  # largest ratio of its sides' zooms
ASIDE = 0.06  # largest shift of it, as a share of its side
SWAPPED = 0.1  # share with head and tip swapped, as the detector may have them
FILTERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.HAMMING,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)  # of resizing: no network should know which one was used


def strong_view(crop: Crop, size: int, rng: np.random.Generator) -> Crop:
    """Return the crop moved, coloured and worn anew: (s, s, 3) uint8 -> (size, size, 3) uint8.

    A crop larger than `size` gives sharper grown views. The same state of `rng` gives the same view.
    """
    picture = recolour(_moved(Image.fromarray(crop), size, rng), rng)
    return np.asarray(_covered(wear(picture, rng), rng))


def straight_view(wide: Crop, size: int, slim: float, rng: np.random.Generator) -> Crop:
    """Return a strong view of a key that lies straight, a little off as the detector may be.

    wide (s, s, 3) uint8: WIDER times the key's crop, which shows a rectangle `slim` times wider than high.
    -> (size, size, 3) uint8. The same state of `rng` gives the same view.
    """
    angle = float(rng.uniform(-TURN, TURN)) + (math.pi if rng.random() < SWAPPED else 0.0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    zoom, stretch = _about_one(NEARER, rng), math.sqrt(_about_one(SLIMMER, rng))
    mirror = 1 if rng.random() < 0.5 else -1
    shape = np.array([slim, 1.0])
    matrix = turn * shape / shape[:, None]  # turned as the key lies in the photo, not in the stretched crop
    matrix *= np.array([zoom * stretch, zoom / stretch * mirror]) * len(wide) / (WIDER * size)
    centre = len(wide) * (0.5 + rng.uniform(-ASIDE, ASIDE, 2) / WIDER)
    shift = centre - matrix @ np.array([size / 2, size / 2])
    affine = (*matrix[0], shift[0], *matrix[1], shift[1])
    how = Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.BILINEAR
    fill = _border_colour(picture := Image.fromarray(wide))
    moved = picture.transform((size, size), Image.Transform.AFFINE, affine, how, fillcolor=fill)
    return np.asarray(_covered(wear(recolour(moved, rng), rng), rng))


def _moved(picture: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """Return it zoomed, stretched, turned by any angle, perhaps mirrored, and shifted."""
    zoom, stretch = _between(*ZOOM, rng), math.sqrt(_about_one(STRETCH, rng))
    sides = max(round(size * zoom * stretch), 2), max(round(size * zoom / stretch), 2)
    picture = picture.resize(sides, _filter(rng))
    quarters = rng.random() < UPRIGHT
    angle = math.pi / 2 * int(rng.integers(4)) if quarters else float(rng.uniform(0, 2 * math.pi))
    mirror = 1 if rng.random() < 0.5 else -1
    turn = np.array(
        [[math.cos(angle) * mirror, math.sin(angle)], [-math.sin(angle) * mirror, math.cos(angle)]]
    )
    centre = np.array(sides) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(np.array(sides) - size)
    fill: tuple[int, ...] = _border_colour(picture)
    if rng.random() >= FLAT:
        picture, padding = _mirrored(picture, centre, size)
        centre = centre + padding
    # Pillow asks, for each pixel of the result, where in the source it comes from.
    shift = centre - turn @ np.array([size / 2, size / 2])
    affine = (*turn[0], shift[0], *turn[1], shift[1])
    return picture.transform(
        (size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR, fillcolor=fill
    )


def _mirrored(picture: Image.Image, centre: np.ndarray, size: int) -> tuple[Image.Image, np.ndarray]:
    """Return it continued by its mirror image as far as a turned square of `size` can reach, and how far."""
    reach = math.ceil(size * math.sqrt(0.5)) + 1
    before = np.maximum(reach - np.floor(centre), 0).astype(int)
    after = np.maximum(reach + np.ceil(centre) - np.array(picture.size), 0).astype(int)
    (left, top), (right, bottom) = before, after
    pixels = np.pad(np.asarray(picture), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    return Image.fromarray(pixels), before


def _border_colour(picture: Image.Image) -> tuple[int, ...]:
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(level) for level in border.mean(axis=0))


def recolour(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it in another light: exposure, contrast, white balance, then hue and saturation."""
    gains = _about_one(BRIGHTNESS, rng) * np.array([_about_one(WARMTH, rng), 1.0, _about_one(WARMTH, rng)])
    gamma, contrast = _about_one(GAMMA, rng), _about_one(CONTRAST, rng)
    curve = (np.arange(256) / 255) ** gamma * gains[:, None]  # a row a channel
    curve = ((curve - 0.5) * contrast + 0.5) * 255
    lit = picture.point(np.rint(np.clip(curve, 0, 255)).astype(int).ravel().tolist())
    saturation = 0.0 if rng.random() < COLOURLESS else float(rng.uniform(*SATURATION))
    turned = _hue_turn(2 * math.pi * float(rng.uniform(-HUE, HUE)))
    matrix = np.eye(3) * saturation + (1 - saturation) * GREY
    rows = np.hstack([matrix @ turned, np.zeros((3, 1))])
    return lit.convert("RGB", tuple(rows.ravel().tolist()))


def _hue_turn(angle: float) -> np.ndarray:
    """Return the rotation (3, 3) of RGB about the grey axis (Rodrigues)."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turned: np.ndarray = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return turned


def wear(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it as a worse camera and a messenger would leave it: soft, blurred, noisy, compressed."""
    size = picture.size
    if rng.random() < SOFT:
        share = float(rng.uniform(SOFTEST, 1))
        small = (max(round(size[0] * share), 2), max(round(size[1] * share), 2))
        picture = picture.resize(small, _filter(rng)).resize(size, _filter(rng))
    if rng.random() < BLUR:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, BLUREST)) * size[0]))
    if rng.random() < NOISE:
        noise = rng.standard_normal((size[1], size[0], 3), np.float32)
        noisy = np.asarray(picture) + noise * np.float32(rng.uniform(0, NOISIEST))
        picture = Image.fromarray(np.rint(np.clip(noisy, 0, 255)).astype(np.uint8))
    if rng.random() < JPEG:
        stream = BytesIO()
        picture.save(stream, "JPEG", quality=int(rng.integers(*QUALITY)))
        picture = Image.open(stream)
        picture.load()
    return picture


def _covered(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return it, sometimes with a patch of one colour (random erasing: Zhong et al. 2017, 1708.04896)."""
    if rng.random() >= ERASED:
        return picture
    width, height = picture.size
    shape = math.sqrt(_about_one(3, rng))
    side = math.sqrt(float(rng.uniform(*AREA)) * width * height)
    left, top = float(rng.uniform(0, width - 1)), float(rng.uniform(0, height - 1))
    colour = tuple(int(level) for level in rng.integers(0, 256, 3))
    ImageDraw.Draw(picture).rectangle((left, top, left + side * shape, top + side / shape), fill=colour)
    return picture


def _filter(rng: np.random.Generator) -> Image.Resampling:
    return FILTERS[int(rng.integers(len(FILTERS)))]


def _between(low: float, high: float, rng: np.random.Generator) -> float:
    """Return a factor between two others, drawn evenly on the scale of its logarithm."""
    return math.exp(float(rng.uniform(math.log(low), math.log(high))))


def _about_one(most: float, rng: np.random.Generator) -> float:
    return _between(1 / most, most, rng)
