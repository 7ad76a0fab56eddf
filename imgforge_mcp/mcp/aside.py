"""Two eras on one pipe: `server/discover` is answered aside, so that asking what there is decides nothing.

The SDK lets a connection's first request choose its era for good. A client that discovers and then, when the answer is
late, greets with `initialize` (Copilot CLI does) would be refused and have no tools for the whole session.
"""

from collections.abc import Mapping
from typing import Any

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage

DISCOVER = "server/discover"

Incoming = MemoryObjectSendStream[SessionMessage | Exception]


class Aside:
    """Hands each message to one of two connections of the same server: the client's own, or the one for discovering."""

    def __init__(self, to_server: Incoming) -> None:
        self._to_server = to_server
        self._to_side: Incoming
        self._side: MemoryObjectReceiveStream[SessionMessage | Exception]
        self._to_side, self._side = anyio.create_memory_object_stream(0)

    async def send(self, message: types.JSONRPCMessage) -> None:
        stream = self._to_side if _is_discovery(message) else self._to_server
        await stream.send(SessionMessage(message))

    async def serve_side(self, server: Server[Any], outgoing: MemoryObjectSendStream[SessionMessage]) -> None:
        """Answer what is asked aside, until `close`."""
        await server.run(self._side, outgoing, server.create_initialization_options())

    def close(self) -> None:
        self._to_side.close()
        self._to_server.close()


def _is_discovery(message: types.JSONRPCMessage) -> bool:
    """Whether a message asks what there is, in the era that has such a question."""
    if not isinstance(message, types.JSONRPCRequest) or message.method != DISCOVER:
        return False
    meta = (message.params or {}).get("_meta")
    return isinstance(meta, Mapping) and types.PROTOCOL_VERSION_META_KEY in meta
