"""What the rest of the program needs of a store of images: bytes by the sha256 of themselves, and their renditions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from imgforge_mcp.base.types import Asset

PIECE_BYTES = 256 * 1024
"""How much of an image is read at once, at most."""


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Staged:
    """Bytes that are in the store's keeping and have no name yet. They stay in memory as long as somebody holds this,
    so that a disk that is full, or an eviction at the same moment, loses nothing."""

    asset_id: str
    data: bytes = field(repr=False)
    path: Path | None = None
    """Where they lie on disk already; None where that failed, and `keep` has to write them."""

    @property
    def bytes(self) -> int:
        return len(self.data)


class ImageStore(Protocol):
    """Every method blocks: call it in a worker thread. Nothing is there by half, and nothing is trusted unread: the
    hash is checked when a process first reads an image."""

    def prepare(self) -> None:
        """Make sure that an image could be stored, before it is bought. Raises StorageError: not writable, or nearly
        full."""

    def put(self, data: bytes, mime_type: str, width: int, height: int) -> Asset:
        """Store bytes that are known to be a sound image. Raises StorageError."""

    def stage(self, data: bytes) -> Staged:
        """Write bytes that may yet turn out to be no image, durably, while somebody looks at them. It does not fail:
        what cannot be written now is held in memory, and tried again by `keep`."""

    def keep(self, staged: Staged, mime_type: str, width: int, height: int) -> Asset:
        """Give staged bytes their name, now that they are known to be a sound image.

        Raises:
            StorageError: they cannot be written; they are still staged, so that it may be tried again.
        """

    def rescue(self, staged: Staged, mime_type: str) -> Path:
        """Write staged bytes that the store cannot take to the system's temporary directory, owner-only; where they
        are. Raises StorageError: not even there."""

    def discard(self, staged: Staged) -> None:
        """Forget staged bytes that are no image."""

    def secure(self, asset: Asset) -> None:
        """See that an image is still there: called by the registry under the lock that eviction takes, before its
        record is committed. What an eviction has just removed is written again from what is staged. Raises
        StorageError."""

    def read(self, asset: Asset) -> bytes:
        """The exact bytes.

        Raises:
            NotFound: they are gone, or were damaged and are in quarantine now.
        """

    def open(self, asset: Asset, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`, a piece at a time, never whole in memory. Raises NotFound as `read`
        does, before the first piece."""

    def is_sound(self, asset: Asset) -> bool:
        """Whether the bytes are there and are what their name says; nothing is moved."""

    def delete(self, asset: Asset) -> None:
        """Remove an image and its renditions, in the same time however many others there are. It may be gone already.
        Raises OSError: it is still there."""

    def rendition(self, asset: Asset, max_px: int) -> bytes | None:
        """A smaller JPEG that was kept, at most `max_px` pixels a side."""

    def keep_rendition(self, asset: Asset, max_px: int, data: bytes) -> None:
        """Keep a rendition for the next time; a full disk is no reason to fail."""

    def take_rendition_bytes(self) -> dict[str, int]:
        """How many bytes of renditions this process has added to each image since it was last asked, by asset id: for
        the registry, which counts them in the total."""

    def total(self) -> int:
        """Bytes of all images and renditions, found by looking at each: for checks, the registry knows it at once."""

    def local_path(self, asset: Asset) -> Path | None:
        """Where the image lies on this machine, for stores that are on it."""

    def url(self, asset: Asset) -> str | None:
        """Where whoever may read the store finds the image, for stores that are elsewhere."""

    def reap(self, now: float) -> None:
        """Remove what killed processes left half written more than an hour before `now` (seconds since 1970)."""
