"""Models and providers: which there are, what they cost, whether they answer."""

from collections.abc import Iterable, Mapping

from imgforge_mcp.base.types import Json
from imgforge_mcp.forge.parts import Parts
from imgforge_mcp.providers.checks import KeyCheck
from imgforge_mcp.providers.contract import Manifest
from imgforge_mcp.providers.listing import Filter


class ModelCases(Parts):
    """What can be asked of the providers."""

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
