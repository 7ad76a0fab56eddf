"""Every tool, command and page with a hundred jobs and pictures, and with a million jobs and a hundred thousand
pictures: they should take the same time. Draws how it goes in between."""

import sqlite3
import statistics
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from tests.benchmarks import _plot, _server, _upstream
from tests.benchmarks._figure import Figure, ratio_figure
from tests.benchmarks.registry import fill
from tests.e2e._program import serve

SMALL, LARGE = 100, 1_000_000
SIZES = (SMALL, 1_000, 10_000, 100_000, LARGE)
MOST_PICTURES = 100_000
REAL = 24
"""How many of the newest pictures are there as files: a screen of the page shows so many."""
SIDE = 512
ROUNDS, COMMAND_ROUNDS = 21, 5
AIM = 1.5
FAR = 2**50
"""What eviction costs is measured in `growth`."""
PLOT = Path(__file__).parent / "results" / "growth.svg"
SHOWN = ("check_job, the ten latest", "check_job, one of them", "get_usage, this month", "generate_image")
"""In the plot."""


def measure(folder: Path) -> list[Figure]:
    """All homes are asked in turn, each by servers of its own."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream.serving())
        homes = [stack.enter_context(_opened(folder / str(rows), rows, upstream)) for rows in SIZES]
        small, large = homes[0], homes[-1]
        tools = {name: _times(homes, partial(_tool, name)) for name in TOOLS}
        figures = [_compared(name, times[-1], times[0]) for name, times in tools.items()]
        for name, path in PAGES.items():
            times = _times([small, large], partial(_page, path))
            figures.append(_compared(f"page: {name}", times[-1], times[0]))
        figures.append(_compared("check_job, one of them, while get_usage is asked", *_beside(large, small)))
        for command in COMMANDS:
            times = _times([small, large], partial(_command, command), COMMAND_ROUNDS)
            figures.append(_compared(f"imgforge-mcp {' '.join(command)}", times[-1], times[0]))
    lines = {name: [statistics.median(each) * 1000 for each in tools[name]] for name in SHOWN}
    _plot.write(PLOT, SIZES, lines)
    return figures


def _compared(name: str, large: Sequence[float], small: Sequence[float]) -> Figure:
    return ratio_figure(f"scale: {name}, {LARGE:,} jobs against {SMALL:,}", large, small, AIM)


# Homes ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One installation with a history, and who answers for it: `rows` jobs, the ids of its newest pictures."""

    environment: Mapping[str, str]
    rows: int
    pictures: Sequence[str]
    server: _server.Server
    base_url: str

    def job(self, number: int) -> str:
        return f"00{number:024d}"


@contextmanager
def _opened(folder: Path, rows: int, upstream: _upstream.Upstream) -> Iterator[Home]:
    environment = _server.home(folder) | upstream.of("together") | {"IMGFORGE_CACHE_MAX_BYTES": str(FAR)}
    with _server.running(_server.OURS, environment) as server:
        server.initialize()
        server.ask("tools/call", name="check_job", arguments={})
    fill(folder / "home" / "registry.db", rows, min(rows, MOST_PICTURES))
    pictures = _drawn(folder / "home")
    web_environment = {**_server.whole(environment), "PYTHONPATH": str(_server.ROOT)}
    with serve(web_environment) as web, _server.running(_server.OURS, environment) as server:
        server.initialize()
        yield Home(environment=environment, rows=rows, pictures=pictures, server=server, base_url=web.base_url)


def _drawn(home: Path) -> list[str]:
    """Files for the newest pictures; their ids, the newest first."""
    ids = []
    with closing(sqlite3.connect(home / "registry.db")) as connection, connection:
        newest = connection.execute("SELECT asset_id FROM assets ORDER BY created_at DESC LIMIT ?", (REAL,)).fetchall()
        for number, (old,) in enumerate(newest):
            data = _picture(number)
            asset_id = sha256(data).hexdigest()
            path = home / "assets" / asset_id[:2] / f"{asset_id[2:]}.jpg"
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(data)
            for table in ("assets", "job_assets"):
                connection.execute(
                    f"UPDATE {table} SET asset_id = ?, bytes = ?, width = ?, height = ? WHERE asset_id = ?",
                    (asset_id, len(data), SIDE, SIDE, old),
                )
            ids.append(asset_id)
    return ids


def _picture(number: int) -> bytes:
    ramp = np.add.outer(np.arange(SIDE), np.arange(SIDE) * (number + 1)) // 4
    buffer = BytesIO()
    Image.fromarray(np.stack([ramp, ramp + 80, ramp * 2], axis=-1).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _times(homes: Sequence[Home], act: Callable[[Home, int], object], rounds: int = ROUNDS) -> list[list[float]]:
    """Seconds in each home, in turn; the first round warms."""
    times: list[list[float]] = [[] for _ in homes]
    for number in range(rounds + 1):
        for home, found in zip(homes, times, strict=True):
            started = perf_counter()
            act(home, number)
            found.append(perf_counter() - started)
    return [found[1:] for found in times]


# Tools ----------------------------------------------------------------------------------------------------------------

Arguments = Callable[[Home, int], dict[str, Any]]
TOOLS: Mapping[str, Arguments] = {
    "check_job, the ten latest": lambda home, _: {},
    "check_job, one of them": lambda home, number: {"job_id": home.job(home.rows // 2 - number)},
    "check_job, one with its picture": lambda home, number: {"job_id": home.job(home.rows - number % REAL)},
    "check_job, those that failed": lambda home, _: {"state": "failed"},
    "get_usage, today": lambda home, _: {"period": "day"},
    "get_usage, this month": lambda home, _: {"period": "month"},
    "get_usage, of all time": lambda home, _: {"period": "all"},
    "list_models": lambda home, _: {},
    "cancel_job, one that has ended": lambda home, number: {"job_id": home.job(home.rows // 3 - number)},
    "cancel_job, all": lambda home, _: {"job_id": "all"},
    "save_image": lambda home, number: {"image": home.pictures[number % REAL], "path": f"saved-{number}.png"},
    "transform_image, on this machine": lambda home, number: {
        "image": home.pictures[number % REAL],
        "operation": "crop",
        "width": 100 + number,
        "height": 100,
        "provider": "local",
    },
    "generate_image": lambda home, number: _drawing(number),
    "generate_batch": lambda home, number: {"items": [_drawing(100 + number)]},
    "edit_image, on this machine": lambda home, number: {
        "image": home.pictures[number % REAL],
        "prompt": "make it black and white",
        "provider": "local",
    },
}


def _drawing(seed: int) -> dict[str, Any]:
    return {"prompt": f"a red fox, number {seed}", "model": "flux-schnell", "provider": "together", "seed": seed}


def _tool(name: str, home: Home, number: int) -> None:
    _asked(home, name.partition(",")[0], TOOLS[name](home, number))


def _asked(home: Home, tool: str, arguments: Mapping[str, Any]) -> Any:
    result = home.server.ask("tools/call", name=tool, arguments=arguments)
    if result.get("isError"):
        raise RuntimeError(f"{tool}: {result}")
    return result


def _beside(large: Home, small: Home) -> tuple[list[float], list[float]]:
    """Seconds of check_job, asked for while get_usage of all time is under way."""
    found: dict[int, list[float]] = {large.rows: [], small.rows: []}
    for number in range(ROUNDS):
        for home in (large, small):
            usage = home.server.send("tools/call", name="get_usage", arguments={"period": "all"})
            started = perf_counter()
            asked = home.server.send("tools/call", name="check_job", arguments={"job_id": home.job(1 + number)})
            waiting = {usage, asked}
            while waiting:
                answered = home.server.receive()["id"]
                waiting.discard(answered)
                if answered == asked:
                    found[home.rows].append(perf_counter() - started)
    return found[large.rows], found[small.rows]


# Pages and commands ---------------------------------------------------------------------------------------------------

PAGES: Mapping[str, Callable[[Home], str]] = {
    "the first screen": lambda home: "/",
    "a later screen": lambda home: f"/?before={home.job(home.rows - REAL)}",
    "a search": lambda home: "/?q=fox",
    "one picture": lambda home: f"/page/jobs/{home.job(home.rows)}",
    "usage": lambda home: "/page/usage",
    "metrics": lambda home: "/metrics",
    "an image": lambda home: f"/v2/assets/{home.pictures[0]}",
}
COMMANDS = (
    *(("jobs",), ("usage",), ("models",), ("references",)),
    *(("assets", "list"), ("keys", "list"), ("webhooks", "list")),
)


def _page(path: Callable[[Home], str], home: Home, _: int) -> None:
    with urllib.request.urlopen(home.base_url + path(home), timeout=60) as answer:
        answer.read()


def _command(arguments: Sequence[str], home: Home, _: int) -> None:
    subprocess.run(
        [*_server.OURS, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env=_server.whole(home.environment),
        cwd=_server.ROOT,
    )
