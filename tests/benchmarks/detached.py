"""What it costs that a worker of its own makes the picture: a call over stdio, against one that the door makes."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, difference_figure
from tests.faults._processes import end_workers

ROUNDS = 60
WARM_UP = 6
IMAGE_BYTES = 200_000
AIM = 0.015


def measure(folder: Path) -> list[Figure]:
    """Both in turn. The emulator keeps its drawings, so that whoever asks first would wait for one: each is asked for
    once beforehand."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream.serving())
        upstream.set("together", image_bytes=IMAGE_BYTES)
        servers = {}
        for worker in ("detached", "inline"):
            environment = _server.home(folder / worker, worker=worker) | upstream.of("together")
            stack.callback(partial(end_workers, folder / worker / "home"))
            servers[worker] = stack.enter_context(_server.running(_server.OURS, environment))
            servers[worker].initialize()
        seconds: dict[str, list[float]] = {"detached": [], "inline": []}
        for seed in range(ROUNDS):
            _draw(servers["inline"], seed)
            for worker, server in servers.items():
                started = perf_counter()
                _draw(server, seed)
                seconds[worker].append(perf_counter() - started)
    detached, inline = seconds["detached"][WARM_UP:], seconds["inline"][WARM_UP:]
    return [difference_figure("detached: a call by the worker, against inline", detached, inline, AIM)]


def _draw(server: _server.Server, seed: int) -> None:
    server.draw(prompt="a red fox", model="flux-schnell", provider="together", seed=seed, enhance=False)
