"""From spawn to the first answers, against a bare interpreter, a bare server of the same SDK and the peers that are
installed; the quick commands."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import imgforge_mcp
from tests.benchmarks import _bare, _peers, _server
from tests.benchmarks._figure import Figure, ratio_figure

ROUNDS = 15
BARE = (sys.executable, _bare.__file__)
PYTHON = (sys.executable, "-c", "pass")
AIMS = {
    "spawn to the initialize reply": 6.0,
    "spawn to the first tools/list reply": 7.0,
    "spawn to the first check_job reply": 36.0,
    "imgforge-mcp version": 5.0,
    "imgforge-mcp jobs": 18.0,
}
"""Times of a bare interpreter, of which 17 ms were measured where the aims were set: 100, 120, 600, 80 and 300 ms."""


def measure(folder: Path) -> list[Figure]:
    """Byte code is compiled first, as an installer does; the first round warms the disk cache, and leaves what the
    front of the next start answers. A bare interpreter and a bare server take their turns with ours."""
    package = Path(imgforge_mcp.__file__).parent
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(package)], check=True)
    environment = _server.home(folder)
    peers = _peers.installed()
    steps: dict[str, Callable[[], tuple[float, ...]]] = {
        "python": lambda: (_run(PYTHON, environment),),
        "ours": partial(_greeted, _server.OURS, environment, "check_job"),
        "bare": partial(_greeted, BARE, environment, None),
        "version": lambda: (_run((*_server.OURS, "version"), environment),),
        "jobs": lambda: (_run((*_server.OURS, "jobs"), environment),),
        **{peer.name: partial(_greeted, peer.command, {**environment, **peer.variables}, None) for peer in peers},
    }
    _greeted(_server.OURS, environment, None)
    runs = [{name: step() for name, step in steps.items()} for _ in range(ROUNDS + 1)][1:]
    python = [run["python"][0] for run in runs]
    greeted, listed, called = zip(*(run["ours"] for run in runs), strict=True)
    bare_greeted, bare_listed = zip(*(run["bare"] for run in runs), strict=True)
    ours = [greeted, listed, called, [run["version"][0] for run in runs], [run["jobs"][0] for run in runs]]
    others = [("a bare server of the same SDK", bare_greeted, bare_listed)]
    for peer in peers:
        by_greeting, by_list = zip(*(run[peer.name] for run in runs), strict=True)
        others.append((peer.name, by_greeting, by_list))
    return [
        *(
            ratio_figure(f"start: {name}, against a bare interpreter", times, python, aim)
            for (name, aim), times in zip(AIMS.items(), ours, strict=True)
        ),
        *(
            ratio_figure(f"start: spawn to the {reply} reply, against {name}", times, other)
            for name, by_greeting, by_list in others
            for reply, times, other in (("initialize", greeted, by_greeting), ("first tools/list", listed, by_list))
        ),
    ]


def _run(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds of a command."""
    started = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_server.whole(environment), cwd=_server.ROOT)
    return perf_counter() - started


def _greeted(command: Sequence[str], environment: Mapping[str, str], tool: str | None) -> tuple[float, ...]:
    """Seconds until each of the replies: to initialize, to tools/list, and to the call of a tool."""
    started = perf_counter()
    times = []
    with _server.running(command, environment) as server:
        server.initialize()
        times.append(perf_counter() - started)
        server.ask("tools/list")
        times.append(perf_counter() - started)
        if tool is not None:
            server.ask("tools/call", name=tool, arguments={})
            times.append(perf_counter() - started)
    return tuple(times)
