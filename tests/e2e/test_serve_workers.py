"""`serve --workers 2`: two processes on one port, which nobody who asks can tell from one."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from prometheus_client.parser import text_string_to_metric_families as families

from tests import emulators
from tests.e2e._program import Server, fresh_account, run, serve
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, until
from tests.http._receiver import receiving
from tests.http._session import ACCEPT, GREETING, LISTING
from tests.http._visitor import REDIRECT, VERIFIER, challenge_of, fields_of, query_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found and held up by /proc and signals"),
]

FOX = {"prompt": "a red fox", "width": 256, "height": 256}


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose sockets have names short enough, however deep the tests' own folders lie."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def together() -> Iterator[Emulator]:
    emulator = emulators.load("together")
    with emulator.serve():
        yield emulator


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, together: Emulator) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("workers")
    near = {"IMGFORGE_PRIVATE_HOSTS": "127.0.0.1", "IMGFORGE_HOME": str(folder / "home")}
    return fresh_account(folder / "somebody", **near, **together.environment())


@pytest.fixture(scope="module")
def key(account: dict[str, str]) -> str:
    return new_key(account, "team")


@pytest.fixture(scope="module")
def server(account: dict[str, str], key: str) -> Iterator[Server]:
    with serve(account, "--oauth", "--workers", "2") as running:
        yield running


def new_key(account: dict[str, str], name: str, *limits: str) -> str:
    return str(json.loads(run(account, "keys", "create", name, *limits, "--json").stdout)["key"])


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def members(server: Server) -> dict[int, int]:
    """The processes on the port: the pid of each number."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            words = (process / "cmdline").read_text().split("\0")
        except (OSError, IndexError):
            continue
        if parent == server.process.pid and "--member" in words:
            found[json.loads(words[words.index("--member") + 1])["member"]["number"]] = int(process.name)
    return found


def is_held_up(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def holder_of(server: Server, reply: httpx.Response) -> int | None:
    """The number of the process that has the other end of the connection which brought a reply."""
    _, port = reply.extensions["network_stream"].get_extra_info("client_addr")
    served = int(server.base_url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = {tuple(int(end.rpartition(":")[2], 16) for end in row[1:3]): f"socket:[{row[9]}]" for row in rows}
    for number, pid in members(server).items():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if os.readlink(descriptor) == ends[served, port]:
                    return number
    return None


@contextmanager
def at(server: Server, number: int) -> Iterator[httpx.Client]:
    """A client with one connection, which that one of the processes has: they take them in turn."""
    limits = httpx.Limits(max_connections=1, keepalive_expiry=None)
    with ExitStack() as stack:
        clients = list[httpx.Client]()

        def is_found() -> bool:
            clients.append(stack.enter_context(httpx.Client(base_url=server.base_url, timeout=PATIENCE, limits=limits)))
            return holder_of(server, clients[-1].get("/health")) == number

        until(is_found, f"process {number} to have its turn")
        yield clients[-1]


def opened(http: httpx.Client, key: str) -> dict[str, str]:
    """The headers of a new session of Streamable HTTP."""
    reply = http.post("/mcp", json=GREETING, headers={**ACCEPT, **bearer(key)})
    assert reply.status_code == 200, reply.text
    return {**ACCEPT, **bearer(key), "Mcp-Session-Id": reply.headers["mcp-session-id"]}


# Connections ----------------------------------------------------------------------------------------------------------


def test_each_process_has_its_turn_however_many_come_at_once(server: Server) -> None:
    with at(server, 0), at(server, 1), ExitStack() as stack, ThreadPoolExecutor(20) as pool:
        clients = [stack.enter_context(httpx.Client(base_url=server.base_url, timeout=PATIENCE)) for _ in range(40)]
        replies = list(pool.map(lambda http: http.get("/health"), clients))
        held = Counter(holder_of(server, reply) for reply in replies)
    assert held.total() == 40
    assert min(held[0], held[1]) >= 10


def test_a_process_that_is_held_up_keeps_one_connection_waiting_and_no_more(server: Server) -> None:
    with at(server, 0), ThreadPoolExecutor(10) as pool:
        pid = members(server)[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: is_held_up(pid), "a process to be held up")
            asked = [pool.submit(httpx.get, f"{server.base_url}/health", timeout=PATIENCE) for _ in range(10)]
            until(lambda: sum(each.done() for each in asked) >= 9, "nine to be answered by the other")
        finally:
            os.kill(pid, signal.SIGCONT)
        assert [each.result().status_code for each in asked] == [200] * 10


def test_connections_wait_while_no_process_has_a_descriptor_left(server: Server) -> None:
    with at(server, 0), at(server, 1), ThreadPoolExecutor(4) as pool:
        limits = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in members(server).values()}
        before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        try:
            for pid, (_, most) in limits.items():
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, most))
            asked = [pool.submit(httpx.get, f"{server.base_url}/health", timeout=PATIENCE) for _ in range(4)]
            until(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) >= before + 2, "two to be waiting")
        finally:
            for pid, limit in limits.items():
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        assert [each.result().status_code for each in asked] == [200] * 4


# Sessions ------------------------------------------------------------------------------------------------------------


def test_a_session_is_answered_whichever_process_its_requests_reach(
    server: Server, account: dict[str, str], key: str
) -> None:
    with at(server, 0) as zero, at(server, 1) as one:
        session = opened(one, key)
        assert session["Mcp-Session-Id"].endswith("-1")
        listed = zero.post("/mcp", json=LISTING, headers=session)
        assert (listed.status_code, "generate_image" in listed.text) == (200, True)
        assert listed.headers["mcp-session-id"] == session["Mcp-Session-Id"]
        assert len(listed.headers.get_list("x-request-id")) == 1
        stranger = {**session, **bearer(new_key(account, "stranger"))}
        nobody = {name: value for name, value in session.items() if name != "Authorization"}
        refused = [zero.post("/mcp", json=LISTING, headers=headers).status_code for headers in (stranger, nobody)]
        assert refused == [404, 401]
        assert zero.delete("/mcp", headers=session).status_code == 200
        assert [http.post("/mcp", json=LISTING, headers=session).status_code for http in (zero, one)] == [404, 404]


def test_a_stream_is_told_what_its_client_sends_to_another_process(server: Server, key: str) -> None:
    with at(server, 0) as zero, at(server, 1) as one, one.stream("GET", "/sse", headers=bearer(key)) as stream:
        said = (line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: "))
        address = next(said)
        assert address.startswith("/messages/1/?session_id=")
        assert zero.post(address, json=GREETING, headers=bearer(key)).status_code == 202
        assert json.loads(next(said))["result"]["serverInfo"]["name"] == "imgforge-mcp"
        assert zero.post(address.replace("/1/", "/0/"), json=LISTING, headers=bearer(key)).status_code == 404
        assert zero.post(address.replace("/1/", "/7/"), json=LISTING, headers=bearer(key)).status_code == 404


def test_a_client_that_leaves_is_noticed_by_the_process_that_has_its_session(server: Server, key: str) -> None:
    with at(server, 1) as one:
        session = opened(one, key)

        def listening(http: httpx.Client) -> int:
            with http.stream("GET", "/mcp", headers=session) as stream:
                return stream.status_code

        with at(server, 0) as zero, zero.stream("GET", "/mcp", headers=session) as stream:
            assert stream.status_code == 200
            assert listening(one) == 409  # there is one already
        until(lambda: listening(one) == 200, "the stream to be free again")


def test_a_made_up_session_is_unknown(server: Server, key: str) -> None:
    with at(server, 0) as zero:
        for made_up in ("0" * 32 + "-1", "0" * 32 + "-0", "0" * 32 + "-99", "0" * 32, "x"):
            headers = {**ACCEPT, **bearer(key), "Mcp-Session-Id": made_up}
            assert zero.post("/mcp", json=LISTING, headers=headers).status_code == 404, made_up


async def test_clients_of_the_sdk_draw_over_both_transports_in_many_sessions(server: Server, key: str) -> None:
    drawn = list[str]()

    async def draw(place: int) -> None:
        async with (
            httpx2.AsyncClient(headers=bearer(key), timeout=PATIENCE) as http,
            Client(
                sse_client(f"{server.base_url}/sse", headers=bearer(key))
                if place < 6
                else streamable_http_client(f"{server.base_url}/mcp", http_client=http),
                mode="legacy",
            ) as client,
        ):
            result: Any = await client.call_tool("generate_image", {**FOX, "prompt": f"a fox, number {place}"})
            job = json.loads(result.content[0].text)
            found: Any = await client.call_tool("check_job", {"job_id": job["job_id"]})
            drawn.append(json.loads(found.content[0].text)["state"])

    async with anyio.create_task_group() as tasks:
        for place in range(12):
            tasks.start_soon(draw, place)
    assert drawn == ["completed"] * 12


def test_streams_of_a_caller_are_bounded_over_both(server: Server, account: dict[str, str]) -> None:
    headers = bearer(new_key(account, "streams"))
    unbounded = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=server.base_url, timeout=PATIENCE, limits=unbounded) as http, ExitStack() as stack:
        found = [stack.enter_context(http.stream("GET", "/sse", headers=headers)).status_code for _ in range(201)]
    assert Counter(found) == {200: 200, 429: 1}


# What is one for all -------------------------------------------------------------------------------------------------


def test_of_200_requests_on_a_key_with_60_a_minute_exactly_60_are_served(
    server: Server, account: dict[str, str]
) -> None:
    headers = bearer(new_key(account, "sixty", "--per-minute", "60"))

    each_anew = httpx.Limits(max_keepalive_connections=0)
    with (
        ThreadPoolExecutor(40) as pool,
        httpx.Client(base_url=server.base_url, headers=headers, timeout=PATIENCE, limits=each_anew) as http,
    ):
        asked = [{**FOX, "prompt": f"fox {number}"} for number in range(200)]
        replies = list(pool.map(lambda body: http.post("/v2/generate", json=body), asked))
    assert Counter(reply.status_code for reply in replies) == {202: 60, 429: 140}
    assert all(1 <= int(reply.headers["retry-after"]) <= 60 for reply in replies if reply.status_code == 429)


def test_the_figures_count_what_all_of_them_were_asked(server: Server, key: str) -> None:
    def asked(http: httpx.Client) -> float:
        reply = http.get("/metrics")
        assert reply.status_code == 200
        samples = [sample for family in families(reply.text) for sample in family.samples]
        [health] = [s.value for s in samples if s.name.endswith("requests_total") and s.labels["route"] == "/v2/health"]
        assert len({(s.name, *s.labels.items()) for s in samples}) == len(samples)
        return float(health)

    with at(server, 0) as zero, at(server, 1) as one:
        zero.get("/v2/health")
        one.get("/v2/health")
        before = asked(zero)
        for http in (zero, one, one):
            http.get("/v2/health")
        assert (asked(zero), asked(one)) == (before + 3, before + 3)


def test_a_client_logs_in_though_each_step_is_taken_by_another_process(server: Server, key: str) -> None:
    with at(server, 0) as zero, at(server, 1) as one:
        client = zero.post("/register", json={"redirect_uris": [REDIRECT], "client_name": "A chat"}).json()["client_id"]
        asked = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": REDIRECT,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        page = zero.get(one.get("/authorize", params=asked).headers["location"])
        form = {**fields_of(page), "key": key, "decision": "allow"}
        code = query_of(one.post("/page/consent", data=form, headers={"Origin": server.base_url}))["code"]
        said = {"client_id": client, "redirect_uri": REDIRECT}
        exchange = {**said, "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        tokens = zero.post("/token", data=exchange).json()
        assert one.get("/v2/models", headers=bearer(tokens["access_token"])).status_code == 200
        session = opened(one, tokens["access_token"])
        assert zero.post("/mcp", json=LISTING, headers=session).status_code == 200
        again = {**said, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert one.post("/token", data=again).status_code == 200
        assert zero.post("/token", data=again).status_code == 400  # each is used once
        assert one.post("/token", data=exchange).status_code == 400


def test_a_webhook_is_delivered_once(server: Server, key: str) -> None:
    with receiving() as receiver, at(server, 0) as zero, at(server, 1) as one:
        for place, http in enumerate((zero, one) * 5):
            asked = {**FOX, "prompt": f"a told fox {place}", "webhook_url": receiver.url}
            assert http.post("/v2/generate", json=asked, headers=bearer(key)).status_code == 202
        until(lambda: len(receiver.came) >= 10, "ten to be told")
        assert set(Counter(receiver.ids).values()) == {1}


def test_the_page_shows_what_another_process_draws(server: Server, key: str) -> None:
    cookie = {"Cookie": f"imgforge_key={key}"}
    with at(server, 0) as zero, at(server, 1) as one, one.stream("GET", "/page/events", headers=cookie) as stream:
        job = zero.post("/v2/generate", json={**FOX, "prompt": "a live fox"}, headers=bearer(key)).json()["job_id"]
        cards = (json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data: "))
        assert next(card for card in cards if card["job_id"] == job)


# Their lives ----------------------------------------------------------------------------------------------------------


def test_what_a_killed_process_had_is_unknown_and_the_port_answers(server: Server, key: str) -> None:
    with at(server, 1) as one:
        with at(server, 0) as zero:
            lost, kept = opened(zero, key), opened(one, key)
            before = members(server)
            os.kill(before[0], signal.SIGKILL)
        assert one.post("/mcp", json=LISTING, headers=lost).status_code == 404
        assert one.post("/mcp", json=LISTING, headers=kept).status_code == 200
        assert httpx.get(f"{server.base_url}/health", timeout=PATIENCE).status_code == 200
        until(lambda: members(server).get(0, before[0]) != before[0], "another process in its place")
        with at(server, 0) as zero:  # a client that is told 404 greets anew
            session = opened(zero, key)
            assert one.post("/mcp", json=LISTING, headers=session).status_code == 200
            assert zero.post("/mcp", json=LISTING, headers=lost).status_code == 404
    assert any("Process 1 of 2 ended (signal 9)" in line for line in server.log)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=lambda ending: ending.name)
def test_all_of_them_end_together_and_leave_nothing(
    ending: signal.Signals, account: dict[str, str], short_path: Path
) -> None:
    settings = {**account, "TMPDIR": str(short_path), "IMGFORGE_CLIENT_ADDRESS_HEADER": "X-Real-IP"}
    with serve(settings, "--anonymous", "--workers", "2") as server:
        with at(server, 0) as zero, at(server, 1) as one:
            visitor = {**ACCEPT, "X-Real-IP": "192.0.2.1"}
            session = one.post("/mcp", json=GREETING, headers=visitor).headers["mcp-session-id"]
            visitor |= {"Mcp-Session-Id": session}
            assert zero.post("/mcp", json=LISTING, headers=visitor).status_code == 200
            visitor |= {"X-Real-IP": "192.0.2.2"}  # which is heard, for the proxy's own address came with it
            assert zero.post("/mcp", json=LISTING, headers=visitor).status_code == 404
        [folder] = [path for path in short_path.iterdir() if path.name.startswith("imgforge-")]
        assert folder.stat().st_mode & 0o777 == 0o700
        pids = list(members(server).values())
        os.kill(server.process.pid, ending)
        try:
            assert server.process.wait(PATIENCE) == -ending
            until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "all of them to be gone")
            until(lambda: not folder.exists(), "their folder to be gone")
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_where_processes_cannot_share_a_port_it_says_what_to_do(account: dict[str, str]) -> None:
    program = (
        "import socket, sys; del socket.AF_UNIX\n"
        "from imgforge_mcp.__main__ import main\n"
        "sys.argv = ['imgforge-mcp', 'serve', '--workers', '2', '--port', '0']\n"
        "sys.exit(main())"
    )
    answer = subprocess.run([sys.executable, "-c", program], env=account, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr.startswith("imgforge-mcp: --workers needs sockets of Unix"), answer.stderr
    assert "leave it out" in answer.stderr
