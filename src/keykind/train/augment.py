"""Crop -> a strongly augmented view: training must not depend on colour, pose, light or camera.

In:    crop (s, s, 3) uint8, the side of the view, a random generator
Out:   view (size, size, 3) uint8
Needs: numpy, pillow

Every amount is drawn anew for each view. The ranges are those of common recipes (colour jitter, RandAugment,
random erasing), widened where phone photos of keys vary more: keys lie at any angle, exposure is automatic.
"""

import math
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keykind.model.preprocess import GREY, Crop

ZOOM = (0.6, 1.6)  # scale: from a small key in a large photo to a key cut off by the photo's edge
MAX_STRETCH = 1.35  # ratio of the scales of the two sides: photos of any aspect ratio are made square
QUARTER_TURN_SHARE = 0.3  # rotated by a multiple of 90 degrees: no corner is empty, as in a photo
FLAT_FILL_SHARE = 0.5  # empty corners get the mean colour of the border; in other views they mirror the photo
MAX_GAMMA = 1.5  # exponent; its inverse is the smallest, as for the next three
MAX_BRIGHTNESS = 1.35  # factor
MAX_CONTRAST = 1.45  # factor about middle grey
MAX_COLOUR_CAST = 1.2  # factor of red and of blue: white balance
SATURATION = (0.3, 1.6)  # factor; 0 is grey
MAX_HUE_SHIFT = 0.08  # either way, in full turns of the colour circle
GREY_SHARE = 0.15  # without colour
DOWNSCALE_SHARE, MIN_DOWNSCALE = 0.3, 0.35  # scaled down and up again; smallest scale
BLUR_SHARE, MAX_BLUR = 0.15, 0.008  # out of focus; largest radius, relative to the side
NOISE_SHARE, MAX_NOISE = 0.3, 12.0  # noisy; largest standard deviation, grey levels
JPEG_SHARE, JPEG_QUALITY = 0.3, (25, 90)  # saved as JPEG; its quality
ERASE_SHARE, ERASE_AREA = 0.2, (0.02, 0.15)  # with an erased patch; its share of the area
CONTEXT_SCALE = 1.4  # width of a crop from which aligned views are taken, relative to the view
MAX_MISALIGNMENT = math.radians(15)  # rotation of an aligned key either way: the detector's largest error
MAX_ALIGNED_ZOOM = 1.25  # factor of its scale; its inverse is the smallest, as for the next
MAX_ALIGNED_STRETCH = 1.2  # ratio of the scales of the two sides
MAX_SHIFT = 0.06  # either way, relative to the side
SWAP_SHARE = 0.1  # with head and tip swapped, as the detector may do
FILTERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.HAMMING,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)  # for resizing: the network must not learn traces of one of them


def strong_view(crop: Crop, size: int, rng: np.random.Generator) -> Crop:
    """Return the crop randomly moved, recoloured and degraded: (s, s, 3) uint8 -> (size, size, 3) uint8.

    A crop larger than `size` gives sharper enlarged views. The same state of `rng` gives the same view.
    """
    image = recolour(_transform(Image.fromarray(crop), size, rng), rng)
    return np.asarray(_erase(degrade(image, rng), rng))


def aligned_view(crop: Crop, size: int, aspect_ratio: float, rng: np.random.Generator) -> Crop:
    """Return a strongly augmented view of an aligned key, as inaccurate as the detector may be.

    crop (s, s, 3) uint8: CONTEXT_SCALE times as wide as the key's crop, which shows a rectangle of the photo
    with the given aspect ratio (width / height). -> (size, size, 3) uint8. The same state of `rng` gives the
    same view.
    """
    angle = float(rng.uniform(-MAX_MISALIGNMENT, MAX_MISALIGNMENT))
    angle += math.pi if rng.random() < SWAP_SHARE else 0.0
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    zoom = _random_factor(MAX_ALIGNED_ZOOM, rng)
    stretch = math.sqrt(_random_factor(MAX_ALIGNED_STRETCH, rng))
    mirror = 1 if rng.random() < 0.5 else -1
    shape = np.array([aspect_ratio, 1.0])
    matrix = rotation * shape / shape[:, None]  # a rotation in the photo, not in the stretched crop
    matrix *= np.array([zoom * stretch, zoom / stretch * mirror]) * len(crop) / (CONTEXT_SCALE * size)
    centre = len(crop) * (0.5 + rng.uniform(-MAX_SHIFT, MAX_SHIFT, 2) / CONTEXT_SCALE)
    shift = centre - matrix @ np.array([size / 2, size / 2])
    affine = (*matrix[0], shift[0], *matrix[1], shift[1])
    resampling = Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.BILINEAR
    image = Image.fromarray(crop)
    moved = image.transform(
        (size, size), Image.Transform.AFFINE, affine, resampling, fillcolor=_border_colour(image)
    )
    return np.asarray(_erase(degrade(recolour(moved, rng), rng), rng))


def _transform(image: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """Return the image scaled, stretched, rotated by any angle, perhaps mirrored, and shifted."""
    zoom, stretch = _log_uniform(*ZOOM, rng), math.sqrt(_random_factor(MAX_STRETCH, rng))
    sides = max(round(size * zoom * stretch), 2), max(round(size * zoom / stretch), 2)
    image = image.resize(sides, _random_filter(rng))
    quarter_turn = rng.random() < QUARTER_TURN_SHARE
    angle = math.pi / 2 * int(rng.integers(4)) if quarter_turn else float(rng.uniform(0, 2 * math.pi))
    mirror = 1 if rng.random() < 0.5 else -1
    rotation = np.array(
        [[math.cos(angle) * mirror, math.sin(angle)], [-math.sin(angle) * mirror, math.cos(angle)]]
    )
    centre = np.array(sides) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(np.array(sides) - size)
    fill: tuple[int, ...] = _border_colour(image)
    if rng.random() >= FLAT_FILL_SHARE:
        image, padding = _mirror_pad(image, centre, size)
        centre = centre + padding
    # Pillow wants the map from pixels of the result to pixels of the source.
    shift = centre - rotation @ np.array([size / 2, size / 2])
    affine = (*rotation[0], shift[0], *rotation[1], shift[1])
    return image.transform(
        (size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR, fillcolor=fill
    )


def _mirror_pad(image: Image.Image, centre: np.ndarray, size: int) -> tuple[Image.Image, np.ndarray]:
    """Pad by reflection as far as a rotated square of `size` about `centre` can reach.

    Return the image and the padding (left, top).
    """
    reach = math.ceil(size * math.sqrt(0.5)) + 1
    before = np.maximum(reach - np.floor(centre), 0).astype(int)
    after = np.maximum(reach + np.ceil(centre) - np.array(image.size), 0).astype(int)
    (left, top), (right, bottom) = before, after
    pixels = np.pad(np.asarray(image), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    return Image.fromarray(pixels), before


def _border_colour(image: Image.Image) -> tuple[int, ...]:
    pixels = np.asarray(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(level) for level in border.mean(axis=0))


def recolour(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the image with other exposure, contrast and white balance, then other hue and saturation."""
    gains = _random_factor(MAX_BRIGHTNESS, rng) * np.array(
        [_random_factor(MAX_COLOUR_CAST, rng), 1.0, _random_factor(MAX_COLOUR_CAST, rng)]
    )
    gamma, contrast = _random_factor(MAX_GAMMA, rng), _random_factor(MAX_CONTRAST, rng)
    curve = (np.arange(256) / 255) ** gamma * gains[:, None]  # one row per channel
    curve = ((curve - 0.5) * contrast + 0.5) * 255
    exposed = image.point(np.rint(np.clip(curve, 0, 255)).astype(int).ravel().tolist())
    saturation = 0.0 if rng.random() < GREY_SHARE else float(rng.uniform(*SATURATION))
    hue = _hue_rotation(2 * math.pi * float(rng.uniform(-MAX_HUE_SHIFT, MAX_HUE_SHIFT)))
    matrix = np.eye(3) * saturation + (1 - saturation) * GREY
    rows = np.hstack([matrix @ hue, np.zeros((3, 1))])
    return exposed.convert("RGB", tuple(rows.ravel().tolist()))


def _hue_rotation(angle: float) -> np.ndarray:
    """Return the rotation (3, 3) of RGB about the grey axis (Rodrigues)."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    rotation: np.ndarray = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return rotation


def degrade(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the image as a worse camera and a messenger would leave it: soft, blurred, noisy, compressed."""
    size = image.size
    if rng.random() < DOWNSCALE_SHARE:
        scale = float(rng.uniform(MIN_DOWNSCALE, 1))
        small = (max(round(size[0] * scale), 2), max(round(size[1] * scale), 2))
        image = image.resize(small, _random_filter(rng)).resize(size, _random_filter(rng))
    if rng.random() < BLUR_SHARE:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, MAX_BLUR)) * size[0]))
    if rng.random() < NOISE_SHARE:
        noise = rng.standard_normal((size[1], size[0], 3), np.float32)
        noisy = np.asarray(image) + noise * np.float32(rng.uniform(0, MAX_NOISE))
        image = Image.fromarray(np.rint(np.clip(noisy, 0, 255)).astype(np.uint8))
    if rng.random() < JPEG_SHARE:
        stream = BytesIO()
        image.save(stream, "JPEG", quality=int(rng.integers(*JPEG_QUALITY)))
        image = Image.open(stream)
        image.load()
    return image


def _erase(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Sometimes cover a patch with one colour (random erasing: Zhong et al. 2017, arXiv:1708.04896)."""
    if rng.random() >= ERASE_SHARE:
        return image
    width, height = image.size
    shape = math.sqrt(_random_factor(3, rng))
    side = math.sqrt(float(rng.uniform(*ERASE_AREA)) * width * height)
    left, top = float(rng.uniform(0, width - 1)), float(rng.uniform(0, height - 1))
    colour = tuple(int(level) for level in rng.integers(0, 256, 3))
    ImageDraw.Draw(image).rectangle((left, top, left + side * shape, top + side / shape), fill=colour)
    return image


def _random_filter(rng: np.random.Generator) -> Image.Resampling:
    return FILTERS[int(rng.integers(len(FILTERS)))]


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """Draw a factor whose logarithm is uniformly distributed."""
    return math.exp(float(rng.uniform(math.log(low), math.log(high))))


def _random_factor(largest: float, rng: np.random.Generator) -> float:
    """Draw a factor between 1 / largest and largest."""
    return _log_uniform(1 / largest, largest, rng)
