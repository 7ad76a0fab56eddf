"""JSON with comments, edited: one member comes or goes, all else stays letter by letter."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgforge_mcp.cli.install import jsonc

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)


@settings(deadline=None, max_examples=60)
@given(OBJECTS, st.sampled_from([None, 2, "\t"]))
def test_a_member_that_comes_and_goes_leaves_what_was_there(value: dict[str, object], indent: int | str | None) -> None:
    value = {name: member for name, member in value.items() if name != "servers"}
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    added = jsonc.with_member(text, ("servers", "ours"), {"command": "x"})
    assert json.loads(added) == {**value, "servers": {"ours": {"command": "x"}}}
    assert json.loads(jsonc.without(added, ("servers",))) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{\n  "a": 1 // one\n}\n', '{\n  "a": 1, // one\n  "x": {\n    "y": 2\n  }\n}\n', id="comment"),
        pytest.param('{\n\t"a": 1,\n}', '{\n\t"a": 1,\n\t"x": {\n\t\t"y": 2\n\t}\n}', id="trailing comma, tabs"),
        pytest.param('{\r\n  "a": 1\r\n}', '{\r\n  "a": 1,\r\n  "x": {\r\n    "y": 2\r\n  }\r\n}', id="Windows lines"),
        pytest.param("{ /* nothing */ }", '{ /* nothing */\n  "x": {\n    "y": 2\n  }\n}', id="only a comment"),
        pytest.param("", '{\n  "x": {\n    "y": 2\n  }\n}\n', id="empty file"),
    ],
)
def test_a_member_is_added_in_the_files_own_manner(text: str, expected: str) -> None:
    assert jsonc.with_member(text, ("x", "y"), 2) == expected


@pytest.mark.parametrize("text", ["{", '{"a"}', '{"a": }', "{} x", "{'a': 1}", '{"a": 1 "b": 2}', "[1 2]", "nul"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        jsonc.parsed(text)
