"""How the stdio server loads the SDK: what it needs of it, and no more."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pydantic import BaseModel, main

PACKAGES = ("mcp", "mcp.server")
"""They load a client, web servers and a second kind of server with themselves."""


class _PutOff(ModuleType):
    """A package whose own code runs when something of it is asked for that none of its modules is."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)


def put_off_packages() -> None:
    """Before the SDK is imported: of these packages only the modules that are asked for are loaded, until somebody asks
    for the rest."""
    for name in PACKAGES:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is not None:
            sys.modules[name] = module = importlib.util.module_from_spec(spec)
            module.__class__ = _PutOff
            parent, _, last = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], last, module)


@contextmanager
def models_built_when_used() -> Iterator[None]:
    """What is imported here builds each of its models with the model's first use: of the protocol's hundreds few are
    ever used. Where pydantic does that under no lock yet, all is as ever."""
    if not hasattr(main, "_rebuild_lock"):
        yield
        return
    BaseModel.model_config["defer_build"] = True
    try:
        yield
    finally:
        del BaseModel.model_config["defer_build"]
