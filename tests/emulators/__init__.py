"""Image providers on loopback, written from their documentation: every plain module here is one provider.

A module holds one subclass of `Emulator` (or `QueueEmulator` for submit and poll): `failure` with the provider's error
bodies, `refuse` with its refusals, a `route` with phase `submit` that checks a call and returns an `Order`, and
`reply`, which puts pictures into the provider's shape. Faults, record, key check, pictures and downloads are inherited.
"""

import importlib
import pkgutil

from tests.emulators._emulator import Emulator


def names() -> list[str]:
    """The emulators there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str, key: str | None = None) -> Emulator:
    """A new emulator of that name; `key` replaces the canary that it accepts."""
    if name not in names():
        raise ValueError(f"no emulator {name!r}; there are {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    (found,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Emulator) and each.__module__ == module.__name__
    )
    return found(key)


__all__ = ["Emulator", "load", "names"]
