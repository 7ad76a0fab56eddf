"""The console script: the command line, and the two servers that it may start."""

import argparse
import sys
from typing import TYPE_CHECKING

from imgforge_mcp.cli import parser

if TYPE_CHECKING:
    from imgforge_mcp.base.config import Config


class _Doors:
    """Each loads with its first use."""

    def stdio(self, config: "Config") -> int:
        from imgforge_mcp.mcp.stdio import serve_stdio

        return serve_stdio(config)

    def serve(self, config: "Config", options: argparse.Namespace) -> int:
        from imgforge_mcp.http.app import Serving, serve_http
        from imgforge_mcp.mcp.server import create_server

        serving = Serving(
            host=options.host,
            port=options.port,
            public_url=options.public_url,
            anonymous=options.anonymous,
            open_loopback=options.open_loopback,
            oauth=options.oauth,
            tls_cert=options.tls_cert,
            tls_key=options.tls_key,
            opens_page=options.opens_page,
        )
        return serve_http(config, create_server, serving)


def main() -> int:
    """Run what the command line says; the exit code: 0 done, 1 failed (or Ctrl-C, which needs no traceback), 2 wrong
    usage."""
    try:
        return parser.main(_Doors())
    except KeyboardInterrupt:
        return parser.FAILED


if __name__ == "__main__":
    sys.exit(main())
