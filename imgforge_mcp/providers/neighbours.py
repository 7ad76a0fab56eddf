"""Image servers that run on this machine without being configured: which ports are looked at, and how each is used."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from imgforge_mcp.base.errors import ForgeError

if TYPE_CHECKING:
    from imgforge_mcp.net.transport import Transport

SECONDS = 2.0
CAP = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A server as its documentation has it: its usual port, a free question, words of the answer that only it gives,
    and the line that turns it on (`{url}` stands for its address)."""

    title: str
    port: int
    path: str
    words: tuple[bytes, ...]
    turned_on: str


def _server(name: str, prefix: str = "") -> str:
    return f'config.toml: servers = [{{ name = "{name}", base_url = "{{url}}{prefix}" }}]'


NEIGHBOURS = (
    Neighbour(
        title="AUTOMATIC1111, Forge, SD.Next or Draw Things",
        port=7860,
        path="/sdapi/v1/options",
        words=(b"{",),
        turned_on="set IMGFORGE_A1111_BASE_URL={url}",
    ),
    Neighbour(
        title="ComfyUI",
        port=8188,
        path="/system_stats",
        words=(b'"system"',),
        turned_on="set IMGFORGE_COMFYUI_BASE_URL={url}",
    ),
    Neighbour(
        title="InvokeAI",
        port=9090,
        path="/api/v1/app/version",
        words=(b'"version"',),
        turned_on="it has no interface for other programs; run ComfyUI beside it",
    ),
    Neighbour(title="Ollama", port=11434, path="/api/version", words=(b'"version"',), turned_on=_server("ollama")),
    Neighbour(
        title="Docker Model Runner",
        port=12434,
        path="/engines/v1/models",
        words=(b'"data"',),
        turned_on=_server("docker", "/engines/v1"),
    ),
    Neighbour(
        title="Lemonade",
        port=8000,
        path="/api/v1/models",
        words=(b'"data"',),
        turned_on=_server("lemonade", "/api/v1"),
    ),
)


class Neighbours:
    """Asks each usual port of this machine one free question, all at once."""

    def __init__(self, transport: "Callable[[], Transport]", known: Sequence[Neighbour] = NEIGHBOURS) -> None:
        self._transport = transport
        self._known = known

    async def found(self, configured: Iterable[str]) -> list[tuple[str, str]]:
        """Those that answer and are not among the `configured` base URLs: what each is, and the line that turns it
        on."""
        ports = {port for url in configured if (port := url.rpartition(":")[2].partition("/")[0]).isdigit()}
        answers: dict[int, tuple[str, str]] = {}

        async def ask(position: int, neighbour: Neighbour) -> None:
            url = f"http://127.0.0.1:{neighbour.port}"
            if str(neighbour.port) not in ports and await self._is_there(url, neighbour):
                place = f"{neighbour.title} runs on port {neighbour.port} of this machine and is not used."
                answers[position] = (place, neighbour.turned_on.format(url=url))

        async with anyio.create_task_group() as tasks:
            for position, neighbour in enumerate(self._known):
                tasks.start_soon(ask, position, neighbour)
        return [answers[position] for position in sorted(answers)]

    async def _is_there(self, url: str, neighbour: Neighbour) -> bool:
        from imgforge_mcp.net.exchange import Outgoing

        asked = Outgoing(method="GET", url=f"{url}{neighbour.path}", seconds=SECONDS, cap=CAP, is_own=True)
        try:
            answer = await self._transport().send(asked)
        except ForgeError:
            return False
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.status == 200 and is_json and all(word in answer.body for word in neighbour.words)
