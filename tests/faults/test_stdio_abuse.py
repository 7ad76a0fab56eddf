"""What a broken or hostile client can put on stdin: each line is answered with an error, and the server goes on."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import emulators
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, Child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the child is read as a POSIX pipe")

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
MIB = 1024 * 1024
MESSAGE_CAP = 32 * MIB
DEPTH = 100_000


@pytest.fixture(scope="module")
def together() -> Iterator[Emulator]:
    emulator = emulators.load("together")
    with emulator.serve():
        yield emulator
        emulator.clear()


@pytest.fixture(scope="module")
def settings(together: Emulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("abuse")
    (folder / "config.toml").touch()
    home = {"IMGFORGE_HOME": str(folder / "home"), "IMGFORGE_OUTPUT_DIRS": str(folder / "out")}
    return home | {"IMGFORGE_CONFIG": str(folder / "config.toml")} | together.environment()


@pytest.fixture(scope="module")
def patient(settings: dict[str, str]) -> Iterator[Child]:
    """One server for all of it: what one test does to it, the next would feel."""
    with Child(settings) as child:
        yield child.greet()


@pytest.fixture
def child(patient: Child, together: Emulator) -> Iterator[Child]:
    """The server, which must still list its tools afterwards, have written nothing but JSON-RPC and bought nothing."""
    bought = len(together.submits)
    yield patient
    assert "generate_image" in {tool["name"] for tool in patient.ask("tools/list")["result"]["tools"]}
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in patient.lines)
    assert len(together.submits) == bought


def request(**changed: Any) -> bytes:
    """A request whose envelope is as it should be, but for the changes."""
    return json.dumps({"jsonrpc": "2.0", "id": "x", "method": "tools/list"} | changed).encode()


LIST = request()


# Lines that are no message ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(b"hello", PARSE_ERROR, id="words"),
        pytest.param(LIST[:-1], PARSE_ERROR, id="truncated"),
        pytest.param(LIST + LIST, PARSE_ERROR, id="two objects on a line"),
        pytest.param(LIST + b" x", PARSE_ERROR, id="something behind"),
        pytest.param(LIST.replace(b'"', b"'"), PARSE_ERROR, id="single quotes"),
        pytest.param(b"\x00" + LIST, PARSE_ERROR, id="NUL"),
        pytest.param(b'{"jsonrpc":"2.0","id":"x","method":"\xff\xfe"}', PARSE_ERROR, id="invalid UTF-8"),
        pytest.param(b'{"jsonrpc":"2.0","id":"x","method":"\xc0\xaf"}', PARSE_ERROR, id="overlong UTF-8"),
        pytest.param(b'{"jsonrpc":"2.0","id":"x","method":"\xe2\x82"}', PARSE_ERROR, id="cut UTF-8"),
        pytest.param(b"[" * DEPTH, PARSE_ERROR, id="deep and open"),
        pytest.param(b"[" * DEPTH + b"]" * DEPTH, PARSE_ERROR, id="deep"),
        pytest.param(b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, PARSE_ERROR, id="deep objects"),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"x","params":{"n":' + b"9" * 5000 + b"}}", PARSE_ERROR, id="5000 digits"
        ),
        pytest.param(b"null", INVALID_REQUEST, id="null"),
        pytest.param(b"42", INVALID_REQUEST, id="number"),
        pytest.param(b'"tools/list"', INVALID_REQUEST, id="string"),
        pytest.param(b"[]", INVALID_REQUEST, id="empty batch"),
        pytest.param(b"[" + LIST + b"]", INVALID_REQUEST, id="batch of one"),
        pytest.param(b"[" + b",".join([LIST] * 1000) + b"]", INVALID_REQUEST, id="batch of a thousand"),
        pytest.param(b"{}", INVALID_REQUEST, id="empty object"),
    ],
)
def test_a_line_that_is_no_message_is_answered_with_an_error(child: Child, line: bytes, code: int) -> None:
    child.write(line + b"\n")
    assert child.answer(None)["error"]["code"] == code


@pytest.mark.parametrize(
    ("line", "request_id"),
    [
        pytest.param(b'{"id":"x","method":"tools/list"}', "x", id="no jsonrpc"),
        pytest.param(request(jsonrpc="1.0"), "x", id="jsonrpc 1.0"),
        pytest.param(request(jsonrpc=2.0), "x", id="jsonrpc a number"),
        pytest.param(request(method=1), "x", id="method a number"),
        pytest.param(request(method=None), "x", id="method null"),
        pytest.param(b'{"jsonrpc":"2.0","id":"x"}', "x", id="no method"),
        pytest.param(request(params=[1]), "x", id="params a list"),
        pytest.param(request(params="x"), "x", id="params a string"),
        pytest.param(request(id=None), None, id="id null"),
        pytest.param(request(id=1.5), None, id="id a fraction"),
        pytest.param(request(id=True), None, id="id true"),
        pytest.param(request(id={}), None, id="id an object"),
        pytest.param(request(id=[1]), None, id="id a list"),
        pytest.param(
            b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"tools/list"}', None, id="id of 5000 digits"
        ),
        pytest.param(b"\xef\xbb\xbf" + LIST, "x", id="byte order mark"),
        pytest.param(request(params={"cursor": "\ud800"}), "x", id="lone surrogate"),
    ],
)
def test_a_wrong_envelope_is_answered_under_its_id_where_it_has_one(
    child: Child, line: bytes, request_id: str | None
) -> None:
    child.write(line + b"\n")
    assert child.answer(request_id)["error"]["code"] in (INVALID_REQUEST, PARSE_ERROR)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="blank"),
        pytest.param(b"   \t ", id="white space"),
        pytest.param(b"\r", id="carriage return"),
        pytest.param(b'{"jsonrpc":"2.0","id":99,"result":{}}', id="an answer nobody waits for"),
        pytest.param(b'{"jsonrpc":"2.0","id":99,"error":{"code":1,"message":"x"}}', id="an error nobody waits for"),
        pytest.param(b'{"jsonrpc":"2.0","method":"notifications/nonsense"}', id="unknown notification"),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}', id="cancel of nothing"
        ),
        pytest.param(b'{"jsonrpc":"2.0","method":"notifications/cancelled"}', id="cancel without an id"),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}', id="cancel of an object"
        ),
    ],
)
def test_a_line_that_asks_for_nothing_is_not_answered(child: Child, line: bytes) -> None:
    before = len(child.lines)
    child.write(line + b"\n")
    child.ask("ping")
    assert len(child.lines) == before + 1


def test_a_thousand_cancels_do_no_harm(child: Child) -> None:
    cancel = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}\n'
    child.write(b"".join(cancel % number for number in range(10_000, 11_000)))


def test_a_hundred_bad_lines_get_a_hundred_answers(child: Child) -> None:
    child.write(b"nonsense\n" * 100)
    assert {child.answer(None)["error"]["code"] for _ in range(100)} == {PARSE_ERROR}


# Size ---------------------------------------------------------------------------------------------------------------


def test_a_message_above_the_cap_is_refused(child: Child) -> None:
    child.write(request(params={"cursor": "x" * (MESSAGE_CAP + MIB)}) + b"\n")
    answer = child.answer(None)["error"]
    assert (answer["code"], "32 MiB" in answer["message"]) == (INVALID_REQUEST, True)


def test_a_message_below_the_cap_is_read(child: Child) -> None:
    error = refusal(child, "generate_image", {"prompt": "x" * (20 * MIB)})
    assert error["details"]["field"] == "prompt"
    assert len(json.dumps(error)) < 2000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of another process's memory")
def test_a_line_of_a_hundred_megabytes_is_skipped_without_being_held(settings: dict[str, str]) -> None:
    with Child(settings) as child:
        child.greet().ask("tools/list")
        before = _peak_memory(child.process.pid)
        for _ in range(100):
            child.write(b"x" * MIB)
        child.write(b"\n")
        assert child.answer(None)["error"]["code"] == INVALID_REQUEST
        assert "tools" in child.ask("tools/list")["result"]
        assert _peak_memory(child.process.pid) - before < 3 * MESSAGE_CAP


def _peak_memory(pid: int) -> int:
    """Bytes of resident memory, at the most there ever were."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


# Ids ----------------------------------------------------------------------------------------------------------------


def test_an_id_that_is_still_being_answered_is_refused_and_nothing_is_bought_twice(
    settings: dict[str, str], together: Emulator
) -> None:
    bought = len(together.submits)
    call = request(method="tools/call", params={"name": "generate_image", "arguments": {"prompt": "a red fox"}}) + b"\n"
    together.fault("hang", times=1)
    with Child(settings) as child:
        child.greet().write(call)
        assert together.wait_for_submits(bought + 1, PATIENCE)
        child.write(call)
        assert child.answer(None)["error"]["code"] == INVALID_REQUEST
        together.clear()
        assert "result" in child.answer("x")
        child.write(LIST + b"\n")
        assert "tools" in child.answer("x")["result"]
    assert len(together.submits) == bought + 1


def test_a_number_and_a_string_are_different_ids(child: Child) -> None:
    child.write(request(id=70_001) + b"\n" + request(id="70001") + b"\n")
    assert "tools" in child.answer(70_001)["result"]
    assert "tools" in child.answer("70001")["result"]


# Methods, tools, arguments ------------------------------------------------------------------------------------------


def test_an_unknown_method_is_not_found(child: Child) -> None:
    assert child.ask("tools/nonsense")["error"]["code"] == METHOD_NOT_FOUND


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"name": "make_coffee", "arguments": {}}, id="unknown tool"),
        pytest.param({"name": "", "arguments": {}}, id="no name"),
        pytest.param({"name": "x" * 100_000, "arguments": {}}, id="endless name"),
        pytest.param({"arguments": {}}, id="name missing"),
        pytest.param({"name": 1}, id="name a number"),
        pytest.param({"name": None}, id="name null"),
        pytest.param({"name": "generate_image", "arguments": [1]}, id="arguments a list"),
        pytest.param({"name": "generate_image", "arguments": "prompt"}, id="arguments a string"),
    ],
)
def test_a_call_of_nothing_is_refused(child: Child, params: dict[str, Any]) -> None:
    answer = child.ask("tools/call", params)
    assert answer["error"]["code"] == INVALID_PARAMS
    assert len(json.dumps(answer)) < 2000


NOT_A_NUMBER = float("nan")
ENDLESS = float("inf")
WHOLE: tuple[object, ...] = ("one", True, 1.5, NOT_A_NUMBER, ENDLESS, -2, 2**64, 10**400, [1], {})
NUMBER: tuple[object, ...] = ("one", True, NOT_A_NUMBER, ENDLESS, -ENDLESS, -1, [1], {})
WORD: tuple[object, ...] = (1, True, 1.5, [1], {}, "\x00", "x" * 10_000)
YES_OR_NO: tuple[object, ...] = ("maybe", 2, 1.5, [1], {"a": 1})
WRONG: dict[str, tuple[object, ...]] = {
    "prompt": (*WORD, "", "  "),
    "quality_tier": ("best", 1, True, [], {}),
    "model": (1, True, [], "x" * 10_000),
    "provider": (1, True, [], "x" * 10_000),
    "negative_prompt": WORD,
    "aspect_ratio": (1.5, "0:0:0", "a:b", "-1:2", [16, 9]),
    "width": (*WHOLE, 0, 63, 8193),
    "height": (*WHOLE, 0, 63, 8193),
    "image_size": ("8K", True, [1]),
    "n": (*WHOLE, 0, 5),
    "seed": WHOLE,
    "steps": (*WHOLE, 0, 51),
    "style": WORD,
    "output_format": ("gif", 1, True),
    "enhance": YES_OR_NO,
    "template": (1, True, "x" * 100),
    "input_images": ({}, [1], ["x"] * 15),
    "metadata": ("x", [], {"x" * 65: "y"}, {"x": "y" * 513}),
    "project_id": ("a b", "x" * 65, "a/b"),
    "idempotency_key": (True, "x" * 256),
    "sync": YES_OR_NO,
    "max_cost_usd": (*NUMBER, 1001),
    "save_to": (1, True, "x" * 1025),
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) < 20 else f"{text[:12]}..{len(text)}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param(field, value, id=f"{field}={_shown(value)}".encode("ascii", "replace").decode())
        for field, values in WRONG.items()
        for value in values
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(child: Child, field: str, value: object) -> None:
    request = child.send("tools/call", {"name": "generate_image", "arguments": {"prompt": "a red fox", field: value}})
    answer = child.answer(request)
    error = json.loads(answer["result"]["content"][0]["text"])
    assert answer["result"]["isError"] is True
    assert (error["code"], error["status"]) == ("invalid_request", 400)
    assert error["details"]["field"].partition(".")[0] == field
    assert len(json.dumps(error)) < 2000


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        pytest.param("generate_image", {}, id="a prompt is missing"),
        pytest.param("generate_image", {"prompt": None}, id="a prompt is null"),
        pytest.param("generate_image", {"prompt": "a fox", "promt": "x"}, id="an unknown argument"),
        pytest.param("generate_image", {"prompt": "a fox", "colours": 3}, id="another unknown argument"),
        pytest.param("check_job", {"job_id": 1}, id="a job id is a number"),
        pytest.param("check_job", {"wait_seconds": "soon"}, id="wait_seconds is a word"),
        pytest.param("check_job", {"wait_seconds": True}, id="wait_seconds is true"),
        pytest.param("check_job", {"wait_seconds": NOT_A_NUMBER}, id="wait_seconds is no number"),
        pytest.param("check_job", {"wait_seconds": 51}, id="wait_seconds is too long"),
        pytest.param("check_job", {"limit": "many"}, id="limit is a word"),
        pytest.param("list_models", {"tier": "best"}, id="no such tier"),
        pytest.param("list_models", {"available_only": "maybe"}, id="available_only is a word"),
        pytest.param("list_models", {"cursor": "nonsense", "detail": "full"}, id="no such page"),
        pytest.param("cancel_job", {}, id="a job id is missing"),
    ],
)
def test_wrong_arguments_of_any_tool_are_refused(child: Child, tool: str, arguments: dict[str, Any]) -> None:
    assert refusal(child, tool, arguments)["code"] == "invalid_request"


def test_an_unknown_argument_is_named(child: Child) -> None:
    assert "promt" in refusal(child, "generate_image", {"prompt": "a fox", "promt": "x"})["error"]


def refusal(child: Child, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The error that a call is answered with."""
    result = child.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
    assert result["isError"] is True
    error: dict[str, Any] = json.loads(result["content"][0]["text"])
    return error
