"""Spans reach a collector: a tool call with its upstream call below it, and no key, no prompt in any of them."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from imgforge_mcp.base.tracing import carried, continued
from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.emulators._serve import serve as listening
from tests.faults._processes import Child, end_workers

pytestmark = pytest.mark.long

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")
PATIENCE = 60.0
"""Seconds; an upper bound, not a pause."""


@dataclass(slots=True)
class Collector:
    """Takes what an exporter sends; `raw` is every byte of it, headers too."""

    url: str = ""
    raw: bytes = b""
    spans: list[Any] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = dict(scope["headers"])
        plain = gzip.decompress(body) if headers.get(b"content-encoding") == b"gzip" else body
        told = ExportTraceServiceRequest.FromString(plain)
        with self.came:
            self.raw += plain
            self.spans += [s for r in told.resource_spans for scoped in r.scope_spans for s in scoped.spans]
            self.came.notify_all()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    def named(self, start: str, number: int = 0) -> Any:
        """The first span whose name begins so (or a later one, by its number), when it has come."""

        def found() -> list[Any]:
            return [span for span in self.spans if span.name.startswith(start)][number : number + 1]

        with self.came:
            assert self.came.wait_for(found, PATIENCE), start
            return found()[0]


@pytest.fixture
def collector() -> Iterator[Collector]:
    each = Collector()
    with listening(each) as each.url:
        yield each


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


@pytest.mark.anyio
async def test_a_tool_call_and_its_upstream_call_are_spans_without_secrets(
    collector: Collector, emulate: Callable[..., Emulator], tmp_path: Path, environment: dict[str, str]
) -> None:
    together = emulate("together")
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=of-the-collector-0001",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    account = fresh_account(tmp_path / "somebody", **environment, **together.environment(), **traced)
    key = json.loads(run(account, "keys", "create", "team", "--json").stdout)["key"]
    bearer = {"Authorization": f"Bearer {key}"}
    with serve(account) as server:
        async with (
            httpx2.AsyncClient(headers=bearer, timeout=60) as http,
            Client(streamable_http_client(f"{server.base_url}/mcp", http_client=http)) as client,
        ):
            await client.call_tool("generate_image", {"prompt": "a very secret fox", "model": "flux-schnell"})
            tool = collector.named("tools/call generate_image")
            call = collector.named("generate_content")
            together.fault("echo_key")
            await client.call_tool("generate_image", {"prompt": "a secret owl", "model": "flux-schnell"})
        failed = collector.named("generate_content", 1)
        log = "".join(server.log)
    assert attributes(tool)["gen_ai.tool.name"] == "generate_image"
    assert (call.trace_id, call.parent_span_id) == (tool.trace_id, tool.span_id)
    seen = attributes(call)
    assert (seen["gen_ai.provider.name"], seen["gen_ai.request.model"]) == ("together", "flux-schnell")
    assert (seen["gen_ai.output.type"], seen["gen_ai.request.choice.count"]) == ("image", 1)
    assert seen["imgforge.outcome"].startswith("ok_")
    assert seen["imgforge.cost_usd"] > 0
    assert attributes(failed)["error.type"]
    secrets = [key, *together.environment().values(), "secret fox", "secret owl", "of-the-collector"]
    for secret in secrets:
        if not secret.startswith("http"):
            assert secret.encode() not in collector.raw
            assert secret not in log


@pytest.mark.skipif(sys.platform == "win32", reason="the worker's end is a POSIX signal")
def test_the_call_of_a_worker_of_its_own_belongs_to_the_trace_of_who_asked(
    collector: Collector, emulate: Callable[..., Emulator], tmp_path: Path, environment: dict[str, str], home: Path
) -> None:
    together = emulate("together")
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    account = fresh_account(tmp_path / "somebody", **environment, **together.environment(), **traced)
    account["IMGFORGE_WORKER"] = "detached"
    try:
        with Child(account) as child:
            child.greet().call("generate_image", prompt="a fox", model="flux-schnell")
            tool, call = collector.named("tools/call generate_image"), collector.named("generate_content")
    finally:
        end_workers(home)
    assert (call.trace_id, call.parent_span_id) == (tool.trace_id, tool.span_id)


@pytest.mark.parametrize(
    "said", [None, 5, "", "00-x", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", f"01-{'1' * 32}"]
)
def test_what_is_no_trace_is_not_continued(said: object) -> None:
    good = f"00-{'1' * 32}-{'2' * 16}-01"
    with continued(good):
        assert carried() == good
    with continued(said):
        assert carried() is None


def test_without_an_endpoint_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    account = fresh_account(tmp_path / "somebody")
    script = (
        "import sys\nfrom imgforge_mcp.base.tracing import set_up_tracing, upstream_call\nset_up_tracing({})\n"
        "with upstream_call('a', 'b', 1, 'c'): pass\nprint([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    seen = subprocess.run([sys.executable, "-c", script], env=account, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
