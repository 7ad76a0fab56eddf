"""One job's way: candidates in turn, each with the calls that its images take, until some image came."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import (
    Ambiguous,
    BudgetExceeded,
    ContentRefused,
    ForgeError,
    Forgotten,
    ProviderAuth,
    ProviderError,
    QuotaExceeded,
    StorageError,
    WrongAddress,
)
from imgforge_mcp.base.types import Attempt, Job, Progress
from imgforge_mcp.jobs.attempts import Attempts, together
from imgforge_mcp.jobs.delivery import Delivery, ends_on_record
from imgforge_mcp.jobs.outcome import Cause, all_failed, interrupted, out_of_time
from imgforge_mcp.jobs.planner import PATIENCE, Planner, all_resting, nearest_rest
from imgforge_mcp.jobs.preparation import Preparation, parts_of
from imgforge_mcp.jobs.resume import Resume
from imgforge_mcp.jobs.running import RunningJob
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.contract import Call
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage.registry.contract import Ending, LeaseLost

MAX_CANDIDATES = 3
RESUME_SECONDS = 30.0
"""How long work that was accepted before a restart is asked about at least, its deadline passed or not: it was paid."""
CHANGED_BY_LOCAL = "Changed on this machine by the embedded engine, not by a diffusion model."
DRAWN_BY_LOCAL = "Composed by the embedded illustrator, not by a diffusion model."


class Execution:
    """Runs one job to its end. Whoever calls it holds the job's lease."""

    def __init__(
        self,
        *,
        planner: Planner,
        providers: ConfiguredProviders,
        preparation: Preparation,
        attempts: Attempts,
        resume: Resume,
        delivery: Delivery,
        clock: Clock,
    ) -> None:
        self._planner = planner
        self._providers = providers
        self._preparation = preparation
        self._attempts = attempts
        self._resume = resume
        self._delivery = delivery
        self._clock = clock

    def begin(self, job: Job, ranked: Sequence[Candidate] | None = None) -> RunningJob:
        """The job as it runs here; `ranked` is whom to ask, where that was found out a moment ago."""
        left = (job.deadline - self._clock.now()).total_seconds()
        if job.accepted_work:
            left = max(left, RESUME_SECONDS)
        return RunningJob.of(job, self._clock.monotonic() + left, ranked)

    async def run(self, running: RunningJob) -> None:
        """Take the job to its end and record it.

        Raises:
            Stop: another process has it now, or it was canceled before something was sent.
        """
        try:
            if not await self._resume.take_up(running):
                await self._pursue(running)
        except ForgeError as error:
            await self._finish(running, error)
        else:
            await self._finish(running)

    async def cancel(self, running: RunningJob) -> None:
        """End what can be ended: whatever has not been sent, and what its provider confirms to have called off."""
        running.is_canceled = True
        for wait in list(running.waits):
            wait.cancel()
        if running.calls:
            await self._attempts.call_off(running)
        elif not running.job.accepted_work:  # else that is called off as soon as it is taken up
            running.scope.cancel()

    async def finish_canceled(self, running: RunningJob) -> None:
        """Record a cancellation, with what had been spent by then."""
        await self._finish(running, is_canceled=True)

    async def finish_defective(self, running: RunningJob) -> None:
        """Record that a defect of ours ended the job, whose calls may be open still."""
        await self._attempts.write_off_open(running, is_any=True)
        await self._finish(running, ForgeError("A defect of imgforge-mcp; look up the request id in its log."))

    async def _finish(self, running: RunningJob, error: ForgeError | None = None, *, is_canceled: bool = False) -> None:
        if running.job.state.is_final:  # it ended with the settlement of its call
            self._delivery.follow_up(running.job)
            return
        await self._attempts.write_off_open(running)
        await self._delivery.finish(running, error, is_canceled=is_canceled)

    async def let_go(self, running: RunningJob) -> None:
        """This process comes to its end before the job does. With a call whose answer is lost the job is over; anything
        else is for the next process."""
        if running.lost is not None and not running.has_accepted:
            with suppress(LeaseLost, ForgeError):
                await self._delivery.finish(
                    running, interrupted(running.lost.configured.settings.name, is_billed=running.lost.may_cost)
                )

    # The fail-over loop -----------------------------------------------------------------------------------------------

    async def _pursue(self, running: RunningJob) -> None:
        """Try candidates, at most three, different providers before a second model of one; then the embedded engine,
        where the user has made it the last resort.

        Raises:
            ForgeError: nobody made an image.
        """
        if self._left(running) <= 0:
            raise out_of_time(running.job, is_billed=running.may_be_billed)
        await self._delivery.prepare()
        causes: list[Cause] = []
        while (candidate := await self._next(running, causes)) is not None:
            try:
                await self._try(running, candidate, len(causes) + 1)
            except (ProviderError, BudgetExceeded) as error:
                if isinstance(error, BudgetExceeded) and not causes:
                    raise
                causes.append((candidate, error))
                if self._left(running) <= 0:
                    raise out_of_time(running.job, is_billed=running.may_be_billed) from error
                continue
            return
        raise all_failed(causes, self._key_variables, is_billed=running.may_be_billed)

    async def _next(self, running: RunningJob, causes: Sequence[Cause]) -> Candidate | None:
        """The best candidate that may be tried now; waits a little when all of them rest. What was asked for this job
        before a restart is not asked again, nor is a provider that may have billed for it."""
        billed = {attempt.provider for attempt in running.earlier if attempt.maybe_billed}
        asked = {f"{attempt.provider}/{attempt.model}" for attempt in running.earlier if self._was_asked(attempt)}
        while True:
            ranked = [c for c in await self._ranked(running) if c.provider not in billed and c.name not in asked]
            allowed = [c for c in _fresh(ranked, causes) if self._is_within_limit(running, c)]
            if len(causes) >= MAX_CANDIDATES:
                allowed = [candidate for candidate in allowed if candidate.is_local]
            if not allowed:
                return None
            seconds = nearest_rest(allowed)
            if seconds <= 0:
                return allowed[0]
            if causes:
                return None
            if seconds > min(PATIENCE, self._left(running)):
                raise all_resting(allowed)
            running.report(Progress(message=f"waiting {seconds:.0f} s for {allowed[0].name} to be ready again"))
            await self._clock.sleep(seconds)

    def _was_asked(self, attempt: Attempt) -> bool:
        """Whether a call of an earlier process left it; work of this program may simply be done again."""
        return attempt.outcome != "canceled" and not self._providers.is_local(attempt.provider)

    async def _ranked(self, running: RunningJob) -> Sequence[Candidate]:
        """Whom to ask, best first: the first time as it was found when the job was recorded."""
        ranked, running.ranked = running.ranked, None
        if ranked is not None:
            return ranked
        routes = running.job.routes
        return [c for c in await self._planner.candidates(running.job.request) if not routes or c.route in routes]

    def _is_within_limit(self, running: RunningJob, candidate: Candidate) -> bool:
        """After an ambiguous failure the next one must fit into what the request's cost limit leaves."""
        limit = self._planner.max_cost(running.job.request)
        if limit is None or not running.maybe_spent:
            return True
        return running.maybe_spent + (candidate.price_usd or 0.0) <= limit + 1e-9

    async def _try(self, running: RunningJob, candidate: Candidate, choice: int) -> None:
        """One candidate: all the calls that n images take, at once within the provider's limits; some images suffice.

        Raises:
            ForgeError: not one image came.
        """
        call = await self._call(running, candidate)
        try:
            await self._ask(running, candidate, call, choice)
        except Forgotten:
            await self._preparation.forget(call)
            await self._ask(running, candidate, await self._call(running, candidate), choice)

    async def _call(self, running: RunningJob, candidate: Candidate) -> Call:
        configured = self._providers[candidate.provider]
        return await self._preparation.call(running.job, configured, candidate.model, is_batch=candidate.is_batch)

    async def _ask(self, running: RunningJob, candidate: Candidate, call: Call, choice: int) -> None:
        job, parts = running.job, parts_of(call, running.job)
        reason = f"choice {choice}: {candidate.reason}"
        ends_with_it = len(parts) == 1 and not running.earlier and ends_on_record(job.request)
        ending = partial(self._ending, running, candidate, call) if ends_with_it else None
        failures = await together(
            [
                partial(self._attempts.make, running, candidate, part, number, reason, ending)
                for number, part in enumerate(parts)
            ]
        )
        if len(failures) == len(parts):
            last = ContentRefused | StorageError  # nobody else is to be asked
            raise next((error for error in failures if isinstance(error, last)), failures[0])
        if failures:
            running.warnings.append(f"{len(failures)} of {len(parts)} calls failed: {failures[0].message}")
        running.warnings = _warnings(running, candidate, call)

    def _ending(self, running: RunningJob, candidate: Candidate, call: Call, job: Job) -> Ending:
        return self._delivery.good_ending(job, running, _warnings(running, candidate, call))

    def _key_variables(self, provider: str) -> tuple[str, ...]:
        return self._providers[provider].provider.manifest.key_variables[:1] or (f"the key of {provider}",)

    def _left(self, running: RunningJob) -> float:
        return running.deadline - self._clock.monotonic()


def _warnings(running: RunningJob, candidate: Candidate, call: Call) -> list[str]:
    """What is to be said of a job whose pictures came from this candidate."""
    warnings, request = [*running.warnings, *call.warnings, *candidate.warnings], running.job.request
    if candidate.model.is_composed and request.transform is None:
        warnings.insert(0, CHANGED_BY_LOCAL if request.is_edit else DRAWN_BY_LOCAL)
    return warnings


def _fresh(ranked: Sequence[Candidate], causes: Sequence[Cause]) -> list[Candidate]:
    """Candidates not tried yet, other providers first; a provider whose failure concerns its account, or may have been
    billed, is not asked again."""
    tried = {candidate.name for candidate, _ in causes}
    used = {candidate.provider for candidate, _ in causes}
    whole = ProviderAuth | WrongAddress | QuotaExceeded | Ambiguous
    closed = {c.provider for c, e in causes if isinstance(e, whole) or e.maybe_billed}
    left = [c for c in ranked if c.name not in tried and c.provider not in closed]
    return sorted(left, key=lambda c: (c.vitals.rest > 0, c.is_local, c.provider in used))
