"""Other image servers, where they are installed: `npm install --prefix tests/benchmarks/.peers mcp-image`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PLACE = Path(__file__).parent / ".peers" / "node_modules" / ".bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server of somebody else's on stdio, and what it will not start without."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str]


PEERS = (Peer(name="mcp-image", command=(str(PLACE / "mcp-image"),), variables={"GEMINI_API_KEY": "of-nobody"}),)


def installed() -> list[Peer]:
    return [peer for peer in PEERS if Path(peer.command[0]).exists()]
