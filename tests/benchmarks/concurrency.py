"""Many calls in flight over one pipe while the provider takes a second for each, against as many raw calls."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import httpx

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, ratio_figure

ROUNDS = 5
LATENCY = 1.0
ASKED = {"prompt": "a red fox", "width": 1024, "height": 1040}
"""The emulator has sixteen drawings of this size, which it keeps: nobody waits for one."""
AIMS = {16: 1.15, 64: 1.4, 256: 3.0}
"""Against as many raw calls, by their number. The last one is above what is asked of a provider at once by itself (64),
so the configuration allows it there."""


def measure(folder: Path) -> list[Figure]:
    return [_figure(folder / str(calls), calls, aim) for calls, aim in AIMS.items()]


def _figure(folder: Path, calls: int, aim: float) -> Figure:
    with _upstream.serving() as upstream:
        allowed = f"[providers.together]\nconcurrency = {calls}\n" if calls > 64 else ""
        with _server.running(_server.OURS, _server.home(folder, allowed) | upstream.of("together")) as server:
            server.initialize()
            _ours(server, calls, 0)
            _raw(upstream, calls, 0)
            upstream.set("together", latency=LATENCY)
            ours, baseline = [], []
            for number in range(1, ROUNDS + 1):
                ours.append(_ours(server, calls, number))
                baseline.append(_raw(upstream, calls, number))
    return ratio_figure(
        f"concurrency: {calls} calls in flight, {LATENCY:g} s upstream, all answered", ours, baseline, aim
    )


def _ours(server: _server.Server, calls: int, number: int) -> float:
    """Seconds from the first request to the last reply."""
    started = perf_counter()
    waiting = {
        server.send("tools/call", name="generate_image", arguments=_arguments(number * calls + position))
        for position in range(calls)
    }
    while waiting:
        message = server.receive()
        if message.get("id") in waiting:
            waiting.remove(message["id"])
            _server.job(message["result"])
    return perf_counter() - started


def _arguments(seed: int) -> dict[str, object]:
    return {**ASKED, "model": "flux-schnell", "provider": "together", "seed": seed, "enhance": False}


def _raw(upstream: _upstream.Upstream, calls: int, number: int) -> float:
    """Seconds for as many raw calls at once, for the same pictures."""
    headers = {"Authorization": f"Bearer {upstream.key('together')}"}
    body = {**ASKED, "model": _upstream.FLUX, "response_format": "base64"}
    limits = httpx.Limits(max_connections=calls, max_keepalive_connections=calls)
    with httpx.Client(base_url=upstream.url("together"), headers=headers, limits=limits, timeout=60) as client:

        def ask(position: int) -> None:
            asked = {**body, "seed": number * calls + position}
            client.post("/v1/images/generations", json=asked).raise_for_status()

        started = perf_counter()
        with ThreadPoolExecutor(calls) as threads:
            list(threads.map(ask, range(calls)))
        return perf_counter() - started
