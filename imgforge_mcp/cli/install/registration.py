"""One client's registration: where its file is, what would stand there, and the change with a backup."""

import os
import shutil
import stat
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from imgforge_mcp.base.config import Config
from imgforge_mcp.base.types import Json
from imgforge_mcp.cli.install import documents
from imgforge_mcp.cli.install.clients import NAME, Client, Platform
from imgforge_mcp.cli.install.documents import Unreadable
from imgforge_mcp.providers.configured import all_providers
from imgforge_mcp.storage.images.files import place, write_part

PROGRAM = "imgforge-mcp"
LARGEST = 64 * 1024 * 1024
CARRIED = ("IMGFORGE_HOME", "IMGFORGE_CONFIG", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY")
"""Settings that a client started by the desktop would not see, and without which it would work elsewhere or not at
all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """What the server's environment will be: plain settings, and keys (which no output shows) by their titles."""

    plain: Mapping[str, str]
    secret: Mapping[str, str]
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What `install` does to one file: its place, the text before and after, the secrets of ours among either; the keys
    that the server has afterwards, written there or asked for by the client; whether it is its owner's alone then."""

    client: Client
    path: Path
    before: str | None
    after: str
    secrets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    is_private: bool = False

    @property
    def is_none(self) -> bool:
        return (self.before or "") == self.after

    def diff(self) -> list[str]:
        return documents.diff(self.client, self.before or "", self.after, self.secrets)


def this_platform() -> Platform:
    return "windows" if os.name == "nt" else "macos" if sys.platform == "darwin" else "linux"


def file_of(client: Client, platform: Platform, environment: Mapping[str, str]) -> Path:
    """Where the client keeps its servers: of the places that it may be, the one that is there."""
    moved = environment.get(client.moved_by or "", "").strip()
    places = [_place(path, platform, environment) for path in client.paths[platform]]
    if moved:
        places = [Path(moved) / place.name for place in places]
    return next((place for place in places if place.exists()), places[-1])


def _place(path: str, platform: Platform, environment: Mapping[str, str]) -> Path:
    is_windows = platform == "windows"
    home = environment.get("USERPROFILE" if is_windows else "HOME") or str(Path.home())
    folders = {
        "config": environment.get("XDG_CONFIG_HOME") or f"{home}/.config",
        "appdata": environment.get("APPDATA") or f"{home}/AppData/Roaming",
        "localappdata": environment.get("LOCALAPPDATA") or f"{home}/AppData/Local",
    }
    if path.startswith("~"):
        path = home + path[1:]
    return Path(path.format(**folders))


def command_line(environment: Mapping[str, str]) -> list[str]:
    """How to start this program from anywhere: its absolute path, since a desktop does not have `~/.local/bin` on its
    PATH. What `uvx` runs lies in a cache that is cleared: then it is uvx that is named."""
    scripts = Path(sysconfig.get_path("scripts"))
    asked = Path(sys.argv[0]).absolute()
    own = asked if asked.stem == PROGRAM and asked.suffix in ("", ".exe") else scripts / PROGRAM
    if "archive-v0" in own.resolve().parts and (uvx := shutil.which("uvx", path=environment.get("PATH"))):
        return [os.path.abspath(uvx), PROGRAM]
    for candidate in (own, own.with_suffix(".exe")):
        if candidate.is_file():
            return [str(candidate)]
    return [sys.executable, "-m", "imgforge_mcp"]


def found_variables(config: Config) -> Variables:
    """Keys and addresses of providers that stand in this process's environment, and where our own files are."""
    plain = {name: config.environment[name] for name in CARRIED if config.environment.get(name, "").strip()}
    secret, titles = dict[str, str](), dict[str, str]()
    for provider in all_providers():
        manifest = provider.manifest
        for name in (*manifest.settings.values(), manifest.base_url_variable):
            if value := config.environment.get(name, "").strip():
                plain[name] = value
        for name in manifest.key_variables:
            if value := config.environment.get(name, "").strip():
                secret[name], titles[name] = value, manifest.title
            if value := config.environment.get(f"{name}_FILE", "").strip():
                plain[f"{name}_FILE"] = value
    return Variables(plain=plain, secret=secret, titles=titles)


def entry_for(client: Client, command: list[str], variables: Variables) -> tuple[Json, list[Json]]:
    """Our entry in the client's own words, and the questions that it will ask its user."""
    questions = [
        {
            "type": "promptString",
            "id": f"{NAME}-{name.lower().replace('_', '-')}",
            "description": f"{variables.titles[name]}: {name}",
            "password": True,
        }
        for name in variables.secret
        if client.inputs is not None
    ]
    asked = {name: f"${{input:{NAME}-{name.lower().replace('_', '-')}}}" for name in variables.secret}
    environment = {**variables.plain, **(asked if client.inputs is not None else variables.secret)}
    started: Json = {client.command: command}
    if client.arguments is not None:
        started = {client.command: command[0], client.arguments: command[1:]}
    return {**client.fixed, **started, client.environment: environment}, questions


def installing(client: Client, path: Path, command: list[str], variables: Variables) -> Change:
    """What an earlier entry has besides (keys that are not set here, what somebody added) stays. Raises Unreadable."""
    before = read(path)
    entry, questions = entry_for(client, command, variables)
    with _named(path):
        earlier = documents.entry_in(client, before or "")
        entry = _over(earlier, entry, client)
        asked = {question["id"] for question in documents.questions_in(client, before or "")}
        is_there = entry == earlier and asked >= {question["id"] for question in questions}
        after = before if before and is_there else _with_entry(client, before or "", entry, questions)
    secrets = _secrets(client, entry)
    return Change(
        client=client,
        path=path,
        before=before,
        after=after,
        secrets=(*secrets, *_secrets(client, earlier)),
        keys=_keys(client, entry),
        is_private=bool(secrets),
    )


def _over(earlier: Json | None, entry: Json, client: Client) -> Json:
    """Our entry over one that starts a program too; of any other only the variables are ours to keep."""
    if earlier is None:
        return entry
    kept = earlier if client.command in earlier else {}
    return {**kept, **entry, client.environment: {**_said(client, earlier), **entry[client.environment]}}


def _said(client: Client, entry: Json | None) -> dict[str, str]:
    """What an entry sets in the server's environment."""
    variables = (entry or {}).get(client.environment)
    return {name: str(value) for name, value in variables.items()} if isinstance(variables, dict) else {}


def _secrets(client: Client, entry: Json | None) -> tuple[str, ...]:
    """Every value in an entry but those that are known to be no secret, or that the client asks for itself."""
    manifests = [provider.manifest for provider in all_providers()]
    plain = {name for manifest in manifests for name in (*manifest.settings.values(), manifest.base_url_variable)}
    plain |= {*CARRIED, *(f"{name}_FILE" for manifest in manifests for name in manifest.key_variables)}
    said = _said(client, entry)
    return tuple(value for name, value in said.items() if name not in plain and not value.startswith("${"))


def _keys(client: Client, entry: Json) -> tuple[str, ...]:
    known = {name for provider in all_providers() for name in provider.manifest.key_variables}
    return tuple(name for name, value in _said(client, entry).items() if value and name in known)


def _with_entry(client: Client, text: str, entry: Json, questions: list[Json]) -> str:
    after = documents.with_entry(client, text, entry, questions)
    return after if after.endswith("\n") else f"{after}\n"


def _as_it_was(client: Client, path: Path, now: str) -> str | None:
    """The newest backup of which `install` made exactly what stands there now: then nothing else has changed since, and
    its own commas, line ends and blanks come back as well."""
    entry, questions = documents.entry_in(client, now), documents.questions_in(client, now)
    place = path.resolve()
    backups = [each for each in place.parent.iterdir() if each.name.startswith(place.name) and each.suffix == ".bak"]
    for backup in sorted(backups, reverse=True):
        try:
            was = read(backup)
            if entry and was is not None and _with_entry(client, was, entry, questions) == now:
                return was if documents.entry_in(client, was) is None else None
        except Unreadable:
            continue
    return None


def uninstalling(client: Client, path: Path) -> Change:
    """Raises Unreadable."""
    before = read(path)
    with _named(path):
        secrets = _secrets(client, documents.entry_in(client, before or ""))
        after = documents.without_entry(client, before or "")
        if before is not None and after != before:
            after = _as_it_was(client, path, before) or after
    return Change(client=client, path=path, before=before, after=after, secrets=secrets)


class _named:
    """Puts the file's path in front of what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Unreadable):
            raise Unreadable(f"{self._path} was left untouched: {error.message}", path=str(self._path)) from None


def read(path: Path) -> str | None:
    """The file's text; None when there is none. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise Unreadable(f"{path} was left untouched: it is larger than {LARGEST // 2**20} MiB.", path=str(path))
        return data.decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise Unreadable(f"{path} was left untouched: it is no UTF-8 text.", path=str(path)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreadable(f"{path} was left untouched: it cannot be read ({reason}).", path=str(path)) from None


def write(change: Change, now: datetime) -> Path | None:
    """Put the change in place, whole or not at all; the backup of what was there, if anything was. A file with keys is
    for its owner alone; any other keeps its mode.

    Raises:
        Unreadable: it cannot be written, or somebody has made it read-only.
    """
    path = change.path.resolve()  # a link that somebody keeps their settings behind stays a link
    backup = None
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if change.before is not None else 0o600
        if not mode & stat.S_IWUSR:  # a new file could take its place all the same; somebody did not want that
            raise Unreadable(f"{change.path} was left untouched: it is read-only.", path=str(change.path))
        if change.before is not None:
            backup = _free(path.with_name(f"{path.name}.{now:%Y%m%d-%H%M%S}.bak"))
            shutil.copy2(path, backup)
        part = write_part(path.parent, change.after.encode(), durable=True)
        part.chmod(0o600 if change.is_private else mode)
        place(part, path)
    except OSError as error:
        if backup is not None:
            backup.unlink(missing_ok=True)  # the file itself is as it was
        reason = error.strerror or type(error).__name__
        raise Unreadable(f"{change.path} cannot be written ({reason}).", path=str(change.path)) from None
    return backup


def _free(path: Path) -> Path:
    """The name, or the next one that nobody has."""
    number, free = 1, path
    while free.exists():
        number, free = number + 1, path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def shown_path(path: Path, platform: Platform) -> str:
    """As it is written on the client's system."""
    return str(PureWindowsPath(path)) if platform == "windows" else str(PurePosixPath(path.as_posix()))
