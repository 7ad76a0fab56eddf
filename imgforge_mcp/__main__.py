"""The console script: the command line, and the two servers that it may start."""

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

    def serve(self, config: "Config", host: str, port: int, public_url: str | None) -> int:
        from imgforge_mcp.http.app import serve_http
        from imgforge_mcp.mcp.server import create_server

        return serve_http(config, create_server, host, port, public_url)


def main() -> int:
    """Run what the command line says; the exit code: 0 done, 1 failed, 2 wrong usage."""
    return parser.main(_Doors())


if __name__ == "__main__":
    sys.exit(main())
