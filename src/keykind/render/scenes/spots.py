"""Keys where they are used and kept: in a door lock, in a padlock, in a bowl; or held upright.

In:    SceneDraft
Out:   further bodies in the draft
Needs: numpy, pillow, manifold3d    [render]

A door is the plane z = 0; gravity is along +y. What is behind the door is hidden by it.
"""

import numpy as np
from manifold3d import CrossSection, Manifold

from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import filleted, lathed, moulded
from keykind.render.paint.colours import hex_colour
from keykind.render.props.catalogue import draw_prop
from keykind.render.scenes.bunches import hang_bunch
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import Body, make_body, rotation_matrix
from keykind.render.scenes.several import unplaced
from keykind.render.solids import Part, Solid, Surface, plate

PLUG = 6.5  # mm, radius of the plug of a cylinder
BOWL_RADII = (42.0, 75.0)  # mm, of the flat bottom of a bowl
GLAZES = ("e8e4da", "3a5a8c", "7a4a2a", "2e2e30", "5f7f5a", "b04a3a")


def in_door(draft: SceneDraft, key: Body, others: list[Body]) -> None:
    """Put a key into a cylinder in a door, with others hanging from it on a ring."""
    own = unplaced(key)
    out = draft.uniform(2.0, 9.0)  # mm from the door to the face of the cylinder
    blade = float(own.solid.tip[0])
    inside = blade * (1.0 if draft.chance(0.5) else draft.uniform(0.15, 0.95))
    draft.bodies.append(door_lock(draft, out))
    into = rotation_matrix("y", 90.0)  # x to -z
    rolled = rotation_matrix("z", float(draft.rng.choice([0, 180, draft.uniform(0, 360)], p=[0.4, 0.4, 0.2])))
    placed = own.rotated(rolled @ into).translated(np.array([0.0, 0.0, out + blade - inside]))
    draft.bodies.insert(0, placed)
    if others and placed.solid.hole:
        hole = placed.to_world(np.array([[*placed.solid.hole, 0.0]]))[0]
        hang_bunch(draft, others, hole - np.array([0.0, 1.0, 0.0]), int(draft.rng.integers(0, 2)))
    draft.bodies.sort(key=lambda body: body.solid.kind is None)


def door_lock(draft: SceneDraft, out: float) -> Body:
    """Return the part of a lock that shows on a door: rosette or long plate, body and plug."""
    rng = draft.rng
    profile = CrossSection.circle(8.5, 40) + box(10.0, 22.0, 4.5).translate((0.0, 14.0))
    rim = draft.choose({"rosette": 3, "long": 2, "round": 3})
    area = {
        "rosette": ellipse(draft.uniform(42, 56), draft.uniform(42, 60)).translate((0.0, 8.0)),
        "long": box(draft.uniform(32, 46), draft.uniform(150, 240), draft.uniform(1, 12)).translate(
            (0.0, -50.0)
        ),
        "round": CrossSection.circle(draft.uniform(12, 19), 48),
    }[rim]
    cover, bright = metal_surface(rng), metal_surface(rng, name=str(rng.choice(["brass", "nickel"])))
    high = out * draft.uniform(0.3, 0.9) if rim != "round" else out
    escutcheon = moulded(filleted(area, 0.5), 2 * high, min(1.0, high * 0.5)).trim_by_plane(
        (0.0, 0.0, 1.0), 0.0
    )
    body = CrossSection.circle(11.0, 40) if rim == "round" else profile
    solid = Manifold.extrude(body, out) - Manifold.cylinder(99.0, PLUG, circular_segments=40, center=True)
    plug = Manifold.cylinder(out - 0.2, PLUG - 0.15, circular_segments=40)
    hollow = escutcheon - Manifold.extrude(body.offset(-0.2), 99.0)
    parts = [Part(solid, "cylinder", bright), Part(plug, "plug", bright)]
    if not hollow.is_empty():
        parts.append(Part(hollow, "escutcheon", cover))
    return make_body(Solid(None, tuple(parts), (0.0, -10.0), (0.0, 25.0)))


def in_padlock(draft: SceneDraft, key: Body) -> None:
    """Lay a padlock on the table with a key in its bottom, in full or in part."""
    lock = make_body(draw_prop("padlock", draft.rng))
    floor = float(lock.solid.parts[0].solid.bounding_box()[0])  # x of its bottom
    own = unplaced(key)
    deep = own.solid.tip[0] * draft.uniform(0.1, 0.95)
    middle = 0.0 if draft.chance(0.7) else draft.uniform(-4, 4)
    roll = rotation_matrix("x", float(draft.rng.choice([0.0, 180.0, 90.0], p=[0.45, 0.45, 0.1])))
    held = own.translated(np.array([0.0, -own.solid.tip[1], 0.0])).rotated(roll)
    held = held.translated(np.array([floor + deep - own.solid.tip[0], middle, 0.0]))
    turn = rotation_matrix("z", draft.uniform(0, 360))
    lift = np.array([0.0, 0.0, -min(lock.vertices()[:, 2].min(), held.vertices()[:, 2].min())])
    for body in (held, lock):
        placed = body.rotated(turn).translated(lift)
        draft.bodies.append(placed)
        draft.table.cover(placed)


def in_bowl(draft: SceneDraft, bodies: list[Body]) -> None:
    """Heap keys in a bowl or a tray."""
    radius, high = draft.uniform(*BOWL_RADII), draft.uniform(8.0, 45.0)
    wall, flare = draft.uniform(2.0, 4.5), draft.uniform(4.0, 35.0)
    side = [(0.0, radius), (high * 0.4, radius + flare * 0.6), (high, radius + flare)]
    inside = [(max(x, wall), r - wall) for x, r in reversed(side)]
    profile = [(0.0, 0.0), *side, *inside, (wall, 0.0)]
    clay = lathed(profile, 56).rotate((0.0, -90.0, 0.0))
    glaze = hex_colour(str(draft.rng.choice(GLAZES)))
    colour = (float(glaze[0]), float(glaze[1]), float(glaze[2]))
    surface = Surface(False, colour, draft.uniform(0.08, 0.5), "painted")
    if draft.chance(0.3):
        surface = metal_surface(draft.rng)
    bowl = make_body(Solid(None, (Part(clay, "bowl", surface),), (-radius, 0.0), (radius, 0.0)))
    draft.bodies.append(draft.table.put(bowl))
    for body in bodies:
        angle, out = draft.uniform(0, 2 * np.pi), draft.uniform(0, 0.55) * radius
        lean = rotation_matrix("x", float(draft.rng.normal(0, 18))) @ rotation_matrix(
            "y", float(draft.rng.normal(0, 14))
        )
        turned = body.rotated(rotation_matrix("z", draft.uniform(0, 360)) @ lean)
        at = np.array([out * np.cos(angle), out * np.sin(angle), 0.0])
        draft.bodies.append(draft.table.put(turned.translated(at)))
    draft.bodies.sort(key=lambda body: body.solid.kind is None)


def float_upright(draft: SceneDraft, bodies: list[Body]) -> None:
    """Put keys side by side in the air, upright or tilted, often strongly foreshortened."""
    x = 0.0
    for body in bodies:
        own = unplaced(body)
        middle = own.vertices().mean(axis=0)
        up = 90.0 if draft.chance(0.5) else -90.0  # blade down or up
        pitch = draft.uniform(30, 80) if draft.chance(0.35) else abs(float(draft.rng.normal(0, 15)))
        roll = draft.uniform(0, 360) if draft.chance(0.4) else float(draft.rng.normal(0, 25))
        lean = rotation_matrix("z", up + float(draft.rng.normal(0, 14))) @ rotation_matrix(
            "y", pitch * float(draft.rng.choice([-1, 1]))
        )
        turned = own.translated(-middle).rotated(lean @ rotation_matrix("x", roll))
        half = float(np.ptp(turned.vertices()[:, 0])) / 2
        x += half
        draft.bodies.append(turned.translated(np.array([x, draft.rng.normal(0, 6), 0.0])))
        x += half + draft.uniform(1, 18)


def keyhole_plate(draft: SceneDraft) -> Body:
    """Return a plate with an empty keyhole, for doors without a key."""
    area = box(draft.uniform(24, 44), draft.uniform(50, 170), draft.uniform(1, 15))
    hole = CrossSection.circle(4.0, 24) + box(4.0, 12.0, 0.5).translate((0.0, 6.0))
    solid = plate(area - hole, draft.uniform(1.5, 4.0))
    return make_body(
        Solid(None, (Part(solid, "keyhole", metal_surface(draft.rng)),), (0.0, -25.0), (0.0, 25.0))
    )
