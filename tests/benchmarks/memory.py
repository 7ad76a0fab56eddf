"""The most memory that the server ever held: after its start, after fifty pictures, after a drawing of its own."""

from pathlib import Path

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure
from tests.benchmarks.start import BARE

CALLS = 50
IMAGE_BYTES = 1_200_000


def measure(folder: Path) -> list[Figure]:
    with _upstream.serving() as upstream:
        upstream.set("together", image_bytes=IMAGE_BYTES)
        environment = _server.home(folder)
        with _server.running(BARE, environment) as bare:
            floor = _greeted(bare)
        with _server.running(_server.OURS, environment | upstream.of("together")) as server:
            start = _greeted(server)
            for seed in range(CALLS):
                server.draw(prompt="a red fox", model="flux-schnell", provider="together", seed=seed)
            bought = server.peak_memory()
            server.draw(prompt="a red fox in a forest at dawn", provider="local")
            drawn = server.peak_memory()
    return [
        _figure("memory: peak after initialize and tools/list", start, floor),
        _figure(f"memory: peak after {CALLS} calls with {IMAGE_BYTES / 1e6:.1f} MB images", bought, floor),
        _figure("memory: peak after the embedded engine's first picture as well", drawn, floor),
    ]


def _greeted(server: _server.Server) -> int | None:
    server.initialize()
    server.ask("tools/list")
    return server.peak_memory()


def _figure(name: str, ours: int | None, bare: int | None) -> Figure:
    if ours is None or bare is None:
        return Figure(name=name, ours="not told by this system")
    return Figure(name=name, ours=_megabytes(ours), baseline=_megabytes(bare), compared=f"{ours / bare:.2f}×")


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
