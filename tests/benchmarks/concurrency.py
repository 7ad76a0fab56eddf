"""Sixteen calls in flight over one pipe while the provider takes a second for each, against sixteen raw calls."""

import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import httpx

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, milliseconds

ROUNDS = 5
CALLS = 16
LATENCY = 1.0
AIM = 1.5


def measure(folder: Path) -> list[Figure]:
    with _upstream.serving() as upstream:
        environment = _server.home(folder) | upstream.of("together")
        with _server.running(_server.OURS, environment) as server:
            server.initialize()
            _ours(server, 0)
            upstream.set("together", latency=LATENCY)
            ours, baseline = [], []
            for number in range(1, ROUNDS + 1):
                ours.append(_ours(server, number))
                baseline.append(_raw(upstream))
    return [
        Figure(
            name=f"concurrency: {CALLS} calls in flight, {LATENCY:g} s upstream, all answered",
            ours=milliseconds(ours),
            baseline=milliseconds(baseline),
            compared=f"{statistics.median(ours) / statistics.median(baseline):.2f}×",
            aim=f"under {AIM:g} s",
            is_met=statistics.median(ours) < AIM,
        )
    ]


def _ours(server: _server.Server, number: int) -> float:
    """Seconds from the first request to the last reply."""
    started = perf_counter()
    waiting = {
        server.send("tools/call", name="generate_image", arguments=_arguments(number * CALLS + position))
        for position in range(CALLS)
    }
    while waiting:
        message = server.receive()
        if message.get("id") in waiting:
            waiting.remove(message["id"])
            _server.job(message["result"])
    return perf_counter() - started


def _arguments(seed: int) -> dict[str, object]:
    return {"prompt": "a red fox", "model": "flux-schnell", "provider": "together", "seed": seed}


def _raw(upstream: _upstream.Upstream) -> float:
    """Seconds for as many raw calls at once."""
    headers = {"Authorization": f"Bearer {upstream.key('together')}"}
    body = {"model": _upstream.FLUX, "prompt": "a red fox", "response_format": "base64"}
    with httpx.Client(base_url=upstream.url("together"), headers=headers) as client:
        started = perf_counter()
        with ThreadPoolExecutor(CALLS) as threads:
            for reply in threads.map(lambda _: client.post("/v1/images/generations", json=body), range(CALLS)):
                reply.raise_for_status()
        return perf_counter() - started
