"""The use cases, behind one facade: generate, look, cancel, list. Every door (MCP, HTTP, command line) calls these."""

from imgforge_mcp.base.types import Caller
from imgforge_mcp.forge.access import AccessCases
from imgforge_mcp.forge.accounts import AccountCases
from imgforge_mcp.forge.house import HouseCases
from imgforge_mcp.forge.images import ImageCases
from imgforge_mcp.forge.jobs import JobCases
from imgforge_mcp.forge.models import ModelCases
from imgforge_mcp.forge.prompts import PromptCases
from imgforge_mcp.jobs.service import BATCH, OnProgress
from imgforge_mcp.providers.listing import Filter, Purpose
from imgforge_mcp.storage.registry.contract import Wanted

__all__ = ["BATCH", "Filter", "Forge", "OnProgress", "Purpose", "Wanted"]


class Forge(JobCases, ImageCases, PromptCases, ModelCases, AccessCases, AccountCases, HouseCases):
    """One per process, made by `open_forge`. Its parts are its own; `config` says what was configured."""

    def caller(self) -> Caller:
        """The user of this machine: the command line, or a client that spawned us. The only caller that sees all."""
        directories = (*self.config.output_dirs, self.config.home)
        return Caller(sees_all=True, directories=directories, outputs=self.config.output_dirs)
