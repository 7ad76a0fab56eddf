"""The store in a bucket of an S3-compatible service: `assets/ab/cdef….png` below a prefix, verified when first read."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from imgforge_mcp.base.errors import NotFound, StorageError
from imgforge_mcp.base.types import Asset
from imgforge_mcp.storage.images.contract import PIECE_BYTES, Staged
from imgforge_mcp.storage.images.files import file_name, write_aside
from imgforge_mcp.storage.images.verified import Added, Verified

T = TypeVar("T")

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_DEFAULT_REGION": "region",
    "AWS_REGION": "region",
    "AWS_ENDPOINT_URL": "endpoint",
    "AWS_ENDPOINT_URL_S3": "endpoint",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "virtual_hosted_style_request",
}
"""What the usual variables are to the client, which reads those for roles and web identities by itself."""
RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=15)}
SECONDS = "20s", "5s"
"""What one request, and connecting for it, may take."""
SIGNED_FOR = timedelta(hours=1)
SURE_SECONDS = 60.0
"""How long the bucket counts as usable once it was."""
FAILURES = (BaseError, OSError)


class S3Images:
    """One bucket and prefix. Every method blocks; none of them holds the interpreter's lock while it waits."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        given = {name: environment[variable] for variable, name in SETTINGS.items() if environment.get(variable)}
        config: Any = {"region": "us-east-1", **given}
        allows_http = environment.get("AWS_ALLOW_HTTP", "").strip().casefold() in ("true", "1", "on", "yes")
        self._shown = url
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=config,
            client_options={"allow_http": allows_http, "timeout": SECONDS[0], "connect_timeout": SECONDS[1]},
            retry_config=RETRIES,
        )
        self._verified = Verified()
        self._added = Added()
        self._staged: WeakValueDictionary[str, Staged] = WeakValueDictionary()
        self._sure_until = 0.0

    def local_path(self, asset: Asset) -> None:
        return None

    def url(self, asset: Asset) -> str:
        """A signed address, good for an hour."""
        return self._asked(lambda: obstore.sign(self._store, "GET", _path(asset), SIGNED_FOR))

    # Writing ----------------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        if monotonic() < self._sure_until:
            return
        self._put(".usable", b"", "text/plain")
        self._sure_until = monotonic() + SURE_SECONDS

    def put(self, data: bytes, mime_type: str, width: int, height: int) -> Asset:
        return self.keep(self.stage(data), mime_type, width, height)

    def stage(self, data: bytes) -> Staged:
        staged = Staged(asset_id=hashlib.sha256(data).hexdigest(), data=data)
        self._staged[staged.asset_id] = staged
        return staged

    def keep(self, staged: Staged, mime_type: str, width: int, height: int) -> Asset:
        asset = Asset(asset_id=staged.asset_id, mime_type=mime_type, width=width, height=height, bytes=staged.bytes)
        self._put(_path(asset), staged.data, mime_type)
        self._verified.add(asset)
        return asset

    def rescue(self, staged: Staged, mime_type: str) -> Path:
        return write_aside(staged, mime_type)

    def discard(self, staged: Staged) -> None:
        return

    def secure(self, asset: Asset) -> None:
        staged = self._staged.get(asset.asset_id)
        if staged is not None and self._size(_path(asset)) is None:
            self._put(_path(asset), staged.data, asset.mime_type)

    def _put(self, path: str, data: bytes, mime_type: str) -> None:
        """Raises StorageError."""
        attributes = {"Content-Type": mime_type}
        self._asked(lambda: obstore.put(self._store, path, data, attributes=attributes, use_multipart=False))

    # Reading ----------------------------------------------------------------------------------------------------------

    def read(self, asset: Asset) -> bytes:
        data = self._found(_path(asset))
        if data is None:
            raise _gone(asset)
        if asset not in self._verified:
            if hashlib.sha256(data).hexdigest() != asset.asset_id:
                raise self._put_aside(asset)
            self._verified.add(asset)
        return data

    def open(self, asset: Asset, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Whole, to see that it is sound, the first time in a process; later only what is asked for."""
        if asset not in self._verified:
            return _pieces([self.read(asset)[start:stop]])
        last = asset.bytes if stop is None else min(stop, asset.bytes)
        if start >= last:
            return _pieces([])
        try:
            found = self._asked(lambda: obstore.get(self._store, _path(asset), options={"range": (start, last)}))
        except FileNotFoundError:
            raise _gone(asset) from None
        return _pieces(found.stream(min_chunk_size=PIECE_BYTES))

    def is_sound(self, asset: Asset) -> bool:
        data = self._found(_path(asset))
        return data is not None and hashlib.sha256(data).hexdigest() == asset.asset_id

    def _put_aside(self, asset: Asset) -> NotFound:
        place = f"quarantine/{file_name(asset.asset_id, asset.mime_type)}"
        self._asked(lambda: obstore.rename(self._store, _path(asset), place))
        return NotFound(
            f"The image {asset.asset_id[:12]}… was damaged in {self._shown} and is in {place} there now.",
            asset_id=asset.asset_id,
        )

    def _found(self, path: str) -> bytes | None:
        """An object's bytes; None when there is none. Raises StorageError."""
        try:
            return self._asked(lambda: bytes(obstore.get(self._store, path).bytes()))
        except FileNotFoundError:
            return None

    def _size(self, path: str) -> int | None:
        try:
            return int(self._asked(lambda: obstore.head(self._store, path))["size"])
        except FileNotFoundError:
            return None

    # Removing ---------------------------------------------------------------------------------------------------------

    def delete(self, asset: Asset) -> None:
        self._verified.discard(asset)
        self._added.forget(asset)
        try:
            renditions = [entry["path"] for page in obstore.list(self._store, _renditions(asset)) for entry in page]
            for path in (_path(asset), *renditions):
                obstore.delete(self._store, path)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise OSError(_reason(error)) from None

    def reap(self, now: float) -> None:
        return

    # Renditions -------------------------------------------------------------------------------------------------------

    def rendition(self, asset: Asset, max_px: int) -> bytes | None:
        try:
            return self._found(_rendition(asset, max_px))
        except StorageError:
            return None

    def keep_rendition(self, asset: Asset, max_px: int, data: bytes) -> None:
        path = _rendition(asset, max_px)
        try:
            before = self._size(path) or 0
            self._put(path, data, "image/jpeg")
        except StorageError:
            return
        self._added.add(asset, len(data) - before)

    def take_rendition_bytes(self) -> dict[str, int]:
        return self._added.take()

    def total(self) -> int:
        return self._asked(lambda: self._bytes_below("assets") + self._bytes_below("previews"))

    def _bytes_below(self, folder: str) -> int:
        return sum(int(entry["size"]) for page in obstore.list(self._store, folder) for entry in page)

    def _asked(self, act: Callable[[], T]) -> T:
        """Raises StorageError, and FileNotFoundError where there is no such object."""
        try:
            return act()
        except FileNotFoundError:
            raise
        except FAILURES as error:
            raise StorageError(
                f"The image store {self._shown} cannot be used ({_reason(error)}); see that the bucket is there and "
                "the AWS_ variables are right, or set IMGFORGE_STORE_URL.",
                setting="IMGFORGE_STORE_URL",
            ) from None


def _reason(error: Exception) -> str:
    """What is wrong in words of our own: the client's are long, and name what was asked for."""
    kinds = {
        "PermissionDeniedError": "access was refused",
        "UnauthenticatedError": "the keys were refused",
        "GenericError": "it does not answer as it should",
    }
    return kinds.get(type(error).__name__, type(error).__name__)


def _gone(asset: Asset) -> NotFound:
    return NotFound(
        f"The image {asset.asset_id[:12]}… is no longer in the store; generate it again.", asset_id=asset.asset_id
    )


def _path(asset: Asset) -> str:
    return f"assets/{asset.asset_id[:2]}/{file_name(asset.asset_id[2:], asset.mime_type)}"


def _renditions(asset: Asset) -> str:
    return f"previews/{asset.asset_id[:2]}/{asset.asset_id[2:]}"


def _rendition(asset: Asset, max_px: int) -> str:
    return f"{_renditions(asset)}/{max_px}.jpg"


def _pieces(chunks: "Iterator[Any] | list[bytes]") -> Iterator[bytes]:
    for chunk in chunks:
        data = bytes(chunk)
        for start in range(0, len(data), PIECE_BYTES):
            yield data[start : start + PIECE_BYTES]
