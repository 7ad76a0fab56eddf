"""What jobs need of a registry, in the words of the domain: the values that go in, and the two ways it says "stop"."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from imgforge_mcp.base.errors import IdempotencyConflict
from imgforge_mcp.base.types import (
    Allowance,
    Asset,
    ImageRequest,
    Job,
    JobState,
    Json,
    Outcome,
    Progress,
    QualityTier,
    Shortfall,
)
from imgforge_mcp.storage.registry.access import AccessRegistry
from imgforge_mcp.storage.registry.grants import GrantRegistry
from imgforge_mcp.storage.registry.outbox import OutboxRegistry
from imgforge_mcp.storage.registry.queue import QueueRegistry
from imgforge_mcp.storage.registry.references import ReferenceRegistry

LEASE_SECONDS = 15.0


class Stop(Exception):
    """A job must not go on here; no failure of anybody's, so it is no ForgeError."""


class LeaseLost(Stop):
    """Another process holds the job now, or it has ended: whoever meets this stops, and touches nothing."""


class NoPlace(Exception):
    """Other processes have all the calls out that the user allows a provider; it may well go a moment later."""


class CancelRequested(Stop):
    """Somebody asked to cancel the job before this step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job about to be opened. `reserve_usd` is held back from the budgets until it ends."""

    job_id: str
    request: ImageRequest
    request_id: str
    final_prompt: str
    enhancement_logic: str
    quality_tier: QualityTier
    deadline: datetime
    reserve_usd: float
    tenant: str = ""
    save_root: str | None = None
    allowance: Allowance = Allowance()
    warnings: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    """Whom this process would ask, best first; whoever takes the job up asks nobody else."""
    digest: str | None = None
    """What equal calls have in common (jobs.joining)."""
    join_within: float | None = None
    """Seconds: an equal job is joined instead, as `join` says; None: no other job is looked for."""
    asked: str | None = None
    """The fingerprint of the request as it came, its references by name; `request` has them by content."""
    base_url: str = ""
    """Where our own addresses begin for whoever is told of its end."""
    owner: str | None = None
    """In whose name it is opened; None: this process. `QUEUE`: whoever claims it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an idempotency key stands for: a job, and the fingerprints of its request (with references by content) and
    of the request as it came."""

    job_id: str
    fingerprint: str
    asked: str | None

    def conflict(self) -> IdempotencyConflict:
        return IdempotencyConflict(
            "This idempotency_key was used for another request; send that request again, or choose a new key.",
            job_id=self.job_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Spend caps in US dollars; None means none."""

    daily_usd: float | None = None
    monthly_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """An upstream call about to be sent. `settings` marks the provider's configuration, `per_minute`, `per_day`
    and `at_once` are the user's limits, the day counted from `day_start`."""

    part: int
    provider: str
    model: str
    images: int
    reason: str
    price_usd: float | None
    settings: str
    per_minute: int | None = None
    per_day: int | None = None
    at_once: int | None = None
    day_start: datetime | None = None
    is_trial: bool = False
    """The one call that may close an open breaker: not while another is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an attempt ended; `rest_seconds` is how long its candidate is left alone."""

    outcome: str
    succeeded: bool = False
    message: str | None = None
    latency_ms: int | None = 0
    """None for what waited its turn: that says nothing of how fast a model is."""
    cost_usd: float | None = None
    maybe_billed: bool = False
    health_cost: float = 0.0
    rest_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a job ended."""

    state: JobState
    error: Json | None = None
    warnings: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    saved_to: tuple[str, ...] = ()
    renditions: Mapping[str, int] = field(default_factory=dict)
    """Bytes of renditions that were made meanwhile, by asset id: they join the total in the same transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs a list shows; None means any. `day` is by UTC, `text` is words of the prompt, English
    ones in any form."""

    state: JobState | None = None
    project_id: str | None = None
    model: str | None = None
    provider: str | None = None
    day: date | None = None
    text: str | None = None
    input_id: str | None = None
    """An image that the job was made from."""


ANY = Wanted()
EndingOf = Callable[[Job], Ending]
"""How a job ends, by what is on record of it. Pure, for it is asked under the locks of a transaction that may be tried
again."""


DAYS_TOLD = 31
"""Of a long time, each of the latest days has a sum of its own, and each month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """What was called, drawn and spent under one `name` of a `kind`: total (name ""), provider, model
    (`provider/model`), project ("" for none), month, day (of the latest 31), or outcome ("" while a call is out)."""

    kind: str
    name: str
    calls: int
    images: int
    cost_usd: float
    maybe_billed_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls of one provider that came to one outcome ("" while they are out), forgotten ones too, and their cost:
    what is known to be spent, and beside it what may have been."""

    provider: str
    outcome: str
    calls: int
    cost_usd: float
    maybe_billed_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How it stands: jobs by state, those that a living process holds, calls by provider and outcome; seconds that the
    job has waited which has waited longest; living workers of many machines, and how many jobs they take at once."""

    jobs: Mapping[str, int]
    leases: int
    calls: tuple[Calls, ...]
    longest_wait: float
    workers: int
    places: int


class JobRegistry(Protocol):
    """Jobs and attempts, durable: opened, claimed under a lease, fenced by their owner, finished once.

    Each method that looks and then acts does both in one transaction under a lock: SQLite's single writer
    (`BEGIN IMMEDIATE`) serves for all of them; where several may write, it is the row or the key that each method
    names. Leases run by the registry's own clock.
    """

    async def open(self, new: NewJob, caps: Caps) -> tuple[Job, bool]:
        """Record a job, its claim on the idempotency key and its reservation, in one transaction. With a key that is
        taken, or where an equal job is to be joined: that job and False. Locks: the key, the digest, then the day's
        spend.

        Raises:
            IdempotencyConflict: the key belongs to another request.
            BudgetExceeded: a cap stands in the way; nothing is recorded.
        """

    async def claim(self, idempotency_key: str, tenant: str) -> Claim | None:
        """What a key stands for, if it was used within a day."""

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""

    async def tenant(self, job_id: str) -> str | None: ...

    async def recent(
        self, limit: int, tenant: str | None = None, *, wanted: Wanted = ANY, before: str | None = None
    ) -> list[Job]:
        """The newest jobs first, with `before` those older than that job; of one tenant, or of all. One read, however
        many."""

    async def add_batch(self, batch_id: str, tenant: str, items: Sequence[str | Json]) -> None:
        """Record a batch: for each item the id of the job that has it, or the error that stood in its way."""

    async def of_batch(self, batch_id: str, tenant: str | None = None) -> list[Job | Json]:
        """What became of each item of a batch, in their order; of one tenant's, or of anybody's."""

    async def state(self, job_id: str) -> JobState: ...

    async def finish(self, job_id: str, ending: Ending) -> Job:
        """End a job this process holds, at what its calls on record cost, and give back what it had reserved; the job
        as it ended. Lock: the job's row.

        Raises:
            LeaseLost: it does not hold it.
        """

    async def set_progress(self, job_id: str, progress: Progress) -> None:
        """For readers in other processes; call it seldom."""

    async def cut_off(self, job_id: str) -> None:
        """Note that the call which waited for a job was cut off by its client."""

    async def join(self, digest: str, tenant: str, within: float) -> Job | None:
        """The newest job of that digest whose call was cut off, or whose process is gone: unfinished, or ended less
        than `within` seconds ago with a picture or with a call that may have been billed. It is joined by one call
        only, until that one is cut off too."""

    async def request_cancel(self, job_id: str) -> bool:
        """Ask for a job's end, whoever runs it; False when it has ended already."""

    async def cancel_requests(self) -> list[str]:
        """The jobs of this process whose end somebody asked for."""

    async def renew(self, job_ids: Sequence[str]) -> None:
        """Hold the leases of these jobs for another while, those that this process still has."""

    async def abandoned(self, *, is_last_resort: bool = False, claims: Collection[str] = ()) -> list[Job]:
        """Some unfinished jobs whose owner is gone, or that wait in the queue and that no living worker is for; whoever
        is but the last resort is told of none that a living worker could take, and whoever claims what waits for some
        routes of none of that. One that this version does not wholly understand is left to the one that wrote it, until
        its deadline has passed: then it needs no more than an end."""

    async def take_over(self, job_id: str) -> bool:
        """Claim an abandoned job; False when another was quicker. Lock: the job's row."""

    async def take(self, job_id: str, owner: str) -> Job | None:
        """Take an unfinished job from that owner, who hands it over; None when it holds the job no more. Lock: the
        job's row."""

    async def release(self, owner: str | None = None) -> None:
        """Let every lease of this process, or of that owner who is gone for certain, run out now, so that another may
        resume its jobs."""

    async def let_go(self, job_id: str) -> None:
        """The same with one job of this process's."""

    async def held_by(self, owner: str) -> list[str]:
        """The unfinished jobs of an owner, the oldest first."""

    async def others_hold(self) -> bool:
        """Whether there are unfinished jobs that are not this process's."""

    async def start_attempt(self, job_id: str, new: NewAttempt, caps: Caps) -> int:
        """Record an upstream call before its first byte leaves; the money for it is held. Locks: the job's row, then
        the provider (its limits and its trials), then the day's spend.

        Raises:
            LeaseLost, CancelRequested: it must not be sent.
            NoPlace: not now.
            QuotaExceeded: the user's own limit for this provider is used up.
            BudgetExceeded: no money is left for it.
        """

    async def accept(self, job_id: str, attempt_id: int, operation: Json) -> None:
        """Store the upstream's own handle, before anybody waits on it. Lock: the job's row. Raises LeaseLost."""

    async def settle(
        self,
        job_id: str,
        attempt_id: int,
        end: Settlement,
        assets: tuple[Asset, ...] = (),
        ending: EndingOf | None = None,
    ) -> Job | None:
        """End an attempt: what it cost moves from reserved to spent, what it brought joins the job. One whose end is
        known already stays as it is; one that an earlier process gave up meanwhile is corrected. With an `ending` (that
        counts no renditions) the job ends in the same transaction: it, as it ended. Locks: the job's row, the images'
        ids, then the day's spend. Raises LeaseLost."""

    async def settle_late(self, job_id: str, attempt_id: int, end: Settlement, assets: tuple[Asset, ...] = ()) -> bool:
        """Tell what became of a call although another process has the job by now, since this one stood still for longer
        than its lease. A call that was given up meanwhile is corrected, in the spend too, and what it brought joins the
        job: one that had failed for that reason alone is completed after all. False when its end was known. Locks as
        `settle`."""

    async def outcomes_since(self, after: int, oldest: float) -> list[Outcome]:
        """The outcomes that became known after the one of that number, in that order; none that ended before
        `oldest`."""

    async def usage(self, first_day: date, project_id: str | None, tenant: str | None) -> list[UsageSum]:
        """Sums of the jobs opened on a day (UTC) or later, from what is added up in the transactions of the attempts
        themselves: the time depends neither on how many there are nor, by more than a line a month, on how long ago."""

    async def figures(self) -> Figures:
        """How it stands with all that is on record. Reads every attempt."""

    async def usage_drift(self) -> list[Json]:
        """Where those sums are not what the attempts add up to: day, tenant, project, provider, model and outcome of at
        most a hundred lines; none, if all is well. Reads every attempt."""

    async def calls_since(self, provider: str, since: datetime) -> int: ...

    async def committed(self) -> tuple[float, float]:
        """US dollars spent or reserved today and this month (UTC)."""


class Shelf(Protocol):
    """Where the bytes of images lie, as far as a registry needs it. Both methods block, and are called under the lock
    that decides what stays, so that no process removes what another has just recorded."""

    def secure(self, asset: Asset) -> None:
        """See that an image is still there, before its record is committed. Raises StorageError."""

    def delete(self, asset: Asset) -> None:
        """Remove an image and its renditions. Raises OSError: it is still there."""


class AssetRegistry(Protocol):
    """The records beside the images: what is stored, when it was last used, where it came from.

    Whatever removes an image decides and removes in one transaction under the write lock (SQLite's single writer;
    elsewhere a lock on the image's id that `add` and `settle` take too), and never takes one that was used less than an
    hour ago, that is pinned, that belongs to a kept reference, or that a job which has not ended needs or has made.
    """

    async def add(self, asset: Asset, tenant: str = "") -> None:
        """Record a stored image that no attempt brought: a reference. A tombstone of the tenant's is lifted."""

    async def find(self, asset_id: str) -> Asset | None:
        """The record, and a note that it was used, at most once a minute. Raises Deleted: somebody deleted it."""

    async def begins_with(self, start: str, limit: int) -> list[Asset]:
        """Images whose id begins so."""

    async def recent(self, limit: int, after: str | None = None) -> list[Asset]:
        """The newest first; with `after`, an asset id, those that follow it in that order."""

    async def origins(self, asset_id: str) -> list[Json]:
        """The jobs that made an image: prompt, provider, model, seed, cost, time; the ten newest."""

    async def pin(self, asset_id: str, tenant: str | None, *, is_pinned: bool) -> Asset:
        """Keep an image from being evicted, or no longer; a tenant may do so with the images of its jobs. Raises
        NotFound."""

    async def delete(self, asset_id: str, tenant: str | None) -> None:
        """Delete an image for a tenant, or for everybody (None): its bytes go once no other tenant has it, and a
        tombstone tells whoever asks for it later. Pinned or not.

        Raises:
            NotFound: there is none, or it is not the tenant's.
            InvalidRequest: a job that has not ended needs it, or a kept reference of the tenant's (of anybody's).
        """

    async def deleted(self, asset_ids: Iterable[str], tenant: str | None) -> set[str]:
        """Those images that a tenant, or everybody (None), has deleted, or that are gone because somebody did."""

    async def count_renditions(self, added: Mapping[str, int]) -> None:
        """Add bytes of renditions to the total, by asset id; they leave it with their image."""

    async def total_bytes(self) -> int:
        """Bytes of all images and their renditions."""

    async def evict(self, cap: int) -> int:
        """Remove the least recently used images until nine tenths of `cap` bytes are left, if there are more than
        `cap`; how many. A few at a time, so that others may write in between; each takes the same time however many
        there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much is no longer kept."""

    jobs: int
    images: int


class RetentionRegistry(Protocol):
    """Forgetting, a little at a time, so that nobody waits for it; usage keeps its sums."""

    async def forget_ended_keys(self) -> int:
        """Idempotency keys past their 24 hours; how many."""

    async def forget_before(self, before: datetime) -> Forgotten:
        """Jobs that ended before a time, with their attempts; batches that were made before it; images made before it
        that no kept job has made or needs, except those that are pinned, belong to a kept reference or were used within
        the hour."""


class Registry(Protocol):
    """All of it; whoever makes it says which process this is."""

    @property
    def owner(self) -> str:
        """The name of this process in every lease."""

    @property
    def jobs(self) -> JobRegistry: ...

    @property
    def assets(self) -> AssetRegistry: ...

    @property
    def retention(self) -> RetentionRegistry: ...

    @property
    def access(self) -> AccessRegistry: ...

    @property
    def grants(self) -> GrantRegistry: ...

    @property
    def outbox(self) -> OutboxRegistry: ...

    @property
    def queue(self) -> QueueRegistry: ...

    @property
    def references(self) -> ReferenceRegistry: ...

    async def migrate(self) -> list[str]:
        """Bring what it is kept in up to date, under a lock; the names of what was missing. The first use does so, too.
        Raises StorageError."""

    async def close(self) -> None: ...
