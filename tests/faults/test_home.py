"""A home that cannot be used is said in one sentence: to a person at the terminal, and in the client."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e._program import fresh_account, run
from tests.faults._processes import PATIENCE, Child

pytestmark = pytest.mark.long


def _a_file(folder: Path) -> Path:
    (folder / "file").write_text("not a directory")
    return folder / "file"


def _below_a_file(folder: Path) -> Path:
    return _a_file(folder) / "home"


def _of_the_system(folder: Path) -> Path:
    return Path("/proc/imgforge")


def _a_loop(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


def _too_long(folder: Path) -> Path:
    return folder / ("x" * 300)


def _read_only(folder: Path) -> Path:
    if os.geteuid() == 0:
        return Path("/proc/1")  # root may write everywhere but there
    (folder / "sealed").mkdir(mode=0o500)
    return folder / "sealed"


HOMES = [
    pytest.param(_a_file, id="a file"),
    pytest.param(_below_a_file, id="below a file"),
    pytest.param(_of_the_system, id="in a file system of the kernel's"),
    pytest.param(_a_loop, id="a link to itself"),
    pytest.param(_too_long, id="a name that is too long"),
    pytest.param(_read_only, id="not writable"),
]
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither /proc nor modes")


@UNIX
@pytest.mark.parametrize("home", HOMES)
def test_a_command_ends_with_2_and_one_sentence(home: Callable[[Path], Path], tmp_path: Path) -> None:
    place = home(tmp_path)
    for command in (("generate", "a fox"), ("serve", "--port", "0")):
        done = run(fresh_account(tmp_path / "me", IMGFORGE_HOME=str(place)), *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"imgforge-mcp: IMGFORGE_HOME, {place}, cannot be used (")
        assert done.stderr.count("\n") == 1
    done = run(fresh_account(tmp_path / "me", IMGFORGE_HOME=str(place)), "jobs", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["code"] == "storage_error"


@UNIX
@pytest.mark.parametrize("home", HOMES[:3])
def test_a_client_sees_the_tools_and_every_call_says_why(
    home: Callable[[Path], Path], environment: dict[str, str], tmp_path: Path
) -> None:
    place = home(tmp_path)
    with Child({**environment, "IMGFORGE_HOME": str(place)}) as child:
        child.greet()
        assert len(child.ask("tools/list")["result"]["tools"]) > 3
        for tool, arguments in (("generate_image", {"prompt": "a fox"}), ("list_models", {}), ("check_job", {})):
            result = child.call(tool, **arguments)
            assert result["isError"]
            told = json.loads(result["content"][0]["text"])
            assert (told["code"], told["status"]) == ("storage_error", 507)
            assert str(place) in told["error"]
        child.end("stdin_eof")
        assert child.process.wait(PATIENCE) == 0
