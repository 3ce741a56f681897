"""Place the camera so that the keys fill a given share of the frame.

In:    SceneDraft with its bodies, tilt, field of view, share of the frame
Out:   Camera
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keykind.render.scenes.camera import MIN_DISTANCE, Camera, frame_points
from keykind.render.scenes.draft import SceneDraft
from keykind.render.scenes.layout import Body

ASPECTS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9))  # width : height
ASPECT_SHARES = (0.28, 0.22, 0.22, 0.12, 0.08, 0.08)
HUNG_UP = np.array([0.0, -1.0, 0.0])  # where gravity is along +y
ROLL = 12.0  # degrees, standard deviation
MOST_FILL = 1.3  # of the frame, size of a group; a larger one would be cropped too far


def camera_on(
    draft: SceneDraft,
    tilt: float,
    fov: float,
    fill: float,
    points: np.ndarray | None = None,
    upright: bool = False,
) -> Camera:
    """Return a camera tilted from the vertical, in degrees, that the keys fill to this share of the frame.

    Without keys, all bodies fill it; points (n, 3), mm: what fills the frame instead. upright: gravity is
    along +y, and shows as down in the photo.
    """
    if points is None:
        keys = [body for body in draft.bodies if body.solid.kind is not None] or draft.bodies
        points = np.concatenate([body.vertices() for body in keys]) if keys else _empty_area(draft)
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    span = float(np.ptp(points[:, :2], axis=0).max())
    offset = draft.rng.normal(0, 0.06 * span / max(fill, 0.4), 2)
    camera = _towards(draft, target + np.array([offset[0], offset[1], 0.0]), (tilt, fov), upright)
    framed = frame_points(camera, points, fill)
    draft.facts |= {"fill": round(fill, 3)}
    return _with_lens(framed, draft)


def camera_at_share(
    draft: SceneDraft, angles: tuple[float, float], share: tuple[float, float], upright: bool = False
) -> Camera:
    """Return a camera that sees a typical key at a share of the longer side drawn log-uniformly from a range.

    angles: tilt and field of view, degrees. The keys are anywhere in the frame; if they do not fit, the
    camera aims at one of them. Remotes count as keys; without any, so does everything else.
    """
    bodies = [body for body in draft.bodies if body.solid.kind is not None or body.solid.bladeless]
    bodies = bodies or draft.bodies
    if not bodies:
        return camera_on(draft, *angles, draft.uniform(0.4, 1.2), None, upright)
    wanted = float(np.exp(draft.rng.uniform(*np.log(share))))
    length = float(np.median([float(np.ptp(body.vertices(), axis=0).max()) for body in bodies]))
    half = length / wanted / 2  # mm, half of the longer side of the frame
    low, high = _bounds(bodies)
    if float((high - low).max()) > 2 * half * MOST_FILL:
        low, high = _bounds([bodies[int(draft.rng.integers(len(bodies)))]])
    camera = _towards(draft, (low + high) / 2, angles, upright)
    room = half * np.array(camera.size) / max(camera.size) - float((high - low)[:2].max()) / 2
    aside = draft.rng.uniform(-1.0, 1.0, 2) * np.maximum(room * 0.9, half * 0.08)
    right, down, forward = camera.axes()
    target = camera.target + right * aside[0] + down * aside[1]
    distance = max(half / float(np.tan(np.radians(camera.fov) / 2)), MIN_DISTANCE)
    distance += float((high - low)[2]) / 2
    draft.facts |= {"fill": round(wanted, 3)}
    moved = replace(camera, origin=target - forward * distance, target=target, focus=distance)
    return _with_lens(moved, draft)


def _bounds(bodies: Sequence[Body]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest coordinates (3,) of bodies, mm."""
    points = np.concatenate([body.vertices() for body in bodies])
    return points.min(axis=0), points.max(axis=0)


def _towards(draft: SceneDraft, target: np.ndarray, angles: tuple[float, float], upright: bool) -> Camera:
    """Return a camera 100 mm from a target, tilted from the vertical in a random direction.

    angles: tilt and field of view, degrees.
    """
    azimuth = draft.uniform(0, 2 * np.pi)
    tilt = angles[0] if draft.variation.tilt else 0.0
    polar = np.radians(tilt)
    direction = np.array([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)])
    aspect = np.array(ASPECTS[int(draft.rng.choice(len(ASPECTS), p=ASPECT_SHARES))])
    width, height = (aspect * draft.size / aspect.max()).round().astype(int)
    up = _rolled(direction, HUNG_UP, draft) if upright else _up(direction, draft)
    draft.facts |= {"tilt": round(tilt, 1), "view": round(angles[1], 1)}
    return Camera(target + direction * 100, target, up, angles[1], 0.01, 100.0, (int(width), int(height)))


def _empty_area(draft: SceneDraft) -> np.ndarray:
    half = draft.uniform(20, 120)
    return np.array([[-half, -half, 0.0], [half, half, 0.0]])


def _up(direction: np.ndarray, draft: SceneDraft) -> np.ndarray:
    """Return the up vector of a camera held upright but for a small roll."""
    sideways = np.array([-direction[1], direction[0], 0.0])
    if np.linalg.norm(sideways) < 1e-3:
        sideways = np.array([1.0, 0.0, 0.0])
    return _rolled(direction, np.cross(direction, sideways), draft)


def _rolled(direction: np.ndarray, up: np.ndarray, draft: SceneDraft) -> np.ndarray:
    """Return an up vector (3,) perpendicular to the direction of view, rolled by a few degrees."""
    upright = up - direction * float(up @ direction)
    upright = upright / np.linalg.norm(upright)
    roll = draft.rng.normal(0, np.radians(ROLL))
    return np.asarray(upright * np.cos(roll) + np.cross(upright, direction) * np.sin(roll))


def _with_lens(camera: Camera, draft: SceneDraft) -> Camera:
    """Return the camera with the aperture of a phone or a wider one, and a focus that is sometimes off."""
    wide = draft.uniform(0.6, 2.0) if draft.chance(0.8) else draft.uniform(2.0, 5.0)
    focus_error = 1.0 if draft.chance(0.85) else draft.uniform(0.9, 1.15)
    aperture = min(wide, camera.focus / 30)
    return replace(camera, aperture=aperture, focus=camera.focus * focus_error)
