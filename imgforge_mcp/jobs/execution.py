"""One job's way: candidates in turn, one attempt per upstream call, fail-over, what came stored before the job ends."""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp.base.clock import Clock, day_start
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import (
    Ambiguous,
    BudgetExceeded,
    ContentRefused,
    ForgeError,
    Interrupted,
    ProviderAuth,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    StorageError,
)
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.types import Asset, Attempt, AttemptState, Job, JobState, Progress
from imgforge_mcp.jobs.outcome import Cause, account, all_failed, cost_of, is_billed, out_of_time
from imgforge_mcp.jobs.planner import PATIENCE, Planner, all_resting, nearest_rest
from imgforge_mcp.jobs.preparation import Preparation
from imgforge_mcp.media import Sound, rendition
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.contract import Call, Operation
from imgforge_mcp.providers.driver import Driver, Result, Run
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.images import AssetDirectory
from imgforge_mcp.storage.registry.contract import Caps, Ending, LeaseLost, NewAttempt, Registry, Settlement, Stop

logger = logging.getLogger(__name__)

MAX_CANDIDATES = 3
PREVIEW_BYTES = 500_000
"""What one preview may take of a tool's result; several images have to share, and are encoded smaller when shown."""
RESUME_SECONDS = 30.0
"""How long work that was accepted before a restart is asked about at least, its deadline passed or not: it was paid."""
CHANGED_BY_LOCAL = "Changed on this machine by the embedded engine, not by a diffusion model."
DRAWN_BY_LOCAL = "Composed by the embedded illustrator, not by a diffusion model."


@dataclass(slots=True)
class Underway:
    """What is known in this process about a job that runs here."""

    job: Job
    deadline: float
    report: Callable[[Progress], None]
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    operations: dict[int, tuple[str, Call, Operation]] = field(default_factory=dict)
    is_sent: bool = False
    warnings: list[str] = field(default_factory=list)
    maybe_spent: float = 0.0


class Execution:
    """Runs one job to its end. Whoever calls it holds the job's lease."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        assets: AssetDirectory,
        planner: Planner,
        providers: ConfiguredProviders,
        driver: Driver,
        clock: Clock,
        redactor: Redactor,
    ) -> None:
        self._config = config
        self._registry = registry
        self._assets = assets
        self._planner = planner
        self._providers = providers
        self._driver = driver
        self._clock = clock
        self._redactor = redactor
        self._preparation = Preparation(registry, assets)
        self._gates: dict[str, anyio.CapacityLimiter] = {}
        self._caps = Caps(daily_usd=config.daily_budget_usd, monthly_usd=config.monthly_budget_usd)

    def begin(self, job: Job, report: Callable[[Progress], None]) -> Underway:
        left = (job.deadline - self._clock.now()).total_seconds()
        if any(attempt.state is AttemptState.ACCEPTED for attempt in job.attempts):
            left = max(left, RESUME_SECONDS)
        return Underway(
            job=job,
            deadline=self._clock.monotonic() + left,
            report=report,
            warnings=list(job.warnings),
            maybe_spent=sum(attempt.cost_usd or 0.0 for attempt in job.attempts if attempt.maybe_billed),
        )

    async def run(self, underway: Underway) -> None:
        """Take the job to its end and record it.

        Raises:
            Stop: another process has it now, or it was canceled before anything was sent.
        """
        try:
            await self._settle_lost(underway)
            pending = [a for a in underway.job.attempts if a.state is AttemptState.ACCEPTED]
            if pending:
                await self._resume(underway, pending)
            elif not underway.job.assets:
                self._refuse_interrupted(underway.job)
                await self._pursue(underway)
        except ForgeError as error:
            if not (await self._registry.jobs.get(underway.job.job_id)).assets:
                await self._finish(underway, error)
                return
            underway.warnings.append(error.message)
        await self._finish(underway, None)

    async def cancel_upstream(self, underway: Underway) -> bool:
        """Whether everything that was sent could be called off."""
        if not underway.is_sent:
            return True
        for provider, call, operation in list(underway.operations.values()):
            configured = self._providers[provider]
            if not await self._driver.cancel(configured.provider, configured.settings, call, operation):
                return False
        return bool(underway.operations)

    async def finish_canceled(self, underway: Underway) -> None:
        """Record a cancellation; what was sent is settled as such."""
        job = await self._registry.jobs.get(underway.job.job_id)
        for attempt in job.attempts:
            if attempt.ended_at is None:
                await self._settle(job.job_id, attempt.attempt_id, Settlement(outcome="canceled", cost_usd=0.0))
        await self._registry.jobs.finish(job.job_id, Ending(state=JobState.CANCELED, warnings=tuple(underway.warnings)))

    async def finish_defective(self, underway: Underway) -> None:
        """Record that a defect of ours ended the job."""
        error = ForgeError("A defect of imgforge-mcp; look up the request id in its log.")
        await self._finish(underway, error)

    # After a restart ------------------------------------------------------------------------------------------------

    async def _settle_lost(self, underway: Underway) -> None:
        """Calls that were sent by a process that is gone, and whose answer nobody has: never sent again."""
        for attempt in underway.job.attempts:
            if attempt.state is AttemptState.SENT:
                is_free = self._providers.is_local(attempt.provider)
                cost = 0.0 if is_free else attempt.price_usd
                end = Settlement(outcome="interrupted", maybe_billed=not is_free, cost_usd=cost)
                await self._settle(underway.job.job_id, attempt.attempt_id, end)

    def _refuse_interrupted(self, job: Job) -> None:
        lost = [a for a in job.attempts if _is_lost(a) and not self._providers.is_local(a.provider)]
        if lost:
            raise Interrupted(
                f"The process ended after the request was sent to {lost[0].provider} and before its answer came; it "
                "may have been billed and is not repeated. Send the request again, with a new idempotency_key, to buy "
                "it anew.",
                provider=lost[0].provider,
            )

    async def _resume(self, underway: Underway, pending: Sequence[Attempt]) -> None:
        """Go on asking about work that was accepted before the restart."""
        underway.is_sent = True
        failures = await _together([partial(self._ask_again, underway, attempt) for attempt in pending])
        if failures and self._left(underway) <= 0:
            raise out_of_time(underway.job) from failures[0]
        if failures:
            raise failures[0]

    async def _ask_again(self, underway: Underway, attempt: Attempt) -> None:
        configured = self._providers.get(attempt.provider)
        model = next((m for m in configured.models if m.slug == attempt.model), None) if configured else None
        if configured is None or model is None or attempt.operation is None:
            raise Interrupted(f"{attempt.provider} is no longer configured; its job cannot be asked about.")
        call = await self._preparation.call(underway.job, configured, model, with_inputs=False)
        operation = Operation.from_json(attempt.operation)
        await self._one_call(underway, attempt.attempt_id, attempt.provider, call, operation)

    # The fail-over loop -----------------------------------------------------------------------------------------------

    async def _pursue(self, underway: Underway) -> None:
        """Try candidates, at most three, different providers before a second model of one; then the embedded engine,
        where the user has made it the last resort.

        Raises:
            ForgeError: nobody made an image.
        """
        if self._left(underway) <= 0:
            raise out_of_time(underway.job)
        await anyio.to_thread.run_sync(self._assets.prepare)
        causes: list[Cause] = []
        while (candidate := await self._next(underway, causes)) is not None:
            try:
                await self._try(underway, candidate, len(causes) + 1)
            except (ProviderError, BudgetExceeded) as error:
                if isinstance(error, BudgetExceeded) and not causes:
                    raise
                causes.append((candidate, error))
                if self._left(underway) <= 0:
                    raise out_of_time(underway.job) from error
                continue
            underway.warnings.extend(candidate.warnings)
            if candidate.is_local:
                is_edit = underway.job.request.is_edit
                underway.warnings.insert(0, CHANGED_BY_LOCAL if is_edit else DRAWN_BY_LOCAL)
            return
        raise all_failed(causes, self._key_variables)

    async def _next(self, underway: Underway, causes: Sequence[Cause]) -> Candidate | None:
        """The best candidate that may be tried now; waits a little when all of them rest. A provider that may have
        billed for this job before a restart is not asked again."""
        billed = {attempt.provider for attempt in underway.job.attempts if attempt.maybe_billed}
        while True:
            ranked = [c for c in await self._planner.candidates(underway.job.request) if c.provider not in billed]
            allowed = [c for c in _fresh(ranked, causes) if self._is_within_limit(underway, c)]
            if len(causes) >= MAX_CANDIDATES:
                allowed = [candidate for candidate in allowed if candidate.is_local]
            if not allowed:
                return None
            seconds = nearest_rest(allowed)
            if seconds <= 0:
                return allowed[0]
            if causes:
                return None
            if seconds > min(PATIENCE, self._left(underway)):
                raise all_resting(allowed)
            underway.report(Progress(message=f"waiting {seconds:.0f} s for {allowed[0].name} to be ready again"))
            await self._clock.sleep(seconds)

    def _is_within_limit(self, underway: Underway, candidate: Candidate) -> bool:
        """After an ambiguous failure the next one must fit into what the request's cost limit leaves."""
        limit = self._planner.max_cost(underway.job.request)
        if limit is None or not underway.maybe_spent:
            return True
        return underway.maybe_spent + (candidate.price_usd or 0.0) <= limit + 1e-9

    async def _try(self, underway: Underway, candidate: Candidate, choice: int) -> None:
        """One candidate: all the calls that n images take, at once within the provider's limits; some images suffice.

        Raises:
            ForgeError: not one image came.
        """
        job, configured = underway.job, self._providers[candidate.provider]
        call = await self._preparation.call(job, configured, candidate.model)
        parts = _parts(replace(call, reference=job.job_id), job.request.n)
        reason = f"choice {choice}: {candidate.reason}"
        failures = await _together(
            [partial(self._attempt, underway, candidate, part, number, reason) for number, part in enumerate(parts)]
        )
        if len(failures) == len(parts):
            raise next((error for error in failures if isinstance(error, ContentRefused)), failures[0])
        underway.warnings.extend(call.warnings)
        if failures:
            underway.warnings.append(f"{len(failures)} of {len(parts)} calls failed: {failures[0].message}")

    def _gate(self, provider: str) -> anyio.CapacityLimiter:
        """How many calls of this process a provider gets at once."""
        if provider not in self._gates:
            configured = self._providers[provider]
            most = configured.settings.limits.concurrency or configured.provider.manifest.concurrency
            self._gates[provider] = anyio.CapacityLimiter(most)
        return self._gates[provider]

    async def _attempt(self, underway: Underway, candidate: Candidate, call: Call, part: int, reason: str) -> None:
        limits = self._providers[candidate.provider].settings.limits
        new = NewAttempt(
            part=part,
            provider=candidate.provider,
            model=candidate.model.slug,
            images=call.n,
            reason=reason,
            price_usd=call.listed_cost(),
            settings=candidate.settings_hash,
            per_minute=limits.per_minute,
            per_day=limits.per_day,
            day_start=day_start(self._clock.now(), limits.reset_timezone),
            is_trial=candidate.vitals.is_trial and part == 0,
        )
        async with self._gate(candidate.provider):
            attempt_id = await self._registry.jobs.start_attempt(underway.job.job_id, new, self._caps)
            underway.is_sent = underway.is_sent or not candidate.is_local
            logger.info("job %s asks %s (%s)", underway.job.job_id, candidate.name, reason)
            underway.report(Progress(message=f"asked {candidate.name}"))
            await self._one_call(underway, attempt_id, candidate.provider, call, None)

    async def _one_call(
        self, underway: Underway, attempt_id: int, provider: str, call: Call, operation: Operation | None
    ) -> None:
        """Run one recorded call to its end, store what came, settle it.

        Raises:
            ForgeError: it brought nothing.
        """
        job_id, configured = underway.job.job_id, self._providers[provider]
        started = self._clock.monotonic()

        async def accepted(operation: Operation) -> None:
            underway.operations[attempt_id] = (provider, call, operation)
            await self._registry.jobs.accept(job_id, attempt_id, operation.to_json())

        run = Run(
            provider=configured.provider,
            settings=configured.settings,
            call=call,
            deadline=underway.deadline,
            accepted=accepted,
            report=underway.report,
        )
        if operation is not None:
            underway.operations[attempt_id] = (provider, call, operation)
        try:
            result = await self._driver.run(run, operation)
            stored = await self._store(result)
        except ForgeError as error:
            await self._settle_failure(underway, attempt_id, provider, call, self._cleaned(error), started)
            raise
        finally:
            underway.operations.pop(attempt_id, None)
        underway.warnings.extend(self._redactor.text(warning) for warning in result.warnings)
        cost = result.cost_usd if result.cost_usd is not None else call.listed_cost()
        basis = "reported" if result.cost_usd is not None else "listed"
        end = Settlement(outcome=f"ok_{basis}", succeeded=True, latency_ms=self._since(started), cost_usd=cost)
        try:
            await self._settle(job_id, attempt_id, end, stored)
        except LeaseLost:
            await self._registry.jobs.deliver_late(job_id, attempt_id, end, stored)
            raise
        if self._config.preview:
            for asset, image in zip(stored, result.images, strict=True):
                await anyio.to_thread.run_sync(self._keep_preview, asset, image.sound)

    def _keep_preview(self, asset: Asset, sound: Sound) -> None:
        """From the pixels at hand, so that they need not be decoded again. By now the image is safe; what fails here
        is met again when the preview is wanted."""
        if sound.picture is not None:
            with suppress(OSError, ValueError, MemoryError):
                size = self._config.preview_max_px
                self._assets.keep_rendition(asset, size, rendition(sound.picture, size, PREVIEW_BYTES))

    async def _evict(self) -> None:
        """Keep the store within its cap, now that something was added."""
        await self._registry.assets.count_renditions(self._assets.take_rendition_bytes())
        await self._registry.assets.evict(self._config.cache_max_bytes)

    async def _store(self, result: Result) -> tuple[Asset, ...]:
        """Every image in the store before anything else can fail; its record joins the attempt's settlement."""
        stored = []
        for image in result.images:
            sound = image.sound
            keep = partial(self._assets.keep, image.staged, sound.mime_type, sound.width, sound.height)
            with anyio.CancelScope(shield=True):
                asset = await anyio.to_thread.run_sync(keep)
            stored.append(replace(asset, seed=image.seed))
        return tuple(stored)

    # Settling ---------------------------------------------------------------------------------------------------------

    async def _settle_failure(
        self, underway: Underway, attempt_id: int, provider: str, call: Call, error: ForgeError, started: float
    ) -> None:
        cost = call.listed_cost()
        is_theirs = isinstance(error, ProviderError)
        maybe_billed = isinstance(error, StorageError) or (isinstance(error, ProviderError) and error.maybe_billed)
        maybe_billed = maybe_billed and cost != 0
        outcome = error.outcome if isinstance(error, ProviderError) else error.code
        rest = None
        if isinstance(error, ProviderError) and (error.rests or error.retry_after is not None):
            rest = self._planner.health.rest_seconds(provider, call.model.slug, outcome, error.retry_after)
        if isinstance(error, RateLimited | QuotaExceeded) and error.retry_after is None:
            error.retry_after = rest
        if maybe_billed:
            underway.maybe_spent += cost or 0.0
        end = Settlement(
            outcome=outcome,
            message=account(error),
            latency_ms=self._since(started),
            cost_usd=cost if maybe_billed else 0.0,
            maybe_billed=maybe_billed,
            health_cost=error.health_cost if isinstance(error, ProviderError) and is_theirs else 0.0,
            rest_seconds=rest,
        )
        await self._settle(underway.job.job_id, attempt_id, end)

    async def _settle(self, job_id: str, attempt_id: int, end: Settlement, assets: tuple[Asset, ...] = ()) -> None:
        with anyio.CancelScope(shield=True):
            await self._registry.jobs.settle(job_id, attempt_id, end, assets)
        logger.info("job %s: attempt %s ended: %s after %s ms", job_id, attempt_id, end.outcome, end.latency_ms)

    async def _finish(self, underway: Underway, error: ForgeError | None) -> None:
        job = await self._registry.jobs.get(underway.job.job_id)
        missing = job.request.n - len(job.assets)
        if error is None and missing > 0:
            underway.warnings.append(f"{missing} of {job.request.n} images are missing.")
        cost, basis = cost_of(job)
        saved = await self._saved(job, underway) if error is None and job.request.save_to else ()
        ending = Ending(
            state=JobState.COMPLETED if error is None else JobState.FAILED,
            error=None if error is None else self._redactor.value(self._cleaned(error).body(job.request_id)),
            warnings=tuple(dict.fromkeys(underway.warnings)),
            saved_to=saved,
            cost_usd=cost,
            cost_basis=basis,
        )
        with anyio.CancelScope(shield=True):
            await self._registry.jobs.finish(job.job_id, ending)
        if job.assets:
            await self._evict()

    async def _saved(self, job: Job, underway: Underway) -> tuple[str, ...]:
        """Copies at `save_to`; a failure there is a warning, for the image itself is safe in the store."""
        saved = []
        for asset in job.assets:
            try:
                data = await anyio.to_thread.run_sync(self._assets.read, asset)
                path, roots = job.request.save_to or "", (Path(job.save_root or ""),)
                write = partial(paths.write_output, path, roots, data, EXTENSIONS[asset.mime_type])
                saved.append(str(await anyio.to_thread.run_sync(write)))
            except ForgeError as error:
                underway.warnings.append(f"Not saved to save_to: {error.message}")
        return tuple(saved)

    def _cleaned(self, error: ForgeError) -> ForgeError:
        """The error without any secret that a provider may have echoed."""
        error.message = self._redactor.text(error.message)
        error.details = self._redactor.value(error.details)
        return error

    def _key_variables(self, provider: str) -> tuple[str, ...]:
        return self._providers[provider].provider.manifest.key_variables[:1] or (f"the key of {provider}",)

    def _left(self, underway: Underway) -> float:
        return underway.deadline - self._clock.monotonic()

    def _since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)


async def _together(calls: Sequence[Callable[[], Awaitable[None]]]) -> list[ForgeError]:
    """Make all calls at once; the failures of those that failed.

    Raises:
        Stop: one of them must not go on, so the job must not either.
    """
    failures: list[ForgeError] = []
    stops: list[Stop] = []

    async def one(call: Callable[[], Awaitable[None]]) -> None:
        try:
            await call()
        except ForgeError as error:
            failures.append(error)
        except Stop as stop:
            stops.append(stop)

    async with anyio.create_task_group() as tasks:
        for call in calls:
            tasks.start_soon(one, call)
    if stops:
        raise stops[0]
    return failures


def _is_lost(attempt: Attempt) -> bool:
    """Whether it was sent by a process that died before the answer came, settled as such or not yet."""
    return attempt.state is AttemptState.SENT or (attempt.outcome == "interrupted" and attempt.maybe_billed)


def _parts(call: Call, n: int) -> list[Call]:
    """The calls that make `n` images; each has a reference of its own and, with a seed, one that counts up, so that no
    two are the same."""
    sizes = [min(call.n, n - start) for start in range(0, n, call.n)]
    seeds = [None if call.seed is None else call.seed + number * call.n for number in range(math.ceil(n / call.n))]
    return [
        replace(call, n=size, seed=seed, reference=f"{call.reference}-{number}")
        for number, (size, seed) in enumerate(zip(sizes, seeds, strict=True))
    ]


def _fresh(ranked: Sequence[Candidate], causes: Sequence[Cause]) -> list[Candidate]:
    """Candidates not tried yet, other providers first; a provider whose failure concerns its account, or may have been
    billed, is not asked again."""
    tried = {candidate.name for candidate, _ in causes}
    used = {candidate.provider for candidate, _ in causes}
    closed = {c.provider for c, e in causes if isinstance(e, ProviderAuth | QuotaExceeded | Ambiguous) or is_billed(e)}
    left = [c for c in ranked if c.name not in tried and c.provider not in closed]
    return sorted(left, key=lambda c: (c.vitals.rest > 0, c.is_local, c.provider in used))
