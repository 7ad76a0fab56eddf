"""What every store of images promises: exact bytes or none, in whole or in ranges, and nothing left behind."""

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from imgforge_mcp.base.errors import NotFound, StorageError
from imgforge_mcp.base.types import Asset
from imgforge_mcp.storage.images import ImageStore

DATA = bytes(range(256)) * 4000
PNG = ("image/png", 8, 8)
Break = Callable[[str], None]


def test_bytes_are_kept_under_the_hash_of_themselves(images: ImageStore) -> None:
    asset = images.put(DATA, *PNG)
    assert asset == Asset(
        asset_id=hashlib.sha256(DATA).hexdigest(), mime_type="image/png", width=8, height=8, bytes=len(DATA)
    )
    assert images.read(asset) == DATA
    assert images.is_sound(asset)
    assert images.total() == len(DATA)
    assert (images.local_path(asset) is None) != (images.url(asset) is None)


def test_the_same_bytes_take_room_once(images: ImageStore) -> None:
    assert images.put(DATA, *PNG) == images.put(DATA, *PNG)
    assert images.total() == len(DATA)


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        pytest.param(0, None, id="all"),
        pytest.param(0, 1, id="the first byte"),
        pytest.param(1000, 300_000, id="over the edge of a piece"),
        pytest.param(len(DATA) - 1, len(DATA), id="the last byte"),
        pytest.param(len(DATA), len(DATA) + 10, id="behind the end"),
        pytest.param(7, 7, id="nothing"),
    ],
)
def test_a_range_is_read_piece_by_piece(images: ImageStore, start: int, stop: int | None) -> None:
    asset = images.put(DATA, *PNG)
    pieces = list(images.open(asset, start, stop))
    assert b"".join(pieces) == DATA[start:stop]
    assert all(len(piece) <= 256 * 1024 for piece in pieces)


def test_what_is_staged_and_discarded_leaves_nothing(images: ImageStore) -> None:
    images.discard(images.stage(DATA))
    assert images.total() == 0


def test_what_is_staged_is_not_there_yet(images: ImageStore) -> None:
    staged = images.stage(DATA)
    assert images.total() == 0
    asset = images.keep(staged, *PNG)
    assert images.read(asset) == DATA


def test_what_is_gone_is_not_found(images: ImageStore) -> None:
    asset = images.put(DATA, *PNG)
    images.delete(asset)
    images.delete(asset)
    assert not images.is_sound(asset)
    with pytest.raises(NotFound):
        images.read(asset)
    with pytest.raises(NotFound):
        images.open(asset)


def test_renditions_are_kept_by_size_and_go_with_their_image(images: ImageStore) -> None:
    asset, other = images.put(DATA, *PNG), images.put(b"other", *PNG)
    for kept in (asset, other):
        images.keep_rendition(kept, 64, b"small")
        images.keep_rendition(kept, 768, b"larger")
    assert (images.rendition(asset, 64), images.rendition(asset, 768)) == (b"small", b"larger")
    assert images.rendition(asset, 100) is None
    images.delete(asset)
    assert images.rendition(asset, 64) is None
    assert images.rendition(other, 64) == b"small"
    assert images.total() == len(b"othersmalllarger")


def test_what_renditions_take_is_told_once(images: ImageStore) -> None:
    asset = images.put(DATA, *PNG)
    images.keep_rendition(asset, 64, b"small")
    images.keep_rendition(asset, 768, b"larger")
    assert images.take_rendition_bytes() == {asset.asset_id: 11}
    images.keep_rendition(asset, 768, b"less")
    assert images.take_rendition_bytes() == {asset.asset_id: -2}
    assert images.take_rendition_bytes() == {}
    images.keep_rendition(asset, 64, b"gone soon")
    images.delete(asset)
    assert images.take_rendition_bytes() == {}


def test_an_image_that_was_removed_meanwhile_is_secured_from_what_is_staged(images: ImageStore) -> None:
    staged = images.stage(DATA)
    asset = images.keep(staged, *PNG)
    images.delete(asset)
    images.secure(asset)
    assert images.read(asset) == DATA
    images.secure(asset)
    assert images.total() == len(DATA)


# When writing fails ---------------------------------------------------------------------------------------------------


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Call it, and nothing can be written; `monkeypatch.undo()` frees the disk."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fill() -> None:
        def fail(*_: object, **__: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.open", fail)
        monkeypatch.setattr("os.replace", fail)
        if find_spec("obstore") is not None:
            monkeypatch.setattr("obstore.put", fail)

    return fill


def test_bytes_that_cannot_be_written_are_held_until_they_can(
    images: ImageStore, full: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    full()
    staged = images.stage(DATA)
    with pytest.raises(StorageError, match=r"cannot be (written|used) \((No space left|OSError)"):
        images.keep(staged, *PNG)
    monkeypatch.undo()
    assert images.read(images.keep(staged, *PNG)) == DATA


def test_bytes_that_lost_their_place_are_written_again(
    images: ImageStore, full: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = images.stage(DATA)
    full()
    with pytest.raises(StorageError):
        images.keep(staged, *PNG)
    monkeypatch.undo()
    assert images.read(images.keep(staged, *PNG)) == DATA


def test_a_picture_that_the_store_cannot_take_is_put_into_the_temporary_directory(
    images: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = images.rescue(images.stage(DATA), "image/png")
    assert (path.parent, path.suffix, path.read_bytes()) == (tmp_path, ".png", DATA)
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StorageError, match="nowhere"):
        images.rescue(images.stage(DATA), "image/png")


def test_a_rendition_that_cannot_be_kept_is_no_failure(images: ImageStore, full: Callable[[], None]) -> None:
    asset = images.put(DATA, *PNG)
    full()
    images.keep_rendition(asset, 64, b"small")
    assert images.take_rendition_bytes() == {}
