"""Tests of heads and props: valid solids of plausible size, reproducible by seed."""

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from manifold3d import CrossSection, Manifold

from keykind.render.keys.bows import STYLES, draw_head
from keykind.render.props.catalogue import BLADELESS, PROPS, draw_prop, draw_ring
from keykind.render.solids import triangles

NECK, THICKNESS = 8.0, 2.2  # mm


def head(style, seed):
    return draw_head(style, NECK, THICKNESS, np.random.default_rng(seed))


def assert_valid(parts):
    for part in parts:
        assert str(part.solid.status()) == "Error.NoError", part.name
        assert part.solid.volume() > 0.1, part.name
        assert np.isfinite(triangles(part).normals).all(), part.name


def volumes(parts):
    return [part.solid.volume() for part in parts]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_a_head_is_one_piece_and_as_high_as_the_blade_at_the_shoulder(style, seed):
    result = head(style, seed)
    assert len(result.outline.decompose()) == 1
    at_shoulder = result.outline ^ CrossSection.square((0.02, 99.0)).translate((-0.01, -49.5))
    _, low, _, high = at_shoulder.bounds()
    assert (low, high) == pytest.approx((-NECK / 2, NECK / 2), abs=0.01)
    assert result.outline.bounds()[2] <= 0.5
    assert_valid(result.parts)


@pytest.mark.parametrize("style", [style for style in STYLES if style != "half_open"])
@pytest.mark.parametrize("seed", range(4))
def test_a_head_is_entirely_behind_the_shoulder(style, seed):
    result = head(style, seed)
    assert all(part.solid.bounding_box()[3] <= 0.1 for part in result.parts)
    assert result.end[0] < result.hole[0] < 0


@pytest.mark.parametrize("seed", range(8))
def test_a_half_open_flip_key_leaves_the_blade_free(seed):
    result = head("half_open", seed)
    blade = Manifold.cube((40.0, NECK, THICKNESS)).translate((0.2, -NECK / 2, -THICKNESS / 2))
    assert sum((part.solid ^ blade).volume() for part in result.parts) < 0.02 * blade.volume()
    assert np.hypot(*result.end) > 40  # the far end of the fob


@pytest.mark.parametrize("name", BLADELESS)
@pytest.mark.parametrize("seed", range(8))
def test_a_remote_has_its_loop_at_its_head_and_shows_no_blade(name, seed):
    remote = draw_prop(name, np.random.default_rng(seed))
    assert remote.bladeless
    assert remote.kind is None
    assert remote.hole is not None
    assert remote.head[0] < remote.hole[0] < remote.tip[0]
    assert 40 < remote.tip[0] - remote.head[0] < 110
    assert all(part.name != "blade" for part in remote.parts)


@pytest.mark.parametrize("seed", range(20))
def test_a_ring_fits_through_the_hole_of_any_bow(seed):
    result = head("metal", seed)
    eye = CrossSection.circle(0.8, 16).translate(result.hole)
    assert (result.outline ^ eye).area() == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("style", STYLES)
def test_the_same_seed_draws_the_same_head(style):
    first, again = head(style, 5), head(style, 5)
    assert first.outline.area() == again.outline.area()
    assert volumes(first.parts) == volumes(again.parts)
    assert first.stamps == again.stamps


def test_an_unknown_style_is_named_in_the_error():
    with pytest.raises(ValueError, match="wooden"):
        head("wooden", 0)


@pytest.mark.parametrize("name", PROPS)
def test_a_prop_is_valid_and_centred_on_height_zero(name):
    for seed in range(3):
        prop = draw_prop(name, np.random.default_rng(seed))
        assert prop.kind is None
        assert_valid(prop.parts)
        boxes = np.array([part.solid.bounding_box() for part in prop.parts])
        low, high = boxes[:, 2].min(), boxes[:, 5].max()
        assert (low, high) == pytest.approx((-prop.thickness / 2, prop.thickness / 2), abs=0.01)


@pytest.mark.parametrize("name", PROPS)
def test_the_same_seed_draws_the_same_prop(name):
    first, again = (draw_prop(name, np.random.default_rng(9)) for _ in range(2))
    assert volumes(first.parts) == volumes(again.parts)


def test_an_unknown_prop_is_named_in_the_error():
    with pytest.raises(ValueError, match="dragon"):
        draw_prop("dragon", np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(6))
def test_a_ring_passes_through_the_hole_and_has_the_given_radius(seed):
    hole, radius = (-20.0, 3.0), 11.0
    ring = draw_ring(hole, radius, np.random.default_rng(seed)).solid
    inside = Manifold.cylinder(8.0, 4.0, center=True).translate((*hole, 0.0))
    assert (ring ^ inside).volume() > 1.0
    left, low, bottom, right, high, top = ring.bounding_box()
    assert max(right - left, high - low, top - bottom) == pytest.approx(2 * radius, abs=4.0)
