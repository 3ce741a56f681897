"""Tests of simple_yaml.py, compared with PyYAML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keykind.dataset.formats.simple_yaml import BadYaml, parse_yaml

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ULTRALYTICS = """# keys, © nobody
path: ../datasets/keys # root: of all
train: images/train
val: [images/val, "more #1"]
test:

kpt_shape: [2, 3]  # number, values
flip_idx: [0,
  1]
names:
  0: it's a 'key'
  1: 'd''or'
  2: "a: \\u00e9"
kpt_names:
  0:
    - head
    - tip
download: https://example.org/a.zip
"""
ROBOFLOW = """---
train: ../train/images
nc: 2
names: ['cylinder', 'double bit, "old"']
roboflow:
  workspace: w
  license: {name: CC BY 4.0, url: http://x.org/a:b}
"""
DUMPED = "names:\n- cylinder\n- dimple\n-\n  - a\nkpt_shape:\n- 2\n- 3\n"


def as_text(value):
    """What the parser gives for PyYAML's value: numbers as texts, nothing as an empty one."""
    if isinstance(value, dict):
        return {str(key): as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return "" if value is None else str(value)


@pytest.mark.parametrize(
    "text", [ULTRALYTICS, ROBOFLOW, DUMPED, "", "- 1\n- [a, {b: c}]\n", "a:\n  b:\n    c: 1\n  d: 2\ne: 3"]
)
def test_files_of_yolo_tools_are_read_as_by_pyyaml(text):
    assert parse_yaml(text) == as_text(yaml.safe_load(text))


printable = st.characters(codec="utf-8", categories=("L", "N", "P", "S"), include_characters=" ")
names = st.text(printable, min_size=1, max_size=12).map(str.strip).filter(bool)
files = st.fixed_dictionaries(
    {
        "train": names,
        "kpt_shape": st.tuples(st.integers(1, 17), st.integers(2, 3)).map(list),
        "names": st.lists(names, min_size=1) | st.dictionaries(st.integers(0, 9), names, min_size=1),
        "kpt_names": st.dictionaries(st.integers(0, 9), st.lists(names, min_size=2), min_size=1),
    }
)
styles = st.sampled_from([None, True, False])


@settings(deadline=None)
@given(files, styles, st.booleans())
def test_every_name_is_read_as_pyyaml_writes_it(value, flow, unicode):
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=unicode, width=10**6)
    assert parse_yaml(text) == as_text(value)


@settings(deadline=None)
@given(files, styles, st.booleans())
def test_in_short_lines_a_name_is_right_or_refused(value, flow, unicode):
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=unicode, width=20)
    try:
        parsed = parse_yaml(text)
    except BadYaml:  # a text of several lines
        return
    assert parsed == as_text(value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("names: [a, b", "line 1 has a bracket that is not closed"),
        ("a: 1\n  b: 2", "line 2 is indented like no line above it"),
        ("names: &x [a]", "line 1 has a value that is not read here"),
        ("names: |\n  a", "line 1 has a value"),
        ("a: 1\nnonsense", "line 2 has no key: 'nonsense'"),
        ("- - a", "line 1 has several values: '- a'"),
        ("- a: 1", "line 1 has several values"),
        ("a: [b c: d]", "line 1 has no comma"),
        ("a: [1] 2", "line 1 goes on after a bracket"),
        ("a: {b}", "line 1 has a key without a value"),
        ("a: [,]", "line 1 has no value before"),
    ],
)
def test_anything_else_is_refused_with_its_line(text, fault):
    with pytest.raises(BadYaml, match=fault):
        parse_yaml(text)
