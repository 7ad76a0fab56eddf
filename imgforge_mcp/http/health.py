"""Whether the server lives, and whether it could make a picture now."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Json
from imgforge_mcp.http.answers import answer


async def live(request: Request) -> Response:
    """Liveness: that this is answered is all there is to it."""
    return answer({"status": "healthy"})


async def checked(lazy: LazyForge) -> Json:
    """What a probe wants to know: `status` healthy or degraded, and what was looked at."""
    try:
        forge = await lazy.forge()
        await forge.check_storage()
        checks = {"registry": "ok", "assets": "ok", "providers": ", ".join(sorted(forge.manifests))}
    except ForgeError as error:
        return {"status": "degraded", "checks": {"error": error.message}}
    return {"status": "healthy", "checks": checks}


def ready_route(lazy: LazyForge) -> Callable[[Request], Awaitable[Response]]:
    """Readiness: registry, store, providers."""

    async def ready(request: Request) -> Response:
        body = await checked(lazy)
        return answer(body, 200 if body["status"] == "healthy" else 503)

    return ready
