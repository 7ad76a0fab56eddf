"""One upstream call from "recorded" to "settled": the only place that settles, so the money rule lives here.

A call ends in the books as paid (the provider's figure, else the price in its own record), free, or maybe billed at
that price. Free is only what never left, what was refused before work began, and what was called off with the
provider's own confirmation. Whatever else ends a call that was sent, a defect of ours included: maybe billed.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio

from imgforge_mcp.base.clock import Clock, day_start
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import (
    BadReply,
    ForgeError,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    StorageError,
    Unavailable,
)
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.tracing import note_outcome, upstream_call
from imgforge_mcp.base.types import Asset, Attempt, Job, Progress
from imgforge_mcp.jobs.delivery import Delivery
from imgforge_mcp.jobs.outcome import account, out_of_time, without_secrets
from imgforge_mcp.jobs.planner import Planner
from imgforge_mcp.jobs.running import HandedBack, RunningJob, UpstreamCall
from imgforge_mcp.providers.configured import ConfiguredProvider, ConfiguredProviders
from imgforge_mcp.providers.contract import Call, Operation
from imgforge_mcp.providers.driver import Driver, Result, Run
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.routing.pricing import dollars
from imgforge_mcp.storage.registry.contract import (
    CancelRequested,
    Caps,
    EndingOf,
    LeaseLost,
    NewAttempt,
    NoPlace,
    Registry,
    Settlement,
    Stop,
)

logger = logging.getLogger(__name__)

SLOW = "slow"
"""The lane of what waits its turn for a lower price."""
BATCHES = 1000
"""How many calls of one provider wait their turn at once; they hold none of its places meanwhile."""
PLACE_SECONDS = 0.25
"""How often it is looked for a place that other processes have."""
RECORD_WAITS = (0.5, 1.0, 2.0)
"""Seconds between the tries to put a settlement on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a call brought: the provider's answer, and its pictures in our store; or why not one of them is there."""

    result: Result
    assets: tuple[Asset, ...] = ()
    unstored: StorageError | None = None


class Attempts:
    """Makes upstream calls, one by one. Whatever happens to one, it is settled with what is known."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        planner: Planner,
        providers: ConfiguredProviders,
        driver: Driver,
        delivery: Delivery,
        clock: Clock,
        redactor: Redactor,
    ) -> None:
        self._registry = registry
        self._planner = planner
        self._providers = providers
        self._driver = driver
        self._delivery = delivery
        self._clock = clock
        self._redactor = redactor
        self._gates: dict[tuple[str, str], anyio.CapacityLimiter] = {}
        self._caps = Caps(daily_usd=config.daily_budget_usd, monthly_usd=config.monthly_budget_usd)

    # Making, resuming, writing off ----------------------------------------------------------------------------------

    async def make(
        self,
        running: RunningJob,
        candidate: Candidate,
        call: Call,
        part: int,
        reason: str,
        ending: EndingOf | None = None,
    ) -> None:
        """Wait for a free place at the provider, record the call, send it, see it to its end. With an `ending` the job
        ends with its settlement, if it brings a picture.

        Raises:
            ForgeError: it brought nothing.
            Stop: it must not be sent, or was called off.
        """
        configured = self._providers[candidate.provider]
        lane = SLOW if call.is_batch else candidate.model.lane
        async with self._place(running, candidate.provider, lane):
            new = self._new(configured, candidate, call, part, reason)
            attempt_id = await self._recorded(running, new)
            upstream = UpstreamCall(
                attempt_id=attempt_id, configured=configured, call=call, price_usd=new.price_usd, ending=ending
            )
            logger.info("job %s asks %s (%s)", running.job.job_id, candidate.name, reason)
            running.report(Progress(message=f"asked {candidate.name}"))
            await self._to_its_end(running, upstream)

    async def _recorded(self, running: RunningJob, new: NewAttempt) -> int:
        """Put a call on record, as soon as other processes leave a place for it.

        Raises:
            ForgeError, Stop: it must not be sent.
        """
        while True:
            try:
                with anyio.CancelScope(shield=True):  # what is on record must be known here, or nobody settles it
                    return await self._registry.jobs.start_attempt(running.job.job_id, new, self._caps)
            except NoPlace:
                left = running.deadline - self._clock.monotonic()
                with running.waiting():
                    await self._clock.sleep(min(PLACE_SECONDS, left))
            if running.is_parting:
                raise HandedBack
            if running.is_canceled:
                raise CancelRequested
            if running.deadline <= self._clock.monotonic():
                raise out_of_time(running.job, is_billed=running.may_be_billed)

    async def resume(
        self, running: RunningJob, attempt: Attempt, configured: ConfiguredProvider, call: Call, operation: Operation
    ) -> None:
        """Go on asking about a call that was accepted before a restart, or call it off where the job is to end. Raises
        what `make` raises."""
        upstream = UpstreamCall(
            attempt_id=attempt.attempt_id,
            configured=configured,
            call=call,
            price_usd=attempt.price_usd,
            operation=operation,
            is_sent=True,
        )
        await self._to_its_end(running, upstream)

    async def write_off(self, running: RunningJob, attempt: Attempt, message: str | None = None) -> None:
        """Settle a call whose answer nobody will ever have: it may have been billed, unless it costs nothing."""
        is_free = self._providers.is_local(attempt.provider) or attempt.price_usd == 0
        cost = 0.0 if is_free else attempt.price_usd
        end = Settlement(outcome="interrupted", message=message, maybe_billed=not is_free, cost_usd=cost)
        if not is_free:
            running.doubt(cost)
        await self._record(running, attempt.attempt_id, end)

    async def write_off_open(self, running: RunningJob, *, is_any: bool = False) -> None:
        """Settle what is still open of a job that is about to end: a call of an earlier process that nobody asks about
        any more; with `is_any` one of this process too."""
        if is_any or any(attempt.ended_at is None for attempt in running.earlier):
            job = await self._registry.jobs.get(running.job.job_id)
            for attempt in job.attempts:
                if attempt.ended_at is None:
                    await self.write_off(running, attempt)

    async def call_off(self, running: RunningJob) -> None:
        """Ask for the end of every call that is out; one that cannot be called off goes on, and what it brings is
        kept."""
        async with anyio.create_task_group() as tasks:
            for upstream in list(running.calls.values()):
                tasks.start_soon(self._call_off, upstream)

    async def _call_off(self, upstream: UpstreamCall) -> bool:
        """End one call if nothing of it has left, or if its provider confirms that it stops; whether it ends."""
        if upstream.is_called_off:
            return True
        is_over = upstream.is_local or not upstream.is_sent
        if not is_over and upstream.operation is not None:
            configured = upstream.configured
            is_over = await self._driver.cancel(
                configured.provider, configured.settings, upstream.call, upstream.operation
            )
        if is_over:
            upstream.is_called_off = True
            upstream.scope.cancel()
        return is_over

    def _new(
        self, configured: ConfiguredProvider, candidate: Candidate, call: Call, part: int, reason: str
    ) -> NewAttempt:
        limits = configured.settings.limits
        return NewAttempt(
            part=part,
            provider=candidate.provider,
            model=candidate.model.slug,
            images=call.n,
            reason=reason,
            price_usd=call.listed_cost(),
            settings=candidate.settings_hash,
            per_minute=limits.per_minute,
            per_day=limits.per_day,
            at_once=None if call.is_batch else limits.concurrency,
            day_start=day_start(self._clock.now(), limits.reset_timezone),
            is_trial=candidate.vitals.is_trial and part == 0,
        )

    @asynccontextmanager
    async def _place(self, running: RunningJob, provider: str, lane: str) -> AsyncIterator[None]:
        """One of the places that a provider (or the only one that a model's own queue, or one of the many that its slow
        lane) has for calls of this process; waits for it until the job's deadline.

        Raises:
            JobTimeout: no place was free in time; nothing was sent.
            CancelRequested: the job is to end.
            HandedBack: this process is.
        """
        gate, token = self._gate(provider, lane), object()
        with self._clock.move_on_after(running.deadline - self._clock.monotonic()), running.waiting() as wait:
            await gate.acquire_on_behalf_of(token)
        try:
            if running.is_parting:
                raise HandedBack
            if token not in gate.statistics().borrowers or running.deadline <= self._clock.monotonic():
                raise (
                    CancelRequested
                    if wait.cancelled_caught
                    else out_of_time(running.job, is_billed=running.may_be_billed)
                )
            yield
        finally:
            if token in gate.statistics().borrowers:
                gate.release_on_behalf_of(token)

    def _gate(self, provider: str, lane: str) -> anyio.CapacityLimiter:
        if (provider, lane) not in self._gates:
            configured = self._providers[provider]
            most = configured.settings.limits.concurrency or configured.provider.manifest.concurrency
            self._gates[provider, lane] = anyio.CapacityLimiter(BATCHES if lane == SLOW else 1 if lane else most)
        return self._gates[provider, lane]

    # One call ---------------------------------------------------------------------------------------------------------

    async def _to_its_end(self, running: RunningJob, upstream: UpstreamCall) -> None:
        name, call = upstream.configured.settings.name, upstream.call
        with upstream_call(name, call.model.slug, call.n, running.job.job_id):
            await self._seen_through(running, upstream)

    async def _seen_through(self, running: RunningJob, upstream: UpstreamCall) -> None:
        started = self._clock.monotonic()
        running.calls[upstream.attempt_id] = upstream
        brought: Brought | None = None
        try:
            with upstream.scope:
                # Its end may have been asked for while it went on record here, or before it was found there.
                if not (running.is_canceled and await self._call_off(upstream)):
                    brought = await self._brought(running, upstream)
        except ForgeError as error:
            await self._failed(running, upstream, error, started)
            raise
        except Stop:  # another process has the job, and with it the work that was accepted
            raise
        except Exception as error:  # a defect of ours or of a library: the provider may have worked all the same
            logger.exception("job %s: a defect in a call to %s", running.job.job_id, upstream.configured.settings.name)
            failure = _of_defect(error, is_sent=upstream.is_sent)
            await self._failed(running, upstream, failure, started)
            raise failure from error
        except BaseException:
            await self._torn_away(running, upstream, started)
            raise
        finally:
            running.calls.pop(upstream.attempt_id, None)
        if brought is None:
            is_free = upstream.is_free_when_stopped
            end = Settlement(
                outcome="canceled",
                latency_ms=self._since(started),
                cost_usd=0.0 if is_free else upstream.price_usd,
                maybe_billed=not is_free,
            )
            await self._record(running, upstream.attempt_id, end)
            raise CancelRequested
        await self._succeeded(running, upstream, brought, started)

    async def _brought(self, running: RunningJob, upstream: UpstreamCall) -> Brought:
        """Run the call and store what came; once it is here, nothing comes between it and the store."""

        def sent() -> None:
            upstream.is_sent = True
            running.is_sent = running.is_sent or not upstream.is_local

        async def accepted(operation: Operation) -> None:
            await self._accepted(running, upstream, operation)

        async def begins(operation: Operation) -> None:
            upstream.operation = operation
            with anyio.CancelScope(shield=True):
                await self._registry.jobs.accept(running.job.job_id, upstream.attempt_id, operation.to_json())

        def report(progress: Progress) -> None:
            running.report(replace(progress, message=self._redactor.text(progress.message)))

        run = Run(
            provider=upstream.configured.provider,
            settings=upstream.configured.settings,
            call=upstream.call,
            deadline=running.deadline,
            sent=sent,
            accepted=accepted,
            begins=begins,
            report=report,
        )
        result = await self._driver.run(run, upstream.operation)
        with anyio.CancelScope(shield=True):
            try:
                brought = Brought(result=result, assets=await self._delivery.store(result, running))
            except StorageError as error:  # ours, not the provider's: it made the picture, and is paid
                brought = Brought(result=result, unstored=error)
        return brought

    async def _accepted(self, running: RunningJob, upstream: UpstreamCall, operation: Operation) -> None:
        """Put the upstream's own handle on record before anybody waits on it. Where that fails the call goes on all the
        same: it was paid, and what it brings is handed over in the end."""
        upstream.operation = operation
        try:
            with anyio.CancelScope(shield=True):
                handle = replace(operation, message=self._redactor.text(operation.message or "") or None)
                await self._registry.jobs.accept(running.job.job_id, upstream.attempt_id, handle.to_json())
        except (LeaseLost, StorageError):
            logger.warning("job %s: the handle of its call could not be recorded", running.job.job_id)
        if running.is_canceled:
            await self._call_off(upstream)

    # Settling ---------------------------------------------------------------------------------------------------------

    async def _succeeded(self, running: RunningJob, upstream: UpstreamCall, brought: Brought, started: float) -> None:
        result = brought.result
        running.warnings.extend(self._redactor.text(warning) for warning in result.warnings)
        running.drawn.extend(self._redactor.text(entry) for entry in result.drawn)
        running.not_drawn.extend(self._redactor.text(entry) for entry in result.not_drawn)
        basis, cost = ("listed", upstream.price_usd) if result.cost_usd is None else ("reported", result.cost_usd)
        if basis == "listed" and cost and (reason := upstream.call.quote.bound_reason):
            running.warnings.append(f"{dollars(cost)} is the most that it can have cost: {reason}")
        end = Settlement(
            outcome=f"ok_{basis}",
            succeeded=True,
            message=brought.unstored.message if brought.unstored else None,
            latency_ms=None if upstream.call.is_batch else self._since(started),
            cost_usd=cost,
        )
        if brought.unstored is not None:
            await self._record(running, upstream.attempt_id, end)
            raise brought.unstored
        running.job = (
            await self._record(running, upstream.attempt_id, end, brought.assets, upstream.ending) or running.job
        )
        await self._keep_handle(upstream.call, result)
        await self._delivery.keep_previews(brought.assets, result)

    async def _keep_handle(self, call: Call, result: Result) -> None:
        """Note what the provider has made of kept references; without that it is made, and paid, again."""
        if call.kept is None or result.handle is None or result.handle == call.kept.handle:
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._registry.references.keep_handle(replace(call.kept, handle=result.handle))
        except StorageError:
            logger.warning("what %s made of kept references could not be noted", call.kept.provider)

    async def _failed(self, running: RunningJob, upstream: UpstreamCall, error: ForgeError, started: float) -> None:
        without_secrets(error, self._redactor)
        is_billed = error.maybe_billed = error.maybe_billed and error.cost_usd is None and upstream.may_cost
        outcome = error.outcome if isinstance(error, ProviderError) else error.code
        rest = None
        if isinstance(error, ProviderError) and (error.rests or error.retry_after is not None):
            name, slug = upstream.configured.settings.name, upstream.call.model.slug
            rest = self._planner.health.rest_seconds(name, slug, outcome, error.retry_after)
        if isinstance(error, RateLimited | QuotaExceeded) and error.retry_after is None:
            error.retry_after = rest
        if is_billed:
            running.doubt(upstream.price_usd)
        end = Settlement(
            outcome=outcome,
            message=account(error),
            latency_ms=None if upstream.call.is_batch else self._since(started),
            cost_usd=upstream.price_usd if is_billed else error.cost_usd or 0.0,
            maybe_billed=is_billed,
            health_cost=error.health_cost if isinstance(error, ProviderError) and not upstream.call.is_batch else 0.0,
            rest_seconds=rest,
        )
        await self._record(running, upstream.attempt_id, end)

    async def _torn_away(self, running: RunningJob, upstream: UpstreamCall, started: float) -> None:
        """This process ends, or the job does. Accepted work is left to whoever asks about it next; of anything else
        nobody will have the answer."""
        if upstream.operation is not None:
            running.has_accepted = True
            return
        is_billed = upstream.is_sent and upstream.may_cost
        if upstream.is_sent and not upstream.is_local:
            running.lost = upstream
        end = Settlement(
            outcome="interrupted" if upstream.is_sent else "canceled",
            latency_ms=self._since(started),
            cost_usd=upstream.price_usd if is_billed else 0.0,
            maybe_billed=is_billed,
        )
        await self._record(running, upstream.attempt_id, end)

    async def _record(
        self,
        running: RunningJob,
        attempt_id: int,
        end: Settlement,
        assets: tuple[Asset, ...] = (),
        ending: EndingOf | None = None,
    ) -> Job | None:
        """Put an end on record, whoever is cancelled meanwhile; tried again while the registry cannot be used. The job
        as it ended, where it did so with that.

        Raises:
            LeaseLost: another process has the job; it has been told what this call brought.
            StorageError: it could not be recorded.
        """
        note_outcome(end.outcome, end.cost_usd, maybe_billed=end.maybe_billed)
        job_id, waits = running.job.job_id, iter(RECORD_WAITS)
        with anyio.CancelScope(shield=True):
            while True:
                try:
                    ended = await self._registry.jobs.settle(job_id, attempt_id, end, assets, ending)
                    break
                except LeaseLost:
                    await self._registry.jobs.settle_late(job_id, attempt_id, end, assets)
                    raise
                except StorageError:
                    if (seconds := next(waits, None)) is None:
                        raise
                    await self._clock.sleep(seconds)
        logger.info("job %s: attempt %s ended: %s after %s ms", job_id, attempt_id, end.outcome, end.latency_ms)
        return ended

    def _since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)


def _of_defect(error: Exception, *, is_sent: bool) -> ProviderError:
    """What an exception means that is none of ours: by its class alone, for its text may hold anything."""
    kind = type(error).__name__
    if is_sent:
        return BadReply(f"The provider's answer could not be read by a defect of imgforge-mcp ({kind}); see its log.")
    return Unavailable(f"The request could not be made by a defect of imgforge-mcp ({kind}); see its log.")


async def together(calls: Sequence[Callable[[], Awaitable[None]]]) -> list[ForgeError]:
    """Make all calls at once; the failures of those that failed.

    Raises:
        Stop: one of them must not go on, so the job must not either; the others have come to their ends.
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
        raise next((stop for stop in stops if isinstance(stop, LeaseLost)), stops[0])
    return failures
