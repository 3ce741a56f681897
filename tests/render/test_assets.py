"""Real lights, grounds and photos: which files are used, what they become in a scene, and bad ones."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from keykind.cli import main
from keykind.core.errors import KeykindError

mitsuba = pytest.importorskip("mitsuba", reason="the extra render is not installed")

from keykind.render.paint.assets import NO_ASSETS, Texture, find_assets  # noqa: E402
from keykind.render.paint.colours import LUMINANCE  # noqa: E402
from keykind.render.paint.environments import draw_environment, read_environment  # noqa: E402
from keykind.render.paint.grounds import Ground  # noqa: E402
from keykind.render.paint.lights import irradiance  # noqa: E402
from keykind.render.paint.photo_grounds import draw_photo_background, draw_photo_ground  # noqa: E402
from keykind.render.paint.textures import SIZE, draw_texture, read_maps  # noqa: E402
from keykind.render.scenes.draft import SceneDraft  # noqa: E402
from keykind.render.scenes.framing import camera_on  # noqa: E402
from keykind.render.scenes.layout import CELL, rotation_matrix  # noqa: E402
from keykind.render.scenes.scene_builder import build_scene  # noqa: E402
from keykind.render.scenes.strewing import strew  # noqa: E402
from keykind.render.sets.asset_check import check_assets  # noqa: E402
from keykind.render.sets.job import make_job  # noqa: E402
from keykind.render.sets.set_folder import SetFolder  # noqa: E402


def seeded(seed=0):
    return np.random.default_rng(seed)


def save_map(path, radiance):
    if mitsuba.variant() is None:
        mitsuba.set_variant("scalar_rgb")
    mitsuba.Bitmap(np.asarray(radiance, dtype=np.float32)).write(str(path))


@pytest.fixture
def folders(tmp_path):
    """Return folders of two files each, by the name of the option."""
    rng = seeded()
    result = {name: tmp_path / name for name in ("lights", "grounds", "behind", "clutter")}
    for folder in result.values():
        folder.mkdir()
    for i in range(2):
        save_map(result["lights"] / f"room_{i}.exr", rng.random((64, 128, 3)))
        for name in ("grounds", "behind"):
            noise = rng.integers(0, 256, (96, 128, 3), np.uint8)
            Image.fromarray(noise).save(result[name] / f"{name}_{i}.jpg")
        disc = Image.new("RGBA", (40, 40))
        disc.paste((200, 120, 60, 255), (5, 5, 35, 35))
        disc.save(result["clutter"] / f"coin_{i}.png")
    return result


def test_maps_of_one_texture_belong_together_by_the_names_of_the_usual_downloads(tmp_path):
    names = (
        *("oak_diff_1k.jpg", "oak_nor_gl_1k.jpg", "oak_nor_dx_1k.jpg", "oak_rough_1k.jpg", "oak_disp_1k.png"),
        *("Wood051_1K-JPG_Color.jpg", "Wood051_1K-JPG_NormalGL.jpg", "Wood051_1K-JPG_Roughness.jpg"),
        *("slate_color.jpg", "slate_arm.jpg", "lonely_normal.jpg", "photo of a desk.jpg", "README.md"),
    )
    for name in names:
        (tmp_path / name).touch()
    grounds = find_assets(grounds=tmp_path).grounds
    assert {tuple(path.name for path in texture.paths()) for texture in grounds} == {
        ("oak_diff_1k.jpg", "oak_nor_gl_1k.jpg", "oak_rough_1k.jpg"),
        ("Wood051_1K-JPG_Color.jpg", "Wood051_1K-JPG_NormalGL.jpg", "Wood051_1K-JPG_Roughness.jpg"),
        ("slate_color.jpg", "slate_arm.jpg"),
        ("photo of a desk.jpg",),
    }


def test_an_environment_map_lights_a_table_as_a_drawn_light_does(tmp_path):
    radiance = seeded().random((64, 128, 3)).astype(np.float32)
    radiance[10, 20] = 500.0  # a lamp
    save_map(tmp_path / "room.exr", radiance)
    light = draw_environment(tmp_path / "room.exr", seeded())
    assert light.shape == (256, 512, 3)
    assert float(irradiance(light) @ LUMINANCE) == pytest.approx(math.pi, rel=1e-3)
    np.testing.assert_array_equal(light, draw_environment(tmp_path / "room.exr", seeded()))


def test_an_environment_map_keeps_the_power_of_a_lamp_of_one_pixel(tmp_path):
    radiance = np.zeros((512, 1024, 3), dtype=np.float32)
    radiance[100, 200] = 4096.0
    save_map(tmp_path / "lamp.exr", radiance)
    assert float(read_environment(tmp_path / "lamp.exr").sum()) == pytest.approx(3 * 4096 / 4, rel=1e-3)


def test_nan_infinite_and_negative_radiance_are_harmless(tmp_path):
    radiance = np.ones((64, 128, 3), dtype=np.float32)
    radiance[3, 4], radiance[5, 6], radiance[7, 8] = np.nan, np.inf, -5.0
    save_map(tmp_path / "odd.exr", radiance)
    light = draw_environment(tmp_path / "odd.exr", seeded())
    assert np.isfinite(light).all()
    assert light.min() >= 0


def test_a_normal_map_becomes_the_relief_that_has_its_slopes(tmp_path):
    turns = 2 * np.pi * 4 * (np.arange(SIZE) + 0.5) / SIZE
    relief = 20 * np.sin(turns)[None, :] * np.ones((SIZE, 1))  # px, waves along x
    slope = np.gradient(relief, axis=1)
    normal = np.stack([-slope, np.zeros_like(slope), np.ones_like(slope)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    Image.fromarray((normal * 127.5 + 127.5).round().astype(np.uint8)).save(tmp_path / "wave_normal.png")
    Image.new("RGB", (SIZE, SIZE), (99, 99, 99)).save(tmp_path / "wave_color.png")
    maps = read_maps(Texture(tmp_path / "wave_color.png", tmp_path / "wave_normal.png"))
    np.testing.assert_allclose(maps.relief, relief, atol=1.0)


def test_grounds_from_files_fill_every_field_and_depend_on_the_generator_alone(folders):
    assets = find_assets(**folders)
    for draw in (
        lambda rng: draw_texture(assets.grounds[0], rng),
        lambda rng: draw_photo_ground(assets.behind[0], 300.0, rng),
        lambda rng: draw_photo_background(assets.behind[0], 900.0, 0.01, rng),
    ):
        first, second = draw(seeded(3)), draw(seeded(3))
        assert first.colour.shape == (SIZE, SIZE, 3)
        for name in ("colour", "roughness", "metallic", "height"):
            field = getattr(first, name)
            assert np.isfinite(field).all()
            assert field.shape[:2] == (SIZE, SIZE)
            np.testing.assert_array_equal(field, getattr(second, name))


def test_scenes_use_the_files_and_say_which(folders):
    assets = find_assets(**folders)
    facts = [build_scene("phone", ["dimple"], 96, seeded(i), assets=assets)[0].facts for i in range(8)]
    names = {str(f["ground"]) for f in facts} | {str(f["light"]) for f in facts}
    assert {"room_0.exr", "room_1.exr"} <= names
    assert any(name.endswith(".jpg") for name in names)
    again = build_scene("phone", ["dimple"], 96, seeded(5), assets=assets)[0]
    assert again.facts == facts[5]


def test_a_photo_behind_a_hand_stands_upright_across_the_view(folders):
    assets = find_assets(behind=folders["behind"])
    scenes = [build_scene("hand", ["cylinder"], 96, seeded(seed), assets=assets)[0] for seed in range(3)]
    facing = [scene for scene in scenes if scene.ground.facing]
    assert facing
    assert all(str(scene.facts["ground"]).startswith("behind_") for scene in facing)
    assert all(abs(scene.ground_angle) < 45 for scene in facing)


def test_things_are_strewn_where_no_key_is(folders):
    assets = find_assets(clutter=folders["clutter"])
    white, even = np.ones((96, 96, 3), np.float32), np.zeros((96, 96), np.float32)
    for seed in range(6):
        draft = SceneDraft(seeded(seed), 96, ["cylinder"], assets=assets)
        draft.bodies.append(draft.table.put(draft.draw_key("cylinder")))
        camera = camera_on(draft, 0.0, 60.0, 0.7)
        ground = strew(draft, Ground(white, even, even, even, 200.0), 30.0, camera)
        rows, columns = np.nonzero(ground.colour[..., 2] < 0.2)  # the discs, 16 mm or wider
        assert len(rows) > 100 or not draft.facts["strewn"]
        places = (np.stack([columns, SIZE - rows], axis=1) - SIZE / 2) * (ground.width_mm / SIZE)
        world = places @ rotation_matrix("z", 30.0)[:2, :2].T  # mm, as the renderer lays the ground
        cells = (world / CELL + len(draft.table.heights) / 2).astype(int)
        inside = ((cells >= 0) & (cells < len(draft.table.heights))).all(axis=1)
        assert (draft.table.heights[cells[inside, 1], cells[inside, 0]] == 0).all()


def test_without_folders_nothing_is_recorded(tmp_path):
    assert NO_ASSETS.as_json() == {"lights": None, "grounds": None, "behind": None, "clutter": None}


def test_a_set_begun_with_other_files_is_refused(folders, tmp_path):
    folder = SetFolder(tmp_path / "set")
    job = make_job(4, None, None, 64, 0, find_assets(folders["lights"]))
    folder.claim(job, "scalar_rgb")
    folder.prepare(make_job(4, None, None, 64, 0, find_assets(folders["lights"])), None)
    with pytest.raises(KeykindError, match=r"was begun with lights 2 files, sha256 .*, not none"):
        folder.prepare(make_job(4, None, None, 64, 0), None)
    save_map(folders["lights"] / "room_1.exr", np.ones((64, 128, 3)))
    with pytest.raises(KeykindError, match="was begun with lights 2 files"):
        folder.prepare(make_job(4, None, None, 64, 0, find_assets(folders["lights"])), None)
    assert json.loads((tmp_path / "set" / "set.json").read_text())["behind"] is None


@pytest.mark.parametrize(
    ("option", "name", "content", "message"),
    [
        ("lights", "cut.exr", b"v/1\x01\x02", "cannot be decoded"),
        ("behind", "empty.jpg", b"", "is empty"),
        ("grounds", "text_color.jpg", b"no picture", "is not a photo"),
        ("clutter", "text.png", b"no picture", "cannot be decoded"),
    ],
)
def test_files_that_cannot_be_decoded_are_named_before_rendering(folders, option, name, content, message):
    (folders[option] / name).write_bytes(content)
    with pytest.raises(KeykindError, match=f"{name}.*{message}"):
        check_assets(find_assets(**folders))


def test_unsuitable_files_are_named_before_rendering(folders):
    check_assets(find_assets(**folders))
    Image.new("RGB", (30, 300)).save(folders["behind"] / "thin.png")
    Image.new("L", (300, 300), 99).save(folders["behind"] / "grey.png")
    with pytest.raises(KeykindError, match=r"thin.png: has 30 x 300 px"):
        check_assets(find_assets(behind=folders["behind"]))
    Image.new("RGB", (99, 99)).save(folders["clutter"] / "opaque.png")
    with pytest.raises(KeykindError, match=r"opaque.png: has no transparent pixels"):
        check_assets(find_assets(clutter=folders["clutter"]))
    save_map(folders["lights"] / "square.exr", np.ones((64, 64, 3)))
    save_map(folders["lights"] / "zero.exr", np.zeros((64, 128, 3)))
    with pytest.raises(KeykindError, match=r"square.exr: has 64 x 64 px, not 2 : 1 .*; also zero.exr"):
        check_assets(find_assets(lights=folders["lights"]))


@pytest.mark.parametrize("option", ["lights", "grounds", "behind", "clutter"])
def test_a_missing_or_empty_folder_is_a_one_line_error(tmp_path, capsys, option):
    (tmp_path / "empty").mkdir()
    for folder, message in (("empty", "holds no"), ("nowhere", "cannot be listed")):
        arguments = [str(tmp_path / "set"), "--count", "1", f"--{option}", str(tmp_path / folder)]
        assert main.main(["render", *arguments]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert message in lines[0]
    assert not (tmp_path / "set").exists()
