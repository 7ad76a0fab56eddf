"""Somebody who is told by webhook: takes what comes on a loopback port, and answers as the test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.emulators._serve import serve


@dataclass(slots=True)
class Receiver:
    """What came, as (headers, body); `status` is what it answers, None: nothing, until the connection is given up."""

    url: str = ""
    status: int | None = 204
    headers: dict[str, str] = field(default_factory=dict)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    some: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status = self.status
        self.came.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        self.some.set()
        if status is None:
            await receive()  # until the connection is gone
            return
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body"})


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    with serve(receiver) as base:
        receiver.url = f"{base}/hook?token=of-the-receiver"
        yield receiver
