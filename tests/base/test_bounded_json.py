"""JSON from outside is decoded when it can be held, and refused before it is decoded when it cannot."""

import base64
import json
import tracemalloc

import pytest

from imgforge_mcp.base.bounded_json import MOST_DEPTH, MOST_VALUES, decode

PICTURE = base64.b64encode(bytes(range(256)) * 40_000).decode()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"data": [{"b64_json": PICTURE}]}, id="a picture"),
        pytest.param({"text": '[{,"' * MOST_VALUES}, id="marks inside of a string"),
        pytest.param({"text": "\\" * 100_001 + '"'}, id="escapes"),
        pytest.param([{"id": n, "tags": ["a", "b"]} for n in range(20_000)], id="a long list of models"),
        pytest.param(3, id="a number"),
    ],
)
def test_what_a_provider_sends_is_read(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * 1_000_000, id="deep, open"),
        pytest.param(b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), id="deep, closed"),
        pytest.param(b'{"a":' * 500 + b"1" + b"}" * 500, id="deep objects"),
        pytest.param(b"[" + b"1," * MOST_VALUES + b"1]", id="many numbers"),
        pytest.param(b'["' + b'","' * MOST_VALUES + b'"]', id="many strings"),
        pytest.param(b"9" * 10_000, id="an endless number"),
        pytest.param(b'"\\' * MOST_VALUES, id="an open string"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"[" + b"{}," * 30_000_000 + b"{}]", id="90 MB of empty objects"),
    ],
)
def test_what_cannot_be_held_is_refused_before_it_is_made(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"."):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()
