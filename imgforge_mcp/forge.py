"""The use cases, behind one facade: generate, look, cancel, list. Every door (MCP, HTTP, command line) calls these."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import anyio.to_thread

from imgforge_mcp.base.clock import Clock, day_start
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError, InvalidRequest, NotFound, Unauthorized, require
from imgforge_mcp.base.keys import SHOWN, digest_of, is_well_formed, new_key, new_webhook_secret
from imgforge_mcp.base.types import (
    Allowance,
    Asset,
    Caller,
    Copy,
    ImageRequest,
    Job,
    Json,
    KeptReference,
    Outcome,
    Saved,
)
from imgforge_mcp.jobs import usage
from imgforge_mcp.jobs.boosters import built
from imgforge_mcp.jobs.detached.place import living
from imgforge_mcp.jobs.models import Models
from imgforge_mcp.jobs.pictures import Pictures
from imgforge_mcp.jobs.rewording import Rewording
from imgforge_mcp.jobs.service import BATCH, JobService, OnProgress
from imgforge_mcp.jobs.webhooks import Webhooks
from imgforge_mcp.providers.checks import KeyCheck
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.providers.contract import Manifest
from imgforge_mcp.providers.listing import Filter, Purpose
from imgforge_mcp.storage.registry.access import ApiKey, Standing
from imgforge_mcp.storage.registry.contract import ANY, Figures, Registry, Wanted
from imgforge_mcp.storage.registry.grants import Grant
from imgforge_mcp.storage.registry.outbox import Webhook

KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

__all__ = ["BATCH", "Filter", "Forge", "OnProgress", "Purpose", "Wanted"]


class Forge:
    """One per process, made by `open_forge`. Its parts are its own; `config` says what was configured."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        jobs: JobService,
        pictures: Pictures,
        models: Models,
        providers: ConfiguredProviders,
        webhooks: Webhooks,
        rewording: Rewording,
        fetch: Callable[[str], Awaitable[bytes]],
        clock: Clock,
    ) -> None:
        self.config = config
        self._registry = registry
        self._jobs = jobs
        self._pictures = pictures
        self._models = models
        self._providers = providers
        self._webhooks = webhooks
        self._rewording = rewording
        self._fetch = fetch
        self._clock = clock

    def caller(self) -> Caller:
        """The user of this machine: the command line, or a client that spawned us. The only caller that sees all."""
        directories = (*self.config.output_dirs, self.config.home)
        return Caller(sees_all=True, directories=directories, outputs=self.config.output_dirs)

    # Jobs -----------------------------------------------------------------------------------------------------------

    async def submit(self, request: ImageRequest, caller: Caller, *, request_id: str | None = None) -> Job:
        """Record a job and start it; with an idempotency key that is known: the job that has it.

        Raises:
            RequestError: nothing was recorded and nothing will be spent.
            NoImageProvider, AllRateLimited: likewise.
        """
        require(caller.scopes, "generate")
        return await self._jobs.submit(request, caller, request_id=request_id)

    async def generate(
        self,
        request: ImageRequest,
        caller: Caller,
        request_id: str | None = None,
        on_progress: OnProgress | None = None,
        *,
        wait_seconds: float | None = None,
    ) -> Job:
        """Submit, and wait so long, by default as long as a client of MCP may be kept waiting. Raises what `submit`
        raises."""
        require(caller.scopes, "generate")
        return await self._jobs.generate(request, caller, request_id, on_progress, wait_seconds)

    async def quote(self, request: ImageRequest, caller: Caller) -> tuple[float, str]:
        """What the request would cost at list prices (US dollars), and from whom. Raises what `submit` raises."""
        return await self._jobs.quote(request, caller)

    async def wait(self, job_id: str, seconds: float, on_progress: OnProgress | None = None) -> Job:
        """The job when it has ended, or as it stands after `seconds`."""
        return await self._jobs.wait(job_id, seconds, on_progress)

    async def job(
        self, job_id: str, caller: Caller, wait_seconds: float = 0.0, on_progress: OnProgress | None = None
    ) -> Job:
        """Any job of the registry, whichever process made it; waits for its end at most `wait_seconds`.

        Raises:
            NotFound: no such job, or not this caller's.
        """
        return await self._jobs.job(job_id, caller, wait_seconds, on_progress)

    async def recent_jobs(
        self, limit: int, caller: Caller, *, wanted: Wanted = ANY, before: str | None = None
    ) -> list[Job]:
        """The newest first; with `before`, a job's id, those older than it."""
        return await self._jobs.recent_jobs(limit, caller, wanted, before)

    async def cancel(self, job_id: str, caller: Caller) -> tuple[Job, bool]:
        """Ask for a job's end; the job, and whether it had ended before. Raises NotFound."""
        require(caller.scopes, "generate")
        return await self._jobs.cancel(job_id, caller)

    async def submit_batch(self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str) -> str:
        """Each request as a job of its own under one batch id; one that is refused, or was when it was read, does not
        stop the others."""
        require(caller.scopes, "generate")
        return await self._jobs.submit_batch(requests, caller, request_id)

    async def generate_batch(
        self, requests: Sequence[ImageRequest | ForgeError], caller: Caller, request_id: str, wait_seconds: float
    ) -> tuple[str, list[Job | Json]]:
        """Submit a batch and wait for it: its id, and what became of each item so far."""
        require(caller.scopes, "generate")
        return await self._jobs.generate_batch(requests, caller, request_id, wait_seconds)

    async def cancel_all(self, caller: Caller) -> tuple[list[Job], list[Job]]:
        """Ask for the end of everything of the caller's that has not ended: the jobs that have ended with that, and
        those that cannot be called off and go on."""
        return await self._jobs.cancel_all(caller)

    async def batch(self, batch_id: str, caller: Caller, wait_seconds: float = 0.0) -> list[Job | Json]:
        """What became of each item of a batch, in their order: its job, or the error that stood in its way.

        Raises:
            NotFound: no such batch, or not this caller's.
        """
        return await self._jobs.batch(batch_id, caller, wait_seconds)

    async def job_of_key(self, request: ImageRequest, caller: Caller) -> Job | None:
        """The job that a request's idempotency key stands for already. Raises IdempotencyConflict."""
        return await self._jobs.of_key(request, caller)

    # Images ---------------------------------------------------------------------------------------------------------

    async def asset(self, asset_id: str) -> tuple[Asset, bytes]:
        """An image and its exact bytes. Raises NotFound."""
        return await self._pictures.read(asset_id)

    async def rendition(self, data: bytes, width: int) -> tuple[bytes, str]:
        """An image at most `width` pixels wide, and its type. Raises BadReply."""
        return await self._pictures.rendition(data, width)

    async def described_asset(self, asset_id: str) -> Asset:
        """An image's record, by its whole id. Raises NotFound, Deleted."""
        return await self._pictures.described(asset_id)

    async def thumbnail(self, asset_id: str, pixels: int) -> bytes:
        """A JPEG of at most so many pixels on its longer side, kept for the next time.

        Raises:
            NotFound: there is no such image, or nothing to be made smaller: a vector drawing.
        """
        return await self._pictures.thumbnail(asset_id, pixels)

    async def preview(self, asset: Asset, max_bytes: int) -> bytes | None:
        """A small JPEG rendition, kept for the next time; None when the image is gone or a vector drawing."""
        return await self._pictures.preview(asset, max_bytes)

    async def contact_sheet(self, jobs: Sequence[tuple[int, Job]], max_bytes: int) -> bytes | None:
        """The first picture of each job under its number, on one JPEG; None where there is nothing to show."""
        return await self._pictures.contact_sheet(jobs, max_bytes)

    async def migrate(self) -> list[str]:
        """Bring the registry's tables up to date; the names of what was missing. Raises StorageError."""
        return await self._registry.migrate()

    def place(self, asset: Asset) -> str:
        """Where an image lies: a path on this machine, or an address that is good for a while."""
        return self._pictures.place(asset)

    async def address(self, asset_id: str) -> tuple[Asset, str | None]:
        """An image, and where anybody finds it for a while, if the store is elsewhere. Raises NotFound."""
        asset = await self._pictures.described(asset_id)
        return asset, self._pictures.address(asset)

    async def recent_assets(self, limit: int) -> list[Asset]:
        """The newest images first."""
        return await self._pictures.recent(limit)

    async def short_ids(self, assets: Iterable[Asset]) -> dict[str, str]:
        """Asset ids by what is enough to name them: 12 digits where no other image begins so."""
        return await self._pictures.short_ids(assets)

    async def named_asset(self, start: str) -> Asset:
        """The one image whose id begins so. Raises NotFound: none, or several."""
        return await self._pictures.named(start)

    async def origins(self, asset: Asset) -> list[Json]:
        """The jobs that made an image: prompt, provider, model, seed, cost, time; newest first."""
        return await self._pictures.origins(asset.asset_id)

    async def origins_of(self, asset_id: str) -> list[str]:
        """The ids of the jobs that made an image, newest first."""
        return [origin["job_id"] for origin in await self._pictures.origins(asset_id)]

    async def export(self, asset: Asset, path: str, caller: Caller) -> Path:
        """Write an image where the caller may write; where it is now. Raises NotFound, InvalidRequest, StorageError."""
        return await self._pictures.export(asset, path, caller.outputs)

    async def save_image(self, reference: str, wanted: Copy, caller: Caller) -> Saved:
        """Write a picture (an asset, a job's, or any other that the caller may name) to a file where the caller may
        write, in the format and size that are wanted; nothing is drawn or paid.

        Raises:
            NotFound, InvalidRequest: no such picture, or not to be written there or so.
            StorageError: it cannot be written.
        """
        asset = await self._jobs.picture(reference, caller, "image")
        return await self._pictures.save(asset, wanted, caller.outputs)

    async def damaged_assets(self) -> tuple[int, list[str]]:
        """How many images there are, and the files that are gone or not what their name says; nothing is moved."""
        return await self._pictures.damaged()

    async def pin_asset(self, asset_id: str, caller: Caller, *, is_pinned: bool = True) -> Asset:
        """Keep an image from being evicted, or no longer. Raises NotFound: none, or not this caller's."""
        require(caller.scopes, "generate")
        return await self._pictures.pin(asset_id, caller, is_pinned=is_pinned)

    async def delete_asset(self, asset_id: str, caller: Caller) -> None:
        """Delete an image; whoever asks for it later is told so.

        Raises:
            NotFound: there is none, or it is not this caller's.
            InvalidRequest: a job that has not ended needs it.
        """
        require(caller.scopes, "generate")
        await self._pictures.delete(asset_id, caller)

    async def evict(self) -> int:
        """Keep the store within its cap; how many images were removed."""
        return await self._pictures.evict()

    # Prompts and templates ------------------------------------------------------------------------------------------

    def built_prompt(self, parts: Mapping[str, str]) -> str:
        """One prompt from its parts. Raises InvalidRequest: not one of them is given."""
        return built(parts)

    async def enhanced_prompt(self, idea: str, tone: str | None, seed: int | None, caller: Caller) -> tuple[str, str]:
        """A short idea as a richer prompt, and who wrote it: the text model of the configuration, for callers whom it
        may cost money, else `rules`, our own, by which the same seed gives the same words."""
        by_model = "generate" in caller.scopes and not caller.is_anonymous
        return await self._rewording.enhanced(idea, tone, seed, by_model=by_model)

    async def saved_templates(self, caller: Caller) -> list[Json]:
        """The caller's templates, the newest first."""
        return await self._registry.access.templates(caller.tenant)

    async def saved_template(self, template_id: str, caller: Caller) -> Json:
        """Raises NotFound: no such template, or not this caller's."""
        for template in await self._registry.access.templates(caller.tenant):
            if template["id"] == template_id:
                return template
        raise NotFound("There is no template of that id; GET /api/templates lists yours.", template_id=template_id[:64])

    async def save_template(self, name: str, values: Json, caller: Caller) -> Json:
        """A template under an id of its own."""
        require(caller.scopes, "generate")
        template = {"id": f"tpl_{self._clock.new_id().lower()}", "name": name, **values}
        template["created_at"] = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        await self._registry.access.add_template(caller.tenant, template)
        return template

    async def delete_template(self, template_id: str, caller: Caller) -> None:
        """Raises NotFound: no such template, or not this caller's."""
        require(caller.scopes, "generate")
        if not await self._registry.access.remove_template(caller.tenant, template_id):
            raise NotFound(
                "There is no template of that id; GET /api/templates lists yours.", template_id=template_id[:64]
            )

    # Kept references ------------------------------------------------------------------------------------------------

    async def kept_references(self, caller: Caller) -> list[KeptReference]:
        """The characters and styles that the caller keeps by name."""
        return await self._jobs.kept.of(caller)

    async def keep_reference(
        self, name: str, pictures: Sequence[str], words: str | None, caller: Caller
    ) -> KeptReference:
        """Keep pictures, however they are named, and words under a name, beside what is there already.

        Raises:
            InvalidRequest, NotFound: no name, no such picture, or too much of something.
        """
        require(caller.scopes, "generate")
        return await self._jobs.kept.add(name, pictures, words, caller)

    async def drop_reference(self, name: str, caller: Caller) -> None:
        """Keep nothing under that name any more. Raises NotFound."""
        require(caller.scopes, "generate")
        await self._jobs.kept.remove(name, caller)

    async def tenant_of(self, name: str) -> str:
        """Whom a key stands for, by the key's name or the tenant's own. Raises NotFound."""
        found = [key.tenant for key in await self.keys() if key.name == name]
        if not found and not await self._registry.access.is_tenant(name):
            raise NotFound("There is no key of that name; 'imgforge-mcp keys list' shows them.", field="name")
        return (found or [name])[0]

    # Models and providers -------------------------------------------------------------------------------------------

    async def models(self, wanted: Filter, cursor: str | None = None, *, is_paged: bool = True) -> Json:
        """The tiers with their live routing order, and the models (a page of them) with state, price and health.

        Raises:
            InvalidRequest: no such provider or capability.
        """
        return await self._models.listed(wanted, cursor, is_paged=is_paged)

    @property
    def model_slugs(self) -> list[str]:
        """Every model that a configured provider has."""
        return self._models.slugs

    async def refresh_models(self) -> Json:
        """Ask every configured provider which models it offers today, keep what was learnt, and report it."""
        return await self._models.refresh()

    async def check_providers(self) -> Mapping[str, KeyCheck]:
        """Whether each configured provider answers and takes its key; free."""
        return await self._models.check_providers()

    async def servers_here(self) -> list[tuple[str, str]]:
        """Image servers that run on this machine and are not used: what each is, and the line that turns it on."""
        return await self._models.servers_here()

    def model_id(self, provider: str | None, slug: str | None) -> str | None:
        """The id by which a provider itself knows a model; None when it is not configured here."""
        configured = self._providers.get(provider or "")
        return next((m.model_id for m in configured.models if m.slug == slug), slug) if configured else slug

    def usable_names(self, names: Iterable[str]) -> set[str]:
        """Those names that stand for a live model of a configured provider."""
        return self._models.usable(names)

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        """What each configured provider declares, by the name it is configured under."""
        return {name: configured.provider.manifest for name, configured in self._providers.items()}

    @property
    def draws_alone(self) -> bool:
        """Whether nothing but the embedded engine draws here."""
        return self._providers.is_composing_only

    # Keys of the HTTP door ------------------------------------------------------------------------------------------

    async def create_key(
        self, name: str, allowance: Allowance, *, project_id: str | None = None, expires_at: datetime | None = None
    ) -> tuple[str, ApiKey]:
        """A key, which nobody can read again, and its record.

        Raises:
            InvalidRequest: there is a key of that name, or it is no name.
        """
        if not KEY_NAME.fullmatch(name):
            raise InvalidRequest("A key's name is 1 to 64 letters, digits and . _ - characters.", field="name")
        key = new_key()
        record = ApiKey(
            name=name,
            tenant=f"key_{self._clock.new_id()}",
            digest=digest_of(key),
            start=key[:SHOWN],
            created_at=self._clock.now(),
            project_id=project_id,
            allowance=allowance,
            webhook_secret=new_webhook_secret(),
            expires_at=expires_at,
        )
        await self._registry.access.add_key(record)
        return key, record

    async def keys(self) -> list[ApiKey]:
        """Every key there was, the newest first."""
        return await self._registry.access.keys()

    async def has_keys(self) -> bool:
        """Whether there ever was a key: then the HTTP door is shut to those without one."""
        return await self._registry.access.has_keys()

    async def revoke_key(self, name: str) -> None:
        """End a key at once. Raises NotFound."""
        if not await self._registry.access.revoke_key(name):
            raise NotFound("There is no live key of that name; 'imgforge-mcp keys list' shows them.", field="name")

    async def rotate_key(self, name: str) -> str:
        """End a key at once and make another for the same tenant, with the same limits. Raises NotFound."""
        key = new_key()
        if not await self._registry.access.replace_key(name, digest_of(key), key[:SHOWN]):
            raise NotFound("There is no live key of that name; 'imgforge-mcp keys list' shows them.", field="name")
        return key

    async def caller_of_key(self, key: str) -> Caller:
        """Who holds this key.

        Raises:
            Unauthorized: mistyped, unknown, revoked or expired.
        """
        if not is_well_formed(key):
            raise Unauthorized("That is no key of this server: it was mistyped or cut; check its last characters.")
        return await self.caller_of_digest(digest_of(key))

    async def caller_of_digest(self, digest: str) -> Caller:
        """Who holds the key of that SHA-256. Raises Unauthorized: it is unknown, revoked or expired."""
        found = await self._registry.access.key_of(digest)
        if found is None or found.revoked_at is not None:
            raise Unauthorized("That key is not known here, or it has been revoked; ask for a new one.")
        if found.expires_at is not None and found.expires_at <= self._clock.now():
            raise Unauthorized(f"That key expired on {found.expires_at.date()}; ask for a new one.")
        return Caller(
            tenant=found.tenant,
            name=found.name,
            project_id=found.project_id,
            allowance=found.allowance,
            scopes=frozenset({"generate", "read"}),
        )

    # Log-ins: codes and tokens that stand for a key -----------------------------------------------------------------

    async def add_client(self, client_id: str, client: Json) -> None:
        """Note a client that registered itself."""
        await self._registry.grants.add_client(client_id, client)

    async def client(self, client_id: str) -> Json | None:
        """What a client said of itself when it registered."""
        return await self._registry.grants.client(client_id)

    async def add_grant(self, grant: Grant) -> None:
        await self._registry.grants.add(grant)

    async def grant(self, token: str) -> Grant | None:
        """What a code or a token stands for; None once it has expired, or was never given out."""
        found = await self._registry.grants.grant(digest_of(token))
        return found if found is not None and found.expires_at > self._clock.now() else None

    async def exchange_grant(self, token: str, successors: Sequence[Grant]) -> bool:
        """Spend a code or a refresh token for what follows it. False: it is spent or ended; if it was spent before, its
        whole log-in ends."""
        return await self._registry.grants.exchange(digest_of(token), successors)

    async def end_log_in(self, family: str) -> None:
        await self._registry.grants.end_family(family)

    # Webhooks -------------------------------------------------------------------------------------------------------

    async def fetch(self, url: str) -> bytes:
        """What lies at an address of the configuration's own, such as a token issuer's keys; through the one guarded
        transport. Raises ProviderError, InvalidRequest."""
        return await self._fetch(url)

    async def webhooks(self, limit: int) -> list[Webhook]:
        """Who is or was to be told of a job's end, the newest jobs' first."""
        return await self._webhooks.recent(limit)

    async def replay_webhook(self, webhook_id: str) -> Webhook:
        """Deliver a webhook now, whatever became of it before; how it went. Raises NotFound."""
        return await self._webhooks.replay(webhook_id)

    async def webhook_secret(self, name: str | None) -> str:
        """What signs the webhooks of a key (by its name) or of a tenant; of None, of the user of this machine. Raises
        NotFound."""
        return await self._webhooks.secret("" if name is None else await self.tenant_of(name))

    async def standings(self, caller: Caller) -> list[Standing]:
        """What is left of a caller's limits, the nearest to its end first."""
        return await self._registry.access.standings(caller.tenant, caller.allowance)

    async def requests(self, caller: Caller) -> Mapping[str, tuple[int, int]]:
        """A caller's requests and images of today and of this month (UTC), by `day` and `month`."""
        return await self._registry.access.requests(caller.tenant)

    # The house ------------------------------------------------------------------------------------------------------

    async def check_storage(self) -> None:
        """Raises StorageError: the registry or the store cannot be used."""
        await self._registry.jobs.committed()
        await self._pictures.check_writable()

    async def workers(self) -> list[Json]:
        """The workers of this home that are alive: process, version, since when, and the jobs that each has."""
        found = []
        for station in await anyio.to_thread.run_sync(living, self.config.home):
            job_ids = await self._registry.jobs.held_by(station.owner)
            about = {"pid": station.pid, "version": station.version, "started_at": station.started_at}
            found.append({**about, "jobs": job_ids})
        return found

    async def store_bytes(self) -> int:
        """Bytes of all stored images."""
        return await self._pictures.total_bytes()

    async def usage(self, period: str, project_id: str | None, caller: Caller) -> Json:
        """Images and cost of a period (`day`, `month` or `all`, by UTC), what is left of the budgets, and of the user's
        own daily limits. A tenant is told of its own alone."""
        now = self._clock.now()
        since = usage.start_of(period, now)
        tenant = None if caller.sees_all else caller.tenant
        sums = await self._registry.jobs.usage(since.date(), project_id, tenant)
        standing = await self._own_standing(caller, now) if tenant is not None else await self._whole_standing(now)
        return {"period": period, "since": since.isoformat(), **usage.summary(sums), **standing}

    async def _own_standing(self, caller: Caller, now: datetime) -> Json:
        month = await self._registry.jobs.usage(usage.start_of("month", now).date(), None, caller.tenant)
        spent = sum(line.cost_usd for line in month if line.kind == "total")
        caps = {"monthly": caller.allowance.budget_usd_month}
        return {"budgets": usage.budgets(caps, {"monthly": spent}), "quotas": {}}

    async def _whole_standing(self, now: datetime) -> Json:
        day, month = await self._registry.jobs.committed()
        caps = {"daily": self.config.daily_budget_usd, "monthly": self.config.monthly_budget_usd}
        quotas = {}
        for name, configured in self._providers.items():
            if (most := configured.settings.limits.per_day) is not None:
                midnight = day_start(now, configured.settings.limits.reset_timezone)
                used = await self._registry.jobs.calls_since(name, midnight)
                quotas[name] = {"calls_a_day": most, "used": used, "left": max(0, most - used)}
        return {"budgets": usage.budgets(caps, {"daily": day, "monthly": month}), "quotas": quotas}

    async def figures(self) -> Figures:
        """How it stands with all jobs and calls on record; for who looks after the server."""
        return await self._registry.jobs.figures()

    async def outcomes_since(self, after: int, oldest: datetime) -> Sequence[Outcome]:
        """The ends of upstream calls that became known after the one of that number, in that order; none that ended
        before `oldest`."""
        return await self._registry.jobs.outcomes_since(after, oldest.timestamp())

    async def usage_drift(self) -> list[Json]:
        """Where the sums that `usage` shows are not what the attempts add up to; none, if all is well."""
        return await self._registry.jobs.usage_drift()
