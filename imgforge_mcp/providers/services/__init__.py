"""The image services: a plain module here is a provider, an _underscore module is support. There is no list to edit."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.providers.contract import Provider


@cache
def names() -> tuple[str, ...]:
    """Every provider's name, in alphabetical order; nothing is imported."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


def load(name: str) -> Provider:
    """The provider of that name or alias, in any letter case.

    Raises:
        InvalidRequest: there is none.
    """
    wanted = name.strip().casefold()
    if wanted in names():
        return _imported(wanted)
    for each in map(_imported, names()):
        if wanted in each.manifest.aliases:
            return each
    raise InvalidRequest("No provider has that name.", field="provider", value=name[:64], allowed=list(names()))


def _imported(name: str) -> Provider:
    provider = import_module(f"{__name__}.{name}").PROVIDER
    assert isinstance(provider, Provider)
    return provider
