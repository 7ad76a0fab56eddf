"""What to do with work that was found after a restart: ask about what was accepted, give up what was lost."""

from collections.abc import Sequence
from functools import partial

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError, Interrupted, StorageError
from imgforge_mcp.base.types import Attempt, AttemptState, Job
from imgforge_mcp.jobs.attempts import Attempts, together
from imgforge_mcp.jobs.outcome import MAYBE_BILLED, interrupted, out_of_time
from imgforge_mcp.jobs.preparation import Preparation, part_of
from imgforge_mcp.jobs.running import RunningJob
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.contract import Operation


class Resume:
    """Nothing that was sent is sent again."""

    def __init__(
        self, *, attempts: Attempts, preparation: Preparation, providers: ConfiguredProviders, clock: Clock
    ) -> None:
        self._attempts = attempts
        self._preparation = preparation
        self._providers = providers
        self._clock = clock

    async def take_up(self, running: RunningJob) -> bool:
        """See what an earlier process had begun to its end; whether the job is over with that.

        Raises:
            ForgeError: it ended without an image.
            Stop: it must not go on here.
        """
        for attempt in running.earlier:
            if attempt.state is AttemptState.SENT:
                await self._attempts.write_off(running, attempt)
        if pending := running.job.accepted_work:
            await self._ask_about(running, pending)
            return True
        if running.job.assets:
            return True
        self._refuse_interrupted(running.job)
        return False

    async def _ask_about(self, running: RunningJob, pending: Sequence[Attempt]) -> None:
        running.is_sent = True
        failures = await together([partial(self._ask_again, running, attempt) for attempt in pending])
        if failures and running.deadline <= self._clock.monotonic():
            raise out_of_time(running.job, is_billed=running.may_be_billed) from failures[0]
        if failures:
            raise failures[0]

    async def _ask_again(self, running: RunningJob, attempt: Attempt) -> None:
        holds = self._providers.holds(attempt.provider, attempt.settings)
        configured = self._providers[attempt.provider] if holds else None
        model = next((m for m in configured.models if m.slug == attempt.model), None) if configured else None
        if configured is None or model is None or attempt.operation is None:
            message = f"Nobody who could ask {attempt.provider} about this work has come."
            raise await self._written_off(running, attempt, message)
        operation = Operation.from_json(attempt.operation)
        try:
            call = await self._preparation.call(
                running.job, configured, model, with_inputs=operation.needs_inputs, is_batch=operation.is_batch
            )
        except ForgeError as error:
            message = f"The work at {attempt.provider} could not be gone on with. {error.message}"
            raise await self._written_off(running, attempt, message) from error
        part = part_of(call, running.job, attempt.part)
        await self._attempts.resume(running, attempt, configured, part, operation)

    async def _written_off(self, running: RunningJob, attempt: Attempt, message: str) -> Interrupted:
        await self._attempts.write_off(running, attempt, message)
        return Interrupted(f"{message}{MAYBE_BILLED if running.is_doubtful else ''}", provider=attempt.provider)

    def _refuse_interrupted(self, job: Job) -> None:
        """Raises Interrupted, StorageError: it was or may have been paid for already."""
        paid = [attempt for attempt in job.attempts if attempt.state is AttemptState.SUCCEEDED]
        if paid:
            raise StorageError(paid[0].message or f"The picture that {paid[0].provider} made is not in the store.")
        lost = [a for a in job.attempts if _is_lost(a) and not self._providers.is_local(a.provider)]
        if lost:
            raise interrupted(lost[0].provider, is_billed=lost[0].price_usd != 0)


def _is_lost(attempt: Attempt) -> bool:
    """Whether it was sent by a process that died before the answer came, settled as such or not yet."""
    return attempt.state is AttemptState.SENT or attempt.outcome == "interrupted"
