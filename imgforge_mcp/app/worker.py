"""The worker as a process: it takes its place on the home, runs the jobs of the doors there, and leaves."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

import anyio
import anyio.to_thread

from imgforge_mcp import __version__
from imgforge_mcp.app.open import open_cluster_worker, open_worker
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError, UnusableHome
from imgforge_mcp.base.logs import BoundedFile, set_up_logging
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.base.tracing import set_up_tracing
from imgforge_mcp.jobs.cluster.claims import AT_ONCE
from imgforge_mcp.jobs.detached.host import IDLE_SECONDS, Host
from imgforge_mcp.jobs.detached.mark import mark_of
from imgforge_mcp.jobs.detached.place import Lock, Place, Station
from imgforge_mcp.jobs.detached.wire import Listening, listen, remove
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.pulled import catalog_of
from imgforge_mcp.storage.home import prepare_home

DONE, FAILED, WRONG_USAGE = 0, 1, 2

logger = logging.getLogger(__name__)


def serve_worker(config: Config, *, wanted: str | None, lock_descriptor: int | None) -> int:
    """Work until told to end, or, where a door started it (`wanted` is the mark it looks for), until nothing has been
    left to do for a minute; the exit code.

    Raises:
        ConfigError, UnusableHome
    """
    prepare_home(config.home)
    providers = open_configured(config, catalog_of(config))
    mark = mark_of(config, providers)
    # A model that it has loaded stays as long as the user wants it to, and so does it.
    stays = max(IDLE_SECONDS, config.local_idle_seconds) if providers.own_models else IDLE_SECONDS
    place = Place(config.home, mark)
    try:
        place.prepare()
    except OSError as error:
        raise UnusableHome(f"{place.log.parent} cannot be used ({error.strerror}).", path=str(config.home)) from None
    file = None if wanted is None else BoundedFile(place.log, descriptors=(1, 2))
    set_up_logging(config.log_level, Redactor(config.secrets()), file)
    if wanted not in (None, mark):
        logger.error("The settings have changed since the door that wants this worker read them.")
        return WRONG_USAGE
    lock = Lock.tried(place.lock) if lock_descriptor is None else Lock(place.lock, lock_descriptor)
    if lock is None:
        logger.error("A worker with these settings runs on %s already.", config.home)
        return FAILED
    set_up_tracing(config.environment)
    anyio.run(partial(_serve, config, place, lock, stays if wanted is not None else None))
    return DONE


IsReady = Callable[[], Coroutine[Any, Any, bool]]
Beside = Callable[[IsReady], Coroutine[Any, Any, None]]
"""What runs beside a worker as long as it does, and may ask whether it is there for new jobs."""


def serve_cluster_worker(config: Config, at_once: int | None = None, beside: Beside | None = None) -> int:
    """Run jobs of the registry, so many at once, until told to end; the exit code.

    Raises:
        ConfigError, UnusableHome
    """
    set_up_logging(config.log_level, Redactor(config.secrets()))
    set_up_tracing(config.environment)

    async def serve() -> None:
        async with (
            open_cluster_worker(config, Clock(), at_once or AT_ONCE) as (claims, ground),
            anyio.create_task_group() as tasks,
        ):

            async def is_ready() -> bool:
                try:
                    await anyio.to_thread.run_sync(ground.assets.prepare)
                except ForgeError as error:
                    logger.warning("%s", error.message)
                    return False
                return claims.is_ready

            tasks.start_soon(_watch_signals, claims)
            if beside is not None:
                tasks.start_soon(beside, is_ready)
            await claims.serve()
            tasks.cancel_scope.cancel()

    anyio.run(serve)
    return DONE


async def _serve(config: Config, place: Place, lock: Lock, stays: float | None) -> None:
    """On demand: until nothing has been left to do for the seconds that it `stays`."""
    clock = Clock()
    before = place.station()
    async with open_worker(config, clock) as (worker, registry):
        if before is not None:  # it held the lock that is ours now, so it has ended
            remove(before.address)
            place.clear()
            await registry.jobs.release(before.owner)
            worker.look_around()
        listening = await listen(place.socket)
        host = Host(worker, registry, clock, idle_seconds=stays or IDLE_SECONDS)
        place.occupy(_station(registry.owner, listening, clock))

        def leave_place() -> None:
            place.clear()
            remove(listening.address)
            lock.drop()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch_signals, host)
            await host.serve(listening, leave_place, is_on_demand=stays is not None)
            tasks.cancel_scope.cancel()


def _station(owner: str, listening: Listening, clock: Clock) -> Station:
    return Station(
        pid=os.getpid(),
        owner=owner,
        version=__version__,
        started_at=clock.now().isoformat(timespec="seconds"),
        address=listening.address,
        secret=listening.secret,
    )


class _Leaves(Protocol):
    def leave(self) -> None: ...


async def _watch_signals(host: _Leaves) -> None:
    if sys.platform == "win32":
        return
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            host.leave()
