"""Render the views of the kinds' pages: src/keykind/kinds/<kind>/views.

    python web/scripts/views.py [KIND ...] [--only SHOWS] [--sheet FILE]

In:    `[pictures]` in <kind>/page.toml: the seeds of its key and of another one, where its mark is seen from
Out:   1-side.avif, 2-angle.avif, 3-mark.avif, 4-variant.avif of each kind, transparent around the key; with
       --sheet, all of them in one picture, on a light and on a dark ground
Needs: keykind[render]

They change only with this script, the keys and the renderer, and are committed: building the app does not
need Mitsuba. All are lit by the same drawn light tent, so that none needs a photo or an environment map.
"""

import argparse
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.geometry import segment_box
from keykind.core.kind_pages import VIEWS, KindPage, read_pages
from keykind.detect.align import crop_around
from keykind.render.keys.catalogue import draw_key
from keykind.render.paint.grounds import Ground
from keykind.render.paint.lights import directions, irradiance
from keykind.render.scenes.atlas import paint_atlas
from keykind.render.scenes.camera import Camera, frame_points
from keykind.render.scenes.layout import Body, make_body
from keykind.render.scenes.scene import CameraStyle, Scene
from keykind.render.solids import Part
from keykind.render.studio.denoise import denoise
from keykind.render.studio.isp import apply_isp
from keykind.render.studio.renderer import LABEL_SCALE, GBuffer, Renderer
from keykind.render.studio.variant import choose_variant

FOLDER = Path(__file__).parents[2] / "src" / "keykind" / "kinds"
SIZE = (480, 300)  # px
SUPERSAMPLING = 2  # rendered larger by this factor, then reduced
SAMPLES = 16  # per rendered pixel
FOV = 18.0  # degrees along the longer side, of a lens for product photos
FILL = 0.94  # of the frame, by the key
MARK_FILL = 0.76  # of the frame, by the mark; the rest of the key fades out at the frame
FADE = 40  # px, from the frame, of the view of the mark
MAX_BYTES = 7600  # of a file
QUALITIES = range(62, 20, -3)  # of the AVIF encoder; the first whose file is small enough
FROM = {  # directions from the key to the camera; the tip is at +x, the bitting at -y
    "side": (0.0, -0.3, 1.0),
    "angle": (0.62, -0.8, 0.75),
    "variant": (0.12, -0.5, 1.0),
}
# Panels of the light tent: polar angle and azimuth in degrees, half sizes as tangents, radiance.
PANELS = (
    (50.0, 105.0, (0.8, 0.38), 3.2),  # softbox behind
    (72.0, -165.0, (0.35, 0.7), 1.8),
    (68.0, -15.0, (0.2, 0.6), 1.3),
    (42.0, -85.0, (0.6, 0.26), 0.02),  # dark cards give metal its contours
    (70.0, 40.0, (0.25, 0.4), 0.03),
)
SOFT = 0.25  # width of a panel's edge, as a tangent
ZENITH, HORIZON, BELOW = 0.52, 0.3, 0.4  # radiance of the tent; share of it below the horizon
GREY, DEPTH = 0.45, 200.0  # reflectance of the ground, and mm from the key to it
STYLE = CameraStyle(
    exposure=50.0,  # no limit: the highlights of the key decide
    share=0.5,
    burnt=0.62,
    cast=(1.0, 1.0, 1.0),
    contrast=1.25,
    saturation=1.0,
    vignette=0.0,
    blur=0.0,
    shake=(0.0, 0.0),
    noise=0.0,
    sharpening=0.25,
    quality=95,
    reduction=1.0,
    cut_out=False,
    graphics=False,
)


def light_tent() -> np.ndarray:
    """Return the (n, 2 n, 3) float32 environment map."""
    up = directions()[..., 2:]
    light = np.repeat(HORIZON + (ZENITH - HORIZON) * up, 3, axis=-1)
    for polar, azimuth, half, level in PANELS:
        p, a = np.radians(polar), np.radians(azimuth)
        towards = np.array([np.sin(p) * np.cos(a), np.sin(p) * np.sin(a), np.cos(p)])
        east = np.array([-np.sin(a), np.cos(a), 0.0])
        local = directions() @ np.stack([towards, east, np.cross(towards, east)], axis=1).astype(np.float32)
        across = np.abs(local[..., 1:] / np.maximum(local[..., :1], 1e-3)) - np.array(half)
        mask = np.clip(0.5 - across.max(axis=-1) / SOFT, 0, 1) * (local[..., 0] > 0)
        light = light + (level - light) * mask[..., None]
    light[len(light) // 2 :] *= BELOW
    return np.asarray(light * (np.pi / irradiance(light).mean()), dtype=np.float32)


def views(page: KindPage) -> Iterator[tuple[str, Body, Camera, int]]:
    """Yield what each view shows, its key and its camera, and the seed of the key."""
    pictures = page.pictures
    key, other = _key(page.name, pictures.key), _key(page.name, pictures.variant)
    whole = key.vertices()
    yield "side", key, _camera(FROM["side"], whole, FILL), pictures.key
    yield "angle", key, _camera(FROM["angle"], whole, FILL), pictures.key
    yield "mark", key, _camera(pictures.mark_from, _mark(key, page), MARK_FILL), pictures.key
    yield "variant", other, _camera(FROM["variant"], other.vertices(), FILL), pictures.variant


def _key(kind: str, seed: int) -> Body:
    """Return a key without invented names, which would distract from its shape; icons of buttons stay."""
    solid, _ = draw_key(kind, np.random.default_rng(seed))
    return make_body(replace(solid, parts=tuple(map(_without_names, solid.parts))))


def _without_names(part: Part) -> Part:
    stamps = tuple(stamp for stamp in part.surface.stamps if ":" in stamp.text)  # shapes, not literal text
    return replace(part, surface=replace(part.surface, stamps=stamps))


def _mark(key: Body, page: KindPage) -> np.ndarray:
    """Return the vertices (n, 3) of a key in the region of its mark, mm."""
    points, head, tip = key.vertices(), np.asarray(key.solid.head), np.asarray(key.solid.tip)
    along = (tip - head) / np.linalg.norm(tip - head)
    across = np.array([-along[1], along[0]])
    width = 2 * float(np.abs((points[:, :2] - head) @ across).max())
    crop = crop_around(head, tip, segment_box(head, tip, width))
    away = points[:, :2] - np.asarray(crop.centre)
    u, v = away @ along / crop.width + 0.5, away @ across / (crop.width / 2) + 0.5
    left, top, right, bottom = page.region
    return np.asarray(points[(u >= left) & (u <= right) & (v >= top) & (v <= bottom)])


def _camera(direction: tuple[float, float, float], points: np.ndarray, fill: float) -> Camera:
    """Return a camera that sees the points fill a share of the frame, from this direction."""
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    towards = np.asarray(direction) / np.linalg.norm(direction)
    size = (SIZE[0] * SUPERSAMPLING, SIZE[1] * SUPERSAMPLING)
    up = np.array([0.0, 1.0, 0.0]) if abs(towards[2]) > 0.9 else np.array([0.0, 0.0, 1.0])
    return frame_points(Camera(target + towards * 100, target, up, FOV, 0.01, 100.0, size), points, fill)


def render(renderer: Renderer, key: Body, camera: Camera, seed: int) -> Image.Image:
    """Return the key as an RGBA picture of SIZE."""
    ones = np.ones((64, 64), dtype=np.float32)
    ground = Ground(np.full((64, 64, 3), GREY, dtype=np.float32), ones, 0 * ones, 0 * ones, 2 * DEPTH)
    scene = Scene("product", (key,), ground, 0.0, DEPTH, light_tent(), np.eye(3), camera, STYLE)
    atlas = paint_atlas(scene, np.random.default_rng(seed))
    gbuffer = renderer.render_gbuffer(scene, atlas, seed)
    radiance, noise = renderer.render_radiance(gbuffer, camera, SAMPLES, seed)
    coverage = _coverage(gbuffer)
    inside = _without_ground(denoise(radiance, noise, gbuffer), coverage)
    photo = apply_isp(inside, STYLE, coverage, np.random.default_rng(seed))
    return _reduced(np.asarray(photo), coverage)


def _coverage(gbuffer: GBuffer) -> np.ndarray:
    """Return the share (h, w) of each pixel that shows the key."""
    height, width = gbuffer.albedo.shape[:2]
    parts = gbuffer.parts.reshape(height, LABEL_SCALE, width, LABEL_SCALE)
    return np.asarray((parts >= 0).mean(axis=(1, 3)))


def _without_ground(radiance: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    """Return the radiance with pixels at the key's outline coloured as the key beside them."""
    inside = (coverage == 1)[..., None].astype(np.float32)
    total, count = _sums(radiance * inside), _sums(inside)
    return np.asarray(np.where((inside == 0) & (count > 0), total / np.maximum(count, 1), radiance))


def _sums(values: np.ndarray) -> np.ndarray:
    """Return the sums over 3 x 3 px of (h, w, c)."""
    height, width = values.shape[:2]
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    return np.asarray(sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3)))


def _reduced(photo: np.ndarray, coverage: np.ndarray) -> Image.Image:
    """Return the RGBA picture of SIZE of a supersampled one; transparent pixels do not tint its outline."""
    blocks = (SIZE[1], SUPERSAMPLING, SIZE[0], SUPERSAMPLING)
    alpha = coverage.reshape(blocks).mean(axis=(1, 3))
    colour = (photo * coverage[..., None]).reshape(*blocks, 3).mean(axis=(1, 3))
    colour = colour / np.maximum(alpha, 1e-3)[..., None]
    pixels = np.concatenate([colour, 255 * alpha[..., None]], axis=-1)
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def _faded(picture: Image.Image) -> Image.Image:
    """Return the picture with a soft transition to transparent at its frame, where the key is cropped."""
    pixels = np.array(picture)
    ramps = [np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5) / FADE for n in pixels.shape[:2]]
    nearest = np.clip(np.minimum(ramps[0][:, None], ramps[1][None, :]), 0, 1)
    pixels[..., 3] = (pixels[..., 3] * nearest * nearest * (3 - 2 * nearest)).astype(np.uint8)
    return Image.fromarray(pixels)


def encode(picture: Image.Image) -> bytes:
    """Return an AVIF file of at most MAX_BYTES, if a quality of QUALITIES is low enough."""
    for quality in QUALITIES:
        stream = io.BytesIO()
        picture.save(stream, "AVIF", quality=quality, speed=2)
        if stream.tell() <= MAX_BYTES:
            break
    return stream.getvalue()


def contact_sheet(files: list[list[Path]]) -> Image.Image:
    """Return the pictures of each kind in a row, on a light ground and, beside it, on a dark one."""
    columns = max(len(row) for row in files)
    sheet = Image.new("RGB", (2 * columns * SIZE[0], len(files) * SIZE[1]), "#f4f5f7")
    sheet.paste("#14181d", (columns * SIZE[0], 0, *sheet.size))
    for i, row in enumerate(files):
        for j, file in enumerate(row):
            with Image.open(file) as picture:
                picture.load()
            for side in (0, columns):
                sheet.paste(picture, ((side + j) * SIZE[0], i * SIZE[1]), picture)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="default: all")
    parser.add_argument(
        "--only", choices=("side", "angle", "mark", "variant"), metavar="SHOWS", help="one view"
    )
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="also write a contact sheet")
    options = parser.parse_args()
    pages = {name: page for name, page in read_pages().items() if name in (options.kinds or read_pages())}
    renderer = Renderer(choose_variant(), threads=2)
    for name, page in pages.items():
        folder = FOLDER / name / VIEWS
        folder.mkdir(exist_ok=True)
        for i, (shows, key, camera, seed) in enumerate(views(page), 1):
            if options.only not in (None, shows):
                continue
            picture = render(renderer, key, camera, seed)
            content = encode(_faded(picture) if shows == "mark" else picture)
            (folder / f"{i}-{shows}.avif").write_bytes(content)
            print(f"{name}/{i}-{shows}.avif: {len(content)} bytes", flush=True)
    if options.sheet:
        contact_sheet([sorted((FOLDER / name / VIEWS).glob("*.avif")) for name in pages]).save(options.sheet)


if __name__ == "__main__":
    main()
