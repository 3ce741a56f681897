"""Scene and atlas -> light that reaches the film, and what each place of it shows.

In:    Scene, Atlas, a Variant of Mitsuba
Out:   Seen: colour, normal and, at twice the size, the part at each place; the light on the film
Needs: numpy, mitsuba    [render]

The one room that knows Mitsuba. Every scene has the same structure (one mesh of all things, one ground, one
environment), so that Mitsuba compiles its kernels once and not for each photo.
"""

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from keykind.core.errors import KeykindError
from keykind.render.scenes.atlas import Atlas
from keykind.render.scenes.camera import Camera
from keykind.render.scenes.scene import Scene
from keykind.render.studio.variant import Variant

DEPTH = 4  # bounces and one; more adds less than the noise
FINE = 2  # label pixels a photo pixel, each way
GROUND, SKY = -1, -2  # in the map of parts: the ground, and nothing at all
REACH = 3000.0  # mm from the middle of the ground to its edge
SPECULAR = 0.5  # of the principled model: 4 % mirrored at right angles, as plastic and varnish


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in front of the lens."""

    albedo: np.ndarray  # (h, w, 3) float32, the colour of what is seen, without light
    normals: np.ndarray  # (h, w, 3) float32, of the surface seen, unit length but at its edges
    parts: np.ndarray  # (FINE h, FINE w) int32: row of Scene.parts(), GROUND or SKY
    world: Any = None  # Mitsuba's scene


class Tracer:
    """Mitsuba, set up once for a process."""

    def __init__(self, variant: Variant, threads: int) -> None:
        """Load Mitsuba. Raises KeykindError where TensorFlow was loaded before it."""
        if "tensorflow" in sys.modules and "mitsuba" not in sys.modules:
            raise KeykindError(  # or Dr.Jit would take the whole process down on being loaded
                "Mitsuba",
                fault="cannot be loaded after TensorFlow in one process",
                remedy="import mitsuba first, or render in a process of its own, as `keykind render` does",
            )
        variant.prepare()
        import drjit as dr  # noqa: PLC0415  (after `prepare`)
        import mitsuba as mi  # noqa: PLC0415  (after `prepare`)

        mi.set_variant(variant.name)
        self.mi: ModuleType = mi
        self.jit: ModuleType | None = None
        dr.set_thread_count(threads)  # scalar variants too, whose threads wait for each other in `look`
        if not variant.name.startswith("scalar"):
            dr.set_flag(dr.JitFlag.OptimizeCalls, False)  # its gain does not pay for its compile time
            self.jit = dr

    def look(self, scene: Scene, atlas: Atlas, seed: int) -> Seen:
        """Say what each place of the photo shows: fast, without light."""
        mi = self.mi
        world = mi.load_dict(
            {
                "type": "scene",
                "things": self._things(atlas),
                "ground": self._ground(scene),
                "sky": {
                    "type": "envmap",
                    "bitmap": mi.Bitmap(np.ascontiguousarray(scene.light, dtype=np.float32)),
                    "to_world": self._sky(scene),
                },
            }
        )
        width, height = scene.camera.size
        seen = mi.load_dict(
            {"type": "aov", "aovs": "shape:shape_index,face:prim_index,colour:albedo,n:sh_normal"}
        )
        fine = self._sensor(scene.camera, (FINE * width, FINE * height), "perspective", 1)
        plain = np.array(mi.render(world, sensor=fine, integrator=seen, seed=seed), dtype=np.float32)
        blocks = plain[..., 2:8].reshape(height, FINE, width, FINE, 6).mean(axis=(1, 3))
        order = [shape.id() for shape in world.shapes()]
        parts = _parts(plain[..., 0], plain[..., 1], order, atlas)
        return Seen(blocks[..., :3], blocks[..., 3:], parts, world)

    def expose(self, seen: Seen, camera: Camera, samples: int, seed: int) -> np.ndarray:
        """Return the light on the film, (h, w, 3) float32 linear; the same seed gives the same grain.

        samples: a pixel, a square number.
        """
        path = self.mi.load_dict({"type": "path", "max_depth": DEPTH})
        lens = self._sensor(camera, camera.size, "thinlens", samples)
        light = self.mi.render(seen.world, sensor=lens, integrator=path, seed=seed)
        # a path that meets a lamp edge-on may carry no number: the filters after this would spread it
        return np.nan_to_num(np.array(light, dtype=np.float32)[..., :3], nan=0.0, posinf=0.0, neginf=0.0)

    def _things(self, atlas: Atlas) -> Any:
        cover = self._material((atlas.colour, atlas.roughness, atlas.metallic, atlas.height))
        return self._mesh("things", atlas.points, atlas.normals, atlas.places, atlas.faces, cover)

    def _ground(self, scene: Scene) -> Any:
        """Return the ground as a mesh: a turned texture would be compiled anew for each turn."""
        ground = scene.ground
        corners = REACH * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32)
        turn = np.radians(scene.ground_turn)
        turned = corners @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        return self._mesh(
            "ground",
            np.column_stack([corners, np.full(4, -scene.ground_depth)]),
            np.tile([0.0, 0.0, 1.0], (4, 1)),
            turned * np.array([1, -1]) / ground.width_mm + 0.5,
            np.array([[0, 1, 2], [0, 2, 3]]),
            self._material((ground.colour, ground.roughness, ground.metallic, ground.height)),
        )

    def _mesh(
        self,
        name: str,
        points: np.ndarray,
        normals: np.ndarray,
        places: np.ndarray,
        faces: np.ndarray,
        cover: Any,
    ) -> Any:
        properties = self.mi.Properties()
        properties["bsdf"] = self.mi.load_dict(cover)
        mesh = self.mi.Mesh(
            name,
            len(points),
            len(faces),
            has_vertex_normals=True,
            has_vertex_texcoords=True,
            props=properties,
        )
        values = self.mi.traverse(mesh)
        values["vertex_positions"] = points.astype(np.float32).ravel()
        values["vertex_normals"] = normals.astype(np.float32).ravel()
        values["vertex_texcoords"] = places.astype(np.float32).ravel()
        values["faces"] = faces.astype(np.uint32).ravel()
        values.update()
        return mesh

    def _material(self, pictures: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> dict[str, Any]:
        def picture(values: np.ndarray) -> dict[str, Any]:
            solid = np.ascontiguousarray(values.reshape(*values.shape[:2], -1), dtype=np.float32)
            return {"type": "bitmap", "bitmap": self.mi.Bitmap(solid), "raw": True, "wrap_mode": "mirror"}

        colour, roughness, metallic, height = pictures
        return {
            "type": "twosided",
            "inner": {
                "type": "bumpmap",
                "relief": picture(height),
                "covered": {
                    "type": "principled",
                    "base_color": picture(colour),
                    "roughness": picture(roughness),
                    "metallic": picture(metallic),
                    "specular": SPECULAR,
                },
            },
        }

    def _sky(self, scene: Scene) -> Any:
        """Return the turn of the environment; Mitsuba's own zenith is +y."""
        turn = np.eye(4)
        turn[:3, :3] = scene.light_turn @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
        return self.mi.ScalarTransform4f(turn)

    def _sensor(self, camera: Camera, size: tuple[int, int], kind: str, samples: int) -> Any:
        lens = {"aperture_radius": camera.aperture, "focus_distance": camera.focus}
        labels = kind == "perspective"
        sensor = self.mi.load_dict(
            {
                "type": kind,
                "fov": camera.view,
                "fov_axis": "larger",
                "near_clip": 1.0,
                "far_clip": 4 * REACH,
                "to_world": self.mi.ScalarTransform4f().look_at(
                    *([float(x) for x in point] for point in (camera.origin, camera.target, camera.up))
                ),
                "sampler": {"type": "multijitter", "sample_count": samples},
                "film": {
                    "type": "hdrfilm",
                    "width": size[0],
                    "height": size[1],
                    "pixel_format": "rgb",
                    "component_format": "float32",
                    "rfilter": {"type": "box" if labels else "gaussian"},
                },
                **({} if labels else lens),
            }
        )
        if not labels:
            self._hide(sensor, ("aperture_radius", "focus_distance"))
        return sensor

    def _hide(self, plugin: Any, names: tuple[str, ...]) -> None:
        """Keep these numbers out of the kernel's text, which would be compiled anew for each other number."""
        if self.jit is None:
            return
        values = self.mi.traverse(plugin)
        for name in names:
            hidden = self.mi.Float(values[name])
            self.jit.make_opaque(hidden)
            values[name] = hidden
        values.update()


def _parts(shape: np.ndarray, face: np.ndarray, order: list[str], atlas: Atlas) -> np.ndarray:
    """Return the part at each place; shape counts from 1 in the order of the scene, 0 is nothing."""
    faces = np.clip(face, 0, len(atlas.parts) - 1).astype(np.int64)
    found = np.where(shape == 1 + order.index("things"), atlas.parts[faces], GROUND)
    return np.where(shape > 0, found, SKY).astype(np.int32)
