"""The stored images: their records and their bytes together."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import anyio.to_thread

from imgforge_mcp.base.errors import BadReply, InvalidRequest, NoDecoder, NotFound, no_image
from imgforge_mcp.base.formats import EXTENSIONS, SVG, kind_named
from imgforge_mcp.base.types import Asset, Caller, Copy, Job, Json, Saved
from imgforge_mcp.media import InputImage
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.media.sheet import contact_sheet
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Registry

PAGE = 200
"""How many records are read at once where all are looked at."""
THUMBNAIL_BYTES = 200_000
SHEET_BYTES = 500_000
"""Of one picture before it is made small for a sheet."""
SHORT_ID, FULL_ID = 12, 64
"""Hex digits."""


_EXTENSION = {"jpeg": "jpg"}
"""Of a format whose name is not its extension."""


class Pictures:
    """Looks images up, shows them small, writes them where a user wants them, and keeps the store within its cap."""

    def __init__(
        self, registry: Registry, images: ImageStore, decoder: Decoder, *, preview_max_px: int, cap_bytes: int
    ) -> None:
        self._records = registry.assets
        self._images = images
        self._decoder = decoder
        self._preview_max_px = preview_max_px
        self._cap_bytes = cap_bytes

    def place(self, asset: Asset) -> str:
        """Where the image lies: a path on this machine, or an address that is good for a while. Raises StorageError."""
        return str(self._images.local_path(asset) or self._images.url(asset))

    def address(self, asset: Asset) -> str | None:
        """Where others find the image for a while, if the store is elsewhere. Raises StorageError."""
        return self._images.url(asset)

    async def check_writable(self) -> None:
        """Raises StorageError: an image could not be stored now."""
        await anyio.to_thread.run_sync(self._images.prepare)

    async def total_bytes(self) -> int:
        return await self._records.total_bytes()

    async def read(self, asset_id: str) -> tuple[Asset, bytes]:
        """An image, by its id or the start of it, and its exact bytes.

        Raises:
            NotFound: not in the store, or several begin so.
        """
        asset = await self._records.find(
            asset_id if len(asset_id) == FULL_ID else (await self.named(asset_id)).asset_id
        )
        if asset is None:
            raise no_image(asset_id)
        return asset, await anyio.to_thread.run_sync(self._images.read, asset)

    async def preview(self, asset: Asset, max_bytes: int) -> bytes | None:
        """A small JPEG rendition, kept for the next time; None when the image is gone, or a vector drawing, or cannot
        be decoded."""
        return await self._kept(asset, self._preview_max_px, max_bytes)

    async def described(self, asset_id: str) -> Asset:
        """The record of an image. Raises NotFound, Deleted."""
        asset = await self._records.find(asset_id)
        if asset is None:
            raise no_image(asset_id)
        return asset

    async def thumbnail(self, asset_id: str, pixels: int) -> bytes:
        """A small JPEG, kept for the next time. Raises NotFound: no such image, or a vector drawing."""
        asset = await self.described(asset_id)
        data = await self._kept(asset, pixels, THUMBNAIL_BYTES)
        if data is None:
            raise NotFound("There is no small rendition of that image.", asset_id=asset_id[:64])
        return data

    async def _kept(self, asset: Asset, max_px: int, max_bytes: int) -> bytes | None:
        if asset.mime_type == SVG:
            return None
        kept = await anyio.to_thread.run_sync(self._images.rendition, asset, max_px)
        if kept is not None and len(kept) <= max_bytes:
            return kept
        try:
            data = await anyio.to_thread.run_sync(self._images.read, asset)
            rendition = await self._decoder.preview(data, max_px, max_bytes)
        except (NotFound, BadReply, NoDecoder):
            return None
        await anyio.to_thread.run_sync(self._images.keep_rendition, asset, max_px, rendition)
        return rendition

    async def contact_sheet(self, jobs: Sequence[tuple[int, Job]], max_bytes: int) -> bytes | None:
        """The first picture of each job under its number, on one JPEG; None where there is nothing to show."""
        shown = [(number, await self._small(job)) for number, job in jobs]
        shown = [(number, data) for number, data in shown if data is not None]
        if not shown:
            return None
        sheet = await anyio.to_thread.run_sync(contact_sheet, shown)
        return sheet if len(sheet) <= max_bytes else None

    async def _small(self, job: Job) -> bytes | None:
        return await self.preview(job.assets[0], SHEET_BYTES) if job.assets else None

    async def rendition(self, data: bytes, width: int) -> tuple[bytes, str]:
        """An image at most `width` pixels wide, and its type. Raises BadReply."""
        return await self._decoder.scaled(data, width)

    async def recent(self, limit: int) -> list[Asset]:
        return await self._records.recent(limit)

    async def short_ids(self, assets: Iterable[Asset]) -> dict[str, str]:
        """Asset ids by what is enough to name them: 12 digits where no other image begins so."""
        short = {}
        for asset_id in {asset.asset_id: None for asset in assets}:
            same = await self._records.begins_with(asset_id[:SHORT_ID], 2)
            short[asset_id] = asset_id[:SHORT_ID] if len(same) < 2 else asset_id
        return short

    async def named(self, start: str) -> Asset:
        """The one image whose id begins so. Raises NotFound: none, or several."""
        matches = await self._records.begins_with(start.lower(), 2)
        if not matches:
            raise no_image(start)
        if len(matches) > 1:
            raise NotFound(
                f"Several images have an id that begins with {start[:64]}; give more of its digits.",
                asset_id=start[:64],
            )
        return matches[0]

    async def origins(self, asset_id: str) -> list[Json]:
        """The jobs that made an image, newest first."""
        return await self._records.origins(asset_id)

    async def export(self, asset: Asset, path: str, directories: Sequence[Path]) -> Path:
        """Write an image to a file below one of the directories; where it is now.

        Raises:
            NotFound, InvalidRequest, StorageError
        """
        data = await anyio.to_thread.run_sync(self._images.read, asset)
        write = partial(paths.write_output, path, directories, data, EXTENSIONS[asset.mime_type])
        return await anyio.to_thread.run_sync(write)

    async def save(self, asset: Asset, wanted: Copy, directories: Sequence[Path]) -> Saved:
        """Write an image to a file below one of the directories: as it is, or in another format or size.

        Raises:
            NotFound, InvalidRequest, StorageError
        """
        await anyio.to_thread.run_sync(paths.place_output, wanted.path, directories, "image", "path")
        data = await anyio.to_thread.run_sync(self._images.read, asset)
        made = InputImage(data=data, mime_type=asset.mime_type, width=asset.width, height=asset.height)
        kind = wanted.format or kind_named(wanted.path)
        is_same_kind = kind is None or EXTENSIONS[asset.mime_type] in (kind, _EXTENSION.get(kind))
        size = (wanted.width or asset.width, wanted.height or asset.height)
        if not is_same_kind or size != (asset.width, asset.height):
            made = await self._copy(data, wanted, kind or "")
        write = partial(
            paths.write_output, wanted.path, directories, made.data, EXTENSIONS[made.mime_type], "image", "path"
        )
        path = await anyio.to_thread.run_sync(write)
        return Saved(path=path, mime_type=made.mime_type, width=made.width, height=made.height, bytes=len(made.data))

    async def _copy(self, data: bytes, wanted: Copy, kind: str) -> InputImage:
        """Raises InvalidRequest: no sound image, or more pixels than one may have."""
        width, height = wanted.width, wanted.height
        try:
            if width is None and height is None:
                return await self._decoder.made(data, "convert", kind=kind)
            if width is None or height is None:
                return await self._decoder.made(data, "resize", kind=kind, width=width, height=height)
            return await self._decoder.made(data, "fit", kind=kind, width=width, height=height, fit=wanted.fit)
        except BadReply as error:
            raise InvalidRequest(f"The image cannot be written so: {error.message}", field="image") from None

    async def damaged(self) -> tuple[int, list[str]]:
        """How many images there are, and where those lie that are gone or not what their name says."""
        count, damaged, after = 0, list[str](), None
        while page := await self._records.recent(PAGE, after):
            sound = [await anyio.to_thread.run_sync(self._images.is_sound, asset) for asset in page]
            damaged += [self.place(asset) for asset, is_sound in zip(page, sound, strict=True) if not is_sound]
            count, after = count + len(page), page[-1].asset_id
        return count, damaged

    async def evict(self) -> int:
        """Keep the store within its cap; how many images were removed."""
        await self._records.count_renditions(self._images.take_rendition_bytes())
        return await self._records.evict(self._cap_bytes)

    async def pin(self, asset_id: str, caller: Caller, *, is_pinned: bool) -> Asset:
        """Keep an image from being evicted, or no longer. Raises NotFound: none, or not the caller's."""
        return await self._records.pin(asset_id, _tenant(caller), is_pinned=is_pinned)

    async def delete(self, asset_id: str, caller: Caller) -> None:
        """Delete an image; whoever asks for it later is told so.

        Raises:
            NotFound: there is none, or it is not the caller's.
            InvalidRequest: a job that has not ended needs it.
        """
        await self._records.delete(asset_id, _tenant(caller))


def _tenant(caller: Caller) -> str | None:
    return None if caller.sees_all else caller.tenant
