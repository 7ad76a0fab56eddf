"""A job in this process: what it has out upstream, how far it is, and whether somebody wants it to end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from imgforge_mcp.base.types import Attempt, Job, Progress
from imgforge_mcp.providers.configured import ConfiguredProvider
from imgforge_mcp.providers.contract import Call, Operation
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage.registry.contract import EndingOf, Stop


class HandedBack(Stop):
    """The process is to end and begins nothing more: the job is for the next one."""


class Followed(Protocol):
    """A job whose end is told: it runs here, or in a process that says so."""

    @property
    def done(self) -> anyio.Event: ...

    @property
    def progress(self) -> Progress | None:
        """The latest, where it is known here."""

    @property
    def ended(self) -> Job | None:
        """The job as it ended, where that is known here."""


@dataclass(slots=True, kw_only=True)
class UpstreamCall:
    """One recorded call while it is out. `price_usd` is the price in its own record: what was held for it, and what it
    cost when the provider names no other figure."""

    attempt_id: int
    configured: ConfiguredProvider
    call: Call
    price_usd: float | None
    operation: Operation | None = None
    is_sent: bool = False
    """Whether its request was handed to the wire; before that it costs nothing."""
    is_called_off: bool = False
    ending: EndingOf | None = None
    """How the job ends with this call's picture; None: something is left to do then."""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    @property
    def is_free_when_stopped(self) -> bool:
        """Whether nothing is charged for it, once its provider confirms that it stops."""
        billing = self.configured.provider.manifest.billing
        return not self.is_sent or not self.may_cost or billing.called_off == "free"

    @property
    def is_local(self) -> bool:
        """Whether it is work of this program: nothing leaves, and nothing is ever billed."""
        return self.configured.provider.manifest.is_local

    @property
    def may_cost(self) -> bool:
        """Whether anybody can charge for it; a price that is not known may be one."""
        return not self.is_local and self.price_usd != 0


@dataclass(slots=True, kw_only=True)
class RunningJob:
    """A job whose lease this process holds; `done` is set when it has ended here. `deadline` is by the clock's
    monotonic count."""

    job: Job
    deadline: float
    ranked: Sequence[Candidate] | None = None
    """Whom to ask, as found when the job was recorded a moment ago; None: to be found out."""
    done: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    calls: dict[int, UpstreamCall] = field(default_factory=dict)
    waits: list[anyio.CancelScope] = field(default_factory=list)
    is_sent: bool = False
    is_canceled: bool = False
    """Whether somebody wants it to end: nothing further is sent, what cannot be called off goes on."""
    is_parting: bool = False
    """Whether this process wants to end: nothing further is sent, what is out goes on."""
    warnings: list[str] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    not_drawn: list[str] = field(default_factory=list)
    maybe_spent: float = 0.0
    is_doubtful: bool = False
    """Whether a call of it that has ended may have been billed."""
    lost: UpstreamCall | None = None
    """The call that was out for it when this process came to its end, its answer lost."""
    has_accepted: bool = False
    """Whether this process, at its end, leaves accepted work for the next one to ask about."""
    cancelling: anyio.Lock = field(default_factory=anyio.Lock)
    progress: Progress | None = None
    is_told: bool = True
    """Whether the progress is on record, for readers in other processes."""

    @classmethod
    def of(cls, job: Job, deadline: float, ranked: Sequence[Candidate] | None = None) -> "RunningJob":
        return cls(
            job=job,
            deadline=deadline,
            ranked=ranked,
            warnings=list(job.warnings),
            maybe_spent=sum(attempt.cost_usd or 0.0 for attempt in job.attempts if attempt.maybe_billed),
            is_doubtful=any(attempt.maybe_billed for attempt in job.attempts),
        )

    @property
    def earlier(self) -> tuple[Attempt, ...]:
        """The calls that were made before this process took the job."""
        return self.job.attempts

    @property
    def may_be_billed(self) -> bool:
        """Whether a call of it may be charged for that brought nothing, or that is still out."""
        return self.is_doubtful or any(call.is_sent and call.may_cost for call in self.calls.values())

    def doubt(self, price_usd: float | None) -> None:
        """A call of it has ended, and may have been billed."""
        self.is_doubtful = True
        self.maybe_spent += price_usd or 0.0

    @property
    def is_out(self) -> bool:
        """Whether a provider is at work for it that has not been called off."""
        return any(not upstream.is_called_off for upstream in self.calls.values())

    @property
    def ended(self) -> Job | None:
        return self.job if self.done.is_set() and self.job.state.is_final else None

    def part(self) -> None:
        """Begin nothing more; what waits for its turn waits no longer."""
        self.is_parting = True
        for wait in list(self.waits):
            wait.cancel()

    def report(self, progress: Progress) -> None:
        self.progress, self.is_told = progress, False

    @contextmanager
    def waiting(self) -> Iterator[anyio.CancelScope]:
        """A wait before anything is sent; a cancellation of the job ends it at once."""
        with anyio.CancelScope() as scope:
            self.waits.append(scope)
            try:
                yield scope
            finally:
                self.waits.remove(scope)
