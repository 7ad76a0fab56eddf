"""Where a picture's URL leads: the base host under any of its names and ports, its key only there, nowhere else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from imgforge_mcp.base.config import ProviderSettings
from imgforge_mcp.providers.addresses import candidates, is_own, may_see_key
from tests.answers import pictures, told
from tests.conftest import OpenClient
from tests.emulators._emulator import route
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call
from tests.emulators.ideogram import Ideogram

pytestmark = pytest.mark.anyio


class Elsewhere(Ideogram):
    """Hands out URLs as `spell` writes them: from path and port of the true one."""

    name = "ideogram"

    def __init__(self) -> None:
        super().__init__()
        self.spell: Callable[[str, int], str] = lambda path, port: path

    def publish(self, call: Call, picture: Picture) -> str:
        true = urlsplit(super().publish(call, picture))
        return self.spell(true.path, true.port or 0)


class Locked(Elsewhere):
    """Whose pictures are given to its own customers only."""

    @route("GET", "/_files/{identifier}", phase="download", keyed=True)
    def download(self, call: Call, identifier: str) -> Answer:
        return Answer(200, self._files[identifier].data)


class Leading(Elsewhere):
    """Whose pictures are somewhere else: it answers with a redirect to `aim`."""

    aim = ""

    @route("GET", "/_files/{identifier}", phase="download", keyed=False)
    def download(self, call: Call, identifier: str) -> Answer:
        return Answer(302, b"", headers={"location": self.aim})


@pytest.fixture
def served() -> Iterator[Callable[[Elsewhere], Elsewhere]]:
    with ExitStack() as stack:

        def serve(emulator: Elsewhere) -> Elsewhere:
            stack.enter_context(emulator.serve())
            stack.callback(emulator.clear)
            return emulator

        yield serve


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda path, port: path, id="a path only"),
        pytest.param(lambda path, port: f"//127.0.0.1:{port}{path}", id="without a scheme"),
        pytest.param(lambda path, port: f"http://localhost:{port}{path}", id="localhost"),
        pytest.param(lambda path, port: f"http://0.0.0.0:{port}{path}", id="0.0.0.0"),
        pytest.param(lambda path, port: f"http://127.0.1.1:{port}{path}", id="another loopback address"),
        pytest.param(lambda path, port: f"http://[::1]:{port}{path}", id="IPv6 loopback"),
        pytest.param(lambda path, port: f"http://host.docker.internal:{port}{path}", id="a container's word for it"),
        pytest.param(lambda path, port: f"http://localhost:9{path}", id="a port that only it can reach"),
        pytest.param(lambda path, port: f"http://localhost{path}", id="no port"),
        pytest.param(lambda path, port: f"127.0.0.1:{port}{path}", id="host and port alone"),
        pytest.param(lambda path, port: f"http://localhost.:{port}{path}", id="a dot at the end"),
        pytest.param(lambda path, port: f".{path}", id="a path from where one is"),
        pytest.param(lambda path, port: f"http://172.17.0.2:{port}{path}", id="a container's address"),
        pytest.param(lambda path, port: f"http://localai:{port}{path}", id="a container's name"),
        pytest.param(lambda path, port: f"http://box.local:{port}{path}", id="its name in this network"),
        pytest.param(lambda path, port: f"http://[fd00::2]:{port}{path}", id="its private address"),
    ],
)
@pytest.mark.parametrize("kind", [Elsewhere, Locked])
async def test_a_picture_on_the_base_host_arrives_under_each_of_its_names(
    kind: type[Elsewhere],
    spell: Callable[[str, int], str],
    served: Callable[[Elsewhere], Elsewhere],
    client_on: OpenClient,
) -> None:
    emulator = served(kind())
    emulator.spell = spell
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {"prompt": "a red fox"}))
    assert job["state"] == "completed", job
    assert len(pictures(job)) == len(emulator.submits) == 1
    assert emulator.surprises == []


async def test_a_picture_on_another_port_of_the_base_host_arrives_and_the_key_stays_away(
    served: Callable[[Elsewhere], Elsewhere], client_on: OpenClient
) -> None:
    emulator, files = served(Elsewhere()), served(Elsewhere())
    files._files = emulator._files
    other = urlsplit(files.base_url).port
    emulator.spell = lambda path, port: f"http://127.0.0.1:{other}{path}"
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {"prompt": "a red fox"}))
        named = {"prompt": "make it blue", "image": f"http://127.0.0.1:{other}/secret"}
        refused = told(await client.call_tool("edit_image", named))
    assert len(pictures(job)) == 1
    assert [call.path.startswith("/_files/") for call in files.calls] == [True]
    assert emulator.key not in str(files.calls)
    assert refused["code"] == "invalid_request", "what a provider may name, a caller may not"


async def test_a_picture_of_the_base_host_that_leads_elsewhere_on_the_machine_is_not_followed(
    served: Callable[[Elsewhere], Elsewhere], client_on: OpenClient
) -> None:
    emulator, files = Leading(), served(Elsewhere())
    served(emulator)
    emulator.aim = f"{files.base_url}/secret"
    emulator.spell = lambda path, port: f"http://127.0.0.1:{port}{path}"
    async with client_on(emulator) as client:
        job = told(await client.call_tool("generate_image", {"prompt": "a red fox", "provider": "ideogram"}))
    assert job["code"] == "provider_error"
    assert files.calls == []


OVERRIDDEN = ProviderSettings(name="x", base_url="https://gateway.example/prefix", is_override=True, key="k")
NEAR = ProviderSettings(name="x", base_url="http://192.168.1.2:8080", is_override=True, key="k")
OWN = ProviderSettings(name="x", base_url="https://api.example", is_override=False, key="k")


@pytest.mark.parametrize(
    ("url", "settings", "found"),
    [
        ("/a.png", OVERRIDDEN, ("https://gateway.example/a.png", "https://gateway.example/prefix/a.png")),
        ("a.png?x=1", OVERRIDDEN, ("https://gateway.example/a.png?x=1", "https://gateway.example/prefix/a.png?x=1")),
        ("http://localhost:80/a", OVERRIDDEN, ("http://gateway.example:80/a", "https://gateway.example/a")),
        ("https://cdn.example/a", OVERRIDDEN, ("https://cdn.example/a",)),
        ("http://localhost/a", OWN, ("http://localhost/a",)),
        ("http://10.0.0.9:1/a", OWN, ("http://10.0.0.9:1/a",)),
        ("http://nas:1/a", NEAR, ("http://192.168.1.2:1/a", "http://192.168.1.2:8080/a", "http://nas:1/a")),
        ("https://cdn.example/a", NEAR, ("https://cdn.example/a",)),
        ("http://user@localhost/a", OVERRIDDEN, ("http://user@localhost/a",)),
        ("http://[::1/a", OVERRIDDEN, ("http://[::1/a",)),
        ("//cdn.example/a", OWN, ("https://cdn.example/a",)),
        *[
            (f"https://{host}/a", OVERRIDDEN, ("https://gateway.example/a",))
            for host in (
                *(
                    "127.1",
                    "0",
                    "2130706433",
                    "0x7f000001",
                    "[::ffff:127.0.0.1]",
                    "[::1]",
                    "[::]",
                    "LOCALHOST",
                    "localhost.",
                ),
                *("ip6-localhost", "localhost.localdomain", "host.containers.internal", "gateway.docker.internal"),
            )
        ],
        *[
            (f"https://{host}/a", OVERRIDDEN, (f"https://{host}/a",))
            for host in ("10.1", "8.8.8.8", "1", "ip6", "[fe80::1]")
        ],
    ],
)
def test_an_address_is_read_as_the_server_means_it(url: str, settings: Any, found: tuple[str, ...]) -> None:
    assert candidates(url, settings) == found


@pytest.mark.parametrize(
    ("url", "sees", "own"),
    [
        ("https://gateway.example/a", True, True),
        ("https://gateway.example:8443/a", False, True),
        ("http://gateway.example/a", False, True),
        ("https://gateway.example.evil/a", False, False),
        ("https://evil.example/?gateway.example", False, False),
        ("https://gateway.example@evil.example/", False, False),
        ("http://[::1/a", False, False),
    ],
)
def test_the_key_goes_to_the_base_urls_own_door_alone(url: str, sees: bool, own: bool) -> None:
    assert (may_see_key(url, OVERRIDDEN), is_own(url, OVERRIDDEN)) == (sees, own)
