"""What a provider says of itself today: whether the key works, which models it lists. Kept in the home directory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ProviderError
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.configured import ConfiguredProvider, ConfiguredProviders
from imgforge_mcp.providers.contract import ModelSpec, Told
from imgforge_mcp.providers.driver import Driver
from imgforge_mcp.providers.prices import by_litellm, differences
from imgforge_mcp.providers.reading.wire import decoded_or_none
from imgforge_mcp.storage.images.files import write_whole

FILE = "models.json"
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """One provider's answer. `key` is works, rejected, unreachable or unchecked; `unknown` are models it lists that the
    catalogue misses, `vanished` catalogue models that it does not list any more."""

    key: str
    unknown: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    is_listed: bool = False


class KeyChecks:
    """Asks every configured provider at once, where it has a free question to ask. `prices` is LiteLLM's price file;
    left out, the one of an installed litellm."""

    def __init__(
        self, providers: ConfiguredProviders, driver: Driver, clock: Clock, home: Path, prices: Path | None = None
    ) -> None:
        self._providers = providers
        self._driver = driver
        self._clock = clock
        self._file = home / FILE
        self._prices = prices

    async def ask_all(self) -> dict[str, KeyCheck]:
        checks: dict[str, KeyCheck] = {}

        async def ask(name: str, configured: ConfiguredProvider) -> None:
            checks[name] = await self._ask(configured)

        async with anyio.create_task_group() as tasks:
            for name, configured in self._providers.items():
                tasks.start_soon(ask, name, configured)
        return dict(sorted(checks.items()))

    async def refresh(self) -> Json:
        """Ask, keep what was learnt of models, and report it; of a provider that gave no list today, what was known
        before is kept."""
        checks = await self.ask_all()
        report = {
            name: {"missing_from_catalogue": list(f.unknown[:SHOWN]), "listed_in_vain": list(f.vanished)}
            for name, f in checks.items()
            if f.is_listed
        }
        answer = {"asked_at": self._clock.now().isoformat(), "providers": report}
        known = {name: {"listed_in_vain": sorted(ids)} for name, ids in vanished_models(self._file.parent).items()}
        data = json.dumps({**answer, "providers": {**known, **report}}, indent=2).encode()
        await anyio.to_thread.run_sync(write_whole, self._file, data)
        not_asked = sorted(name for name, finding in checks.items() if not finding.is_listed)
        return {**answer, "prices": await self._compared_prices(), "not_asked": not_asked}

    async def _compared_prices(self) -> Json:
        """By provider, what it or LiteLLM's file lists at another price than the catalogue."""
        file = await anyio.to_thread.run_sync(_price_file, self._prices)
        found: dict[str, list[Json]] = {}

        async def ask(name: str, configured: ConfiguredProvider) -> None:
            today = self._clock.now().date()
            models = [model for model in configured.models if not model.is_retired(today)]
            told = await self._told_prices(configured, models)
            other = by_litellm(file, models)
            found[name] = [*differences(models, told, name), *differences(models, other, "litellm")]

        async with anyio.create_task_group() as tasks:
            for name, configured in self._providers.items():
                tasks.start_soon(ask, name, configured)
        return {name: rows for name, rows in sorted(found.items()) if rows}

    async def _told_prices(self, configured: ConfiguredProvider, models: list[ModelSpec]) -> dict[str, Told]:
        told: dict[str, Told] = {}
        for path in configured.provider.price_questions(models):
            try:
                reply = await self._driver.ask(configured.provider, configured.settings, path)
                if reply.status == 200:
                    told |= configured.provider.told_prices(reply)
            except ProviderError:  # who does not answer is not asked again
                break
        return told

    async def _ask(self, configured: ConfiguredProvider) -> KeyCheck:
        manifest = configured.provider.manifest
        paths = [path for path in (manifest.key_check, manifest.listing) if path is not None]
        if not paths:
            return KeyCheck(key="unchecked")
        try:
            for path in paths:
                reply = await self._driver.ask(configured.provider, configured.settings, path)
                if reply.status in (401, 403):
                    return KeyCheck(key="rejected")
                if reply.status != 200:
                    return KeyCheck(key="unreachable" if reply.status >= 500 else "unchecked")
            if manifest.listing is None:
                return KeyCheck(key="works")
        except ProviderError:
            return KeyCheck(key="unreachable")
        try:
            listed = configured.provider.listed_ids(reply)
        except ProviderError:  # a list of a shape of its own is an answer; a page for people says nothing of the key
            return KeyCheck(key="works" if decoded_or_none(reply.body) is not None else "unchecked")
        if not listed:
            return KeyCheck(key="works")
        today = self._clock.now().date()
        ours = {model.model_id for model in configured.models if not model.is_retired(today)}
        every = {model.model_id for model in configured.models}
        return KeyCheck(
            key="works",
            unknown=tuple(sorted(listed - every)),
            vanished=tuple(sorted(ours - listed)),
            is_listed=True,
        )


def _price_file(path: Path | None) -> object:
    """LiteLLM's price file; nothing where there is none, or it is none."""
    try:
        if path is None and (package := find_spec("litellm")) is not None and package.origin is not None:
            path = Path(package.origin).with_name("model_prices_and_context_window_backup.json")
        return json.loads(path.read_text("utf-8")) if path is not None else {}
    except (OSError, ValueError):
        return {}


def vanished_models(home: Path) -> Mapping[str, frozenset[str]]:
    """Model ids by provider that the last refresh found withdrawn; empty where none was made or its file is damaged."""
    try:
        kept = json.loads((home / FILE).read_text("utf-8"))
        return {name: frozenset(entry["listed_in_vain"]) for name, entry in kept["providers"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
