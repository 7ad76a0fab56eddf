"""A call while a store is brought within its cap, a thousand pictures at once, against one in a store far below it."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, ratio_figure
from tests.benchmarks.registry import fill

PICTURES = 10_000
CALLS = 6
"""While a tenth of the store goes."""
ROUNDS = 3
AIM = 1.5
FAR = 2**50


def measure(folder: Path) -> list[Figure]:
    below: list[float] = []
    above: list[float] = []
    with _upstream.serving() as upstream:
        for number in range(ROUNDS):
            below += _times(folder / f"below-{number}", upstream, is_full=False)
            above += _times(folder / f"above-{number}", upstream, is_full=True)
    name = f"generate_image, {PICTURES:,} pictures, while a tenth of them is evicted, against a cap far away"
    return [ratio_figure(name, above, below, AIM)]


def _times(folder: Path, upstream: _upstream.Upstream, *, is_full: bool) -> list[float]:
    """Seconds of the calls from the one that brings the store above its cap."""
    environment = _server.home(folder) | upstream.of("together")
    with ExitStack() as stack:
        server = stack.enter_context(_server.running(_server.OURS, environment))
        server.initialize()
        server.ask("tools/call", name="check_job", arguments={})
    total = _fill(folder / "home")
    environment["IMGFORGE_CACHE_MAX_BYTES"] = str(total if is_full else FAR)
    times = []
    with _server.running(_server.OURS, environment) as server:
        server.initialize()
        for seed in range(CALLS):
            started = perf_counter()
            server.draw(prompt="a red fox", model="flux-schnell", provider="together", seed=seed)
            times.append(perf_counter() - started)
    return times[1:]  # the first one loads what drawing needs


def _fill(home: Path) -> int:
    """Pictures of the past, with a file each; the bytes that they count."""
    fill(home / "registry.db", PICTURES)
    with sqlite3.connect(home / "registry.db") as connection:
        ids = [row[0] for row in connection.execute("SELECT asset_id FROM assets")]
        [total] = connection.execute("SELECT value FROM totals WHERE name = 'asset_bytes'").fetchone()
    connection.close()
    for asset_id in ids:
        path = home / "assets" / asset_id[:2] / f"{asset_id[2:]}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"of the past")
    return int(total)
