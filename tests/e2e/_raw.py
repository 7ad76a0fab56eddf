"""HTTP by hand, for requests that no library would send."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse

ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response; of a stream without a length, only the head."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(port: int, head: bytes, body: bytes = b"") -> Answer:
    """Send the lines of a head as they are, with the line that ends the connection, and a body."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        # A request may be refused before all of it was read; the answer is there then.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head.rstrip(b"\r\n") + b"\r\nConnection: close\r\n\r\n" + body)
        with HTTPResponse(connection, method=head.split(b" ", 1)[0].decode()) as response:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            is_stream = headers.get("content-type", "").startswith("text/event-stream")
            return Answer(status=response.status, headers=headers, body=b"" if is_stream else response.read())


def request(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    body: bytes = b"",
    host: str | None = None,
) -> Answer:
    """An ordinary request, with the length of its body unless the headers say how long it is."""
    headers = dict(headers or {})
    if body and not headers.keys() & {"Content-Length", "Transfer-Encoding"}:
        headers["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return send(port, "\r\n".join(lines).encode("latin-1"), body)


def everything(port: int, sent: bytes) -> bytes:
    """Send these bytes; all that comes until the server closes the connection."""
    came = b""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                came += part
    return came
