"""The configuration: environment first, then one TOML file, then defaults. The only reader of the environment."""

from imgforge_mcp.base.config.providers import Limits, ProviderSettings
from imgforge_mcp.base.config.servers import Server
from imgforge_mcp.base.config.settings import Config
from imgforge_mcp.base.config.sources import load_config
from imgforge_mcp.base.config.templates import Template
from imgforge_mcp.base.config.values import CORE_TOOLS, TOOLS

__all__ = ["CORE_TOOLS", "TOOLS", "Config", "Limits", "ProviderSettings", "Server", "Template", "load_config"]
