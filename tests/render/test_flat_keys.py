"""Tests of cylinder, dimple and laser-track keys: valid solids with the features of their kind."""

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from manifold3d import CrossSection, Manifold

from keykind.kinds.cylinder import draw as cylinder
from keykind.kinds.dimple import draw as dimple
from keykind.kinds.laser_track import draw as laser_track
from keykind.render.keys import blades, blanks, milling
from keykind.render.solids import DegenerateSolid, Head, Solid, plate

KINDS = (cylinder, dimple, laser_track)
SEEDS = 12


def drawn(module) -> list[Solid]:
    keys = []
    for seed in range(SEEDS):
        try:
            keys.append(module.draw(np.random.default_rng(seed)))
        except DegenerateSolid:
            continue
    return keys


@pytest.fixture(scope="module")
def keys() -> dict[str, list[Solid]]:
    return {module.KIND: drawn(module) for module in KINDS}


def volume(solid: Solid) -> float:
    return sum(part.solid.volume() for part in solid.parts)


def bow() -> Head:
    outline = CrossSection.square((20.4, 8.0)).translate((-20.0, -4.0))
    return Head(outline, (), (-20.0, 0.0), None)


def blade(rng) -> blades.Blade:
    return blades.draw_blade((30.0, 8.0, 2.4), (0.0, 0.0), "squared", rng)


def flanks(solid: Solid) -> CrossSection:
    """Return the outline of the blade between a quarter and three quarters of its length."""
    length = solid.tip[0]
    window = CrossSection.square((length / 2, 60.0)).translate((length / 4, -30.0))
    return solid.parts[0].solid.project() ^ window


def cut_share(solid: Solid) -> float:
    """Return the share of the convex outline that is cut away in the middle of the blade."""
    outline = flanks(solid)
    return 1.0 - outline.area() / outline.hull().area()


@pytest.mark.parametrize("module", KINDS)
def test_keys_are_valid_solids(module, keys):
    assert len(keys[module.KIND]) >= SEEDS - 2
    for key in keys[module.KIND]:
        assert key.kind == module.KIND
        assert [part.name for part in key.parts[:2]] == ["blade", "bow"]
        for part in key.parts:
            assert str(part.solid.status()) == "Error.NoError"
            assert part.solid.volume() > 0
        assert all(len(part.solid.decompose()) == 1 for part in key.parts[:2])


@pytest.mark.parametrize("module", KINDS)
def test_the_tip_is_right_of_the_shoulder_and_the_head_left(module, keys):
    for key in keys[module.KIND]:
        assert key.head[0] < 0 < key.tip[0]
        assert key.parts[0].solid.bounding_box()[0] == pytest.approx(0.0, abs=1e-6)
        assert key.parts[0].solid.bounding_box()[3] == pytest.approx(key.tip[0], abs=0.6)


@pytest.mark.parametrize("module", KINDS)
def test_only_the_bow_is_stamped_and_cuts_have_their_own_surface(module, keys):
    for key in keys[module.KIND]:
        assert key.parts[0].surface.stamps == ()
        assert all(part.original_id >= 0 and part.cut_surface is not None for part in key.parts[:2])


@pytest.mark.parametrize("module", KINDS)
def test_the_same_seed_draws_the_same_key(module):
    first, second = (module.draw(np.random.default_rng(5)) for _ in range(2))
    assert volume(first) == volume(second)
    assert first.tip == second.tip


def test_only_the_outline_of_a_pin_tumbler_key_has_cuts(keys):
    notched = np.median([cut_share(key) for key in keys["cylinder"]])
    assert notched > 3 * np.median([cut_share(key) for key in keys["dimple"]])
    assert notched > 3 * np.median([cut_share(key) for key in keys["laser_track"]])


def test_pits_and_tracks_are_on_both_faces(keys):
    for kind in ("dimple", "laser_track"):
        for key in keys[kind]:
            solid = key.parts[0].solid
            blank = blanks.bevelled(solid.project(), solid.bounding_box()[5] - solid.bounding_box()[2], 0.1)
            for side in (1.0, -1.0):
                half = Manifold.cube((200.0, 200.0, 20.0), True).translate((0.0, 0.0, 10.0 * side))
                assert (solid ^ half).volume() < 0.99 * (blank ^ half).volume()


def test_a_cut_that_splits_the_blade_raises():
    rng = np.random.default_rng(0)
    saw = plate(CrossSection.square((1.0, 40.0)).translate((15.0, -20.0)), 10.0)
    with pytest.raises(DegenerateSolid):
        blanks.assemble("cylinder", blade(rng), bow(), [saw], rng)


def test_adjacent_cuts_respect_the_code_data():
    rng = np.random.default_rng(0)
    for spec in (*cylinder.HOUSE, *cylinder.CAR):
        codes = cylinder.code(spec, 10, rng)
        assert np.abs(np.diff(codes)).max() <= spec.macs
        assert 0 <= codes.min() <= codes.max() < spec.depths


def test_bevelling_removes_only_the_edges():
    outline = CrossSection.square((30.0, 8.0)) - CrossSection.circle(2.0, 32).translate((6.0, 4.0))
    solid = blanks.bevelled(outline, 2.0, 0.2)
    assert solid.genus() == 1
    assert 0.97 * plate(outline, 2.0).volume() < solid.volume() < plate(outline, 2.0).volume()


def test_a_groove_is_as_deep_as_its_section_and_has_a_run_out():
    tool = milling.groove(milling.section("flat", 2.0, 0.8), 1.0, 0.0, 0.0, 30.0, 4.0)
    assert tool.bounding_box()[2] == pytest.approx(0.2)
    before = tool.slice(0.95).bounds()[0]
    assert -4.0 < before < 0.0
