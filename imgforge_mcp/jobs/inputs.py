"""Reference images: asset id, job id, https URL, data URL or file path, each brought into the store before anything is
bought."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from imgforge_mcp.base.errors import InvalidRequest, NotFound, ProviderError
from imgforge_mcp.base.types import Asset
from imgforge_mcp.media import INPUT_SIDE
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.providers.driver import data_url_bytes
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.images import AssetDirectory
from imgforge_mcp.storage.registry.contract import Registry

if TYPE_CHECKING:
    from imgforge_mcp.net.transport import Transport

ASSET_ID = re.compile(r"(?:imgforge://assets/)?([0-9a-f]{64})")
JOB_ID = re.compile(r"(?:imgforge://jobs/)?([0-9A-HJKMNP-TV-Z]{26})")
DOWNLOAD_SECONDS = 30.0
MAX_BYTES = 24 * 1024 * 1024


class References:
    """Turns what a caller named into assets of our own store; a file or download is encoded again, never kept as it
    came."""

    def __init__(
        self, registry: Registry, assets: AssetDirectory, transport: "Callable[[], Transport]", decoder: Decoder
    ) -> None:
        self._decoder = decoder
        self._registry = registry
        self._assets = assets
        self._transport = transport

    async def resolve(self, references: Sequence[str], allowed: Sequence[Path]) -> list[str]:
        """Asset ids, in the order of the references. Local paths only below `allowed`.

        Raises:
            InvalidRequest: no image, not reachable, or not allowed.
            NotFound: no such asset or job.
        """
        return [await self._resolve(reference.strip(), allowed) for reference in references]

    async def _resolve(self, reference: str, allowed: Sequence[Path]) -> str:
        if match := ASSET_ID.fullmatch(reference):
            return (await self._known(match[1])).asset_id
        if match := JOB_ID.fullmatch(reference):
            return await self._of_job(match[1])
        data = await self._bytes(reference, allowed)
        if len(data) > MAX_BYTES:
            raise InvalidRequest(f"The reference image is larger than {MAX_BYTES // 2**20} MiB.", field="input_images")
        image = await self._decoder.as_input(data, INPUT_SIDE)
        put = partial(self._assets.put, image.data, image.mime_type, image.width, image.height)
        asset = await anyio.to_thread.run_sync(put)
        await self._registry.assets.add(asset)
        return asset.asset_id

    async def _known(self, asset_id: str) -> Asset:
        asset = await self._registry.assets.find(asset_id)
        if asset is None:
            raise NotFound("There is no asset of that id in the store; it may have been evicted.", field="input_images")
        return asset

    async def _of_job(self, job_id: str) -> str:
        job = await self._registry.jobs.get(job_id)
        if not job.assets:
            raise InvalidRequest(f"Job {job_id} has no image (state {job.state.value}).", field="input_images")
        return job.assets[0].asset_id

    async def _bytes(self, reference: str, allowed: Sequence[Path]) -> bytes:
        if reference.startswith("data:"):
            try:
                return data_url_bytes(reference)
            except ProviderError as error:
                raise InvalidRequest(error.message, field="input_images") from None
        if reference.startswith(("http://", "https://")):
            try:
                return await self._transport().download(reference, DOWNLOAD_SECONDS, MAX_BYTES)
            except ProviderError as error:
                raise InvalidRequest(
                    f"The reference image could not be fetched: {error.message}", field="input_images"
                ) from None
        path = reference.removeprefix("file://")
        return await anyio.to_thread.run_sync(paths.read_input, path, allowed)
