"""The stdio server's first second: who is answered while the SDK loads, and that nothing else is different for it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.mcp import rendered
from imgforge_mcp.mcp.rendering import render
from tests.faults._processes import HANDSHAKE, PATIENCE, Child, environment_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and FIFOs are POSIX's"),
]

GATE = """
import os, sys
from importlib.abc import MetaPathFinder

class Gate(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in ("mcp", "mcp_types") and os.environ.get("GATE_OF_TEST"):
            gate = os.environ.pop("GATE_OF_TEST")
            sys.stderr.write("loading\\n")
            sys.stderr.flush()
            open(gate, "rb").close()
        return None

sys.meta_path.insert(0, Gate())
sys.argv = ["imgforge-mcp"]
from imgforge_mcp.__main__ import main
sys.exit(main())
"""
"""The server; where it would load the SDK it says so and waits until somebody opens the gate, a FIFO."""


@pytest.fixture
def settings(environment: dict[str, str]) -> dict[str, str]:
    """An installation that has run before."""
    whole = environment_of(environment)
    render(whole)
    return whole


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


Start = Callable[[], "Child"]


@pytest.fixture
def start(settings: dict[str, str], gate: Path) -> Iterator[Start]:
    """Start the server behind its gate."""
    children: list[Child] = []

    def child() -> Child:
        child = Child(
            settings | {"GATE_OF_TEST": str(gate)}, stderr=subprocess.PIPE, command=(sys.executable, "-c", GATE)
        )
        children.append(child)
        return child

    yield child
    for each in children:
        each.close()


def loading(child: Child) -> None:
    """Wait until it is about to load the SDK."""
    assert child.process.stderr is not None
    assert child.process.stderr.readline() == b"loading\n"


def open_gate(gate: Path) -> None:
    os.close(os.open(gate, os.O_WRONLY))


def test_the_handshake_and_the_tools_are_there_before_the_sdk_is(start: Start, gate: Path) -> None:
    child = start()
    loading(child)
    listed = child.greet().ask("tools/list")["result"]["tools"]
    assert {"generate_image", "check_job"} <= {tool["name"] for tool in listed}
    assert child.ask("ping")["result"] == {}
    waiting = child.send("tools/call", {"name": "check_job", "arguments": {}})
    behind = child.send("resources/list")
    assert child.ask("ping")["result"] == {}
    assert [message for message in map(json.loads, child.lines) if message["id"] in (waiting, behind)] == []
    open_gate(gate)
    assert "no such jobs" in child.answer(waiting)["result"]["content"][0]["text"]
    assert child.answer(behind)["result"]["resources"]
    assert len(child.lines) == len({json.loads(line)["id"] for line in child.lines})  # nothing is told twice


def test_the_new_era_is_answered_before_the_sdk_is_there(start: Start, gate: Path) -> None:
    child = start()
    loading(child)
    said = {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": HANDSHAKE["clientInfo"],
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    }
    assert child.ask("server/discover", said)["result"]["supportedVersions"]
    assert child.ask("tools/list", said)["result"]["tools"]
    waiting = child.send("resources/list", said)
    refused = child.send("initialize", HANDSHAKE)
    open_gate(gate)
    assert child.answer(waiting)["result"]["resources"]
    assert child.answer(refused)["error"]["code"] == -32022


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGHUP", "stdin_eof", "closed_stdout"])
def test_it_ends_at_once_while_it_loads(start: Start, how: str) -> None:
    child = start()
    loading(child)
    child.greet()
    child.end(how)
    if how == "closed_stdout":  # nobody watches yet; the next answer finds out
        child.send("ping")
    assert child.process.wait(PATIENCE) == 0


def test_who_still_waits_when_stdin_ends_is_answered(start: Start, gate: Path) -> None:
    child = start()
    loading(child)
    waiting = child.greet().send("tools/call", {"name": "check_job", "arguments": {}})
    child.end("stdin_eof")
    open_gate(gate)
    assert child.answer(waiting)["result"]["content"]
    assert child.process.wait(PATIENCE) == 0


def test_an_answer_that_is_out_of_date_is_noticed_and_not_given_again(settings: dict[str, str]) -> None:
    """What a digest cannot know: here, that somebody has written the file by hand."""
    found = rendered.find(settings)
    assert found is not None
    [path] = Path(settings["IMGFORGE_HOME"], "front").iterdir()
    first, *results = path.read_bytes().split(b"\n", 1)[1].split(b"\n")
    rendered.keep(json.loads(first), [result.replace(b"check_job", b"chick_job") for result in results], settings)
    said = transcript(settings, LEGACY)
    assert any(b"chick_job" in line for line in said)
    assert not any(b"chick_job" in line for line in transcript(settings, LEGACY))
    assert rendered.find(settings) is not None


def test_two_that_start_at_once_leave_one_whole_file(environment: dict[str, str]) -> None:
    settings = environment_of(environment)
    both = [begun(settings) for _ in range(2)]
    said = [finished(process, LEGACY) for process in both]
    assert said[0] == said[1]
    [path] = Path(settings["IMGFORGE_HOME"], "front").iterdir()
    assert path.suffix == rendered.SUFFIX
    assert transcript(settings, LEGACY) == said[0]


def test_a_home_that_cannot_be_written_to_is_served_as_before(environment: dict[str, str]) -> None:
    settings = environment_of(environment)
    Path(settings["IMGFORGE_HOME"]).write_text("a file", "utf-8")
    first, second = transcript(settings, LEGACY), transcript(settings, LEGACY)
    assert first == second
    assert any(b"storage_error" in line for line in first)


def line(number: Any, method: str, params: Any = None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}).encode()


INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
CHECK = {"name": "check_job", "arguments": {}}
LEGACY = [line(1, "initialize", HANDSHAKE), INITIALIZED, line(2, "tools/list"), line(3, "tools/call", CHECK)]
TRANSCRIPTS = {
    "an ordinary one": LEGACY,
    "carriage returns": [each + b"\r" for each in LEGACY],
    "a byte order mark": [b"\xef\xbb\xbf" + LEGACY[0], *LEGACY],
    "garbage around": [b"{", b"", b"   ", LEGACY[0], b"[]", b"nonsense", b'{"id":1}', *LEGACY[1:], b"\xff\xfe"],
    "the same id twice": [LEGACY[0], line(2, "tools/call", CHECK), line(2, "prompts/list"), line(2, "ping")],
    "ids of every kind": [LEGACY[0], line("1", "ping"), line(True, "ping"), line(1.5, "ping"), line(None, "ping")],
    "before the greeting": [
        line(1, "tools/list"),
        line(2, "ping"),
        *[each.replace(b": 1,", b": 9,") for each in LEGACY[:1]],
    ],
    "greeted twice": [LEGACY[0], line(2, "initialize", HANDSHAKE), line(3, "tools/list")],
    "nothing at all": [],
}
"""Lines that a client may send at once."""


@pytest.mark.parametrize("messages", TRANSCRIPTS.values(), ids=TRANSCRIPTS.keys())
def test_a_later_start_answers_as_the_first(environment: dict[str, str], messages: list[bytes]) -> None:
    settings = environment_of(environment)
    unheard = transcript(settings | {"IMGFORGE_HOME": f"{settings['IMGFORGE_HOME']}-unheard-of"}, messages)
    render(settings)
    assert rendered.find(settings) is not None
    assert transcript(settings, messages) == unheard
    assert transcript(settings, messages, piece=7) == unheard


def begun(settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "imgforge_mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=settings,
        cwd=Path(settings["IMGFORGE_CONFIG"]).parent,
    )


def finished(process: "subprocess.Popen[bytes]", messages: list[bytes], piece: int = 1 << 20) -> list[bytes]:
    """What came out, each request's answers together; the messages go in as pieces of so many bytes."""
    assert process.stdin is not None
    data = b"".join(message + b"\n" for message in messages)
    for start in range(0, len(data), piece):
        process.stdin.write(data[start : start + piece])
        process.stdin.flush()
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return sorted(re.sub(rb"req_\w+", b"req_", out).split(b"\n"))


def transcript(settings: dict[str, str], messages: list[bytes], piece: int = 1 << 20) -> list[bytes]:
    return finished(begun(settings), messages, piece)


def test_a_signal_before_anything_was_said_is_no_failure(start: Start) -> None:
    child = start()
    loading(child)
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(PATIENCE) == 0
