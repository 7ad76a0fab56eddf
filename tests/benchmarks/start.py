"""From spawn to the replies to initialize and tools/list, against a bare server of the same SDK."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import imgforge_mcp
from tests.benchmarks import _bare, _server
from tests.benchmarks._figure import Figure, ratio_figure

ROUNDS = 15
AIM = 1.15
BARE = (sys.executable, _bare.__file__)


def measure(folder: Path) -> list[Figure]:
    """Byte code is compiled first, as an installer does; the first round only warms the disk cache."""
    package = Path(imgforge_mcp.__file__).parent
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(package)], check=True)
    environment = _server.home(folder)
    ours, bare = [], []
    for _ in range(ROUNDS + 1):
        ours.append(_greeted(_server.OURS, environment))
        bare.append(_greeted(BARE, environment))
    mine, other = zip(*ours[1:], strict=True), zip(*bare[1:], strict=True)
    (to_greeting, to_tools), (bare_greeting, bare_tools) = mine, other
    return [
        ratio_figure("start: spawn to the initialize reply", to_greeting, bare_greeting, AIM),
        ratio_figure("start: spawn to the first tools/list reply", to_tools, bare_tools),
    ]


def _greeted(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until each of the two replies."""
    started = perf_counter()
    with _server.running(command, environment) as server:
        server.initialize()
        greeted = perf_counter()
        server.ask("tools/list")
        return greeted - started, perf_counter() - started
