"""The pages of recipes: what a reader would copy into a shell, and a shell that runs it."""

import re
import socket
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "examples" / "recipes"
PORT = "8765"
SECONDS = 120
CLEAN = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
"""Nothing that a page starts outlives a command of it that fails."""


def commands_of(recipe: str) -> str:
    """Everything on a page that runs as it stands; what needs a network or another machine is marked as a console."""
    return "".join(re.findall(r"```sh\n(.*?)```", (FOLDER / f"{recipe}.md").read_text("utf-8"), re.DOTALL))


def run(commands: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The commands in a folder, each of which has to go well; the port is one that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", CLEAN + commands.replace(PORT, port)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
