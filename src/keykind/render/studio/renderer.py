"""Path-trace a scene with Mitsuba.

In:    Scene, Atlas, Variant
Out:   GBuffer: albedo, normals and, at LABEL_SCALE, part numbers; radiance
Needs: numpy, pillow, manifold3d, mitsuba    [render]

The only module that imports Mitsuba. Every scene has the same structure (one mesh of all objects, one ground,
one environment map), so that Mitsuba compiles its kernels once and not for each photo.
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

MAX_DEPTH = 4  # path segments; a longer path adds less than the noise
LABEL_SCALE = 2  # pixels of the part map per pixel of the photo, in each direction
GROUND, SKY = -1, -2  # in the part map: the ground, and no surface at all
GROUND_RADIUS = 3000.0  # mm from the middle of the ground to its edges
LIGHT_ROWS = 256  # px, height of all environment maps
SPECULAR = 0.5  # of the principled BSDF: 4% reflectance at normal incidence, as plastic and varnish have


@dataclass(frozen=True, slots=True)
class GBuffer:
    """Surface properties at each pixel."""

    albedo: np.ndarray  # (h, w, 3) float32
    normals: np.ndarray  # (h, w, 3) float32, unit length except at edges, where they are averaged
    parts: np.ndarray  # (LABEL_SCALE h, LABEL_SCALE w) int32: row of Scene.parts(), GROUND or SKY
    world: Any = None  # the Mitsuba scene


class Renderer:
    """Mitsuba, set up once per process."""

    def __init__(self, variant: Variant, threads: int) -> None:
        """Import Mitsuba. Raises KeykindError if TensorFlow was imported before it."""
        if "tensorflow" in sys.modules and "mitsuba" not in sys.modules:
            raise KeykindError(  # importing Dr.Jit would kill the process
                "Mitsuba",
                fault="cannot be imported after TensorFlow in the same process",
                remedy="import mitsuba first, or render in a process of its own, as `keykind render` does",
            )
        variant.set_environment()
        import drjit as dr  # noqa: PLC0415  (after set_environment)
        import mitsuba as mi  # noqa: PLC0415  (after set_environment)

        mi.set_variant(variant.name)
        self.mi: ModuleType = mi
        self.jit: ModuleType | None = None
        dr.set_thread_count(threads)  # for scalar variants too: their threads contend in render_gbuffer
        if not variant.name.startswith("scalar"):
            dr.set_flag(dr.JitFlag.OptimizeCalls, False)  # saves less than its compile time costs
            self.jit = dr

    def render_gbuffer(self, scene: Scene, atlas: Atlas, seed: int) -> GBuffer:
        """Return the surface properties at each pixel, without lighting, which is fast."""
        mi = self.mi
        world = mi.load_dict(
            {
                "type": "scene",
                "objects": self._objects(atlas),
                "ground": self._ground(scene),
                "sky": {
                    "type": "envmap",
                    "bitmap": mi.Bitmap(_enlarged(scene.light)),
                    "to_world": self._sky(scene),
                },
            }
        )
        width, height = scene.camera.size
        integrator = mi.load_dict(
            {"type": "aov", "aovs": "shape:shape_index,face:prim_index,colour:albedo,n:sh_normal"}
        )
        sensor = self._sensor(scene.camera, (LABEL_SCALE * width, LABEL_SCALE * height), "perspective", 1)
        channels = np.array(
            mi.render(world, sensor=sensor, integrator=integrator, seed=seed), dtype=np.float32
        )
        blocks = channels[..., 2:8].reshape(height, LABEL_SCALE, width, LABEL_SCALE, 6).mean(axis=(1, 3))
        parts = _part_map(channels[..., 0], channels[..., 1], self._objects_number(world), atlas)
        return GBuffer(blocks[..., :3], blocks[..., 3:], parts, world)

    def render_radiance(
        self, gbuffer: GBuffer, camera: Camera, samples: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (h, w, 3) float32 linear radiance, and the relative standard error (h, w) of its luminance.

        samples: per pixel, a square number. The same seed gives the same noise.
        """
        path = {"type": "path", "max_depth": MAX_DEPTH}
        integrator = self.mi.load_dict({"type": "moment", "nested": path})
        sensor = self._sensor(camera, camera.size, "thinlens", samples)
        light = self.mi.render(gbuffer.world, sensor=sensor, integrator=integrator, seed=seed)
        # A path that hits a lamp edge-on may give NaN, which filters would spread to its neighbours.
        channels = np.nan_to_num(np.array(light, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        level, square = channels[..., 4], channels[..., 7]  # of R, G, B, X, Y, Z and the squares of X, Y, Z
        variance = np.maximum(square - level**2, 0) / max(samples - 1, 1)
        return channels[..., :3], np.sqrt(variance) / np.maximum(level, 1e-6)

    def _objects_number(self, world: Any) -> int:
        """Return the value of the channel `shape_index` at the mesh of all objects.

        Dr.Jit numbers all shapes that are alive, those of a previous scene included.
        """
        shapes = list(world.shapes())
        index = [shape.id() for shape in shapes].index("objects")
        if self.jit is None:
            return 1 + index
        return int(self.jit.reinterpret_array(self.mi.UInt32, self.mi.ShapePtr(shapes[index]))[0])

    def _objects(self, atlas: Atlas) -> Any:
        material = self._material((atlas.colour, atlas.roughness, atlas.metallic, atlas.height))
        return self._mesh("objects", atlas.vertices, atlas.normals, atlas.uvs, atlas.faces, material)

    def _ground(self, scene: Scene) -> Any:
        """Return the ground as a mesh with rotated texture coordinates.

        A rotated texture would be compiled again for each angle.
        """
        ground = scene.ground
        origin, axes = _ground_frame(scene)
        corners = GROUND_RADIUS * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32)
        angle = np.radians(scene.ground_angle)
        rotated = corners @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return self._mesh(
            "ground",
            origin + corners @ axes[:2],
            np.tile(axes[2], (4, 1)),
            rotated * np.array([1, -1]) / ground.width_mm + 0.5,
            np.array([[0, 1, 2], [0, 2, 3]]),
            self._material((ground.colour, ground.roughness, ground.metallic, ground.height)),
        )

    def _mesh(
        self,
        name: str,
        vertices: np.ndarray,
        normals: np.ndarray,
        uvs: np.ndarray,
        faces: np.ndarray,
        material: Any,
    ) -> Any:
        properties = self.mi.Properties()
        properties["bsdf"] = self.mi.load_dict(material)
        mesh = self.mi.Mesh(
            name,
            len(vertices),
            len(faces),
            has_vertex_normals=True,
            has_vertex_texcoords=True,
            props=properties,
        )
        values = self.mi.traverse(mesh)
        values["vertex_positions"] = vertices.astype(np.float32).ravel()
        values["vertex_normals"] = normals.astype(np.float32).ravel()
        values["vertex_texcoords"] = uvs.astype(np.float32).ravel()
        values["faces"] = faces.astype(np.uint32).ravel()
        values.update()
        return mesh

    def _material(self, textures: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> dict[str, Any]:
        """Return a principled BSDF; textures: colour, roughness, metallic, height."""

        def texture(values: np.ndarray) -> dict[str, Any]:
            image = np.ascontiguousarray(values.reshape(*values.shape[:2], -1), dtype=np.float32)
            return {"type": "bitmap", "bitmap": self.mi.Bitmap(image), "raw": True, "wrap_mode": "mirror"}

        colour, roughness, metallic, height = textures
        return {
            "type": "twosided",
            "inner": {
                "type": "bumpmap",
                "height": texture(height),
                "bsdf": {
                    "type": "principled",
                    "base_color": texture(colour),
                    "roughness": texture(roughness),
                    "metallic": texture(metallic),
                    "specular": SPECULAR,
                },
            },
        }

    def _sky(self, scene: Scene) -> Any:
        """Return the rotation of the environment map, whose zenith is +y in Mitsuba."""
        transform = np.eye(4)
        transform[:3, :3] = scene.light_rotation @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
        return self.mi.ScalarTransform4f(transform)

    def _sensor(self, camera: Camera, size: tuple[int, int], plugin: str, samples: int) -> Any:
        lens = {"aperture_radius": camera.aperture, "focus_distance": camera.focus}
        labels = plugin == "perspective"
        sensor = self.mi.load_dict(
            {
                "type": plugin,
                "fov": camera.fov,
                "fov_axis": "larger",
                "near_clip": 1.0,
                "far_clip": 4 * GROUND_RADIUS,
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
                    "rfilter": {"type": "box"},  # others would spread a sample over 25 pixels, which is slow
                },
                **({} if labels else lens),
            }
        )
        if not labels:
            self._make_opaque(sensor, ("aperture_radius", "focus_distance"))
        return sensor

    def _make_opaque(self, plugin: Any, names: tuple[str, ...]) -> None:
        """Pass these values to the kernel as variables; as literals each value would need a new kernel."""
        if self.jit is None:
            return
        values = self.mi.traverse(plugin)
        for name in names:
            opaque = self.mi.Float(values[name])
            self.jit.make_opaque(opaque)
            values[name] = opaque
        values.update()


def _ground_frame(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle (3,) mm of the ground, and its axes right, up, normal as rows of (3, 3)."""
    if not scene.ground.facing:
        return np.array([0.0, 0.0, -scene.ground_depth]), np.eye(3)
    axes = scene.camera.axes() * np.array([[1], [-1], [-1]])
    return scene.camera.target - axes[2] * scene.ground_depth, axes


def _enlarged(light: np.ndarray) -> np.ndarray:
    """Return a light of LIGHT_ROWS rows: Mitsuba compiles its kernels again for every other size."""
    factor = max(LIGHT_ROWS // len(light), 1)
    return np.ascontiguousarray(light.repeat(factor, axis=0).repeat(factor, axis=1), dtype=np.float32)


def _part_map(shape: np.ndarray, face: np.ndarray, objects: int, atlas: Atlas) -> np.ndarray:
    """Return the part at each pixel; shape: `objects` at the objects, 0 where there is no surface."""
    faces = np.clip(face, 0, len(atlas.parts) - 1).astype(np.int64)
    parts = np.where(shape == objects, atlas.parts[faces], GROUND)
    return np.where(shape > 0, parts, SKY).astype(np.int32)
