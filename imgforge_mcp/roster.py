"""The providers that are configured on this machine: adapter, settings and models together."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from imgforge_mcp import providers
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.config import Config, ProviderSettings
from imgforge_mcp.providers import openai
from imgforge_mcp.router import Entry
from imgforge_mcp.spec import Manifest, ModelSpec, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One configured provider."""

    provider: Provider
    settings: ProviderSettings
    models: tuple[ModelSpec, ...]

    @property
    def mark(self) -> str:
        """Changes whenever the key or the address does; says nothing about either."""
        text = f"{self.settings.base_url}\0{self.settings.key}\0{sorted(self.settings.settings.items())}"
        return hashlib.blake2b(text.encode(), digest_size=6, key=b"imgforge-mcp").hexdigest()

    @property
    def entry(self) -> Entry:
        return Entry(
            name=self.settings.name,
            aliases=self.provider.manifest.aliases if self.settings.name == self.provider.manifest.name else (),
            mark=self.mark,
            models=self.models,
        )


class Roster(Mapping[str, Member]):
    """Members by name."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = {member.settings.name: member for member in members}

    def __getitem__(self, name: str) -> Member:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def open_roster(config: Config, catalog: Catalog) -> Roster:
    """Every provider of this package that has what it needs, and every named server of the configuration file."""
    own = [(provider, config.provider(provider.manifest)) for provider in all_providers()]
    named = [(openai.server(server.name, server.base_url), config.server_settings(server)) for server in config.servers]
    return Roster(
        Member(provider=provider, settings=settings, models=catalog.of_provider(settings.name))
        for provider, settings in (*own, *named)
        if settings is not None
    )


def all_providers() -> list[Provider]:
    return [providers.load(name) for name in providers.names()]


def key_hint(manifest: Manifest) -> str:
    """How to configure a provider, as part of a sentence."""
    variables = [*manifest.key_variables[:1], *manifest.settings.values()]
    if not manifest.needs_key:
        return f"set {manifest.base_url_variable} for {manifest.title}"
    return f"set {' and '.join(variables)} for {manifest.title}"
