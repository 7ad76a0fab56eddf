"""The socket that a server of ours listens on."""

import os
import socket

from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.http.guard import bracketed

BACKLOG = 512


def listen(host: str, port: int, setting: str = "--port") -> socket.socket:
    """A listening socket; port 0 is any free one.

    Raises:
        ConfigError: the port is taken, or may not be used.
    """
    listener = _socket(host)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "no such port"
        raise ConfigError(
            f"Cannot listen on {bracketed(host)}:{port} ({reason}); choose another {setting}.", setting=setting
        ) from None


def _socket(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where a socket names its protocol; without it answers wait 40 ms for an ACK.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
