"""`imgforge-mcp serve`: what has to be right before anybody is served, and the process, or the several, that serve."""

import json
import os
import socket
import ssl
import sys
import threading
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import anyio
import uvicorn
from starlette.types import ASGIApp

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.logs import access_log
from imgforge_mcp.base.tracing import set_up_tracing
from imgforge_mcp.http import tokens
from imgforge_mcp.http.access import Door
from imgforge_mcp.http.app import MakeServer, create_app
from imgforge_mcp.http.guard import LOOPBACK, authority, bracketed
from imgforge_mcp.http.listening import listen
from imgforge_mcp.http.patience import PatientProtocol
from imgforge_mcp.http.relay import Member, Relay
from imgforge_mcp.http.turns import Seat

MAX_CONNECTIONS = 2000
SHUTDOWN_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What `imgforge-mcp serve` was told."""

    host: str = "127.0.0.1"
    port: int = 8765
    workers: int = 1
    public_url: str | None = None
    anonymous: bool = False
    open_loopback: bool = False
    oauth: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    opens_page: bool = False
    """Whether a browser is shown the page, once it is there."""


def serve_http(config: Config, make_server: MakeServer, serving: Serving) -> int:
    """Serve until a signal comes; the exit code.

    Raises:
        ConfigError: the address is not of this machine alone and there is no door; it cannot be listened on; the
            public URL is none; certificate and key cannot be used; or there cannot be so many workers here.
    """
    _check(config, serving)
    listener = listen(serving.host, serving.port)
    serving = replace(serving, port=listener.getsockname()[1])
    local_url, _ = _addresses(serving)
    app = _app(config, make_server, serving)  # of several processes each makes its own: this shows it can be
    shown = f", shown to clients as {serving.public_url}" if serving.public_url else ""
    print(f"imgforge-mcp: {local_url}/mcp (Streamable HTTP), {local_url}/sse (SSE){shown}", file=sys.stderr)
    print(f"imgforge-mcp: {local_url}/ is the page, to look and to draw", file=sys.stderr)
    if serving.opens_page:  # the socket listens already, so that a browser which is quicker than we are waits
        webbrowser.open(f"{local_url}/")
    if serving.workers > 1:
        from imgforge_mcp.http.supervisor import supervise

        return supervise(listener, serving.workers, asdict(serving), config.environment)
    set_up_tracing(config.environment)
    _run(uvicorn.Server(_settings(app, serving)), listener)
    return 0


def serve_member(config: Config, make_server: MakeServer, told: str) -> int:
    """Serve as one of several processes, until a signal comes or the parent is gone; the exit code.

    Raises:
        ConfigError
    """
    said: Mapping[str, Any] = json.loads(told)
    serving, member = Serving(**said["serving"]), Member(**said["member"])
    set_up_tracing(config.environment)
    server = uvicorn.Server(_settings(Relay(_app(config, make_server, serving, member), member), serving))
    is_orphan = threading.Event()
    threading.Thread(target=_end_with_parent, args=(server, is_orphan), daemon=True).start()
    _run(server, Seat(fileno=said["seat"]))
    if is_orphan.is_set():
        member.clear_up()
    return 0


def _check(config: Config, serving: Serving) -> None:
    """Raises ConfigError."""
    if serving.workers > 1 and not (hasattr(socket, "AF_UNIX") and os.name == "posix"):
        raise ConfigError(
            "--workers needs sockets of Unix, which this system does not have: leave it out. Several servers on one "
            "database share the work too: see IMGFORGE_DATABASE_URL.",
            setting="--workers",
        )
    is_closed = tokens.is_configured(config) or serving.anonymous
    if serving.host not in LOOPBACK and not is_closed and not anyio.run(_has_door, config):
        raise ConfigError(
            f"Refusing to listen on {serving.host} without a door: make a key first ('imgforge-mcp keys create NAME'), "
            "configure JWT, or say --anonymous.",
            setting="--host",
        )
    url = serving.public_url
    if url is not None and (not url.startswith(("http://", "https://")) or not authority(url)):
        raise ConfigError("--public-url is an http or https URL, such as https://host/prefix.", setting="--public-url")
    _check_tls(serving)


async def _has_door(config: Config) -> bool:
    """Whether there is a key, so that strangers are kept out."""
    from imgforge_mcp.app.open import open_forge

    async with open_forge(config) as forge:
        return await forge.has_keys()


def _check_tls(serving: Serving) -> None:
    """Raises ConfigError: half of a pair, files that are none, or a private key that others can read."""
    cert, key = serving.tls_cert, serving.tls_key
    if bool(cert) != bool(key):
        raise ConfigError("--tls-cert and --tls-key go together.", setting="--tls-cert")
    for setting, path in (("--tls-cert", cert), ("--tls-key", key)):
        if path is not None and not os.path.isfile(path):
            raise ConfigError(f"{setting}: there is no file {path}.", setting=setting)
    if key and os.name == "posix" and os.stat(key).st_mode & 0o077:
        raise ConfigError(f"--tls-key: others can read {key}; chmod 600 it.", setting="--tls-key")
    if cert and key:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
        except (OSError, ValueError):
            raise ConfigError(
                "--tls-cert and --tls-key: a certificate with its private key, both PEM, the key without a passphrase.",
                setting="--tls-cert",
            ) from None


def _addresses(serving: Serving) -> tuple[str, str]:
    """Where it is on this machine, and what clients see."""
    scheme = "https" if serving.tls_cert else "http"
    local_url = f"{scheme}://{bracketed(serving.host)}:{serving.port}"
    return local_url, (serving.public_url or local_url).rstrip("/")


def _app(config: Config, make_server: MakeServer, serving: Serving, member: Member | None = None) -> ASGIApp:
    """Raises ConfigError."""
    local_url, base_url = _addresses(serving)
    door = Door(
        is_loopback=serving.host in LOOPBACK,
        anonymous=serving.anonymous,
        open_loopback=serving.open_loopback,
        anonymous_per_month=config.anonymous_per_month,
        client_header=config.client_address_header,
        trusted_proxies=config.trusted_proxies,
        assets_require_key=config.assets_require_key,
    )
    return create_app(
        LazyForge(config),
        make_server,
        base_url,
        door,
        local_url=local_url,
        log=access_log(),
        oauth=serving.oauth,
        member=member,
    )


def _settings(app: ASGIApp, serving: Serving) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=PatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=64 * 1024,
        ssl_certfile=serving.tls_cert,
        ssl_keyfile=serving.tls_key,
    )


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _end_with_parent(server: uvicorn.Server, is_orphan: threading.Event) -> None:
    """The parent holds the other end of stdin."""
    with suppress(OSError):
        os.read(0, 1)
    is_orphan.set()
    server.should_exit = True
