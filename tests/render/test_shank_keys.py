"""Tests of mortice, double-bit, cruciform and tubular keys: valid solids with the features of their kind."""

import numpy as np
import pytest

pytest.importorskip("manifold3d", reason="the extra render is not installed")

from manifold3d import CrossSection, Manifold, OpType

from keykind.kinds.cruciform import draw as cruciform
from keykind.kinds.double_bit import draw as double_bit
from keykind.kinds.mortice import draw as mortice
from keykind.kinds.tubular import draw as tubular
from keykind.render.keys import mortice_bits, mortice_bows, rounded
from keykind.render.keys.mortice_shanks import assemble_solid
from keykind.render.solids import DegenerateSolid, Head, Solid, Surface, plate

KINDS = {
    "mortice": mortice.draw,
    "double_bit": double_bit.draw,
    "cruciform": cruciform.draw,
    "tubular": tubular.draw,
}
SEEDS = 12


def drawn(draw, seeds=SEEDS) -> list[Solid]:
    """Return one solid per seed; a degenerate one is redrawn, as in the renderer."""
    solids = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        for _ in range(5):
            try:
                solids.append(draw(rng))
                break
            except DegenerateSolid:
                continue
    return solids


@pytest.fixture(scope="module")
def keys() -> dict[str, list[Solid]]:
    return {kind: drawn(draw) for kind, draw in KINDS.items()}


def blade(key: Solid) -> Manifold:
    return next(part.solid for part in key.parts if part.name == "blade")


def section(key: Solid, x: float) -> CrossSection:
    """Return the cross-section of the blade x mm from the shoulder."""
    return blade(key).translate((-x, 0.0, 0.0)).rotate((0.0, -90.0, 0.0)).slice(0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_a_valid_solid_and_the_metal_is_one_piece(keys, kind):
    assert len(keys[kind]) == SEEDS
    for key in keys[kind]:
        for part in key.parts:
            assert str(part.solid.status()) == "Error.NoError"
            assert part.solid.volume() > 0
        metal = [part.solid for part in key.parts if part.name in ("blade", "bow")]
        assert len(Manifold.batch_boolean(metal, OpType.Add).decompose()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_tip_and_head_are_on_either_side_of_the_shoulder(keys, kind):
    for key in keys[kind]:
        assert key.kind == kind
        assert key.head[0] < 0 < key.tip[0]
        assert blade(key).bounding_box()[0] > -1e-6
        assert blade(key).bounding_box()[3] == pytest.approx(key.tip[0], abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ring_fits_through_the_hole(keys, kind):
    for key in keys[kind]:
        assert key.hole is not None
        pin = Manifold.cylinder(60.0, 0.4, center=True).translate((*key.hole, 0.0))
        assert all((part.solid ^ pin).is_empty() for part in key.parts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_key(kind):
    first, second = drawn(KINDS[kind], 2), drawn(KINDS[kind], 2)
    for a, b in zip(first, second, strict=True):
        assert [p.solid.volume() for p in a.parts] == [p.solid.volume() for p in b.parts]
        assert [p.surface for p in a.parts] == [p.surface for p in b.parts]


def test_the_end_of_a_tubular_key_is_hollow_and_notched(keys):
    for key in keys["tubular"]:
        uncut, end = section(key, key.tip[0] - 4.5), section(key, key.tip[0] - 0.4)
        axis = CrossSection.circle(1.5)
        assert (end ^ axis).is_empty()
        assert end.area() < uncut.area()


def test_a_cruciform_key_has_three_or_four_wings(keys):
    for key in keys["cruciform"]:
        wings = section(key, key.tip[0] - 2.5) - CrossSection.circle(2.2)
        assert len([wing for wing in wings.decompose() if wing.area() > 0.3]) in (3, 4)


def test_the_bit_of_a_mortice_key_is_on_one_side():
    for key in drawn(mortice.draw_modern, 6) + drawn(mortice.draw_show, 6):
        _, low, _, _, high, _ = blade(key).trim_by_plane((1.0, 0.0, 0.0), key.tip[0] * 0.6).bounding_box()
        assert -low > 2 * high


def test_a_double_bit_key_has_a_bit_on_both_sides(keys):
    for key in keys["double_bit"]:
        sides = section(key, key.tip[0] - 6.0)
        _, low, _, high = sides.bounds()
        assert low < -4.5
        assert high > 4.5


def test_cuts_of_modern_keys_have_their_own_surface():
    for key in drawn(mortice.draw_modern, 4) + drawn(tubular.draw, 4) + drawn(cruciform.draw, 4):
        part = key.parts[0]
        origins = set(part.solid.to_mesh().run_original_id)
        assert part.cut_surface is not None
        assert part.original_id in origins
        assert len(origins) > 1


@pytest.mark.parametrize("style", mortice_bows.STYLES)
def test_bows_of_every_style_are_one_piece_behind_the_shoulder(style):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        bow = mortice_bows.draw_bow(style, rng.uniform(20, 42), rng)
        assert len(bow.solid.decompose()) == 1
        assert bow.solid.bounding_box()[3] <= 0


@pytest.mark.parametrize("name", mortice_bits.PATTERNS)
def test_every_pattern_of_a_bit_is_attached_to_the_shank(name, monkeypatch):
    monkeypatch.setitem(mortice_bits.FORMS, "one", mortice_bits.patterned((name,)))
    bit = mortice_bits.draw_bit("one", 9.0, 10.0, np.random.default_rng(0))
    assert 20.0 < bit.area() < 91.0


def test_a_cut_that_splits_the_key_raises():
    halves = plate(
        CrossSection.square((2.0, 2.0)) + CrossSection.square((2.0, 2.0)).translate((5.0, 0.0)), 1.0
    )
    head = Head(CrossSection(), (), (-9.0, 0.0), None)
    with pytest.raises(DegenerateSolid, match="2 pieces"):
        assemble_solid("mortice", halves, (Surface(True, (0.5, 0.5, 0.5), 0.3), None), -1, head, 7.0)


def test_a_detached_bit_raises(monkeypatch):
    loose = CrossSection.square((5.0, 2.0)).translate((0.0, -8.0))
    monkeypatch.setitem(mortice_bits.FORMS, "loose", lambda width, height, rng: loose)
    with pytest.raises(DegenerateSolid, match="attached"):
        mortice_bits.draw_bit("loose", 5.0, 8.0, np.random.default_rng(0))


def test_a_cast_plate_stays_inside_its_outline():
    outline = CrossSection.square((12.0, 9.0)) - CrossSection.circle(2.0, 24).translate((6.0, 4.0))
    solid = rounded.cast(outline, 3.0, 0.4)
    assert solid.genus() == 1
    assert 0.85 * outline.area() * 3.0 < solid.volume() < outline.area() * 3.0


def test_unknown_styles_and_forms_are_named_in_the_error():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"'gothic'.*framed"):
        mortice_bows.draw_bow("gothic", 30.0, rng)
    with pytest.raises(ValueError, match=r"'gothic'.*levered"):
        mortice_bits.draw_bit("gothic", 8.0, 9.0, rng)
