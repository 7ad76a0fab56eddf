"""Recorded replies of every provider and known gateway (`recorded/`: a file each, with its sources), and a server that
plays them.

A file says for pictures, refusals, used-up quotas, wrong keys and wrong addresses what is answered: one reply to every
POST, or one each by the start of "METHOD /path". In a reply `$BASE` stands for the player's own address, `$LOCALHOST`
for the same under another name, `$PNG` for a picture in base64, `$BARE` for the same without padding.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulators._picture import draw
from tests.emulators._serve import serve

FOLDER = Path(__file__).parent / "recorded"
PNG = draw("recorded", 64, 48).data
KEY = "recorded-key-4242"
FILES = ("/files/", "/generated-images/")
NOTHING = {"status": 404, "text": ""}

Said = Mapping[str, Any]
"""An answer: `status`, and `json`, `text` or the `picture` itself; `kind` is its content type; one that `needs_key` is
401 without it."""
Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A service's replies, by kind and name. What its documents do not know is left out, with the reason in `missing`;
    `base_path` is that of the base URL as a gateway's users write it."""

    name: str
    source: str
    missing: str = ""
    base_path: str | None = None
    pictures: Mapping[str, Said]
    refusals: Mapping[str, Said]
    quotas: Mapping[str, Said]
    keys: Mapping[str, Said]
    addresses: Mapping[str, Said]

    @property
    def is_gateway(self) -> bool:
        return self.base_path is not None


def recordings() -> tuple[Recording, ...]:
    """All of them."""
    kinds: dict[str, Any] = {"pictures": {}, "refusals": {}, "quotas": {}, "keys": {}, "addresses": {}}
    files = sorted(FOLDER.glob("*.json"))
    return tuple(Recording(name=file.stem, **{**kinds, **json.loads(file.read_text("utf-8"))}) for file in files)


class Player:
    """Answers as one recording says; `paid` counts the calls that asked for a picture."""

    def __init__(self, reply: Said) -> None:
        self._reply = reply
        self.paid = 0
        self.base_url = ""

    @contextmanager
    def serve(self) -> Iterator[str]:
        with serve(self, 0) as self.base_url:
            yield self.base_url

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        while (await receive()).get("more_body"):
            pass
        has_key = any(KEY.encode() in value for _, value in scope["headers"])
        said = self._said(scope["method"], scope["path"])
        if said.get("needs_key") and not has_key:
            said = {"status": 401, "json": {"detail": "Not authenticated"}}
        body = PNG if said.get("picture") else self._filled(said).encode()
        headers = {"content-type": said.get("kind", "application/json"), "content-length": str(len(body))}
        pairs = [(name.encode(), value.encode()) for name, value in {**headers, **said.get("headers", {})}.items()]
        await send({"type": "http.response.start", "status": said.get("status", 200), "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    def _said(self, method: str, path: str) -> Said:
        self.paid += method == "POST"
        if method == "GET" and path.startswith(FILES):
            return {"picture": True, "kind": "image/png"}
        by_path = [(start, said) for start, said in self._reply.items() if " /" in start]
        if not by_path:
            return self._reply
        return next((said for start, said in by_path if f"{method} {path}".startswith(start)), NOTHING)

    def _filled(self, said: Said) -> str:
        text = str(said["text"]) if "text" in said else json.dumps(said.get("json"))
        encoded = base64.b64encode(PNG).decode()
        words = {"$BASE": self.base_url, "$LOCALHOST": self.base_url.replace("127.0.0.1", "localhost")}
        for word, value in {**words, "$PNG": encoded, "$BARE": encoded.rstrip("=")}.items():
            text = text.replace(word, value)
        return text
