"""Tests of dataset/duplicates.py."""

import io
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

import drawn
from commands import shared
from keykind.dataset import duplicates
from keykind.dataset.duplicates import DisjointSets, fingerprint, near_duplicates
from keykind.dataset.samples import grey_square
from keykind.photo import decode

KEYS = 12


def fingerprints(images) -> np.ndarray:
    squares = (grey_square(np.asarray(image.convert("RGB"))) for image in images)
    return np.array([fingerprint(square) for square in squares])


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: jpeg(image, 30),
        lambda image: image.resize((200, 150)),
        lambda image: jpeg(image.resize((133, 100), Image.Resampling.LANCZOS), 75),
        lambda image: image.resize((1200, 900), Image.Resampling.BICUBIC),
        lambda image: jpeg(ImageEnhance.Brightness(image).enhance(1.1), 75),
        lambda image: ImageEnhance.Brightness(image).enhance(0.8),
        lambda image: ImageEnhance.Contrast(image).enhance(1.1),
        ImageOps.grayscale,
        lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    ],
    ids=["recompressed", "half", "third", "larger", "brighter", "darker", "contrast", "grey", "blurred"],
)
@pytest.mark.parametrize("background", [None, 250], ids=["mottled background", "white background"])
def test_an_altered_copy_is_detected(copy, background):
    keys = [drawn.key(seed, background=background) for seed in range(KEYS)]
    copies = [copy(key) for key in keys]
    assert near_duplicates(fingerprints([*keys, *copies])) == tuple((row, row + KEYS) for row in range(KEYS))


def test_a_fingerprint_has_the_shape_and_type_in_the_module_docstring():
    small = fingerprints([drawn.key(1)])[0]
    assert f"fingerprints {small.shape} {small.dtype}" in duplicates.__doc__
    assert small.any()


def test_different_keys_on_white_are_not_duplicates():
    assert near_duplicates(fingerprints(drawn.key(seed, background=250) for seed in range(60))) == ()


def test_keys_on_white_that_differ_only_in_their_cuts_are_not_duplicates():
    assert near_duplicates(fingerprints(drawn.key(3, background=250, cuts=cuts) for cuts in range(30))) == ()


def test_mirror_images_are_not_duplicates():
    key = drawn.key(1, background=250)
    assert near_duplicates(fingerprints([key, ImageOps.mirror(key)])) == ()


def test_photos_of_a_single_flat_colour_are_never_duplicates():
    flat = [Image.new("RGB", (300, 200), colour) for colour in ("white", "white", "black", "black")]
    assert near_duplicates(fingerprints(flat)) == ()


def test_zero_or_one_photo_make_no_cluster():
    assert near_duplicates(np.empty((0, 128, 128), np.uint8)) == ()
    assert near_duplicates(fingerprints([drawn.key(1)])) == ()


def test_clusters_do_not_depend_on_the_order_of_the_photos():
    keys = [drawn.key(seed) for seed in range(10)]
    rows = fingerprints([*keys, *(jpeg(key, 50) for key in keys[:5]), *(jpeg(key, 40) for key in keys[:2])])
    shuffled = np.random.default_rng(0).permutation(len(rows))
    found = {frozenset(shuffled[list(cluster)].tolist()) for cluster in near_duplicates(rows[shuffled])}
    assert found == {frozenset(cluster) for cluster in near_duplicates(rows)}
    assert sorted(map(len, found)) == [2, 2, 2, 3, 3]


def test_a_thousand_copies_of_a_photo_are_one_cluster():
    rng = np.random.default_rng(0)
    copies = fingerprints([drawn.key(1)])[0] * 0.9 + rng.normal(0, 2, (1000, 128, 128)) + 8
    assert near_duplicates(copies.clip(0, 255).astype(np.uint8)) == (tuple(range(1000)),)


def test_time_grows_about_linearly_with_the_number_of_photos():
    rng = np.random.default_rng(0)

    def seconds(count):
        coarse = rng.integers(0, 256, (count, 8, 8), dtype=np.uint8).repeat(16, axis=1).repeat(16, axis=2)
        return min(_timed(coarse) for _ in range(2))

    assert seconds(4000) < 10 * seconds(1000)  # 16 would be quadratic


def _timed(rows) -> float:
    start = time.perf_counter()
    near_duplicates(rows)
    return time.perf_counter() - start


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40))
def test_disjoint_sets_merge_what_any_chain_of_pairs_connects(pairs):
    sets, groups = DisjointSets(20), [{item} for item in range(20)]
    for a, b in pairs:
        sets.union(a, b)
        merged = groups[a] | groups[b]
        for item in merged:
            groups[item] = merged
    assert [sets.find(item) for item in range(20)] == [min(group) for group in groups]
    expected = {tuple(sorted(group)) for group in groups if len(group) > 1}
    assert set(sets.clusters()) == expected


def test_burst_photos_are_duplicates_only_if_the_camera_hardly_moved():
    paths = sorted(shared("photos/dimple").glob("*.jpg")) + sorted(shared("photos/cylinder").glob("*.jpg"))
    read = [decode.read_photo(path, min_side=256).pixels for path in paths]
    clusters = near_duplicates(fingerprints(Image.fromarray(pixels) for pixels in read))
    names = [[paths[row].name[:4] for row in cluster] for cluster in clusters]
    assert names == [["hera", "hera"], ["iseo", "iseo"]]


def pasted(ground: Image.Image, seed: int, *, size=(90, 32), at=(140, 120)) -> Image.Image:
    """Paste a small drawn key onto a photo."""
    photo = ground.copy()
    photo.paste(drawn.key(seed, background=200).crop((30, 90, 370, 210)).resize(size), at)
    return photo


def test_other_objects_on_an_unchanged_ground_are_not_duplicates():
    ground = drawn.key(3)
    assert near_duplicates(fingerprints(jpeg(pasted(ground, seed), 85) for seed in range(20, 38))) == ()


def test_the_same_object_on_an_unchanged_ground_is_a_duplicate():
    photo = pasted(drawn.key(3), 20)
    assert near_duplicates(fingerprints([photo, jpeg(photo, 60), jpeg(photo.resize((200, 150)), 80)])) == (
        (0, 1, 2),
    )


@pytest.mark.parametrize("cut", [2, 4, 8])
def test_a_photo_that_lost_up_to_two_percent_at_its_edges_is_detected(cut):
    photos = [pasted(drawn.key(seed), seed + 20) for seed in range(6)]
    copies = [jpeg(photo.crop((cut, cut // 2, 400, 300 - cut // 2)), 80) for photo in photos]
    assert near_duplicates(fingerprints([*photos, *copies])) == tuple((row, row + 6) for row in range(6))


def test_keys_on_a_fixed_camera_are_different_keys():
    paths = sorted(shared("cases/fixed-camera").glob("*/*.jpg"))
    read = [decode.read_photo(path, min_side=256).pixels for path in paths]
    assert near_duplicates(fingerprints(Image.fromarray(pixels) for pixels in read)) == ()
