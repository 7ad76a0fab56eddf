"""A tiny model that cuts out, as an ONNX file written by hand (onnx.proto of ONNX 1.14): what is bright is the
subject."""

import json
import struct
from pathlib import Path

SIDE = 32
STRENGTH = 40.0
"""How sure it is of what is bright."""
FLOAT, VARINT, CHUNK = 1, 0, 2


def make(folder: Path) -> Path:
    """A folder as the hub has such models: the graph, and a paper that says how a picture is prepared."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(_model())
    paper = {"size": {"width": SIDE, "height": SIDE}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (folder / "preprocessor_config.json").write_text(json.dumps(paper), "utf-8")
    (folder / "config.json").write_text(json.dumps({"model_type": "custom"}), "utf-8")
    return folder


def _model() -> bytes:
    """One convolution over the three colours, which gives a mask of logits."""
    weights = struct.pack("<3f", *([STRENGTH / 3] * 3))
    kernel = _ints(1, 1, 3, 1, 1) + _int(2, FLOAT) + _text(8, "w") + _part(9, weights)
    node = _text(1, "x") + _text(1, "w") + _text(2, "y") + _text(4, "Conv")
    graph = _part(1, node) + _text(2, "matting") + _part(5, kernel)
    graph += _part(11, _value("x", 1, 3, "height", "width")) + _part(12, _value("y", 1, 1, "height", "width"))
    return _int(1, 8) + _part(7, graph) + _part(8, _int(2, 13))


def _value(name: str, *shape: int | str) -> bytes:
    sides = b"".join(_part(1, _int(1, each) if isinstance(each, int) else _text(2, each)) for each in shape)
    return _text(1, name) + _part(2, _part(1, _int(1, FLOAT) + _part(2, sides)))


def _varint(number: int) -> bytes:
    head, rest = number & 0x7F, number >> 7
    return bytes([head | 0x80]) + _varint(rest) if rest else bytes([head])


def _int(field: int, number: int) -> bytes:
    return _varint(field << 3 | VARINT) + _varint(number)


def _ints(field: int, *numbers: int) -> bytes:
    return b"".join(_int(field, number) for number in numbers)


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | CHUNK) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())
