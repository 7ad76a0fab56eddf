"""From what a call brought to the job's end on record: pictures into the store, copies to `save_to`, the cap."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.types import Asset, Job, JobState, cost_of
from imgforge_mcp.jobs.outcome import without_secrets
from imgforge_mcp.jobs.running import RunningJob
from imgforge_mcp.providers.driver import Result
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.images import AssetDirectory
from imgforge_mcp.storage.registry.contract import Ending, Registry


class Delivery:
    """Keeps what came, and says how a job ended."""

    def __init__(self, *, config: Config, registry: Registry, assets: AssetDirectory, redactor: Redactor) -> None:
        self._config = config
        self._registry = registry
        self._assets = assets
        self._redactor = redactor

    async def prepare(self) -> None:
        """Raises StorageError: an image could not be stored, so none should be bought."""
        await anyio.to_thread.run_sync(self._assets.prepare)

    async def store(self, result: Result) -> tuple[Asset, ...]:
        """Every image in the store before anything else can fail; its record joins the attempt's settlement."""
        stored = []
        for image in result.images:
            sound = image.sound
            keep = partial(self._assets.keep, image.staged, sound.mime_type, sound.width, sound.height)
            asset = await anyio.to_thread.run_sync(keep)
            stored.append(replace(asset, seed=image.seed))
        return tuple(stored)

    async def keep_previews(self, stored: tuple[Asset, ...], result: Result) -> None:
        """Those that were made while the pixels were at hand, so that they need not be decoded again; by now the
        images are safe."""
        for asset, image in zip(stored, result.images, strict=True):
            if image.sound.rendition is not None:
                size = self._config.preview_max_px
                keep = partial(self._assets.keep_rendition, asset, size, image.sound.rendition)
                await anyio.to_thread.run_sync(keep)

    async def finish(self, running: RunningJob, error: ForgeError | None = None, *, is_canceled: bool = False) -> None:
        """Record the job's end, with what its calls cost. An error does not undo a picture that came: then the job is
        completed, and the error a warning.

        Raises:
            LeaseLost: another process has it.
        """
        job = await self._registry.jobs.get(running.job.job_id)
        if error is not None and job.assets and not is_canceled:
            running.warnings.append(without_secrets(error, self._redactor).message)
            error = None
        missing = job.request.n - len(job.assets)
        if error is None and missing > 0 and not is_canceled:
            running.warnings.append(f"{missing} of {job.request.n} images are missing.")
        cost, basis = cost_of(job)
        saved = await self._saved(job, running) if job.assets and job.request.save_to else ()
        ending = Ending(
            state=_state(error, is_canceled=is_canceled),
            error=self._told(error, job.request_id),
            warnings=tuple(dict.fromkeys(running.warnings)),
            drawn=tuple(dict.fromkeys(running.drawn)),
            not_drawn=tuple(dict.fromkeys(running.not_drawn)),
            saved_to=saved,
            cost_usd=cost,
            cost_basis=basis,
        )
        with anyio.CancelScope(shield=True):
            running.job = await self._registry.jobs.finish(job.job_id, ending)
        if job.assets:
            await self._evict()

    def _told(self, error: ForgeError | None, request_id: str) -> dict[str, object] | None:
        if error is None:
            return None
        body: dict[str, object] = self._redactor.value(without_secrets(error, self._redactor).body(request_id))
        return body

    async def _saved(self, job: Job, running: RunningJob) -> tuple[str, ...]:
        """Copies at `save_to`; a failure there is a warning, for the image itself is safe in the store."""
        saved = []
        for asset in job.assets:
            try:
                data = await anyio.to_thread.run_sync(self._assets.read, asset)
                path, roots = job.request.save_to or "", (Path(job.save_root or ""),)
                write = partial(paths.write_output, path, roots, data, EXTENSIONS[asset.mime_type])
                saved.append(str(await anyio.to_thread.run_sync(write)))
            except ForgeError as error:
                running.warnings.append(f"Not saved to save_to: {error.message}")
        return tuple(saved)

    async def _evict(self) -> None:
        """Keep the store within its cap, now that something was added."""
        await self._registry.assets.count_renditions(self._assets.take_rendition_bytes())
        await self._registry.assets.evict(self._config.cache_max_bytes)


def _state(error: ForgeError | None, *, is_canceled: bool) -> JobState:
    if is_canceled:
        return JobState.CANCELED
    return JobState.COMPLETED if error is None else JobState.FAILED
