"""The Hugging Face hub as its documentation and its library have it, on loopback: one repository, its list with sizes
and digests, its files by range, and the faults of a network."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".bin", ".xml")
"""What a repository keeps with a SHA-256; smaller files have git's own digest."""


class Hub:
    """A repository made of a folder's files, and what was asked of it."""

    def __init__(self, repository: str, folder: Path) -> None:
        self.repository = repository
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self.files |= {"README.md": b"---\nlicense: mit\n---\n", ".gitattributes": b"*.bin filter=lfs\n"}
        self.licence = "apache-2.0"
        self.token: str | None = None
        """What a caller must show; None: nothing."""
        self.changed: dict[str, bytes] = {}
        """Files that are sent otherwise than listed."""
        self.cut: dict[str, int] = {}
        """After how many bytes the first answer with a file breaks off."""
        self.asked: list[tuple[str, str, str]] = []
        """Method, path and range of every request."""
        self.url = ""

    def fetched(self, name: str) -> list[str]:
        """The ranges in which a file was asked for."""
        return [span for method, path, span in self.asked if method == "GET" and path.endswith(f"/{name}")]

    @contextmanager
    def served(self) -> Iterator["Hub"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def about(self) -> dict[str, Any]:
        return {
            "id": self.repository,
            "modelId": self.repository,
            "sha": REVISION,
            "private": False,
            "tags": [],
            "cardData": {"license": self.licence},
            "siblings": [_sibling(name, data) for name, data in self.files.items()],
        }


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    said: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": _git(data)}
    if name.endswith(LARGE):
        said["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return said


def _git(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            return

        def _answer(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append((self.command, path, self.headers.get("Range") or ""))
            if hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self._refuse(401, "GatedRepo")
            elif path.startswith(f"/api/models/{hub.repository}"):
                self._send(200, json.dumps(hub.about()).encode(), {"Content-Type": "application/json"})
            elif (start := f"/{hub.repository}/resolve/{REVISION}/") and path.startswith(start):
                self._file(path.removeprefix(start))
            else:
                self._refuse(404, "RepoNotFound")

        def _file(self, name: str) -> None:
            if name not in hub.files:
                self._refuse(404, "EntryNotFound")
                return
            listed, data = hub.files[name], hub.changed.get(name, hub.files[name])
            etag = hashlib.sha256(listed).hexdigest() if name.endswith(LARGE) else _git(listed)
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"}
            begin = int(span.removeprefix("bytes=").partition("-")[0]) if (span := self.headers.get("Range")) else 0
            if begin:
                headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            self._send(206 if begin else 200, data[begin:], headers, hub.cut.pop(name, None) if self.is_get else None)

        @property
        def is_get(self) -> bool:
            return self.command == "GET"

        def _refuse(self, status: int, code: str) -> None:
            self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

        def _send(self, status: int, body: bytes, headers: dict[str, str], most: int | None = None) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.is_get:
                self.wfile.write(body[:most])
            if most is not None:
                self.close_connection = True

    return Handler
