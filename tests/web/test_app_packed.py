"""Test of the app's packed files: unpacked in the app as they are in Python."""

import json

from app_build import WEB, build_module, node
from keykind.model import shipped
from keykind.model.packed import pack_file
from tiny_model import tiny_bytes

UNPACK = """
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
const [module, folder] = process.argv.slice(1);
const { unpack } = await import(module);
const read = (name) => new Uint8Array(readFileSync(`${folder}/${name}`));
const content = (name) => new Uint8Array(gunzipSync(read(name)));
const detector = unpack(content('detector'), null);
const files = ['detector', 'classifier', 'refiner', 'tiny', 'bytes'];
const same = files.map((name) => Buffer.compare(unpack(content(name), detector), read(`${name}.tflite`)));
let message = null;
try { unpack(content('classifier'), null); } catch (error) { message = error.message; }
console.log(JSON.stringify({ same, message }));
"""


def test_files_are_unpacked_as_in_python(tmp_path):
    detector = shipped.read_model(shipped.DETECTOR)
    files = {
        "detector": (detector, None),
        "classifier": (shipped.read_model(shipped.CLASSIFIER), detector),
        "refiner": (shipped.read_model(shipped.REFINER), detector),
        "tiny": (tiny_bytes(), None),
        "bytes": (bytes(range(256)), None),
    }
    for name, (data, reference) in files.items():
        (tmp_path / f"{name}.tflite").write_bytes(data)
        (tmp_path / name).write_bytes(pack_file(data, reference, effort=1))
    module = build_module(WEB.parent, "engine/packed.ts", tmp_path / "module")
    result = json.loads(node(UNPACK, module.as_uri(), tmp_path))
    assert result["same"] == [0] * len(files)
    assert "reference, which is missing" in result["message"]
