"""The use cases, behind one facade: generate, look, cancel, list. Every door (MCP, HTTP, command line) calls these."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp import files, media, usage
from imgforge_mcp.assets import AssetDirectory
from imgforge_mcp.clock import Clock, day_start, first_id
from imgforge_mcp.config import Config
from imgforge_mcp.errors import ForgeError, InvalidRequest, NoImageProvider, NotFound
from imgforge_mcp.inquiry import Inquiry
from imgforge_mcp.listing import Filter, by_tier, capabilities, list_models, page
from imgforge_mcp.planner import PATIENCE, Planner, all_resting, nearest_rest
from imgforge_mcp.prompts import boosted, find_template, with_template
from imgforge_mcp.references import References
from imgforge_mcp.registry import Caps, NewJob, Registry
from imgforge_mcp.roster import Roster
from imgforge_mcp.router import LOCAL, Candidate
from imgforge_mcp.types import Asset, ImageRequest, Job, Json, Progress, QualityTier
from imgforge_mcp.worker import Worker

WAIT_STEP = 1.0
"""How often a job of another process is looked at, in seconds."""
PROGRESS_STEP = 2.0
BATCH = "batch_"
"""What a batch's id begins with."""
OnProgress = Callable[[Progress], Awaitable[None]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the tenant whose jobs these are ("" on stdio and the command line), the directories whose files may be
    named, and, with `sees_all`, whether other tenants' jobs are visible."""

    tenant: str = ""
    directories: tuple[Path, ...] = ()
    sees_all: bool = True
    outputs: tuple[Path, ...] = ()


class Forge:
    """One per process, made by `open_forge`."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        assets: AssetDirectory,
        planner: Planner,
        roster: Roster,
        worker: Worker,
        references: References,
        inquiry: Inquiry,
        clock: Clock,
    ) -> None:
        self.config = config
        self.planner = planner
        self.roster = roster
        self.assets = assets
        self.registry = registry
        self.inquiry = inquiry
        self._worker = worker
        self._references = references
        self._clock = clock

    def caller(self) -> Caller:
        """A caller on this machine: the command line, or a client that spawned us."""
        return Caller(directories=(*self.config.output_dirs, self.config.home), outputs=self.config.output_dirs)

    # Generate -----------------------------------------------------------------------------------------------------

    async def submit(self, request: ImageRequest, caller: Caller, *, request_id: str | None = None) -> Job:
        """Record a job and start it; with an idempotency key that is known: the job that has it.

        Raises:
            RequestError: nothing was recorded and nothing will be spent.
            NoImageProvider, AllRateLimited: likewise.
        """
        request, save_root = await self._settled(request, caller)
        existing = await self.registry.jobs.of_key(request, caller.tenant)
        if existing is not None:
            return existing
        ranked = await self.planner.candidates(request)
        if nearest_rest(ranked) > PATIENCE:
            raise all_resting(ranked)
        prompt, logic = self._final_prompt(request, ranked[0])
        new = NewJob(
            job_id=self._clock.new_id(),
            request=request,
            request_id=request_id or f"req_{self._clock.new_id()}",
            final_prompt=prompt,
            enhancement_logic=logic,
            quality_tier=request.quality_tier,
            deadline=self._clock.now() + timedelta(seconds=self.config.job_deadline),
            reserve_usd=ranked[0].price_usd or 0.0,
            tenant=caller.tenant,
            save_root=save_root,
        )
        caps = Caps(daily_usd=self.config.daily_budget_usd, monthly_usd=self.config.monthly_budget_usd)
        job, created = await self.registry.jobs.open(new, caps)
        if created:
            self._worker.start(job)
        return job

    async def _settled(self, request: ImageRequest, caller: Caller) -> tuple[ImageRequest, str | None]:
        """The request with its template applied, its references in our store and its `save_to` made absolute; and the
        allowed directory that `save_to` is in."""
        if request.template is not None:
            request = with_template(request, find_template(request.template, self.config.templates))
        save_root, changes = None, dict[str, object]()
        if request.save_to is not None:
            path, root = files.place_output(request.save_to, caller.outputs)
            changes["save_to"], save_root = str(path), str(root)
        if request.input_images:
            changes["input_images"] = await self._references.resolve(request.input_images, caller.directories)
        if request.mask is not None:
            [changes["mask"]] = await self._references.resolve([request.mask], caller.directories)
        return request.model_copy(update=changes), save_root

    def _final_prompt(self, request: ImageRequest, first: Candidate) -> tuple[str, str]:
        """The prompt with what is added to it, and why; an instruction and a drawing take no boosters unless asked."""
        if request.enhance is None and (request.is_edit or first.provider == LOCAL):
            reason = (
                "an instruction is passed on as it is" if request.is_edit else "the illustrator has no use for boosters"
            )
            return request.prompt, f"Nothing added: {reason}."
        tier = self.planner.router.catalog.tiers[request.quality_tier]
        return boosted(request.prompt, request.quality_tier, tier.boosters, request.enhance)

    async def submit_batch(self, requests: Sequence[ImageRequest], caller: Caller, request_id: str) -> str:
        """Each request as a job of its own under one batch id; one that is refused does not stop the others."""
        batch_id = f"{BATCH}{self._clock.new_id()}"
        items: list[str | Json] = []
        for request in requests:
            try:
                items.append((await self.submit(request, caller)).job_id)
            except ForgeError as error:
                items.append(error.body(request_id))
        await self.registry.jobs.add_batch(batch_id, caller.tenant, items)
        return batch_id

    async def batch(self, batch_id: str, caller: Caller, wait_seconds: float = 0.0) -> list[Job | Json]:
        """What became of each item of a batch, in their order: its job, or the error that stood in its way; waits for
        the end of all jobs at most `wait_seconds`.

        Raises:
            NotFound: no such batch, or not this caller's.
        """
        tenant = None if caller.sees_all else caller.tenant
        items = await self.registry.jobs.of_batch(batch_id, tenant)
        if not items:
            raise NotFound("No such batch; call check_job without job_id for the recent jobs.", job_id=batch_id[:64])
        await self.wait_for_all([item.job_id for item in items if isinstance(item, Job)], wait_seconds)
        return await self.registry.jobs.of_batch(batch_id, tenant)

    async def wait_for_all(self, job_ids: Sequence[str], seconds: float) -> None:
        """Return when every job has ended, or after `seconds`."""
        with self._clock.move_on_after(seconds):
            for job_id in job_ids if seconds > 0 else ():
                await self.wait(job_id, seconds)

    async def generate(
        self,
        request: ImageRequest,
        caller: Caller,
        request_id: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Job:
        """Submit and, if the request says so, wait as long as the configuration allows. A caller that is cancelled
        before anything was sent leaves nothing behind; after that the job goes on without it."""
        job = await self.submit(request, caller, request_id=request_id)
        if not request.sync:
            return job
        try:
            return await self.wait(job.job_id, self.config.sync_wait, on_progress)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                running = self._worker.running(job.job_id)
                if running is not None and not running.underway.is_sent:
                    await self._worker.cancel(job.job_id)
            raise

    async def wait(self, job_id: str, seconds: float, on_progress: OnProgress | None = None) -> Job:
        """The job when it has ended, or as it stands after `seconds`."""
        started = self._clock.monotonic()
        with self._clock.move_on_after(seconds):
            while True:
                running = self._worker.running(job_id)
                if running is None and (await self.registry.jobs.state(job_id)).is_final:
                    break
                running = running or self._worker.running(job_id)
                step = PROGRESS_STEP if running else WAIT_STEP
                with self._clock.move_on_after(step):
                    if running:
                        await running.done.wait()
                    else:
                        await self._clock.sleep(step)
                if on_progress is not None and not (running and running.done.is_set()):
                    await on_progress(await self._progress(job_id, self._clock.monotonic() - started))
        return await self.registry.jobs.get(job_id)

    async def _progress(self, job_id: str, elapsed: float) -> Progress:
        """The upstream's own figure where there is one, else elapsed time against the model's usual time; says
        which."""
        running = self._worker.running(job_id)
        job = None if running else await self.registry.jobs.get(job_id)
        reported = running.progress if running else job.progress if job else None
        if reported is not None and reported.fraction is not None:
            return replace(reported, message=f"{reported.message} (reported by the provider)")
        usual = await self._usual_seconds(job_id)
        fraction = min(0.95, elapsed / usual) if usual else None
        about = f"{elapsed:.0f} s of usually {usual:.0f} s (estimated)" if usual else f"{elapsed:.0f} s"
        return Progress(message=f"{reported.message}, {about}" if reported else about, fraction=fraction)

    async def _usual_seconds(self, job_id: str) -> float | None:
        job = await self.registry.jobs.get(job_id)
        member = self.roster.get(job.provider or "")
        model = next((m for m in member.models if m.slug == job.model), None) if member else None
        return model.latency if model else None

    # Jobs -----------------------------------------------------------------------------------------------------------

    async def job(
        self, job_id: str, caller: Caller, wait_seconds: float = 0.0, on_progress: OnProgress | None = None
    ) -> Job:
        """Any job of the registry, whichever process made it; waits for its end at most `wait_seconds`.

        Raises:
            NotFound: no such job, or not this caller's.
        """
        await self._check_visible(job_id, caller)
        if wait_seconds > 0:
            return await self.wait(job_id, wait_seconds, on_progress)
        return await self.registry.jobs.get(job_id)

    async def recent_jobs(self, limit: int, caller: Caller) -> list[Job]:
        return await self.registry.jobs.recent(limit, None if caller.sees_all else caller.tenant)

    async def cancel(self, job_id: str, caller: Caller) -> tuple[Job, bool]:
        """Ask for a job's end; the job, and whether it had ended before.

        Work that a provider cannot call off goes on, and its image is kept.
        """
        await self._check_visible(job_id, caller)
        is_open = await self.registry.jobs.request_cancel(job_id)
        if is_open:
            await self._worker.cancel(job_id)
            running = self._worker.running(job_id)
            if running is not None and running.underway.scope.cancel_called:
                await running.done.wait()
            elif running is None:
                await self.wait(job_id, 5.0)
        return await self.registry.jobs.get(job_id), not is_open

    async def _check_visible(self, job_id: str, caller: Caller) -> None:
        tenant = await self.registry.jobs.tenant(job_id)
        if tenant is None or not (caller.sees_all or tenant == caller.tenant):
            raise NotFound("No such job; call check_job without job_id to list the recent ones.", job_id=job_id[:64])

    # Images ---------------------------------------------------------------------------------------------------------

    async def asset(self, asset_id: str) -> tuple[Asset, bytes]:
        """An image and its exact bytes.

        Raises:
            NotFound: not in the store.
        """
        asset = await self.registry.assets.find(asset_id)
        if asset is None:
            raise NotFound("There is no asset of that id in the store.", asset_id=asset_id[:64])
        return asset, await anyio.to_thread.run_sync(self.assets.read, asset)

    async def preview(self, asset: Asset, max_bytes: int) -> bytes | None:
        """A small JPEG rendition, kept for the next time; None when the image is gone or a vector drawing."""
        if asset.mime_type == media.SVG:
            return None
        max_px = self.config.preview_max_px
        kept = await anyio.to_thread.run_sync(self.assets.preview, asset, max_px)
        if kept is not None and len(kept) <= max_bytes:
            return kept
        try:
            data = await anyio.to_thread.run_sync(self.assets.read, asset)
        except NotFound:
            return None
        rendition = await anyio.to_thread.run_sync(partial(media.preview, data, max_px, max_bytes))
        await anyio.to_thread.run_sync(self.assets.keep_preview, asset, max_px, rendition)
        return rendition

    # Models ---------------------------------------------------------------------------------------------------------

    async def models(self, wanted: Filter, cursor: str | None = None, *, is_paged: bool = True) -> Json:
        """The tiers with their live routing order, and the models (a page of them) with state, price and health.

        Raises:
            InvalidRequest: no such provider or capability.
        """
        await self.planner.refresh()
        router, now = self.planner.router, self._clock.now()
        catalog = router.catalog
        if wanted.provider is not None:
            wanted = replace(wanted, provider=self._provider_name(wanted.provider))
        known = capabilities(catalog.models)
        if wanted.capability is not None and wanted.capability not in known:
            raise InvalidRequest(
                f"There is no such capability; there are {', '.join(known)}.", field="capability", allowed=known
            )
        tiers = [wanted.tier] if wanted.tier else list(QualityTier)
        orders = {tier: await self._order(tier) for tier in tiers}
        entries = list_models(catalog, self.roster, self.planner.health, now, wanted)
        shown, following = page(entries, cursor) if is_paged else (entries, None)
        answer: Json = {"tiers": by_tier(orders, catalog), "models": shown, "total": len(entries)}
        return answer | ({"next_cursor": following} if following else {})

    async def _order(self, tier: QualityTier, limit: int = 3) -> list[Json]:
        """Who would be tried first for a tier now, and why."""
        try:
            ranked = await self.planner.order_of_tier(tier)
        except NoImageProvider:
            return []
        return [{"candidate": candidate.name, "why": candidate.reason} for candidate in ranked[:limit]]

    def _provider_name(self, name: str) -> str:
        known = dict(self.planner.router.known_providers) | {member: member for member in self.roster}
        if name.lower() not in known:
            names = sorted(set(known.values()))
            raise InvalidRequest(
                f"There is no provider of that name; there are {', '.join(names)}.", field="provider", allowed=names
            )
        return known[name.lower()]

    # Usage ------------------------------------------------------------------------------------------------------------

    async def usage(self, period: str, project_id: str | None, caller: Caller) -> Json:
        """Images and cost of a period (`day`, `month` or `all`, by UTC), what is left of the budgets, and of the user's
        own daily limits."""
        now = self._clock.now()
        since = usage.start_of(period, now)
        tenant = None if caller.sees_all else caller.tenant
        rows = await self.registry.jobs.usage(first_id(since), project_id, tenant)
        day, month = await self.registry.jobs.committed()
        caps = {"daily": self.config.daily_budget_usd, "monthly": self.config.monthly_budget_usd}
        quotas = {}
        for name, member in self.roster.items():
            if (most := member.settings.limits.per_day) is not None:
                midnight = day_start(now, member.settings.limits.reset_timezone)
                used = await self.registry.jobs.calls_since(name, midnight)
                quotas[name] = {"calls_a_day": most, "used": used, "left": max(0, most - used)}
        return {
            "period": period,
            "since": since.isoformat(),
            **usage.summary(rows),
            "budgets": usage.budgets(caps, {"daily": day, "monthly": month}),
            "quotas": quotas,
        }
