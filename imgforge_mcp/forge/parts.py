"""What a Forge is made of; the use cases, one module a noun, stand on it."""

from collections.abc import Awaitable, Callable

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import Config
from imgforge_mcp.jobs.models import Models
from imgforge_mcp.jobs.pictures import Pictures
from imgforge_mcp.jobs.rewording import Rewording
from imgforge_mcp.jobs.service import JobService
from imgforge_mcp.jobs.webhooks import Webhooks
from imgforge_mcp.providers.configured import ConfiguredProviders
from imgforge_mcp.storage.registry.contract import Registry


class Parts:
    """Made once by `open_forge`, which also opens and closes what is here."""

    def __init__(
        self,
        *,
        config: Config,
        registry: Registry,
        jobs: JobService,
        pictures: Pictures,
        models: Models,
        providers: ConfiguredProviders,
        webhooks: Webhooks,
        rewording: Rewording,
        fetch: Callable[[str], Awaitable[bytes]],
        clock: Clock,
    ) -> None:
        self.config = config
        self._registry = registry
        self._jobs = jobs
        self._pictures = pictures
        self._models = models
        self._providers = providers
        self._webhooks = webhooks
        self._rewording = rewording
        self._fetch = fetch
        self._clock = clock
