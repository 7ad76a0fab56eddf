"""Forty newcomers' pictures by the illustrator through a server on stdio: how long each takes, how soon a ping is
answered meanwhile, and the memory of all processes."""

import statistics
import time
from pathlib import Path

from tests.benchmarks import _server
from tests.benchmarks._figure import Figure
from tests.benchmarks.newcomers import PROMPTS

COUNT = 40
WARM_UP = 2
"""Pictures of each size before any is counted."""
PAUSE = 0.01
"""Seconds from one ping's answer to the next ping."""
EACH = 10
"""Pings from one look at the memory to the next, which takes a millisecond for each process."""
AIMS = {512: 0.6, 1024: 2.0}
"""Seconds, as the median; the slowest may take a quarter longer."""
SLOWEST = 1.25
PING_SECONDS = 0.020
PSS_BYTES = 300 * 2**20


def measure(folder: Path) -> list[Figure]:
    figures, pings, peaks = [], [], []
    with _server.running(_server.OURS, _server.home(folder)) as server:
        server.initialize()
        server.ask("tools/list")
        for side, aim in AIMS.items():
            taken: dict[str, float] = {}
            for number, prompt in enumerate((*PROMPTS[:WARM_UP], *PROMPTS[:COUNT])):
                seconds, answered, peak = _drawn(server, prompt, side)
                if number >= WARM_UP:
                    taken[prompt] = seconds
                    pings += answered
                peaks.append(peak)
                if len(peaks) == WARM_UP:
                    start = server.memory()
            figures += _times(side, aim, taken)
        end = server.memory()
    return [*figures, _ping_figure(pings), *_memory_figures(peaks, start, end)]


def _drawn(server: _server.Server, prompt: str, side: int) -> tuple[float, list[float], int]:
    """The seconds that a picture took, those of the pings meanwhile, and the most memory that all processes had."""
    pings, peak, started = [], 0, time.perf_counter()
    call = server.send("tools/call", name="generate_image", arguments={"prompt": prompt, "width": side, "height": side})
    answer = None
    while answer is None:
        asked = time.perf_counter()
        ping = server.send("ping")
        while (reply := server.receive()).get("id") != ping:
            if reply.get("id") == call:
                answer, taken = reply, time.perf_counter() - started
        pings.append(time.perf_counter() - asked)
        if len(pings) % EACH == 1:
            peak = max(peak, server.proportional_memory())
        time.sleep(PAUSE)
    _server.job(answer["result"])
    return taken, pings, peak


def _times(side: int, aim: float, taken: dict[str, float]) -> list[Figure]:
    median, slowest = statistics.median(taken.values()), max(taken, key=lambda prompt: taken[prompt])
    return [
        Figure(
            name=f"illustrator: {side} px, median of {len(taken)} prompts",
            ours=f"{median:.2f} s",
            aim=f"at most {aim:g} s",
            is_met=median <= aim,
        ),
        Figure(
            name=f"illustrator: {side} px, slowest ({slowest})",
            ours=f"{taken[slowest]:.2f} s",
            baseline=f"{median:.2f} s",
            compared=f"{taken[slowest] / median:.2f}×",
            aim=f"at most {SLOWEST:g}×",
            is_met=taken[slowest] <= SLOWEST * median,
        ),
    ]


def _ping_figure(pings: list[float]) -> Figure:
    return Figure(
        name=f"illustrator: the slowest of {len(pings)} pings meanwhile",
        ours=f"{max(pings) * 1000:.1f} ms",
        baseline=f"{statistics.median(pings) * 1000:.1f} ms",
        aim=f"at most {PING_SECONDS * 1000:g} ms",
        is_met=max(pings) <= PING_SECONDS,
    )


def _memory_figures(peaks: list[int], start: int | None, end: int | None) -> list[Figure]:
    if not max(peaks) or start is None or end is None:
        return [Figure(name="illustrator: memory", ours="not told by this system")]
    return [
        Figure(
            name="illustrator: most memory of all processes (PSS)",
            ours=_megabytes(max(peaks)),
            aim=f"below {_megabytes(PSS_BYTES)}",
            is_met=max(peaks) < PSS_BYTES,
        ),
        Figure(
            name="illustrator: the server itself after the last picture, against after the second",
            ours=_megabytes(end),
            baseline=_megabytes(start),
            compared=f"{(end - start) / 2**20:+.0f} MiB",
        ),
    ]


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
