"""The composition root: builds everything a Forge needs and closes it in reverse order. The only place that knows all
parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from imgforge_mcp.assets import AssetDirectory
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.clock import Clock
from imgforge_mcp.config import Config, load_config
from imgforge_mcp.execution import Execution
from imgforge_mcp.forge import Forge
from imgforge_mcp.inquiry import Inquiry, vanished_models
from imgforge_mcp.planner import Planner
from imgforge_mcp.redaction import Redactor
from imgforge_mcp.references import References
from imgforge_mcp.registry import Registry
from imgforge_mcp.roster import Roster, all_providers, key_hint, open_roster
from imgforge_mcp.router import Router
from imgforge_mcp.runner import Runner
from imgforge_mcp.worker import Worker

if TYPE_CHECKING:
    from imgforge_mcp.transport import Transport


class _TransportSeat:
    """The one transport, made with the first request: loading an HTTP client costs more than all the rest of the
    start."""

    def __init__(self, clock: Clock, redactor: Redactor, trusted_hosts: frozenset[str]) -> None:
        self._clock = clock
        self._redactor = redactor
        self._trusted_hosts = trusted_hosts
        self._transport: Transport | None = None

    def __call__(self) -> "Transport":
        if self._transport is None:
            from imgforge_mcp.transport import Transport

            self._transport = Transport(self._clock, self._redactor, self._trusted_hosts)
        return self._transport

    async def warm(self) -> None:
        """Load the HTTP client ahead of the first request, in a thread: it takes a good part of a second."""
        await anyio.to_thread.run_sync(import_module, "imgforge_mcp.transport")
        await self().warm()

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.__aexit__(None, None, None)


@asynccontextmanager
async def open_forge(config: Config | None = None, clock: Clock | None = None) -> AsyncIterator[Forge]:
    """A Forge that runs until the block is left; its jobs are then let go for another process to resume.

    Raises:
        ConfigError: a wrong setting.
    """
    config = config or load_config()
    clock = clock or Clock()
    catalog = load_catalog(config.catalog)
    roster = open_roster(config, catalog)
    redactor = redactor_for(config, roster)
    registry = Registry(config.home / "registry.db", clock.now, owner=clock.new_id())
    assets = AssetDirectory(config.home)
    planner = Planner(_router(config, roster), registry, clock, config)
    seat = _TransportSeat(clock, redactor, _trusted_hosts(roster))
    runner = Runner(clock, seat, assets)
    execution = Execution(
        config=config,
        registry=registry,
        assets=assets,
        planner=planner,
        roster=roster,
        runner=runner,
        clock=clock,
        redactor=redactor,
    )
    worker = Worker(execution, registry, clock)
    forge = Forge(
        config=config,
        registry=registry,
        assets=assets,
        planner=planner,
        roster=roster,
        worker=worker,
        references=References(registry, assets, seat),
        inquiry=Inquiry(roster, runner, clock, config.home),
        clock=clock,
    )
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(worker.serve)
            tasks.start_soon(_reap, assets, clock)
            if any(member.settings.base_url for member in roster.values()):
                tasks.start_soon(seat.warm)
            try:
                yield forge
            except Exception as error:  # noqa: BLE001 - kept as it is and raised below: a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
    finally:
        with anyio.CancelScope(shield=True):
            await seat.close()
            await registry.close()


def redactor_for(config: Config, roster: Roster) -> Redactor:
    """Knows every secret of this process: those in use, and those that merely stand in the environment."""
    in_use = [member.settings.key for member in roster.values() if member.settings.key]
    accounts = [value for member in roster.values() for value in member.settings.settings.values()]
    return Redactor([*in_use, *accounts, *config.secrets()])


def _router(config: Config, roster: Roster) -> Router:
    catalog = load_catalog(config.catalog)
    manifests = [provider.manifest for provider in all_providers()]
    return Router(
        catalog=catalog,
        entries=tuple(member.entry for member in roster.values()),
        order=config.provider_order,
        vanished=vanished_models(config.home),
        wait_value=config.wait_value,
        local_fallback=config.local_fallback,
        known_providers={name: m.name for m in manifests for name in (m.name, *m.aliases)},
        key_hints={m.name: key_hint(m) for m in manifests},
    )


def _trusted_hosts(roster: Roster) -> frozenset[str]:
    """Hosts that the user's own configuration names: plain http and private addresses are the user's word there."""
    urls = [member.settings.base_url for member in roster.values() if member.settings.is_override]
    return frozenset(urlsplit(url).netloc for url in urls)


async def _reap(assets: AssetDirectory, clock: Clock) -> None:
    await anyio.to_thread.run_sync(assets.reap, clock.now().timestamp())
