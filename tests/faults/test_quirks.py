"""Odd machines and surroundings: the server starts, lists its tools, draws a picture and ends, or says what is wrong.

Windows and macOS were not run: what they do otherwise is played here where it can be.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults._processes import HANDSHAKE, PATIENCE

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="the quirks are played by POSIX's means"),
]
DRAW = {"name": "generate_image", "arguments": {"prompt": "a lake", "width": 64, "height": 64}}
BARE = {"PATH": "/usr/bin:/bin"}


def environment(folder: Path) -> dict[str, str]:
    path = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**path, "HOME": str(folder), "IMGFORGE_WORKER": "inline"}


def lines(*, end: bytes = b"\n") -> bytes:
    asked: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": HANDSHAKE},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": DRAW},
    ]
    return b"".join(json.dumps({"jsonrpc": "2.0", **each}).encode() + end for each in asked)


def talk(
    variables: dict[str, str], said: bytes | None = None, prelude: str = "", **options: Any
) -> tuple[int, dict[int, Any], str]:
    """How the program ended, what it answered by id, and what it said on stderr; `prelude` runs in it before."""
    words = [sys.executable, "-c", f"{prelude}\nfrom imgforge_mcp.__main__ import main\nimport sys\nsys.exit(main())"]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables, **options
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    watchdog = threading.Timer(PATIENCE * 4, process.kill)
    watchdog.start()
    process.stdin.write(lines() if said is None else said)
    process.stdin.flush()
    answers: dict[int, Any] = {}
    while 3 not in answers and (line := process.stdout.readline()):
        message = json.loads(line)
        answers[message.get("id")] = message
    process.stdin.close()
    assert process.stdout.read() == b""
    errors = process.stderr.read().decode("utf-8", "replace")
    process.stdout.close()
    process.stderr.close()
    watchdog.cancel()
    return process.wait(PATIENCE), answers, errors


def drawn(answers: dict[int, Any]) -> bool:
    return bool(json.loads(answers[3]["result"]["content"][0]["text"])["assets"])


SURROUNDINGS: dict[str, dict[str, str]] = {
    "a locale of plain ASCII": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a locale of Windows": {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    "a locale that is not there": {"LC_ALL": "xx_XX.UTF-8"},
    "a clock of a zone that is not there": {"TZ": "Nowhere/City"},
    "no search path for commands": {"PATH": ""},
    "a bare search path, as of a desktop": BARE,
    "a temporary directory that is not there": {"TMPDIR": "/nonexistent/tmp"},
    "empty base directories": {"XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "XDG_PICTURES_DIR": ""},
    "relative base directories": {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config"},
    "proxies that are not there": {"HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"},
    "a proxy that is no address": {"HTTPS_PROXY": "://"},
    "a key log": {"SSLKEYLOGFILE": "/nonexistent/keys"},
    "certificates that are not there": {"SSL_CERT_FILE": "/nonexistent/ca.pem"},
    "a terminal that is dumb": {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "1"},
    "Python's own switches": {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "1"},
    "warnings as errors": {"PYTHONWARNINGS": "error::UserWarning"},
    "Python in its development mode": {"PYTHONDEVMODE": "1"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_server_draws_in_odd_surroundings(name: str, tmp_path: Path) -> None:
    code, answers, errors = talk(environment(tmp_path) | SURROUNDINGS[name], cwd=tmp_path)
    assert (code, drawn(answers)) == (0, True), errors
    assert "Traceback" not in errors


PRELUDES: dict[str, str] = {
    "a working directory that is gone": "import os,tempfile; d=tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)",
    "a mask that lets everybody in": "import os; os.umask(0)",
    "a mask that lets nobody in but us": "import os; os.umask(0o777 & ~0o700)",
    "few descriptors": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "a small stack": "import resource; resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, -1))",
    "signals that are ignored": "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "a broken pipe that is ignored": "import signal; signal.signal(signal.SIGPIPE, signal.SIG_IGN)",
    "a low limit of recursion": "import sys; sys.setrecursionlimit(400)",
    "a library that prints": "import os; os.write(2, b'hello')",
    "stderr closed": "import os; os.close(2)",
}


@pytest.mark.parametrize("name", PRELUDES)
def test_the_server_draws_in_a_process_of_an_odd_kind(name: str, tmp_path: Path) -> None:
    code, answers, errors = talk(environment(tmp_path), prelude=PRELUDES[name], cwd=tmp_path)
    assert (code, drawn(answers)) == (0, True), errors
    if name == "a mask that lets everybody in":
        open_to_others = [path for path in tmp_path.rglob("registry.db*") if path.stat().st_mode & 0o077]
        assert open_to_others == []


@pytest.mark.parametrize(
    "end", [pytest.param(b"\r\n", id="Windows"), pytest.param(b"\n\n", id="blank"), pytest.param(b" \n", id="padded")]
)
def test_lines_may_end_as_they_do_elsewhere(end: bytes, tmp_path: Path) -> None:
    code, answers, errors = talk(environment(tmp_path), lines(end=end), cwd=tmp_path)
    assert (code, drawn(answers)) == (0, True), errors


@pytest.mark.parametrize("name", ["Äpfel и картины", "with 'quotes' and spaces", "e\u0301 nfd", "-rf", "a" * 200])
def test_a_home_may_have_any_name(name: str, tmp_path: Path) -> None:
    (folder := tmp_path / name).mkdir()
    code, answers, errors = talk(environment(folder), cwd=folder)
    assert (code, drawn(answers)) == (0, True), errors


def test_without_any_home_a_home_is_found_or_asked_for(tmp_path: Path) -> None:
    variables = {name: value for name, value in environment(tmp_path).items() if name != "HOME"}
    variables |= {"IMGFORGE_HOME": str(tmp_path / "home"), "IMGFORGE_OUTPUT_DIRS": str(tmp_path)}
    code, answers, errors = talk(variables, cwd=tmp_path)
    assert (code, drawn(answers)) == (0, True), errors


def spoiled(kind: str) -> Callable[[Path], Path]:
    def spoil(folder: Path) -> Path:
        home = folder / "spoiled"
        match kind:
            case "file":
                home.write_text("a file")
            case "link in a circle":
                home.symlink_to(home)
            case "device":
                home = Path("/dev/null")
            case "process":
                home = Path("/proc/self")
        return home

    return spoil


@pytest.mark.parametrize("kind", ["file", "link in a circle", "device", "process"])
def test_a_home_that_is_none_is_said_in_a_sentence(kind: str, tmp_path: Path) -> None:
    home = spoiled(kind)(tmp_path)
    _, answers, errors = talk(environment(tmp_path) | {"IMGFORGE_HOME": str(home)}, cwd=tmp_path)
    text = errors + json.dumps(answers)
    assert "Traceback" not in text
    assert str(home) in text
