"""Asks the real server, once for each installation, what the front of the next start may answer: every protocol
version, every form that a client can get."""

import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.config import Config, load_config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.mcp import front, plain, rendered
from imgforge_mcp.mcp.clients import CLIENTS, Form, decided
from imgforge_mcp.mcp.introduced import EXTENSION
from imgforge_mcp.mcp.rendered import Rendered
from imgforge_mcp.mcp.server import create_server
from imgforge_mcp.providers.configured import inputs_of

logger = logging.getLogger(__name__)
OF_THE_PLATFORM = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
"""Variables that say where platformdirs finds the usual places."""
NOBODY = ("mcp", "0")
"""A client that no row of the table is for."""
Introduction = tuple[str, str]


def encoded(message: types.JSONRPCMessage) -> bytes:
    """A message as a line of the wire."""
    text: str = message.model_dump_json(by_alias=True, exclude_unset=True)
    return text.encode() + b"\n"


class Rendering:
    """Does so in a thread of its own, which the start of a server need not wait for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has been begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._render, daemon=True, name="rendering")
            self._thread.start()

    def renew(self, wrong: Rendered | None) -> None:
        """Begin, since what there is has turned out to be wrong."""
        if wrong is not None:
            wrong.forget()
        self.start()

    def finish(self, seconds: float) -> None:
        """Wait for the end, so long at most."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _render(self) -> None:
        try:
            render(self._environment)
        except (OSError, ForgeError) as error:
            logger.info("the next start will answer no sooner: %s", error)


def render(environment: Mapping[str, str]) -> None:
    """Ask, and keep the answers. Blocks for some tenths of a second.

    Raises:
        ForgeError: the settings are wrong.
        OSError: nothing can be kept.
    """
    variables, files = _inputs(load_config(environment))
    before = rendered.inputs(variables, files, environment)
    config = load_config(environment)
    answers, results = anyio.run(_answers, config)
    if _inputs(config) != (variables, files) or rendered.inputs(variables, files, environment) != before:
        return  # something has changed meanwhile
    head = {
        "inputs": before,
        "variables": variables,
        "files": files,
        "rules": [[c.name, c.since, c.until, _code(c.form, config)] for c in CLIENTS],
        "else": _code(Form(), config),
        "answers": answers,
    }
    rendered.keep(head, results, environment)


def _inputs(config: Config) -> tuple[list[str], list[str]]:
    """The variables and files that the answers depend on, beside the program and the variables that are ours."""
    variables, files = inputs_of(config)
    settings = config.environment.get("XDG_CONFIG_HOME") or f"{config.environment.get('HOME', '')}/.config"
    return sorted({*variables, *OF_THE_PLATFORM}), sorted({*files, f"{settings}/user-dirs.dirs"})


def _code(form: Form, config: Config) -> str:
    """The part of a form that a list of tools shows."""
    found = decided(form, config, has_app=False)
    return f"{int(found.data)}{int(found.structured)}"


async def _answers(config: Config) -> tuple[dict[str, int], list[bytes]]:
    """The number of each question's result, and the results."""
    found: dict[str, bytes] = {}
    server = create_server(LazyForge(config))
    known = {_code(client.form, config): (client.example, _number(client.since)) for client in CLIENTS}
    known[_code(Form(), config)] = NOBODY
    for code, introduction in known.items():
        for has_app in (False, True):
            form = f"{code}{int(has_app)}"
            for version in HANDSHAKE_PROTOCOL_VERSIONS:
                async with _asking(server) as ask:
                    found[f"initialize {version}"] = await ask("initialize", _greeting(version, introduction, has_app))
                    found[f"tools/list {version} {form}"] = await ask("tools/list", {})
                    found["ping"] = await ask("ping", {})
            for version in MODERN_PROTOCOL_VERSIONS:
                async with _asking(server) as ask:
                    said = {"_meta": _envelope(version, introduction, has_app)}
                    found[f"server/discover {version}"] = await ask("server/discover", said)
                    found[f"tools/list {version} {form}"] = await ask("tools/list", said)
    results = list(dict.fromkeys(found.values()))
    return {question: results.index(result) for question, result in found.items()}, results


def _number(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "0"


def _greeting(version: str, introduction: Introduction, has_app: bool) -> dict[str, Any]:
    name, number = introduction
    capabilities: dict[str, Any] = {"extensions": {EXTENSION: {}}} if has_app else {}
    return {
        "protocolVersion": version,
        "clientInfo": {"name": name, "version": number},
        "capabilities": capabilities,
    }


def _envelope(version: str, introduction: Introduction, has_app: bool) -> dict[str, Any]:
    said = _greeting(version, introduction, has_app)
    return {
        plain.VERSION: said["protocolVersion"],
        plain.CLIENT: said["clientInfo"],
        plain.CAPABILITIES: said["capabilities"],
    }


Ask = Callable[[str, dict[str, Any]], Any]


@asynccontextmanager
async def _asking(server: Server[Any]) -> AsyncIterator[Ask]:
    """A connection of its own; each answer as the JSON of its result."""
    to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, from_server = anyio.create_memory_object_stream[SessionMessage](0)

    async def ask(method: str, params: dict[str, Any]) -> bytes:
        request = types.JSONRPCRequest(jsonrpc="2.0", id=0, method=method, params=params)
        await to_server.send(SessionMessage(request))
        line = encoded((await from_server.receive()).message)
        start, end = front.response(0, b"\0").split(b"\0")
        if not line.startswith(start):
            raise OSError(f"{method} was answered with an error")
        return line.removeprefix(start).removesuffix(end)

    async with to_server, from_server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.run, incoming, outgoing, server.create_initialization_options())
        yield ask
        tasks.cancel_scope.cancel()
