"""The HTTP door through real sockets: who may come in, how images are served, how it ends, what it never tells."""

import hashlib
import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.shared.exceptions import MCPError

from imgforge_mcp.http.rest.face import MAX_BODY
from tests import emulators
from tests.e2e import _program, _raw
from tests.e2e._program import Server, fresh_account, serve
from tests.faults._processes import PATIENCE
from tests.http._session import ACCEPT, GREETING

pytestmark = [pytest.mark.long, pytest.mark.anyio]

UNKNOWN = "0" * 64
DOORS = (
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("DELETE", "/mcp"),
    ("OPTIONS", "/mcp"),
    ("GET", "/sse"),
    ("POST", "/messages/?session_id=x"),
    ("GET", f"/v2/assets/{UNKNOWN}"),
    ("OPTIONS", f"/v2/assets/{UNKNOWN}"),
    ("GET", "/health"),
)
MESSAGE = ACCEPT | {"Content-Type": "application/json"}
INITIALIZE = json.dumps(GREETING).encode()


@pytest.fixture(scope="module")
def drawn(server: Server) -> dict[str, Any]:
    """The Job of a picture that was drawn over HTTP."""

    async def draw() -> dict[str, Any]:
        async with Client(f"{server.base_url}/mcp") as client:
            job = _json(await client.call_tool("generate_image", {"prompt": "a lake", "width": 256, "height": 256}))
            return _json(await client.call_tool("check_job", {"job_id": job["job_id"], "detail": True}))

    return anyio.run(draw)


@pytest.fixture(scope="module")
def path(drawn: dict[str, Any]) -> str:
    return f"/v2/assets/{drawn['assets'][0]['asset_id']}"


# Host and Origin ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("evil.com", id="another host"),
        pytest.param("localhost.evil.com", id="our name as a prefix"),
        pytest.param("localhost:80.evil.com", id="our name and a port as a prefix"),
        pytest.param("127.0.0.1.evil.com:80", id="our address as a prefix"),
        pytest.param("evil-localhost", id="our name as a suffix"),
        pytest.param("x.localhost", id="a sub-domain"),
        pytest.param("user@localhost", id="userinfo"),
        pytest.param("localhost,evil.com", id="a list"),
        pytest.param("localhost evil.com", id="two words"),
        pytest.param("localhost:", id="an empty port"),
        pytest.param("localhost:8o", id="a port of letters"),
        pytest.param("localhost:99999", id="a port too high"),
        pytest.param("localhost:+80", id="a signed port"),
        pytest.param("localhost..", id="two dots"),
        pytest.param("", id="empty"),
        pytest.param("127.1", id="a short address"),
        pytest.param("2130706433", id="a decimal address"),
        pytest.param("0x7f.0.0.1", id="a hexadecimal address"),
        pytest.param("0.0.0.0", id="any address"),
        pytest.param("127.0.0.2", id="another loopback address"),
        pytest.param("[::ffff:127.0.0.1]", id="a mapped address"),
        pytest.param("[::1%25lo]", id="an IPv6 zone"),
        pytest.param("[::1", id="an open bracket"),
        pytest.param("::1", id="IPv6 without brackets"),
        pytest.param("http://localhost", id="a URL"),
    ],
)
def test_a_foreign_host_gets_in_nowhere(host: str, server: Server) -> None:
    for method, target in DOORS:
        answer = _raw.send(server.port, f"{method} {target} HTTP/1.1\r\nHost: {host}".encode())
        assert answer.status in (400, 421), (method, target)
        if method != "HEAD":
            said = {400: "invalid_request", 421: "misdirected"}[answer.status].encode()
            assert b'"code":"' + said in answer.body, (method, target)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("GET /health HTTP/1.1", id="none"),
        pytest.param("GET /health HTTP/1.0", id="none in HTTP 1.0"),
        pytest.param("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.com", id="two"),
        pytest.param("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost", id="the same twice"),
        pytest.param("GET /health HTTP/1.0\r\nHost: localhost\r\nHost: localhost", id="twice in HTTP 1.0"),
        pytest.param("GET http://evil.com/health HTTP/1.1\r\nHost: evil.com", id="absolute form"),
    ],
)
def test_there_must_be_one_host(head: str, server: Server) -> None:
    assert _raw.send(server.port, head.encode()).status in (400, 421)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:{}", "localhost:{}", "LOCALHOST", "localhost.", "[::1]:{}"])
def test_our_own_names_get_in(host: str, server: Server) -> None:
    assert _raw.request(server.port, "GET", "/health", host=host.format(server.port)).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("http://evil.com", id="another"),
        pytest.param("null", id="null"),
        pytest.param("", id="empty"),
        pytest.param("http://localhost.evil.com", id="our name as a prefix"),
        pytest.param("http://localhost:80.evil.com", id="our name and a port as a prefix"),
        pytest.param("http://x.localhost", id="a sub-domain"),
        pytest.param("http://localhost@evil.com", id="our name as userinfo"),
        pytest.param("http://evil.com#localhost", id="our name as a fragment"),
        pytest.param("http://localhost/path", id="with a path"),
        pytest.param("ftp://localhost", id="another scheme"),
        pytest.param("file://", id="a file"),
        pytest.param("chrome-extension://localhost", id="an extension"),
        pytest.param("localhost", id="no scheme"),
        pytest.param("http://localhost\r\nOrigin: http://localhost", id="two"),
    ],
)
def test_a_foreign_origin_gets_in_nowhere(origin: str, server: Server, path: str) -> None:
    for method, target in (*DOORS, ("GET", path)):
        answer = _raw.request(server.port, method, target, {"Origin": origin})
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "forbidden"), (method, target)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{}", "http://localhost:{}", "http://[::1]:{}"])
def test_a_page_of_ours_gets_in(origin: str, server: Server) -> None:
    answer = _raw.request(server.port, "GET", "/health", {"Origin": origin.format(server.port)})
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None]
)
def test_a_form_of_a_foreign_page_is_no_message(kind: str | None, server: Server) -> None:
    headers = ACCEPT | ({} if kind is None else {"Content-Type": kind})
    assert _raw.request(server.port, "POST", "/mcp", headers, body=INITIALIZE).status in (400, 415)


@pytest.mark.parametrize("target", ["/mcp", "/mcp/"])
def test_mcp_is_answered_with_and_without_a_slash(target: str, server: Server) -> None:
    answer = _raw.request(server.port, "POST", target, MESSAGE, body=INITIALIZE)
    assert answer.status == 200
    assert answer.headers["mcp-session-id"]


@pytest.mark.parametrize(("method", "target"), [("PUT", "/mcp"), ("HEAD", "/mcp"), ("POST", "/sse"), ("PUT", "/sse")])
def test_other_methods_are_refused(method: str, target: str, server: Server) -> None:
    assert _raw.request(server.port, method, target).status == 405


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "127.0.0.1.evil.com", ""])
def test_it_refuses_to_listen_beyond_this_machine(host: str, account: dict[str, str]) -> None:
    answer = _program.run(account, "serve", "--host", host, "--port", "0")
    assert answer.returncode == 2
    assert f"Refusing to listen on {host}" in answer.stderr
    assert "keys create" in answer.stderr


async def test_behind_a_proxy_it_answers_to_its_public_name_too(account: dict[str, str]) -> None:
    with serve(account, "--public-url", "https://pictures.example.com/forge/") as server:
        for name in ("pictures.example.com", "pictures.example.com:443", "localhost"):
            assert _raw.request(server.port, "GET", "/health", host=name).status == 200
        for name in ("other.example.com", "pictures.example.com.evil.com", "localhost:80.evil.com", "a/b"):
            assert _raw.request(server.port, "GET", "/health", host=name).status in (400, 421)
        for origin, status in (("https://pictures.example.com", 200), ("https://example.com", 403)):
            assert _raw.request(server.port, "GET", "/health", {"Origin": origin}).status == status
        async with Client(f"{server.base_url}/mcp") as client:
            job = _json(await client.call_tool("generate_image", {"prompt": "a lake", "width": 256, "height": 256}))
    assert job["assets"][0]["url"].startswith("https://pictures.example.com/forge/v2/assets/")


@pytest.mark.parametrize("url", ["pictures.example.com", "https://", "https://[x/"])
def test_a_public_url_that_is_none_is_wrong_usage(url: str, account: dict[str, str]) -> None:
    answer = _program.run(account, "serve", "--public-url", url, "--port", "0")
    assert answer.returncode == 2
    assert "--public-url" in answer.stderr


def test_a_taken_port_is_said_so(server: Server, account: dict[str, str]) -> None:
    answer = _program.run(account, "serve", "--port", str(server.port))
    assert answer.returncode == 2
    assert "choose another --port" in answer.stderr


# Images ------------------------------------------------------------------------------------------------------------


def test_an_image_is_served_whole_and_harmless(server: Server, drawn: dict[str, Any], path: str) -> None:
    answer = _raw.request(server.port, "GET", path)
    [asset] = drawn["assets"]
    assert answer.status == 200
    assert hashlib.sha256(answer.body).hexdigest() == asset["asset_id"]
    assert answer.headers["content-type"] == asset["mime_type"] == "image/png"
    assert answer.headers["content-length"] == str(asset["bytes"])
    assert answer.headers["cache-control"] == "public, max-age=3600, immutable"
    assert answer.headers["etag"] == f'"{asset["asset_id"]}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"] == f'inline; filename="{asset["asset_id"][:16]}.png"'


def test_head_is_get_without_the_bytes(server: Server, path: str) -> None:
    get, head = (_raw.request(server.port, method, path) for method in ("GET", "HEAD"))
    own = ("date", "x-request-id")
    shown = [{k: v for k, v in answer.headers.items() if k not in own} for answer in (get, head)]
    assert shown[0] == shown[1]
    assert (head.status, head.body) == (200, b"")
    assert _raw.request(server.port, "HEAD", path, {"Range": "bytes=0-9"}).status == 200


@pytest.mark.parametrize(
    ("known", "status"),
    [
        pytest.param('"{}"', 304, id="the same"),
        pytest.param('W/"{}"', 304, id="weak"),
        pytest.param('"other", "{}"', 304, id="in a list"),
        pytest.param("*", 304, id="any"),
        pytest.param('"other"', 200, id="another"),
        pytest.param("{}", 200, id="without quotes"),
    ],
)
def test_a_known_image_is_not_sent_again(known: str, status: int, server: Server, path: str) -> None:
    answer = _raw.request(server.port, "GET", path, {"If-None-Match": known.format(path.rpartition("/")[2])})
    assert answer.status == status
    assert bool(answer.body) == (status == 200)
    assert answer.headers["etag"]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        pytest.param("bytes=0-9", slice(0, 10), id="the start"),
        pytest.param("bytes=10-", slice(10, None), id="the rest"),
        pytest.param("bytes=-5", slice(-5, None), id="the end"),
        pytest.param("bytes=0-999999999", slice(None), id="clipped"),
        pytest.param("bytes=-999999999", slice(None), id="an end longer than the image"),
    ],
)
def test_a_range_is_a_part(wanted: str, part: slice, server: Server, path: str) -> None:
    whole = _raw.request(server.port, "GET", path).body
    answer = _raw.request(server.port, "GET", path, {"Range": wanted})
    assert (answer.status, answer.body) == (206, whole[part])
    first, last, size = (int(n) for n in re.findall(r"\d+", answer.headers["content-range"]))
    assert whole[first : last + 1] == answer.body
    assert size == len(whole)


@pytest.mark.parametrize("wanted", ["bytes=999999999-", "bytes=-0", "bytes=-", "bytes=5-2"])
def test_a_range_that_is_not_there_is_416(wanted: str, server: Server, path: str) -> None:
    answer = _raw.request(server.port, "GET", path, {"Range": wanted})
    assert (answer.status, answer.body) == (416, b"")
    assert re.fullmatch(r"bytes \*/\d+", answer.headers["content-range"])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Range": "bytes=0-1,3-4"}, id="several parts"),
        pytest.param({"Range": "bytes=" + ",".join(["0-"] * 5000)}, id="five thousand overlapping parts"),
        pytest.param({"Range": "items=0-1"}, id="another unit"),
        pytest.param({"Range": "bytes=a-b"}, id="no numbers"),
        pytest.param({"Range": "bytes=0-9", "If-Range": '"other"'}, id="of another version"),
    ],
)
def test_a_range_that_is_not_served_is_the_whole(headers: dict[str, str], server: Server, path: str) -> None:
    answer = _raw.request(server.port, "GET", path, headers)
    assert answer.status == 200
    assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(UNKNOWN, id="unknown"),
        pytest.param("A" * 64, id="upper case"),
        pytest.param("a" * 63, id="short"),
        pytest.param("a" * 10_000, id="long"),
        pytest.param("..%2f..%2f..%2fetc%2fpasswd", id="dots"),
        pytest.param("../../../etc/passwd", id="plain dots"),
        pytest.param("%00", id="a null byte"),
        pytest.param("%ff%fe", id="no UTF-8"),
        pytest.param("x.svg", id="a file name"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_name_that_is_no_image_is_not_found(name: str, server: Server) -> None:
    answer = _raw.request(server.port, "GET", f"/v2/assets/{name}")
    assert answer.status == 404
    assert "html" not in answer.headers["content-type"]
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_images_are_only_read(method: str, server: Server, path: str) -> None:
    assert _raw.request(server.port, method, path).status == 405
    assert _raw.request(server.port, "GET", path).status == 200


# Messages ----------------------------------------------------------------------------------------------------------


def test_health_says_what_works_and_no_path(server: Server, account: dict[str, str]) -> None:
    for path in ("/health", "/health/ready"):
        answer = _raw.request(server.port, "GET", path)
        assert answer.status == 200
        assert json.loads(answer.body)["status"] == "healthy"
        assert account["HOME"] not in answer.body.decode()


@pytest.mark.parametrize("is_chunked", [pytest.param(False, id="announced"), pytest.param(True, id="chunked")])
@pytest.mark.parametrize("door", ["/mcp", "/messages/"])
def test_a_body_above_the_limit_is_refused(door: str, is_chunked: bool, server: Server) -> None:
    length = {"Transfer-Encoding": "chunked"} if is_chunked else {"Content-Length": str(MAX_BODY + 1)}
    body = b"%x\r\n%s" % (MAX_BODY + 1, b" " * (MAX_BODY + 1)) if is_chunked else b""
    with _sse_session(server) as messages:
        target = messages if door == "/messages/" else door
        answer = _raw.request(server.port, "POST", target, MESSAGE | length, body=body)
    assert answer.status == 413
    assert _raw.request(server.port, "GET", "/health").status == 200


@contextmanager
def _sse_session(server: Server) -> Iterator[str]:
    """An open SSE stream; yields where its messages go."""
    with urllib.request.urlopen(f"{server.base_url}/sse", timeout=30) as stream:
        lines = (line.decode().strip() for line in stream)
        yield next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))


@pytest.mark.parametrize(
    "query", ["", "?session_id=", "?session_id=x", f"?session_id={UNKNOWN[:32]}", "?session_id=%00"]
)
def test_a_message_without_its_stream_is_refused(query: str, server: Server) -> None:
    answer = _raw.request(server.port, "POST", f"/messages/{query}", MESSAGE, body=INITIALIZE)
    assert answer.status in (400, 404)


def test_a_made_up_session_of_streamable_http_is_refused(server: Server) -> None:
    headers = MESSAGE | {"MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": "made-up"}
    body = b'{"jsonrpc": "2.0", "id": 2, "method": "tools/list"}'
    assert _raw.request(server.port, "POST", "/mcp", headers, body=body).status == 404


async def test_both_transports_serve_at_the_same_time_and_see_each_others_jobs(server: Server) -> None:
    jobs: dict[str, dict[str, Any]] = {}

    async def draw(name: str, client: Client) -> None:
        jobs[name] = _json(await client.call_tool("generate_image", {"prompt": name, "width": 256, "height": 256}))

    async with (
        Client(f"{server.base_url}/mcp") as http,
        Client(sse_client(f"{server.base_url}/sse"), mode="legacy") as sse,
    ):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(draw, "a lake", http)
            tasks.start_soon(draw, "a forest", sse)
        for client, other in ((http, "a forest"), (sse, "a lake")):
            found = _json(await client.call_tool("check_job", {"job_id": jobs[other]["job_id"]}))
            assert (found["original_prompt"], found["assets"]) == (other, jobs[other]["assets"])


# What it never tells, and what it never takes ------------------------------------------------------------------------


async def test_results_over_http_carry_urls_and_no_path(server: Server, account: dict[str, str]) -> None:
    async with Client(f"{server.base_url}/mcp") as client:
        drawn = await client.call_tool("generate_image", {"prompt": "a lake", "width": 256, "height": 256})
        job = _json(drawn)
        answers = [
            drawn,
            await client.call_tool("check_job", {"job_id": job["job_id"]}),
            await client.call_tool("check_job", {}),
            await client.call_tool("list_models", {"available_only": False}),
            await client.call_tool("generate_image", {"prompt": "a lake", "save_to": "lake.png"}),
            await client.read_resource(f"imgforge://jobs/{job['job_id']}"),
            await client.read_resource("imgforge://models"),
        ]
    for answer in answers:
        text = answer.model_dump_json(by_alias=True)
        assert account["HOME"] not in text
        assert "/home/" not in text
    [asset] = job["assets"]
    assert asset["url"].startswith(f"{server.base_url}/v2/assets/{asset['asset_id']}")
    assert "path" not in asset
    assert asset["url"] in job["message"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("/etc/passwd", id="a file that is there"),
        pytest.param("/etc/no-such-file", id="a file that is not there"),
        pytest.param("file:///etc/passwd", id="a file URL"),
        pytest.param("~/picture.png", id="at home"),
        pytest.param("../picture.png", id="relative"),
        pytest.param("C:\\picture.png", id="a drive"),
        pytest.param("\\\\server\\share\\picture.png", id="a network share"),
        pytest.param("STORED", id="an image of the store, by its path"),
    ],
)
async def test_local_files_are_refused_as_input_over_http(name: str, server: Server, account: dict[str, str]) -> None:
    if name == "STORED":
        name = json.loads(_program.run(account, "assets", "list", "--json").stdout)[0]["path"]
    async with Client(f"{server.base_url}/mcp") as client:
        refused = await client.call_tool("generate_image", {"prompt": "a lake", "input_images": [name]})
        saved = await client.call_tool("generate_image", {"prompt": "a lake", "save_to": name})
    for answer, field in ((refused, "input_images"), (saved, "save_to")):
        error = _json(answer)
        assert answer.is_error
        assert (error["code"], error["details"]["field"]) == ("invalid_request", field)


async def test_a_refusal_does_not_tell_whether_the_file_is_there(server: Server) -> None:
    async with Client(f"{server.base_url}/mcp") as client:
        errors = [
            _json(await client.call_tool("generate_image", {"prompt": "a lake", "input_images": [name]}))["error"]
            for name in ("/etc/passwd", "/etc/no-such-file")
        ]
    assert errors[0] == errors[1]


# The end -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
@pytest.mark.parametrize(("transport", "mode"), [("sse", "legacy"), ("http", "legacy"), ("http", "auto")])
async def test_sigterm_ends_it_while_a_provider_does_not_answer(transport: str, mode: str, tmp_path: Path) -> None:
    together = emulators.load("together")
    together.fault("hang")
    with together.serve():
        environment = fresh_account(tmp_path / "account", **together.environment())
        with serve(environment) as server:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_call_that_breaks, transport, mode, server)
                assert await anyio.to_thread.run_sync(together.wait_for_submits)
                server.process.terminate()
                await anyio.to_thread.run_sync(server.process.wait, PATIENCE)
        together.clear()
        [job] = json.loads(_program.run(environment, "jobs", "--json").stdout)
        end = _program.run(environment, "jobs", job["job_id"], "--wait", "60", "--json")
    assert json.loads(end.stdout)["code"] == "interrupted"
    assert len(together.submits) == 1


async def _call_that_breaks(transport: str, mode: str, server: Server) -> None:
    url = f"{server.base_url}/{'sse' if transport == 'sse' else 'mcp'}"
    with suppress(MCPError, ExceptionGroup):
        async with Client(sse_client(url) if transport == "sse" else url, mode=mode) as client:
            await client.call_tool("generate_image", {"prompt": "a lake"})


def _json(result: Any) -> dict[str, Any]:
    """The object that a tool result carries as text."""
    value: dict[str, Any] = json.loads(result.content[0].text)
    return value


HOST = b"Host: 127.0.0.1\r\n"
JSON = b"Content-Type: application/json\r\n"
EMPTY = b'{"prompt":""}'
NEXT = b"GET /v2/health HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(
            JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="two kinds of length"
        ),
        pytest.param(JSON + b"Content-Length: 13\r\nContent-Length: 5\r\n\r\n" + EMPTY, id="two lengths"),
        pytest.param(JSON + b"Content-Length: -1\r\n\r\n" + EMPTY, id="a length below nothing"),
        pytest.param(JSON + b"Transfer-Encoding: xchunked\r\n\r\n" + EMPTY, id="another coding"),
        pytest.param(JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + EMPTY + b"\r\n0\r\n\r\n", id="no chunk"),
        pytest.param(b"X-A: b\r\n c\r\n\r\n", id="a folded header"),
        pytest.param(b"X-A : b\r\n\r\n", id="a name with a space"),
        pytest.param(b"X-A: a\x00b\r\n\r\n", id="a NUL"),
        pytest.param(b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n", id="a thousand headers"),
        pytest.param(b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n", id="a header of a megabyte"),
    ],
)
def test_what_a_proxy_could_read_otherwise_is_refused_and_nothing_after_it_is_read(sent: bytes, server: Server) -> None:
    said = _raw.everything(server.port, b"POST /v2/generate HTTP/1.1\r\n" + HOST + sent + NEXT)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), head
    assert b"connection: close" in head.lower()
    answer = json.loads(body)  # one answer, and nothing behind it
    assert (answer["status"] in (400, 431), answer["request_id"][:4]) == (True, "req_")
    assert answer["code"] in ("invalid_request", "too_large")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"GET http://127.0.0.1/v2/health HTTP/1.1", id="absolute"),
        pytest.param(b"GET http://evil.example/v2/health HTTP/1.1", id="absolute, another host than the header's"),
        pytest.param(b"POST HTTP://127.0.0.1/v2/generate HTTP/1.1", id="absolute, in capitals"),
        pytest.param(b"CONNECT 127.0.0.1:80 HTTP/1.1", id="a host and a port"),
        pytest.param(b"GET v2/health HTTP/1.1", id="no slash"),
        pytest.param(b"GET %2Fv2/health HTTP/1.1", id="a slash that is none yet"),
        pytest.param(b"GET * HTTP/1.1", id="a star that is not for OPTIONS"),
        pytest.param(b"GET ?x HTTP/1.1", id="a query alone"),
    ],
)
def test_an_address_that_is_no_path_is_refused_and_nothing_after_it_is_read(line: bytes, server: Server) -> None:
    said = _raw.everything(server.port, line + b"\r\n" + HOST + b"\r\n" + NEXT)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), head
    assert b"connection: close" in head.lower()
    assert json.loads(body)["code"] == "invalid_request"  # one answer, and nothing behind it
