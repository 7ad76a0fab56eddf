"""From what a call brought to the job's end on record: pictures into the store, copies to `save_to`, the cap."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError, StorageError
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.types import Asset, ImageRequest, Job, JobState, Shortfall
from imgforge_mcp.jobs.fulfilment import Fulfilment
from imgforge_mcp.jobs.housekeeping import Housekeeping
from imgforge_mcp.jobs.outcome import no_change, without_secrets
from imgforge_mcp.jobs.running import RunningJob
from imgforge_mcp.jobs.webhooks import Webhooks
from imgforge_mcp.providers.driver import Made, Result
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Ending, Registry

STORE_WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the tries to store a picture that has been paid for."""

logger = logging.getLogger(__name__)


class Delivery:
    """Keeps what came, and says how a job ended."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        assets: ImageStore,
        fulfilment: Fulfilment,
        housekeeping: Housekeeping,
        webhooks: Webhooks,
        clock: Clock,
        redactor: Redactor,
    ) -> None:
        self._config = config
        self._fulfilment = fulfilment
        self._housekeeping = housekeeping
        self._webhooks = webhooks
        self._clock = clock
        self._registry = registry
        self._assets = assets
        self._redactor = redactor

    async def prepare(self) -> None:
        """Raises StorageError: an image could not be stored, so none should be bought."""
        await anyio.to_thread.run_sync(self._assets.prepare)

    async def store(self, result: Result, running: RunningJob) -> tuple[Asset, ...]:
        """Every image in the store before anything else can fail; its record joins the attempt's settlement. Where only
        some could be stored, the job's warnings tell where the others are. Where the request wants what was
        not delivered and can be made of it here, that comes in the image's place, and the image is kept beside.

        Raises:
            StorageError: none could be stored; the message tells where they are.
        """
        stored, failures = [], []
        for image in result.images:
            try:
                stored.append(replace(await self._kept(image), seed=image.seed))
            except StorageError as error:
                failures.append(error)
        if failures and not stored:
            raise failures[0]
        running.warnings.extend(error.message for error in failures)
        return tuple([await self._fulfilment.as_asked(asset, running) for asset in stored])

    async def _kept(self, image: Made) -> Asset:
        """A paid picture in the store, for which room may be made meanwhile; until then a copy of it lies in the
        temporary directory, for this process may end. Raises StorageError: there it stays."""
        copy: Path | None = None
        for seconds in (*STORE_WAITS, None):
            sound = image.sound
            keep = partial(self._assets.keep, image.staged, sound.mime_type, sound.width, sound.height)
            try:
                asset = await anyio.to_thread.run_sync(keep)
            except StorageError as error:
                copy = copy or await self._rescued(image)
                if seconds is None:
                    raise _not_stored(error, copy) from error
                logger.warning("%s", error.message)
                await self._clock.sleep(seconds)
                continue
            if copy is not None:
                await anyio.to_thread.run_sync(partial(copy.unlink, missing_ok=True))
            return asset
        raise AssertionError

    async def _rescued(self, image: Made) -> Path | None:
        with suppress(StorageError):
            return await anyio.to_thread.run_sync(self._assets.rescue, image.staged, image.sound.mime_type)
        return None

    async def keep_previews(self, stored: tuple[Asset, ...], result: Result) -> None:
        """Those that were made while the pixels were at hand, so that they need not be decoded again; by now the
        images are safe."""
        renditions = {image.staged.asset_id: image.sound.rendition for image in result.images}
        for asset in stored:
            if (rendition := renditions.get(asset.asset_id)) is not None:
                keep = partial(self._assets.keep_rendition, asset, self._config.preview_max_px, rendition)
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
        if error is None and not is_canceled:
            error = await self._found_wanting(job, running)
        saved = await self._saved(job, running) if job.assets and job.request.save_to and error is None else ()
        shortfalls = await self._fulfilment.shortfalls(job)
        ending = replace(
            _ending(running, _state(error, is_canceled=is_canceled), running.warnings, shortfalls),
            error=self._told(error, job),
            saved_to=saved,
            renditions=self._assets.take_rendition_bytes(),
        )
        with anyio.CancelScope(shield=True):
            running.job = await self._registry.jobs.finish(job.job_id, ending)
        self.follow_up(running.job)

    def good_ending(self, job: Job, running: RunningJob, warnings: Sequence[str]) -> Ending:
        """How a job that `ends_on_record` ends with the pictures that have come. Pure."""
        shortfalls = self._fulfilment.shortfalls_on_record(job)
        return _ending(running, JobState.COMPLETED, (*warnings, *_missing(job)), shortfalls)

    def follow_up(self, job: Job) -> None:
        """What an end on record brings with it, and nobody waits for."""
        if job.assets:
            self._housekeeping.poke()
        if job.request.webhook_url is not None:
            self._webhooks.poke()

    async def _found_wanting(self, job: Job, running: RunningJob) -> ForgeError | None:
        """Why what came is no answer to the request at all; what is merely missing of it becomes a warning."""
        same, count = await self._fulfilment.unchanged(job), len(job.assets)
        if same and same == count:
            return no_change(job)
        if same:
            running.warnings.append(f"{same} of {count} images are as the picture was before.")
        running.warnings.extend(_missing(job))
        return None

    def _told(self, error: ForgeError | None, job: Job) -> dict[str, object] | None:
        """The error as it is kept, with the id by which to look the job up."""
        if error is None:
            return None
        error.details.setdefault("job_id", job.job_id)
        body: dict[str, object] = self._redactor.value(without_secrets(error, self._redactor).body(job.request_id))
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


def ends_on_record(request: ImageRequest) -> bool:
    """Whether such a job ends by what is on record of it: no picture has to be looked at once more, or written
    elsewhere."""
    is_looked_at = request.is_edit or request.transform is not None or request.background != "auto"
    return not is_looked_at and request.save_to is None


def _ending(running: RunningJob, state: JobState, warnings: Sequence[str], shortfalls: tuple[Shortfall, ...]) -> Ending:
    return Ending(
        state=state,
        warnings=tuple(dict.fromkeys(warnings)),
        drawn=tuple(dict.fromkeys(running.drawn)),
        not_drawn=tuple(dict.fromkeys(running.not_drawn)),
        shortfalls=shortfalls,
    )


def _missing(job: Job) -> list[str]:
    count, wanted = len(job.assets), job.request.n
    return [f"{wanted - count} of {wanted} images are missing."] if count < wanted else []


def _not_stored(error: StorageError, copy: Path | None) -> StorageError:
    where = "there was no room for it anywhere" if copy is None else f"it is at {copy}"
    path = {} if copy is None else {"picture": str(copy)}
    return StorageError(f"The picture was made and paid for, and {where}: {error.message}", **{**error.details, **path})


def _state(error: ForgeError | None, *, is_canceled: bool) -> JobState:
    if is_canceled:
        return JobState.CANCELED
    return JobState.COMPLETED if error is None else JobState.FAILED
