"""A chat host for the App: the reference bridge and the official client, as one script in a page of our own."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e._node import installed_node

SOURCE = Path(__file__).with_name("host.js")
PACKAGES = {
    "@modelcontextprotocol/client": "2.4.0",
    "@modelcontextprotocol/ext-apps": "2.0.4",
    "esbuild": "0.28.2",
}
EVERYTHING: dict[str, Any] = {
    "serverTools": {},
    "serverResources": {},
    "downloadFile": {},
    "updateModelContext": {"text": {}},
}
"""What a host may offer to an App."""
FRAME = (
    '<meta name="color-scheme" content="light dark"><p id="failed"></p>'
    '<iframe id="app" title="App" sandbox="allow-scripts" width="100%" height="300" frameborder="0"></iframe>'
)


def bundled(folder: Path) -> str:
    """The host as one script of the browser's."""
    node = installed_node(PACKAGES)
    made = folder / "host.js"
    subprocess.run(
        [node.module("esbuild", "bin/esbuild"), str(SOURCE), "--bundle", "--format=esm", f"--outfile={made}"],
        env={"NODE_PATH": str(node.folder / "node_modules"), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return made.read_text("utf-8")


def open_host(page: Any, base_url: str, script: str, options: dict[str, Any]) -> None:
    """Show it at the server's own origin."""
    said = f'<script id="options" type="application/json">{json.dumps(options)}</script>'
    body = f'{FRAME}{said}<script type="module" src="/host.js"></script>'
    page.route("**/host.html", lambda route: route.fulfill(content_type="text/html", body=body))
    page.route("**/host.js", lambda route: route.fulfill(content_type="text/javascript", body=script))
    page.goto(f"{base_url}/host.html")
