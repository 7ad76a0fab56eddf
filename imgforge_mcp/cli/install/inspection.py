"""What the clients on this machine have of us: whether each is registered, and whether what it starts answers."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imgforge_mcp.base.config import Config
from imgforge_mcp.base.types import Json
from imgforge_mcp.cli.install import documents, registration
from imgforge_mcp.cli.install.clients import CLIENTS, Client
from imgforge_mcp.cli.install.documents import Unreadable

SECONDS = 60
"""For a command that first fetches what it starts, as uvx and npx do, or a machine that is busy."""
BARE_PATH = os.defpath if os.name == "nt" else "/usr/bin:/bin"
"""What a client started by the desktop has."""
SYSTEM = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "TEMP", "TMP", "XDG_DATA_HOME")
GREETING: Json = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "imgforge-mcp doctor", "version": "1"},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One client on this machine. `problem` and `mend` where it would not find us at work."""

    client: Client
    state: str
    problem: str | None = None
    mend: str | None = None


def seen_clients(config: Config) -> list[Seen]:
    """Every client whose settings are on this machine; each that is registered is tried as the client would start
    it. Blocks for as long as the programs take to answer."""
    return list(_seen(config))


def _seen(config: Config) -> Iterator[Seen]:
    for client in CLIENTS:
        path = registration.file_of(client, registration.this_platform(), config.environment)
        install = f"imgforge-mcp install {client.name}"
        try:
            text = registration.read(path)
            if text is None:
                if path.parent.is_dir() and path.parent.name not in ("", os.path.basename(os.path.expanduser("~"))):
                    yield Seen(client=client, state="not registered", mend=install)
                continue
            entry = documents.entry_in(client, text)
        except Unreadable as error:
            yield Seen(
                client=client,
                state="cannot be read",
                problem=f"{client.title}'s settings cannot be read: {error.message}",
                mend=f"mend the file, then {install}",
            )
            continue
        if entry is None:
            yield Seen(client=client, state="not registered", mend=install)
        elif failure := _failure(client, entry, config.environment):
            yield Seen(
                client=client,
                state="registered, but does not start",
                problem=f"{client.title} is told to start a command that {failure}.",
                mend=install,
            )
        else:
            yield Seen(client=client, state="registered, and what it starts answers")


def _failure(client: Client, entry: Json, environment: Mapping[str, str]) -> str | None:
    """Why the entry's command does not answer `initialize` with what a desktop gives it; None when it does."""
    command = entry.get(client.command)
    arguments = entry.get(client.arguments, []) if client.arguments is not None else []
    line = [*([command] if isinstance(command, str) else command or []), *arguments]
    if not line or not all(isinstance(part, str) for part in line):
        return "is none"
    said = entry.get(client.environment) or {}
    own = {name: str(value) for name, value in said.items() if not str(value).startswith("${")}
    system = {name: environment[name] for name in SYSTEM if name in environment}
    try:
        answer = subprocess.run(
            line,
            env={**system, "PATH": BARE_PATH, **own},
            input=json.dumps(GREETING) + "\n",
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return "is not there, or not where a desktop looks"
    except subprocess.TimeoutExpired:
        return f"does not answer within {SECONDS} s"
    except (OSError, ValueError) as error:
        return f"cannot be started ({type(error).__name__})"
    for reply in answer.stdout.splitlines():
        if '"serverInfo"' in reply:
            return None
    return f"ends with code {answer.returncode} and no answer"
