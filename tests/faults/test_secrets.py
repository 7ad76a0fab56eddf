"""A canary key of each provider, followed through success and every fault: it shows in its header and nowhere else."""

import asyncio
import base64
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from mcp.client import Client
from starlette.requests import Request
from starlette.responses import Response

from imgforge_mcp import Forge, ImageRequest
from imgforge_mcp.base.errors import ForgeError
from tests import emulators
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator
from tests.emulators._serve import serve
from tests.emulators._wire import Answer
from tests.faults._processes import PATIENCE, Child, environment_of
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
LONGER_THAN_ANY_WAIT = 301.0
SETTINGS = {"IMGFORGE_STRUCTURED": "on", "IMGFORGE_LOG_LEVEL": "debug", "IMGFORGE_PREVIEW_MAX_PX": "64"}
KEYLESS = ("a1111", "comfyui")
NAMES = [name for name in emulators.names() if name not in KEYLESS]
FAULTS = [
    pytest.param(name, kind, phase, id=f"{name}-{phase}-{kind}")
    for name in NAMES
    for kind, phase in sorted(emulators.load(name).supported_faults)
]
ECHOES = [
    pytest.param(name, phase, id=f"{name}-{phase}")
    for name in NAMES
    for kind, phase in sorted(emulators.load(name).supported_faults)
    if kind == "echo_key"
]


def canary(name: str) -> str:
    """A key with characters that change when it is quoted or encoded, so that each form is a different one."""
    return f"sk-canary/{name}+Zx9=7qL2~{name[::-1]}"


def forms(key: str) -> list[bytes]:
    """The key as it might travel: plain, quoted, in base64 at each of three offsets, in hex, backwards."""
    plain = key.encode()
    found = [
        plain,
        quote(key, safe="").encode(),
        quote(key).encode(),
        plain.hex().encode(),
        plain.hex().upper().encode(),
    ]
    for offset in range(3):
        shifted = base64.b64encode(b"x" * offset + plain)
        found += [
            shifted[4 if offset else 0 : -4],
            shifted.translate(bytes.maketrans(b"+/", b"-_"))[4 if offset else 0 : -4],
        ]
    return [*found, plain[::-1], plain.replace(b"/", b"\\/")]


def check(place: str, data: bytes, key: str) -> None:
    for form in forms(key):
        assert form not in data, f"{place} holds the key as {form!r}"


def check_files(home: Path, key: str) -> None:
    """Every byte that was written: registry, write-ahead log, images, previews, their names."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name.startswith("registry.db") for path in files)
    for path in files:
        check(str(path), str(path).encode() + path.read_bytes(), key)


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def run_out_when_hung(emulator: Emulator, clock: VirtualClock) -> None:
    """A hung call comes to its time limit at once."""
    loop = asyncio.get_running_loop()

    def run_out() -> None:
        loop.call_soon_threadsafe(clock.advance, LONGER_THAN_ANY_WAIT)

    emulator.on_hang = run_out


async def follow(client: Client, name: str) -> str:
    """All that a client gets to see of a call, in words: answer, progress, later questions."""
    seen: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(f"{progress} {total} {message}")

    arguments = {"prompt": "a red fox", "provider": name}
    answer = await client.call_tool("generate_image", arguments, progress_callback=note)
    seen.append(answer.model_dump_json())
    jobs = await client.call_tool("check_job", {})
    models = await client.call_tool("list_models", {"provider": name})
    again = await client.call_tool("generate_image", arguments)
    return "\n".join([*seen, *(result.model_dump_json() for result in (jobs, models, again))])


@pytest.mark.parametrize("name", NAMES)
async def test_a_key_shows_nowhere_when_all_goes_well(
    emulate: Emulate, client_on: OpenClient, home: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    emulator = emulate(name, canary(name))
    async with client_on(emulator, **SETTINGS) as client:
        seen = await follow(client, name)
        check("the registry while it is open", (home / "registry.db-wal").read_bytes(), emulator.key)
    assert len(emulator.submits) == 2
    assert '"state\\":\\"completed' in seen
    check("what the client saw", seen.encode(), emulator.key)
    check("the log", caplog.text.encode(), emulator.key)
    check_files(home, emulator.key)
    assert not emulator.surprises


@pytest.mark.parametrize(("name", "kind", "phase"), FAULTS)
async def test_a_key_shows_nowhere_when_a_call_fails(
    emulate: Emulate,
    client_on: OpenClient,
    clock: VirtualClock,
    home: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    kind: str,
    phase: str,
) -> None:
    emulator = emulate(name, canary(name))
    run_out_when_hung(emulator, clock)
    emulator.fault(kind, phase)
    async with client_on(emulator, **SETTINGS) as client:
        seen = await follow(client, name)
    assert [call for call in emulator.calls if emulator.key in call.headers.get(emulator.key_header, "")]
    check("what the client saw", seen.encode(), emulator.key)
    check("the log", caplog.text.encode(), emulator.key)
    check_files(home, emulator.key)
    assert not [text for text in emulator.surprises if "key" in text]


@pytest.mark.parametrize(("name", "phase"), ECHOES)
async def test_a_key_that_the_provider_repeats_is_masked_in_exceptions_too(
    emulate: Emulate, forge_on: OpenForge, name: str, phase: str
) -> None:
    emulator = emulate(name, canary(name))
    emulator.fault("echo_key", phase)
    async with forge_on(emulator) as forge:
        said = [await _account(forge, name) for _ in range(3)]
    assert any("[redacted]" in text for text in said) or phase != "submit"
    check("an exception", "\n".join(said).encode(), emulator.key)


async def test_a_key_that_would_be_cut_in_two_with_a_long_message_is_masked_before(
    emulate: Emulate, forge_on: OpenForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = emulate("together", canary("together"))
    usual = together.failure
    together.fault("echo_key")
    async with forge_on(together) as forge:
        for length in range(240, 300, 10):

            def failure(kind: str, message: str = "", padding: str = "-" * length) -> Answer:
                return usual(kind, padding + message)

            monkeypatch.setattr(together, "failure", failure)
            assert together.key[:10] not in await _account(forge, "together")


async def _account(forge: Forge, name: str) -> str:
    """How one call ended, as far as Python can tell it."""
    try:
        request = ImageRequest(prompt="a red fox", provider=name)
        job = await forge.submit(request, forge.caller())
        job = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
        return repr(job)
    except ForgeError as error:
        return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.mark.parametrize("name", ["together", "gemini", "bfl", "fal"])
def test_a_real_process_at_debug_level_writes_no_key(
    emulate: Emulate, environment: dict[str, str], home: Path, tmp_path: Path, name: str
) -> None:
    emulator = emulate(name, canary(name))
    settings = environment | emulator.environment() | {"IMGFORGE_LOG_LEVEL": "debug"}
    with (tmp_path / "stderr").open("wb") as stderr, Child(settings, stderr) as child:
        child.greet()
        for kind in (None, "echo_key", "401"):
            if kind is not None:
                emulator.fault(kind)
            child.call("generate_image", prompt="a red fox", provider=name)
        child.end("stdin_eof")
        assert child.process.wait(PATIENCE) == 0
    written = (tmp_path / "stderr").read_bytes()
    assert b"DEBUG" in written
    check("stderr", written, emulator.key)
    check("stdout", b"".join(child.lines), emulator.key)
    check_files(home, emulator.key)


def test_a_log_line_that_holds_a_key_is_masked_before_it_leaves_the_process(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """By its value: in whatever form, in an argument or in a traceback."""
    key = canary("together")
    code = (
        "import logging, base64, os, sys\n"
        "from imgforge_mcp.cli.program import set_up_logging\n"
        "from imgforge_mcp.base.config import load_config\n"
        "set_up_logging(load_config())\n"
        "key = os.environ['TOGETHER_API_KEY']\n"
        "log = logging.getLogger('httpx')\n"
        "log.warning('plain %s, base64 %s, hex %s, backwards %s', key, base64.b64encode(key.encode()).decode(),\n"
        "            key.encode().hex(), key[::-1])\n"
        "try:\n"
        "    raise ValueError(f'?key={key}')\n"
        "except ValueError:\n"
        "    log.exception('failed')\n"
        "log.warning('that is all')\n"
        "sys.stdin.read()\n"
    )
    settings = environment_of(environment | {"TOGETHER_API_KEY": key})
    said = b""
    with subprocess.Popen(
        [sys.executable, "-c", code], env=settings, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            said += line
            if b"that is all" in line:
                break
        child.communicate(timeout=PATIENCE)
    assert said.count(b"[redacted]") >= 5
    check("stderr", said, key)


# The key goes to its provider and to nobody else --------------------------------------------------------------------


class Stranger:
    """A server that no configuration names; `heard` is what reached it, headers and all."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.heard.append(f"{request.method} {request.url} {request.headers.raw} {await request.body()!r}")
        await Response("hello")(scope, receive, send)


@pytest.fixture
def stranger() -> Iterator[tuple[Stranger, str]]:
    stranger = Stranger()
    with serve(stranger) as url:
        yield stranger, url


REDIRECTS = [
    pytest.param(name, phase, id=f"{name}-{phase}")
    for name in NAMES
    for kind, phase in sorted(emulators.load(name).supported_faults)
    if kind == "redirect"
]


@pytest.mark.parametrize(("name", "phase"), REDIRECTS)
async def test_a_redirect_takes_neither_key_nor_request_anywhere_else(
    emulate: Emulate, forge_on: OpenForge, stranger: tuple[Stranger, str], name: str, phase: str
) -> None:
    emulator = emulate(name, canary(name))
    visitor, emulator.redirect_to = stranger
    emulator.fault("redirect", phase)
    async with forge_on(emulator) as forge:
        await _account(forge, name)
    assert emulator.calls
    assert visitor.heard == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_redirected_submit_is_not_sent_again_to_the_same_host_either(
    emulate: Emulate, forge_on: OpenForge, name: str
) -> None:
    emulator = emulate(name, canary(name))
    emulator.redirect_to = emulator.base_url
    emulator.fault("redirect")
    async with forge_on(emulator) as forge:
        job = await forge.submit(ImageRequest(prompt="a red fox", provider=name), forge.caller())
        job = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    assert len(emulator.calls) == len(job.attempts)
    assert not emulator.submits


def hand_out(emulator: Emulator, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it name another server where its work is to be asked about."""
    usual = emulator.accepted  # type: ignore[attr-defined]

    def accepted(call: Any, order: Any) -> dict[str, Any]:
        body = usual(call, order)
        return {k: str(v).replace(call.base, elsewhere) if k.endswith("url") else v for k, v in body.items()}

    monkeypatch.setattr(emulator, "accepted", accepted)


@pytest.mark.parametrize("name", ["bfl", "fal"])
async def test_a_polling_url_at_another_door_of_the_machine_is_asked_without_the_key(
    emulate: Emulate, forge_on: OpenForge, stranger: tuple[Stranger, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    emulator = emulate(name, canary(name))
    visitor, elsewhere = stranger
    hand_out(emulator, elsewhere, monkeypatch)
    async with forge_on(emulator) as forge:
        job = await forge.submit(ImageRequest(prompt="a red fox", provider=name), forge.caller())
        job = await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    assert visitor.heard
    assert not any(canary(name) in heard for heard in visitor.heard)
    assert job.error is not None
    assert [attempt.maybe_billed for attempt in job.attempts] == [True]


@pytest.mark.parametrize("name", ["bfl", "fal"])
async def test_a_polling_url_of_another_configured_provider_does_not_get_the_key(
    emulate: Emulate, forge_on: OpenForge, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    emulator, together = emulate(name, canary(name)), emulate("together", canary("together"))
    hand_out(emulator, together.base_url, monkeypatch)
    async with forge_on(emulator, together) as forge:
        await _account(forge, name)
    assert together.calls
    check("a call to together", repr([call.headers for call in together.calls]).encode(), emulator.key)


@pytest.mark.parametrize("name", [name for name in NAMES if emulators.load(name).hands_out_urls])
async def test_a_download_carries_no_key(emulate: Emulate, forge_on: OpenForge, name: str) -> None:
    emulator = emulate(name, canary(name))
    async with forge_on(emulator) as forge:
        await _account(forge, name)
    downloads = [call for call in emulator.calls if call.path.startswith("/_files/")]
    assert not [call for call in downloads if emulator.key in str((call.headers, call.query, call.raw_path))]
    assert not emulator.surprises


async def test_a_key_is_shown_to_no_other_provider(emulate: Emulate, forge_on: OpenForge) -> None:
    """All of them configured, each failing over to the next."""
    every = [emulate(name, canary(name)) for name in NAMES]
    for emulator in every:
        emulator.fault("500")
    async with forge_on(*every) as forge:
        for emulator in every:
            with anyio.fail_after(PATIENCE):
                await _account(forge, emulator.name)
    assert all(emulator.calls for emulator in every)
    for emulator in every:
        others = [canary(other.name) for other in every if other is not emulator]
        heard = repr([(call.headers, call.raw_path, call.body) for call in emulator.calls]).encode()
        for other in others:
            check(f"a call to {emulator.name}", heard, other)
