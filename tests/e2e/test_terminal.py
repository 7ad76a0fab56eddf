"""The command line at a terminal: tables that fit, names a person can read, the picture itself, completion, Ctrl-C."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest

from imgforge_mcp.cli.commands.shown import count_of_images
from imgforge_mcp.cli.output import cut, shown_width
from imgforge_mcp.cli.parser import PURPOSES
from imgforge_mcp.forge import Purpose
from tests import emulators
from tests.e2e._program import executable, fresh_account, run
from tests.emulators import Emulator

pytestmark = pytest.mark.long

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
SMALL = ("--size", "256x256")
LONG = "a very long prompt about a lighthouse on a cliff at sunset with a red roof " * 4
PROMPTS = (
    "a red fox",
    LONG,
    "灯台と海と夕焼けの長い長い長い長い長い長い長い長い長い長い長い説明",
    "🦊🦊 fox\n\tand\x1b[31m line",
    "x" * 300,
)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, dict[str, str]]]:
    """Together's emulator, and an account that has bought pictures there and failed once."""
    emulator = emulators.load("together")
    with emulator.serve():
        account = {**fresh_account(tmp_path_factory.mktemp("busy")), **emulator.environment()}
        for prompt in PROMPTS:
            run(account, "generate", prompt, *SMALL)
        emulator.fault("500")
        run(account, "generate", "refused", "--provider", "together")
        emulator.clear()
        run(
            account,
            "keys",
            "create",
            "a-key-with-a-rather-long-name-that-goes-on-and-on-until-it-ends",
            "--project",
            "p",
        )
        yield emulator, account


# Tables ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "titles"),
    [
        pytest.param("jobs", "JOB AGE STATE COST PROMPT", id="jobs"),
        pytest.param("models", "TIER FIRST WHY THEN", id="models"),
        pytest.param("models --all", "MODEL TIER PRICE TIME STATE VIA", id="all models"),
        pytest.param("models --for text", "MODEL TIER PRICE TIME VIA", id="models for a purpose"),
        pytest.param("assets list", "IMAGE SIZE BYTES FILE", id="assets"),
        pytest.param("usage", "BY NAME IMAGES COST", id="usage"),
        pytest.param("keys list", "NAME KEY STATE USED PROJECT", id="keys"),
    ],
)
def test_a_table_fits_80_columns_below_its_titles(
    command: str, titles: str, busy: tuple[Emulator, dict[str, str]]
) -> None:
    answer = run(busy[1], *command.split())
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert titles in [" ".join(line.split()) for line in lines]
    for line in lines:
        without_path = re.sub(r"/\S+", "", line)
        assert shown_width(without_path if command.startswith("assets") else line) <= 80, line
    assert "\x1b" not in answer.stdout
    assert "{" not in answer.stdout


def test_jobs_tell_age_cost_and_why_one_failed(busy: tuple[Emulator, dict[str, str]]) -> None:
    lines = run(busy[1], "jobs").stdout.splitlines()[1:]
    assert len(lines) == len(PROMPTS) + 1
    assert "provider_error" in lines[0]
    for line in lines[1:]:
        assert re.match(r"\w{26} +\d+[smh]  completed +\$0\.\d+  \S", line), line


def test_one_image_is_told_in_words_not_as_a_dict(busy: tuple[Emulator, dict[str, str]]) -> None:
    account = busy[1]
    newest = json.loads(run(account, "assets", "list", "--limit", "1", "--json").stdout)[0]["asset_id"]
    assert re.search(r" [\d.]+ [kM]?B  ", run(account, "assets", "list").stdout)
    shown = run(account, "assets", "show", newest[:12]).stdout
    assert re.search(r"^\d+x\d+, image/\w+, [\d.]+ [kM]?B$", shown, re.MULTILINE)
    assert "together/flux-schnell" in shown
    assert "{" not in shown
    doctor = run(account, "doctor").stdout
    assert re.search(r"^store: [\d.]+ \w+ of [\d.]+ \w+$", doctor, re.MULTILINE)
    assert "{" not in doctor


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("waiting for the provider", 20, "waiting for the…"),
        ("waiting for the provider", 24, "waiting for the provider"),
        ("waiting for the provider", 16, "waiting for the…"),
        ("waiting for the, provider", 17, "waiting for the…"),
        ("abcdefghijkl", 6, "abcde…"),
        ("長い長い長い", 7, "長い長…"),
        ("anything", 0, ""),
        ("🦊🦊🦊", 5, "🦊🦊…"),
    ],
)
def test_a_text_is_cut_between_words_and_by_what_it_takes_on_the_screen(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


def test_one_image_is_no_plural() -> None:
    assert [count_of_images(count) for count in (0, 1, 2)] == ["0 images", "1 image", "2 images"]


def test_purposes_are_those_of_list_models() -> None:
    assert get_args(Purpose) == PURPOSES


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a red fox", "red-fox"),
        ("The Old Man and the Sea, in a boat, at night", "old-man-and-the-sea-in"),
        ("..", "image"),
        ("con", "image"),
        ("../../etc/passwd", "etc-passwd"),
        ("狐", "狐"),
        ("a", "a"),
    ],
)
def test_a_picture_gets_a_name_that_a_person_can_read(prompt: str, words: str, tmp_path: Path) -> None:
    account = fresh_account(tmp_path)
    answer = run(account, "generate", prompt, *SMALL, "--json")
    job = json.loads(answer.stdout)
    [saved], [asset] = job["saved_to"], job["assets"]
    name = f"{job['created_at'][:10]}-{words}-{job['job_id'][-4:]}.png"
    assert Path(saved).name == name
    assert Path(saved).parent == tmp_path / "Pictures" / "imgforge"
    assert Path(saved).read_bytes() == Path(asset["path"]).read_bytes()
    assert saved in job["message"]


def test_the_same_job_is_copied_once_and_two_pictures_get_two_names(tmp_path: Path) -> None:
    emulator = emulators.load("together")
    with emulator.serve():
        account = {**fresh_account(tmp_path), **emulator.environment()}
        for _ in range(2):
            asked = ("generate", "a fox", "--n", "2", "--key", "k", "--provider", "together", "--json")
            saved = json.loads(run(account, *asked).stdout)["saved_to"]
    assert len({*saved}) == 2
    assert sorted(str(path) for path in (tmp_path / "Pictures" / "imgforge").iterdir()) == sorted(saved)


def test_with_out_the_picture_is_there_and_nowhere_else(tmp_path: Path) -> None:
    account = fresh_account(tmp_path / "home")
    answer = run(account, "generate", "a", "fox", *SMALL, "--out", "./fox.png", cwd=tmp_path)
    assert str(tmp_path / "fox.png") in answer.stdout
    assert not (tmp_path / "home" / "Pictures").exists()


def test_an_output_directory_that_cannot_be_written_costs_no_picture(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    account = fresh_account(tmp_path / "home", IMGFORGE_OUTPUT_DIRS=str(tmp_path / "file"))
    answer = run(account, "generate", "a", "fox", *SMALL)
    assert answer.returncode == 0
    assert "Not copied to" in answer.stdout


# The picture itself ---------------------------------------------------------------------------------------------------

KITTY, ITERM, SIXEL = "\x1b_G", "\x1b]1337;File=", "\x1bP"


@UNIX
@pytest.mark.parametrize(
    ("terminal", "start"),
    [
        pytest.param({"TERM": "xterm-kitty"}, KITTY, id="kitty"),
        pytest.param({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, KITTY, id="Ghostty"),
        pytest.param({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, ITERM, id="iTerm2"),
        pytest.param({"TERM": "foot"}, SIXEL, id="foot"),
        pytest.param({"TERM": "mlterm"}, SIXEL, id="mlterm"),
        pytest.param({"TERM": "xterm-256color"}, None, id="a terminal that shows none"),
        pytest.param({"TERM": "dumb"}, None, id="a dumb one"),
        pytest.param({"TERM": "xterm-kitty", "IMGFORGE_PREVIEW": "off"}, None, id="switched off"),
    ],
)
def test_a_terminal_that_can_shows_the_picture(terminal: dict[str, str], start: str | None, tmp_path: Path) -> None:
    account = {**fresh_account(tmp_path), **terminal}
    shown, code = at_terminal(account, "generate", "a", "fox", *SMALL)
    assert code == 0
    assert [each for each in (KITTY, ITERM, SIXEL) if each in shown] == ([start] if start else [])
    assert "The image is ready" in shown.partition(start or "\0")[0]


@UNIX
@pytest.mark.parametrize("options", [["--no-preview"], ["--json"]], ids=" ".join)
def test_a_picture_is_shown_to_nobody_who_does_not_want_it(options: list[str], tmp_path: Path) -> None:
    account = {**fresh_account(tmp_path), "TERM": "xterm-kitty"}
    shown, code = at_terminal(account, "generate", "a", "fox", *SMALL, *options)
    assert (code, KITTY in shown) == (0, False)


@UNIX
def test_a_job_and_an_image_are_shown_again(tmp_path: Path) -> None:
    account = {**fresh_account(tmp_path), "TERM": "xterm-kitty"}
    job = json.loads(run(account, "generate", "a fox", *SMALL, "--json").stdout)
    for command in (("jobs", job["job_id"]), ("assets", "show", job["assets"][0]["asset_id"][:12])):
        assert KITTY in at_terminal(account, *command)[0]


@UNIX
@pytest.mark.parametrize("columns", [24, 40, 61, 80])
def test_lines_for_a_person_end_between_words(columns: int, tmp_path: Path) -> None:
    shown, _ = at_terminal(fresh_account(tmp_path), "generate", "a", "fox", *SMALL, columns=columns)
    lines = [line for line in shown.replace("\r", "").splitlines() if line]
    assert lines[0].startswith("The image is ready")
    assert len(lines) > 3
    assert any(re.search(rf"{tmp_path}\S*\.png", line) for line in lines), "a path that can be copied"
    assert all(len(line) <= max(columns, 40) or " " not in line.strip() for line in lines)


# Ctrl-C, completion, words that were meant ----------------------------------------------------------------------------


@UNIX
def test_ctrl_c_ends_quietly_and_says_where_to_look(tmp_path: Path) -> None:
    emulator = emulators.load("fal")
    emulator.fault("never")
    # Whoever started the tests may have it ignored, as shells do for what runs in the background: a child inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with emulator.serve():
        account = {**fresh_account(tmp_path), **emulator.environment(), "IMGFORGE_WORKER": "inline"}
        with subprocess.Popen(
            [executable(), "generate", "a lake", "--provider", "fal"],
            env=account,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert emulator.wait_for_submits(timeout=60)
                process.send_signal(signal.SIGINT)
                stdout, stderr = process.communicate(timeout=60)
            finally:
                process.kill()
    assert (process.returncode, stdout) == (1, "")
    assert stderr.strip() == "Interrupted; 'imgforge-mcp jobs' shows what is still under way."


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_that_the_shell_can_read(shell: str, tmp_path: Path) -> None:
    answer = run(fresh_account(tmp_path), "completion", shell)
    assert (answer.returncode, answer.stderr) == (0, "")
    for word in ("generate", "doctor", "tier"):
        assert word in answer.stdout
    if (program := shutil.which(shell)) is not None:
        checked = subprocess.run([program, "-n"], input=answer.stdout, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["gen"], {"generate"}),
        (["models", "--for", "tr"], {"transparent"}),
        (["assets", "ver"], {"verify"}),
        (["generate", "--no-p"], {"--no-preview"}),
        (["generate", "--out", "fo"], {"fox.png"}),
    ],
    ids=" ".join,
)
def test_bash_completes(words: list[str], completed: set[str], tmp_path: Path) -> None:
    (tmp_path / "fox.png").touch()
    (tmp_path / "script").write_text(run(fresh_account(tmp_path / "home"), "completion", "bash").stdout, "utf-8")
    line = " ".join(f"'{word}'" for word in ["imgforge-mcp", *words])
    program = (
        "source ./script; entry=$(complete -p imgforge-mcp | sed 's/.*-F \\([^ ]*\\).*/\\1/'); "
        f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; $entry; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    answer = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert {word.strip() for word in answer.stdout.split()} == completed, answer.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("modles", "models"),
        ("genrate a fox", "generate"),
        ("assets lsit", "list"),
        ("generate x --sise 3x3", "--size"),
        ("generate x --tier premuim", "premium"),
        ("jobs --cancle", "--cancel"),
        ("models --for pohto", "photo"),
        ("keys rotat", "rotate"),
    ],
)
def test_what_was_probably_meant_is_named(typed: str, meant: str, tmp_path: Path) -> None:
    answer = run(fresh_account(tmp_path), *typed.split())
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.endswith(f"did you mean {meant}?\n")


def test_jobs_cancel_without_a_job_says_what_is_missing(tmp_path: Path) -> None:
    answer = run(fresh_account(tmp_path), "jobs", "--cancel")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "imgforge-mcp: Say which job to end: imgforge-mcp jobs ID --cancel.\n"


@pytest.mark.parametrize("typed", ["help generate", "generate --help", "generate -h"])
def test_help_for_a_command_may_be_asked_for_in_any_order(typed: str, tmp_path: Path) -> None:
    answer = run(fresh_account(tmp_path), *typed.split())
    assert answer.returncode == 0
    assert answer.stdout.startswith("usage: imgforge-mcp generate")


@pytest.mark.parametrize(
    ("typed", "code", "variables"),
    [
        ("version --json", 0, {}),
        ("jobs --json", 0, {}),
        ("models --for text --json", 0, {}),
        ("generate --json", 2, {}),
        ("jobs --cancle --json", 2, {}),
        ("doctor --json", 2, {"IMGFORGE_SYNC_WAIT": "soon"}),
        ("models --json", 2, {"IMGFORGE_SYNC_WIAT": "3"}),
        ("jobs 01ARZ3NDEKTSV4RRFFQ69G5FAV --json", 1, {}),
    ],
)
def test_a_program_gets_json_whatever_comes(typed: str, code: int, variables: dict[str, str], tmp_path: Path) -> None:
    answer = run(fresh_account(tmp_path, **variables), *typed.split())
    told = json.loads(answer.stdout)
    assert (answer.returncode, answer.stderr) == (code, "")
    if code:
        assert {"error", "code", "status", "request_id"} <= told.keys()
        assert told["request_id"].startswith("req_")


def at_terminal(account: dict[str, str], *arguments: str, columns: int = 80) -> tuple[str, int]:
    """What a command writes to a terminal as its stdout, and its exit code."""
    import pty
    import termios

    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, columns))
    pieces: list[bytes] = []
    with subprocess.Popen(
        [executable(), *arguments], env=account, stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.DEVNULL
    ) as process:
        os.close(terminal)
        with suppress(OSError):  # Linux says so when the other side has gone
            while piece := os.read(screen, 65536):
                pieces.append(piece)
        code = process.wait(60)
    os.close(screen)
    return b"".join(pieces).decode(), code
