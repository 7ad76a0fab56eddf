"""Every kind of registry and of image store that there is, for the suites which all of them must pass."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import pytest

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import Allowance, Asset, ImageRequest, Job, JobState, QualityTier
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.images.directory import AssetDirectory
from imgforge_mcp.storage.registry.contract import Caps, Ending, EndingOf, NewAttempt, NewJob, Registry, Settlement
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry
from tests.cluster.postgres import Postgres
from tests.cluster.s3 import Bucket
from tests.virtual_clock import VirtualClock

T = TypeVar("T")
OpenRegistry = Callable[[str], Registry]
"""From a process's name to the registry as that process sees it; all of them see the same one."""
HOUR = 3600.0
NO_CAPS = Caps()
NO_LIMITS = Allowance()


def sqlite(_: pytest.FixtureRequest, folder: Path, clock: Clock, images: ImageStore) -> OpenRegistry:
    return lambda owner: SqliteRegistry(folder / "registry.db", clock.now, owner, images)


def postgres(request: pytest.FixtureRequest, _: Path, clock: Clock, images: ImageStore) -> OpenRegistry:
    server: Postgres = request.getfixturevalue("postgres")
    from imgforge_mcp.storage.registry.postgres import PostgresRegistry

    url = server.registry()
    return lambda owner: PostgresRegistry(url, clock.now, owner, images, leases_by=clock.now)


def directory(_: pytest.FixtureRequest, folder: Path) -> ImageStore:
    return AssetDirectory(folder)


def s3(request: pytest.FixtureRequest, _: Path) -> ImageStore:
    bucket: Bucket = request.getfixturevalue("bucket")
    from imgforge_mcp.storage.images.s3 import S3Images

    return S3Images(bucket.place(), bucket.environment)


REGISTRIES: dict[str, Callable[[pytest.FixtureRequest, Path, Clock, ImageStore], OpenRegistry]] = {
    "sqlite": sqlite,
    "postgres": postgres,
}
STORES: dict[str, Callable[[pytest.FixtureRequest, Path], ImageStore]] = {"directory": directory, "s3": s3}
GROUNDS = {"one machine": ("sqlite", "directory"), "many machines": ("postgres", "s3")}
"""Which registry stands over which store."""


@dataclass(slots=True, kw_only=True)
class Process:
    """One process on a home: the registry as it sees it, the images, and the everyday steps of a job."""

    registry: Registry
    images: ImageStore
    clock: VirtualClock

    async def open(self, caps: Caps = NO_CAPS, reserve: float = 0.0, tenant: str = "", **request: Any) -> Job:
        job, _ = await self.open_or_known(caps, reserve, tenant, **request)
        return job

    async def open_or_known(
        self, caps: Caps = NO_CAPS, reserve: float = 0.0, tenant: str = "", **request: Any
    ) -> tuple[Job, bool]:
        return await self.registry.jobs.open(self.new(reserve_usd=reserve, tenant=tenant, **request), caps)

    def new(
        self,
        *,
        reserve_usd: float = 0.0,
        tenant: str = "",
        digest: str | None = None,
        allowance: Allowance = NO_LIMITS,
        **request: Any,
    ) -> NewJob:
        return NewJob(
            job_id=self.clock.new_id(),
            request=ImageRequest.model_validate({"prompt": "a red fox", **request}),
            request_id="req_test",
            final_prompt="a red fox",
            enhancement_logic="Nothing added.",
            quality_tier=QualityTier.STANDARD,
            deadline=self.clock.now() + timedelta(seconds=600),
            reserve_usd=reserve_usd,
            tenant=tenant,
            digest=digest,
            allowance=allowance,
        )

    async def start(self, job: Job, caps: Caps = NO_CAPS, price: float | None = None, **more: Any) -> int:
        values = {
            "part": 0,
            "provider": "together",
            "model": "flux",
            "images": 1,
            "reason": "choice 1",
            "settings": "s",
        }
        return await self.registry.jobs.start_attempt(
            job.job_id, NewAttempt(**{**values, "price_usd": price, **more}), caps
        )

    async def settle(self, job: Job, attempt_id: int, *assets: Asset, **more: Any) -> None:
        await self.settle_and_end(job, attempt_id, None, *assets, **more)

    async def settle_and_end(
        self, job: Job, attempt_id: int, ending: EndingOf | None, *assets: Asset, **more: Any
    ) -> Job | None:
        values = {"outcome": "ok_listed", "succeeded": True, "cost_usd": 0.0}
        end = Settlement(**{**values, **more})
        return await self.registry.jobs.settle(job.job_id, attempt_id, end, assets, ending)

    async def finish(self, job: Job, state: JobState = JobState.COMPLETED, **more: Any) -> None:
        await self.registry.jobs.finish(job.job_id, Ending(state=state, **more))

    async def draw(self, picture: Asset, tenant: str = "", cost: float = 0.0, **request: Any) -> Job:
        """A job from its opening to its end, that made a picture which is stored already."""
        job = await self.open(tenant=tenant, **request)
        await self.settle(job, await self.start(job), picture, cost_usd=cost)
        await self.finish(job)
        return await self.registry.jobs.get(job.job_id)

    async def store(self, number: int, size: int = 1000) -> Asset:
        """Bytes in the store, without a record."""
        data = number.to_bytes(4, "big") * (size // 4)
        return await blocking(lambda: self.images.put(data, "image/png", 8, 8))

    async def is_there(self, asset: Asset) -> bool:
        return await blocking(lambda: self.images.is_sound(asset))


async def blocking(act: Callable[[], T]) -> T:
    """What a store does blocks: in a thread."""
    return await anyio.to_thread.run_sync(act)
