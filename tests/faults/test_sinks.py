"""Twelve kinds of secrets loaded at once, and every place that anything can leave by: none of them, in no spelling, not
eight characters of one."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest

import imgforge_mcp
from imgforge_mcp import ImageRequest, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ForgeError
from tests.e2e import _program, _raw
from tests.e2e.test_tracing import Collector, collector
from tests.emulators import load
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call
from tests.emulators.ideogram import Ideogram
from tests.emulators.together import Together
from tests.faults import tally
from tests.faults._processes import PATIENCE, Child, environment_of
from tests.faults.test_process_life import children_of
from tests.faults.test_secrets import forms
from tests.virtual_clock import VirtualClock

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="what a process shows of itself is read from /proc"),
]

SHORTEST, SHORTEST_ENCODED = 8, 12
CANARIES = {
    "key in the environment": "tgp-q7Zk3Vx9Lw2RbN8sHd4Y",
    "key in the configuration": "bfl-Mc6Tf1Ug5JpX0eKa9Wzi",
    "key in a file of its own": "AIza-Ro8Bh2Nv4QyS7dLk3Fct",
    "key under another header": "fal-Eg5Wm9Ai1XuC3rPz6Tjb",
    "key in a query": "qry-Yd0Hs4Kv7GoN2fBx8Lqe",
    "password of a proxy": "prx-Vt3Zc9Rm5DwJ1yUa7Pkh",
    "bearer of a caller": "brr-Nf8Xq2Ee6TsG4iOb0Mlv",
    "token of somebody else": "tok-Bz1Lj7Wp3KhY9cVr5Dgx",
    "signature of a picture's address": "sig-Ua6Fo0Ct8MnQ2xEs4Jwy",
    "password in .netrc": "net-Hk9Pv3Sd7ZbL5gRt1Iqm",
    "key in JSON escapes": "esc-Xw2Gy6Nb0VfA8jTe4Kcu",
    "key that a provider repeats": "rep-Sr4Ic8Ol2PmW6zHd0Yfq",
}
SIGNATURE = CANARIES["signature of a picture's address"]
PROVIDERS = ("together", "bfl", "gemini", "fal", "ideogram")
FAULTS = ("echo_key", "401", "402", "429", "500")
CALLS = len(PROVIDERS)
"""Of which spans tell, at the least: what is refused before it is sent has none."""


class Signed(Ideogram):
    """Whose pictures are at addresses that let anybody in who knows them."""

    name = "ideogram"

    def publish(self, call: Call, picture: Picture) -> str:
        return f"{super().publish(call, picture)}?signature={SIGNATURE}"


class Escaping(Together):
    """Repeats the key with every letter as an escape of JSON."""

    name = "together"

    def failure(self, kind: str, message: str = "") -> Answer:
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in self.key)
        body = f'{{"error": {{"message": "the key {escaped} is unknown", "code": "{escaped}"}}}}'
        return Answer(400, body.encode(), media="application/json")


def pieces(secret: str) -> Iterator[bytes]:
    """Everything that would tell something of a secret."""
    yield from forms(secret)
    escaped = "".join(f"%{ord(letter):02x}" for letter in secret)
    for text, length in (
        *((secret, SHORTEST), (secret[::-1], SHORTEST), (secret.encode().hex(), SHORTEST_ENCODED)),
        *((escaped, 3 * SHORTEST), (" ".join(secret), 2 * SHORTEST)),
    ):
        yield from (text[at : at + length].lower().encode() for at in range(len(text) - length + 1))


def check(sinks: Mapping[str, bytes]) -> None:
    for sink, data in sinks.items():
        assert data or sink == "environment of a child", f"{sink} is empty"
        lowered = data.lower()
        for name, secret in CANARIES.items():
            tally.tried(1)
            found = [piece for piece in pieces(secret) if piece in data or piece in lowered]
            assert not found, f"{sink} holds the {name}: {found[0]!r}"


__all__ = ["collector"]  # a fixture


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path, collector: Collector) -> Iterator[dict[str, str]]:
    """A configuration with all twelve, over emulated providers; spans go to the collector."""
    with ExitStack() as stack:
        together, bfl, gemini, fal = (load(name) for name in ("together", "bfl", "gemini", "fal"))
        escaping, signed = Escaping(CANARIES["key in JSON escapes"]), Signed(CANARIES["key that a provider repeats"])
        keys = list(CANARIES.values())
        for emulator, key in zip((together, bfl, gemini, fal), keys, strict=False):
            emulator.key = key
        queried = stack.enter_context(escaping.serve())
        for emulator in (together, bfl, gemini, fal, signed):
            stack.enter_context(emulator.serve())
        Path(environment["IMGFORGE_CONFIG"]).write_text(
            f"[providers.bfl]\napi_key = {json.dumps(bfl.key)}\n"
            f'[[servers]]\nname = "mybox"\nbase_url = "{queried}/v1?code={CANARIES["key in a query"]}"\n'
            f'api_key = "{escaping.key}"\nmodels = [{{ id = "black-forest-labs/FLUX.1-schnell", slug = "boxed" }}]\n'
        )
        (tmp_path / "gemini.key").write_text(gemini.key)
        (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login x password {CANARIES['password in .netrc']}\n")
        variables = {
            name: value
            for emulator in (together, bfl, gemini, fal, signed)
            for name, value in emulator.environment().items()
        }
        del variables[bfl.key_variable], variables[gemini.key_variable]
        variables |= {
            f"{gemini.key_variable}_FILE": str(tmp_path / "gemini.key"),
            "HTTPS_PROXY": f"http://user:{CANARIES['password of a proxy']}@127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            "IMGFORGE_LOG_LEVEL": "debug",
            "IMGFORGE_STRUCTURED": "on",
            "PYTHONFAULTHANDLER": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        emulators = (together, bfl, gemini, fal, signed, escaping)
        for emulator in emulators:
            for fault in FAULTS:
                if (fault, "submit") in emulator.supported_faults:
                    emulator.fault(fault, times=1)
            stack.callback(emulator.clear)
        yield {**environment, **variables}


def draw(child: Child, provider: str, **more: Any) -> None:
    child.call("generate_image", prompt=f"a fox by {provider}", **({"provider": provider} | more))


def files(home: Path) -> bytes:
    """Names and contents of all that was written, free pages and write-ahead logs too."""
    paths = [path for path in home.rglob("*") if path.is_file() and path.name != "token"]
    return b"".join(str(path).encode() + path.read_bytes() for path in paths)


def test_no_secret_leaves_a_server_on_stdio_by_any_way(
    settings: dict[str, str], home: Path, tmp_path: Path, collector: Collector
) -> None:
    with (tmp_path / "stderr").open("wb") as stderr, Child(settings, stderr) as child:
        child.greet()
        for number in range(len(FAULTS) + 1):
            for provider in PROVIDERS:
                draw(child, provider, seed=number)
            draw(child, "mybox", model="boxed", seed=number)
        for request in (
            ("tools/call", {"name": "make_coffee", "arguments": {"key": "x"}}),
            ("tools/call", {"name": "generate_image", "arguments": {"prompt": "x", "image": "https://x"}}),
            ("resources/read", {"uri": "imgforge://assets/none"}),
        ):
            child.ask(*request)
        for tool in ("check_job", "list_models", "get_usage"):
            child.call(tool)
        shown = [Path(f"/proc/{pid}") for pid in (child.process.pid, *children_of(child))]
        cmdlines = b"".join((path / "cmdline").read_bytes() + (path / "comm").read_bytes() for path in shown)
        environs = b"".join((path / "environ").read_bytes() for path in shown[1:])
        live = files(home)
        collector.named("generate_content", CALLS - 1)
        os.kill(child.process.pid, signal.SIGABRT)
        child.process.wait(PATIENCE)
    answers = [json.loads(line) for line in child.lines]
    results = [answer["result"] for answer in answers if "content" in answer.get("result", {})]
    written = (tmp_path / "stderr").read_bytes()
    assert b"DEBUG" in written
    assert b"Fatal Python error: Aborted" in written
    check(
        {
            "stdout": b"\n".join(child.lines),
            "text of results": json.dumps([each["content"] for each in results], ensure_ascii=False).encode(),
            "structured results": json.dumps([each.get("structuredContent") for each in results]).encode(),
            "errors of JSON-RPC": json.dumps([each["error"] for each in answers if "error" in each]).encode(),
            "stderr, log and crash dump": written,
            "registry, write-ahead log and pictures, while it runs": live,
            "registry and pictures, afterwards": files(home),
            "command lines and titles": cmdlines,
            "environment of a child": environs,
            "spans": collector.raw,
        }
    )


def test_no_secret_leaves_a_server_on_http_by_any_way(
    settings: dict[str, str], home: Path, collector: Collector
) -> None:
    bearer, stranger = CANARIES["bearer of a caller"], CANARIES["token of somebody else"]
    seen = []
    with _program.serve(environment_of(settings) | {"IMGFORGE_API_KEY": bearer}) as server:
        for token in (bearer, stranger, f"x.{stranger}.y"):
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "*/*"}
            for method, path in (
                *(("GET", "/health"), ("GET", "/nowhere"), ("PUT", "/mcp"), ("GET", "/metrics"), ("GET", "/v2/jobs")),
                *(("POST", "/v1/images/generations"), ("POST", "/mcp"), ("GET", f"/v2/assets/x?token={stranger}")),
            ):
                body = b'{"prompt": "a fox", "model": "boxed"}' if method == "POST" else b""
                answer = _raw.request(server.port, method, path, headers, body=body)
                seen.append(json.dumps(answer.headers).encode() + answer.body)
        collector.named("generate_content")
        log = "".join(server.log)
    check(
        {
            "heads and bodies of HTTP": b"\n".join(seen),
            "log of HTTP": log.encode(),
            "registry": files(home),
            "spans": collector.raw,
        }
    )


OURS = str(Path(imgforge_mcp.__file__).parent)


WIRE = f"{OURS}/net/"
"""Where what is sent and what comes lies in variables; no exception leaves there with the frames below."""
UNPRINTED = (StopIteration, StopAsyncIteration, GeneratorExit, asyncio.CancelledError)


@contextmanager
def locals_of_exceptions() -> Iterator[set[str]]:
    """The local variables of every frame of ours that an exception passes, as tracebacks with locals print them, and
    those of every frame below that it brings along, its causes' too."""
    seen: set[str] = set()

    def trace(frame: FrameType, event: str, told: Any) -> Any:
        place = frame.f_code.co_filename
        if not place.startswith(OURS) or place.startswith(WIRE):
            return None
        if event == "exception" and not isinstance(told[1], UNPRINTED):
            for passed in frames(told[1], told[2]):
                where = f"{passed.f_code.co_filename}:{passed.f_code.co_name}"
                seen.update(f"{where} {name} = {value!r}" for name, value in passed.f_locals.items())
        return trace

    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(None)


def frames(error: BaseException | None, trace: TracebackType | None) -> Iterator[FrameType]:
    """Of a traceback, and of those that are printed above it."""
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next
    if error is not None:
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            yield from frames(cause, cause.__traceback__)


@pytest.mark.anyio
async def test_no_exception_carries_a_secret_in_a_local_variable(settings: dict[str, str], clock: VirtualClock) -> None:
    with locals_of_exceptions() as seen:
        async with open_forge(load_config(settings), clock) as forge:
            for number in range(len(FAULTS) + 1):
                for provider in ("together", "bfl", "gemini", "fal", "ideogram", "mybox"):
                    request = ImageRequest(prompt="a red fox", provider=provider, seed=number)
                    with suppress(ForgeError):
                        job = await forge.submit(request, forge.caller())
                        await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)
    assert seen
    check({"local variables": "\n".join(seen).encode("utf-8", "replace")})
