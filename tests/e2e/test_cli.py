"""The command line as a person uses it: what it says, where, and with which exit code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests import emulators
from tests.e2e._program import executable, fresh_account, run
from tests.emulators import Emulator

pytestmark = pytest.mark.long

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
SMALL = ("--size", "256x256")


@pytest.fixture(scope="module")
def drawn(account: dict[str, str]) -> dict[str, Any]:
    """The Job of a picture on the account."""
    job: dict[str, Any] = _json(run(account, "generate", "a red lighthouse", *SMALL, "--seed", "7", "--json"))
    return job


@pytest.fixture
def together(account: dict[str, str]) -> Iterator[tuple[Emulator, dict[str, str]]]:
    """Together's emulator and an account that has its key."""
    emulator = emulators.load("together")
    with emulator.serve():
        yield emulator, {**account, **emulator.environment()}


def test_generate_says_where_the_picture_is_and_who_made_it(account: dict[str, str]) -> None:
    answer = run(account, "generate", "a lake at dawn", *SMALL)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("The image is ready, 256x256, made by local/illustrator (free): ")
    assert "No image provider is configured" in answer.stdout
    [path] = [word.rstrip(".,") for word in answer.stdout.split() if word.rstrip(".,").endswith(".png")]
    assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_generate_prints_the_job_as_json_and_nothing_else(drawn: dict[str, Any]) -> None:
    [asset] = drawn["assets"]
    assert next(iter(drawn)) == "message"
    assert (drawn["state"], drawn["original_prompt"], drawn["cost_basis"]) == ("completed", "a red lighthouse", "free")
    assert (asset["width"], asset["height"], asset["mime_type"]) == (256, 256, "image/png")
    assert Path(asset["path"]).stat().st_size == asset["bytes"]


def test_the_same_key_gives_the_same_job_in_another_process(account: dict[str, str]) -> None:
    jobs = [_json(run(account, "generate", "a lake", *SMALL, "--key", "k1", "--json")) for _ in range(2)]
    assert jobs[0]["job_id"] == jobs[1]["job_id"]


def test_a_picture_is_enlarged_and_saved_without_a_prompt(
    drawn: dict[str, Any], account: dict[str, str], tmp_path: Path
) -> None:
    large = _json(
        run(account, "transform", drawn["job_id"], "upscale", "--scale", "4", "--out", "big", "--json", cwd=tmp_path)
    )
    saved = _json(run(account, "save", drawn["job_id"], "lake.jpg", "--size", "100x50", "--json", cwd=tmp_path))
    told = run(account, "save", drawn["job_id"], "lake", cwd=tmp_path)
    wrong = run(account, "transform", drawn["job_id"], "convert", cwd=tmp_path)
    assert large["saved_to"] == [str(tmp_path / "big.png")]
    assert (large["assets"][0]["width"], large["cost_basis"]) == (1024, "free")
    assert (saved["path"], saved["width"], saved["height"]) == (str(tmp_path / "lake.jpg"), 100, 50)
    assert told.stdout.startswith(f"Saved as {tmp_path / 'lake.png'} (256×256, png, ")
    assert (wrong.returncode, wrong.stderr) == (2, "imgforge-mcp: convert needs format, such as webp.\n")


def test_a_character_is_kept_listed_drawn_by_and_given_up(
    together: tuple[Emulator, dict[str, str]], tmp_path: Path
) -> None:
    emulator, account = together
    for name in ("one", "two"):
        Image.new("RGB", (64, 64), "teal" if name == "one" else "plum").save(tmp_path / f"{name}.png")
    words = ("--words", "a girl of ten")
    kept = run(account, "references", "add", "Mia", "one.png", "two.png", *words, cwd=tmp_path)
    listed = run(account, "references", "list")
    drawn = run(account, "generate", "mia by the sea", "--reference", "mia", "--tier", "premium", "--json")
    wrong = run(account, "generate", "mia", "--reference", "mai")
    gone = run(account, "references", "remove", "mia")
    again = run(account, "references", "remove", "mia")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert kept.stdout.startswith("mia is kept with 2 pictures")
    assert listed.stdout.splitlines()[1].split() == ["mia", "2", "a", "girl", "of", "ten"]
    assert _json(drawn)["request"]["reference"] == ["mia"]
    assert len(emulator.orders[-1].body["reference_images"]) == 2
    assert (wrong.returncode, wrong.stderr) == (
        1,
        "imgforge-mcp: There is no kept reference 'mai'; the nearest is mia.\n",
    )
    assert gone.returncode == 0
    assert (again.returncode, "there are none yet" in again.stderr) == (1, True)


def test_out_never_writes_over_a_file(account: dict[str, str], tmp_path: Path) -> None:
    asked = ("generate", "a lake", *SMALL, "--out", "lake.jpg", "--json")
    saved = [_json(run(account, *asked, cwd=tmp_path))["saved_to"] for _ in range(2)]
    assert saved == [[str(tmp_path / "lake.png")], [str(tmp_path / "lake-1.png")]]


def test_a_failure_is_one_sentence_on_stderr_and_exit_code_1(together: tuple[Emulator, dict[str, str]]) -> None:
    emulator, account = together
    emulator.fault("401")
    answer = run(account, "generate", "a lake", "--provider", "together")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("imgforge-mcp: ")
    assert len(answer.stderr.splitlines()) == 1
    assert "TOGETHER_API_KEY" in answer.stderr
    assert emulator.key not in answer.stderr


def test_a_failure_as_json_is_the_public_error(together: tuple[Emulator, dict[str, str]]) -> None:
    emulator, account = together
    emulator.fault("500")
    answer = run(account, "generate", "a lake", "--provider", "together", "--json")
    error = json.loads(answer.stdout)
    assert answer.returncode == 1
    assert (error["code"], error["status"]) == ("provider_error", 502)
    assert error["request_id"].startswith("req_")
    assert error["details"]["attempts"]


def test_a_job_that_another_process_cancels_is_a_failure_for_the_one_that_waits(account: dict[str, str]) -> None:
    fal = emulators.load("fal")
    fal.fault("never")
    with fal.serve():
        variables = {**account, **fal.environment()}
        waiting = subprocess.Popen(
            [executable(), "generate", "a lake", "--provider", "fal"], env=variables, stdout=subprocess.PIPE, text=True
        )
        with waiting:
            assert fal.wait_for_submits()
            [job, *_] = _json(run(variables, "jobs", "--json"))
            assert run(variables, "jobs", job["job_id"], "--cancel").returncode == 0
            said, _ = waiting.communicate(timeout=60)
    assert (said, waiting.returncode) == ("The job was canceled; nothing was spent on it.\n", 1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["generate"], "prompt", id="no prompt"),
        pytest.param(["generate", ""], "prompt", id="an empty prompt"),
        pytest.param(["generate", "x", "--n", "9"], "n must be", id="too many images"),
        pytest.param(["generate", "x", "--n", "two"], "--n", id="a word for a number"),
        pytest.param(["generate", "x", "--size", "big"], "--size", id="a size that is none"),
        pytest.param(["generate", "x", "--tier", "best"], "--tier", id="an unknown tier"),
        pytest.param(["modles"], "did you mean models?", id="a misspelt command"),
        pytest.param(["jobs", "--cancel"], "which job", id="no job to end"),
        pytest.param(["generate", "x", "--input", "/etc/passwd"], "no usable image", id="no picture"),
        pytest.param(["assets", "show"], "id", id="no image named"),
        pytest.param(["assets", "burn"], "burn", id="an unknown action"),
        pytest.param(["dance"], "dance", id="an unknown command"),
        pytest.param(["serve", "--port", "x"], "--port", id="a word for a port"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_says_what_is_wrong(
    arguments: list[str], complaint: str, account: dict[str, str]
) -> None:
    answer = run(account, *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert complaint in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_wrong_setting_is_exit_code_2_and_names_the_variable(account: dict[str, str]) -> None:
    answer = run({**account, "IMGFORGE_SYNC_WAIT": "soon"}, "models")
    said = 'imgforge-mcp: IMGFORGE_SYNC_WAIT is "soon"; it must be a number of seconds above 0, at most 3,600.\n'
    assert (answer.returncode, answer.stderr) == (2, said)


def test_version_is_that_of_the_package(account: dict[str, str]) -> None:
    answer = run(account, "version")
    assert (answer.returncode, answer.stdout) == (0, f"imgforge-mcp {version('imgforge-mcp')}\n")


def test_help_names_every_command(account: dict[str, str]) -> None:
    answer = run(account, "--help")
    assert answer.returncode == 0
    for command in ("serve", "generate", "models", "jobs", "assets", "doctor", "version"):
        assert command in answer.stdout


def test_models_shows_what_each_tier_would_pick(account: dict[str, str]) -> None:
    answer = run(account, "models")
    assert answer.returncode == 0
    for tier in ("draft", "standard", "premium", "ultra", "ultra_plus"):
        assert re.search(rf"^{tier} +local/illustrator +free", answer.stdout, re.MULTILINE)
    listed = {model["slug"]: model["state"] for model in _json(run(account, "models", "--all", "--json"))["models"]}
    assert listed["illustrator"] == "available"
    assert {"no_key", "retired"} <= set(listed.values())


def test_jobs_lists_the_newest_first_and_shows_one(account: dict[str, str], drawn: dict[str, Any]) -> None:
    newest = _json(run(account, "generate", "a hill", *SMALL, "--json"))["job_id"]
    listed = [job["job_id"] for job in _json(run(account, "jobs", "--json"))]
    assert listed[0] == newest
    assert drawn["job_id"] in listed
    assert run(account, "jobs", "--limit", "1").stdout.splitlines()[1].startswith(newest)
    assert _json(run(account, "jobs", drawn["job_id"], "--json"))["assets"] == drawn["assets"]
    assert "The image is ready" in run(account, "jobs", drawn["job_id"]).stdout


def test_an_unknown_job_is_exit_code_1(account: dict[str, str]) -> None:
    answer = run(account, "jobs", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--json")
    assert (answer.returncode, json.loads(answer.stdout)["code"]) == (1, "not_found")


def test_assets_can_be_listed_shown_and_exported(
    account: dict[str, str], drawn: dict[str, Any], tmp_path: Path
) -> None:
    [asset] = drawn["assets"]
    short = asset["asset_id"][:12]
    assert short in run(account, "assets", "list").stdout
    assert asset["asset_id"] in [entry["asset_id"] for entry in _json(run(account, "assets", "list", "--json"))]
    [origin] = _json(run(account, "assets", "show", short, "--json"))["origins"]
    assert (origin["prompt"], origin["provider"], origin["seed"]) == ("a red lighthouse", "local", 7)
    variables = {**account, "IMGFORGE_OUTPUT_DIRS": str(tmp_path)}
    exported = run(variables, "assets", "export", short, str(tmp_path / "lighthouse"))
    assert exported.stdout == f"{tmp_path / 'lighthouse.png'}\n"
    assert (tmp_path / "lighthouse.png").read_bytes() == Path(asset["path"]).read_bytes()


def test_pictures_are_pinned_let_go_and_deleted_for_good(tmp_path: Path) -> None:
    account = fresh_account(tmp_path)
    [asset] = _json(run(account, "generate", "a lake", *SMALL, "--json"))["assets"]
    digest, path = asset["asset_id"], Path(asset["path"])
    short = digest[:16]
    assert run(account, "pin", short).stdout == f"{short}  pinned\n"
    assert _json(run(account, "unpin", short, short, "--json")) == [{"asset_id": digest, "state": "unpinned"}]
    unknown = run(account, "delete", short, "ffff", "--json")
    assert (unknown.returncode, json.loads(unknown.stdout)["code"], path.exists()) == (1, "not_found", True)
    assert run(account, "delete", short).stdout == f"{short}  deleted\n"
    assert not path.exists()
    again = run(account, "delete", short)
    assert (again.returncode, again.stdout) == (1, "")
    assert "There is no image" in again.stderr


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    account = fresh_account(tmp_path)
    assert run(account, "assets", "list").stdout == "The store is empty.\n"
    assert run(account, "jobs").stdout == "There are no jobs yet.\n"


def test_verify_finds_a_damaged_image(tmp_path: Path) -> None:
    account = fresh_account(tmp_path)
    path = Path(_json(run(account, "generate", "a lake", *SMALL, "--json"))["assets"][0]["path"])
    sound = run(account, "assets", "verify")
    assert (sound.returncode, sound.stdout) == (0, "1 of 1 images are sound.\n")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    damaged = run(account, "assets", "verify")
    assert damaged.returncode == 1
    assert damaged.stdout == f"0 of 1 images are sound.\ndamaged or missing: {path}\n"


def test_prune_leaves_what_is_young(account: dict[str, str], drawn: dict[str, Any]) -> None:
    answer = _json(run({**account, "IMGFORGE_CACHE_MAX_BYTES": "1"}, "assets", "prune", "--json"))
    assert answer["removed"] == 0
    assert Path(drawn["assets"][0]["path"]).exists()


def test_doctor_tells_what_is_configured_where_files_go_and_which_keys_could_be_set(account: dict[str, str]) -> None:
    answer = run(account, "doctor")
    assert answer.returncode == 0
    assert account["HOME"] in answer.stdout
    assert "set TOGETHER_API_KEY" in answer.stdout
    assert "No provider has a key" in answer.stdout
    assert _json(run(account, "doctor", "--json"))["configured"] == {"local": "built in; it needs no key"}


def test_doctor_never_shows_a_key(together: tuple[Emulator, dict[str, str]]) -> None:
    emulator, account = together
    answer = run(account, "doctor")
    assert "  - together: the key works" in answer.stdout
    assert emulator.key not in answer.stdout + answer.stderr


# A terminal --------------------------------------------------------------------------------------------------------


@UNIX
def test_without_a_command_at_a_terminal_it_says_what_it_waits_for(account: dict[str, str]) -> None:
    screen, terminal = os.openpty()
    with subprocess.Popen(
        [executable()], env=account, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        os.write(screen, b"\x04")  # Ctrl-D
        stdout, _ = process.communicate(timeout=30)
    os.close(screen)
    os.close(terminal)
    assert "waits for a client on stdin" in said
    assert "imgforge-mcp --help" in said
    assert (stdout, process.returncode) == ("", 0)


@UNIX
def test_the_progress_bar_stays_on_its_line_and_leaves_nothing_behind(account: dict[str, str]) -> None:
    import termios

    columns = 30
    screen, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    answer = subprocess.run(
        [executable(), "generate", "a lake", *SMALL],
        env=account,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=60,
        check=True,
    )
    os.close(terminal)
    shown = os.read(screen, 65536).decode().split("\r\x1b[K")
    os.close(screen)
    assert shown[1].startswith("[------------------------]")
    assert all(len(line) < columns for line in shown)
    assert shown[-1] == ""
    assert answer.stdout.startswith(b"The image is ready")


# As a person types it ------------------------------------------------------------------------------------------------


def test_paths_are_the_current_directorys_and_a_prompt_needs_no_quotes(account: dict[str, str], tmp_path: Path) -> None:
    drawn = run(account, "generate", "a", "red", "fox", *SMALL, "--out", "./fox.png", cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "fox.png").is_file()
    edited = run(account, "edit", "fox.png", "make", "it", "blue", "--out", "made/", "--json", cwd=tmp_path)
    assert _json(edited)["original_prompt"] == "make it blue"
    assert [path.parent for path in (tmp_path / "made").iterdir()] == [tmp_path / "made"]


def test_a_program_reads_wrong_usage_as_json(account: dict[str, str]) -> None:
    answer = run(account, "generate", "--json")
    error = json.loads(answer.stdout)
    assert (answer.returncode, error["code"], error["status"]) == (2, "invalid_request", 400)
    assert error["request_id"].startswith("req_")


def test_the_version_may_be_asked_for_as_an_option(account: dict[str, str]) -> None:
    assert run(account, "--version").stdout == run(account, "version").stdout


def test_a_reader_that_has_seen_enough_is_no_failure(account: dict[str, str]) -> None:
    answer = subprocess.run(
        ["sh", "-c", f"'{executable()}' models --all --json | head -n 1"],
        env=account,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (answer.stdout, answer.stderr) == ("{\n", "")


# What is loaded ----------------------------------------------------------------------------------------------------

LIST_MODULES = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))
from imgforge_mcp.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "arguments",
    [["version"], ["models"], ["jobs"], ["assets", "list"], ["doctor"], ["generate", "a lake", *SMALL], ["--help"]],
    ids=" ".join,
)
def test_a_command_does_not_load_the_sdk(arguments: list[str], account: dict[str, str]) -> None:
    loaded = _loaded(account, *arguments)
    assert arguments == ["version"] or "imgforge_mcp.cli.parser" in loaded
    assert loaded & {"mcp", "mcp_types", "starlette", "uvicorn", "imgforge_mcp.mcp.server"} == set()


def test_a_server_that_has_listed_its_tools_has_loaded_nothing_it_does_not_need_yet(account: dict[str, str]) -> None:
    greeting = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": greeting},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ]
    lines = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)
    loaded = _loaded(account, stdin=lines)
    assert "imgforge_mcp.mcp.tools" in loaded
    heavy = {"numpy", "PIL", "httpx", "resvg_py", "imgforge_mcp.net.transport", "imgforge_mcp.http.app"}
    assert loaded & heavy == set()


def _loaded(account: dict[str, str], *arguments: str, stdin: str = "") -> set[str]:
    """The modules of a process at its end."""
    answer = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *arguments],
        env=account,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(answer.stderr.split())


def _json(answer: subprocess.CompletedProcess[str]) -> Any:
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"IMGFORGE_SYNC_WIAT": "3"}, "did you mean IMGFORGE_SYNC_WAIT?", id="variable"),
        pytest.param({"IMGFORGE_PREVIEW": "perhaps"}, 'IMGFORGE_PREVIEW is "perhaps"', id="value"),
        pytest.param({"TOGETHER_API_KEY": "canary\nkey"}, "TOGETHER_API_KEY holds a line break", id="key of two lines"),
        pytest.param({"TOGETHER_API_KEY_FILE": "/none"}, "TOGETHER_API_KEY_FILE names a file", id="key's file"),
        pytest.param({"IMGFORGE_CONFIG": "/none.toml"}, "IMGFORGE_CONFIG names a file", id="the file itself"),
    ],
)
@pytest.mark.parametrize("command", ["doctor", "models", "usage --json"])
def test_a_wrong_setting_ends_every_command_with_2_and_one_sentence(
    tmp_path: Path, command: str, variables: dict[str, str], said: str
) -> None:
    done = run(fresh_account(tmp_path / "home", **variables), *command.split())
    assert done.returncode == 2
    assert said in (done.stderr + done.stdout).replace('\\"', '"')  # JSON, where it was asked for
    assert "canary" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
