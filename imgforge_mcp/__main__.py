"""The console script: the command line, and the two servers that it may start."""

import os
import sys

from imgforge_mcp.base import start

TYPE_CHECKING = False  # typing's own costs a tenth of the start
if TYPE_CHECKING:
    import argparse

    from imgforge_mcp.base.config import Config
    from imgforge_mcp.mcp.front import Front


class _Doors:
    """Each loads with its first use."""

    def __init__(self, front: "Front | None" = None) -> None:
        self._front = front

    def stdio(self, config: "Config") -> int:
        from imgforge_mcp.mcp.loading import models_built_when_used, put_off_packages

        put_off_packages()
        with models_built_when_used():
            from imgforge_mcp.mcp.stdio import serve_stdio

        return serve_stdio(config, self._front)

    def serve(self, config: "Config", options: "argparse.Namespace") -> int:
        from imgforge_mcp.http.serving import Serving, serve_http, serve_member
        from imgforge_mcp.mcp.server import create_server

        start.end()
        if options.member:
            return serve_member(config, create_server, options.member)
        serving = Serving(
            host=options.host,
            port=options.port,
            workers=options.workers,
            public_url=options.public_url,
            anonymous=options.anonymous,
            open_loopback=options.open_loopback,
            oauth=options.oauth,
            tls_cert=options.tls_cert,
            tls_key=options.tls_key,
            opens_page=options.opens_page,
        )
        return serve_http(config, create_server, serving)

    def worker(self, config: "Config", options: "argparse.Namespace") -> int:
        from imgforge_mcp.http.worker import run_worker

        return run_worker(config, at_once=options.at_once, health=options.health)


def main() -> int:
    """Run what the command line says; the exit code: 0 done, 1 failed (or Ctrl-C, which needs no traceback), 2 wrong
    usage."""
    if sys.argv[1:] in (["version"], ["--version"]):  # needs no parser, which is most of its time
        from imgforge_mcp import __version__

        sys.stdout.write(f"imgforge-mcp {__version__}\n")
        return 0
    start.begin()
    # Looking for them reads the metadata of every package that is installed; no plugin of pydantic's is of use here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    front = None
    if len(sys.argv) == 1 and sys.stdin is not None and not sys.stdin.isatty():  # a client is there, and waits
        from imgforge_mcp.mcp.front import Front

        front = Front.start()
    try:
        from imgforge_mcp.cli import program

        return program.main(_Doors(front))
    except KeyboardInterrupt:
        return 1


if __name__ == "__main__":
    sys.exit(main())
