"""The composition root: builds everything a Forge needs and closes it in reverse order. The only place that knows all
parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from imgforge_mcp.app.jobs import Arrangement, Ground, JobParts, job_parts, router_for
from imgforge_mcp.app.storage import open_images, open_registry
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config, load_config
from imgforge_mcp.base.logs import keep_out
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.forge import Forge
from imgforge_mcp.jobs.cluster.claims import Claims
from imgforge_mcp.jobs.cluster.presence import Presence
from imgforge_mcp.jobs.housekeeping import Housekeeping
from imgforge_mcp.jobs.models import Models
from imgforge_mcp.jobs.pictures import Pictures
from imgforge_mcp.jobs.rewording import Rewording
from imgforge_mcp.jobs.worker import Worker
from imgforge_mcp.local.runtime import ILLUSTRATOR, Runtime
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.media.processes import SHARED
from imgforge_mcp.providers.checks import KeyChecks
from imgforge_mcp.providers.configured import ConfiguredProviders, open_configured
from imgforge_mcp.providers.driver import Driver
from imgforge_mcp.providers.neighbours import Neighbours
from imgforge_mcp.providers.pulled import catalog_of
from imgforge_mcp.storage.home import prepare_home
from imgforge_mcp.storage.registry.contract import Registry

if TYPE_CHECKING:
    from imgforge_mcp.net.transport import Transport


PREVIEW_BYTES = 500_000
"""What one preview may take of a tool's result; several images have to share, and are encoded smaller when shown."""


FETCH_SECONDS, FETCH_CAP = 10.0, 1024 * 1024
"""For what the configuration names and is no provider's: a token issuer's keys."""


class _LazyTransport:
    """The one transport, made with the first request: loading an HTTP client costs more than all the rest of the
    start."""

    def __init__(self, clock: Clock, redactor: Redactor, config: Config, trusted_hosts: frozenset[str]) -> None:
        self._clock = clock
        self._redactor = redactor
        self._config = config
        self._trusted_hosts = trusted_hosts
        self._transport: Transport | None = None

    def __call__(self) -> "Transport":
        if self._transport is None:
            from imgforge_mcp.net.proxies import Proxies
            from imgforge_mcp.net.transport import Outlets, Transport

            config = self._config
            outlets = Outlets(
                trusted_hosts=self._trusted_hosts,
                private_hosts=config.private_hosts,
                proxies=Proxies.of(config.proxy, config.environment, config.private_hosts),
                certificates=config.environment.get("SSL_CERT_FILE"),
                certificate_directory=config.environment.get("SSL_CERT_DIR"),
            )
            self._transport = Transport(self._clock, self._redactor, outlets)
        return self._transport

    async def warm(self) -> None:
        """Load the HTTP client ahead of the first request, in a thread: it takes a good part of a second."""
        await anyio.to_thread.run_sync(import_module, "imgforge_mcp.net.transport")
        await self().warm()

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.__aexit__(None, None, None)


@asynccontextmanager
async def open_forge(
    config: Config | None = None, clock: Clock | None = None, *, adopts: bool = True, is_brief: bool = False
) -> AsyncIterator[Forge]:
    """A Forge that runs until the block is left; its jobs are then let go for another process to resume. With `adopts`
    it takes up such jobs of others; what does one thing and ends, as a command does, should not.

    Where `worker` says detached, or says nothing and this is a brief visit (`is_brief`: whoever asks may be gone before
    the picture is there) to providers of the outside, its jobs are run by a worker, a process of its own. Where it says
    nothing and the registry is a database of many machines: by the workers of that, while there are any. A command runs
    its own, unless it is a brief visit.

    Raises:
        ConfigError: a wrong setting.
        UnusableHome: the home is no directory that can be written to.
    """
    async with _opened(config or load_config(), clock or Clock(), adopts=adopts, is_brief=is_brief) as (ground, parts):
        yield _forge(ground, parts)


@asynccontextmanager
async def open_worker(config: Config, clock: Clock) -> AsyncIterator[tuple[Worker, Registry]]:
    """The worker of a home, and the registry as it sees it. Raises as above."""
    async with _opened(config, clock, Arrangement.WORKER) as (ground, parts):
        yield parts.worker, ground.registry


@asynccontextmanager
async def open_cluster_worker(config: Config, clock: Clock, at_once: int) -> AsyncIterator[tuple[Claims, Ground]]:
    """A worker of the registry, which runs so many jobs at once. Raises as above."""
    async with _opened(config, clock, Arrangement.CLUSTER_WORKER) as (ground, parts):
        presence = Presence(ground.registry, clock, routes=parts.adoption.claims, at_once=at_once)
        yield Claims(parts.worker, ground.registry, parts.adoption, clock, presence), ground


@asynccontextmanager
async def _opened(
    config: Config,
    clock: Clock,
    arrangement: Arrangement | None = None,
    *,
    adopts: bool = True,
    is_brief: bool = False,
) -> AsyncIterator[tuple[Ground, JobParts]]:
    catalog = catalog_of(config)
    providers = open_configured(config, catalog)
    await anyio.to_thread.run_sync(prepare_home, config.home)
    redactor = _redactor(config, providers)
    transport = _LazyTransport(clock, redactor, config, _trusted_hosts(config, providers))
    post = _LazyTransport(clock, redactor, config, frozenset())
    ground = _ground(config, catalog, providers, clock, redactor, transport, post)
    arrangement = arrangement or _arrangement(ground, adopts=adopts, is_brief=is_brief)
    parts = job_parts(ground, arrangement)
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(parts.works.serve)
            tasks.start_soon(ground.housekeeping.serve)
            if adopts and not (is_brief and arrangement is Arrangement.DETACHED):
                tasks.start_soon(partial(parts.webhooks.serve, is_idle_asleep=arrangement is Arrangement.WORKER))
            asks_here = arrangement is not Arrangement.DETACHED
            if asks_here and any(configured.settings.base_url for configured in providers.values()):
                tasks.start_soon(transport.warm)
            try:
                yield ground, parts
            except Exception as error:  # noqa: BLE001 - kept as it is and raised below: a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
    finally:
        with anyio.CancelScope(shield=True):
            await transport.close()
            await post.close()
            await ground.registry.close()
            await anyio.to_thread.run_sync(SHARED.let_go)
            await anyio.to_thread.run_sync(ILLUSTRATOR.let_go)
            await anyio.to_thread.run_sync(ground.driver.close)


def _redactor(config: Config, providers: ConfiguredProviders) -> Redactor:
    """For everything that leaves, the log included. No secret stays in a variable of what calls this: tracebacks with
    local variables are written by other people's libraries."""
    secrets = secrets_of(config, providers)
    keep_out(secrets)
    return Redactor(secrets)


def _arrangement(ground: Ground, *, adopts: bool, is_brief: bool) -> Arrangement:
    takes_long = not ground.providers.is_composing_only
    by_itself = "detached" if is_brief and takes_long else "cluster" if ground.config.database_url else "inline"
    wanted = ground.config.worker or by_itself
    if not adopts and not (is_brief and wanted == "detached"):
        return Arrangement.COMMAND
    return Arrangement(wanted)


def _ground(
    config: Config,
    catalog: Catalog,
    providers: ConfiguredProviders,
    clock: Clock,
    redactor: Redactor,
    transport: _LazyTransport,
    post: _LazyTransport,
) -> Ground:
    """The home's registry and store, and the way out to the providers."""
    assets = open_images(config)
    registry = open_registry(config, clock, assets)
    decoder = Decoder(
        preview_px=config.preview_max_px if config.preview != "off" else 0,
        preview_bytes=PREVIEW_BYTES,
        processes=SHARED.hold(),
    )
    return Ground(
        config=config,
        providers=providers,
        router=router_for(config, catalog, providers),
        registry=registry,
        assets=assets,
        decoder=decoder,
        driver=Driver(clock, transport, assets, decoder, Runtime(config.local_idle_seconds), ILLUSTRATOR.hold()),
        transport=transport,
        post=post,
        housekeeping=Housekeeping(
            registry, assets, clock, cap_bytes=config.cache_max_bytes, keep_days=config.keep_days
        ),
        clock=clock,
        redactor=redactor,
    )


def _forge(ground: Ground, parts: JobParts) -> Forge:
    config, clock, providers = ground.config, ground.clock, ground.providers
    return Forge(
        config=config,
        registry=ground.registry,
        jobs=parts.service,
        pictures=Pictures(
            ground.registry,
            ground.assets,
            ground.decoder,
            preview_max_px=config.preview_max_px,
            cap_bytes=config.cache_max_bytes,
        ),
        models=Models(
            parts.planner,
            providers,
            KeyChecks(providers, ground.driver, clock, config.home, config.litellm_prices),
            Neighbours(ground.transport),
            clock,
        ),
        providers=providers,
        webhooks=parts.webhooks,
        rewording=Rewording(config, ground.transport),
        fetch=lambda url: ground.transport().download(url, FETCH_SECONDS, FETCH_CAP, is_own=True),
        clock=clock,
    )


def secrets_of(config: Config, providers: ConfiguredProviders) -> tuple[str, ...]:
    """Every secret of this process: those in use, and those that merely stand in the environment."""
    in_use = [configured.settings.key for configured in providers.values() if configured.settings.key]
    accounts = [value for configured in providers.values() for value in configured.settings.settings.values()]
    return (*in_use, *accounts, *config.secrets())


def _trusted_hosts(config: Config, providers: ConfiguredProviders) -> frozenset[str]:
    """Hosts that the user's own configuration names: plain http and private addresses are the user's word there."""
    urls = [configured.settings.base_url for configured in providers.values() if configured.settings.is_override]
    urls += [config.jwt_jwks_url] if config.jwt_jwks_url else []
    return frozenset(
        urlsplit(url).netloc.lower().removesuffix(":443" if url.lower().startswith("https") else ":80") for url in urls
    )
