"""The parts that take a job from its request to its end, put together over whichever registry, store and driver there
are."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.jobs.adoption import Adoption
from imgforge_mcp.jobs.attempts import Attempts
from imgforge_mcp.jobs.cluster.door import ClusterDoor
from imgforge_mcp.jobs.cluster.presence import Presence
from imgforge_mcp.jobs.delivery import Delivery
from imgforge_mcp.jobs.detached.door import DetachedWorker
from imgforge_mcp.jobs.detached.mark import mark_of
from imgforge_mcp.jobs.detached.place import Place
from imgforge_mcp.jobs.execution import Execution
from imgforge_mcp.jobs.fulfilment import Fulfilment, Matting
from imgforge_mcp.jobs.housekeeping import Housekeeping
from imgforge_mcp.jobs.inputs import References
from imgforge_mcp.jobs.planner import Planner
from imgforge_mcp.jobs.preparation import Preparation
from imgforge_mcp.jobs.resume import Resume
from imgforge_mcp.jobs.service import JobService
from imgforge_mcp.jobs.webhooks import Webhooks
from imgforge_mcp.jobs.worker import Worker, Works
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.providers.checks import vanished_models
from imgforge_mcp.providers.configured import ConfiguredProviders, all_providers, key_hint
from imgforge_mcp.providers.driver import Driver
from imgforge_mcp.routing.router import Router
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Registry

if TYPE_CHECKING:
    from imgforge_mcp.net.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What jobs stand on: settings, and everything that touches a disk, the network or the time."""

    config: Config
    providers: ConfiguredProviders
    router: Router
    registry: Registry
    assets: ImageStore
    decoder: Decoder
    driver: Driver
    transport: "Callable[[], Transport]"
    post: "Callable[[], Transport]"
    """The way to those who are told of a job's end: it trusts nobody but whom the configuration names for it."""
    housekeeping: Housekeeping
    clock: Clock
    redactor: Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParts:
    """What runs jobs in this process, or hands them over. `works` has to be served, `worker` runs what runs here, and
    `webhooks` has to be served where what others left is taken up."""

    planner: Planner
    worker: Worker
    works: Works
    adoption: Adoption
    webhooks: Webhooks
    service: JobService


class Arrangement(StrEnum):
    """Who runs the jobs of a process, and whether it takes up what others left behind."""

    COMMAND = "command"
    """Itself, and nobody else's: it does one thing and ends."""
    INLINE = "inline"
    """Itself."""
    CLUSTER = "cluster"
    """The workers of the registry, while there are any for a job; else itself."""
    CLUSTER_WORKER = "cluster worker"
    """Itself, being one of those."""
    DETACHED = "detached"
    """A worker beside it, which is started on demand."""
    WORKER = "worker"
    """Itself, being that worker: the doors tell it when there may be something to take up."""


def job_parts(ground: Ground, arrangement: Arrangement) -> JobParts:
    """Everything between a request and its job's end."""
    registry, clock, providers = ground.registry, ground.clock, ground.providers
    planner = Planner(ground.router, registry, clock, ground.config)
    webhooks = Webhooks(
        registry,
        ground.post,
        clock,
        private_hosts=ground.config.private_hosts,
        draws_alone=providers.is_composing_only,
    )
    routes = [configured.entry.route for configured in providers.values()]
    adoption = Adoption(
        planner,
        providers,
        clock,
        is_last_resort=arrangement is Arrangement.CLUSTER,
        claims=routes if arrangement is Arrangement.CLUSTER_WORKER else (),
    )
    worker = Worker(
        _execution(ground, planner, webhooks),
        registry,
        clock,
        None if arrangement in (Arrangement.COMMAND, Arrangement.DETACHED) else adoption,
        is_told=arrangement is Arrangement.WORKER,
    )
    works: Works = worker
    if arrangement is Arrangement.DETACHED:
        works = DetachedWorker(
            inline=worker,
            registry=registry,
            adoption=adoption,
            clock=clock,
            place=Place(ground.config.home, mark_of(ground.config, providers)),
            environment=ground.config.environment,
        )
    elif arrangement is Arrangement.CLUSTER:
        works = ClusterDoor(inline=worker, registry=registry, clock=clock, presence=Presence(registry, clock))
    service = JobService(
        config=ground.config,
        registry=registry,
        planner=planner,
        providers=providers,
        worker=works,
        references=References(registry, ground.assets, ground.transport, ground.decoder),
        webhooks=webhooks,
        clock=clock,
    )
    return JobParts(planner=planner, worker=worker, works=works, adoption=adoption, webhooks=webhooks, service=service)


def _execution(ground: Ground, planner: Planner, webhooks: Webhooks) -> Execution:
    registry, clock, providers = ground.registry, ground.clock, ground.providers
    preparation = Preparation(registry, ground.assets, ground.decoder)
    delivery = Delivery(
        config=ground.config,
        registry=registry,
        assets=ground.assets,
        fulfilment=Fulfilment(registry, ground.assets, ground.decoder, ground.router, _matting(ground)),
        housekeeping=ground.housekeeping,
        webhooks=webhooks,
        clock=clock,
        redactor=ground.redactor,
    )
    attempts = Attempts(
        config=ground.config,
        registry=registry,
        planner=planner,
        providers=providers,
        driver=ground.driver,
        delivery=delivery,
        clock=clock,
        redactor=ground.redactor,
    )
    return Execution(
        planner=planner,
        providers=providers,
        preparation=preparation,
        attempts=attempts,
        resume=Resume(attempts=attempts, preparation=preparation, providers=providers, clock=clock),
        delivery=delivery,
        clock=clock,
    )


def _matting(ground: Ground) -> Matting | None:
    """What cuts out on this machine, where it is pulled."""
    models = [model for configured in ground.providers.values() for model in configured.models]
    pulled = [model for model in models if "folder" in model.options and "remove_background" in model.capabilities]
    if not pulled:
        return None
    return Matting(name=pulled[0].name, cut_out=partial(ground.driver.cut_out, pulled[0]))


def router_for(config: Config, catalog: Catalog, providers: ConfiguredProviders) -> Router:
    """Who may be asked, by the catalogue, the configuration and what the providers were last seen to offer."""
    manifests = [provider.manifest for provider in all_providers()]
    return Router(
        catalog=catalog,
        entries=tuple(configured.entry for configured in providers.values()),
        order=config.provider_order,
        vanished=vanished_models(config.home),
        wait_value=config.wait_value,
        local_fallback=config.local_fallback,
        known_providers={name: m.name for m in manifests for name in (m.name, m.title, *m.aliases)},
        key_hints={m.name: key_hint(m) for m in manifests},
    )
