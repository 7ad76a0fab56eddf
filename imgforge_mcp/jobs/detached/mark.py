"""Which doors share a worker: those on one home whose settings would make the same calls. Pure."""

import hashlib
import json

from imgforge_mcp import __version__
from imgforge_mcp.base.config import Config
from imgforge_mcp.providers.configured import ConfiguredProviders

OF_THE_DOOR = frozenset(
    {
        *("preview", "preview_max_px", "resource_links", "structured", "tools", "templates"),
        *("sync_wait", "job_deadline", "join_repeats", "confirm_above_usd", "worker", "log_level"),
        *("output_dirs", "allow_local_paths", "store_redirect", "hosted_images", "require_project"),
        *("assets_require_key", "cors_origins", "cors_strict", "client_address_header", "trusted_proxies"),
        *("anonymous_per_month", "jwt_issuer", "jwt_audience", "jwt_jwks_url", "jwt_tenant_claim"),
        *("environment", "source", "home"),
    }
)
"""What a door has done with when it hands a job over, or shows when it is back."""
OF_THE_ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


def mark_of(config: Config, providers: ConfiguredProviders) -> str:
    """16 hex digits, the same for settings that a worker would treat alike in this version; they tell nothing of a
    key."""
    said = config.model_dump(mode="json", exclude=set(OF_THE_DOOR))
    keys = {name: configured.settings_hash for name, configured in providers.items()}
    around = {name: value for name, value in config.environment.items() if name.upper() in OF_THE_ENVIRONMENT}
    text = json.dumps([__version__, said, keys, around], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8, key=b"imgforge-mcp worker").hexdigest()
