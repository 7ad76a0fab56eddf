"""The life of a job as a caller sees it: asked for, waited for, looked up, called off; one by one or in batches."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import anyio
import anyio.lowlevel
import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import Forbidden, ForgeError, InvalidRequest, NotFound, no_job
from imgforge_mcp.base.formats import SVG
from imgforge_mcp.base.types import Asset, Caller, ImageRequest, Job, JobState, Json, Progress, QualityTier, Transform
from imgforge_mcp.jobs.boosters import boosted, easy_to_cut_out, find_template, with_template
from imgforge_mcp.jobs.inputs import References
from imgforge_mcp.jobs.joining import JOIN_SECONDS, Listeners, equal_calls
from imgforge_mcp.jobs.kept import KeptReferences, with_pictures, with_words
from imgforge_mcp.jobs.likeness import alike
from imgforge_mcp.jobs.planner import PATIENCE, Planner, all_resting, nearest_rest
from imgforge_mcp.jobs.running import Followed
from imgforge_mcp.jobs.spelling import read_reference
from imgforge_mcp.jobs.transforms import settled
from imgforge_mcp.jobs.webhooks import Webhooks
from imgforge_mcp.jobs.worker import Works
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.routing.candidates import Candidate
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.registry.contract import ANY, Caps, Claim, NewJob, Registry, Wanted

WAIT_STEP = 1.0
"""How often a job of another process is looked at, in seconds."""
PROGRESS_STEP = 2.0
MOST_CANCELED = 200
"""How many jobs one call ends."""
DAY_SECONDS = 25 * 3600.0
"""The day that providers promise, and an hour for them to notice that it is over."""
BATCH = "batch_"
"""What a batch's id begins with."""
OnProgress = Callable[[Progress], Awaitable[None]]

logger = logging.getLogger(__name__)


def estimated(elapsed: float, usual: float) -> float:
    """How far work is that usually takes so long, when nobody tells: half way at the usual time, always further on,
    never near the end, for it may take ten times as long."""
    return 0.95 * elapsed / (elapsed + 0.9 * usual)


class JobService:
    """One per process; what it starts runs in the worker."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        planner: Planner,
        providers: ConfiguredProviders,
        worker: Works,
        references: References,
        webhooks: Webhooks,
        clock: Clock,
    ) -> None:
        self._config = config
        self._registry = registry
        self._planner = planner
        self._providers = providers
        self._worker = worker
        self._references = references
        self.kept = KeptReferences(registry, references)
        self._webhooks = webhooks
        self._clock = clock
        self._joining = anyio.Lock()
        self._listeners = Listeners()

    async def submit(self, request: ImageRequest, caller: Caller, *, request_id: str | None = None) -> Job:
        """Record a job and start it; with an idempotency key that is known: the job that has it.

        Raises:
            RequestError: nothing was recorded and nothing will be spent.
            NoImageProvider, AllRateLimited: likewise.
        """
        job, _ = await self._submitted(request, caller, request_id)
        return job

    async def _submitted(self, request: ImageRequest, caller: Caller, request_id: str | None) -> tuple[Job, str]:
        """What `submit` says; and what equal calls have in common with this one, nothing where a key stands for it."""
        asked = request.fingerprint()
        known = await self.of_key(request, caller)
        if known is not None:
            return known, ""
        if request.webhook_url is not None:
            self._webhooks.check(request.webhook_url, caller)
        request, save_root = await self._settled(request, caller)
        digest = equal_calls(request, (each.settings_hash for each in self._providers.values()))
        try:
            ranked = await self._planner.candidates(request)
            if nearest_rest(ranked) > PATIENCE:
                raise all_resting(ranked)
        except ForgeError:  # nobody could make it now; somebody may have
            if self._config.join_repeats and (same := await self._joined(digest, caller)) is not None:
                return same, digest
            raise
        prompt, logic = self._final_prompt(request, ranked[0])
        new = NewJob(
            job_id=self._clock.new_id(),
            request=request,
            request_id=request_id or f"req_{self._clock.new_id()}",
            final_prompt=prompt,
            enhancement_logic=logic,
            quality_tier=request.quality_tier,
            deadline=self._clock.now() + timedelta(seconds=self._seconds_for(request)),
            reserve_usd=ranked[0].price_usd or 0.0,
            tenant=caller.tenant,
            save_root=save_root,
            routes=tuple(dict.fromkeys(candidate.route for candidate in ranked)),
            digest=digest,
            join_within=JOIN_SECONDS if self._config.join_repeats else None,
            asked=asked,
            base_url=caller.base_url or "",
            allowance=caller.allowance,
            owner=self._worker.opens_as(request, ranked[0]),
        )
        return await self._opened(new, ranked, caller), digest

    async def _opened(self, new: NewJob, ranked: Sequence[Candidate], caller: Caller) -> Job:
        """The job on record and under way; or the one that stands for its key, or that it joins. One call at a time:
        one that is cut off by now has left its mark before the next one looks for a job to join."""
        caps = Caps(daily_usd=self._config.daily_budget_usd, monthly_usd=self._config.monthly_budget_usd)
        await self._listeners.all_left(new.digest or "")
        async with self._joining:
            await self._mark_if_left(new.digest, caller)
            job, created = await self._registry.jobs.open(new, caps)
            if created:
                self._worker.start(job, ranked, new.owner)
            if created or job.is_joined:
                await self._mark_if_cut_off(job)
        return job

    async def quote(self, request: ImageRequest, caller: Caller) -> tuple[float, str]:
        """What the request would cost at list prices (US dollars), and from whom; nothing where it costs nothing now.
        Raises what `submit` raises."""
        if request.idempotency_key is not None and await self._registry.jobs.claim(
            request.idempotency_key, caller.tenant
        ):
            return 0.0, ""
        request, _ = await self._settled(request, caller)
        first = (await self._planner.candidates(request))[0]
        return first.price_usd or 0.0, first.name

    async def _joined(self, digest: str, caller: Caller) -> Job | None:
        """The job of an equal call that was cut off, if there is one."""
        await self._listeners.all_left(digest)
        async with self._joining:
            await self._mark_if_left(digest, caller)
            same = await self._registry.jobs.join(digest, caller.tenant, JOIN_SECONDS)
            if same is not None:
                await self._mark_if_cut_off(same)
        return same

    async def _leave(self, jobs: Mapping[str, str]) -> None:
        """Whoever waited for these jobs was cut off. An equal call that comes now waits until that is on record."""
        with anyio.CancelScope(shield=True), self._listeners.leaving(jobs.values()):
            for job_id in jobs:
                if not self._listeners.awaits(job_id):
                    await self._worker.cut_off(job_id)

    async def _mark_if_left(self, digest: str | None, caller: Caller) -> None:
        """An equal call that came before this one, and whose client seems to have given up without a word."""
        if not (self._config.join_repeats and caller.is_alone and digest):
            return
        if (left := self._listeners.left(digest, self._clock.monotonic())) is not None:
            await self._registry.jobs.cut_off(left)

    async def _mark_if_cut_off(self, job: Job) -> None:
        try:
            await anyio.lowlevel.checkpoint()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._worker.cut_off(job.job_id)
            raise

    async def _claimed(self, claim: Claim, request: ImageRequest, caller: Caller) -> Job:
        """The job that an idempotency key stands for. References are compared by their content; one that cannot be had
        any more, by its name.

        Raises:
            IdempotencyConflict: the key was used for another request.
        """
        try:
            settled, _ = await self._settled(request, caller)
            is_same = settled.fingerprint() == claim.fingerprint
        except ForgeError:
            is_same = request.fingerprint() == claim.asked
        if not is_same:
            raise claim.conflict()
        return await self._registry.jobs.get(claim.job_id)

    async def _settled(self, request: ImageRequest, caller: Caller) -> tuple[ImageRequest, str | None]:
        """The request with its template applied, its references in our store and its `save_to` made absolute; and the
        allowed directory that `save_to` is in."""
        if caller.is_anonymous:
            request = _for_anybody(request)
        if request.like is not None:
            request = await self._alike(request, caller)
        if request.template is not None:
            request = with_template(request, find_template(request.template, self._config.templates))
        if request.fit != "model" and (request.width is None or request.height is None):
            raise InvalidRequest(f"fit {request.fit} needs width and height, such as 1170 and 2532.", field="fit")
        if request.background == "transparent" and request.output_format == "jpeg":
            raise InvalidRequest(
                "A jpeg holds no transparency; ask for output_format png or webp.", field="output_format"
            )
        save_root, changes = None, dict[str, object]()
        if request.save_to is not None:
            path, root = await anyio.to_thread.run_sync(
                paths.place_output, request.save_to, caller.outputs, request.prompt
            )
            changes["save_to"], save_root = str(path), str(root)
        request, kept = await self.kept.called_for(request, caller)
        changes |= await self._references.resolve(request, caller)
        if kept:
            changes |= with_pictures(cast("list[str]", changes.get("input_images", [])), kept)
        if request.transform is not None:
            changes["transform"] = await self._exact(request.transform, changes["input_images"])
        return request.model_copy(update=changes), save_root

    async def _alike(self, request: ImageRequest, caller: Caller) -> ImageRequest:
        """Raises NotFound, InvalidRequest: no such job, or none with what is needed of it."""
        named = read_reference(request.like or "", "like")
        if named.kind != "job":
            raise InvalidRequest(
                "like names a job by its id, with #2 for its second picture; check_job without job_id lists the recent "
                "ones.",
                field="like",
            )
        await self._check_visible(named.text, caller, "like")
        number = named.number if "#" in (request.like or "") else None
        return alike(request, await self._registry.jobs.get(named.text), number)

    async def _exact(self, transform: Transform, inputs: Any) -> Transform:
        """The transform with its figures, by the size of its picture. Raises InvalidRequest."""
        asset = await self._registry.assets.find(inputs[0])
        if asset is None:
            return transform
        if asset.mime_type == SVG and transform.operation in ("crop", "extend", "upscale"):
            raise InvalidRequest(
                f"A drawing has no pixels to {transform.operation}; resize or convert it to png first.", field="image"
            )
        return settled(transform, asset.width, asset.height)

    def _seconds_for(self, request: ImageRequest) -> float:
        """How long a job may take; one that waits its turn has a day, and then still the time to be done at once."""
        return self._config.job_deadline + (0.0 if request.urgency == "now" else DAY_SECONDS)

    def _final_prompt(self, request: ImageRequest, first: Candidate) -> tuple[str, str]:
        """The prompt with what is added to it, and why."""
        prompt, logic = with_words(*self._boosted(request, first), request.kept or ())
        if request.background != "transparent" or {"transparent", "vector"} & first.model.capabilities:
            return prompt, logic
        return easy_to_cut_out(prompt, logic, is_drawn=first.model.is_composed, is_edit=request.is_edit)

    def _boosted(self, request: ImageRequest, first: Candidate) -> tuple[str, str]:
        """An instruction and a drawing take no boosters unless asked."""
        if request.enhance is None and (request.is_edit or first.model.is_composed):
            reason = (
                "an instruction is passed on as it is" if request.is_edit else "the illustrator has no use for boosters"
            )
            return request.prompt, f"Nothing added: {reason}."
        tier = self._planner.router.catalog.tiers[request.quality_tier]
        return boosted(request.prompt, request.quality_tier, tier.boosters, request.enhance)

    async def picture(self, reference: str, caller: Caller, field: str) -> Asset:
        """The image that a caller names. Raises NotFound, InvalidRequest; they name the argument `field`."""
        return await self._references.picture(await self.kept.as_picture(reference, caller), caller, field)

    async def of_key(self, request: ImageRequest, caller: Caller) -> Job | None:
        """The job that the request's idempotency key stands for already. Raises IdempotencyConflict."""
        if request.idempotency_key is None:
            return None
        claim = await self._registry.jobs.claim(request.idempotency_key, caller.tenant)
        return None if claim is None else await self._claimed(claim, request, caller)

    async def submit_batch(self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str) -> str:
        """Each request as a job of its own under one batch id; one that is refused, or was when it was read, does not
        stop the others."""
        batch_id, _ = await self._submitted_batch(requests, caller, request_id)
        return batch_id

    async def _submitted_batch(
        self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str
    ) -> tuple[str, dict[str, str]]:
        """The batch's id, and its jobs with what equal calls have in common with each."""
        batch_id = f"{BATCH}{self._clock.new_id()}"
        items: list[str | Json] = []
        jobs: dict[str, str] = {}
        try:
            for request in requests:
                try:
                    if isinstance(request, ForgeError):
                        raise request
                    job, digest = await self._submitted(request, caller, None)
                    jobs[job.job_id] = digest
                    items.append(job.job_id)
                except ForgeError as error:
                    items.append(error.body(request_id))
            await self._registry.jobs.add_batch(batch_id, caller.tenant, items)
        except anyio.get_cancelled_exc_class():
            await self._leave(jobs)
            raise
        return batch_id, jobs

    async def generate_batch(
        self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str, wait_seconds: float
    ) -> tuple[str, list[Job | Json]]:
        """Submit a batch and wait for it: its id, and what became of each item so far. Raises what `batch` raises."""
        batch_id, jobs = await self._submitted_batch(requests, caller, request_id)
        try:
            return batch_id, await self.batch(batch_id, caller, wait_seconds)
        except anyio.get_cancelled_exc_class():
            await self._leave(jobs)
            raise

    async def batch(self, batch_id: str, caller: Caller, wait_seconds: float = 0.0) -> list[Job | Json]:
        """What became of each item of a batch, in their order: its job, or the error that stood in its way; waits for
        the end of all jobs at most `wait_seconds`.

        Raises:
            NotFound: no such batch, or not this caller's.
        """
        tenant = None if caller.sees_all else caller.tenant
        items = await self._registry.jobs.of_batch(batch_id, tenant)
        if not items:
            raise NotFound("No such batch; call check_job without job_id for the recent jobs.", job_id=batch_id[:64])
        await self.wait_for_all([item.job_id for item in items if isinstance(item, Job)], wait_seconds)
        return await self._registry.jobs.of_batch(batch_id, tenant)

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
        wait_seconds: float | None = None,
    ) -> Job:
        """Submit and, if the request says so, wait so long, by default as the configuration allows. A caller that is
        cancelled before anything was sent leaves nothing behind; after that the job goes on without it."""
        job, digest = await self._submitted(request, caller, request_id)
        if not request.sync:
            return job
        listener = self._listeners.listens(digest, job.job_id, self._clock.monotonic())
        try:
            seconds = self._config.sync_wait if wait_seconds is None else wait_seconds
            ended = await self.wait(job.job_id, seconds, on_progress)
        except anyio.get_cancelled_exc_class():
            self._listeners.ends(listener, self._clock.monotonic())
            await self._leave({job.job_id: digest})
            raise
        if self._listeners.ends(listener, self._clock.monotonic()):
            with self._listeners.leaving([digest]):
                await self._registry.jobs.cut_off(job.job_id)
        return replace(ended, is_joined=job.is_joined)

    async def wait(self, job_id: str, seconds: float, on_progress: OnProgress | None = None) -> Job:
        """The job when it has ended, or as it stands after `seconds`."""
        here: Followed | None = None
        with self._clock.move_on_after(seconds):
            while True:
                here = self._worker.running(job_id) or here
                if here is not None and here.done.is_set():
                    ended = here.ended or await self._registry.jobs.get(job_id)
                    if ended.state.is_final:
                        return ended
                    here = await self._worker.attend(job_id)  # another process has it now
                elif here is None:
                    if (await self._registry.jobs.state(job_id)).is_final:
                        break
                    here = await self._worker.attend(job_id)
                step = PROGRESS_STEP if here else WAIT_STEP
                with self._clock.move_on_after(step):
                    if here:
                        await here.done.wait()
                    else:
                        await self._clock.sleep(step)
                if on_progress is not None and not (here and here.done.is_set()):
                    await on_progress(await self._progress(job_id))
        return await self._registry.jobs.get(job_id)

    async def _progress(self, job_id: str) -> Progress:
        """The upstream's own figure where there is one, else the time since the job began against the model's usual
        time; says which."""
        running = self._worker.running(job_id)
        job = await self._registry.jobs.get(job_id)
        reported = (running.progress if running else None) or job.progress
        if reported is not None and reported.fraction is not None:
            return replace(reported, message=f"{reported.message} (reported by the provider)")
        elapsed = (self._clock.now() - job.created_at).total_seconds()
        usual = self._usual_seconds(job)
        about = f"{elapsed:.0f} s of usually {usual:.0f} s (estimated)" if usual else f"{elapsed:.0f} s"
        return Progress(
            message=f"{reported.message}, {about}" if reported else about,
            fraction=estimated(elapsed, usual) if usual else None,
        )

    def _usual_seconds(self, job: Job) -> float | None:
        configured = self._providers.get(job.provider or "")
        model = next((m for m in configured.models if m.slug == job.model), None) if configured else None
        return model.latency if model else None

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
        return await self._registry.jobs.get(job_id)

    async def recent_jobs(
        self, limit: int, caller: Caller, wanted: Wanted = ANY, before: str | None = None
    ) -> list[Job]:
        if caller.is_anonymous:  # an address is no person: whoever comes after would read the list
            return []
        tenant = None if caller.sees_all else caller.tenant
        return await self._registry.jobs.recent(limit, tenant, wanted=wanted, before=before)

    async def cancel(self, job_id: str, caller: Caller) -> tuple[Job, bool]:
        """Ask for a job's end; the job, and whether it had ended before.

        Work that a provider cannot call off goes on, and its image is kept.
        """
        await self._check_visible(job_id, caller)
        is_open = await self._registry.jobs.request_cancel(job_id)
        if is_open and not await self._worker.call_off(job_id):
            await self.wait(job_id, 5.0)
        return await self._registry.jobs.get(job_id), not is_open

    async def cancel_all(self, caller: Caller) -> tuple[list[Job], list[Job]]:
        """Ask for the end of every job of the caller's that has not ended: those that have ended with that, and those
        that go on."""
        open_states = (JobState.QUEUED, JobState.PROCESSING)
        found = [
            job for state in open_states for job in await self.recent_jobs(MOST_CANCELED, caller, Wanted(state=state))
        ]
        async with anyio.create_task_group() as tasks:  # each may wait for whoever runs it
            for job in found:
                tasks.start_soon(self.cancel, job.job_id, caller)
        ended = [await self._registry.jobs.get(job.job_id) for job in found]
        return [job for job in ended if job.state.is_final], [job for job in ended if not job.state.is_final]

    async def _check_visible(self, job_id: str, caller: Caller, field: str = "job_id") -> None:
        tenant = await self._registry.jobs.tenant(job_id)
        if tenant is None or not (caller.sees_all or tenant == caller.tenant):
            raise no_job(job_id, field=field)


def _for_anybody(request: ImageRequest) -> ImageRequest:
    """A request without a key: the cheapest tier, whatever was asked.

    Raises:
        Forbidden: it names a model or a provider.
    """
    if request.model is not None or request.provider is not None:
        raise Forbidden("Callers without a key choose no model; leave it out, or ask for a key.", field="model")
    return request.model_copy(update={"quality_tier": QualityTier.DRAFT})
