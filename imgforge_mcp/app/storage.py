"""Which registry and which store of images there are, by the configuration: what several machines share is loaded only
where it is asked for."""

from importlib.util import find_spec

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.storage.images import AssetDirectory, ImageStore
from imgforge_mcp.storage.registry.contract import Registry
from imgforge_mcp.storage.registry.sqlite import SqliteRegistry

NEEDED = {"IMGFORGE_DATABASE_URL": ("psycopg", "psycopg_pool"), "IMGFORGE_STORE_URL": ("obstore",)}


def open_images(config: Config) -> ImageStore:
    """Raises ConfigError: the extra is missing."""
    if config.store_url is None:
        return AssetDirectory(config.home)
    _check_installed("IMGFORGE_STORE_URL")
    from imgforge_mcp.storage.images.s3 import S3Images

    return S3Images(config.store_url, config.environment)


def open_registry(config: Config, clock: Clock, images: ImageStore) -> Registry:
    """Raises ConfigError: the extra is missing, or the address is none."""
    owner = clock.new_id()
    if config.database_url is None:
        return SqliteRegistry(config.home / "registry.db", clock.now, owner=owner, shelf=images)
    _check_installed("IMGFORGE_DATABASE_URL")
    from imgforge_mcp.storage.registry.postgres import PostgresRegistry, check_address

    check_address(config.database_url)
    return PostgresRegistry(config.database_url, clock.now, owner=owner, shelf=images)


def _check_installed(setting: str) -> None:
    if missing := [name for name in NEEDED[setting] if find_spec(name) is None]:
        raise ConfigError(
            f"{setting} is set, which needs {missing[0]}: pip install 'imgforge-mcp[cluster]'.", setting=setting
        )
