"""What it costs that the first candidate's port is closed: the time until the next candidate is asked."""

import socket
from pathlib import Path
from time import perf_counter

from tests import emulators
from tests.benchmarks import _server
from tests.benchmarks._figure import Figure, difference_figure
from tests.emulators import Emulator

ROUNDS = 7
AIM = 0.1
FIRST, SECOND = "together", "cloudflare"
MODEL = "flux-schnell"
"""Both of them have it."""


def measure(folder: Path) -> list[Figure]:
    """A new server for each pair of calls: a refusal that is remembered would not be met again."""
    emulator = emulators.load(SECOND)
    dead, direct = [], []
    with emulator.serve():
        for number in range(ROUNDS):
            order = f'provider_order = ["{FIRST}", "{SECOND}"]\n'
            environment = _server.home(folder / str(number), order) | emulator.environment() | _closed()
            with _server.running(_server.OURS, environment) as server:
                server.initialize()
                _until_submit(server, emulator, provider=SECOND)
                direct.append(_until_submit(server, emulator, provider=SECOND))
                dead.append(_until_submit(server, emulator))
    return [difference_figure("refused: from the call to the next candidate's submit", dead, direct, AIM)]


def _closed() -> dict[str, str]:
    """The variables of a provider that nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {
        emulators.load(FIRST).key_variable: "a-key-for-nobody",
        "IMGFORGE_TOGETHER_BASE_URL": f"http://127.0.0.1:{port}",
    }


def _until_submit(server: _server.Server, emulator: Emulator, **arguments: str) -> float:
    """Seconds from the call until the emulator has the order; the first candidate must have been tried before."""
    before = len(emulator.submits)
    started = perf_counter()
    asked = server.send(
        "tools/call", name="generate_image", arguments={"prompt": "a red fox", "model": MODEL, **arguments}
    )
    if not emulator.wait_for_submits(before + 1, 30):
        raise RuntimeError("no submit came")
    seconds = perf_counter() - started
    while (message := server.receive()).get("id") != asked:
        pass
    job = _server.job(message["result"])
    asked_of = [each["provider"] for each in job.get("attempts", [job])]  # the calls are told where one failed
    if asked_of != ([SECOND] if arguments else [FIRST, SECOND]):
        raise RuntimeError(f"not the way that was to be measured: {asked_of}")
    return seconds
