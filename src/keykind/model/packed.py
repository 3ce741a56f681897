"""A TFLite file <-> the same file packed for the app: a quarter to a third smaller than with gzip alone.

In:    the file's bytes; those of a network that began training with the same weights, or none
Out:   gzip of a header, the bytes between the arrays, and the arrays, each of them filtered
Needs: numpy, ai-edge-litert

Three filters make the arrays of a network compressible, and lose nothing:

- int8 kernels are stored as differences to the reference's kernels of the same shape, each channel scaled:
  fine-tuned networks stay close to the weights from which they began;
- other numbers are stored by significance: all first bytes, all second bytes, ..., as in Blosc and HDF5;
- scales of biases are left out where they are those of the kernel times that of the input, as specified.

web/src/engine/packed.ts is the counterpart of `unpack_file`. All numbers are little-endian.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from numpy.typing import NDArray

MAGIC = b"KKP1"
GZIP = 31  # zlib's window bits for a gzip file
MEMORY = 9  # zlib's level; the most symbols per block, so the fewest tables
MIN_BYTES = 64  # of an array; smaller ones stay where they are
ITEM_BYTES = (1, 2, 4)  # of the elements of arrays, in the order in which they are stored
RATIO = 256  # steps of a channel's ratio per 1
MAX_RATIO = 65_535  # of uint16
MAX_LEFT = 0.7  # size of the differences relative to the kernel from which a reference is of no use
NONE = 0xFFFF_FFFF  # no reference

_ITEMS = {"INT8": 1, "FLOAT16": 2, "FLOAT32": 4, "INT32": 4}  # TensorType -> bytes of an element
_BYTES = {getattr(tfl.TensorType, name): size for name, size in _ITEMS.items()}
_INPUT, _KERNEL, _BIAS = 0, 1, 2  # positions of an operator's inputs
_HEADER = np.dtype([("magic", "S4"), ("size", "<u4"), ("arrays", "<u4"), ("products", "<u4")])
_ARRAY = np.dtype([(name, "<u4") for name in ("offset", "item", "rows", "columns", "reference")])
_PRODUCT = np.dtype([("offset", "<u4"), ("source", "<u4"), ("count", "<u4"), ("factor", "<f4")])

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Array:
    """Where numbers of one size lie in a file: rows x columns elements of `item` bytes."""

    offset: int
    item: int
    rows: int  # channels of a kernel
    columns: int

    @property
    def bytes(self) -> int:
        """The number of bytes."""
        return self.item * self.rows * self.columns


def pack_file(data: bytes, reference: bytes | None = None, *, effort: int = 9) -> bytes:
    """Return a file packed, to be unpacked with the same reference.

    data: any bytes; those of a TFLite file become smaller than with gzip. effort: zlib's level, 1 to 9.
    """
    plain = _gzip(data, effort)
    arrays, products = _arrays(data), _products(data)
    if not arrays:
        return plain
    skipped = set(products["offset"].tolist())
    arrays = [array for array in arrays if array.offset not in skipped]
    filtered = _gzip(_filtered(data, arrays, products, reference), effort, zlib.Z_FILTERED)
    return min(plain, filtered, key=len)


def unpack_file(packed: bytes, reference: bytes | None = None) -> bytes:
    """Return the file that was packed with this reference. Raises ValueError if that is missing."""
    content = np.frombuffer(zlib.decompress(packed, GZIP), np.uint8)
    if content[: len(MAGIC)].tobytes() != MAGIC:
        return content.tobytes()
    header, position = _read(content, 0, _HEADER, 1)
    arrays, position = _read(content, position, _ARRAY, int(header["arrays"][0]))
    products, position = _read(content, position, _PRODUCT, int(header["products"][0]))
    is_difference = arrays["reference"] != NONE
    if reference is None and is_difference.any():
        raise ValueError("the file was packed with a reference, which is missing")
    channels = int(arrays["rows"][is_difference].sum())
    ratios = _joined(content[position : position + 2 * channels], 2).view("<u2")
    position += 2 * channels
    data = np.empty(int(header["size"][0]), np.uint8)
    for start, stop in _gaps(arrays, products, len(data)):
        data[start:stop] = content[position : position + stop - start]
        position += stop - start
    for item in ITEM_BYTES:
        for array in arrays[arrays["item"] == item]:
            size = int(array["item"]) * int(array["rows"]) * int(array["columns"])
            start = int(array["offset"])
            data[start : start + size] = _joined(content[position : position + size], item)
            position += size
    _add_references(data, arrays[is_difference], ratios, reference)
    for product in products:
        start, source, count = (int(product[name]) for name in ("offset", "source", "count"))
        scales = data[source : source + 4 * count].view("<f4")
        data[start : start + 4 * count] = (scales * product["factor"]).view(np.uint8)
    return data.tobytes()


def _filtered(data: bytes, arrays: list[Array], products: NDArray[Any], reference: bytes | None) -> bytes:
    """Return what is compressed: header, ratios, bytes between the arrays, arrays."""
    table = np.array([(a.offset, a.item, a.rows, a.columns, NONE) for a in arrays], _ARRAY)
    values = [_array(data, array) for array in arrays]
    ratios: list[NDArray[np.uint16]] = []
    if reference is not None:
        candidates = [array for array in _arrays(reference) if array.item == 1]
        for i, array in enumerate(arrays):
            found = _difference(values[i], array, candidates, reference) if array.item == 1 else None
            if found is not None:
                table["reference"][i], values[i] = found[0].offset, found[2]
                ratios.append(found[1])
    header = np.array([(MAGIC, len(data), len(table), len(products))], _HEADER)
    parts = [header, table, products, *(_split(np.concatenate(ratios).view(np.uint8), 2) for _ in ratios[:1])]
    parts += [np.frombuffer(data[start:stop], np.uint8) for start, stop in _gaps(table, products, len(data))]
    stored = list(zip(arrays, values, strict=True))
    for item in ITEM_BYTES:
        parts += [_split(value, item) for array, value in stored if array.item == item]
    return b"".join(part.tobytes() for part in parts)


def _difference(
    values: Bytes, array: Array, candidates: list[Array], reference: bytes
) -> tuple[Array, NDArray[np.uint16], Bytes] | None:
    """Return the kernel of the reference that is most alike, the ratio of each channel, and the differences.

    None: no kernel is alike.
    """
    kernel = values.view(np.int8).reshape(array.rows, array.columns).astype(np.int32)
    best, least = None, MAX_LEFT * np.abs(kernel).sum()
    for candidate in candidates:
        if (candidate.rows, candidate.columns) == (array.rows, array.columns):
            other = _array(reference, candidate).view(np.int8).reshape(kernel.shape).astype(np.int32)
            ratio = (kernel * other).sum(1) / np.maximum((other * other).sum(1), 1)
            ratios = np.clip(np.rint(ratio * RATIO), 0, MAX_RATIO).astype(np.uint16)
            differences = kernel - _scaled(other, ratios)
            if (left := np.abs(differences).sum()) < least:
                least = left
                best = candidate, ratios, differences.astype(np.uint8).ravel()  # modulo 256
    return best


def _scaled(kernel: NDArray[np.int32], ratios: NDArray[np.uint16]) -> NDArray[np.int32]:
    """Return a kernel (rows, columns) times the ratio of each row, rounded."""
    return (kernel * ratios[:, None].astype(np.int32) + RATIO // 2) >> (RATIO.bit_length() - 1)


def _add_references(
    data: Bytes, arrays: NDArray[Any], ratios: NDArray[np.uint16], reference: bytes | None
) -> None:
    row = 0
    for entry in arrays:
        array = Array(*(int(entry[name]) for name in ("offset", "item", "rows", "columns")))
        source = np.frombuffer(reference or b"", np.int8, array.bytes, int(entry["reference"]))
        scaled = _scaled(source.reshape(array.rows, -1).astype(np.int32), ratios[row : row + array.rows])
        data[array.offset : array.offset + array.bytes] += scaled.astype(np.uint8).ravel()
        row += array.rows


def _arrays(data: bytes) -> list[Array]:
    """Return the large arrays of a TFLite file, in the order of the file; none in other files."""
    if data[4:8] != b"TFL3":
        return []
    found: dict[int, Array] = {}
    model = tfl.Model.GetRootAs(data)
    graph = model.Subgraphs(0)
    for tensor in map(graph.Tensors, range(graph.TensorsLength())):
        values, item = model.Buffers(tensor.Buffer()).DataAsNumpy(), _BYTES.get(tensor.Type(), 0)
        if item and isinstance(values, np.ndarray):
            _add(found, data, values, item, int(tensor.Shape(0)) if tensor.ShapeLength() > 1 else 1)
        if (scales := _scales(tensor)) is not None:
            _add(found, data, scales, scales.itemsize, 1)
    return [found[offset] for offset in sorted(found)]


def _add(found: dict[int, Array], data: bytes, values: NDArray[Any], item: int, rows: int) -> None:
    if values.nbytes >= MIN_BYTES and values.nbytes % (rows * item) == 0:
        offset = _offset(data, values)
        found[offset] = Array(offset, item, rows, values.nbytes // rows // item)


def _products(data: bytes) -> NDArray[Any]:
    """Return where the scales of a bias are exactly those of the kernel times that of the input."""
    found: dict[int, tuple[int, int, int, float]] = {}
    if data[4:8] == b"TFL3":
        graph = tfl.Model.GetRootAs(data).Subgraphs(0)
        for operator in map(graph.Operators, range(graph.OperatorsLength())):
            inputs = [operator.Inputs(i) for i in range(operator.InputsLength())]
            if len(inputs) > _BIAS and min(inputs) >= 0:
                scales = [_scales(graph.Tensors(inputs[i])) for i in (_INPUT, _KERNEL, _BIAS)]
                found |= {product[0]: product for product in _product(data, *scales)}
    return np.array([found[offset] for offset in sorted(found)], _PRODUCT)


def _product(data: bytes, one: Any, kernel: Any, bias: Any) -> Iterator[tuple[int, int, int, float]]:
    if one is None or kernel is None or bias is None or bias.nbytes < MIN_BYTES:
        return
    if len(one) == 1 and np.array_equal(kernel * one[0], bias):
        yield _offset(data, bias), _offset(data, kernel), len(bias), float(one[0])


def _scales(tensor: Any) -> NDArray[np.float32] | None:
    quantization = tensor.Quantization()
    return None if quantization is None or not quantization.ScaleLength() else quantization.ScaleAsNumpy()


def _offset(data: bytes, values: NDArray[Any]) -> int:
    """Return where an array that shares the memory of `data` begins in it."""
    start = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    return int(values.__array_interface__["data"][0] - start)


def _array(data: bytes, array: Array) -> Bytes:
    return np.frombuffer(data, np.uint8, array.bytes, array.offset)


def _gaps(arrays: NDArray[Any], products: NDArray[Any], size: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of the bytes between arrays and products."""
    sizes = arrays["item"].astype(int) * arrays["rows"] * arrays["columns"]
    taken = [*zip(arrays["offset"].tolist(), sizes.tolist(), strict=True)]
    taken += [(int(product["offset"]), 4 * int(product["count"])) for product in products]
    position = 0
    for offset, length in sorted(taken):
        yield position, offset
        position = offset + length
    yield position, size


def _split(values: Bytes, item: int) -> Bytes:
    """Return all first bytes of elements, then all second bytes, ..."""
    return values.reshape(-1, item).T.ravel()


def _joined(values: Bytes, item: int) -> Bytes:
    """Return elements whose bytes `_split` has split."""
    return np.ascontiguousarray(values.reshape(item, -1).T).ravel()


def _read(content: Bytes, position: int, dtype: np.dtype[Any], count: int) -> tuple[NDArray[Any], int]:
    end = position + count * dtype.itemsize
    return np.frombuffer(content[position:end].tobytes(), dtype), end


def _gzip(data: bytes, effort: int, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    compressor = zlib.compressobj(effort, zlib.DEFLATED, GZIP, MEMORY, strategy)
    return compressor.compress(data) + compressor.flush()
