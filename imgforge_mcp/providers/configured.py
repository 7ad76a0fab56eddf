"""The providers that are configured on this machine: adapter, settings and models together."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imgforge_mcp.base.config import Config, ProviderSettings, Server, keys
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.catalog import Catalog
from imgforge_mcp.local.models.pulled import models_of
from imgforge_mcp.providers import services
from imgforge_mcp.providers.contract import Manifest, ModelSpec, Provider
from imgforge_mcp.providers.services import gemini, openai
from imgforge_mcp.providers.tokens import place_of
from imgforge_mcp.routing.candidates import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredProvider:
    """One configured provider."""

    provider: Provider
    settings: ProviderSettings
    models: tuple[ModelSpec, ...]

    @property
    def settings_hash(self) -> str:
        """Changes whenever the key, the address or the models on this machine do; says nothing about any."""
        settings = self.settings
        text = f"{settings.base_url}\0{settings.key or settings.credentials}\0{sorted(settings.settings.items())}"
        text += "".join(f"\0{model.slug}" for model in self.models if "folder" in model.options)
        return hashlib.blake2b(text.encode(), digest_size=6, key=b"imgforge-mcp").hexdigest()

    @property
    def entry(self) -> Entry:
        return Entry(
            name=self.settings.name,
            aliases=self.provider.manifest.aliases if self.settings.name == self.provider.manifest.name else (),
            settings_hash=self.settings_hash,
            models=self.models,
            is_local=self.provider.manifest.is_local,
        )


class ConfiguredProviders(Mapping[str, ConfiguredProvider]):
    """By the name under which each is configured."""

    def __init__(self, providers: Iterable[ConfiguredProvider]) -> None:
        self._providers = {configured.settings.name: configured for configured in providers}

    def __getitem__(self, name: str) -> ConfiguredProvider:
        return self._providers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)

    def holds(self, name: str, settings_hash: str) -> bool:
        """Whether the provider of that name is configured just so: the same key, the same address."""
        return name in self._providers and self._providers[name].settings_hash == settings_hash

    @property
    def own_models(self) -> tuple[ModelSpec, ...]:
        """The models that lie on this machine."""
        return tuple(m for each in self._providers.values() for m in each.models if "folder" in m.options)

    @property
    def is_composing_only(self) -> bool:
        """Whether nothing but the embedded engine draws here: no provider of the outside, no pulled model."""
        return all(
            each.provider.manifest.is_local
            and not any("text_to_image" in model.capabilities and not model.is_composed for model in each.models)
            for each in self._providers.values()
        )

    def is_local(self, name: str) -> bool:
        """Whether the provider of that name works inside this program."""
        return name in self._providers and self._providers[name].provider.manifest.is_local


def open_configured(config: Config, catalog: Catalog) -> ConfiguredProviders:
    """Every provider of this package that has what it needs, and every named server of the configuration file."""
    own = [(provider, settings_of(config, provider.manifest)) for provider in all_providers()]
    named = [_named(config, server) for server in config.servers]
    return ConfiguredProviders(
        ConfiguredProvider(provider=provider, settings=settings, models=catalog.of_provider(settings.name))
        for provider, settings in (*own, *named)
        if settings is not None
    )


def _named(config: Config, server: Server) -> tuple[Provider, ProviderSettings]:
    settings = server_settings(config, server)
    if server.dialect == "vertex":
        return gemini.server(server.name, settings.base_url), settings
    return openai.server(server.name, settings.base_url, server.dialect), settings


def all_providers() -> list[Provider]:
    return [services.load(name) for name in services.names()]


def inputs_of(config: Config) -> tuple[set[str], set[str]]:
    """The variables and the files that can decide who is configured here and what is offered, whether they are there or
    not: the configuration's file, keys, accounts and addresses, the place of pulled models."""
    manifests = [provider.manifest for provider in all_providers()]
    names = {name for each in manifests for name in (*each.key_variables, *each.settings.values())}
    names |= {each.base_url_variable for each in manifests}
    names |= {server.api_key_env for server in config.servers if server.api_key_env}
    variables = names | {f"{name}_FILE" for name in (*names, *Config.variables())}
    said = {name: keys.cleaned(config.environment.get(name, "")) for name in variables if name.endswith("_FILE")}
    files = {str(Path(path).expanduser()) for path in said.values() if path}
    files |= {str(server.credentials) for server in config.servers if server.credentials}
    files |= {str(config.source)} if config.source else set()
    return variables, {*files, str(models_of(config.home))}


def key_hint(manifest: Manifest) -> str:
    """How to configure a provider, as part of a sentence."""
    variables = [*manifest.key_variables[:1], *manifest.settings.values()]
    if not manifest.needs_key:
        return f"set {manifest.base_url_variable} for {manifest.title}"
    return f"set {' and '.join(variables)} for {manifest.title}"


def settings_of(config: Config, manifest: Manifest) -> ProviderSettings | None:
    """What is configured for a provider; None when a key or another setting it needs is missing, or it is off.

    Raises:
        ConfigError: a key that is none, or a file of a key that cannot be read.
    """
    table = config.table(manifest.name)
    if table.account_id and "account_id" not in manifest.settings:
        raise ConfigError(f"{config.source}, [providers.{manifest.name}]: {manifest.title} has no account_id.")
    if table.enabled is False:
        return None
    key = config.variable(manifest.key_variables) or table.api_key
    given = {name: config.variable((variable,)) for name, variable in manifest.settings.items()}
    settings = {name: value or getattr(table, name, None) for name, value in given.items()}
    override = config.variable((manifest.base_url_variable,)) or table.base_url
    if (manifest.needs_key and not key) or not all(settings.values()):
        return None
    if not manifest.needs_key and manifest.base_url and not (key or override or table.enabled):
        return None
    return ProviderSettings(
        name=manifest.name,
        base_url=override or manifest.base_url,
        is_override=override is not None,
        key=key,
        settings={name: str(value) for name, value in settings.items()},
        limits=table.limits,
    )


def server_settings(config: Config, server: Server) -> ProviderSettings:
    """The same for a named server of the file."""
    key = server.api_key or (config.variable((server.api_key_env,)) if server.api_key_env else None)
    if server.api_key_env and not key:
        raise ConfigError(
            f"{config.source}, [[servers]] {server.name}: api_key_env names {server.api_key_env}, which is not set.",
            setting="servers.api_key_env",
        )
    if (server.dialect == "vertex") != (server.credentials is not None):
        raise ConfigError(
            f"{config.source}, [[servers]] {server.name}: credentials, a service account's file, belongs to the "
            "dialect vertex, and that takes nothing else.",
            setting="servers.credentials",
        )
    return ProviderSettings(
        name=server.name,
        base_url=place_of(server.base_url, server.credentials) if server.credentials else server.base_url,
        is_override=True,
        key=key,
        credentials=server.credentials,
        limits=config.table(server.name).limits,
    )
