"""Reference images and masks, whatever names them, each brought into the store before anything is bought."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from imgforge_mcp.base.errors import InvalidRequest, NotFound, ProviderError, no_image, no_job
from imgforge_mcp.base.types import Asset, Caller, ImageRequest
from imgforge_mcp.jobs.spelling import Named, read_reference
from imgforge_mcp.media import INPUT_SIDE, InputImage
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Registry

if TYPE_CHECKING:
    from imgforge_mcp.net.transport import Transport

DOWNLOAD_SECONDS = 30.0
MAX_BYTES = 64 * 1024 * 1024


class References:
    """Turns what a caller named into assets of our own store. A picture that is one of ours, by its place or by its
    bytes, stays that asset, with all that is known of it; any other is encoded again, never kept as it came."""

    def __init__(
        self, registry: Registry, assets: ImageStore, transport: "Callable[[], Transport]", decoder: Decoder
    ) -> None:
        self._registry = registry
        self._assets = assets
        self._transport = transport
        self._decoder = decoder

    async def resolve(self, request: ImageRequest, caller: Caller) -> dict[str, object]:
        """The request's `input_images` and `mask` as asset ids. Local paths only below the caller's directories; jobs
        and assets only the caller's own.

        Raises:
            InvalidRequest: no image, not reachable, or not allowed; a mask that marks nothing or everything. Names the
                argument that the caller used.
            NotFound: no such asset or job.
        """
        resolved = dict[str, object]()
        if request.input_images:
            fields = _fields(request)
            resolved["input_images"] = [
                await self._picture(text, caller, field)
                for text, field in zip(request.input_images, fields, strict=True)
            ]
        if request.mask is not None:
            resolved["mask"] = await self._marks(request.mask, caller)
        return resolved

    async def picture(self, text: str, caller: Caller, field: str) -> Asset:
        """The one image that a caller names in an argument `field`, in the store. Raises what `resolve` raises."""
        asset_id = await self._picture(text, caller, field)
        asset = await self._registry.assets.find(asset_id)
        if asset is None:
            raise no_image(asset_id, field=field)
        return asset

    async def _picture(self, text: str, caller: Caller, field: str) -> str:
        known, data = await self._found(text, caller, field)
        if known is not None:
            return known.asset_id
        return await self._kept(await self._decoder.as_input(data, INPUT_SIDE, field=field))

    async def _marks(self, text: str, caller: Caller) -> str:
        """A mask in our own form, so that what it marks is known before anything is bought."""
        known, data = await self._found(text, caller, "mask")
        if known is not None:
            data = await anyio.to_thread.run_sync(self._assets.read, known)
        return await self._kept(await self._decoder.as_marks(data))

    async def _kept(self, image: InputImage) -> str:
        put = partial(self._assets.put, image.data, image.mime_type, image.width, image.height)
        asset = await anyio.to_thread.run_sync(put)
        await self._registry.assets.add(asset)
        return asset.asset_id

    async def _found(self, text: str, caller: Caller, field: str) -> tuple[Asset | None, bytes]:
        """An asset of ours, or the bytes of something else."""
        named = read_reference(text, field)
        if named.kind == "job":
            return await self._of_job(named, caller, field), b""
        if named.kind == "asset" and (asset := await self._of_id(named.text, field)) is not None:
            return await self._owned(asset, caller, field), b""
        if named.asset_id is not None and (asset := await self._ours(named.asset_id)) is not None:
            return await self._owned(asset, caller, field), b""
        data = named.data if named.kind == "data" else await self._bytes(named, caller, field)
        if len(data) > MAX_BYTES and named.kind != "path":
            raise InvalidRequest(f"The picture is larger than {MAX_BYTES // 2**20} MiB.", field=field)
        digest = await anyio.to_thread.run_sync(lambda: hashlib.sha256(data).hexdigest())
        return await self._ours(digest), data

    async def _ours(self, asset_id: str) -> Asset | None:
        try:
            return await self._registry.assets.find(asset_id)
        except NotFound:  # deleted here; what somebody still has of it is a picture like any other
            return None

    async def _of_id(self, start: str, field: str) -> Asset | None:
        """The asset of an id or of its first digits; None where a file may be meant.

        Raises:
            NotFound: none, or several.
        """
        if len(start) == 64:
            asset = await self._registry.assets.find(start)
            if asset is None:
                raise no_image(start, field=field)
            return asset
        matches = await self._registry.assets.begins_with(start, 2)
        if len(matches) > 1:
            raise NotFound(f"Several images have an id that begins with {start}; give more of its digits.", field=field)
        return matches[0] if matches else None

    async def _owned(self, asset: Asset, caller: Caller, field: str) -> Asset:
        """Raises NotFound: the image came of nobody's job but another tenant's."""
        if not caller.sees_all and not await self._registry.access.owns(caller.tenant, asset.asset_id):
            raise no_image(asset.asset_id, field=field)
        return asset

    async def _of_job(self, named: Named, caller: Caller, field: str) -> Asset:
        if not caller.sees_all and await self._registry.jobs.tenant(named.text) != caller.tenant:
            raise no_job(named.text, field=field)
        job = await self._registry.jobs.get(named.text)
        if not job.assets:
            raise InvalidRequest(f"Job {job.job_id} has no image (state {job.state.value}).", field=field)
        if named.number > len(job.assets):
            count = f"{len(job.assets)} image{'s' if len(job.assets) > 1 else ''}"
            raise InvalidRequest(f"Job {job.job_id} has {count}; there is no #{named.number}.", field=field)
        return job.assets[named.number - 1]

    async def _bytes(self, named: Named, caller: Caller, field: str) -> bytes:
        if named.kind == "url":
            try:
                return await self._transport().download(named.text, DOWNLOAD_SECONDS, MAX_BYTES)
            except ProviderError as error:
                raise InvalidRequest(f"The picture could not be fetched: {error.message}", field=field) from None
            except InvalidRequest as error:
                raise InvalidRequest(error.message, **{**error.details, "field": field}) from None
        try:
            return await anyio.to_thread.run_sync(paths.read_input, named.text, caller.directories, field)
        except InvalidRequest:
            if named.kind == "asset":
                raise no_image(named.text, field=field) from None
            raise


def _fields(request: ImageRequest) -> list[str]:
    """The argument that each input image came in, as the caller knows it."""
    count = len(request.input_images or ())
    return ["image", *["reference_images"] * (count - 1)] if request.is_edit else ["input_images"] * count
