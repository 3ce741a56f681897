"""Hold keys, other things or nothing up to the camera, in a hand that enters from the edge of the frame.

In:    SceneDraft, keys
Out:   bodies in the draft; a camera, and the depth of the backdrop behind them
Needs: numpy, pillow, manifold3d    [render]

The camera looks along -z and sees +y as down, so that a backdrop at a constant z faces it and fills the
frame; the hand is turned instead. It is mostly the photographer's other hand: its elbow is near the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from keykind.render.props.catalogue import HANGING_PROPS, draw_prop
from keykind.render.props.hand import draw_hand
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.grips import Held, skin_body
from keykind.render.scenes.hanging import hang
from keykind.render.scenes.layout import Body, make_body, rotation_matrix
from keykind.render.scenes.lying import lay_on_hand, resting_pose
from keykind.render.scenes.pinching import pinch
from keykind.render.solids import Solid, Triangles

FRAMES = {"3:4": 5.0, "9:16": 2.0, "4:3": 1.5, "1:1": 1.0, "16:9": 0.5}  # width : height of a phone's photos
FILL = (0.08, 0.7)  # length of the first key as a share of the frame's longer side, log-uniform
FOV = (58.0, 75.0)  # degrees, along the longer side: the main camera of a phone
MIN_DISTANCE = 75.0  # mm from the lens to the key; phones do not focus nearer
CLEARANCE = 45.0  # mm between the lens and the skin
DEPTH = (350.0, 1800.0)  # mm from the key to the backdrop
OWN_HAND = 0.8  # share of photos of the photographer's other hand
ONE = {"pinch": 4.5, "lie": 5.5, "hang": 1.2}  # relative frequencies of grips of one key
SEVERAL = {"lie": 6.5, "hang": 3.5}
EMPTY = 0.25  # share of hands without a key that hold nothing
COMPANION = 0.25  # share of hands that also hold a remote or the like next to the key
REMOTES = ("remote", "folded flip key")
COMPANIONS = (*REMOTES, *REMOTES, "tag", "split ring", "ring and chain", "coin", "leather tag", "card")
THINGS = (
    *("pen", "pencil", "coin", "lighter", "card", "screw", "bolt", "cell", "nail", "padlock"),
    *("bit", "hex driver", "lock cylinder", "carabiner", "tag", "bottle opener", "paper clip"),
    *("lock pick", "screwdriver", "spanner", "pocket knife", "nail clipper", "spoon", "fork", "scissors"),
    *("comb", "hair clip", "watch", "watch strap", "earbuds", "knob", "car switch", "finger ring", "zip"),
)
KEY_AT = (-0.05, 0.3)  # right, down: of the keys from the middle of the frame, as shares of half its sides
ROLLS = 36
TRIES = 10  # views of one grip
GRIPS_TRIED = 12
BUFFER = 128  # px, longer side of the depth map that tells what hides what
MIN_VISIBLE = 0.45  # share of the first key
MIN_BLADE = 0.25  # share of a blade that is visible, except in HIDDEN of the photos
HIDDEN = 0.06
UP = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True, slots=True)
class View:
    """A held thing as the camera sees it."""

    bodies: tuple[Body, ...]
    camera: Camera
    facts: dict[str, object]


def hold(
    draft: SceneDraft, keys: Sequence[Body], fill: tuple[float, float] = FILL
) -> tuple[Camera, float, str]:
    """Put a hand with keys into the draft; return the camera, the depth of the backdrop in mm, the pose.

    fill: range of the first key's length as a share of the frame's longer side. Without keys the hand holds
    something else, or nothing. The pose is "held", or "hung" if gravity shows.
    """
    best: tuple[float, View, Held] | None = None
    hidden = draft.chance(HIDDEN)
    grip = draft.choose(SEVERAL if len(keys) > 1 else ONE)  # once, or the grips that show most would prevail
    for _ in range(GRIPS_TRIED):
        held = _grip(draft, [key.solid for key in keys], grip)
        if held is None:
            continue
        hand = make_body(held.hand.solid(draft.rng))
        coarse = skin_body(held.hand).parts[0]  # tells as well what it hides, in a quarter of the time
        for _ in range(TRIES):
            view = _view(draft, held, hand, fill)
            score = _score(view, coarse, hidden)
            if best is None or score > best[0]:
                best = score, view, held
            if score >= 1.0:
                break
        if best is not None and best[0] >= 1.0:
            break
    if best is None:  # nothing could be held: an empty hand
        held = Held(draw_hand(resting_pose(draft.rng), draft.rng), ())
        view = _view(draft, held, make_body(held.hand.solid(draft.rng)), fill)
    else:
        _, view, held = best
    draft.bodies += sorted(view.bodies, key=lambda body: body.solid.kind is None)  # keys first
    draft.facts |= view.facts
    return view.camera, draft.uniform(*DEPTH), "held" if held.up is None else "hung"


def _grip(draft: SceneDraft, keys: list[Solid], grip: str) -> Held | None:
    """Return a hand that holds these keys, something else if there are none, or nothing; None: try again.

    grip: one of SEVERAL, or of ONE if there is at most one key.
    """
    rng = draft.rng
    if not keys and draft.chance(EMPTY):
        return Held(draw_hand(resting_pose(rng), rng), ())
    solids = keys or [draw_prop(str(rng.choice(REMOTES if draft.chance(0.4) else THINGS)), rng)]
    if grip == "pinch":
        return pinch(solids[0], rng)
    if draft.chance(COMPANION):
        names = HANGING_PROPS if grip == "hang" else COMPANIONS
        solids = [*solids, draw_prop(str(rng.choice(names)), rng)]
        solids = [solids[i] for i in rng.permutation(len(solids))]
    return hang(solids, rng) if grip == "hang" else lay_on_hand(solids, rng)


def _view(draft: SceneDraft, held: Held, hand: Body, fill: tuple[float, float]) -> View:
    """Return a random view of a held thing."""
    rng = draft.rng
    keys = [body for body in held.bodies() if body.solid.kind is not None] or list(held.bodies())
    first = keys[0] if keys else hand
    share = float(np.exp(rng.uniform(*np.log(fill)))) if keys else float(rng.uniform(0.3, 1.1))
    fov = float(rng.uniform(*FOV))
    length = float(np.ptp(first.vertices(), axis=0).max()) if keys else 190.0
    distance = max(length / share / 2 / np.tan(np.radians(fov) / 2), MIN_DISTANCE)
    turn = _orientation(draft, held, first, distance)
    bodies = [body.rotated(turn) for body in (*held.bodies(), hand)]
    middle = np.mean([turn @ key.vertices().mean(axis=0) for key in keys or [hand]], axis=0)
    frame = draft.choose(FRAMES).split(":")
    sides = np.array([int(side) for side in frame]) * draft.size / max(int(side) for side in frame)
    width, height = sides.round().astype(int)
    half = distance * np.tan(np.radians(fov) / 2) * np.array([width, height]) / max(width, height)
    free = np.maximum(half - 0.4 * length, 0.15 * half)
    aside = np.clip(rng.normal(KEY_AT, 0.35), -0.9, 0.9) * free
    bodies = [body.translated(-middle + np.array([-aside[0], aside[1], 0.0])) for body in bodies]
    tilt = rotation_matrix("x", float(rng.normal(0, 4))) @ rotation_matrix("y", float(rng.normal(0, 4)))
    up = rotation_matrix("z", float(rng.normal(0, 6))) @ UP
    origin = tilt @ np.array([0.0, 0.0, distance])
    sharp = 1.0 if draft.chance(0.88) else draft.uniform(0.85, 1.6)
    aperture = min(draft.uniform(0.3, 1.3), distance / 60)
    camera = Camera(origin, np.zeros(3), up, fov, aperture, distance * sharp, (int(width), int(height)))
    facts: dict[str, object] = {"tilt": 0.0, "view": round(fov, 1), "fill": round(share, 3)}
    return View(tuple(bodies), camera, facts)


def _orientation(draft: SceneDraft, held: Held, first: Body, distance: float) -> np.ndarray:
    """Return the (3, 3) rotation from the frame of the hand to the world."""
    rng = draft.rng
    if held.up is not None:
        return np.asarray(rotation_matrix("y", draft.uniform(0, 360)) @ _between(held.up, UP))
    if draft.chance(OWN_HAND):
        azimuth = rng.normal(0, 45)  # of the elbow, from the bottom of the frame
        rise = draft.uniform(-5, 65) if distance > 200 else draft.uniform(-15, 35)  # towards the camera
    else:
        azimuth, rise = rng.uniform(-180, 180), draft.uniform(-20, 30)
    a, e = np.radians(azimuth), np.radians(rise)
    elbow = np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])
    base = _between(np.array([-1.0, 0.0, 0.0]), elbow)
    normal = first.rotation[:, 2] * (1.0 if first.rotation[2, 2] >= 0 else -1.0)
    wanted = np.cos(np.radians(min(abs(float(rng.normal(0, 38))), 85)))
    best, least = base, np.inf
    lying = bool(held.keys) and not held.pinched
    for k in range(ROLLS):
        turn = base @ rotation_matrix("x", 360.0 * (k + draft.uniform(0, 1)) / ROLLS)
        facing = float((turn @ normal)[2])
        error = abs((facing if lying else abs(facing)) - wanted) + 0.02 * rng.random()
        if error < least:
            best, least = turn, error
    return best


def _between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the smallest rotation (3, 3) between two directions."""
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    cosine = float(start @ end)
    if cosine < -0.9999:
        return rotation_matrix("z", 180.0) if abs(start[2]) < 0.9 else rotation_matrix("x", 180.0)
    axis = np.cross(start, end)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + cosine))


def _score(view: View, coarse: Triangles, hidden: bool) -> float:
    """Return how well a view shows the keys; 1 or more: well enough.

    coarse: the skin before it is subdivided; hidden: blades may be hidden by the hand.
    """
    camera = view.camera
    hand = replace(view.bodies[-1], parts=(coarse, *view.bodies[-1].parts[1:]))
    nearest = float(np.linalg.norm(hand.vertices() - camera.origin, axis=1).min())
    if nearest < CLEARANCE or not _leaves_frame(hand, camera):
        return -1.0
    keys = [body for body in view.bodies if body.solid.kind is not None]
    if not keys:
        return 1.0
    others = [body for body in view.bodies[:-1] if body.solid.kind is None]
    depths = _depth_map([*others, hand], camera)
    shares = [_visible_share(key, depths, camera, None) for key in keys]
    blades = [1.0 if hidden else _visible_share(key, depths, camera, "blade") for key in keys]
    return min(shares[0] / MIN_VISIBLE, min(shares) / MIN_BLADE, min(blades) / MIN_BLADE)


def _leaves_frame(hand: Body, camera: Camera) -> bool:
    """Return whether the end of the forearm is outside the frame, or behind the camera."""
    vertices = hand.to_world(hand.parts[0].vertices)
    end = vertices[int(np.argmin(hand.parts[0].vertices[:, 0]))]
    x, y, depth = camera.project(end[None])[0]
    width, height = camera.size
    return bool(depth < 1 or not (-20 < x < width + 20 and -20 < y < height + 20))


def _depth_map(bodies: Sequence[Body], camera: Camera) -> np.ndarray:
    """Return the depth of the nearest surface at each pixel of a small photo, mm, or infinity."""
    scale = BUFFER / max(camera.size)
    image = Image.new("F", (round(camera.size[0] * scale), round(camera.size[1] * scale)), np.inf)
    draw = ImageDraw.Draw(image)
    for body in bodies:
        corners = camera.project(body.triangle_corners().reshape(-1, 3)).reshape(-1, 3, 3)
        depth = corners[..., 2].mean(axis=1)
        order = np.argsort(-depth)
        order = order[corners[order][..., 2].min(axis=1) > 1.0]
        polygons = (corners[order][..., :2] * scale).reshape(-1, 6).tolist()
        below = np.asarray(image).copy()
        for polygon, value in zip(polygons, depth[order].tolist(), strict=True):
            draw.polygon(polygon, fill=value)
        image = Image.fromarray(np.minimum(below, np.asarray(image)))
        draw = ImageDraw.Draw(image)
    return np.asarray(image)


def _visible_share(body: Body, depths: np.ndarray, camera: Camera, part: str | None) -> float:
    """Return the share of the projected area of a body, or of one part, that is in the frame and visible."""
    chosen = [
        body.to_world(mesh.vertices)[mesh.faces]
        for mesh, solid in zip(body.parts, body.solid.parts, strict=True)
        if part in (None, solid.name)
    ]
    corners = camera.project(np.concatenate(chosen).reshape(-1, 3)).reshape(-1, 3, 3)
    a, b = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
    area = np.maximum(a[:, 1] * b[:, 0] - a[:, 0] * b[:, 1], 0.0)
    centres = corners.mean(axis=1)
    scale = BUFFER / max(camera.size)
    cells = np.floor(centres[:, :2] * scale).astype(int)
    inside = ((cells >= 0) & (cells < depths.shape[::-1])).all(axis=1)
    cells = np.clip(cells, 0, np.array(depths.shape[::-1]) - 1)
    seen = inside & (centres[:, 2] < depths[cells[:, 1], cells[:, 0]] + 2.0)
    return float(area[seen].sum() / max(float(area.sum()), 1e-6))
