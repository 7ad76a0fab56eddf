"""`imgforge-mcp install`: every client's file, as a person's machine has it, before and after."""

import errno
import json
import os
import stat
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.cli.install import command
from imgforge_mcp.cli.parser import build_parser
from imgforge_mcp.net.transport import Transport
from imgforge_mcp.providers.neighbours import NEIGHBOURS, Neighbours
from tests.e2e._program import EXAMPLE, fresh_account, run
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

KEY = "canary-0123456789abcdef"
HOMES = {
    "claude-desktop": {
        "linux": ".config/Claude/claude_desktop_config.json",
        "macos": "Library/Application Support/Claude/claude_desktop_config.json",
        "windows": "Roaming/Claude/claude_desktop_config.json",
    },
    "claude-code": dict.fromkeys(("linux", "macos", "windows"), ".claude.json"),
    "vscode": {
        "linux": ".config/Code/User/mcp.json",
        "macos": "Library/Application Support/Code/User/mcp.json",
        "windows": "Roaming/Code/User/mcp.json",
    },
    "cursor": dict.fromkeys(("linux", "macos", "windows"), ".cursor/mcp.json"),
    "windsurf": dict.fromkeys(("linux", "macos", "windows"), ".codeium/windsurf/mcp_config.json"),
    "codex": dict.fromkeys(("linux", "macos", "windows"), ".codex/config.toml"),
    "gemini": dict.fromkeys(("linux", "macos", "windows"), ".gemini/settings.json"),
    "opencode": dict.fromkeys(("linux", "macos", "windows"), ".config/opencode/opencode.json"),
    "goose": {
        "linux": ".config/goose/config.yaml",
        "macos": ".config/goose/config.yaml",
        "windows": "Roaming/Block/goose/config/config.yaml",
    },
    "zed": {
        "linux": ".config/zed/settings.json",
        "macos": ".config/zed/settings.json",
        "windows": "Roaming/Zed/settings.json",
    },
}
SERVERS = {
    "vscode": "servers",
    "codex": "mcp_servers",
    "opencode": "mcp",
    "goose": "extensions",
    "zed": "context_servers",
}
BEFORE = {
    "json": """{
  // what I use every day
  "theme": "dark", /* not light */
  "%s": {
    "other": { "command": "other", "env": { "OTHER_TOKEN": "another-canary-9876543210" } }, // mine
  },
}
""",
    "toml": """# what I use every day
model = "gpt-6"

[mcp_servers.other]  # mine
command = "other"
env = { OTHER_TOKEN = "another-canary-9876543210" }
""",
    "yaml": """# what I use every day
GOOSE_MODEL: large
extensions:
  other:  # mine
    cmd: other
    envs:
      OTHER_TOKEN: another-canary-9876543210
""",
}
COMMENTS = ("what I use every day", "mine")


@pytest.fixture
def account(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "somebody"
    return fresh_account(home, APPDATA=str(home / "Roaming"), LOCALAPPDATA=str(home / "Local"), TOGETHER_API_KEY=KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command ended with and printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def install(account: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command in this process, where nothing turns on its being another."""

    def ask(*arguments: str) -> Said:
        code = command.run(load_config(account), build_parser().parse_args(["install", *arguments]))
        told = capsys.readouterr()
        return Said(returncode=code, stdout=told.out, stderr=told.err)

    return ask


def _format(client: str) -> str:
    return {"codex": "toml", "goose": "yaml"}.get(client, "json")


def _before(client: str) -> str:
    text = BEFORE[_format(client)]
    return text % SERVERS.get(client, "mcpServers") if "%s" in text else text


def _place(account: dict[str, str], client: str, platform: str = "linux") -> Path:
    return Path(account["HOME"]) / HOMES[client][platform]


def _read(client: str, text: str) -> Any:
    match _format(client):
        case "toml":
            return tomllib.loads(text)
        case "yaml":
            return YAML(typ="safe").load(text)
        case _:
            return json.loads(text)


def _entry(client: str, text: str) -> dict[str, Any]:
    entry: dict[str, Any] = _read(client, text)[SERVERS.get(client, "mcpServers")]["imgforge"]
    return entry


def _start(entry: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """What a client makes of an entry: a command line and its environment."""
    command = entry.get("command", entry.get("cmd"))
    line = [*(command if isinstance(command, list) else [command]), *entry.get("args", [])]
    return line, entry.get("env", entry.get("environment", entry.get("envs", {})))


@pytest.mark.parametrize("client", HOMES)
def test_on_a_fresh_machine_the_entry_starts_a_server_that_answers_without_our_path(
    client: str, account: dict[str, str]
) -> None:
    answer = run(account, "install", client)
    assert answer.returncode == 0, answer.stderr
    assert KEY not in answer.stdout + answer.stderr
    entry = _entry(client, _place(account, client).read_text("utf-8"))
    line, environment = _start(entry)
    assert os.path.isabs(line[0])
    expected = "${input:imgforge-together-api-key}" if client == "vscode" else KEY
    assert environment["TOGETHER_API_KEY"] == expected
    greeting = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": greeting}) + "\n"
    tree = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    started = subprocess.run(
        line,
        env={**tree, "HOME": account["HOME"], "PATH": "/usr/bin:/bin", **environment},
        input=message,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(started.stdout)["result"]["serverInfo"]["name"] == "imgforge-mcp"


def test_the_example_is_what_is_written_but_for_the_programs_own_path(
    account: dict[str, str], install: Callable[..., Said]
) -> None:
    account["GEMINI_API_KEY"] = account.pop("TOGETHER_API_KEY")
    install("claude-desktop")
    written = json.loads(_place(account, "claude-desktop").read_text("utf-8"))
    example = json.loads(EXAMPLE.read_text("utf-8"))
    entry = written["mcpServers"]["imgforge"]
    assert os.path.isabs(entry["command"])
    entry["command"] = Path(entry["command"]).name
    entry["env"]["GEMINI_API_KEY"] = ""
    assert written == example


@pytest.mark.parametrize("client", HOMES)
def test_what_was_there_stays_with_its_comments_and_uninstall_takes_only_ours(
    client: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    path, before = _place(account, client), _before(client)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before, "utf-8")
    installed = json.loads(install(client, "--json").stdout)
    text = path.read_text("utf-8")
    assert "imgforge" in text
    assert all(comment in text for comment in COMMENTS)
    assert Path(installed["backup"]).read_text("utf-8") == before
    assert "another-canary-9876543210" in text
    assert install(client).stdout.count("registered already") == 1
    assert install(client, "--uninstall").returncode == 0
    left = path.read_text("utf-8")
    assert "imgforge" not in left
    assert all(comment in left for comment in COMMENTS)
    assert "another-canary-9876543210" in left
    assert "nothing to change" in install(client, "--uninstall").stdout


MANNERS: dict[str, Callable[[str], str]] = {
    "as most have it": lambda text: text,
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "a byte order mark": lambda text: f"\ufeff{text}",
    "a mark and Windows line ends": lambda text: f"\ufeff{text}".replace("\n", "\r\n"),
    "no last line end": lambda text: text.rstrip("\n"),
}


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("client", HOMES)
def test_what_comes_and_goes_leaves_the_file_byte_for_byte(
    client: str, manner: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    place = _place(account, client)
    place.parent.mkdir(parents=True, exist_ok=True)
    was = MANNERS[manner](_before(client)).encode()
    place.write_bytes(was)
    first, between = install(client), place.read_bytes()
    again = install(client)
    assert (first.returncode, again.returncode) == (0, 0)
    assert b"imgforge" in between
    assert place.read_bytes() == between, "a second time changes nothing"
    assert b"\r\n" not in between or b"\n" not in between.replace(b"\r\n", b"")
    assert install(client, "--uninstall").returncode == 0
    assert place.read_bytes() == was


def test_what_somebody_changed_since_stays_when_ours_goes(
    account: dict[str, str], install: Callable[..., Said]
) -> None:
    place = _place(account, "cursor")
    place.parent.mkdir(parents=True)
    place.write_text(_before("cursor"), "utf-8")
    install("cursor")
    changed = place.read_text("utf-8").replace('"theme": "dark"', '"theme": "light"')
    place.write_text(changed, "utf-8")
    install("cursor", "--uninstall")
    assert '"theme": "light"' in place.read_text("utf-8")
    assert "imgforge" not in place.read_text("utf-8")


@pytest.mark.parametrize("platform", ["linux", "macos", "windows"])
@pytest.mark.parametrize("client", HOMES)
def test_a_dry_run_shows_the_file_of_each_system_and_a_diff_without_anybodys_key(
    client: str, platform: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    path, before = _place(account, client, platform), _before(client)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before, "utf-8")
    answer = install(client, "--dry-run", "--platform", platform)
    assert answer.returncode == 0, answer.stderr
    shown = str(path).replace("/", "\\") if platform == "windows" else str(path)
    assert shown in answer.stdout.splitlines()
    assert any(line.startswith("+") and "imgforge" in line for line in answer.stdout.splitlines())
    assert "canary" not in answer.stdout + answer.stderr
    assert path.read_text("utf-8") == before
    assert [found.name for found in path.parent.iterdir() if "imgforge" in found.name or found.suffix == ".bak"] == []


@pytest.mark.parametrize(
    ("client", "text", "said"),
    [
        pytest.param("cursor", '{"mcpServers": {', "left untouched", id="cut JSON"),
        pytest.param("cursor", "[1, 2]", "holds no table", id="a list"),
        pytest.param("cursor", '{"mcpServers": []}', "mcpServers is no table", id="servers are a list"),
        pytest.param("codex", "model = ", "no TOML", id="cut TOML"),
        pytest.param("goose", "extensions: [", "no YAML", id="cut YAML"),
        pytest.param("zed", '{"a": 1 "b": 2}', "a comma is missing in line 1", id="no comma"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_left_untouched(
    client: str, text: str, said: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    path = _place(account, client)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    answer = install(client)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert path.read_text("utf-8") == text
    assert [found.name for found in path.parent.iterdir() if "imgforge" in found.name or found.suffix == ".bak"] == []


def _emptied(place: Path) -> None:
    place.write_bytes(b"")


def _blank(place: Path) -> None:
    place.write_text("\n\n", "utf-8")


def _marked(place: Path) -> None:
    place.write_bytes("\ufeff".encode())


def _linked(place: Path) -> None:
    place.symlink_to(place.parent / "dotfiles" / place.name)
    (place.parent / "dotfiles").mkdir()
    (place.parent / "dotfiles" / place.name).touch()


def _linked_to_nothing(place: Path) -> None:
    place.symlink_to(place.parent / "dotfiles" / place.name)


HARMLESS = {
    "empty": _emptied,
    "blank": _blank,
    "a byte order mark alone": _marked,
    "a link": _linked,
    "a link to nothing": _linked_to_nothing,
}


@pytest.mark.parametrize("state", HARMLESS)
@pytest.mark.parametrize("client", HOMES)
def test_what_holds_nothing_yet_is_filled_and_a_link_stays_one(
    client: str, state: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    place = _place(account, client)
    place.parent.mkdir(parents=True, exist_ok=True)
    HARMLESS[state](place)
    was_link = place.is_symlink()
    answer = install(client)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert place.is_symlink() is was_link
    assert _entry(client, place.read_text("utf-8-sig"))
    assert "registered already" in install(client).stdout


def _foreign(place: Path) -> None:
    place.write_bytes('{"theme": "dark"}'.encode("utf-16"))


def _torn(place: Path) -> None:
    place.write_text('{"theme": [', "utf-8")


def _folder(place: Path) -> None:
    place.mkdir()


def _circle(place: Path) -> None:
    place.symlink_to(place)


def _read_only(place: Path) -> None:
    place.write_text("\n", "utf-8")
    place.chmod(0o444)


HOPELESS: dict[str, tuple[Callable[[Path], None], str]] = {
    "UTF-16": (_foreign, "it is no UTF-8 text"),
    "torn": (_torn, "it is no "),
    "a directory": (_folder, "it cannot be read ("),
    "a link in a circle": (_circle, "it cannot be read ("),
    "read-only": (_read_only, "it is read-only"),
}


@pytest.mark.parametrize("state", HOPELESS)
@pytest.mark.parametrize("client", HOMES)
def test_what_cannot_be_changed_is_left_untouched_with_one_sentence(
    client: str, state: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    place, (make, said) = _place(account, client), HOPELESS[state]
    place.parent.mkdir(parents=True, exist_ok=True)
    make(place)
    was, beside = place.lstat(), sorted(place.parent.iterdir())
    answer = install(client)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"{place} was left untouched: {said}" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert (place.lstat().st_ino, place.lstat().st_size, place.lstat().st_mode) == (
        was.st_ino,
        was.st_size,
        was.st_mode,
    )
    assert sorted(place.parent.iterdir()) == beside


@pytest.mark.parametrize("client", HOMES)
def test_a_directory_that_takes_no_file_loses_none(
    client: str, account: dict[str, str], install: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, before = _place(account, client), _before(client)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(before, "utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", refuse)
    answer = install(client)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"{place} cannot be written (Read-only file system)." in answer.stderr
    assert place.read_text("utf-8") == before
    assert [found.name for found in place.parent.iterdir() if found.suffix in (".bak", ".part")] == []


@pytest.mark.parametrize("client", ["cursor", "vscode"])
def test_null_is_nothing(client: str, account: dict[str, str], install: Callable[..., Said]) -> None:
    place = _place(account, client)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f'{{"theme": "dark", "inputs": null, "{SERVERS.get(client, "mcpServers")}": null}}', "utf-8")
    assert install(client).returncode == 0
    assert _entry(client, place.read_text("utf-8"))
    assert install(client, "--uninstall").returncode == 0
    assert json.loads(place.read_text("utf-8"))["theme"] == "dark"


@pytest.mark.parametrize("client", HOMES)
def test_installed_again_without_a_key_it_keeps_the_one_that_is_there_and_what_somebody_added(
    client: str, account: dict[str, str], install: Callable[..., Said]
) -> None:
    install(client)
    place = _place(account, client)
    first = place.read_bytes()
    del account["TOGETHER_API_KEY"]
    again = install(client)
    assert "nothing to change" in again.stdout
    assert place.read_bytes() == first
    account["GEMINI_API_KEY"] = "short-one"
    install(client)
    account["GEMINI_API_KEY"] = "other-one"
    assert "-one" not in install(client, "--dry-run").stdout
    _, environment = _start(_entry(client, place.read_text("utf-8")))
    assert set(environment) == {"TOGETHER_API_KEY", "GEMINI_API_KEY"}
    shown = install(client, "--uninstall", "--dry-run").stdout
    assert KEY not in shown
    assert "short-one" not in shown


def test_what_somebody_set_in_our_entry_stays_when_its_command_is_mended(
    account: dict[str, str], install: Callable[..., Said]
) -> None:
    place = _place(account, "cursor")
    place.parent.mkdir(parents=True)
    own = {"command": "/gone", "args": ["x"], "env": {"FAL_KEY": "f", "IMGFORGE_TOOLS": "core"}, "disabled": False}
    place.write_text(json.dumps({"mcpServers": {"imgforge": own}}), "utf-8")
    assert install("cursor").returncode == 0
    entry = _entry("cursor", place.read_text("utf-8"))
    assert os.path.isabs(entry["command"])
    assert entry["command"] != "/gone"
    assert entry["args"] == []
    assert entry["env"] == {"FAL_KEY": "f", "IMGFORGE_TOOLS": "core", "TOGETHER_API_KEY": KEY}
    assert entry["disabled"] is False


def test_without_a_key_and_a_terminal_nothing_is_asked_and_it_says_that_none_was_written(
    account: dict[str, str], install: Callable[..., Said]
) -> None:
    del account["TOGETHER_API_KEY"]
    answer = install("claude-desktop")
    assert answer.returncode == 0
    assert "none was written" in answer.stdout
    assert _start(_entry("claude-desktop", _place(account, "claude-desktop").read_text("utf-8")))[1] == {}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_with_a_key_is_for_its_owner_alone_and_a_link_stays_a_link(
    account: dict[str, str], install: Callable[..., Said], tmp_path: Path
) -> None:
    kept, path = tmp_path / "dotfiles.json", _place(account, "cursor")
    kept.write_text("{}", "utf-8")
    kept.chmod(0o644)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(kept)
    assert install("cursor").returncode == 0
    assert path.is_symlink()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert _entry("cursor", kept.read_text("utf-8"))["env"] == {"TOGETHER_API_KEY": KEY}


def test_vscode_is_asked_to_ask_for_the_key_and_keeps_its_own_questions(
    account: dict[str, str], install: Callable[..., Said]
) -> None:
    path = _place(account, "vscode")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"inputs": [{"id": "mine", "type": "promptString"}], "servers": {}}', "utf-8")
    assert install("vscode").returncode == 0
    value = json.loads(path.read_text("utf-8"))
    assert [question["id"] for question in value["inputs"]] == ["mine", "imgforge-together-api-key"]
    assert value["inputs"][1]["password"] is True
    assert KEY not in path.read_text("utf-8")
    assert install("vscode", "--uninstall").returncode == 0
    assert json.loads(path.read_text("utf-8")) == {"inputs": [{"id": "mine", "type": "promptString"}], "servers": {}}


def test_the_doctor_tells_a_client_that_works_from_one_whose_command_is_gone(account: dict[str, str]) -> None:
    assert run(account, "install", "claude-desktop").returncode == 0
    gone = _place(account, "cursor")
    gone.parent.mkdir(parents=True, exist_ok=True)
    gone.write_text('{"mcpServers": {"imgforge": {"command": "imgforge-mcp", "args": []}}}', "utf-8")
    environment = {name: value for name, value in account.items() if name != "TOGETHER_API_KEY"}
    report = json.loads(run(environment, "doctor", "--json").stdout)
    assert report["clients"]["claude-desktop"] == "registered, and what it starts answers"
    assert report["clients"]["cursor"] == "registered, but does not start"
    [finding] = [finding for finding in report["findings"] if "Cursor" in finding["finding"]]
    assert finding["mend"] == "imgforge-mcp install cursor"
    told = run(environment, "doctor").stdout.splitlines()
    assert "    mend: imgforge-mcp install cursor" in told
    assert "    mend: set GEMINI_API_KEY, or: imgforge-mcp models --pull lcm-dreamshaper" in told
    assert [line for line in told if len(line) > 80 and account["HOME"] not in line] == []


@pytest.mark.anyio
async def test_servers_on_this_machine_are_found_with_the_line_that_turns_each_on(
    emulate: Callable[..., Emulator], clock: VirtualClock
) -> None:
    a1111, comfyui = emulate("a1111"), emulate("comfyui")
    ports = {emulator: int(emulator.base_url.rpartition(":")[2]) for emulator in (a1111, comfyui)}
    known = [replace(NEIGHBOURS[0], port=ports[a1111]), replace(NEIGHBOURS[1], port=ports[comfyui])]
    transport = Transport(clock, Redactor(()))
    async with transport:
        neighbours = Neighbours(lambda: transport, known)
        found = await neighbours.found([])
        assert [line for _, line in found] == [
            f"set IMGFORGE_A1111_BASE_URL=http://127.0.0.1:{ports[a1111]}",
            f"set IMGFORGE_COMFYUI_BASE_URL=http://127.0.0.1:{ports[comfyui]}",
        ]
        assert [line for _, line in await neighbours.found([a1111.base_url])] == [found[1][1]]
