"""What a generate_image call over stdio costs above a raw HTTP call, its decoding and a durable file write."""

import base64
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, difference_figure

ROUNDS = 40
WARM_UP = 4
IMAGE_BYTES = 1_200_000
AIM = 0.015
BY_URL = '[models."together/flux-schnell".options.body]\nresponse_format = "url"\n'
"""The adapter asks for base64; a user's configuration may say otherwise."""
KINDS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("base64, preview off", "base64", {"IMGFORGE_PREVIEW": "off"}),
    ("base64, with preview", "base64", {}),
    ("URL, preview off", "url", {"IMGFORGE_PREVIEW": "off"}),
    ("URL, with preview", "url", {}),
)


def measure(folder: Path) -> list[Figure]:
    """Each round makes another picture both ways. The emulator keeps its drawings; it draws all of them beforehand."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream.serving())
        upstream.set("together", image_bytes=IMAGE_BYTES)
        client = stack.enter_context(httpx.Client(base_url=upstream.url("together")))
        raw = RawCall(client, upstream.key("together"), folder)
        figures = []
        for name, form, variables in KINDS:
            place = folder / name.replace(", ", "-").replace(" ", "-")
            environment = _server.home(place, BY_URL if form == "url" else "")
            environment |= upstream.of("together") | variables
            with _server.running(_server.OURS, environment) as server:
                server.initialize()
                ours, baseline = _pairs(server, raw, form)
            figures.append(difference_figure(f"overhead: 1.2 MB image, {name}", ours, baseline, AIM))
    return figures


class RawCall:
    """The least that a careful program does: ask, decode, write, fsync."""

    def __init__(self, client: httpx.Client, key: str, folder: Path) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._folder = folder
        self._number = 0

    def __call__(self, seed: int, form: str) -> bytes:
        data = self._image(seed, form)
        self._number += 1
        with (self._folder / f"raw-{self._number}.jpg").open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return data

    def _image(self, seed: int, form: str) -> bytes:
        body: dict[str, Any] = {"model": _upstream.FLUX, "width": 1024, "height": 1024, "n": 1, "steps": 4}
        body |= {"prompt": "a red fox", "seed": seed, "response_format": form}
        reply = self._client.post("/v1/images/generations", json=body, headers=self._headers).raise_for_status()
        [item] = reply.json()["data"]
        if form == "url":
            return self._client.get(item["url"]).raise_for_status().content
        return base64.b64decode(item["b64_json"])


def _pairs(server: _server.Server, raw: RawCall, form: str) -> tuple[list[float], list[float]]:
    """Ours and raw, in turn."""
    for seed in range(ROUNDS):
        raw(seed, form)
    ours, baseline = [], []
    for seed in range(ROUNDS):
        ours.append(_seconds(partial(_draw, server, seed)))
        baseline.append(_seconds(partial(raw, seed, form)))
    return ours[WARM_UP:], baseline[WARM_UP:]


def _draw(server: _server.Server, seed: int) -> None:
    server.draw(prompt="a red fox", model="flux-schnell", provider="together", seed=seed, enhance=False)


def _seconds(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started
