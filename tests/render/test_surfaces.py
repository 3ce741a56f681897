"""Tests of render/paint: textures, lights, backdrops and graphics."""

import math

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from keykind.render.paint.backdrops import draw_backdrop
from keykind.render.paint.colours import LUMINANCE
from keykind.render.paint.graphics import draw_graphic
from keykind.render.paint.grounds import MATERIALS, draw_ground
from keykind.render.paint.lights import STYLES, draw_light
from keykind.render.paint.noise import fractal_noise
from keykind.render.paint.stamps import stamp_mask
from keykind.render.paint.surfaces import FINISHES, paint
from keykind.render.paint.tiles import Frame, Tile
from keykind.render.solids import Stamp, Surface

BOX = (-20.0, -10.0, 20.0, 10.0)
SIZE = (120, 60)
SHAPES = (
    "KORVAN", "B 1907", "logo:Talmo", "logo:Ferro", "frame:round", "frame:outline", "pattern:stripes",
    "pattern:knurl", "icon:lock", "icon:unlock", "icon:trunk", "icon:horn",
)  # fmt: skip


def seeded() -> np.random.Generator:
    return np.random.default_rng(7)


def painted(surface: Surface) -> Tile:
    return paint(surface, BOX, SIZE, seeded())


def assert_physical(tile, shape):
    assert tile.colour.shape == (*shape, 3)
    assert tile.colour.dtype == np.float32
    for field in (tile.roughness, tile.metallic, tile.height):
        assert field.shape == shape
        assert field.dtype == np.float32
    assert np.isfinite(tile.height).all()
    for field in (tile.colour, tile.roughness, tile.metallic):
        assert field.min() >= 0
        assert field.max() <= 1


@pytest.mark.parametrize("finish", FINISHES)
def test_every_finish_is_within_range_and_reproducible(finish):
    surface = Surface(True, (0.7, 0.5, 0.3), 0.3, finish, wear=0.7, rust=0.4)
    tile = painted(surface)
    assert_physical(tile, (60, 120))
    np.testing.assert_array_equal(tile.colour, painted(surface).colour)
    np.testing.assert_array_equal(tile.height, painted(surface).height)


def test_an_unknown_finish_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"velvety.*polished"):
        painted(Surface(True, (0.7, 0.7, 0.7), 0.3, "velvety"))


@pytest.mark.parametrize("text", SHAPES)
def test_a_recessed_stamp_lowers_the_surface_only_inside_its_mask(text):
    stamp = Stamp(text, (10.0, 5.0), 4.0, angle=20.0, depth=-0.2)
    without, struck = (painted(Surface(True, (0.7, 0.7, 0.7), 0.3, stamps=s)).height for s in ((), (stamp,)))
    change = struck - without
    assert change.max() <= 0
    assert change.min() == pytest.approx(-0.2, abs=0.02)
    if text != "frame:outline":  # follows the edge of the frame
        assert not change[40:].any()
        assert not change[:, :35].any()


def test_a_stamp_is_at_its_centre_with_y_upwards():
    stamp = Stamp("frame:round", (-12.0, -4.0), 6.0)
    surface = Surface(True, (0.7, 0.7, 0.7), 0.3)
    change = painted(Surface(True, (0.7, 0.7, 0.7), 0.3, stamps=(stamp,))).height - painted(surface).height
    rows, columns = np.nonzero(change < -0.05)
    frame = Frame(BOX, SIZE)
    assert frame.x[0, columns].mean() == pytest.approx(-12.0, abs=0.3)
    assert frame.y[rows, 0].mean() == pytest.approx(-4.0, abs=0.3)


def test_a_logo_depends_on_its_name_alone():
    def drawn(name, seed):
        return stamp_mask(
            Stamp(f"logo:{name}", (0, 0), 12.0), Frame(BOX, SIZE), np.random.default_rng(seed)
        ).mask

    np.testing.assert_array_equal(drawn("Talmo", 1), drawn("Talmo", 2))
    assert (drawn("Talmo", 1) != drawn("Ferro", 1)).any()


def test_a_raised_stamp_adds_height_and_a_printed_one_does_not():
    plain = Surface(False, (0.1, 0.1, 0.1), 0.5, "moulded")
    raised, printed = (
        Surface(
            False, (0.1, 0.1, 0.1), 0.5, "moulded", stamps=(Stamp("KORVAN", (0, 0), 5.0, 0.0, depth, ink),)
        )
        for depth, ink in ((0.3, None), (0.0, (0.9, 0.9, 0.9)))
    )
    assert (painted(raised).height - painted(plain).height).max() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(painted(printed).height, painted(plain).height)
    assert painted(printed).colour.max() > 0.8


def test_rust_is_not_metallic_and_tarnished_brass_is():
    iron = painted(Surface(True, (0.5, 0.5, 0.5), 0.3, "cast", rust=0.6))
    brass = painted(Surface(True, (0.7, 0.5, 0.2), 0.3, "satin", rust=0.6))
    assert 0.4 < (iron.metallic < 0.5).mean() < 0.8
    assert brass.metallic.min() == 1
    assert brass.colour.mean() < 0.8 * np.mean((0.7, 0.5, 0.2))


@pytest.mark.parametrize("material", MATERIALS)
def test_every_ground_is_within_range_and_reproducible(material):
    for seed in range(3):
        first, second = (draw_ground(material, 96, np.random.default_rng(seed)) for _ in range(2))
        assert_physical(first, (96, 96))
        assert 100 < first.width_mm < 500
        np.testing.assert_array_equal(first.colour, second.colour)


def test_an_unknown_ground_or_light_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"lava.*wood"):
        draw_ground("lava", 64, seeded())
    with pytest.raises(ValueError, match=r"laser.*window"):
        draw_light("laser", seeded())


@pytest.mark.parametrize("style", STYLES)
def test_a_white_plane_has_radiance_1_in_every_light(style):
    light = draw_light(style, seeded())
    assert light.shape == (128, 256, 3)
    assert light.min() >= 0
    polar = (np.arange(128) + 0.5) / 128 * math.pi
    falling = np.maximum(np.cos(polar), 0) * np.sin(polar) * (math.pi / 128) * (2 * math.pi / 256)
    assert (light @ LUMINANCE * falling[:, None]).sum() == pytest.approx(math.pi, rel=0.01)
    np.testing.assert_array_equal(light, draw_light(style, seeded()))


def test_backdrops_and_graphics_have_their_size():
    for seed in range(12):
        far = draw_backdrop(64, np.random.default_rng(seed))
        assert far.shape == (64, 64, 3)
        assert np.isfinite(far).all()
        assert far.min() >= 0
        graphic = draw_graphic((160, 120), np.random.default_rng(seed))
        assert graphic.size == (160, 120)
        assert graphic.mode == "RGBA"
        assert np.mean(np.asarray(graphic)[..., 3] == 0) > 0.5


def test_noise_fills_its_range_for_any_cell_size():
    for cell in (0.5, 7.0, (3.0, 200.0), 900.0):
        field = fractal_noise((40, 70), cell, 4, seeded())
        assert field.shape == (40, 70)
        assert 0 <= field.min() < 0.35
        assert 0.65 < field.max() <= 1
