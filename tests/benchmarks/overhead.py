"""What a generate_image call over stdio costs above a raw HTTP call, its decoding and a durable file write."""

import base64
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
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
MODEL, MODEL_ID = "flux-2-dev", "black-forest-labs/FLUX.2-dev"
BY_URL = f'[models."together/{MODEL}".options.body]\nresponse_format = "url"\n'
"""The adapter asks for base64; a user's configuration may say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way that a picture comes and is shown. At 1024x1024 only noise makes a JPEG of that size: the dearest one to
    decode."""

    name: str
    form: str = "base64"
    output_format: str = "png"
    preview: str = "off"


KINDS = (
    Kind(name="PNG in base64"),
    Kind(name="PNG by URL", form="url"),
    Kind(name="JPEG in base64", output_format="jpeg"),
    Kind(name="PNG in base64, with preview", preview="on"),
    Kind(name="JPEG in base64, with preview", output_format="jpeg", preview="on"),
)


def measure(folder: Path) -> list[Figure]:
    """Each round makes another picture both ways. The emulator keeps its drawings; it draws all of them beforehand."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream.serving())
        upstream.set("together", image_bytes=IMAGE_BYTES)
        client = stack.enter_context(httpx.Client(base_url=upstream.url("together")))
        raw = RawCall(client, upstream.key("together"), folder)
        figures = []
        for number, kind in enumerate(KINDS):
            environment = _server.home(folder / str(number), BY_URL if kind.form == "url" else "")
            environment |= upstream.of("together") | {"IMGFORGE_PREVIEW": kind.preview}
            with _server.running(_server.OURS, environment) as server:
                server.initialize()
                ours, baseline = _pairs(server, raw, kind)
            figures.append(difference_figure(f"overhead: 1.2 MB {kind.name}", ours, baseline, AIM))
    return figures


class RawCall:
    """The least that a careful program does: ask, decode, write a new file, fsync."""

    def __init__(self, client: httpx.Client, key: str, folder: Path) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._folder = folder
        self._number = 0

    def __call__(self, seed: int, kind: Kind) -> None:
        data = self._image(seed, kind)
        self._number += 1
        with (self._folder / f"raw-{self._number}.image").open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _image(self, seed: int, kind: Kind) -> bytes:
        body: dict[str, Any] = {"model": MODEL_ID, "width": 1024, "height": 1024, "n": 1}
        body |= {"prompt": "a red fox", "seed": seed}
        body |= {"response_format": kind.form, "output_format": kind.output_format}
        reply = self._client.post("/v1/images/generations", json=body, headers=self._headers).raise_for_status()
        [item] = reply.json()["data"]
        if kind.form == "url":
            return self._client.get(item["url"]).raise_for_status().content
        return base64.b64decode(item["b64_json"])


def _pairs(server: _server.Server, raw: RawCall, kind: Kind) -> tuple[list[float], list[float]]:
    """Ours and raw, in turn."""
    for seed in range(ROUNDS):
        raw(seed, kind)
    ours, baseline = [], []
    for seed in range(ROUNDS):
        ours.append(_seconds(partial(_draw, server, seed, kind)))
        baseline.append(_seconds(partial(raw, seed, kind)))
    return ours[WARM_UP:], baseline[WARM_UP:]


def _draw(server: _server.Server, seed: int, kind: Kind) -> None:
    server.draw(
        prompt="a red fox",
        model=MODEL,
        provider="together",
        seed=seed,
        output_format=kind.output_format,
        enhance=False,
    )


def _seconds(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started
