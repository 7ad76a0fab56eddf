"""Pictures that are there: read, show smaller, save, pin, delete, check."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from imgforge_mcp.base.errors import require
from imgforge_mcp.base.types import Asset, Caller, Copy, Job, Json, Saved
from imgforge_mcp.forge.parts import Parts


class ImageCases(Parts):
    """What can be done with stored images."""

    async def asset(self, asset_id: str) -> tuple[Asset, bytes]:
        """An image and its exact bytes. Raises NotFound."""
        return await self._pictures.read(asset_id)

    async def rendition(self, data: bytes, width: int) -> tuple[bytes, str]:
        """An image at most `width` pixels wide, and its type. Raises BadReply."""
        return await self._pictures.rendition(data, width)

    async def described_asset(self, asset_id: str) -> Asset:
        """An image's record, by its whole id. Raises NotFound, Deleted."""
        return await self._pictures.described(asset_id)

    async def thumbnail(self, asset_id: str, pixels: int) -> bytes:
        """A JPEG of at most so many pixels on its longer side, kept for the next time.

        Raises:
            NotFound: there is no such image, or nothing to be made smaller: a vector drawing.
        """
        return await self._pictures.thumbnail(asset_id, pixels)

    async def preview(self, asset: Asset, max_bytes: int) -> bytes | None:
        """A small JPEG rendition, kept for the next time; None when the image is gone or a vector drawing."""
        return await self._pictures.preview(asset, max_bytes)

    async def contact_sheet(self, jobs: Sequence[tuple[int, Job]], max_bytes: int) -> bytes | None:
        """The first picture of each job under its number, on one JPEG; None where there is nothing to show."""
        return await self._pictures.contact_sheet(jobs, max_bytes)

    def place(self, asset: Asset) -> str:
        """Where an image lies: a path on this machine, or an address that is good for a while."""
        return self._pictures.place(asset)

    async def address(self, asset_id: str) -> tuple[Asset, str | None]:
        """An image, and where anybody finds it for a while, if the store is elsewhere. Raises NotFound."""
        asset = await self._pictures.described(asset_id)
        return asset, self._pictures.address(asset)

    async def recent_assets(self, limit: int) -> list[Asset]:
        """The newest images first."""
        return await self._pictures.recent(limit)

    async def short_ids(self, assets: Iterable[Asset]) -> dict[str, str]:
        """Asset ids by what is enough to name them: 12 digits where no other image begins so."""
        return await self._pictures.short_ids(assets)

    async def named_asset(self, start: str) -> Asset:
        """The one image whose id begins so. Raises NotFound: none, or several."""
        return await self._pictures.named(start)

    async def origins(self, asset: Asset) -> list[Json]:
        """The jobs that made an image: prompt, provider, model, seed, cost, time; newest first."""
        return await self._pictures.origins(asset.asset_id)

    async def origins_of(self, asset_id: str) -> list[str]:
        """The ids of the jobs that made an image, newest first."""
        return [origin["job_id"] for origin in await self._pictures.origins(asset_id)]

    async def export(self, asset: Asset, path: str, caller: Caller) -> Path:
        """Write an image where the caller may write; where it is now. Raises NotFound, InvalidRequest, StorageError."""
        return await self._pictures.export(asset, path, caller.outputs)

    async def save_image(self, reference: str, wanted: Copy, caller: Caller) -> Saved:
        """Write a picture (an asset, a job's, or any other that the caller may name) to a file where the caller may
        write, in the format and size that are wanted; nothing is drawn or paid.

        Raises:
            NotFound, InvalidRequest: no such picture, or not to be written there or so.
            StorageError: it cannot be written.
        """
        asset = await self._jobs.picture(reference, caller, "image")
        return await self._pictures.save(asset, wanted, caller.outputs)

    async def damaged_assets(self) -> tuple[int, list[str]]:
        """How many images there are, and the files that are gone or not what their name says; nothing is moved."""
        return await self._pictures.damaged()

    async def pin_asset(self, asset_id: str, caller: Caller, *, is_pinned: bool = True) -> Asset:
        """Keep an image from being evicted, or no longer. Raises NotFound: none, or not this caller's."""
        require(caller.scopes, "generate")
        return await self._pictures.pin(asset_id, caller, is_pinned=is_pinned)

    async def delete_asset(self, asset_id: str, caller: Caller) -> None:
        """Delete an image; whoever asks for it later is told so.

        Raises:
            NotFound: there is none, or it is not this caller's.
            InvalidRequest: a job that has not ended needs it.
        """
        require(caller.scopes, "generate")
        await self._pictures.delete(asset_id, caller)

    async def deleted_assets(self, asset_ids: Iterable[str], caller: Caller) -> set[str]:
        """Those of the images that this caller has deleted, or that are gone because somebody did."""
        return await self._registry.assets.deleted(asset_ids, None if caller.sees_all else caller.tenant)

    async def evict(self) -> int:
        """Keep the store within its cap; how many images were removed."""
        return await self._pictures.evict()
